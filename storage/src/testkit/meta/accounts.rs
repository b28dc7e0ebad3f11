//! The behaviour of accounts and sign-ins in every metadata store.

use std::collections::BTreeSet;

use super::{Kit, NOW, REGISTRY, act, act_at, later, pages_show_all};
use crate::Error;
use crate::meta::{AccountStatus, NewAccessKey, NewAccount, NewRefreshToken, Rotation, SigningKey};
use roadstead_types::{AccountId, SecretId, Thing, Timestamp, Uin};

pub(super) async fn behave(kit: &Kit) {
    accounts_are_found_by_everything_unique(kit).await;
    passwords_and_states_void_what_was_issued(kit).await;
    assert!(!kit.one.has_sealed().await.unwrap());
    an_account_has_two_access_keys_at_most(kit).await;
    assert!(kit.two.has_sealed().await.unwrap());
    signing_keys_rotate_once(kit).await;
    what_is_sealed_is_replaced_as_a_whole(kit).await;
    refresh_tokens_end_when_their_successor_is_used(kit).await;
    no_successor_escapes_a_revocation(kit).await;
    ended_and_revoked_refresh_tokens_are_unknown(kit).await;
    account_pages_show_all(kit).await;
}

async fn accounts_are_found_by_everything_unique(kit: &Kit) {
    let before = kit.two.change_counters().await.unwrap().changes;
    let uin = Uin::from_number(Uin::MAX).unwrap();
    let new = NewAccount::new(&uin, "ada");
    let made = kit.one.create_account(&act(), &new).await.unwrap();
    assert_eq!((made.owner, made.status, made.created_at), (made.id, AccountStatus::Active, NOW));
    assert_eq!(kit.two.account(made.id).await.unwrap().as_ref(), Some(&made));
    assert_eq!(kit.two.account_by_uin(&uin).await.unwrap().as_ref(), Some(&made));
    assert_eq!(kit.two.account_by_name("ada").await.unwrap().as_ref(), Some(&made));
    for other in ["Ada", "ad", "ada ", "ada\0", ""] {
        assert_eq!(kit.two.account_by_name(other).await.unwrap(), None, "{other:?}");
    }
    assert_eq!(kit.two.password_hash(made.id).await.unwrap(), None);
    assert!(kit.two.change_counters().await.unwrap().changes > before);
    let twin = Uin::from_number(Uin::MAX - 1).unwrap();
    for new in [NewAccount { uin: &twin, ..new }, NewAccount { name: "grace", ..new }] {
        let outcome = kit.two.create_account(&act(), &new).await;
        assert!(matches!(outcome, Err(Error::Conflict(Thing::Account))), "{outcome:?}");
    }
}

async fn passwords_and_states_void_what_was_issued(kit: &Kit) {
    let id = kit.account().await;
    let version = async || kit.two.account(id).await.unwrap().unwrap().credential_version;
    let first = version().await;
    assert!(!kit.one.update_password_hash(id, "other", "stronger").await.unwrap());
    assert!(kit.one.update_password_hash(id, "hash", "stronger").await.unwrap());
    assert_eq!(version().await, first, "the password is the same");
    let token = token(kit, id);
    kit.one.insert_refresh_token(&token.to_store(), NOW).await.unwrap();
    kit.one.set_password_hash(&act_at(later(1)), id, "new").await.unwrap();
    assert_eq!(version().await, first + 1);
    assert_eq!(kit.two.password_hash(id).await.unwrap().as_deref(), Some("new"));
    let stored = kit.two.refresh_token(&token.hash).await.unwrap().unwrap();
    assert_eq!(stored.revoked_at, Some(later(1)));
    let before = kit.two.change_counters().await.unwrap().changes;
    assert!(kit.one.set_account_status(&act(), id, AccountStatus::Disabled).await.unwrap());
    assert!(kit.one.set_account_status(&act(), id, AccountStatus::Disabled).await.unwrap());
    assert_eq!((version().await, kit.two.change_counters().await.unwrap().changes), (first + 2, before + 1));
    assert_eq!(kit.two.account(id).await.unwrap().unwrap().status, AccountStatus::Disabled);
    let nobody = AccountId::new(i64::MAX);
    assert!(!kit.one.set_account_status(&act(), nobody, AccountStatus::Disabled).await.unwrap());
    assert!(matches!(kit.one.set_password_hash(&act(), nobody, "x").await, Err(Error::Stale(_))));
    assert_eq!(kit.one.account(nobody).await.unwrap(), None);
}

fn secret_id(number: u64) -> SecretId {
    format!("AKID{number:032}").parse().unwrap()
}

fn key_of(secret_id: &SecretId) -> NewAccessKey<'_> {
    NewAccessKey { secret_id, sealed_secret: b"sealed", description: "for tests" }
}

