//! The behaviour of the metadata store on every engine.

mod accounts;
mod audit;
mod blobs;
mod cam;
mod duplicate;
mod events;
mod images;
mod instances;
mod jobs;
mod lifecycle;
mod locks;
mod manifests;
mod names;
mod personal;
mod quotas;
mod races;
mod schema;
mod servers;
mod triggers;
mod units;
mod uploads;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

pub use images::forget_image_details;

use super::TestDatabase;
use crate::blob::BlobKey;
use crate::meta::{
    Act, CommitBlob, Committed, MetaStore, NewAccount, PutManifest, PutOutcome, Repository, Review, Timing,
};
use crate::{Error, Result};
use roadstead_types::{
    AccountId, Actor, Algorithm, Digest, Manifest, ManualClock, NamespaceId, RegistryId, RepositoryName, Source, Tag,
    Timestamp, Uin, media_types,
};

/// Calls `$callback` with the names of all behaviours. Each is a function of this module that takes an empty
/// database, so that every engine can have a test for each.
#[macro_export]
macro_rules! for_each_meta_behaviour {
    ($callback:ident) => {
        $callback! {
            schema accounts names cam personal quotas uploads blobs manifests instances images duplicate lifecycle triggers
            jobs races locks audit units events servers
        }
    };
}

macro_rules! functions {
    ($first:ident $($name:ident)*) => {
        $(
            /// Checks the behaviour of this name on an empty database.
            ///
            /// # Panics
            /// When the store does not behave as it should.
            pub async fn $name(database: &TestDatabase) {
                in_two_processes(database, $name::behave).await;
            }
        )*
    };
}

for_each_meta_behaviour!(functions);

/// Checks the making of the schema on an empty database.
///
/// # Panics
/// When the store does not behave as it should.
pub async fn schema(database: &TestDatabase) {
    schema::a_migration_that_fails_leaves_nothing(database).await;
    schema::steps_run_once_and_newer_ones_are_refused(database).await;
    schema::an_older_server_finds_no_objects(database).await;
    schema::every_reference_is_found_by_an_index(database).await;
    schema::defaults_of_the_server_weaken_nothing(database).await;
    schema::nothing_shows_the_url(database).await;
}

async fn in_two_processes(database: &TestDatabase, behave: impl AsyncFnOnce(&Kit)) {
    let kit = Kit { one: database.open("one").await, two: database.open("two").await, next: AtomicU64::new(1) };
    behave(&kit).await;
    kit.one.close().await;
    assert!(matches!(kit.one.ping().await, Err(Error::Unavailable { .. })), "a closed store is not available");
    kit.two.close().await;
    assert_eq!(database.deadlocks().await, 0, "some transactions lock the same things in different orders");
}

/// Two processes on one database.
struct Kit {
    one: MetaStore,
    two: MetaStore,
    next: AtomicU64,
}

/// The current time of every behaviour.
const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);
const REGISTRY: RegistryId = RegistryId::PERSONAL;

/// Makes an act at [`NOW`].
fn act() -> Act {
    act_at(NOW)
}

/// Makes an act at `now`.
fn act_at(now: Timestamp) -> Act {
    super::act(Arc::new(ManualClock::new(now)))
}

/// Makes an act of the account with this uin.
fn act_by(uin: &str) -> Act {
    let actor = Actor { uin: uin.to_owned(), ..Actor::of("user", Source::Cloud) };
    Act::new(Arc::new(actor), "test", Timing::new(Arc::new(ManualClock::new(NOW)), super::GRACE))
}

/// Makes an act of the owner of `place`.
fn act_of(place: &Place, action: &str) -> Act {
    let actor = Actor { owner: Some(place.owner), ..Actor::of("root", Source::Registry) };
    Act::new(Arc::new(actor), action, Timing::new(Arc::new(ManualClock::new(NOW)), super::GRACE))
}

fn later(seconds: u64) -> Timestamp {
    NOW.after(Duration::from_secs(seconds))
}

/// A namespace and its owner.
struct Place {
    namespace: NamespaceId,
    name: String,
    owner: AccountId,
}

impl Place {
    fn repository(&self, name: &str) -> RepositoryName {
        format!("{}/{name}", self.name).parse().unwrap()
    }
}

/// An image manifest in all its forms.
#[derive(Clone)]
struct Image {
    content: Vec<u8>,
    digest: Digest,
    manifest: Manifest,
}

fn sha256(content: &[u8]) -> Digest {
    Digest::of(Algorithm::Sha256, content)
}

fn tag(text: &str) -> Tag {
    text.parse().unwrap()
}

impl Image {
    fn of(document: &serde_json::Value) -> Self {
        let content = document.to_string().into_bytes();
        let manifest = Manifest::parse(None, &content).unwrap();
        Self { digest: sha256(&content), content, manifest }
    }

