//! Sub-accounts and sessions: what their policies leave of what a main account may do.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test: to panic is how it tells")]

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::{ADDRESS, PASSWORD, REGISTRY, World, basic, name};
use roadstead_auth::cam::{Author, Policy, Use};
use roadstead_auth::{
    AuthenticationError, Caller, Delete, DeleteTarget, Denied, Error, Identity, MAX_TEMPORARY_TOKEN_CHARS, NewSession,
    NewSubAccount, Probe, Pull, Push, Session, SessionKind, TemporaryKey, app_id,
};
use roadstead_storage::meta::{AccountStatus, Holder, NewPolicy, NewRole, PutManifest, UserProfile};
use roadstead_storage::types::{
    AccountId, Algorithm, Clock as _, Digest, Manifest, PolicyId, RegistryId, RoleId, Tag, Timestamp,
};

const ALLOW_ALL: &str = r#"{"version":"2.0","statement":[{"effect":"allow","action":"*","resource":"*"}]}"#;

fn statement(effect: &str, actions: &str, resource: &str) -> String {
    let (actions, resource) = (actions.replace(',', "\",\""), resource.replace(',', "\",\""));
    format!(r#"{{"effect":"{effect}","action":["{actions}"],"resource":["{resource}"]}}"#)
}

fn document(statements: &[String]) -> String {
    format!(r#"{{"version":"2.0","statement":[{}]}}"#, statements.join(","))
}

fn allow(actions: &str, resource: &str) -> String {
    document(&[statement("allow", actions, resource)])
}

fn deny(actions: &str, resource: &str) -> String {
    document(&[statement("deny", actions, resource)])
}

struct Sub<'a> {
    world: &'a World,
    identity: Arc<Identity>,
}

impl World {
    async fn policy(&self, text: &str) -> PolicyId {
        let owner = &self.owner.account;
        let author = Author { owner_uin: &owner.uin, app_id: app_id(owner.id) };
        let canonical = Policy::parse(text, Use::Identity, &author).unwrap().canonical;
        let name = format!("p-{:x}", rand_name(text));
        let new = NewPolicy { name: &name, description: "", document: text, canonical: &canonical, tags: "[]" };
        match self.meta.create_policy(owner.id, &new, self.clock.now()).await {
            Ok(id) => id,
            Err(_) => self.meta.policy_by_name(owner.id, &name).await.unwrap().unwrap().summary.id,
        }
    }

    async fn attach(&self, text: &str, holder: Holder) {
        let policy = self.policy(text).await;
        let owner = self.owner.account.id;
        self.meta.attach_policy(owner, policy, holder, "1", self.clock.now()).await.unwrap();
        self.auth.invalidate_all();
    }

    /// A sub-account of `owner` with these policies.
    async fn sub(&self, name: &str, policies: &[String]) -> Sub<'_> {
        let new = NewSubAccount {
            owner: self.owner.account.id,
            name,
            profile: &UserProfile::default(),
            password: Some(PASSWORD),
            needs_password: false,
            needs_key: false,
        };
        let account = self.accounts.create_user(&new).await.unwrap().user.account;
        for policy in policies {
            self.attach(policy, Holder::User(account.id)).await;
        }
        let identity = self.auth.basic(REGISTRY, account.uin.as_str(), PASSWORD, ADDRESS).await.unwrap();
        assert_eq!((identity.account, identity.owner), (account.id, self.owner.account.id));
        assert_eq!((&identity.owner_uin, identity.is_root()), (&self.owner.account.uin, false));
        Sub { world: self, identity }
    }

    /// Pull, push, delete anything and probe, one letter each.
    async fn may(&self, caller: &Caller, repository: &str) -> String {
        let name = name(repository);
        let letter = |outcome: Result<(), Denied>| match outcome {
            Ok(()) => 'Y',
            Err(Denied::Unauthenticated) => 'u',
            Err(Denied::InsufficientScope) => 's',
            Err(Denied::Forbidden) => 'f',
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

    async fn manifest(&self, repository: &str, tags: &[&str]) -> Digest {
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
            review_after: now,
            now,
        };
        self.meta.put_manifest(&put).await.unwrap();
        digest
    }
}

impl Sub<'_> {
    fn caller(&self) -> Caller {
        basic(&self.identity)
    }

    async fn may(&self, repository: &str) -> String {
        self.world.may(&self.caller(), repository).await
    }

    async fn deletes(&self, repository: &str, target: DeleteTarget<'_>) -> Option<Vec<Tag>> {
        let access = self.world.auth.authorize_delete(&self.caller(), REGISTRY, &name(repository), target).await;
        match access {
            Ok(access) => Some(access.tags().unwrap_or_else(|| panic!("a sub-account has limits")).to_vec()),
            Err(Denied::Forbidden) => None,
            Err(other) => panic!("{other}"),
        }
    }
}

