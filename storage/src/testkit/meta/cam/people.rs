//! The behaviour of sub-accounts, groups and keys in every metadata store.

use super::super::{Kit, NOW, REGISTRY, later};
use super::new_role;
use crate::Error;
use crate::meta::{NewRefreshToken, NewUser, UserChange, UserProfile, limits};
use crate::testkit::meta::{act, act_at};
use roadstead_types::{AccountId, Counted, GroupId, RoleId, Thing, Timestamp};

pub(super) async fn behave(kit: &Kit) {
    sub_accounts_are_found_by_their_owner_only(kit).await;
    names_are_unique_in_a_main_account(kit).await;
    a_sub_account_is_no_owner(kit).await;
    profiles_change_in_part(kit).await;
    a_new_password_voids_what_was_issued(kit).await;
    what_is_deleted_leaves_nothing(kit).await;
    groups_have_members(kit).await;
    of_several_members_all_are_added_or_none(kit).await;
    memberships_are_limited(kit).await;
    keys_are_used_and_deleted(kit).await;
    roles_change_who_may_take_them(kit).await;
}

fn is_stale<T>(outcome: crate::Result<T>, kind: Thing) -> bool {
    matches!(outcome, Err(Error::Stale(what)) if what == kind)
}

async fn sub_accounts_are_found_by_their_owner_only(kit: &Kit) {
    let (owner, other) = (kit.account().await, kit.account().await);
    let before = kit.two.change_counters().await.unwrap().changes;
    let user = kit.user(owner).await;
    assert!(kit.two.change_counters().await.unwrap().changes > before);
    assert_eq!((user.account.owner, user.account.created_at), (owner, NOW));
    let (id, name, uin) = (user.account.id, user.account.name.as_str(), &user.account.uin);
    assert_eq!(kit.two.user(owner, id).await.unwrap().as_ref(), Some(&user));
    assert_eq!(kit.two.user_by_name(owner, name).await.unwrap().as_ref(), Some(&user));
    assert_eq!(kit.two.user_by_uin(owner, uin).await.unwrap().as_ref(), Some(&user));
    assert_eq!(kit.two.user(other, id).await.unwrap(), None);
    assert_eq!(kit.two.user_by_name(other, name).await.unwrap(), None);
    assert_eq!(kit.two.user_by_uin(other, uin).await.unwrap(), None);
    assert_eq!(kit.two.user_by_name(owner, "nul\0").await.unwrap(), None);
    assert_eq!(kit.two.account_by_name(name).await.unwrap(), None, "it is no main account");
    assert_eq!(kit.two.account_by_uin(uin).await.unwrap().as_ref(), Some(&user.account));
    assert_eq!(kit.two.list_users(owner).await.unwrap(), [user]);
    assert_eq!(kit.two.list_users(other).await.unwrap(), []);
    assert_eq!(kit.two.user(owner, owner).await.unwrap(), None);
}

async fn names_are_unique_in_a_main_account(kit: &Kit) {
    let (owner, other) = (kit.account().await, kit.account().await);
    let first = kit.user(owner).await;
    let make = async |owner, uin: &roadstead_types::Uin, name: &str| {
        let profile = UserProfile { remark: "r".to_owned(), console_login: true, ..UserProfile::default() };
        let new = NewUser { owner, uin, name, profile: &profile, password_hash: None, key: None };
        kit.two.create_user(&act(), &new).await
    };
    let taken = make(owner, &kit.uin(), &first.account.name).await;
    assert!(matches!(taken, Err(Error::Conflict(Thing::Account))), "{taken:?}");
    let twin = make(other, &kit.uin(), &first.account.name).await.unwrap();
    assert!(twin.profile.console_login);
    let taken = make(other, &first.account.uin, "fresh").await;
    assert!(matches!(taken, Err(Error::Conflict(Thing::Account))));
    assert_eq!(kit.one.password_hash(twin.account.id).await.unwrap(), None);
}

async fn a_sub_account_is_no_owner(kit: &Kit) {
    let owner = kit.account().await;
    let user = kit.user(owner).await.account.id;
    assert!(is_stale(kit.one.create_group(&act(), user, "group", "").await, Thing::Account));
    assert!(is_stale(kit.one.create_role(&act(), user, &new_role("role")).await, Thing::Account));
    let nobody = AccountId::new(i64::MAX);
    assert!(is_stale(kit.one.create_group(&act(), nobody, "group", "").await, Thing::Account));
}

