//! Sub-accounts: the rights that their policies give them.

#![expect(clippy::unwrap_used, reason = "a test: to panic is how it tells")]

mod common;

use std::sync::Arc;

use common::people::{ALLOW_ALL, allow, deny, world};
use common::{ADDRESS, PASSWORD, REGISTRY, basic, name};
use roadstead_auth::{AuthenticationError, Caller, Client, DeleteTarget, Denied, Identity, Pull};
use roadstead_policy::op::{self, Realm};
use roadstead_storage::meta::{AccountStatus, Holder, Scope};
use roadstead_storage::testkit::act;
use roadstead_types::{AccountId, NameRule, PolicyId, Tag, Thing};

const PLACES: [&str; 6] =
    ["team/public", "team/private", "team/missing", "others/public", "others/private", "nowhere/missing"];

#[tokio::test]
async fn policies_say_what_a_sub_account_may() {
    let world = world().await;
    let team = "qcs::ccr:::repo/team/*";
    let subs: [(&str, Vec<String>); 9] = [
        ("nothing", vec![]),
        ("all", vec![ALLOW_ALL.to_owned()]),
        ("pull", vec![allow("ccr:pull", team)]),
        ("push", vec![allow("ccr:push", team)]),
        ("push+create", vec![allow("ccr:push,ccr:CreateRepository", team)]),
        ("no pull", vec![ALLOW_ALL.to_owned(), deny("ccr:pull", "qcs::ccr:::repo/team/*")]),
        ("tcr family", vec![ALLOW_ALL.to_owned(), deny("tcr:PullRepositoryPersonal", "*")]),
        ("no anything", vec![ALLOW_ALL.to_owned(), deny("*", "*")]),
        ("elsewhere", vec![allow("*", "qcs::ccr:::repo/others/*")]),
    ];
    let mut table = String::new();
    for (who, policies) in &subs {
        let sub = world.sub(&who.replace([' ', '+'], "-"), policies).await;
        table.push_str(&format!("{who:<12}"));
        for place in PLACES {
            table.push_str(&format!(" {}", sub.may(place).await));
        }
        table.push('\n');
    }
    // Columns: a public, a private and a missing repository of the main account; a public and a private one of another
    // account; no namespace. Letters: pull, push, delete anything, probe.
    let expected = "\
nothing      YffY ffff ffff YffY ffff ffff
all          YYfY YYfY YYfY YffY ffff ffff
pull         YffY YffY YffY YffY ffff ffff
push         YYfY fYfY ffff YffY ffff ffff
push+create  YYfY fYfY fYfY YffY ffff ffff
no pull      fYfY fYfY fYfY YffY ffff ffff
tcr family   fYfY fYfY fYfY YffY ffff ffff
no anything  ffff ffff ffff YffY ffff ffff
elsewhere    YffY ffff ffff YffY ffff ffff
";
    assert_eq!(table, expected);
}