/// The same for the same text.
fn rand_name(text: &str) -> u64 {
    text.bytes().fold(14_695_981_039_346_656_037, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(1_099_511_628_211))
}

async fn world() -> World {
    let world = World::new().await;
    world.repository("team/public", true).await;
    world.repository("team/private", false).await;
    world.repository("others/private", false).await;
    world.repository("others/public", true).await;
    world
}

const PLACES: [&str; 6] =
    ["team/public", "team/private", "team/missing", "others/public", "others/private", "nowhere/missing"];

#[tokio::test]
async fn policies_say_what_a_sub_account_may() {
    let world = world().await;
    let team = "qcs::ccr:::repo/team/*";
    let subs: [(&str, Vec<String>); 9] = [
        ("nothing", vec![]),
        ("all", vec![ALLOW_ALL.to_owned()]),
        ("pull", vec![allow("ccr:pull", team)]),
        ("push", vec![allow("ccr:push", team)]),
        ("push+create", vec![allow("ccr:push,ccr:CreateRepository", team)]),
        ("no pull", vec![ALLOW_ALL.to_owned(), deny("ccr:pull", "qcs::ccr:::repo/team/*")]),
        ("tcr family", vec![ALLOW_ALL.to_owned(), deny("tcr:PullRepositoryPersonal", "*")]),
        ("no anything", vec![ALLOW_ALL.to_owned(), deny("*", "*")]),
        ("elsewhere", vec![allow("*", "qcs::ccr:::repo/others/*")]),
    ];
    let mut table = String::new();
    for (who, policies) in &subs {
        let sub = world.sub(&who.replace([' ', '+'], "-"), policies).await;
        table.push_str(&format!("{who:<12}"));
        for place in PLACES {
            table.push_str(&format!(" {}", sub.may(place).await));
        }
        table.push('\n');
    }
    // Columns: a public, a private and a missing repository of the main account; a public and a private one of another
    // account; no namespace. Letters: pull, push, delete anything, probe.
    let expected = "\
nothing      YffY ffff ffff YffY ffff ffff
all          YYfY YYfY YYfY YffY ffff ffff
pull         YffY YffY YffY YffY ffff ffff
push         YYfY fYfY ffff YffY ffff ffff
push+create  YYfY fYfY fYfY YffY ffff ffff
no pull      fYfY fYfY fYfY YffY ffff ffff
tcr family   fYfY fYfY fYfY YffY ffff ffff
no anything  ffff ffff ffff YffY ffff ffff
elsewhere    YffY ffff ffff YffY ffff ffff
";
    assert_eq!(table, expected);
}

#[tokio::test]
async fn a_preset_policy_is_its_document_and_one_that_is_none_denies() {
    let world = world().await;
    let sub = world.sub("preset", &[]).await;
    let (owner, holder) = (world.owner.account.id, Holder::User(sub.identity.account));
    let attach = async |id: i64| {
        world.meta.attach_policy(owner, PolicyId::new(id), holder, "1", world.clock.now()).await.unwrap();
        world.auth.invalidate_all();
    };
    attach(419_084).await;
    assert_eq!(sub.may("team/private").await, "YffY", "read only");
    attach(419_082).await;
    assert_eq!(sub.may("team/missing").await, "YYfY", "full access");
    attach(77).await;
    assert_eq!(sub.may("team/private").await, "ffff", "nobody knows what it said");
    assert_eq!(sub.may("others/public").await, "YffY");
}