async fn profiles_change_in_part(kit: &Kit) {
    let (owner, other) = (kit.account().await, kit.account().await);
    let id = kit.user(owner).await.account.id;
    let version = kit.one.account(id).await.unwrap().unwrap().credential_version;
    let change = UserChange { remark: Some("remark"), email: Some("a@example.org"), ..UserChange::default() };
    kit.one.update_user(&act(), owner, id, &change).await.unwrap();
    let change = UserChange {
        console_login: Some(true),
        phone_number: Some("123"),
        country_code: Some("86"),
        ..UserChange::default()
    };
    kit.two.update_user(&act(), owner, id, &change).await.unwrap();
    kit.one.record_login(id, "192.0.2.1", later(5)).await.unwrap();
    let user = kit.two.user(owner, id).await.unwrap().unwrap();
    let profile = UserProfile {
        remark: "remark".to_owned(),
        console_login: true,
        phone_number: "123".to_owned(),
        country_code: "86".to_owned(),
        email: "a@example.org".to_owned(),
    };
    assert_eq!((user.profile, user.last_login_at), (profile, Some(later(5))));
    assert_eq!(user.last_login_ip.as_deref(), Some("192.0.2.1"));
    assert_eq!(user.account.credential_version, version);
    for (owner, id) in [(other, id), (owner, owner), (owner, AccountId::new(i64::MAX))] {
        assert!(is_stale(kit.one.update_user(&act(), owner, id, &change).await, Thing::User));
    }
}

async fn a_new_password_voids_what_was_issued(kit: &Kit) {
    let owner = kit.account().await;
    let user = kit.user(owner).await.account;
    let token = token(kit, user.id).await;
    let change = UserChange { password_hash: Some("other"), ..UserChange::default() };
    kit.one.update_user(&act_at(later(1)), owner, user.id, &change).await.unwrap();
    assert_eq!(kit.two.password_hash(user.id).await.unwrap().as_deref(), Some("other"));
    let changed = kit.two.account(user.id).await.unwrap().unwrap();
    assert_eq!(changed.credential_version, user.credential_version + 1);
    assert_eq!(kit.two.refresh_token(&token).await.unwrap().unwrap().revoked_at, Some(later(1)));
}

async fn token(kit: &Kit, account: AccountId) -> Vec<u8> {
    let hash = format!("cam-{}", kit.number()).into_bytes();
    let new = NewRefreshToken {
        hash: &hash,
        family: "family",
        registry: REGISTRY,
        account,
        service: "registry",
        client_id: "docker",
        credential_version: 1,
        expires_at: later(100),
    };
    kit.one.insert_refresh_token(&new, NOW).await.unwrap();
    hash
}

async fn what_is_deleted_leaves_nothing(kit: &Kit) {
    let (owner, other) = (kit.account().await, kit.account().await);
    let user = kit.user(owner).await.account;
    let group = kit.group(owner).await;
    let policy = kit.policy(owner).await;
    let token = token(kit, user.id).await;
    kit.one.add_members(&act(), owner, &[(group, user.id)]).await.unwrap();
    kit.one.attach_policy(&act(), owner, policy, crate::meta::Holder::User(user.id), "1").await.unwrap();
    assert!(is_stale(kit.one.delete_user(&act(), other, user.id, true).await, Thing::User));
    assert!(is_stale(kit.one.delete_user(&act(), owner, owner, true).await, Thing::User), "an owner is no user");
    assert!(matches!(kit.one.delete_user(&act(), owner, user.id, false).await, Err(Error::InUse(Thing::User))));
    let before = kit.two.change_counters().await.unwrap().changes;
    kit.one.delete_user(&act(), owner, user.id, true).await.unwrap();
    assert!(kit.two.change_counters().await.unwrap().changes > before);
    assert_eq!(kit.two.account(user.id).await.unwrap(), None);
    assert_eq!(kit.two.password_hash(user.id).await.unwrap(), None);
    assert_eq!(kit.two.list_access_keys(user.id).await.unwrap(), []);
    assert_eq!(kit.two.refresh_token(&token).await.unwrap(), None);
    assert_eq!(kit.two.list_members(group).await.unwrap(), []);
    assert_eq!(kit.two.list_entities(owner, policy).await.unwrap(), []);
    assert!(is_stale(kit.one.delete_user(&act(), owner, user.id, true).await, Thing::User));
}

