//! The behaviour of policies and their attachments in every metadata store.

use super::super::{Kit, NOW, later};
use super::{DOCUMENT, new_policy};
use crate::Error;
use crate::meta::{Holder, PolicyCounts, StoredPolicies, StoredPolicy, limits};
use crate::testkit::meta::{act, act_at};
use roadstead_types::{AccountId, Counted, PolicyId, Thing};

pub(super) async fn behave(kit: &Kit) {
    policies_belong_to_their_owner(kit).await;
    policies_are_attached_once(kit).await;
    foreign_and_missing_are_alike(kit).await;
    what_is_deleted_is_detached(kit).await;
    documents_are_put_together(kit).await;
    boundaries_hold(kit).await;
    attachments_are_counted_and_limited(kit).await;
}

/// The number of a preset policy.
const PRESET: PolicyId = PolicyId::new(419_082);

fn is_stale<T>(outcome: crate::Result<T>, kind: Thing) -> bool {
    matches!(outcome, Err(Error::Stale(what)) if what == kind)
}

async fn policies_belong_to_their_owner(kit: &Kit) {
    let (owner, other) = (kit.account().await, kit.account().await);
    let id = kit.policy(owner).await;
    assert!(id.is_custom() && !PRESET.is_custom());
    let policy = kit.two.policy(owner, id).await.unwrap().unwrap();
    assert_eq!((policy.document.as_str(), policy.canonical.as_str()), (" as written ", DOCUMENT));
    let name = policy.summary.name.clone();
    assert_eq!(kit.two.policy_by_name(owner, &name).await.unwrap().as_ref(), Some(&policy));
    assert_eq!(kit.two.list_policies(owner).await.unwrap(), [policy.summary]);
    assert_eq!(kit.two.policy(other, id).await.unwrap(), None);
    assert_eq!(kit.two.policy_by_name(other, &name).await.unwrap(), None);
    let taken = kit.two.create_policy(&act(), owner, &new_policy(&name)).await;
    assert!(matches!(taken, Err(Error::Conflict(Thing::Policy))));
    kit.two.create_policy(&act(), other, &new_policy(&name)).await.unwrap();
    assert!(is_stale(kit.one.update_policy(&act(), other, id, Some("x"), None).await, Thing::Policy));
    let before = kit.two.change_counters().await.unwrap().changes;
    kit.one.update_policy(&act_at(later(1)), owner, id, Some("other"), None).await.unwrap();
    kit.one.update_policy(&act_at(later(2)), owner, id, None, Some(("text", "canonical"))).await.unwrap();
    assert!(kit.two.change_counters().await.unwrap().changes >= before + 2);
    let changed = kit.two.policy(owner, id).await.unwrap().unwrap();
    assert_eq!((changed.document.as_str(), changed.canonical.as_str()), ("text", "canonical"));
    assert_eq!((changed.summary.description.as_str(), changed.summary.updated_at), ("other", later(2)));
    assert_eq!(changed.summary.created_at, NOW);
    let second = kit.policy(owner).await;
    for bad in [PolicyId::new(i64::MAX), PRESET, kit.policy(other).await] {
        assert!(is_stale(kit.one.delete_policies(&act(), owner, &[second, bad]).await, Thing::Policy));
    }
    assert!(kit.two.policy(owner, second).await.unwrap().is_some(), "all or none");
    kit.one.delete_policies(&act(), owner, &[id, second]).await.unwrap();
    assert_eq!(kit.two.list_policies(owner).await.unwrap(), []);
}