    /// Makes an image of the blobs with these contents. The first one is the config.
    fn with_blobs(blobs: &[&str], subject: Option<&Digest>) -> Self {
        let descriptor = |content: &&str| {
            serde_json::json!({
                "mediaType": "application/vnd.test", "digest": sha256(content.as_bytes()).as_str(), "size": content.len()
            })
        };
        let all: Vec<_> = blobs.iter().map(descriptor).collect();
        let subject = subject.map(
            |digest| serde_json::json!({ "mediaType": media_types::OCI_IMAGE, "digest": digest.as_str(), "size": 1 }),
        );
        let mut document = serde_json::json!({
            "schemaVersion": 2, "mediaType": media_types::OCI_IMAGE, "config": all[0], "layers": all[1..],
        });
        if let Some(subject) = subject {
            document["subject"] = subject;
            document["annotations"] = serde_json::json!({ "note": "a\u{0}b" });
        }
        Self::of(&document)
    }

    fn index(children: &[&Digest]) -> Self {
        let manifests: Vec<_> = children
            .iter()
            .map(
                |child| serde_json::json!({ "mediaType": media_types::OCI_IMAGE, "digest": child.as_str(), "size": 1 }),
            )
            .collect();
        Self::of(&serde_json::json!({
            "schemaVersion": 2, "mediaType": media_types::OCI_INDEX, "manifests": manifests,
        }))
    }
}

impl Kit {
    /// Returns a number that is never returned again.
    fn number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::SeqCst)
    }

    async fn account(&self) -> AccountId {
        self.account_with(Some("hash")).await
    }

    /// Makes an account without a password.
    async fn bare_account(&self) -> AccountId {
        self.account_with(None).await
    }

    async fn account_with(&self, password_hash: Option<&str>) -> AccountId {
        let number = self.number();
        let name = format!("account-{number}");
        let uin = Uin::from_number(Uin::MIN + number).unwrap();
        let new = NewAccount { password_hash, ..NewAccount::new(&uin, &name) };
        self.one.create_account(&act(), &new).await.unwrap().id
    }

    async fn place(&self) -> Place {
        let owner = self.account().await;
        let name = format!("ns{}", self.number());
        let namespace = self.one.create_namespace(&act(), REGISTRY, &name.parse().unwrap(), owner).await.unwrap().id;
        Place { namespace, name, owner }
    }

    async fn push_blob(&self, place: &Place, repository: &str, content: &str) -> Committed {
        let (digest, name) = (sha256(content.as_bytes()), place.repository(repository));
        let key = BlobKey::fresh(&digest);
        let commit = commit(place, &name, &digest, &key, content.len());
        self.one.commit_blob(&act(), &commit).await.unwrap()
    }

    /// Pushes an image with its blobs.
    async fn push_image(&self, place: &Place, repository: &str, blobs: &[&str], tags: &[Tag]) -> (Image, PutOutcome) {
        for content in blobs {
            self.push_blob(place, repository, content).await;
        }
        let image = Image::with_blobs(blobs, None);
        let outcome = self.put(place, repository, &image, tags).await.unwrap();
        (image, outcome)
    }

    async fn put(&self, place: &Place, repository: &str, image: &Image, tags: &[Tag]) -> Result<PutOutcome> {
        let name = place.repository(repository);
        self.one.put_manifest(&act(), &put(place, &name, image, tags)).await
    }

    async fn repository(&self, place: &Place, name: &str) -> Repository {
        self.two.repository(REGISTRY, &place.repository(name)).await.unwrap().unwrap()
    }

    /// Returns all reviews. In this suite they fit into one page.
    async fn reviews(&self) -> Vec<Review> {
        self.one.due_reviews(Timestamp::from_millis(i64::MAX), 100_000).await.unwrap()
    }
}

fn commit<'a>(
    place: &Place,
    repository: &'a RepositoryName,
    digest: &'a Digest,
    key: &'a BlobKey,
    size: usize,
) -> CommitBlob<'a> {
    CommitBlob {
        registry: REGISTRY,
        namespace: place.namespace,
        repository,
        digest,
        key,
        size: size as u64,
        upload: None,
        lease_until: later(60),
    }
}

fn put<'a>(place: &Place, repository: &'a RepositoryName, image: &'a Image, tags: &'a [Tag]) -> PutManifest<'a> {
    PutManifest {
        registry: REGISTRY,
        namespace: place.namespace,
        repository,
        digest: &image.digest,
        manifest: &image.manifest,
        content: &image.content,
        details: None,
        tags,
        lease_until: later(60),
    }
}

/// Checks that keyset pages of every size show `all`, in order, each once. `page` takes the start and the size of a
/// page.
async fn pages_show_all<T: Clone>(
    all: &[String],
    name: impl Fn(&T) -> String,
    page: impl AsyncFn(Option<String>, u32) -> Vec<T>,
) {
    let count = u32::try_from(all.len()).unwrap();
    for limit in [1, 2, 3, 7, count.saturating_sub(1).max(1), count.max(1), count + 1, count + 1000] {
        let (mut shown, mut after) = (Vec::new(), None);
        loop {
            let names: Vec<String> = page(after.clone(), limit).await.iter().map(&name).collect();
            assert!(names.len() <= limit as usize);
            let ended = names.len() < limit as usize;
            shown.extend(names);
            if ended || shown.len() > all.len() {
                break;
            }
            after = shown.last().cloned();
        }
        assert_eq!(shown, all, "pages of {limit}");
    }
    assert!(page(None, 0).await.is_empty());
}