async fn groups_have_members(kit: &Kit) {
    let (owner, other) = (kit.account().await, kit.account().await);
    let (user, group) = (kit.user(owner).await, kit.group(owner).await);
    let found = kit.two.group(owner, group).await.unwrap().unwrap();
    assert_eq!((found.id, found.created_at), (group, NOW));
    assert_eq!(kit.two.group(other, group).await.unwrap(), None);
    let taken = kit.two.create_group(&act(), owner, &found.name, "").await;
    assert!(matches!(taken, Err(Error::Conflict(Thing::Group))));
    kit.two.create_group(&act(), other, &found.name, "").await.unwrap();
    kit.one.update_group(&act(), owner, group, None, Some("remark")).await.unwrap();
    kit.one.update_group(&act(), owner, group, Some("renamed"), None).await.unwrap();
    let changed = kit.two.group(owner, group).await.unwrap().unwrap();
    assert_eq!((changed.name.as_str(), changed.remark.as_str()), ("renamed", "remark"));
    let second = kit.group(owner).await;
    let taken = kit.one.update_group(&act(), owner, second, Some("renamed"), None).await;
    assert!(matches!(taken, Err(Error::Conflict(Thing::Group))));
    assert!(is_stale(kit.one.update_group(&act(), other, group, None, None).await, Thing::Group));
    kit.one.add_members(&act_at(later(1)), owner, &[(group, user.account.id)]).await.unwrap();
    kit.two.add_members(&act_at(later(2)), owner, &[(group, user.account.id)]).await.unwrap();
    let members = kit.two.list_members(group).await.unwrap();
    assert_eq!((members.len(), &members[0].user, members[0].since), (1, &user, later(1)));
    assert_eq!(kit.two.groups_of_user(user.account.id).await.unwrap(), [group]);
    assert_eq!(kit.two.list_groups_of_user(user.account.id).await.unwrap(), [changed]);
    kit.one.remove_members(&act(), owner, &[(group, user.account.id), (second, user.account.id)]).await.unwrap();
    assert_eq!(kit.two.list_members(group).await.unwrap(), []);
    kit.one.add_members(&act(), owner, &[(group, user.account.id)]).await.unwrap();
    assert!(is_stale(kit.one.delete_group(&act(), other, group).await, Thing::Group));
    kit.one.delete_group(&act(), owner, group).await.unwrap();
    assert!(is_stale(kit.one.delete_group(&act(), owner, group).await, Thing::Group));
    assert_eq!(kit.two.groups_of_user(user.account.id).await.unwrap(), []);
    assert_eq!(kit.two.list_groups(owner).await.unwrap().iter().map(|g| g.id).collect::<Vec<_>>(), [second]);
    assert!(kit.two.user(owner, user.account.id).await.unwrap().is_some());
}

async fn of_several_members_all_are_added_or_none(kit: &Kit) {
    let (owner, other) = (kit.account().await, kit.account().await);
    let (user, group) = (kit.user(owner).await.account.id, kit.group(owner).await);
    let (foreign_user, foreign_group) = (kit.user(other).await.account.id, kit.group(other).await);
    let nowhere = GroupId::new(1);
    for (bad, kind) in
        [((group, foreign_user), Thing::User), ((foreign_group, user), Thing::Group), ((nowhere, user), Thing::Group)]
    {
        assert!(is_stale(kit.one.add_members(&act(), owner, &[(group, user), bad]).await, kind));
        assert!(is_stale(kit.one.remove_members(&act(), owner, &[bad]).await, kind));
    }
    assert_eq!(kit.two.list_members(group).await.unwrap(), []);
}

