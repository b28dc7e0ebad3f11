//! Changes that meet take their locks in one order: see `meta::locks`. (SQLite has one writer anyway.)

use futures::future::join_all;

use super::duplicate::duplicate;
use super::instances::{instance, namespace, new, push};
use super::races::somebody_waits;
use super::{Image, Kit, Place, act, quotas, tag};
use crate::meta::{DuplicateImage, Engine, Instance, NamespaceSettings, QuotaKind};
use crate::{Error, Result};
use roadstead_types::{InstanceId, RepositoryId, RepositoryName, Tag, Thing};

pub(super) async fn behave(kit: &Kit) {
    a_duplicate_waits_for_the_owner_before_it_locks_the_source(kit).await;
    a_duplicate_waits_for_the_instance_before_it_locks_the_source(kit).await;
    a_namespace_is_shown_without_waiting_for_its_repositories(kit).await;
    who_waits_for_the_name_of_an_instance_holds_no_counter(kit).await;
    images_are_duplicated_while_repositories_are_made(kit).await;
    images_are_duplicated_while_their_namespace_changes(kit).await;
    instances_of_one_name_come_and_go(kit).await;
}

/// Whether, while `waiting` waits for the row that `hold` has locked, somebody else can lock the row that `lock` asks for.
async fn leaves_free(kit: &Kit, hold: (&'static str, i64), waiting: impl Future, lock: (&'static str, i64)) {
    let mut other = kit.two.writer().begin().await.unwrap();
    sqlx::query(hold.0).bind(hold.1).execute(&mut *other).await.unwrap();
    let meanwhile = async {
        somebody_waits(kit).await;
        let locked = sqlx::query(lock.0).bind(lock.1).execute(&mut *other).await;
        other.rollback().await.unwrap();
        locked.map(drop)
    };
    let (_, locked) = futures::join!(waiting, meanwhile);
    assert!(locked.is_ok(), "who waits after {hold:?} has locked {lock:?}: {locked:?}");
}

const SOURCE: &str = "SELECT id FROM repositories WHERE id = $1 FOR UPDATE NOWAIT";

async fn a_duplicate_waits_for_the_owner_before_it_locks_the_source(kit: &Kit) {
    if kit.one.engine() == Engine::Sqlite {
        return;
    }
    let place = kit.place().await;
    let (_, pushed) = kit.push_image(&place, "source", &["locked source"], &[tag("v1")]).await;
    let (to, from) = (place.repository("target"), tag("v1"));
    let what = duplicate(pushed.repository, &from, &place, &to, &from);
    let act = act();
    let copy = async { kit.one.duplicate_image(&act, &what).await.unwrap().unwrap() };
    let hold = ("UPDATE accounts SET status = status WHERE id = $1", place.owner.get());
    leaves_free(kit, hold, copy, (SOURCE, pushed.repository.get())).await;
}

/// An image in an instance, and the namespace that it is in.
struct Source {
    instance: Instance,
    place: Place,
    repository: RepositoryId,
    tag: Tag,
}

impl Source {
    async fn make(kit: &Kit) -> Self {
        let instance = instance(kit, kit.account().await).await;
        let space = namespace(kit, &instance, "team", false).await;
        let repository = push(kit, &instance, space, "team/app").await.unwrap();
        let place = Place { namespace: space, name: "team".to_owned(), owner: instance.owner };
        let (image, name, tags) = (Image::index(&[]), place.repository("app"), [tag("v1")]);
        let put = super::PutManifest { registry: instance.registry, ..super::put(&place, &name, &image, &tags) };
        kit.one.put_manifest(&act(), &put).await.unwrap();
        Self { instance, place, repository, tag: tag("v1") }
    }

    fn copy<'a>(&'a self, to: &'a RepositoryName) -> DuplicateImage<'a> {
        let what = duplicate(self.repository, &self.tag, &self.place, to, &self.tag);
        DuplicateImage { registry: self.instance.registry, ..what }
    }
}

async fn a_duplicate_waits_for_the_instance_before_it_locks_the_source(kit: &Kit) {
    if kit.one.engine() == Engine::Sqlite {
        return;
    }
    let source = Source::make(kit).await;
    let to = source.place.repository("target");
    let (what, act) = (source.copy(&to), act());
    let copy = async { kit.one.duplicate_image(&act, &what).await.unwrap().unwrap() };
    let hold = ("UPDATE instances SET name = name WHERE registry_id = $1", source.instance.registry.get());
    leaves_free(kit, hold, copy, (SOURCE, source.repository.get())).await;
}

