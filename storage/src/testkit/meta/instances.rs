//! The behaviour of enterprise instances in every metadata store.

use super::{Kit, NOW, Place, act, act_by, commit, later, sha256};
use crate::Error;
use crate::blob::BlobKey;
use crate::meta::{
    EMPTY_REGISTRY, Edition, Instance, InstanceChange, JobQuery, MetaStore, NamespaceSettings, NewInstance,
    NewInstanceToken, Payment, Readable, RepositoryOrder, RepositoryQuery, ResourceTag, Texts,
};
use roadstead_types::{
    AccountId, InstanceId, InstanceName, Listing, NamePattern, NameRule, NamespaceId, RegistryId, RepositoryId,
    RepositoryName, Thing, Window,
};

pub(super) async fn behave(kit: &Kit) {
    an_instance_is_somebodys(kit).await;
    an_owner_has_so_many(kit).await;
    an_instance_goes_when_it_is_empty(kit).await;
    namespaces_have_settings(kit).await;
    repositories_are_as_public_as_their_namespace(kit).await;
    repositories_are_listed(kit).await;
    the_same_names_are_others_elsewhere(kit).await;
    tokens_are_kept(kit).await;
}

const POSTPAID: Payment = Payment { prepaid: false, renew_flag: 0, expires_at: None };

pub(super) fn new<'a>(id: &'a InstanceId, name: &'a InstanceName, owner: AccountId) -> NewInstance<'a> {
    NewInstance {
        id,
        name,
        owner,
        edition: Edition::Basic,
        payment: POSTPAID,
        deletion_protection: false,
        versioning: false,
        multi_zone: false,
        tags: &[],
    }
}

pub(super) async fn instance(kit: &Kit, owner: AccountId) -> Instance {
    let name: InstanceName = format!("instance-{}", kit.number()).parse().unwrap();
    kit.one.create_instance(&act(), &new(&InstanceId::random(), &name, owner), 1000).await.unwrap()
}

pub(super) async fn namespace(kit: &Kit, instance: &Instance, name: &str, public: bool) -> NamespaceId {
    let settings = NamespaceSettings { public, ..NamespaceSettings::default() };
    let name = name.parse().unwrap();
    kit.one.create_instance_namespace(&act(), instance.registry, instance.owner, &name, &settings, 1000).await.unwrap()
}

pub(super) async fn push(
    kit: &Kit,
    instance: &Instance,
    namespace: NamespaceId,
    name: &str,
) -> crate::Result<RepositoryId> {
    let place = Place { namespace, name: String::new(), owner: instance.owner };
    let (digest, name): (_, RepositoryName) = (sha256(b"content"), name.parse().unwrap());
    let key = BlobKey::fresh(&digest);
    let commit = crate::meta::CommitBlob { registry: instance.registry, ..commit(&place, &name, &digest, &key, 7) };
    Ok(kit.one.commit_blob(&act(), &commit).await?.repository)
}

async fn an_instance_is_somebodys(kit: &Kit) {
    let owner = kit.account().await;
    let (id, name): (_, InstanceName) = (InstanceId::random(), format!("team-{}", kit.number()).parse().unwrap());
    let tags = [ResourceTag { key: "k".to_owned(), value: "值\u{0}".to_owned() }];
    let payment = Payment { prepaid: true, renew_flag: 1, expires_at: Some(later(9)) };
    let wanted = NewInstance { payment, tags: &tags, edition: Edition::Premium, ..new(&id, &name, owner) };
    let before = kit.two.change_counters().await.unwrap().changes;
    let made = kit.one.create_instance(&act(), &wanted, 10).await.unwrap();
    assert_eq!((&made.id, &made.name, made.owner, made.created_at), (&id, &name, owner, NOW));
    assert_eq!((made.edition, made.payment), (Edition::Premium, payment));
    assert_eq!(made.tags, tags);
    assert_ne!(made.registry, RegistryId::PERSONAL);
    assert_eq!(kit.two.change_counters().await.unwrap().changes, before + 1);
    assert_eq!(kit.two.instance(made.registry).await.unwrap().as_ref(), Some(&made));
    assert_eq!(kit.two.instance_by_id(&id).await.unwrap().as_ref(), Some(&made));
    assert_eq!(kit.two.instance_by_name(name.as_str()).await.unwrap().as_ref(), Some(&made));
    assert_eq!(kit.two.instance_by_name("a\0b").await.unwrap(), None);
    assert_eq!(kit.two.instance(RegistryId::PERSONAL).await.unwrap(), None);
    let again = kit.two.create_instance(&act(), &new(&InstanceId::random(), &name, owner), 10).await;
    assert!(matches!(again, Err(Error::Conflict(Thing::Instance))), "{again:?}");
    let other: InstanceName = format!("other-{}", kit.number()).parse().unwrap();
    let again = kit.two.create_instance(&act(), &new(&id, &other, owner), 10).await;
    assert!(matches!(again, Err(Error::Conflict(Thing::InstanceId))), "{again:?}");
    let change = InstanceChange { deletion_protection: Some(true), ..InstanceChange::default() };
    assert!(kit.two.modify_instance(&act(), made.registry, &change).await.unwrap());
    let changed = kit.one.instance(made.registry).await.unwrap().unwrap();
    assert!(changed.deletion_protection && changed.edition == Edition::Premium);
    assert!(!kit.two.modify_instance(&act(), RegistryId::PERSONAL, &change).await.unwrap());
    let outcome = kit.one.condemn_instance(&act(), made.registry, true).await;
    assert!(matches!(outcome, Err(Error::Protected(Thing::Instance))));
    assert!(kit.one.instance(made.registry).await.unwrap().is_some());
}

