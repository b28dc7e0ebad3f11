//! Concurrent changes of one main account by two processes.

use crate::testkit::meta::act;
use futures::future::join_all;

use super::super::Kit;
use super::{new_policy, new_role};
use crate::Error;
use crate::meta::{Holder, limits};
use roadstead_types::{Counted, Thing};

pub(super) async fn behave(kit: &Kit) {
    the_last_place_goes_to_one(kit).await;
    a_policy_is_deleted_or_attached(kit).await;
    a_user_is_deleted_or_given_something(kit).await;
    one_name_goes_to_one(kit).await;
    members_come_from_both_sides(kit).await;
}

async fn the_last_place_goes_to_one(kit: &Kit) {
    let owner = kit.account().await;
    // One statement makes all but one of them. The limit counts rows, however they were made.
    let fill = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $2) \
         INSERT INTO cam_groups (id, owner_id, name, remark, created_at) \
         SELECT 500000000 + i, $1, 'filler-' || i, '', 0 FROM n";
    let count = i64::try_from(limits::GROUPS).unwrap() - 1;
    sqlx::query(fill).bind(owner.get()).bind(count).execute(kit.one.writer()).await.unwrap();
    let outcomes = join_all((0..6).map(|number| async move {
        kit.store(number).create_group(&act(), owner, &format!("last-{number}"), "").await
    }))
    .await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
    let full =
        |outcome: &&crate::Result<_>| matches!(outcome, Err(Error::LimitReached { what: Counted::Groups, limit: 300 }));
    assert_eq!(outcomes.iter().filter(full).count(), 5);
    assert_eq!(kit.two.list_groups(owner).await.unwrap().len(), 300);
}

async fn a_policy_is_deleted_or_attached(kit: &Kit) {
    let owner = kit.account().await;
    let user = kit.user(owner).await.account.id;
    for number in 0..10 {
        let policy = kit.policy(owner).await;
        let ids = [policy];
        let (attached, deleted) = futures::join!(
            async { kit.store(number).attach_policy(&act(), owner, policy, Holder::User(user), "1").await },
            async { kit.store(number + 1).delete_policies(&act(), owner, &ids).await },
        );
        assert!(deleted.is_ok(), "{deleted:?}");
        assert!(matches!(attached, Ok(true) | Err(Error::Stale(Thing::Policy))), "{attached:?}");
        assert_eq!(kit.one.list_attached(Holder::User(user)).await.unwrap(), []);
    }
}

async fn a_user_is_deleted_or_given_something(kit: &Kit) {
    let owner = kit.account().await;
    let group = kit.group(owner).await;
    for number in 0..10 {
        let user = kit.user(owner).await.account.id;
        let key = kit.secret_id();
        let new = crate::meta::NewAccessKey { secret_id: &key, sealed_secret: b"sealed", description: "" };
        let members = [(group, user)];
        let (deleted, key_made, joined) = futures::join!(
            async { kit.store(number).delete_user(&act(), owner, user, true).await },
            async { kit.store(number + 1).create_access_key(&act(), user, &new).await },
            async { kit.store(number + 1).add_members(&act(), owner, &members).await },
        );
        assert!(deleted.is_ok(), "{deleted:?}");
        assert!(matches!(key_made, Ok(()) | Err(Error::Stale(Thing::Account))), "{key_made:?}");
        assert!(matches!(joined, Ok(()) | Err(Error::Stale(Thing::User))), "{joined:?}");
        assert_eq!(kit.two.access_key(&key).await.unwrap(), None);
        assert_eq!(kit.two.list_members(group).await.unwrap(), []);
    }
}

async fn one_name_goes_to_one(kit: &Kit) {
    let owner = kit.account().await;
    let policies = join_all(
        (0..4).map(|number| async move { kit.store(number).create_policy(&act(), owner, &new_policy("one")).await }),
    )
    .await;
    assert_eq!(policies.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{policies:?}");
    let roles = join_all(
        (0..4).map(|number| async move { kit.store(number).create_role(&act(), owner, &new_role("one")).await }),
    )
    .await;
    assert_eq!(roles.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{roles:?}");
}

async fn members_come_from_both_sides(kit: &Kit) {
    let owner = kit.account().await;
    let user = kit.user(owner).await.account.id;
    let mut groups = Vec::new();
    for _ in 0..14 {
        groups.push(kit.group(owner).await);
    }
    let outcomes =
        join_all(groups.iter().enumerate().map(|(number, &group)| async move {
            kit.store(number).add_members(&act(), owner, &[(group, user)]).await
        }))
        .await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 10, "{outcomes:?}");
    assert_eq!(kit.two.groups_of_user(user).await.unwrap().len(), 10);
}
