//! The behaviour of the lists of the personal edition in every metadata store.

use super::quotas::creator;
use super::{Kit, Place, REGISTRY, act, act_at, later, tag};
use crate::Error;
use crate::meta::{Among, NamespaceSearch, NewRepository, Order, RepositoryDetail, RepositorySearch};
use roadstead_types::{
    AccountId, Listing, NamePattern, NameRule, NamespaceName, NamespaceSight, RepositoryId, RepositoryName, Sight,
    Thing, Window,
};

pub(super) async fn behave(kit: &Kit) {
    a_repository_is_described(kit).await;
    searches_find_parts_of_names(kit).await;
    searches_show_what_one_may_read(kit).await;
    pages_by_offset_show_all(kit).await;
    favorites_are_somebodys(kit).await;
    namespaces_are_searched(kit).await;
    a_batch_is_deleted_whole_or_not_at_all(kit).await;
    a_first_password_is_given_once(kit).await;
}

fn search(among: Among, part: &str) -> RepositorySearch<'_> {
    let viewer = match among {
        Among::Own(owner) | Among::Accessible(owner) => owner,
        Among::Favorites { account, .. } => account,
    };
    RepositorySearch {
        registry: REGISTRY,
        among,
        part,
        namespace: None,
        public: None,
        sight: &Sight::EVERYTHING,
        order: Order::Newest,
        window: Window::first(100),
        viewer,
    }
}

fn names(found: &Listing<RepositoryDetail>) -> Vec<&str> {
    found.items.iter().map(|detail| detail.repository.name.name()).collect()
}

async fn found(kit: &Kit, search: &RepositorySearch<'_>) -> Listing<RepositoryDetail> {
    kit.two.search_repositories(search).await.unwrap()
}

async fn a_repository_is_described(kit: &Kit) {
    let place = kit.place().await;
    let name = place.repository("app");
    let new = NewRepository {
        registry: REGISTRY,
        name: &name,
        owner: place.owner,
        creator: &creator(),
        public: true,
        description: "what it is for",
    };
    let made = kit.one.add_repository(&act(), &new).await.unwrap();
    assert!(made.public && made.namespace == place.namespace);
    let detail = kit.two.repository_detail(REGISTRY, &name, place.owner, place.owner).await.unwrap().unwrap();
    let expected = RepositoryDetail {
        repository: made.clone(),
        owner: place.owner,
        description: "what it is for".to_owned(),
        creator: Some(creator().to_string()),
        pull_count: 0,
        tag_count: 0,
        favorite_count: 0,
        is_favorite: false,
    };
    assert_eq!(detail, expected);
    assert!(kit.one.set_description(&act_at(later(3)), made.id, "").await.unwrap());
    assert!(!kit.one.set_description(&act(), RepositoryId::new(i64::MAX), "").await.unwrap());
    kit.push_image(&place, "app", &["described"], &[tag("one"), tag("two")]).await;
    let detail = kit.two.repository_detail(REGISTRY, &name, place.owner, place.owner).await.unwrap().unwrap();
    assert_eq!((detail.description.as_str(), detail.tag_count), ("", 2));
    let pushed = kit.push_blob(&place, "pushed", "x").await;
    let detail = kit
        .two
        .repository_detail(REGISTRY, &place.repository("pushed"), place.owner, place.owner)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((detail.repository.id, detail.creator), (pushed.repository, None));
    let missing =
        kit.two.repository_detail(REGISTRY, &place.repository("missing"), place.owner, place.owner).await.unwrap();
    assert_eq!(missing, None);
}

async fn searches_find_parts_of_names(kit: &Kit) {
    let place = kit.place().await;
    for name in ["a_b", "a-b", "axb", "app"] {
        kit.push_blob(&place, name, "x").await;
    }
    let count = async |part: &str| found(kit, &search(Among::Own(place.owner), part)).await.items.len();
    assert_eq!((count("").await, count("A_B").await, count("app").await), (4, 1, 1));
    assert_eq!((count("a%").await, count("!").await, count("%").await, count("_").await), (0, 0, 0, 1));
    assert_eq!(count(&format!("{}/a", place.name)).await, 4, "the namespace is a part of the name");
    assert_eq!((count("a\0b").await, count(&"a".repeat(256)).await, count("\\").await), (0, 0, 0));
}