async fn an_account_has_two_access_keys_at_most(kit: &Kit) {
    let id = kit.account().await;
    let keys: Vec<SecretId> = (0..6).map(|_| secret_id(kit.number())).collect();
    let attempts = keys.iter().enumerate().map(|(index, key)| {
        let store = if index % 2 == 0 { &kit.one } else { &kit.two };
        async move { store.create_access_key(&act(), id, &key_of(key)).await }
    });
    let outcomes = futures::future::join_all(attempts).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 2, "{outcomes:?}");
    let refused = |outcome: &&crate::Result<()>| matches!(outcome, Err(Error::LimitReached { limit: 2, .. }));
    assert_eq!(outcomes.iter().filter(refused).count(), 4);
    let listed = kit.two.list_access_keys(id).await.unwrap();
    assert_eq!(listed.len(), 2);
    let first = &listed[0];
    assert_eq!((first.account, &first.sealed_secret[..], first.active), (id, &b"sealed"[..], true));
    assert_eq!(kit.two.access_key(&first.secret_id).await.unwrap().as_ref(), Some(first));
    assert_eq!(kit.two.access_key(&secret_id(u64::MAX)).await.unwrap(), None);
    let other = kit.account().await;
    let taken = kit.one.create_access_key(&act(), other, &key_of(&first.secret_id)).await;
    assert!(matches!(taken, Err(Error::Conflict(_))));
}

fn signing_key(kid: &str, created_at: Timestamp) -> SigningKey {
    SigningKey {
        kid: kid.to_owned(),
        algorithm: "ES256".to_owned(),
        public: vec![4, 0, 255],
        sealed_private: vec![0; 48],
        created_at,
        retired_at: None,
        expires_at: None,
    }
}

async fn what_is_sealed_is_replaced_as_a_whole(kit: &Kit) {
    let before = kit.one.sealed().await.unwrap();
    let kinds: BTreeSet<String> = before.iter().map(|sealed| format!("{:?}", sealed.kind)).collect();
    assert_eq!(kinds.len(), 2, "{kinds:?}");
    let new: Vec<Vec<u8>> = before.iter().map(|sealed| format!("new {}", sealed.id).into_bytes()).collect();
    let mut changed = before.clone();
    changed.last_mut().unwrap().sealed.push(0);
    for old in [&before[1..], &changed[..]] {
        let outcome = kit.two.replace_sealed(&act(), old, &new[..old.len()]).await;
        assert!(matches!(outcome, Err(Error::Stale(_))), "{outcome:?}");
        assert_eq!(kit.one.sealed().await.unwrap(), before);
    }
    kit.two.replace_sealed(&act(), &before, &new).await.unwrap();
    let after = kit.one.sealed().await.unwrap();
    assert!(after.iter().all(|sealed| sealed.sealed == format!("new {}", sealed.id).into_bytes()));
    let old: Vec<Vec<u8>> = before.iter().map(|sealed| sealed.sealed.clone()).collect();
    kit.one.replace_sealed(&act(), &after, &old).await.unwrap();
}

async fn signing_keys_rotate_once(kit: &Kit) {
    assert_eq!(kit.one.signing_keys().await.unwrap(), []);
    let (a, b) = (signing_key("a", NOW), signing_key("b", NOW));
    let rotations = futures::join!(
        kit.one.rotate_signing_key(&a, NOW, later(10), NOW),
        kit.two.rotate_signing_key(&b, NOW, later(10), NOW),
    );
    assert!(rotations.0.unwrap() != rotations.1.unwrap(), "one of two");
    let keys = kit.two.signing_keys().await.unwrap();
    assert_eq!(keys.len(), 1);
    assert!(keys[0] == a || keys[0] == b);
    let next = signing_key("c", later(5));
    assert!(kit.one.rotate_signing_key(&next, later(5), later(15), later(5)).await.unwrap());
    let keys = kit.two.signing_keys().await.unwrap();
    assert_eq!((&keys[0], keys[1].retired_at, keys[1].expires_at), (&next, Some(later(5)), Some(later(15))));
    assert_eq!(kit.one.delete_expired_signing_keys(later(14)).await.unwrap(), 0);
    assert_eq!(kit.one.delete_expired_signing_keys(later(15)).await.unwrap(), 1);
    assert_eq!(kit.two.signing_keys().await.unwrap(), [next]);
}

struct Token {
    hash: Vec<u8>,
    family: String,
    account: AccountId,
}

impl Token {
    fn to_store(&self) -> NewRefreshToken<'_> {
        NewRefreshToken {
            hash: &self.hash,
            family: &self.family,
            registry: REGISTRY,
            account: self.account,
            service: "registry",
            client_id: "docker",
            credential_version: 1,
            expires_at: later(100),
        }
    }
}

