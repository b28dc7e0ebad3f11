//! Roles, federation and temporary keys.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test: to panic is how it tells")]

mod common;

use roadstead_storage::testkit::act;
use std::sync::Arc;
use std::time::Duration;

use common::people::{ALLOW_ALL, allow, world};
use common::{REGISTRY, World, basic};
use roadstead_auth::{
    AuthenticationError, Caller, Error, Identity, MAX_TEMPORARY_TOKEN_CHARS, NewSession, Session, SessionKind,
    TemporaryKey,
};
use roadstead_storage::meta::{Holder, NewRole, Scope};
use roadstead_types::{RegistryId, RoleId, Timestamp};

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
        let role = self.meta.create_role(&act(self.clock.clone()), self.owner.account.id, &new).await.unwrap();
        for policy in policies {
            self.attach(policy, Holder::Role(role)).await;
        }
        role
    }

    async fn key_of_role(&self, caller: &Identity, role: RoleId, policy: Option<&str>) -> TemporaryKey {
        let version = self.meta.role_version(role).await.unwrap().unwrap().version;
        let (owner, owner_uin) = (self.owner.account.id, &self.owner.account.uin);
        let session = NewSession::Role { id: role, version, owner, owner_uin, session_name: "ci", provider: None };
        self.auth.issue_temporary(caller, session, policy, Duration::from_secs(3600), None).unwrap()
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
async fn no_half_of_a_temporary_key_looks_like_an_option_of_a_command() {
    let world = world().await;
    let sub = world.sub("taker", &[allow("ccr:push", "*")]).await;
    for number in 0..64 {
        let session = NewSession::Federation { name: "ci" };
        let lifetime = Duration::from_secs(3600 + number);
        let key = world.auth.issue_temporary(&sub.identity, session, None, lifetime, None).unwrap();
        assert!(key.secret_id.starts_with("AKID"));
        assert!(!key.secret_key.contains('-'), "{number}");
        assert!(!key.token.starts_with('-'), "{number}");
        assert!(world.temporary(&key).await.is_some());
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
    // The policy of a session removes rights and adds none.
    let limited = world.key_of_role(&sub.identity, role, Some(&allow("*", "qcs::ccr:::repo/team/other"))).await;
    let caller = world.temporary(&limited).await.unwrap();
    assert_eq!(world.may(&caller, "team/private").await, "ffff");
    assert_eq!(world.may(&caller, "team/public").await, "ffff", "nor what everybody may");
    assert_eq!(world.may(&caller, "team/other").await, "YffY");
}

#[tokio::test]
async fn a_role_is_not_the_same_for_everybody() {
    let world = world().await;
    let role = world.role(&[allow("ccr:pull", "qcs::ccr:::repo/team/of-${uin}")]).await;
    let mut takers = Vec::new();
    for name in ["one", "two"] {
        let sub = world.sub(name, &[]).await;
        let key = world.key_of_role(&sub.identity, role, None).await;
        takers.push((world.temporary(&key).await.unwrap(), format!("team/of-{}", sub.identity.uin)));
    }
    // The same again, when the answers are cached.
    for _ in 0..2 {
        for (taker, (_, own)) in [(0, &takers[0]), (0, &takers[1]), (1, &takers[0]), (1, &takers[1])] {
            let expected = if takers[taker].1 == *own { "YffY" } else { "ffff" };
            assert_eq!(world.may(&takers[taker].0, own).await, expected, "{taker} {own}");
        }
    }
}

#[tokio::test]
async fn a_session_of_a_main_account_has_limits() {
    let world = world().await;
    let owner = world.owner().await;
    let federation = |policy: &str| {
        let session = NewSession::Federation { name: "deploy" };
        world.auth.issue_temporary(&owner, session, Some(policy), Duration::from_secs(1800), None)
    };
    let key = federation(&allow("ccr:pull", "qcs::ccr:::repo/team/private")).unwrap();
    let caller = world.temporary(&key).await.unwrap();
    assert_eq!(world.may(&caller, "team/private").await, "YffY");
    assert_eq!(world.may(&caller, "team/missing").await, "ffff");
    let everything = world.temporary(&federation(ALLOW_ALL).unwrap()).await.unwrap();
    assert_eq!(world.may(&everything, "team/private").await, "YYfY", "all but what only the account itself may");
    // A session cannot make another one.
    let identity = everything.identity.clone().unwrap();
    let session = NewSession::Federation { name: "again" };
    let again = world.auth.issue_temporary(&identity, session, Some(ALLOW_ALL), Duration::from_secs(1), None);
    assert!(matches!(again, Err(Error::Session)));
    let bearer = world.caller(caller.identity.as_ref(), &["repository:team/private:pull,push"]).await;
    assert_eq!(world.may(&bearer, "team/private").await, "YffY", "a token has the limits of its session");
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
        world.auth.issue_temporary(identity, federation, Some(ALLOW_ALL), Duration::from_secs(1800), None).unwrap()
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
    // The role now has another trust policy.
    let owner = world.owner.account.id;
    world.meta.update_trust(&act(world.clock.clone()), owner, role, "{}", "{}").await.unwrap();
    assert!(world.auth.poll_changes().await.unwrap().changed);
    assert!(world.temporary(&key).await.is_none());
    assert!(world.temporary(&other).await.is_some());
    let key = world.key_of_role(&sub.identity, role, None).await;
    assert!(world.temporary(&key).await.is_some());
    world.meta.delete_role(&act(world.clock.clone()), owner, role).await.unwrap();
    assert!(world.auth.poll_changes().await.unwrap().changed);
    assert!(world.temporary(&key).await.is_none());
    // The session ends.
    world.clock.advance(Duration::from_secs(1799));
    assert!(world.temporary(&other).await.is_some());
    world.clock.advance(Duration::from_secs(2));
    assert!(world.temporary(&other).await.is_none());
    // The password changes.
    let other = issue(&sub.identity);
    world.accounts.set_password(&act(world.clock.clone()), sub.identity.account, "another horse").await.unwrap();
    world.auth.changed(&Scope::Account(sub.identity.account));
    assert!(world.temporary(&other).await.is_none());
}

#[tokio::test]
async fn a_session_for_one_registry_is_good_for_that_one() {
    let world = world().await;
    let owner = world.owner().await;
    let session = |registry| Session {
        kind: SessionKind::InstanceToken { registry, token: 0, key: None },
        policy: None,
        expires_at: Timestamp::from_millis(i64::MAX),
        origin: None,
    };
    let caller =
        |registry| basic(&Arc::new(Identity { session: Some(Arc::new(session(registry))), ..(*owner).clone() }));
    assert_eq!(world.may(&caller(REGISTRY), "team/private").await, "YYfY");
    assert_eq!(world.may(&caller(RegistryId::new(2)), "team/private").await, "ffff");
    assert_eq!(world.may(&caller(RegistryId::new(2)), "others/public").await, "ffff");
}