#[tokio::test]
async fn rules_about_names_say_what_is_decided_about_each_name() {
    let world = world().await;
    let (list, pull) = ("tcr:DescribeRepositoryOwnerPersonal", "ccr:pull");
    let network = r#"],"condition":{"ip_equal":{"qcs:ip":"198.51.100.0/24"}}}]}"#;
    let conditional = deny(pull, "*").replace("]}]}", network);
    // The name of a sub-account, its policies, and whether these deny nothing that a list checks.
    let subs: [(&str, Vec<String>, bool); 8] = [
        ("nothing", vec![], true),
        ("other-denials", vec![ALLOW_ALL.to_owned(), deny("ccr:push", "*"), deny("cam:*", "*")], true),
        ("another-network", vec![ALLOW_ALL.to_owned(), conditional], true),
        ("no-pull", vec![ALLOW_ALL.to_owned(), deny(pull, "qcs::ccr:::repo/team/private")], false),
        ("no-list", vec![allow("ccr:*", "*"), deny(list, "qcs::ccr:::repo/team/m*")], false),
        ("no-anything", vec![ALLOW_ALL.to_owned(), deny("*", "*")], false),
        ("some", vec![allow(pull, "qcs::ccr:::repo/team/private"), deny("ccr:push", "*")], true),
        ("no-namespace", vec![allow(list, "*"), deny("ccr:*", "qcs::ccr:::repo/team/*")], false),
    ];
    for (who, policies, nothing_denied) in &subs {
        let sub = world.sub(who, policies).await;
        let permissions = world.auth.permissions(&basic(&sub.identity)).await.unwrap();
        let operations = [op::repository_lists(Realm::Personal), op::pulls(Realm::Personal)];
        let denied = operations.each_ref().map(|about| permissions.denied_names(about).unwrap());
        assert_eq!(denied.iter().all(|rule| *rule == NameRule::none()), *nothing_denied, "{who}");
        for (about, denied) in operations.iter().zip(&denied) {
            let allowed = permissions.allowed_names(about).unwrap();
            for name in PLACES {
                let decision = permissions.decide(&about.on(name));
                assert_eq!(allowed.covers(name), decision.is_allowed(), "{who}: {name}");
                assert_eq!(denied.covers(name), decision.is_explicit_denial(), "{who}: {name}");
            }
        }
        let sight = permissions.sight().unwrap();
        for (place, public) in PLACES.into_iter().flat_map(|place| [(place, true), (place, false)]) {
            let seen = sight.names.covers(place) || (public && sight.public.covers(place));
            assert_eq!(permissions.sees_repository(&name(place), public), seen, "{who}: {place}, public: {public}");
        }
    }
}

#[tokio::test]
async fn a_preset_policy_is_its_document_and_one_that_is_none_denies() {
    let world = world().await;
    let sub = world.sub("preset", &[]).await;
    let (owner, holder) = (world.owner.account.id, Holder::User(sub.identity.account));
    let attach = async |id: i64| {
        world.meta.attach_policy(&act(world.clock.clone()), owner, PolicyId::new(id), holder, "1").await.unwrap();
        world.auth.changed(&Scope::System);
    };
    attach(419_084).await;
    assert_eq!(sub.may("team/private").await, "YffY", "read only");
    attach(419_082).await;
    assert_eq!(sub.may("team/missing").await, "YYfY", "full access");
    attach(77).await;
    assert_eq!(sub.may("team/private").await, "ffff", "nobody knows what it said");
    assert_eq!(sub.may("others/public").await, "YffY");
}

#[tokio::test]
async fn a_boundary_limits() {
    let world = world().await;
    let sub = world.sub("bounded", &[ALLOW_ALL.to_owned()]).await;
    let boundary = world.policy(&allow("ccr:pull", "qcs::ccr:::repo/team/private")).await;
    let (owner, holder) = (world.owner.account.id, Holder::User(sub.identity.account));
    world.meta.set_boundary(&act(world.clock.clone()), owner, holder, Some(boundary)).await.unwrap();
    world.auth.changed(&Scope::System);
    assert_eq!(sub.may("team/private").await, "YffY");
    assert_eq!(sub.may("team/missing").await, "ffff");
    world.meta.set_boundary(&act(world.clock.clone()), owner, holder, None).await.unwrap();
    world.auth.changed(&Scope::System);
    assert_eq!(sub.may("team/missing").await, "YYfY");
}