async fn searches_show_what_one_may_read(kit: &Kit) {
    let (mine, other) = (kit.place().await, kit.place().await);
    kit.push_blob(&mine, "seen-own", "x").await;
    let shown = kit.push_blob(&other, "seen-public", "x").await.repository;
    kit.push_blob(&other, "seen-private", "x").await;
    kit.one.set_visibility(&act(), shown, true).await.unwrap();
    // Repositories of other tests have other names.
    let accessible = search(Among::Accessible(mine.owner), "/seen-");
    let all = found(kit, &accessible).await;
    assert_eq!((all.total, names(&all)), (2, vec!["seen-public", "seen-own"]));
    assert_eq!(names(&found(kit, &search(Among::Own(mine.owner), "/seen-")).await), ["seen-own"]);
    let public = found(kit, &RepositorySearch { public: Some(true), ..accessible }).await;
    assert_eq!((public.total, names(&public)), (1, vec!["seen-public"]));
    assert_eq!(public.items[0].owner, other.owner);
    let private = found(kit, &RepositorySearch { public: Some(false), ..accessible }).await;
    assert_eq!(names(&private), ["seen-own"]);
    let inside = found(kit, &RepositorySearch { namespace: Some(&other.name), ..accessible }).await;
    assert_eq!(names(&inside), ["seen-public"]);
    for nowhere in ["nobodys", "a\0b"] {
        assert_eq!(found(kit, &RepositorySearch { namespace: Some(nowhere), ..accessible }).await.total, 0);
    }
    // The sight applies only to repositories of the caller's own main account.
    let nothing = Sight { names: NameRule::none(), public: NameRule::none() };
    let found = found(kit, &RepositorySearch { sight: &nothing, ..accessible }).await;
    assert_eq!((found.total, names(&found)), (1, vec!["seen-public"]));
}

async fn pages_by_offset_show_all(kit: &Kit) {
    let place = kit.place().await;
    for number in 0..7 {
        let pushed = kit.push_blob(&place, &format!("paged{number}"), "x").await;
        // Every two have equal counts, so that their ids decide.
        let pulls = sqlx::query("UPDATE repositories SET pull_count = $1 WHERE id = $2");
        pulls.bind(i64::from(number / 2)).bind(pushed.repository.get()).execute(kit.one.writer()).await.unwrap();
    }
    let newest = ["paged6", "paged5", "paged4", "paged3", "paged2", "paged1", "paged0"];
    for (order, first) in [(Order::Newest, 6), (Order::MostPulled, 6), (Order::Oldest, 0), (Order::LeastPulled, 0)] {
        let mut expected = newest.to_vec();
        if first == 0 {
            expected.reverse();
        }
        for limit in [1, 2, 3, 7, 8] {
            let (mut shown, mut offset) = (Vec::new(), 0);
            loop {
                let search =
                    RepositorySearch { order, window: Window { offset, limit }, ..search(Among::Own(place.owner), "") };
                let page = found(kit, &search).await;
                assert_eq!(page.total, 7);
                if page.items.is_empty() {
                    break;
                }
                shown.extend(names(&page).into_iter().map(str::to_owned));
                offset += u64::from(limit);
            }
            assert_eq!(shown, expected, "{order:?} in pages of {limit}");
        }
    }
    let none = found(kit, &RepositorySearch { window: Window::first(0), ..search(Among::Own(place.owner), "") }).await;
    assert_eq!((none.total, none.items.len()), (7, 0));
}

