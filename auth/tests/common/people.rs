//! Sub-accounts of the owner, and their policies.

#![allow(clippy::panic, clippy::allow_attributes, reason = "a test: to panic is how it tells")]

use roadstead_storage::testkit::act;
use std::sync::Arc;

use roadstead_auth::{Caller, Delete, DeleteTarget, Denied, Identity, NewSubAccount, Probe, Pull, Push, app_id};
use roadstead_policy::{Author, Policy, Use};
use roadstead_storage::meta::{Holder, NewPolicy, PutManifest, Scope, UserProfile};
use roadstead_types::{Algorithm, Clock as _, Digest, Manifest, PolicyId, Tag};

use super::{ADDRESS, PASSWORD, REGISTRY, World, basic, name};

pub const ALLOW_ALL: &str = r#"{"version":"2.0","statement":[{"effect":"allow","action":"*","resource":"*"}]}"#;

pub fn statement(effect: &str, actions: &str, resource: &str) -> String {
    let (actions, resource) = (actions.replace(',', "\",\""), resource.replace(',', "\",\""));
    format!(r#"{{"effect":"{effect}","action":["{actions}"],"resource":["{resource}"]}}"#)
}

pub fn document(statements: &[String]) -> String {
    format!(r#"{{"version":"2.0","statement":[{}]}}"#, statements.join(","))
}

pub fn allow(actions: &str, resource: &str) -> String {
    document(&[statement("allow", actions, resource)])
}

pub fn deny(actions: &str, resource: &str) -> String {
    document(&[statement("deny", actions, resource)])
}

pub struct Sub<'a> {
    pub world: &'a World,
    pub identity: Arc<Identity>,
}

impl World {
    pub async fn policy(&self, text: &str) -> PolicyId {
        let owner = &self.owner.account;
        let author = Author { owner_uin: &owner.uin, app_id: app_id(owner.id) };
        let canonical = Policy::parse(text, Use::Identity, &author).unwrap().canonical;
        let name = format!("p-{:x}", rand_name(text));
        let new = NewPolicy { name: &name, description: "", document: text, canonical: &canonical, tags: "[]" };
        match self.meta.create_policy(&act(self.clock.clone()), owner.id, &new).await {
            Ok(id) => id,
            Err(_) => self.meta.policy_by_name(owner.id, &name).await.unwrap().unwrap().summary.id,
        }
    }

    pub async fn attach(&self, text: &str, holder: Holder) {
        let policy = self.policy(text).await;
        let owner = self.owner.account.id;
        self.meta.attach_policy(&act(self.clock.clone()), owner, policy, holder, "1").await.unwrap();
        self.auth.changed(&Scope::System);
    }

    /// Makes a sub-account of `owner` with these policies.
    pub async fn sub(&self, name: &str, policies: &[String]) -> Sub<'_> {
        let new = NewSubAccount {
            owner: self.owner.account.id,
            name,
            profile: &UserProfile::default(),
            password: Some(PASSWORD),
            needs_password: false,
            needs_key: false,
        };
        let account = self.accounts.create_user(&act(self.clock.clone()), &new).await.unwrap().user.account;
        for policy in policies {
            self.attach(policy, Holder::User(account.id)).await;
        }
        let identity = self.auth.basic(REGISTRY, account.uin.as_str(), PASSWORD, ADDRESS).await.unwrap();
        assert_eq!((identity.account, identity.owner), (account.id, self.owner.account.id));
        assert_eq!((&identity.owner_uin, identity.is_root()), (&self.owner.account.uin, false));
        Sub { world: self, identity }
    }

    /// Pull, push, delete anything and probe, one letter each.
    pub async fn may(&self, caller: &Caller, repository: &str) -> String {
        let name = name(repository);
        let letter = |outcome: Result<(), Denied>| match outcome {
            Ok(()) => 'Y',
            Err(Denied::Unauthenticated) => 'u',
            Err(Denied::InsufficientScope) => 's',
            Err(Denied::Forbidden) => 'f',
            Err(Denied::ReadOnly) => 'r',
            Err(Denied::Unavailable(error)) => panic!("{error}"),
        };
        let auth = &self.auth;
        let outcomes = [
            auth.authorize::<Pull>(caller, REGISTRY, &name).await.map(drop),
            auth.authorize::<Push>(caller, REGISTRY, &name).await.map(drop),
            auth.authorize::<Delete>(caller, REGISTRY, &name).await.map(drop),
            auth.authorize::<Probe>(caller, REGISTRY, &name).await.map(drop),
        ];
        outcomes.into_iter().map(letter).collect()
    }

    pub async fn manifest(&self, repository: &str, tags: &[&str]) -> Digest {
        let content = format!(
            "{{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.index.v1+json\",\"manifests\":[],\
             \"annotations\":{{\"for\":\"{repository}\"}}}}"
        );
        let digest = Digest::of(Algorithm::Sha256, content.as_bytes());
        let repository = name(repository);
        let manifest = Manifest::parse(None, content.as_bytes()).unwrap();
        let tags: Vec<Tag> = tags.iter().map(|tag| tag.parse().unwrap()).collect();
        let now = self.clock.now();
        let put = PutManifest {
            registry: REGISTRY,
            namespace: self.namespace,
            repository: &repository,
            digest: &digest,
            manifest: &manifest,
            content: content.as_bytes(),
            tags: &tags,
            details: None,
            lease_until: now,
        };
        self.meta.put_manifest(&act(self.clock.clone()), &put).await.unwrap();
        digest
    }
}

impl Sub<'_> {
    pub fn caller(&self) -> Caller {
        basic(&self.identity)
    }

    pub async fn may(&self, repository: &str) -> String {
        self.world.may(&self.caller(), repository).await
    }

    pub async fn deletes(&self, repository: &str, target: DeleteTarget<'_>) -> Option<Vec<Tag>> {
        let access = self.world.auth.authorize_delete(&self.caller(), REGISTRY, &name(repository), target).await;
        match access {
            Ok(access) => Some(access.tags().unwrap_or_else(|| panic!("a sub-account has limits")).to_vec()),
            Err(Denied::Forbidden) => None,
            Err(other) => panic!("{other}"),
        }
    }
}

/// Hashes a text. The same text gives the same number.
fn rand_name(text: &str) -> u64 {
    text.bytes().fold(14_695_981_039_346_656_037, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(1_099_511_628_211))
}

pub async fn world() -> World {
    let world = World::new().await;
    world.repository("team/public", true).await;
    world.repository("team/private", false).await;
    world.repository("others/private", false).await;
    world.repository("others/public", true).await;
    world
}
