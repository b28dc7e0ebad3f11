//! The behaviour of units of work: audit rows, events and changes, also after a dry run.

use std::collections::BTreeSet;

use futures::future::join_all;

use super::{Image, Kit, NOW, Place, REGISTRY, act, act_of, later, tag};
use crate::Error;
use crate::meta::{AuditQuery, Change, Changes, Happened, Scope};
use roadstead_types::{AccountId, NamespaceName};

pub(super) async fn behave(kit: &Kit) {
    a_dry_run_leaves_nothing(kit).await;
    a_deed_has_one_row_however_many_units(kit).await;
    a_push_tells_what_it_moved(kit).await;
    events_are_kept_for_a_while(kit).await;
    changes_are_told_by_scope(kit).await;
    no_change_is_missed_while_many_come(kit).await;
    a_gap_in_the_log_is_noticed(kit).await;
    who_has_missed_too_much_is_told(kit).await;
}

async fn rows(kit: &Kit, place: &Place, action: &str) -> usize {
    let query = AuditQuery { owner: Some(place.owner), action: Some(action), limit: 100, ..AuditQuery::default() };
    kit.two.audit_events(&query).await.unwrap().len()
}

pub(super) async fn last_event(kit: &Kit) -> i64 {
    kit.two.outbox(0, 100_000).await.unwrap().last().map_or(0, |event| event.id)
}

pub(super) async fn events_since(kit: &Kit, last: i64) -> Vec<Happened> {
    kit.two.outbox(last, 1000).await.unwrap()
}

fn name(text: &str) -> NamespaceName {
    text.parse().unwrap()
}

async fn a_dry_run_leaves_nothing(kit: &Kit) {
    let place = kit.place().await;
    let (last, before) = (last_event(kit).await, kit.two.change_counters().await.unwrap());
    let tried = act_of(&place, "tried").tried(true);
    let made = kit.one.create_namespace(&tried, REGISTRY, &name("tried-only"), place.owner).await;
    assert!(matches!(made, Err(Error::DryRun)), "{made:?}");
    let deleted = kit.one.delete_repositories(&tried, &[]).await;
    assert!(
        matches!(deleted, Err(Error::DryRun)),
        "a unit that answers nothing may have changed something: {deleted:?}"
    );
    // A dry run reports errors, and that there is nothing to do.
    let taken = kit.one.create_namespace(&tried, REGISTRY, &name(&place.name), place.owner).await;
    assert!(matches!(taken, Err(Error::Conflict(_))), "{taken:?}");
    assert!(!kit.one.delete_own_namespace(&tried, REGISTRY, &name("nowhere"), place.owner).await.unwrap());
    assert!(kit.two.namespace(REGISTRY, "tried-only").await.unwrap().is_none());
    assert_eq!(kit.two.change_counters().await.unwrap(), before);
    assert_eq!((rows(kit, &place, "tried").await, events_since(kit, last).await), (0, Vec::new()));
    assert!(!tried.is_recorded() && tried.change().is_none());
}

async fn a_deed_has_one_row_however_many_units(kit: &Kit) {
    let place = kit.place().await;
    let deed = act_of(&place, "twice");
    for text in ["deed-one", "deed-two"] {
        kit.one.create_namespace(&deed, REGISTRY, &name(text), place.owner).await.unwrap();
        assert!(deed.is_recorded());
        assert_eq!(rows(kit, &place, "twice").await, 1);
    }
    kit.one.create_namespace(&deed.another("twice", ""), REGISTRY, &name("deed-three"), place.owner).await.unwrap();
    assert_eq!(rows(kit, &place, "twice").await, 2);
    // Blobs are steps on the way to a manifest.
    let before = rows(kit, &place, "test").await;
    let blob = kit.push_blob(&place, "app", "a step").await;
    assert_eq!(rows(kit, &place, "test").await, before);
    assert!(kit.one.unlink_blob(&act_of(&place, "unlink"), blob.repository, &blob.blob.digest).await.unwrap());
    assert_eq!(rows(kit, &place, "unlink").await, 1);
}

async fn a_push_tells_what_it_moved(kit: &Kit) {
    let place = kit.place().await;
    let last = last_event(kit).await;
    let (first, second) = (Image::index(&[]), Image::with_blobs(&["event config"], None));
    kit.push_blob(&place, "app", "event config").await;
    kit.put(&place, "app", &first, &[tag("t")]).await.unwrap();
    kit.put(&place, "app", &second, &[tag("t")]).await.unwrap();
    let repository = kit.repository(&place, "app").await.id;
    kit.one.delete_tag(&act_of(&place, "untag"), repository, &tag("t")).await.unwrap().unwrap();
    assert!(kit.one.delete_repository(&act(), repository, true).await.unwrap());
    let events = events_since(kit, last).await;
    let kinds: Vec<&str> = events.iter().map(|event| event.kind.as_str()).collect();
    let expected =
        ["repository.created", "manifest.pushed", "manifest.pushed", "tag.moved", "tag.removed", "repository.removed"];
    assert_eq!(kinds, expected);
    let moved = &events[3].event;
    assert_eq!(moved["repository"], place.repository("app").as_str());
    assert_eq!((&moved["digest"], &moved["before"]), (&second.digest.as_str().into(), &first.digest.as_str().into()));
    assert_eq!(events[1].event["tags"], serde_json::json!(["t"]));
    assert_eq!(events[2].event["size"], second.content.len());
    assert_eq!(events[4].actor["owner"], place.owner.get());
    assert_eq!(events[4].at, NOW);
}