async fn favorites_are_somebodys(kit: &Kit) {
    let (mine, other) = (kit.place().await, kit.place().await);
    let own = kit.push_blob(&mine, "own", "x").await.repository;
    let foreign = kit.push_blob(&other, "foreign", "x").await.repository;
    kit.one.set_visibility(&act(), foreign, true).await.unwrap();
    assert!(kit.one.add_favorite(&act(), mine.owner, foreign).await.unwrap());
    assert!(kit.one.add_favorite(&act_at(later(1)), mine.owner, own).await.unwrap());
    assert!(!kit.two.add_favorite(&act_at(later(2)), mine.owner, own).await.unwrap(), "it is one already");
    assert!(kit.two.add_favorite(&act(), other.owner, foreign).await.unwrap());
    let gone = kit.one.add_favorite(&act(), mine.owner, RepositoryId::new(i64::MAX)).await;
    assert!(matches!(gone, Err(Error::Stale(_))));
    let among = Among::Favorites { account: mine.owner, owner: mine.owner };
    let favorites = found(kit, &search(among, "")).await;
    assert_eq!((favorites.total, names(&favorites)), (2, vec!["own", "foreign"]), "the last one added first");
    let counts: Vec<_> = favorites.items.iter().map(|d| (d.favorite_count, d.is_favorite)).collect();
    assert_eq!(counts, [(1, true), (2, true)]);
    assert_eq!(names(&found(kit, &search(among, "FOREIGN")).await), ["foreign"]);
    // A favourite that becomes private is hidden from others, and shown again when it is public again.
    kit.one.set_visibility(&act(), foreign, false).await.unwrap();
    assert_eq!(found(kit, &search(among, "")).await.total, 1);
    let theirs = Among::Favorites { account: other.owner, owner: other.owner };
    assert_eq!(found(kit, &search(theirs, "")).await.total, 1);
    let (own, other_name) = (mine.repository("own"), other.repository("foreign"));
    let remove =
        async |names: &[RepositoryName]| kit.one.remove_favorites(&act(), mine.owner, REGISTRY, names).await.unwrap();
    assert_eq!(remove(&[own.clone(), other_name.clone(), own.clone(), mine.repository("missing")]).await, 2);
    assert_eq!((remove(&[own]).await, remove(&[]).await), (0, 0));
    // A deleted repository is no longer a favourite.
    assert!(kit.one.delete_repository(&act(), foreign, true).await.unwrap());
    assert_eq!(found(kit, &search(theirs, "")).await.total, 0);
}

async fn namespaces_are_searched(kit: &Kit) {
    let (place, stem) = (kit.place().await, format!("s{}", kit.number()));
    for (number, suffix) in ["a", "b", "c"].iter().enumerate() {
        let name: NamespaceName = format!("{stem}-{suffix}").parse().unwrap();
        kit.one.create_namespace(&act_at(later(number as u64)), REGISTRY, &name, place.owner).await.unwrap();
    }
    kit.push_blob(&place, "one", "x").await;
    kit.push_blob(&place, "two", "x").await;
    let page = async |owner: AccountId, part: &str, offset, limit| {
        let window = Window { offset, limit };
        let sight = &NamespaceSight::EVERYTHING;
        let search = NamespaceSearch { registry: REGISTRY, owner, part, sight, window };
        let found = kit.two.search_namespaces(&search).await.unwrap();
        let list: Vec<_> = found.items.iter().map(|n| (n.namespace.name.to_string(), n.repository_count)).collect();
        (found.total, list)
    };
    let named = |suffix: &str| (format!("{stem}-{suffix}"), 0);
    let part = stem.to_uppercase();
    assert_eq!(page(place.owner, &part, 0, 10).await, (3, vec![named("c"), named("b"), named("a")]));
    assert_eq!(page(place.owner, &part, 1, 1).await, (3, vec![named("b")]));
    assert_eq!(page(place.owner, &part, 3, 1).await, (3, vec![]));
    assert_eq!(page(place.owner, &place.name, 0, 10).await, (1, vec![(place.name.clone(), 2)]));
    assert_eq!(page(place.owner, "%", 0, 10).await, (0, vec![]));
    assert_eq!(page(place.owner, "\0", 0, 10).await, (0, vec![]));
    assert_eq!(page(kit.account().await, "", 0, 10).await, (0, vec![]));
    assert_eq!(page(place.owner, "", 0, 10).await.0, 4);
    a_namespace_is_seen_by_its_name_or_by_what_is_in_it(kit, &place).await;
}

