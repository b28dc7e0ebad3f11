//! The behaviour of triggers and their log in every metadata store.

use super::{Kit, NOW, Place, REGISTRY, act, act_at, later};
use crate::Error;
use crate::meta::{
    InvokeMethod, LifecycleKind, LifecycleScope, QuotaKind, TriggerFilter, TriggerRun, TriggerRunOrder, TriggerRunPage,
    TriggerSpec, Workload,
};
use roadstead_types::{AccountId, NamePattern, NameRule, RepositoryId, RepositoryName, Sight, Thing, Window};

const ALL: &Sight = &Sight::EVERYTHING;

/// The sight of a caller who sees repositories by their names alone.
fn sight(rule: NameRule) -> Sight {
    Sight { names: rule.clone(), public: rule }
}

pub(super) async fn behave(kit: &Kit) {
    names_are_unique_in_an_account(kit).await;
    of_two_changes_the_second_sees_the_first(kit).await;
    a_deleted_repository_gets_nothing_more(kit).await;
    the_last_one_is_made_once(kit).await;
    lists_show_what_is_asked_for(kit).await;
    the_log_outlives_everything(kit).await;
}

fn workload() -> Workload {
    Workload {
        cluster_id: "cls-1".to_owned(),
        cluster_region: 16,
        namespace: "default".to_owned(),
        kind: "Deployment".to_owned(),
        name: "web".to_owned(),
        container: "nginx".to_owned(),
    }
}

pub(super) fn spec(name: &str, repository: RepositoryId) -> TriggerSpec {
    let (name, expression) = (name.to_owned(), "^v[0-9]+$".to_owned());
    TriggerSpec { name, repository, method: InvokeMethod::Regex, expression, workload: workload() }
}

async fn place(kit: &Kit) -> (Place, RepositoryId) {
    let place = kit.place().await;
    let repository = kit.push_blob(&place, "app", "triggers").await.repository;
    (place, repository)
}

async fn names_are_unique_in_an_account(kit: &Kit) {
    let ((one, app), (other, others)) = (place(kit).await, place(kit).await);
    let create = async |owner, spec: &TriggerSpec| kit.one.create_trigger(&act(), REGISTRY, owner, spec).await;
    let id = create(one.owner, &spec("t", app)).await.unwrap();
    assert!(matches!(create(one.owner, &spec("t", app)).await, Err(Error::Conflict(Thing::Trigger))));
    create(other.owner, &spec("t", others)).await.unwrap();
    let trigger = kit.two.trigger(REGISTRY, one.owner, "t", ALL).await.unwrap().unwrap();
    assert_eq!((trigger.id, &trigger.spec), (id, &spec("t", app)));
    assert_eq!((trigger.created_at, trigger.updated_at), (NOW, NOW));
    assert_eq!(trigger.repository_name, one.repository("app"));
    for unknown in ["T", "", "a\0b"] {
        assert_eq!(kit.two.trigger(REGISTRY, one.owner, unknown, ALL).await.unwrap(), None);
        assert!(!kit.two.delete_trigger(&act(), REGISTRY, one.owner, unknown, ALL).await.unwrap());
    }
    let gone = create(one.owner, &spec("u", RepositoryId::new(i64::MAX))).await;
    assert!(matches!(gone, Err(Error::Stale(Thing::Repository))));
    let nobody = create(AccountId::new(i64::MAX), &spec("u", app)).await;
    assert!(matches!(nobody, Err(Error::Stale(Thing::Account))));
    assert!(kit.one.delete_trigger(&act(), REGISTRY, one.owner, "t", ALL).await.unwrap());
    assert_eq!(kit.two.trigger(REGISTRY, one.owner, "t", ALL).await.unwrap(), None);
    assert!(kit.two.trigger(REGISTRY, other.owner, "t", ALL).await.unwrap().is_some());
    assert!(kit.one.delete_repository(&act(), others, true).await.unwrap());
    assert_eq!(kit.two.trigger(REGISTRY, other.owner, "t", ALL).await.unwrap(), None, "it goes with its repository");
}