#[tokio::test]
async fn a_boundary_limits() {
    let world = world().await;
    let sub = world.sub("bounded", &[ALLOW_ALL.to_owned()]).await;
    let boundary = world.policy(&allow("ccr:pull", "qcs::ccr:::repo/team/private")).await;
    let (owner, holder) = (world.owner.account.id, Holder::User(sub.identity.account));
    world.meta.set_boundary(owner, holder, Some(boundary)).await.unwrap();
    world.auth.invalidate_all();
    assert_eq!(sub.may("team/private").await, "YffY");
    assert_eq!(sub.may("team/missing").await, "ffff");
    world.meta.set_boundary(owner, holder, None).await.unwrap();
    world.auth.invalidate_all();
    assert_eq!(sub.may("team/missing").await, "YYfY");
}

#[tokio::test]
async fn groups_count_and_so_do_addresses() {
    let world = world().await;
    let sub = world.sub("grouped", &[]).await;
    let owner = world.owner.account.id;
    let group = world.meta.create_group(owner, "readers", "", world.clock.now()).await.unwrap();
    world.attach(&allow("ccr:pull", "*"), Holder::Group(group)).await;
    assert_eq!(sub.may("team/private").await, "ffff");
    world.meta.add_members(owner, &[(group, sub.identity.account)], world.clock.now()).await.unwrap();
    assert!(world.auth.poll_changes().await.unwrap(), "another process is told");
    assert_eq!(sub.may("team/private").await, "YffY");
    let here = r#"{"version":"2.0","statement":{"effect":"deny","action":"ccr:*","resource":"*",
        "condition":{"ip_equal":{"qcs:ip":"198.51.100.0/24"}}}}"#;
    world.attach(here, Holder::Group(group)).await;
    assert_eq!(sub.may("team/private").await, "YffY");
    let caller = Caller { address: "198.51.100.7".parse().unwrap(), ..sub.caller() };
    assert_eq!(world.may(&caller, "team/private").await, "ffff", "the address of the request counts");
    // A token that was had elsewhere does not help.
    let token = world.caller(Some(&sub.identity), &["repository:team/private:pull"]).await;
    assert_eq!(world.may(&token, "team/private").await, "YffY");
    let token = Caller { address: caller.address, ..token };
    assert_eq!(world.may(&token, "team/private").await, "ffff");
}

#[tokio::test]
async fn a_token_grants_what_is_allowed_and_is_no_licence() {
    let world = world().await;
    let sub = world.sub("token", &[allow("ccr:push,ccr:CreateRepository", "qcs::ccr:::repo/team/private")]).await;
    let scopes = [
        "repository:team/private:pull,push,delete",
        "repository:team/missing:pull,push",
        "repository:team/public:*",
        "repository:others/private:pull,push,delete",
    ];
    let issued = world.issue(Some(&sub.identity), &scopes).await;
    let granted: Vec<String> = issued.granted.iter().map(ToString::to_string).collect();
    assert_eq!(granted, ["repository:team/private:push,delete", "repository:team/public:pull,delete"]);
    let caller = world.bearer(&issued.token).await.unwrap();
    assert_eq!(world.may(&caller, "team/private").await, "fYfY");
    world.attach(&deny("ccr:push", "*"), Holder::User(sub.identity.account)).await;
    assert_eq!(world.may(&caller, "team/private").await, "ffff", "with the same token");
}