/// However many there are: what they show follows from their namespace.
async fn a_namespace_is_shown_without_waiting_for_its_repositories(kit: &Kit) {
    if kit.one.engine() == Engine::Sqlite {
        return;
    }
    let source = Source::make(kit).await;
    let mut other = kit.two.writer().begin().await.unwrap();
    let hold = sqlx::query("UPDATE repositories SET updated_at = updated_at WHERE id = $1");
    hold.bind(source.repository.get()).execute(&mut *other).await.unwrap();
    let (act, show) = (act(), |settings: &mut NamespaceSettings| settings.public = true);
    let (registry, space) = (source.instance.registry, source.place.namespace);
    let shown = kit.one.modify_instance_namespace(&act, registry, space, show);
    let shown = tokio::time::timeout(std::time::Duration::from_secs(5), shown).await;
    assert!(matches!(shown, Ok(Ok(true))), "{shown:?}");
    other.rollback().await.unwrap();
}

async fn who_waits_for_the_name_of_an_instance_holds_no_counter(kit: &Kit) {
    if kit.one.engine() == Engine::Sqlite {
        return;
    }
    let old = instance(kit, kit.account().await).await;
    let (id, act) = (InstanceId::random(), act());
    let again = new(&id, &old.name, old.owner);
    let make = async {
        let made = kit.one.create_instance(&act, &again, 10).await;
        assert!(matches!(made, Err(Error::Conflict(Thing::Instance))), "{made:?}");
    };
    let hold = ("DELETE FROM instances WHERE registry_id = $1", old.registry.get());
    leaves_free(kit, hold, make, ("SELECT id FROM changes WHERE id = $1 FOR UPDATE NOWAIT", 1)).await;
}

/// (No attempt is cut off by a deadlock, here and below: the suite looks for those in the end.)
async fn images_are_duplicated_while_repositories_are_made(kit: &Kit) {
    let place = kit.place().await;
    kit.one.set_quota(&act(), place.owner, QuotaKind::Repositories, 1000).await.unwrap();
    let (_, pushed) = kit.push_image(&place, "source", &["copied source"], &[tag("v1")]).await;
    for round in 0..8 {
        let names: Vec<RepositoryName> = (0..8).map(|n| place.repository(&format!("copy{round}-{n}"))).collect();
        let from = tag("v1");
        let copies = join_all(names.iter().enumerate().map(async |(number, to)| {
            let what = duplicate(pushed.repository, &from, &place, to, &from);
            kit.store(number).duplicate_image(&act(), &what).await.map(drop)
        }));
        // It is there: who wants to make it has locked the owner when it finds out.
        let source = place.repository("source");
        let made = join_all((0..8).map(|_| quotas::add_repository(kit, place.owner, &source)));
        let (copied, made) = futures::join!(copies, made);
        assert!(copied.iter().all(Result::is_ok), "{copied:?}");
        assert!(made.iter().all(|made| matches!(made, Err(Error::Conflict(Thing::Repository)))), "{made:?}");
    }
}

async fn images_are_duplicated_while_their_namespace_changes(kit: &Kit) {
    let source = Source::make(kit).await;
    let (registry, space) = (source.instance.registry, source.place.namespace);
    for round in 0..8 {
        let names: Vec<RepositoryName> = (0..8).map(|n| source.place.repository(&format!("copy{round}-{n}"))).collect();
        let copies = join_all(
            names
                .iter()
                .enumerate()
                .map(async |(number, to)| kit.store(number).duplicate_image(&act(), &source.copy(to)).await.map(drop)),
        );
        let changes = join_all((0..8).map(async |number| {
            let show = move |settings: &mut NamespaceSettings| settings.public = number % 2 == 0;
            kit.store(number).modify_instance_namespace(&act(), registry, space, show).await
        }));
        let (copied, changed) = futures::join!(copies, changes);
        assert!(copied.iter().all(Result::is_ok), "{copied:?}");
        assert!(changed.iter().all(|changed| matches!(changed, Ok(true))), "{changed:?}");
    }
}

async fn instances_of_one_name_come_and_go(kit: &Kit) {
    let owner = kit.account().await;
    let name = format!("again-{}", kit.number()).parse().unwrap();
    let turns = join_all((0..8).map(async |number| {
        for _ in 0..5 {
            let (store, id) = (kit.store(number), InstanceId::random());
            match store.create_instance(&act(), &new(&id, &name, owner), 1000).await {
                Ok(made) => assert!(kit.store(number + 1).condemn_instance(&act(), made.registry, true).await.unwrap()),
                Err(error) => assert!(matches!(error, Error::Conflict(Thing::Instance)), "{error:?}"),
            }
        }
    }));
    turns.await;
}