#[tokio::test]
async fn groups_count_and_so_do_addresses() {
    let world = world().await;
    let sub = world.sub("grouped", &[]).await;
    let owner = world.owner.account.id;
    let group = world.meta.create_group(&act(world.clock.clone()), owner, "readers", "").await.unwrap();
    world.attach(&allow("ccr:pull", "*"), Holder::Group(group)).await;
    assert_eq!(sub.may("team/private").await, "ffff");
    world.meta.add_members(&act(world.clock.clone()), owner, &[(group, sub.identity.account)]).await.unwrap();
    assert!(world.auth.poll_changes().await.unwrap().changed, "another process is told");
    assert_eq!(sub.may("team/private").await, "YffY");
    let here = r#"{"version":"2.0","statement":{"effect":"deny","action":"ccr:*","resource":"*",
        "condition":{"ip_equal":{"qcs:ip":"198.51.100.0/24"}}}}"#;
    world.attach(here, Holder::Group(group)).await;
    assert_eq!(sub.may("team/private").await, "YffY");
    let caller = Caller { client: Arc::new(Client::at("198.51.100.7".parse().unwrap())), ..sub.caller() };
    assert_eq!(world.may(&caller, "team/private").await, "ffff", "the address of the request counts");
    // A token that was issued to another address does not help.
    let token = world.caller(Some(&sub.identity), &["repository:team/private:pull"]).await;
    assert_eq!(world.may(&token, "team/private").await, "YffY");
    let token = Caller { client: Arc::clone(&caller.client), ..token };
    assert_eq!(world.may(&token, "team/private").await, "ffff");
}

#[tokio::test]
async fn a_token_grants_what_is_allowed_and_is_no_licence() {
    let world = world().await;
    let sub = world.sub("token", &[allow("ccr:push,ccr:CreateRepository", "qcs::ccr:::repo/team/private")]).await;
    let scopes = [
        "repository:team/private:pull,push,delete",
        "repository:team/missing:pull,push",
        "repository:team/public:*",
        "repository:others/private:pull,push,delete",
    ];
    let issued = world.issue(Some(&sub.identity), &scopes).await;
    let granted: Vec<String> = issued.granted.iter().map(ToString::to_string).collect();
    assert_eq!(granted, ["repository:team/private:push", "repository:team/public:pull"]);
    let caller = world.bearer(&issued.token).await.unwrap();
    assert_eq!(world.may(&caller, "team/private").await, "fYfY");
    world.attach(&deny("ccr:push", "*"), Holder::User(sub.identity.account)).await;
    assert_eq!(world.may(&caller, "team/private").await, "ffff", "with the same token");
}

#[tokio::test]
async fn tags_are_deleted_one_by_one() {
    let world = world().await;
    let digest = world.manifest("team/app", &["v1", "v2", "latest"]).await;
    let untagged = world.manifest("team/base", &[]).await;
    let sub = world
        .sub(
            "deleter",
            &[
                allow("ccr:DeleteTag", "qcs::ccr:::repo/team/app:v*"),
                allow("ccr:DeleteTag", "qcs::ccr:::repo/team/base"),
            ],
        )
        .await;
    let tag = |name: &str| -> Tag { name.parse().unwrap() };
    let (v1, latest) = (tag("v1"), tag("latest"));
    let one = DeleteTarget::Tags(std::slice::from_ref(&v1), false);
    assert_eq!(sub.deletes("team/app", one).await, Some(vec![v1.clone()]));
    assert_eq!(sub.deletes("team/other", one).await, None);
    assert_eq!(sub.deletes("others/app", one).await, None);
    assert_eq!(sub.deletes("team/app", DeleteTarget::Tags(std::slice::from_ref(&latest), false)).await, None);
    let both = [v1.clone(), latest.clone()];
    assert_eq!(sub.deletes("team/app", DeleteTarget::Tags(&both, true)).await, None, "all or nothing");
    assert_eq!(sub.deletes("team/app", DeleteTarget::Tags(&[], true)).await, None, "nothing is not everything");
    assert_eq!(sub.deletes("team/app", DeleteTarget::Manifest(&digest)).await, None, "latest points at it");
    let repository = world.meta.repository(REGISTRY, &name("team/app")).await.unwrap().unwrap().id;
    world.meta.delete_tag(&act(world.clock.clone()), repository, &latest).await.unwrap();
    let covered = sub.deletes("team/app", DeleteTarget::Manifest(&digest)).await.unwrap();
    assert_eq!(covered, [v1.clone(), tag("v2")]);
    // A tag that is made in the meantime is not covered.
    world.manifest("team/app", &["latest"]).await;
    let outcome = world.meta.delete_manifest(&act(world.clock.clone()), repository, &digest, Some(&covered)).await;
    assert!(matches!(outcome, Err(roadstead_storage::Error::Stale(Thing::Tag))));
    assert!(world.meta.tag(repository, &v1).await.unwrap().is_some(), "nothing was deleted");
    assert_eq!(sub.deletes("team/base", DeleteTarget::Manifest(&untagged)).await, Some(vec![]));
    assert_eq!(sub.deletes("team/public", DeleteTarget::Manifest(&untagged)).await, None);

    let owner = basic(&world.owner().await);
    let access = world.auth.authorize_delete(&owner, REGISTRY, &name("team/app"), one).await.unwrap();
    assert!(access.tags().is_none(), "a main account has no limits");
}