async fn an_owner_has_so_many(kit: &Kit) {
    let owner = kit.account().await;
    let made: Vec<Instance> = [instance(kit, owner).await, instance(kit, owner).await].into();
    assert_eq!(kit.two.list_instances(owner, 100).await.unwrap(), made);
    assert_eq!(kit.two.list_instances(owner, 1).await.unwrap(), made[..1]);
    let name = "one-too-many".parse().unwrap();
    let more = kit.one.create_instance(&act(), &new(&InstanceId::random(), &name, owner), 2).await;
    assert!(matches!(more, Err(Error::LimitReached { limit: 2, .. })));
    // Of several concurrent requests, only as many succeed as the limit allows.
    let names: Vec<InstanceName> = (0..6).map(|_| format!("race-{}", kit.number()).parse().unwrap()).collect();
    let races = names.iter().enumerate().map(|(n, name)| async move {
        let store: &MetaStore = if n % 2 == 0 { &kit.one } else { &kit.two };
        store.create_instance(&act(), &new(&InstanceId::random(), name, owner), 4).await.is_ok()
    });
    let won = futures::future::join_all(races).await.into_iter().filter(|made| *made).count();
    assert_eq!((won, kit.two.list_instances(owner, 100).await.unwrap().len()), (2, 4));
}

async fn an_instance_goes_when_it_is_empty(kit: &Kit) {
    let made = instance(kit, kit.account().await).await;
    let space = namespace(kit, &made, "team", false).await;
    let repository = push(kit, &made, space, "team/app").await.unwrap();
    let outcome = kit.one.condemn_instance(&act(), made.registry, false).await;
    assert!(matches!(outcome, Err(Error::InUse(Thing::Instance))));
    assert!(kit.one.condemn_instance(&act(), made.registry, true).await.unwrap());
    let query = JobQuery { kind: Some(EMPTY_REGISTRY), limit: 1, ..JobQuery::default() };
    let job = kit.two.list_jobs(&query).await.unwrap().pop().unwrap();
    assert_eq!(job.payload, format!("{{\"registry\":{}}}", made.registry), "the job is made with it");
    assert_eq!(kit.one.instance(made.registry).await.unwrap(), None);
    let outcome = push(kit, &made, space, "team/late").await;
    assert!(matches!(outcome, Err(Error::Stale(Thing::Namespace))), "{outcome:?}");
    let late = "late".parse().unwrap();
    let settings = NamespaceSettings::default();
    let outcome = kit.two.create_instance_namespace(&act(), made.registry, made.owner, &late, &settings, 10).await;
    assert!(matches!(outcome, Err(Error::Stale(Thing::Instance))));
    assert!(!kit.two.modify_instance(&act(), made.registry, &InstanceChange::default()).await.unwrap());
    assert!(kit.two.delete_repository(&act(), repository, true).await.unwrap());
    assert!(kit.two.delete_namespace(&act(), made.registry, &"team".parse().unwrap()).await.unwrap());
    assert!(!kit.one.condemn_instance(&act(), made.registry, true).await.unwrap());
    // Its name is free again, but its numbers are not.
    let again = kit.one.create_instance(&act(), &new(&InstanceId::random(), &made.name, made.owner), 10).await.unwrap();
    assert!(again.registry > made.registry);
    let again = kit.one.create_instance(&act(), &new(&made.id, &"recycled".parse().unwrap(), made.owner), 10).await;
    assert!(matches!(again, Err(Error::Conflict(Thing::InstanceId))));
}