async fn policies_are_attached_once(kit: &Kit) {
    let owner = kit.account().await;
    let policy = kit.policy(owner).await;
    let user = Holder::User(kit.user(owner).await.account.id);
    let group = Holder::Group(kit.group(owner).await);
    let role = Holder::Role(kit.role(owner).await);
    for holder in [user, group, role] {
        for policy in [policy, PRESET] {
            assert!(kit.one.attach_policy(&act_at(later(1)), owner, policy, holder, "100000000001").await.unwrap());
            let counter = kit.two.change_counters().await.unwrap().changes;
            assert!(!kit.two.attach_policy(&act_at(later(2)), owner, policy, holder, "100000000002").await.unwrap());
            assert_eq!(kit.two.change_counters().await.unwrap().changes, counter, "nothing has changed");
        }
        let attached = kit.two.list_attached(holder).await.unwrap();
        assert_eq!(attached.iter().map(|a| a.policy).collect::<Vec<_>>(), [policy, PRESET]);
        assert_eq!((attached[0].since, attached[0].operator_uin.as_str()), (later(1), "100000000001"));
        assert!(attached[0].name.is_some() && attached[1].name.is_none());
        assert_eq!(attached[0].group.is_some(), holder == group);
    }
    let entities = kit.two.list_entities(owner, PRESET).await.unwrap();
    assert_eq!(entities.iter().map(|e| e.holder).collect::<Vec<_>>(), [user, group, role]);
    assert!(entities[0].uin.is_some() && entities[1].uin.is_none() && entities[2].uin.is_none());
    let counts = kit.two.count_attached(owner, &[policy, PRESET, PolicyId::new(7)]).await.unwrap();
    assert_eq!(counts.len(), 2);
    for count in counts {
        assert_eq!(count, PolicyCounts { policy: count.policy, attached: 3, users: 1, boundaries: 0 });
    }
    for holder in [user, group, role] {
        assert!(kit.one.detach_policy(&act(), owner, PRESET, holder).await.unwrap());
        assert!(!kit.one.detach_policy(&act(), owner, PRESET, holder).await.unwrap());
        assert_eq!(kit.two.list_attached(holder).await.unwrap().len(), 1);
    }
    assert_eq!(kit.two.list_entities(owner, PRESET).await.unwrap(), []);
}

async fn foreign_and_missing_are_alike(kit: &Kit) {
    let (owner, other) = (kit.account().await, kit.account().await);
    let (policy, foreign) = (kit.policy(owner).await, kit.policy(other).await);
    let user = kit.user(owner).await.account.id;
    let holders = [
        (Holder::User(kit.user(other).await.account.id), Thing::User),
        (Holder::User(owner), Thing::User),
        (Holder::User(AccountId::new(i64::MAX)), Thing::User),
        (Holder::Group(kit.group(other).await), Thing::Group),
        (Holder::Role(kit.role(other).await), Thing::Role),
    ];
    for (holder, kind) in holders {
        assert!(is_stale(kit.one.attach_policy(&act(), owner, policy, holder, "1").await, kind));
        assert!(is_stale(kit.one.attach_policy(&act(), owner, PRESET, holder, "1").await, kind));
        assert!(is_stale(kit.one.detach_policy(&act(), owner, policy, holder).await, kind));
        assert!(is_stale(kit.one.set_boundary(&act(), owner, holder, Some(policy)).await, kind));
    }
    for policy in [foreign, PolicyId::new(i64::MAX)] {
        assert!(is_stale(kit.one.attach_policy(&act(), owner, policy, Holder::User(user), "1").await, Thing::Policy));
        assert!(is_stale(kit.one.detach_policy(&act(), owner, policy, Holder::User(user)).await, Thing::Policy));
        assert!(is_stale(kit.one.set_boundary(&act(), owner, Holder::User(user), Some(policy)).await, Thing::Policy));
    }
    assert_eq!(kit.two.documents_of_user(user).await.unwrap(), StoredPolicies::default());
}

async fn what_is_deleted_is_detached(kit: &Kit) {
    let owner = kit.account().await;
    let (first, second) = (kit.policy(owner).await, kit.policy(owner).await);
    let user = kit.user(owner).await.account.id;
    let (group, role) = (kit.group(owner).await, kit.role(owner).await);
    for holder in [Holder::User(user), Holder::Group(group), Holder::Role(role)] {
        for policy in [first, second] {
            kit.one.attach_policy(&act(), owner, policy, holder, "1").await.unwrap();
        }
    }
    kit.one.delete_policies(&act(), owner, &[first]).await.unwrap();
    assert_eq!(kit.two.list_entities(owner, first).await.unwrap(), []);
    assert_eq!(kit.two.list_attached(Holder::User(user)).await.unwrap().len(), 1);
    kit.one.delete_group(&act(), owner, group).await.unwrap();
    kit.one.delete_role(&act(), owner, role).await.unwrap();
    kit.one.delete_user(&act(), owner, user, true).await.unwrap();
    assert_eq!(kit.two.list_entities(owner, second).await.unwrap(), []);
}

