//! Every route, every kind of caller, every kind of repository.
//!
//! The table is generated from [`Route::ALL`], so it contains every new route. Two things state the expected answers:
//! the rule below, which is written from the documents and not from the code, and the snapshots.

use std::fmt::Write as _;

use roadstead_auth::RightName;
use roadstead_http::route::{Required, Route};
use roadstead_storage::meta::AccountStatus;
use roadstead_tests::people::sub;
use roadstead_tests::{Answer, Client, Credentials, Image, TestRegistry, digest};

const PUBLIC: &str = "alice/public";
const PRIVATE: &str = "alice/private";
/// Repositories of alice, which are foreign for bob, and names that do not exist.
const REPOSITORIES: [&str; 4] = [PUBLIC, PRIVATE, "alice/missing", "nowhere/missing"];

/// A kind of caller.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    /// A caller without credentials.
    Anonymous,
    /// A caller with an anonymous token for all that the token service gives to anonymous callers.
    AnonymousToken,
    /// The owner of the namespace `alice`, without limits.
    Owner,
    /// The owner with a token whose scopes cover these actions on the repository.
    OwnerToken(&'static [&'static str]),
    /// Another account.
    Other,
    /// Another account with a token for all scopes that it gets.
    OtherToken,
    /// A sub-account of the owner, whose policies allow these actions.
    Sub(&'static [&'static str]),
    /// A sub-account of another account, whose policies allow everything.
    OtherSub,
    /// Credentials that are wrong or no longer valid.
    Bad,
}

struct Caller {
    name: &'static str,
    kind: Kind,
    client: Client,
}

/// All callers for one repository. Their tokens are for this repository, except the tokens for another one.
async fn callers(reg: &TestRegistry, people: &People, repository: &str) -> Vec<Caller> {
    let (alice, bob) = (&people.alice, &people.bob);
    let scope = |actions: &str| format!("repository:{repository}:{actions}");
    let all = scope("pull,push,delete");
    let other = "repository:alice/elsewhere:pull,push,delete";
    let caller = |name, kind, client| Caller { name, kind, client };
    vec![
        caller("anonymous", Kind::Anonymous, reg.anonymous()),
        caller("anonymous token", Kind::AnonymousToken, reg.anonymous().bearer(&[&all]).await),
        caller("owner", Kind::Owner, alice.clone()),
        caller("owner token all", Kind::OwnerToken(&["pull", "push", "delete"]), alice.bearer(&[&all]).await),
        caller("owner token *", Kind::OwnerToken(&["pull", "push", "delete"]), alice.bearer(&[&scope("*")]).await),
        caller("owner token pull", Kind::OwnerToken(&["pull"]), alice.bearer(&[&scope("pull")]).await),
        caller("owner token push", Kind::OwnerToken(&["push"]), alice.bearer(&[&scope("push")]).await),
        caller("owner token none", Kind::OwnerToken(&[]), alice.bearer(&[]).await),
        caller("owner token other", Kind::OwnerToken(&[]), alice.bearer(&[other]).await),
        caller("other", Kind::Other, bob.clone()),
        caller("other token", Kind::OtherToken, bob.bearer(&[&all]).await),
        caller("sub nothing", Kind::Sub(&[]), people.subs[0].clone()),
        caller("sub pull", Kind::Sub(&["pull"]), people.subs[1].clone()),
        caller("sub push", Kind::Sub(&["push"]), people.subs[2].clone()),
        caller("sub all", Kind::Sub(&["pull", "push", "create", "untag"]), people.subs[3].clone()),
        caller("sub all but pull", Kind::Sub(&["deny pull", "push", "create", "untag"]), people.subs[4].clone()),
        caller("other sub", Kind::OtherSub, people.other_sub.clone()),
        caller("disabled", Kind::Bad, people.disabled.clone()),
        caller("disabled token", Kind::Bad, people.disabled_token.clone()),
        caller("wrong password", Kind::Bad, wrong(alice)),
        caller("garbage token", Kind::Bad, reg.bearer("e30.e30.e30")),
        caller("garbage", Kind::Bad, reg.anonymous().with(Credentials::Raw("Basic ???".into()))),
    ]
}