async fn events_are_kept_for_a_while(kit: &Kit) {
    let all = kit.two.outbox(0, 100_000).await.unwrap().len() as u64;
    assert_eq!(kit.one.delete_outbox(NOW, 100_000).await.unwrap(), 0, "nothing is older");
    assert_eq!(kit.one.delete_outbox(later(1), 2).await.unwrap(), 2);
    assert_eq!(kit.one.delete_outbox(later(1), 100_000).await.unwrap(), all - 2);
    assert_eq!(kit.two.outbox(0, 10).await.unwrap(), []);
}

async fn changes_are_told_by_scope(kit: &Kit) {
    let place = kit.place().await;
    let stands = kit.two.change_counters().await.unwrap().changes;
    assert_eq!(kit.two.changes_since(stands).await.unwrap(), Changes::Known { number: stands, list: Vec::new() });
    let (made, shown) = (act(), act());
    kit.one.create_namespace(&made, REGISTRY, &name("scoped"), place.owner).await.unwrap();
    let repository = kit.push_blob(&place, "app", "scoped").await.repository;
    assert!(kit.one.set_visibility(&shown, repository, true).await.unwrap());
    let list = vec![
        Change { number: stands + 1, scope: Scope::Namespace(REGISTRY, name("scoped")) },
        Change { number: stands + 2, scope: Scope::Repository(REGISTRY, place.repository("app")) },
    ];
    assert_eq!(kit.two.changes_since(stands).await.unwrap(), Changes::Known { number: stands + 2, list });
    assert_eq!((made.change(), shown.change()), (Some(stands + 1), Some(stands + 2)), "a process knows its own");
    assert!(matches!(kit.two.changes_since(stands + 9).await.unwrap(), Changes::TooMany { .. }), "another database");
}

/// Two processes make changes while a reader polls. It sees every number once, in order.
async fn no_change_is_missed_while_many_come(kit: &Kit) {
    let mut owners: Vec<AccountId> = Vec::new();
    for _ in 0..6 {
        owners.push(kit.account().await);
    }
    let first = kit.two.change_counters().await.unwrap().changes;
    let changes = join_all(owners.iter().enumerate().map(async |(number, owner)| {
        for round in 0..5 {
            kit.store(number).create_group(&act(), *owner, &format!("group-{round}"), "").await.unwrap();
        }
    }));
    let expected = first + 30;
    let reading = async {
        let (mut stands, mut seen) = (first, Vec::new());
        while stands < expected {
            let Changes::Known { number, list } = kit.two.changes_since(stands).await.unwrap() else {
                panic!("the log has lost something");
            };
            assert!(list.iter().all(|change| change.number > stands && change.number <= number));
            stands = number;
            seen.extend(list);
        }
        seen
    };
    let (_, seen) = futures::join!(changes, reading);
    let numbers: Vec<i64> = seen.iter().map(|change| change.number).collect();
    assert_eq!(numbers, (first + 1..=expected).collect::<Vec<_>>());
    let scopes: BTreeSet<Scope> = seen.into_iter().map(|change| change.scope).collect();
    assert_eq!(scopes, owners.into_iter().map(Scope::Account).collect());
}

/// If a row of the log is missing, for any reason, a reader does not take the rest for the whole log.
async fn a_gap_in_the_log_is_noticed(kit: &Kit) {
    let owner = kit.account().await;
    let stands = kit.two.change_counters().await.unwrap().changes;
    for round in 0..5 {
        kit.one.create_group(&act(), owner, &format!("gap-{round}"), "").await.unwrap();
    }
    let lose = async |number: i64| {
        let delete = sqlx::query("DELETE FROM change_log WHERE seq = $1").bind(number);
        delete.execute(kit.one.writer()).await.unwrap();
    };
    let numbers = async |since: i64| match kit.two.changes_since(since).await.unwrap() {
        Changes::Known { list, .. } => Some(list.len()),
        Changes::TooMany { number } => (number != stands + 5).then_some(usize::MAX),
    };
    assert_eq!(numbers(stands).await, Some(5));
    lose(stands + 3).await;
    assert_eq!((numbers(stands).await, numbers(stands + 2).await, numbers(stands + 3).await), (None, None, Some(2)));
    lose(stands + 5).await;
    assert_eq!(
        (numbers(stands + 3).await, numbers(stands + 4).await, numbers(stands + 5).await),
        (None, None, Some(0))
    );
}

async fn who_has_missed_too_much_is_told(kit: &Kit) {
    let owner = kit.account().await;
    let stands = kit.two.change_counters().await.unwrap().changes;
    // Pretend that there were so many changes.
    let jump = sqlx::query("UPDATE changes SET counter = counter + 20000 WHERE id = 1");
    jump.execute(kit.one.writer()).await.unwrap();
    assert!(
        matches!(kit.two.changes_since(stands).await.unwrap(), Changes::TooMany { number } if number == stands + 20000)
    );
    kit.one.create_group(&act(), owner, "after", "").await.unwrap();
    assert!(
        matches!(kit.two.changes_since(stands).await.unwrap(), Changes::TooMany { number } if number == stands + 20001)
    );
    let kept: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM change_log").fetch_one(kit.one.writer()).await.unwrap();
    assert_eq!(kept, 1, "what is so old is deleted");
    let list = vec![Change { number: stands + 20001, scope: Scope::Account(owner) }];
    let known = kit.two.changes_since(stands + 20000).await.unwrap();
    assert_eq!(known, Changes::Known { number: stands + 20001, list });
}