async fn documents_are_put_together(kit: &Kit) {
    let owner = kit.account().await;
    let user = kit.user(owner).await.account.id;
    let (mine, ours, both) = (kit.policy(owner).await, kit.policy(owner).await, kit.policy(owner).await);
    let group = kit.group(owner).await;
    kit.one.add_members(&act(), owner, &[(group, user)]).await.unwrap();
    for (policy, holder) in [
        (both, Holder::User(user)),
        (mine, Holder::User(user)),
        (PRESET, Holder::Group(group)),
        (ours, Holder::Group(group)),
        (both, Holder::Group(group)),
    ] {
        kit.one.attach_policy(&act(), owner, policy, holder, "1").await.unwrap();
    }
    let documents = kit.two.documents_of_user(user).await.unwrap();
    let ids: Vec<i64> = documents.attached.iter().map(|policy| policy.id).collect();
    assert_eq!(ids, [PRESET.get(), mine.get(), ours.get(), both.get()]);
    assert_eq!(documents.attached[0], StoredPolicy { id: PRESET.get(), name: String::new(), document: None });
    assert!(documents.attached[1..].iter().all(|policy| policy.document.as_deref() == Some(DOCUMENT)));
    let through = kit.two.list_attached_through_groups(user).await.unwrap();
    assert_eq!(through.iter().map(|a| a.policy).collect::<Vec<_>>(), [PRESET, ours, both]);
    assert!(through.iter().all(|a| a.group.as_ref().is_some_and(|(id, _)| *id == group)));
    kit.one.remove_members(&act(), owner, &[(group, user)]).await.unwrap();
    assert_eq!(kit.two.documents_of_user(user).await.unwrap().attached.len(), 2);
    let role = kit.role(owner).await;
    kit.one.attach_policy(&act(), owner, mine, Holder::Role(role), "1").await.unwrap();
    let documents = kit.two.documents_of_role(role).await.unwrap();
    assert_eq!((documents.attached.len(), documents.attached[0].id), (1, mine.get()));
}

async fn boundaries_hold(kit: &Kit) {
    let owner = kit.account().await;
    let policy = kit.policy(owner).await;
    let (user, role) = (kit.user(owner).await.account.id, kit.role(owner).await);
    for holder in [Holder::User(user), Holder::Role(role)] {
        kit.one.set_boundary(&act(), owner, holder, Some(policy)).await.unwrap();
    }
    assert_eq!(kit.two.user(owner, user).await.unwrap().unwrap().boundary, Some(policy));
    assert_eq!(kit.two.role(owner, role).await.unwrap().unwrap().boundary, Some(policy));
    let counts = kit.two.count_attached(owner, &[policy]).await.unwrap();
    assert_eq!(counts, [PolicyCounts { policy, attached: 0, users: 0, boundaries: 2 }]);
    let bound = kit.two.documents_of_role(role).await.unwrap().boundary.unwrap();
    assert_eq!((bound.id, bound.document.as_deref()), (policy.get(), Some(DOCUMENT)));
    assert!(matches!(kit.one.delete_policies(&act(), owner, &[policy]).await, Err(Error::InUse(Thing::Policy))));
    kit.one.set_boundary(&act(), owner, Holder::User(user), Some(PRESET)).await.unwrap();
    let bound = kit.two.documents_of_user(user).await.unwrap().boundary;
    assert_eq!(bound, Some(StoredPolicy { id: PRESET.get(), name: String::new(), document: None }));
    assert!(matches!(kit.one.delete_policies(&act(), owner, &[policy]).await, Err(Error::InUse(_))));
    let before = kit.two.change_counters().await.unwrap().changes;
    kit.one.set_boundary(&act(), owner, Holder::Role(role), None).await.unwrap();
    assert!(kit.two.change_counters().await.unwrap().changes > before);
    kit.one.delete_policies(&act(), owner, &[policy]).await.unwrap();
    let group = kit.group(owner).await;
    assert!(is_stale(kit.one.set_boundary(&act(), owner, Holder::Group(group), Some(PRESET)).await, Thing::Group));
}

async fn attachments_are_counted_and_limited(kit: &Kit) {
    let owner = kit.account().await;
    let holder = Holder::Group(kit.group(owner).await);
    for number in 1..=limits::ATTACHMENTS {
        let policy = PolicyId::new(i64::try_from(number).unwrap());
        kit.one.attach_policy(&act(), owner, policy, holder, "1").await.unwrap();
    }
    let full = kit.one.attach_policy(&act(), owner, PRESET, holder, "1").await;
    assert!(matches!(full, Err(Error::LimitReached { what: Counted::Attachments, limit: 200 })), "{full:?}");
    assert!(!kit.one.attach_policy(&act(), owner, PolicyId::new(1), holder, "1").await.unwrap(), "it is there already");
    assert_eq!(kit.two.list_attached(holder).await.unwrap().len(), 200);
}