async fn of_two_changes_the_second_sees_the_first(kit: &Kit) {
    let (place, app) = place(kit).await;
    let other = kit.push_blob(&place, "other", "triggers").await.repository;
    for name in ["a", "b"] {
        kit.one.create_trigger(&act(), REGISTRY, place.owner, &spec(name, app)).await.unwrap();
    }
    let trigger = kit.one.trigger(REGISTRY, place.owner, "a", ALL).await.unwrap().unwrap();
    let change =
        async |version, spec: &TriggerSpec| kit.one.update_trigger(&act_at(later(3)), trigger.id, version, spec).await;
    let all = TriggerSpec { method: InvokeMethod::All, expression: String::new(), ..spec("c", other) };
    assert!(change(trigger.version, &all).await.unwrap());
    assert!(!change(trigger.version, &spec("d", app)).await.unwrap());
    let changed = kit.two.trigger(REGISTRY, place.owner, "c", ALL).await.unwrap().unwrap();
    assert_eq!((changed.id, &changed.spec, changed.created_at, changed.updated_at), (trigger.id, &all, NOW, later(3)));
    let taken = change(changed.version, &spec("b", app)).await;
    assert!(matches!(taken, Err(Error::Conflict(Thing::Trigger))));
    let gone = change(changed.version, &spec("c", RepositoryId::new(i64::MAX))).await;
    assert!(matches!(gone, Err(Error::Stale(Thing::Repository))));
}

/// Its row stays until its content has gone.
async fn a_deleted_repository_gets_nothing_more(kit: &Kit) {
    let (place, kept) = place(kit).await;
    let gone = kit.push_blob(&place, "gone", "triggers").await.repository;
    let id = kit.one.create_trigger(&act(), REGISTRY, place.owner, &spec("kept", kept)).await.unwrap();
    assert!(kit.one.delete_repository(&act(), gone, true).await.unwrap());
    let stale = |outcome: Error| assert!(matches!(outcome, Error::Stale(Thing::Repository)), "{outcome:?}");
    stale(kit.two.create_trigger(&act(), REGISTRY, place.owner, &spec("late", gone)).await.unwrap_err());
    stale(kit.two.update_trigger(&act(), id, 1, &spec("kept", gone)).await.unwrap_err());
    stale(kit.two.add_favorite(&act(), place.owner, gone).await.unwrap_err());
    let kind = LifecycleKind::KeepLastNums;
    stale(kit.two.set_lifecycle_rule(&act(), LifecycleScope::Repository(gone), kind, 1).await.unwrap_err());
    assert!(!kit.two.describe_instance_repository(&act(), gone, Some("late"), None).await.unwrap());
}

async fn the_last_one_is_made_once(kit: &Kit) {
    let (place, app) = place(kit).await;
    kit.one.set_quota(&act(), place.owner, QuotaKind::Triggers, 3).await.unwrap();
    let runs = (0..6).map(|number| {
        let (store, owner) = (if number % 2 == 0 { kit.one.clone() } else { kit.two.clone() }, place.owner);
        tokio::spawn(
            async move { store.create_trigger(&act(), REGISTRY, owner, &spec(&format!("t{number}"), app)).await },
        )
    });
    let outcomes = futures::future::join_all(runs.collect::<Vec<_>>()).await;
    let made = outcomes.iter().filter(|outcome| matches!(outcome, Ok(Ok(_)))).count();
    let refused = |outcome: &&Result<_, _>| matches!(outcome, Ok(Err(Error::LimitReached { limit: 3, .. })));
    assert_eq!((made, outcomes.iter().filter(refused).count()), (3, 3));
}

async fn lists_show_what_is_asked_for(kit: &Kit) {
    let (place, app) = place(kit).await;
    let other = kit.push_blob(&place, "other", "triggers").await.repository;
    for (name, repository, at) in [("a", app, 1), ("b", other, 3), ("c", app, 2), ("d", app, 2)] {
        kit.one.create_trigger(&act_at(later(at)), REGISTRY, place.owner, &spec(name, repository)).await.unwrap();
    }
    let seen = async |sight: &Sight, filter: TriggerFilter<'_>, offset, limit| {
        let window = Window { offset, limit };
        let page = kit.two.list_triggers(REGISTRY, place.owner, sight, filter, window).await.unwrap();
        (page.total, page.items.into_iter().map(|trigger| trigger.spec.name).collect::<String>())
    };
    let list = async |filter: TriggerFilter<'_>, offset, limit| seen(ALL, filter, offset, limit).await;
    let all = TriggerFilter::default();
    assert_eq!(list(all, 0, 10).await, (4, "bdca".to_owned()));
    assert_eq!(list(all, 1, 2).await, (4, "dc".to_owned()));
    assert_eq!(list(all, 9, 2).await, (4, String::new()));
    assert_eq!(list(TriggerFilter { repository: Some(app), ..all }, 0, 10).await, (3, "dca".to_owned()));
    assert_eq!(list(TriggerFilter { name: Some("c"), ..all }, 0, 10).await, (1, "c".to_owned()));
    assert_eq!(list(TriggerFilter { repository: Some(other), name: Some("c") }, 0, 10).await, (0, String::new()));
    assert_eq!(list(TriggerFilter { name: Some("\0"), ..all }, 0, 10).await, (0, String::new()));
    let but_other = sight(NameRule::Like(vec![NamePattern::new("*/other")]).negated());
    assert_eq!(seen(&but_other, all, 1, 2).await, (3, "ca".to_owned()));
    let nothing = sight(NameRule::none());
    assert_eq!(seen(&nothing, all, 0, 10).await, (0, String::new()));
    kit.one.set_visibility(&act(), other, true).await.unwrap();
    let public = Sight { public: NameRule::All, ..nothing.clone() };
    assert_eq!(seen(&public, all, 0, 10).await, (1, "b".to_owned()));
    for (name, seen) in [("a", false), ("b", true)] {
        assert_eq!(kit.two.trigger(REGISTRY, place.owner, name, &public).await.unwrap().is_some(), seen);
        assert!(!kit.two.delete_trigger(&act(), REGISTRY, place.owner, name, &nothing).await.unwrap());
        assert_eq!(kit.two.delete_trigger(&act(), REGISTRY, place.owner, name, &public).await.unwrap(), seen);
    }
}