async fn namespaces_have_settings(kit: &Kit) {
    let made = instance(kit, kit.account().await).await;
    let settings = NamespaceSettings {
        public: true,
        auto_scan: true,
        prevent_vulnerable: true,
        severity: "high".to_owned(),
        ignored: vec!["CVE-1".to_owned()],
        tags: vec![ResourceTag { key: "a".to_owned(), value: "b".to_owned() }],
    };
    let create = async |name: &str, limit| {
        let name = name.parse().unwrap();
        let act = act_by("100000000009");
        kit.one.create_instance_namespace(&act, made.registry, made.owner, &name, &settings, limit).await
    };
    let id = create("team", 2).await.unwrap();
    let creator = sqlx::query_scalar("SELECT creator_uin FROM namespaces WHERE id = $1").bind(id.get());
    let creator: Option<String> = creator.fetch_one(kit.two.reader()).await.unwrap();
    assert_eq!(creator.as_deref(), Some("100000000009"));
    assert!(matches!(create("team", 2).await, Err(Error::Conflict(Thing::Namespace))));
    create("another", 2).await.unwrap();
    assert!(matches!(create("more", 2).await, Err(Error::LimitReached { limit: 2, .. })));
    let found = kit.two.instance_namespace(made.registry, "team").await.unwrap().unwrap();
    assert_eq!((found.id, &found.settings, found.created_at), (id, &settings, NOW));
    assert_eq!(kit.two.instance_namespace(RegistryId::PERSONAL, "team").await.unwrap(), None);
    assert_eq!(kit.two.instance_namespace(made.registry, "a\0").await.unwrap(), None);
    let before = kit.two.change_counters().await.unwrap().changes;
    let changed =
        kit.two.modify_instance_namespace(&act(), made.registry, id, |settings| settings.severity.clear()).await;
    assert!(changed.unwrap());
    assert_eq!(kit.two.change_counters().await.unwrap().changes, before + 1);
    let elsewhere = kit.two.modify_instance_namespace(&act(), RegistryId::PERSONAL, id, |_| {}).await;
    assert!(!elsewhere.unwrap());
    let listed = kit.one.list_instance_namespaces(made.registry, 100).await.unwrap();
    let names: Vec<&str> = listed.iter().map(|namespace| namespace.name.as_str()).collect();
    assert_eq!(names, ["another", "team"]);
    assert_eq!(listed[1].settings, NamespaceSettings { severity: String::new(), ..settings.clone() });
    assert!(kit.one.delete_namespace(&act(), made.registry, &"team".parse().unwrap()).await.unwrap());
    assert_eq!(kit.two.instance_namespace(made.registry, "team").await.unwrap(), None);
}

async fn repositories_are_as_public_as_their_namespace(kit: &Kit) {
    let made = instance(kit, kit.account().await).await;
    let space = namespace(kit, &made, "open", true).await;
    push(kit, &made, space, "open/pushed").await.unwrap();
    let texts = Texts { brief: "brief".to_owned(), description: "long".to_owned() };
    let create = async || {
        let name = "open/made/by/hand".parse().unwrap();
        kit.one.create_instance_repository(&act(), made.registry, space, &name, &texts).await
    };
    create().await.unwrap();
    assert!(matches!(create().await, Err(Error::Conflict(Thing::Repository))));
    for public in [true, false, true] {
        let set = |settings: &mut NamespaceSettings| settings.public = public;
        assert!(kit.two.modify_instance_namespace(&act(), made.registry, space, set).await.unwrap());
        let query = RepositoryQuery { window: Window::first(10), ..RepositoryQuery::default() };
        let Listing { items: listed, total } = kit.two.list_instance_repositories(made.registry, &query).await.unwrap();
        assert_eq!((listed.len(), total), (2, 2));
        assert!(listed.iter().all(|repository| repository.public == public));
        let name = "open/pushed".parse().unwrap();
        assert_eq!(kit.one.repository(made.registry, &name).await.unwrap().unwrap().public, public);
        let of_others = kit.one.accessible_repository(made.registry, AccountId::new(i64::MAX), &name).await.unwrap();
        assert_eq!(of_others.is_some_and(|(repository, own)| repository.public && !own), public);
        let holder = kit.one.readable_holder(made.registry, &sha256(b"content"), None).await.unwrap();
        assert_eq!(holder.is_some_and(|holder| holder.public), public);
        for (owner, count) in [(None, if public { 2 } else { 0 }), (Some(made.owner), 2)] {
            let readable = Readable::By { owner };
            let listed = kit.one.list_repositories(made.registry, readable, None, 10).await.unwrap();
            assert_eq!(listed.len(), count);
            let after =
                kit.one.list_repositories(made.registry, readable, Some("open/made/by/hand"), 10).await.unwrap();
            assert_eq!(after.len(), count / 2);
        }
    }
    let (nowhere, name) = (NamespaceId::new(i64::MAX), "open/x".parse().unwrap());
    let gone = kit.one.create_instance_repository(&act(), made.registry, nowhere, &name, &texts).await;
    assert!(matches!(gone, Err(Error::Stale(_))));
}