#[tokio::test]
async fn tags_are_deleted_one_by_one() {
    let world = world().await;
    let digest = world.manifest("team/app", &["v1", "v2", "latest"]).await;
    let untagged = world.manifest("team/base", &[]).await;
    let sub = world
        .sub(
            "deleter",
            &[
                allow("ccr:DeleteTag", "qcs::ccr:::repo/team/app:v*"),
                allow("ccr:DeleteTag", "qcs::ccr:::repo/team/base"),
            ],
        )
        .await;
    let tag = |name: &str| -> Tag { name.parse().unwrap() };
    let (v1, latest) = (tag("v1"), tag("latest"));
    let one = DeleteTarget::Tags(std::slice::from_ref(&v1), false);
    assert_eq!(sub.deletes("team/app", one).await, Some(vec![v1.clone()]));
    assert_eq!(sub.deletes("team/other", one).await, None);
    assert_eq!(sub.deletes("others/app", one).await, None);
    assert_eq!(sub.deletes("team/app", DeleteTarget::Tags(std::slice::from_ref(&latest), false)).await, None);
    let both = [v1.clone(), latest.clone()];
    assert_eq!(sub.deletes("team/app", DeleteTarget::Tags(&both, true)).await, None, "all or nothing");
    assert_eq!(sub.deletes("team/app", DeleteTarget::Tags(&[], true)).await, None, "nothing is not everything");
    assert_eq!(sub.deletes("team/app", DeleteTarget::Manifest(&digest)).await, None, "latest points at it");
    let repository = world.meta.repository(REGISTRY, &name("team/app")).await.unwrap().unwrap().id;
    let now = world.clock.now();
    world.meta.delete_tag(repository, &latest, now, now).await.unwrap();
    let covered = sub.deletes("team/app", DeleteTarget::Manifest(&digest)).await.unwrap();
    assert_eq!(covered, [v1.clone(), tag("v2")]);
    // A tag that comes in between is not covered.
    world.manifest("team/app", &["latest"]).await;
    let outcome = world.meta.delete_manifest_with(repository, &digest, &covered, now, now).await;
    assert!(matches!(outcome, Err(roadstead_storage::Error::Stale { what: "tags" })));
    assert!(world.meta.tag(repository, &v1).await.unwrap().is_some(), "nothing was deleted");
    assert_eq!(sub.deletes("team/base", DeleteTarget::Manifest(&untagged)).await, Some(vec![]));
    assert_eq!(sub.deletes("team/public", DeleteTarget::Manifest(&untagged)).await, None);

    let owner = basic(&world.owner().await);
    let access = world.auth.authorize_delete(&owner, REGISTRY, &name("team/app"), one).await.unwrap();
    assert!(access.tags().is_none(), "a main account has no limits");
}

#[tokio::test]
async fn a_disabled_main_account_takes_its_sub_accounts_with_it() {
    let world = world().await;
    let sub = world.sub("member", &[ALLOW_ALL.to_owned()]).await;
    let token = world.issue(Some(&sub.identity), &["repository:team/private:pull"]).await.token;
    let set = async |status| {
        let id = world.owner.account.id;
        assert!(world.meta.set_account_status(id, status, world.clock.now()).await.unwrap());
        assert!(world.auth.poll_changes().await.unwrap());
    };
    let login = async || world.auth.basic(REGISTRY, sub.identity.uin.as_str(), PASSWORD, ADDRESS).await;
    assert!(world.bearer(&token).await.is_ok());
    set(AccountStatus::Disabled).await;
    assert!(matches!(world.bearer(&token).await, Err(AuthenticationError::BadCredentials)));
    assert!(matches!(login().await, Err(AuthenticationError::BadCredentials)));
    set(AccountStatus::Active).await;
    assert!(matches!(world.bearer(&token).await, Err(AuthenticationError::BadCredentials)), "void for good");
    assert!(login().await.is_ok());
}

#[tokio::test]
async fn the_catalog_shows_what_may_be_listed() {
    let world = world().await;
    let list = "qcs::ccr:::repo/team/pri*";
    let sub = world.sub("lister", &[allow("ccr:GetUserRepositoryList", list)]).await;
    let none = world.sub("none", &[deny("ccr:GetUserRepositoryList", "*")]).await;
    let shows = async |caller: &Caller, repository: &str, public| {
        world.auth.catalog(caller, REGISTRY).await.unwrap().shows(&name(repository), public)
    };
    assert!(shows(&sub.caller(), "team/private", false).await);
    assert!(!shows(&sub.caller(), "team/secret", false).await);
    assert!(shows(&sub.caller(), "team/public", true).await);
    assert!(!shows(&none.caller(), "team/public", true).await);
    let access = world.auth.catalog(&sub.caller(), REGISTRY).await.unwrap();
    assert_eq!(access.limited_to(), Some(world.owner.account.id));
    let owner = basic(&world.owner().await);
    assert_eq!(world.auth.catalog(&owner, REGISTRY).await.unwrap().limited_to(), None);
    assert!(shows(&owner, "team/secret", false).await);
}