async fn the_log_outlives_everything(kit: &Kit) {
    let (place, app) = place(kit).await;
    let run = |tag: &str, at| TriggerRun {
        repository_name: place.repository("app").to_string(),
        tag: tag.to_owned(),
        trigger: "t".to_owned(),
        method: InvokeMethod::TagList,
        expression: "v1,v2".to_owned(),
        workload: workload(),
        return_code: 0,
        return_message: "ok".to_owned(),
        invoked_at: later(at),
    };
    for (tag, at) in [("b", 1), ("a", 2), ("c", 3)] {
        kit.one.log_trigger_run(REGISTRY, place.owner, &run(tag, at)).await.unwrap();
    }
    let nobody = kit.one.log_trigger_run(REGISTRY, AccountId::new(i64::MAX), &run("a", 1)).await;
    assert!(matches!(nobody, Err(Error::Stale(Thing::Account))));
    assert!(kit.one.delete_repository(&act(), app, true).await.unwrap());
    let (name, other) = (place.repository("app"), place.repository("other"));
    let page =
        TriggerRunPage { repository: None, order: TriggerRunOrder::Time, descending: true, window: Window::first(2) };
    let seen = async |sight: &Sight, page: TriggerRunPage<'_>| {
        let found = kit.two.list_trigger_runs(REGISTRY, place.owner, sight, &page).await.unwrap();
        (found.total, found.items.into_iter().map(|run| run.tag).collect::<String>())
    };
    let list = async |page: TriggerRunPage<'_>| seen(ALL, page).await;
    assert_eq!(list(page).await, (3, "ca".to_owned()));
    assert_eq!(list(TriggerRunPage { window: Window { offset: 2, limit: 2 }, ..page }).await, (3, "b".to_owned()));
    assert_eq!(list(TriggerRunPage { descending: false, ..page }).await, (3, "ba".to_owned()));
    let by_tag = TriggerRunPage { order: TriggerRunOrder::Tag, window: Window::first(9), ..page };
    assert_eq!(list(by_tag).await, (3, "cba".to_owned()));
    for order in [TriggerRunOrder::Repository, TriggerRunOrder::Trigger] {
        assert_eq!(list(TriggerRunPage { order, descending: false, ..by_tag }).await, (3, "bac".to_owned()));
        assert_eq!(list(TriggerRunPage { order, ..by_tag }).await, (3, "cab".to_owned()));
    }
    assert_eq!(list(TriggerRunPage { repository: Some(&name), ..page }).await.0, 3);
    assert_eq!(list(TriggerRunPage { repository: Some(&other), ..page }).await, (0, String::new()));
    let but = |name: &RepositoryName| sight(NameRule::Like(vec![NamePattern::new(name.as_str())]).negated());
    assert_eq!(seen(&but(&name), page).await, (0, String::new()));
    assert_eq!(seen(&but(&other), page).await, (3, "ca".to_owned()));
    let public = Sight { public: NameRule::All, ..sight(NameRule::none()) };
    assert_eq!(seen(&public, page).await, (0, String::new()), "it is gone");
    let again = kit.push_blob(&place, "app", "triggers").await.repository;
    assert_eq!(seen(&public, page).await, (0, String::new()), "it is private");
    kit.one.set_visibility(&act(), again, true).await.unwrap();
    assert_eq!(seen(&public, page).await, (3, "ca".to_owned()));
    let all = kit.two.list_trigger_runs(REGISTRY, place.owner, ALL, &page).await.unwrap();
    assert_eq!(all.items[0], run("c", 3));
}
