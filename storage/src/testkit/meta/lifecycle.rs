//! The behaviour of lifecycle rules in every metadata store.

use super::{Kit, NOW, REGISTRY, act, act_at, later};
use crate::Error;
use crate::meta::{LifecycleKind, LifecycleRule, LifecycleScope};
use roadstead_types::{AccountId, RepositoryId};

pub(super) async fn behave(kit: &Kit) {
    let place = kit.place().await;
    let repository = kit.push_blob(&place, "app", "cleanup").await.repository;
    let (one, all) = (LifecycleScope::Repository(repository), LifecycleScope::Owner(REGISTRY, place.owner));
    let (days, nums) = (LifecycleKind::KeepLastDays, LifecycleKind::KeepLastNums);
    assert!(kit.two.lifecycle_rules(one).await.unwrap().is_empty());
    assert!(!kit.one.delete_lifecycle_rules(&act(), one).await.unwrap());
    let rule = |kind, value, at| LifecycleRule { kind, value, created_at: NOW, updated_at: at };
    kit.one.set_lifecycle_rule(&act(), one, nums, 5).await.unwrap();
    kit.one.set_lifecycle_rule(&act(), one, days, 30).await.unwrap();
    kit.one.set_lifecycle_rule(&act_at(later(5)), one, nums, 6).await.unwrap();
    assert_eq!(kit.two.lifecycle_rules(one).await.unwrap(), [rule(days, 30, NOW), rule(nums, 6, later(5))]);
    assert_eq!(kit.repository(&place, "app").await.updated_at, NOW, "nothing was pushed");
    assert!(kit.two.lifecycle_rules(all).await.unwrap().is_empty());
    kit.one.set_lifecycle_rule(&act(), all, days, 7).await.unwrap();
    kit.two.set_lifecycle_rule(&act_at(later(1)), all, nums, 9).await.unwrap();
    assert_eq!(kit.two.lifecycle_rules(all).await.unwrap(), [rule(nums, 9, later(1))], "an account has one");
    assert!(kit.one.delete_lifecycle_rules(&act(), one).await.unwrap());
    assert!(kit.two.lifecycle_rules(one).await.unwrap().is_empty());
    assert_eq!(kit.two.lifecycle_rules(all).await.unwrap().len(), 1);
    assert!(kit.one.delete_lifecycle_rules(&act(), all).await.unwrap());
    for scope in [
        LifecycleScope::Repository(RepositoryId::new(i64::MAX)),
        LifecycleScope::Owner(REGISTRY, AccountId::new(i64::MAX)),
    ] {
        assert!(matches!(kit.one.set_lifecycle_rule(&act(), scope, nums, 1).await, Err(Error::Stale(_))));
    }
    kit.one.set_lifecycle_rule(&act(), one, nums, 1).await.unwrap();
    assert!(kit.one.delete_repository(&act(), repository, true).await.unwrap());
    assert!(kit.two.lifecycle_rules(one).await.unwrap().is_empty(), "rules go with their repository");
}