async fn a_namespace_is_seen_by_its_name_or_by_what_is_in_it(kit: &Kit, place: &Place) {
    let sees = async |owner: AccountId, sight: &NamespaceSight| {
        kit.two.sees_namespace(REGISTRY, owner, &place.name, sight).await.unwrap()
    };
    let rule = |name: &str| NameRule::Like(vec![NamePattern::new(name)]);
    let all = NamespaceSight::EVERYTHING;
    let nothing = Sight { names: NameRule::none(), public: NameRule::none() };
    assert!(sees(place.owner, &all).await);
    assert!(!sees(kit.account().await, &all).await, "it belongs to another account");
    assert!(!sees(place.owner, &NamespaceSight { shown: rule(&place.name).negated(), ..all.clone() }).await);
    let known = NamespaceSight { known: rule(&place.name), content: nothing.clone(), ..all.clone() };
    assert!(sees(place.owner, &known).await);
    let unknown = NamespaceSight { known: NameRule::none(), ..known };
    assert!(!sees(place.owner, &unknown).await);
    let content = Sight { names: rule("*/one"), ..nothing };
    assert!(sees(place.owner, &NamespaceSight { content, ..unknown }).await);
    assert!(!kit.two.sees_namespace(REGISTRY, place.owner, "\0", &all).await.unwrap());
}

async fn a_batch_is_deleted_whole_or_not_at_all(kit: &Kit) {
    let place = kit.place().await;
    let ids = repositories(kit, &place, &["one", "two", "three"]).await;
    let missing = RepositoryId::new(i64::MAX);
    let outcome = kit.one.delete_repositories(&act(), &[ids[0], missing, ids[1]]).await;
    assert!(matches!(outcome, Err(Error::Stale(Thing::Repository))));
    let owned = async || found(kit, &search(Among::Own(place.owner), "")).await.total;
    assert_eq!(owned().await, 3, "nothing has happened");
    kit.one.delete_repositories(&act(), &[ids[1], ids[0], ids[1]]).await.unwrap();
    assert_eq!(owned().await, 1);
    kit.one.delete_repositories(&act(), &[]).await.unwrap();
    // Two requests delete the same repositories in different orders: one succeeds, the other finds them gone.
    let ids = repositories(kit, &place, &["a", "b", "c", "d"]).await;
    let reversed: Vec<_> = ids.iter().rev().copied().collect();
    let (first, second) = futures::join!(async { kit.one.delete_repositories(&act(), &ids).await }, async {
        kit.two.delete_repositories(&act(), &reversed).await
    });
    assert_eq!([first.is_ok(), second.is_ok()].iter().filter(|done| **done).count(), 1, "{first:?} {second:?}");
}

async fn repositories(kit: &Kit, place: &Place, names: &[&str]) -> Vec<RepositoryId> {
    let mut ids = Vec::new();
    for name in names {
        ids.push(kit.push_blob(place, name, "x").await.repository);
    }
    ids
}

async fn a_first_password_is_given_once(kit: &Kit) {
    let account = kit.bare_account().await;
    assert!(!kit.one.change_password_hash(&act(), account, "early").await.unwrap());
    assert_eq!(kit.two.password_hash(account).await.unwrap(), None);
    let (one, two) = futures::join!(async { kit.one.add_password_hash(&act(), account, "first").await }, async {
        kit.two.add_password_hash(&act(), account, "first").await
    });
    let conflict = |outcome: &crate::Result<()>| matches!(outcome, Err(Error::Conflict(Thing::Password)));
    assert!((one.is_ok() && conflict(&two)) || (two.is_ok() && conflict(&one)), "{one:?} {two:?}");
    let before = kit.two.account(account).await.unwrap().unwrap().credential_version;
    assert!(kit.two.change_password_hash(&act(), account, "second").await.unwrap());
    assert_eq!(kit.one.password_hash(account).await.unwrap().as_deref(), Some("second"));
    assert_eq!(kit.two.account(account).await.unwrap().unwrap().credential_version, before + 1);
    let nobody = AccountId::new(i64::MAX);
    assert!(matches!(kit.one.add_password_hash(&act(), nobody, "x").await, Err(Error::Stale(_))));
}