async fn repositories_are_listed(kit: &Kit) {
    let made = instance(kit, kit.account().await).await;
    let (one, two) = (namespace(kit, &made, "one", false).await, namespace(kit, &made, "two", false).await);
    for (space, name) in [(one, "one/app"), (two, "two/app_web"), (two, "two/one/deep"), (one, "one/zoo")] {
        push(kit, &made, space, name).await.unwrap();
    }
    let names = async |query: RepositoryQuery<'_>| {
        let Listing { items: listed, total } = kit.two.list_instance_repositories(made.registry, &query).await.unwrap();
        (listed.iter().map(|repository| repository.name.to_string()).collect::<Vec<_>>().join(" "), total)
    };
    let all = RepositoryQuery { window: Window::first(10), ..RepositoryQuery::default() };
    assert_eq!(names(all).await, ("one/app one/zoo two/app_web two/one/deep".to_owned(), 4));
    assert_eq!(
        names(RepositoryQuery { window: Window { offset: 1, limit: 2 }, ..all }).await,
        ("one/zoo two/app_web".to_owned(), 4)
    );
    let order = RepositoryOrder::NameDescending;
    assert_eq!(names(RepositoryQuery { window: Window::first(1), order, ..all }).await, ("two/one/deep".to_owned(), 4));
    let order = RepositoryOrder::Newest;
    assert_eq!(names(RepositoryQuery { window: Window::first(1), order, ..all }).await, ("one/zoo".to_owned(), 4));
    let order = RepositoryOrder::LastChanged;
    assert_eq!(names(RepositoryQuery { window: Window::first(1), order, ..all }).await, ("one/zoo".to_owned(), 4));
    assert_eq!(names(RepositoryQuery { namespace: Some(one), ..all }).await, ("one/app one/zoo".to_owned(), 2));
    // The search does not look at the namespace, and the text contains no wildcards.
    assert_eq!(names(RepositoryQuery { contains: "one", ..all }).await, ("two/one/deep".to_owned(), 1));
    assert_eq!(names(RepositoryQuery { contains: "APP", ..all }).await, ("one/app two/app_web".to_owned(), 2));
    assert_eq!(names(RepositoryQuery { contains: "p_w", ..all }).await, ("two/app_web".to_owned(), 1));
    let shown = NameRule::Like(vec![NamePattern::new("one/*"), NamePattern::new("two/app_web")]);
    assert_eq!(names(RepositoryQuery { shows: &shown, ..all }).await, ("one/app one/zoo two/app_web".to_owned(), 3));
    let shown = shown.negated();
    assert_eq!(names(RepositoryQuery { shows: &shown, ..all }).await, ("two/one/deep".to_owned(), 1));
    for nothing in ["%", "p_p", "!", "a!p", "app/", "'", "\\"] {
        assert_eq!(names(RepositoryQuery { contains: nothing, ..all }).await.1, 0, "{nothing}");
    }
    let listed = kit.two.list_instance_repositories(made.registry, &all).await.unwrap().items;
    let app = listed[0].id;
    assert_eq!(listed[0].texts, Texts::default());
    assert!(kit.one.describe_instance_repository(&act(), app, Some("short"), None).await.unwrap());
    assert!(kit.one.describe_instance_repository(&act(), app, None, Some("long")).await.unwrap());
    assert!(!kit.one.describe_instance_repository(&act(), RepositoryId::new(i64::MAX), None, None).await.unwrap());
    let listed = kit.two.list_instance_repositories(made.registry, &all).await.unwrap().items;
    assert_eq!((listed[0].texts.brief.as_str(), listed[0].texts.description.as_str()), ("short", "long"));
    assert!(kit.one.delete_repository(&act(), app, true).await.unwrap());
}