impl World {
    async fn role(&self, policies: &[String]) -> RoleId {
        let new = NewRole {
            name: "deployer",
            description: "",
            trust: "{}",
            trust_canonical: "{}",
            session_duration: 7200,
            console_login: false,
            tags: "[]",
        };
        let role = self.meta.create_role(self.owner.account.id, &new, self.clock.now()).await.unwrap();
        for policy in policies {
            self.attach(policy, Holder::Role(role)).await;
        }
        role
    }

    async fn key_of_role(&self, caller: &Identity, role: RoleId, policy: Option<&str>) -> TemporaryKey {
        let version = self.meta.role_version(role).await.unwrap().unwrap().version;
        let (owner, owner_uin) = (self.owner.account.id, &self.owner.account.uin);
        let session = NewSession::Role { id: role, version, owner, owner_uin, session_name: "ci" };
        self.auth.issue_temporary(caller, session, policy, Duration::from_secs(3600)).unwrap()
    }

    async fn temporary(&self, key: &TemporaryKey) -> Option<Caller> {
        match self.auth.temporary(&key.secret_id, &key.token).await {
            Ok((secret, identity)) => {
                assert_eq!(secret, key.secret_key);
                Some(basic(&identity))
            }
            Err(AuthenticationError::BadCredentials) => None,
            Err(other) => panic!("{other}"),
        }
    }
}

#[tokio::test]
async fn a_role_has_its_own_policies() {
    let world = world().await;
    let sub = world.sub("taker", &[allow("ccr:push", "*")]).await;
    let role = world.role(&[allow("ccr:pull", "*")]).await;
    let key = world.key_of_role(&sub.identity, role, None).await;
    assert!(key.secret_id.starts_with("AKID") && key.secret_id.len() == 47 && key.secret_key.len() == 43);
    let caller = world.temporary(&key).await.unwrap();
    assert_eq!(world.may(&caller, "team/private").await, "YffY", "not what the taker may");
    let identity = caller.identity.unwrap();
    assert_eq!((identity.account, identity.is_root()), (sub.identity.account, false));
    let Some(Session { kind: SessionKind::Role { id, session_name, .. }, .. }) = identity.session.as_deref() else {
        panic!("a session of a role");
    };
    assert_eq!((*id, session_name.as_str()), (role, "ci"));
    // A policy of the session takes away, and gives nothing.
    let limited = world.key_of_role(&sub.identity, role, Some(&allow("*", "qcs::ccr:::repo/team/other"))).await;
    let caller = world.temporary(&limited).await.unwrap();
    assert_eq!(world.may(&caller, "team/private").await, "ffff");
    assert_eq!(world.may(&caller, "team/public").await, "ffff", "nor what everybody may");
    assert_eq!(world.may(&caller, "team/other").await, "YffY");
}

#[tokio::test]
async fn a_session_of_a_main_account_has_limits() {
    let world = world().await;
    let owner = world.owner().await;
    let federation = |policy: &str| {
        let session = NewSession::Federation { name: "deploy" };
        world.auth.issue_temporary(&owner, session, Some(policy), Duration::from_secs(1800))
    };
    let key = federation(&allow("ccr:pull", "qcs::ccr:::repo/team/private")).unwrap();
    let caller = world.temporary(&key).await.unwrap();
    assert_eq!(world.may(&caller, "team/private").await, "YffY");
    assert_eq!(world.may(&caller, "team/missing").await, "ffff");
    let everything = world.temporary(&federation(ALLOW_ALL).unwrap()).await.unwrap();
    assert_eq!(world.may(&everything, "team/private").await, "YYfY", "all but what only the account itself may");
    // No session becomes anything else.
    let identity = everything.identity.clone().unwrap();
    let session = NewSession::Federation { name: "again" };
    let again = world.auth.issue_temporary(&identity, session, Some(ALLOW_ALL), Duration::from_secs(1));
    assert!(matches!(again, Err(Error::Session)));
    assert!(matches!(world.auth.issue(REGISTRY, &everything, "service", &[]).await, Err(Error::Session)));
    let refresh = world.auth.issue_refresh_token(REGISTRY, &identity, "service", "client").await;
    assert!(matches!(refresh, Err(Error::Session)));
    let long = allow("ccr:pull", &(0..200).map(|n| format!("qcs::ccr:::repo/team/r{n}")).collect::<Vec<_>>().join(","));
    assert!(matches!(federation(&long), Err(Error::TokenTooLarge)));
    assert!(key.token.len() <= MAX_TEMPORARY_TOKEN_CHARS);
}