fn token(kit: &Kit, account: AccountId) -> Token {
    let number = kit.number();
    Token { hash: number.to_be_bytes().to_vec(), family: format!("family-{number}"), account }
}

async fn refresh_tokens_end_when_their_successor_is_used(kit: &Kit) {
    let account = kit.account().await;
    let (first, second, third) = (token(kit, account), token(kit, account), token(kit, account));
    kit.one.insert_refresh_token(&first.to_store(), NOW).await.unwrap();
    let successor = second.to_store();
    let (left, right) = futures::join!(
        kit.one.rotate_refresh_token(&first.hash, &successor, NOW),
        kit.two.rotate_refresh_token(&first.hash, &successor, NOW),
    );
    assert_eq!([left.unwrap(), right.unwrap()], [Rotation::Rotated; 2], "its holder may not have got the answer");
    let stored = kit.two.refresh_token(&second.hash).await.unwrap().unwrap();
    assert_eq!(stored.family, first.family, "it stays in the family");
    assert_eq!((stored.service.as_str(), stored.client_id.as_str(), stored.issued_at), ("registry", "docker", NOW));
    assert_eq!(kit.one.rotate_refresh_token(&second.hash, &third.to_store(), NOW).await.unwrap(), Rotation::Rotated);
    assert_eq!(kit.two.rotate_refresh_token(&first.hash, &successor, NOW).await.unwrap(), Rotation::Reused);
    let stored = kit.two.refresh_token(&third.hash).await.unwrap().unwrap();
    assert!(stored.revoked_at.is_some(), "somebody has a copy: the whole family is revoked");
    let next = token(kit, account);
    assert_eq!(kit.one.rotate_refresh_token(&third.hash, &next.to_store(), NOW).await.unwrap(), Rotation::Unknown);
    assert_eq!(kit.one.refresh_token(&next.hash).await.unwrap(), None);
}

/// A thief uses the newest token while the owner sends an old one. Afterwards no token of the family is valid.
async fn no_successor_escapes_a_revocation(kit: &Kit) {
    for _ in 0..20 {
        let account = kit.account().await;
        let [first, second, third, fourth] = [0; 4].map(|_| token(kit, account));
        kit.one.insert_refresh_token(&first.to_store(), NOW).await.unwrap();
        for (old, new) in [(&first, &second), (&second, &third)] {
            let rotated = kit.one.rotate_refresh_token(&old.hash, &new.to_store(), NOW).await.unwrap();
            assert_eq!(rotated, Rotation::Rotated);
        }
        let (successor, again) = (fourth.to_store(), second.to_store());
        let (thief, owner) = futures::join!(
            kit.one.rotate_refresh_token(&third.hash, &successor, NOW),
            kit.two.rotate_refresh_token(&first.hash, &again, NOW),
        );
        assert_eq!(owner.unwrap(), Rotation::Reused);
        assert!(matches!(thief.unwrap(), Rotation::Rotated | Rotation::Unknown));
        let fourth = kit.two.refresh_token(&fourth.hash).await.unwrap();
        assert!(fourth.is_none_or(|token| token.revoked_at.is_some()));
    }
}

async fn ended_and_revoked_refresh_tokens_are_unknown(kit: &Kit) {
    let account = kit.account().await;
    let (ended, next) = (token(kit, account), token(kit, account));
    kit.one.insert_refresh_token(&ended.to_store(), NOW).await.unwrap();
    let rotate = async |at| kit.two.rotate_refresh_token(&ended.hash, &next.to_store(), at).await.unwrap();
    assert_eq!(rotate(later(100)).await, Rotation::Unknown);
    assert!(kit.one.set_account_status(&act_at(later(2)), account, AccountStatus::Disabled).await.unwrap());
    assert!(kit.two.refresh_token(&ended.hash).await.unwrap().unwrap().revoked_at.is_some());
    assert_eq!(rotate(later(4)).await, Rotation::Unknown);
    assert_eq!(kit.two.rotate_refresh_token(b"never seen", &next.to_store(), NOW).await.unwrap(), Rotation::Unknown);
    assert!(kit.one.delete_expired_refresh_tokens(later(100)).await.unwrap() >= 1);
    assert_eq!(kit.two.refresh_token(&ended.hash).await.unwrap(), None);
}

async fn account_pages_show_all(kit: &Kit) {
    let mut all: Vec<String> =
        kit.one.list_accounts(None, 10_000).await.unwrap().iter().map(|account| account.uin.to_string()).collect();
    assert!(all.is_sorted() && all.len() > 3);
    all.dedup();
    pages_show_all(
        &all,
        |account: &crate::meta::Account| account.uin.to_string(),
        async |after, limit| {
            let after: Option<Uin> = after.map(|text| text.parse().unwrap());
            kit.two.list_accounts(after.as_ref(), limit).await.unwrap()
        },
    )
    .await;
}