fn wrong(client: &Client) -> Client {
    let Credentials::Basic(username, _) = client.credentials() else { panic!("an account has a password") };
    client.with(Credentials::Basic(username.clone(), "wrong".into()))
}

struct People {
    alice: Client,
    bob: Client,
    disabled: Client,
    disabled_token: Client,
    /// Sub-accounts of alice, one for each row of [`SUBS`].
    subs: Vec<Client>,
    /// A sub-account of bob with all rights of bob.
    other_sub: Client,
}

const EVERYTHING: &str = r#"{"version":"2.0","statement":{"effect":"allow","action":"*","resource":"*"}}"#;
const PULL: &str = r#"{"version":"2.0","statement":{"effect":"allow","action":"ccr:pull","resource":"*"}}"#;
const PUSH: &str = r#"{"version":"2.0","statement":{"effect":"allow","action":"ccr:push","resource":"*"}}"#;
const NO_PULL: &str = r#"{"version":"2.0","statement":{"effect":"deny","action":"ccr:pull","resource":"*"}}"#;
/// The policies of the sub-accounts of alice.
const SUBS: [(&str, &[&str]); 5] = [
    ("nothing", &[]),
    ("pull", &[PULL]),
    ("push", &[PUSH]),
    ("all", &[EVERYTHING]),
    ("no-pull", &[EVERYTHING, NO_PULL]),
];