#[tokio::test]
async fn temporary_keys_end() {
    let world = world().await;
    let sub = world.sub("ending", &[ALLOW_ALL.to_owned()]).await;
    let role = world.role(&[ALLOW_ALL.to_owned()]).await;
    let key = world.key_of_role(&sub.identity, role, None).await;
    let federation = NewSession::Federation { name: "f" };
    let issue = |identity: &Identity| {
        world.auth.issue_temporary(identity, federation, Some(ALLOW_ALL), Duration::from_secs(1800)).unwrap()
    };
    let other = issue(&sub.identity);
    assert!(world.temporary(&key).await.is_some() && world.temporary(&other).await.is_some());
    // Mixed halves, another token, garbage.
    for (id, token) in [
        (key.secret_id.as_str(), other.token.as_str()),
        (other.secret_id.as_str(), key.token.as_str()),
        (key.secret_id.as_str(), ""),
        (key.secret_id.as_str(), &key.token[1..]),
        (key.secret_id.as_str(), "%%%"),
    ] {
        assert!(matches!(world.auth.temporary(id, token).await, Err(AuthenticationError::BadCredentials)));
    }
    // The role trusts others now.
    let owner = world.owner.account.id;
    world.meta.update_trust(owner, role, "{}", "{}", world.clock.now()).await.unwrap();
    assert!(world.auth.poll_changes().await.unwrap());
    assert!(world.temporary(&key).await.is_none());
    assert!(world.temporary(&other).await.is_some());
    let key = world.key_of_role(&sub.identity, role, None).await;
    assert!(world.temporary(&key).await.is_some());
    world.meta.delete_role(owner, role).await.unwrap();
    assert!(world.auth.poll_changes().await.unwrap());
    assert!(world.temporary(&key).await.is_none());
    // Time.
    world.clock.advance(Duration::from_secs(1799));
    assert!(world.temporary(&other).await.is_some());
    world.clock.advance(Duration::from_secs(2));
    assert!(world.temporary(&other).await.is_none());
    // Another password.
    let other = issue(&sub.identity);
    world.accounts.set_password(sub.identity.account, "another horse").await.unwrap();
    world.auth.account_changed(sub.identity.account);
    assert!(world.temporary(&other).await.is_none());
}

#[tokio::test]
async fn doubt_about_policies_is_a_denial() {
    let world = world().await;
    let sub = world.sub("doubt", &[ALLOW_ALL.to_owned()]).await;
    world.auth.authorize::<Pull>(&sub.caller(), REGISTRY, &name("team/private")).await.unwrap();
    world.meta.close().await;
    // The repository and the account are still remembered for a while; policies that are not are in doubt.
    let stranger = Identity { account: AccountId::new(999), ..(*sub.identity).clone() };
    let pull = world.auth.authorize::<Pull>(&basic(&Arc::new(stranger)), REGISTRY, &name("team/private")).await;
    assert!(matches!(pull, Err(Denied::Unavailable(_))));
}

#[tokio::test]
async fn a_session_for_one_registry_is_good_for_that_one() {
    let world = world().await;
    let owner = world.owner().await;
    let session = |registry| Session {
        kind: SessionKind::InstanceToken { registry, token: 0 },
        policy: None,
        expires_at: Timestamp::from_millis(i64::MAX),
    };
    let caller =
        |registry| basic(&Arc::new(Identity { session: Some(Arc::new(session(registry))), ..(*owner).clone() }));
    assert_eq!(world.may(&caller(REGISTRY), "team/private").await, "YYfY");
    assert_eq!(world.may(&caller(RegistryId::new(2)), "team/private").await, "ffff");
    assert_eq!(world.may(&caller(RegistryId::new(2)), "others/public").await, "ffff");
}