async fn memberships_are_limited(kit: &Kit) {
    let owner = kit.account().await;
    let user = kit.user(owner).await.account.id;
    let mut pairs = Vec::new();
    for _ in 0..=limits::GROUPS_OF_USER {
        pairs.push((kit.group(owner).await, user));
    }
    let full = kit.one.add_members(&act(), owner, &pairs).await;
    assert!(matches!(full, Err(Error::LimitReached { what: Counted::GroupsOfUser, .. })), "{full:?}");
    kit.one.add_members(&act(), owner, &pairs[1..]).await.unwrap();
    kit.one.add_members(&act(), owner, &pairs[1..]).await.unwrap();
    assert_eq!(kit.one.groups_of_user(user).await.unwrap().len(), 10);
    let full = pairs[0].0;
    let mut pairs = Vec::new();
    for _ in 0..=limits::USERS_OF_GROUP {
        pairs.push((full, kit.user(owner).await.account.id));
    }
    let outcome = kit.one.add_members(&act(), owner, &pairs).await;
    assert!(matches!(outcome, Err(Error::LimitReached { what: Counted::UsersOfGroup, limit: 100 })), "{outcome:?}");
    kit.one.add_members(&act(), owner, &pairs[1..]).await.unwrap();
    assert_eq!(kit.one.list_members(full).await.unwrap().len(), 100);
}

async fn keys_are_used_and_deleted(kit: &Kit) {
    let owner = kit.account().await;
    let (user, other) = (kit.user(owner).await.account.id, kit.user(owner).await.account.id);
    let key = kit.two.list_access_keys(user).await.unwrap().remove(0);
    assert_eq!((key.description.as_str(), key.last_used_at, key.active), ("first", None, true));
    let counter = kit.two.change_counters().await.unwrap().changes;
    let used = |at: Timestamp| [(key.secret_id.clone(), at), (kit.secret_id(), at)];
    kit.one.record_key_uses(&used(later(9))).await.unwrap();
    kit.one.record_key_uses(&used(later(3))).await.unwrap();
    assert_eq!(kit.two.access_key(&key.secret_id).await.unwrap().unwrap().last_used_at, Some(later(9)));
    assert_eq!(kit.two.change_counters().await.unwrap().changes, counter, "no cache has to hear of it");
    assert!(!kit.one.set_access_key_active(&act(), other, &key.secret_id, false).await.unwrap());
    assert!(kit.one.set_access_key_active(&act(), user, &key.secret_id, false).await.unwrap());
    assert!(!kit.two.access_key(&key.secret_id).await.unwrap().unwrap().active);
    assert!(!kit.one.delete_access_key(&act(), other, &key.secret_id).await.unwrap());
    assert!(kit.one.delete_access_key(&act(), user, &key.secret_id).await.unwrap());
    assert!(!kit.one.delete_access_key(&act(), user, &key.secret_id).await.unwrap());
    assert_eq!(kit.two.change_counters().await.unwrap().changes, counter + 2);
    kit.one.delete_user(&act(), owner, user, false).await.unwrap();
}

async fn roles_change_who_may_take_them(kit: &Kit) {
    let (owner, other) = (kit.account().await, kit.account().await);
    let id = kit.role(owner).await;
    assert_eq!(kit.two.role(other, id).await.unwrap(), None);
    let role = kit.two.role(owner, id).await.unwrap().unwrap();
    assert_eq!((role.owner, role.version, role.session_duration), (owner, 1, 7200));
    assert_eq!((role.document.as_str(), role.trust.as_str()), (" as written ", super::DOCUMENT));
    assert!(id.to_string().len() == 19, "{id}");
    assert_eq!(kit.two.role_by_name(owner, &role.name).await.unwrap().as_ref(), Some(&role));
    assert_eq!(kit.two.role_by_name(other, &role.name).await.unwrap(), None);
    let taken = kit.two.create_role(&act(), owner, &new_role(&role.name)).await;
    assert!(matches!(taken, Err(Error::Conflict(Thing::Role))));
    kit.one.update_trust(&act_at(later(1)), owner, id, "new", "canonical").await.unwrap();
    let changed = kit.two.role(owner, id).await.unwrap().unwrap();
    assert_eq!((changed.version, changed.updated_at, changed.trust.as_str()), (2, later(1), "canonical"));
    assert_eq!(kit.two.list_roles(owner).await.unwrap(), [changed]);
    assert!(is_stale(kit.one.update_trust(&act(), other, id, "new", "canonical").await, Thing::Role));
    assert!(is_stale(kit.one.delete_role(&act(), other, id).await, Thing::Role));
    kit.one.delete_role(&act(), owner, id).await.unwrap();
    assert_eq!(kit.two.role(owner, id).await.unwrap(), None);
    assert!(is_stale(kit.one.delete_role(&act(), owner, id).await, Thing::Role));
    assert_ne!(kit.role(owner).await, id, "a number is never used again");
    assert_eq!(kit.two.role(owner, RoleId::new(1)).await.unwrap(), None);
}