/// Sends a request to one route. If it is allowed, it changes nothing: a deletion names something that does not exist.
async fn call(client: &Client, route: Route, method: &str, repository: &str, image: &Image) -> Answer {
    let layer = digest(&image.layers[0]);
    let (reference, blob) = match route {
        Route::ManifestDelete => ("nothing".to_owned(), digest("nothing")),
        Route::BlobDelete => ("v1".to_owned(), digest("nothing")),
        _ => ("v1".to_owned(), layer),
    };
    let path = route
        .pattern()
        .replace("{name}", repository)
        .replace("{reference}", &reference)
        .replace("{digest}", &blob)
        .replace("{upload_id}", "00000000-0000-0000-0000-000000000000");
    let query = if route == Route::UploadPut { format!("?digest={blob}") } else { String::new() };
    client.request(method, &format!("{path}{query}")).send().await
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Verdict {
    /// The route runs. Its answer is in the snapshot, and is neither 401 nor 403.
    Allowed,
    /// 401 with a challenge.
    Challenge,
    /// 401 with a challenge that says `insufficient_scope`.
    InsufficientScope,
    /// 403.
    Forbidden,
}

/// The rule of `docs/adr/0004`.
fn verdict(route: Route, kind: Kind, repository: &str) -> Verdict {
    let token = matches!(kind, Kind::AnonymousToken | Kind::OwnerToken(_) | Kind::OtherToken);
    match route.required() {
        // A token, and bad credentials, get no token. The OAuth2 form carries its credentials in the form.
        Required::Nothing if route == Route::TokenGet && (token || kind == Kind::Bad) => Verdict::Challenge,
        Required::Nothing => Verdict::Allowed,
        Required::Credentials | Required::Catalog if matches!(kind, Kind::Bad | Kind::Anonymous) => Verdict::Challenge,
        Required::Credentials => Verdict::Allowed,
        Required::Catalog => match kind {
            Kind::Owner | Kind::Other | Kind::Sub(_) | Kind::OtherSub => Verdict::Allowed,
            Kind::AnonymousToken => Verdict::Challenge,
            _ => Verdict::InsufficientScope,
        },
        // The cloud API answers a refusal with status 200.
        Required::Signature => Verdict::Allowed,
        Required::Repository(action) => on_repository(route, action, kind, repository),
    }
}

/// Whether the policies of a sub-account allow an action in a repository of its own main account.
fn by_policies(route: Route, action: RightName, rights: &[&str], repository: &str) -> bool {
    let may = |right| rights.contains(&right);
    let pull = !may("deny pull") && (may("pull") || repository == PUBLIC);
    let push = may("push") && (may("create") || repository != "alice/missing");
    match action {
        RightName::Pull => pull,
        RightName::Push => push,
        RightName::Probe => pull || push,
        // Only main accounts may delete blobs.
        RightName::Delete => route == Route::ManifestDelete && may("untag"),
    }
}

fn on_repository(route: Route, action: RightName, kind: Kind, repository: &str) -> Verdict {
    let owned = repository.starts_with("alice/");
    let read = matches!(action, RightName::Pull | RightName::Probe);
    let stranger_may = repository == PUBLIC && read;
    match kind {
        Kind::Bad => Verdict::Challenge,
        Kind::Anonymous | Kind::AnonymousToken if stranger_may => Verdict::Allowed,
        Kind::Anonymous | Kind::AnonymousToken => Verdict::Challenge,
        Kind::Other | Kind::OtherToken | Kind::OtherSub if stranger_may => Verdict::Allowed,
        Kind::Sub(rights) if owned && by_policies(route, action, rights, repository) => Verdict::Allowed,
        Kind::Owner if owned => Verdict::Allowed,
        Kind::OwnerToken(actions) if owned => {
            let covered = match action {
                RightName::Pull => actions.contains(&"pull"),
                RightName::Push => actions.contains(&"push"),
                RightName::Delete => actions.contains(&"delete"),
                RightName::Probe => actions.contains(&"pull") || actions.contains(&"push"),
            };
            if covered { Verdict::Allowed } else { Verdict::InsufficientScope }
        }
        Kind::Owner | Kind::OwnerToken(_) | Kind::Other | Kind::OtherToken => Verdict::Forbidden,
        Kind::Sub(_) | Kind::OtherSub => Verdict::Forbidden,
    }
}

fn check(answer: &Answer, verdict: Verdict, cell: &str) {
    let challenge = answer.header("www-authenticate");
    // The token service needs no Bearer challenge: it is the place that a challenge names.
    let sent_on = !challenge.is_empty() || cell.contains("token.get");
    let found = match answer.status {
        401 if challenge.contains("insufficient_scope") => Verdict::InsufficientScope,
        401 if sent_on => Verdict::Challenge,
        401 => panic!("{cell}: 401 without a challenge"),
        403 => Verdict::Forbidden,
        status if status < 500 => Verdict::Allowed,
        _ => panic!("{cell}: {answer}"),
    };
    assert_eq!(found, verdict, "{cell}: {answer}");
}

/// A short description of an answer. The answer to HEAD has no body, and so no code.
fn summary(answer: &Answer) -> String {
    let mut words = vec![answer.status.to_string(), answer.code()];
    if answer.header("www-authenticate").contains("insufficient_scope") {
        words.push("insufficient_scope".to_owned());
    }
    words.retain(|word| !word.is_empty());
    words.join(" ")
}

async fn people(reg: &TestRegistry, image: &Image) -> People {
    let (alice, bob, carol) = (reg.account("alice").await, reg.account("bob").await, reg.account("carol").await);
    for repository in [PUBLIC, PRIVATE] {
        alice.basic.push_image(repository, "v1", image).await;
    }
    reg.set_public(PUBLIC, true).await;
    let disabled_token = carol.basic.bearer(&[&format!("repository:{PUBLIC}:pull")]).await;
    reg.set_status(carol.id, AccountStatus::Disabled).await;
    roadstead_tests::eventually("the token of carol is refused", async || {
        (disabled_token.get("/v2/").await.status == 401).then_some(())
    })
    .await;
    let mut subs = Vec::new();
    for (name, policies) in SUBS {
        subs.push(sub(reg, &alice, name, policies).await.basic);
    }
    let other_sub = sub(reg, &bob, "member", &[EVERYTHING]).await.basic;
    People { alice: alice.basic, bob: bob.basic, disabled: carol.basic, disabled_token, subs, other_sub }
}

#[tokio::test]
async fn every_route_answers_every_caller_as_the_rule_says() {
    let reg = TestRegistry::new().await;
    let image = Image::small(1);
    let people = people(&reg, &image).await;
    for repository in REPOSITORIES {
        let mut table = String::new();
        let callers = callers(&reg, &people, repository).await;
        let mut routes: Vec<Route> = Route::ALL.to_vec();
        routes.sort_by_key(|route| route.name());
        for route in routes {
            for method in route.methods() {
                let method = method.as_str();
                let mut answers: Vec<(String, Vec<&str>)> = Vec::new();
                for Caller { name, kind, client } in &callers {
                    let answer = call(client, route, method, repository, &image).await;
                    let cell = format!("{} ({method}) by {name} on {repository}", route.name());
                    check(&answer, verdict(route, *kind, repository), &cell);
                    let told = summary(&answer);
                    match answers.iter_mut().find(|(known, _)| *known == told) {
                        Some((_, names)) => names.push(name),
                        None => answers.push((told, vec![name])),
                    }
                }
                writeln!(table, "{} ({method})", route.name()).unwrap();
                for (told, names) in answers {
                    writeln!(table, "    {told}: {}", names.join(", ")).unwrap();
                }
            }
        }
        insta::assert_snapshot!(format!("matrix_{}", repository.replace('/', "_")), table);
    }
}

#[tokio::test]
async fn what_may_not_be_seen_looks_like_what_does_not_exist() {
    let reg = TestRegistry::new().await;
    let image = Image::small(1);
    let people = people(&reg, &image).await;
    let bob_full = people.bob.bearer(&["repository:alice/private:pull,push,delete", "registry:catalog:*"]).await;
    let anonymous_token = reg.anonymous().bearer(&["repository:alice/private:pull"]).await;
    let strangers = [
        reg.anonymous(),
        anonymous_token,
        people.bob.clone(),
        bob_full,
        people.subs[0].clone(),
        people.other_sub.clone(),
        people.disabled,
        wrong(&people.alice),
    ];
    // Two rounds, so that the second one runs with the caches that the first one filled.
    for _ in 0..2 {
        for client in &strangers {
            for &route in Route::ALL {
                if !matches!(route.required(), Required::Repository(_)) {
                    continue;
                }
                for method in route.methods() {
                    let ask = async |repository: &str| {
                        let answer = call(client, route, method.as_str(), repository, &image).await;
                        assert!(matches!(answer.status, 401 | 403), "{}: {answer}", answer.request);
                        // The answer may differ only in the name of the repository.
                        answer.essence().replace(repository, "NAME")
                    };
                    let private = ask(PRIVATE).await;
                    assert_eq!(private, ask("alice/missing").await, "{} {method}", route.name());
                    assert_eq!(private, ask("nowhere/missing").await, "{} {method}", route.name());
                }
            }
        }
        // The owner reads it in between, and so fills caches.
        people.alice.get(&format!("/v2/{PRIVATE}/manifests/v1")).await.expect(200);
        people.alice.get(&format!("/v2/{PRIVATE}/blobs/{}", digest(&image.layers[0]))).await.expect(200);
    }
}

#[tokio::test]
async fn without_anonymous_pull_public_means_every_account() {
    let reg = TestRegistry::builder().settings(|s| s.auth.anonymous_pull = false).start().await;
    let (alice, bob) = (reg.account("alice").await, reg.account("bob").await);
    alice.basic.push_image(PUBLIC, "v1", &Image::small(1)).await;
    let name = PUBLIC.parse().unwrap();
    let row = reg.meta().repository(roadstead_types::RegistryId::PERSONAL, &name).await.unwrap().unwrap();
    reg.meta().set_visibility(&reg.act(), row.id, true).await.unwrap();
    let target = format!("/v2/{PUBLIC}/manifests/v1");
    roadstead_tests::eventually("the repository is public", async || {
        (bob.basic.get(&target).await.status == 200).then_some(())
    })
    .await;
    reg.anonymous().get(&target).await.expect_error(401, "UNAUTHORIZED");
    let token = reg.anonymous().bearer(&[&format!("repository:{PUBLIC}:pull")]).await;
    token.get(&target).await.expect_error(401, "UNAUTHORIZED");
}

#[tokio::test]
async fn a_challenge_asks_for_the_scope_that_the_route_needs() {
    let reg = TestRegistry::new().await;
    let image = Image::small(1);
    for &route in Route::ALL {
        let Required::Repository(action) = route.required() else { continue };
        let expected = match action {
            RightName::Pull | RightName::Probe => "pull",
            RightName::Push => "pull,push",
            RightName::Delete => "delete",
        };
        for method in route.methods() {
            let answer = call(&reg.anonymous(), route, method.as_str(), "alice/app", &image).await.expect(401);
            let scope = format!(",scope=\"repository:alice/app:{expected}\"");
            assert!(answer.header("www-authenticate").ends_with(&scope), "{answer}");
        }
    }
}