#[tokio::test]
async fn a_disabled_main_account_takes_its_sub_accounts_with_it() {
    let world = world().await;
    let sub = world.sub("member", &[ALLOW_ALL.to_owned()]).await;
    let token = world.issue(Some(&sub.identity), &["repository:team/private:pull"]).await.token;
    let set = async |status| {
        let id = world.owner.account.id;
        assert!(world.meta.set_account_status(&act(world.clock.clone()), id, status).await.unwrap());
        assert!(world.auth.poll_changes().await.unwrap().changed);
    };
    let login = async || world.auth.basic(REGISTRY, sub.identity.uin.as_str(), PASSWORD, ADDRESS).await;
    assert!(world.bearer(&token).await.is_ok());
    set(AccountStatus::Disabled).await;
    assert!(matches!(world.bearer(&token).await, Err(AuthenticationError::BadCredentials)));
    assert!(matches!(login().await, Err(AuthenticationError::BadCredentials)));
    set(AccountStatus::Active).await;
    assert!(matches!(world.bearer(&token).await, Err(AuthenticationError::BadCredentials)), "void for good");
    assert!(login().await.is_ok());
}

#[tokio::test]
async fn what_is_remembered_of_a_repository_is_not_about_what_it_was_before() {
    let world = world().await;
    let sub = world.sub("nothing", &[]).await;
    for (public, expected) in [(true, "YffY"), (false, "ffff"), (true, "YffY")] {
        world.repository("team/public", public).await;
        assert_eq!(sub.may("team/public").await, expected);
    }
}

#[tokio::test]
async fn the_catalog_shows_what_may_be_listed() {
    let world = world().await;
    let list = "qcs::ccr:::repo/team/pri*";
    let sub = world.sub("lister", &[allow("ccr:GetUserRepositoryList", list)]).await;
    let none = world.sub("none", &[deny("ccr:GetUserRepositoryList", "*")]).await;
    let shows = async |caller: &Caller, repository: &str, public| {
        world.auth.catalog(caller, REGISTRY).await.unwrap().shows(&name(repository), public, &Arc::default())
    };
    assert!(shows(&sub.caller(), "team/private", false).await);
    assert!(!shows(&sub.caller(), "team/secret", false).await);
    assert!(shows(&sub.caller(), "team/public", true).await);
    assert!(!shows(&none.caller(), "team/public", true).await);
    let access = world.auth.catalog(&sub.caller(), REGISTRY).await.unwrap();
    assert_eq!(access.limited_to(), Some(world.owner.account.id));
    let owner = basic(&world.owner().await);
    assert_eq!(world.auth.catalog(&owner, REGISTRY).await.unwrap().limited_to(), None);
    assert!(shows(&owner, "team/secret", false).await);
}

#[tokio::test]
async fn doubt_about_policies_is_a_denial() {
    let world = world().await;
    let sub = world.sub("doubt", &[ALLOW_ALL.to_owned()]).await;
    world.auth.authorize::<Pull>(&sub.caller(), REGISTRY, &name("team/private")).await.unwrap();
    world.meta.close().await;
    // The repository and the account are still cached for a while, but the policies are not, so the answer is
    // unknown.
    let stranger = Identity { account: AccountId::new(999), ..(*sub.identity).clone() };
    let pull = world.auth.authorize::<Pull>(&basic(&Arc::new(stranger)), REGISTRY, &name("team/private")).await;
    assert!(matches!(pull, Err(Denied::Unavailable(_))));
}