async fn the_same_names_are_others_elsewhere(kit: &Kit) {
    let owner = kit.account().await;
    let (one, two) = (instance(kit, owner).await, instance(kit, owner).await);
    let name: RepositoryName = "same/app".parse().unwrap();
    let mut ids = Vec::new();
    for made in [&one, &two] {
        let space = namespace(kit, made, "same", false).await;
        let id = push(kit, made, space, "same/app").await.unwrap();
        assert_eq!(kit.two.repository(made.registry, &name).await.unwrap().unwrap().id, id);
        ids.push(id);
    }
    assert_ne!(ids[0], ids[1]);
    assert_eq!(kit.two.repository(RegistryId::PERSONAL, &name).await.unwrap(), None);
    assert!(kit.two.blob(ids[0], &sha256(b"content")).await.unwrap().is_some());
    // No repository can be made in a namespace of another registry.
    let foreign = kit.two.namespace(two.registry, "same").await.unwrap().unwrap().id;
    let outcome = push(kit, &one, foreign, "same/app").await;
    assert!(matches!(outcome, Err(Error::Stale(Thing::Namespace))), "{outcome:?}");
}

async fn tokens_are_kept(kit: &Kit) {
    let made = instance(kit, kit.account().await).await;
    let other = instance(kit, made.owner).await;
    let store = async |id: &str, limit| {
        let new = NewInstanceToken {
            id,
            registry: made.registry,
            account: made.owner,
            credential_version: 1,
            hash: b"hash",
            description: "for tests",
            expires_at: later(100),
        };
        kit.one.insert_instance_token(&act(), &new, limit).await
    };
    let [one, two] = [0, 1].map(|_| format!("token{}", kit.number()));
    let row = store(&one, 2).await.unwrap();
    assert!(matches!(store(&one, 2).await, Err(Error::Conflict(Thing::InstanceToken))));
    store(&two, 2).await.unwrap();
    assert!(matches!(store("third", 2).await, Err(Error::LimitReached { limit: 2, .. })));
    let found = kit.two.instance_token(&one).await.unwrap().unwrap();
    assert_eq!((found.row, found.registry, found.account, found.enabled), (row, made.registry, made.owner, true));
    assert_eq!((found.hash.as_slice(), found.description.as_str()), (b"hash".as_slice(), "for tests"));
    assert_eq!((found.created_at, found.expires_at, found.credential_version), (NOW, later(100), 1));
    assert_eq!(kit.two.instance_token_row(row).await.unwrap(), Some(found));
    assert_eq!(kit.two.instance_token("a\0").await.unwrap(), None);
    let Listing { items: listed, total } =
        kit.two.list_instance_tokens(made.registry, Window { offset: 1, limit: 10 }).await.unwrap();
    assert_eq!((listed.len(), listed[0].id.as_str(), total), (1, two.as_str(), 2));
    assert_eq!(kit.two.list_instance_tokens(other.registry, Window::first(10)).await.unwrap(), Listing::empty());
    let before = kit.two.change_counters().await.unwrap().changes;
    assert!(!kit.two.modify_instance_token(&act(), other.registry, &one, Some(false), None).await.unwrap());
    assert!(!kit.two.delete_instance_token(&act(), other.registry, &one).await.unwrap());
    assert_eq!(kit.two.change_counters().await.unwrap().changes, before);
    assert!(kit.two.modify_instance_token(&act(), made.registry, &one, Some(false), None).await.unwrap());
    assert!(kit.two.modify_instance_token(&act(), made.registry, &one, None, Some("anew")).await.unwrap());
    let found = kit.one.instance_token(&one).await.unwrap().unwrap();
    assert_eq!((found.enabled, found.description.as_str()), (false, "anew"));
    assert!(kit.two.delete_instance_token(&act(), made.registry, &one).await.unwrap());
    assert!(!kit.two.delete_instance_token(&act(), made.registry, &one).await.unwrap());
    assert_eq!(kit.one.instance_token_row(row).await.unwrap(), None);
    assert_eq!(kit.two.change_counters().await.unwrap().changes, before + 3);
    assert!(kit.one.condemn_instance(&act(), made.registry, false).await.unwrap());
    assert!(matches!(store("late", 9).await, Err(Error::Stale(Thing::Instance))));
    assert_eq!(kit.one.instance_token(&two).await.unwrap(), None);
}
