//! Every action of the cloud API, with every kind of caller.
//!
//! The actions and their parameters come from the registry's own table, so every new action is tested. Two things state
//! the expected answers: the rules below, which are written from the documents and not from the code, and the
//! snapshots. [`Class`] lists the actions for which the signature is enough; the tests compare it with the behaviour.

mod dry_run;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use roadstead_cloud::catalog::{self, ActionInfo};
use roadstead_policy::Class;
use roadstead_tests::houses::{House, Rights, house, mark, nothing};
use roadstead_tests::{Cloud, Reply, TestRegistry, parameters};
use serde_json::{Value, json};

const UNAUTHORIZED: &str = "AuthFailure.UnauthorizedOperation";

/// All actions, sorted by service and name.
fn actions() -> Vec<ActionInfo> {
    let mut actions: Vec<_> = catalog::actions().collect();
    actions.sort_by_key(|action| (action.service, action.name));
    actions
}

async fn registry(faithful: bool) -> TestRegistry {
    let change = move |settings: &mut roadstead_config::Settings| {
        settings.cloud_api.requests_per_second = 0;
        settings.cloud_api.faithful = faithful;
    };
    TestRegistry::builder().settings(change).start().await
}

async fn call(cloud: &Cloud, action: &ActionInfo, parameters: &Value) -> Reply {
    let reply = cloud.call(action.service, action.name, parameters.clone()).await;
    let code = reply.code();
    // Other codes are documented, and name a mistake of the caller.
    assert!(code != "InternalError", "{} {parameters}: {}", action.name, reply.answer);
    reply
}

/// Calls an action on the things of the account and returns its code. An action that changes something is a dry run. If
/// the caller should be refused, a real call follows, because some actions must look something up before they know the
/// right.
async fn attempt(cloud: &Cloud, action: &ActionInfo, house: &House, refused: bool) -> String {
    let mut parameters = parameters::of(action, &house.things);
    parameters["DryRun"] = json!(action.writes);
    let code = call(cloud, action, &parameters).await.code();
    if code != "DryRunOperation" {
        return code;
    }
    parameters["DryRun"] = json!(false);
    if refused { call(cloud, action, &parameters).await.code() } else { String::new() }
}

/// Whether the documents say that a user of the account is refused. `None` means that they give no general rule.
fn refused(action: &ActionInfo, rights: Option<Rights>) -> Option<bool> {
    let Some(rights) = rights else { return Some(false) };
    let tcr = action.service == "tcr";
    match rights {
        Rights::Denied if tcr => Some(true),
        _ if action.class == Class::Signed => Some(false),
        // The signature does not matter: see `nobody_s_signature_matters_where_none_is_asked_for`.
        _ if action.class == Class::Unsigned => None,
        Rights::None | Rights::Denied | Rights::Capped => Some(true),
        Rights::Full | Rights::Reader if !tcr => Some(action.name != "GetRole"),
        Rights::Full => Some(false),
        Rights::Reader if action.name.starts_with("Describe") => Some(false),
        // A reader may change nothing. Some of the other actions only read.
        Rights::Reader => action.writes.then_some(true),
    }
}

#[test]
fn every_parameter_has_a_value() {
    let nothing = nothing();
    let unknown: Vec<String> = actions()
        .into_iter()
        .flat_map(|action| action.parameters.iter().map(move |name| (action, *name)))
        .filter(|(action, name)| parameters::find(action, name, &nothing).is_none())
        .map(|(action, name)| format!("{} of {}", name, action.name))
        .collect();
    assert!(unknown.is_empty(), "parameters.rs has no value for: {}", unknown.join(", "));
}

#[tokio::test]
async fn every_action_asks_for_the_right_that_it_needs() {
    let reg = registry(false).await;
    let a = house(&reg, "aaaa").await;
    let (mut table, mut wrong) = (String::new(), Vec::new());
    for action in actions() {
        let callers = a.users.iter().map(|(rights, cloud)| (Some(*rights), cloud));
        write!(table, "{} {}:", action.service, action.name).unwrap();
        for (rights, cloud) in [(None, &a.root.cloud)].into_iter().chain(callers) {
            let refused = refused(&action, rights);
            let code = attempt(cloud, &action, &a, refused == Some(true)).await;
            let name = rights.map_or("Root".to_owned(), |rights| format!("{rights:?}"));
            let short = match code.as_str() {
                "" => "ok",
                UNAUTHORIZED => "denied",
                other => other,
            };
            write!(table, " {name}={short}").unwrap();
            if refused.is_some_and(|refused| refused != (code == UNAUTHORIZED)) {
                wrong.push(format!("{} {} as {name}: {short}", action.service, action.name));
            }
        }
        table.push('\n');
    }
    assert!(wrong.is_empty(), "{} surprises:\n{}", wrong.len(), wrong.join("\n"));
    insta::assert_snapshot!("rights", table);
}

#[tokio::test]
async fn the_faithful_mode_and_what_explains_know_where_the_signature_is_enough() {
    let reg = registry(true).await;
    let a = house(&reg, "aaaa").await;
    let (_, nobody) = a.users.iter().find(|(rights, _)| *rights == Rights::None).unwrap();
    let uin: u64 = a.things.uin.parse().unwrap();
    let mut wrong = Vec::new();
    for action in actions() {
        let free = action.class != Class::Checked;
        let code = attempt(nobody, &action, &a, !free).await;
        if free == (code == UNAUTHORIZED) {
            wrong.push(format!("{} {}: {code:?}", action.service, action.name));
        }
        let operation = format!("{}:{}", action.service, action.name);
        let question = json!({"TargetUin": uin, "Operation": operation, "Resource": "*"});
        let reply = a.root.cloud.call("cam", "ExplainAuthorization", question).await;
        // A question about `*` is an error for an action that needs a certain target.
        let said = reply.code().is_empty().then(|| reply.response()["Allowed"] == json!(true));
        if said.unwrap_or_default() != free {
            wrong.push(format!("{operation} is explained as {}", reply.answer));
        }
    }
    assert!(wrong.is_empty(), "{} surprises:\n{}", wrong.len(), wrong.join("\n"));
}

/// Whether the explanation says that the user may do this on `*`. `None` for an action that needs a certain target.
async fn explained(house: &House, cloud: &Cloud, action: &ActionInfo) -> Option<bool> {
    let uin = cloud.call("sts", "GetCallerIdentity", json!({})).await.ok()["UserId"].clone();
    let operation = format!("{}:{}", action.service, action.name);
    let question = json!({"TargetUin": uin, "Operation": operation, "Resource": "*"});
    let reply = house.root.cloud.call("cam", "ExplainAuthorization", question).await;
    reply.code().is_empty().then(|| reply.response()["Allowed"] == json!(true))
}

#[tokio::test]
async fn a_denial_of_everything_is_explained_as_it_is_obeyed() {
    for faithful in [false, true] {
        let reg = registry(faithful).await;
        let a = house(&reg, "aaaa").await;
        let (mut wrong, mut seen) = (Vec::new(), 0);
        for action in actions().into_iter().filter(|action| action.class != Class::Checked) {
            for (rights, cloud) in a.users.iter().filter(|(rights, _)| [Rights::None, Rights::Denied].contains(rights))
            {
                let code = attempt(cloud, &action, &a, !action.class.is_free(faithful)).await;
                let said = explained(&a, cloud, &action).await;
                if said != Some(code != UNAUTHORIZED) {
                    wrong.push(format!("{}:{} as {rights:?}: {code:?}, but {said:?}", action.service, action.name));
                }
                let denied = *rights == Rights::Denied && action.service == "tcr";
                let free = action.class.is_free(faithful) && (faithful || !denied);
                assert_eq!(code == UNAUTHORIZED, !free, "{} as {rights:?}, {faithful}", action.name);
                seen += 1;
            }
        }
        assert!(seen > 60, "{seen}");
        assert!(wrong.is_empty(), "{faithful}, {} surprises:\n{}", wrong.len(), wrong.join("\n"));
    }
}

#[tokio::test]
async fn nothing_is_done_for_those_who_cannot_prove_who_they_are() {
    let reg = registry(false).await;
    let a = house(&reg, "aaaa").await;
    let root = &a.root.cloud;
    let forged = root.with_key(root.secret_id(), &"x".repeat(32));
    let unknown = root.with_key(&format!("AKID{}", "y".repeat(32)), root.secret_key());
    for action in actions().into_iter().filter(|action| action.class != Class::Unsigned) {
        let parameters = parameters::of(&action, &a.things);
        let mut bare = root.prepare(action.service, action.name, &parameters);
        bare.remove("Authorization");
        let mut tampered = root.prepare(action.service, action.name, &parameters);
        tampered.body = format!(" {parameters}").into();
        let late = root.prepare(action.service, action.name, &parameters);
        for (what, reply, code) in [
            ("unsigned", root.send(bare).await, "AuthFailure.SignatureFailure"),
            ("tampered", root.send(tampered).await, "AuthFailure.SignatureFailure"),
            (
                "forged",
                forged.call(action.service, action.name, parameters.clone()).await,
                "AuthFailure.SignatureFailure",
            ),
            (
                "unknown key",
                unknown.call(action.service, action.name, parameters.clone()).await,
                "AuthFailure.SecretIdNotFound",
            ),
        ] {
            assert_eq!(reply.code(), code, "{what} {}: {}", action.name, reply.answer);
        }
        reg.clock().advance(Duration::from_secs(301));
        assert_eq!(root.send(late).await.code(), "AuthFailure.SignatureExpire", "{}", action.name);
    }
}

#[tokio::test]
async fn nobody_s_signature_matters_where_none_is_asked_for() {
    let reg = registry(false).await;
    let a = house(&reg, "aaaa").await;
    let root = &a.root.cloud;
    let forged = root.with_key(root.secret_id(), &"x".repeat(32));
    let open: Vec<_> = actions().into_iter().filter(|action| action.class == Class::Unsigned).collect();
    assert_eq!(open.iter().map(|action| action.name).collect::<Vec<_>>(), ["AssumeRoleWithWebIdentity"]);
    for action in open {
        let parameters = parameters::of(&action, &a.things);
        let mut bare = root.prepare(action.service, action.name, &parameters);
        bare.remove("Authorization");
        let mut skipped = bare.clone();
        skipped.set("Authorization", "SKIP");
        for reply in [
            root.send(bare).await,
            root.send(skipped).await,
            call(&forged, &action, &parameters).await,
            call(root, &action, &parameters).await,
        ] {
            assert_eq!(reply.code(), "InvalidParameter.WebIdentityTokenError", "{}", reply.answer);
        }
    }
}

/// The answers of all reading actions for the things of an account, without answers that differ each time.
async fn view(house: &House) -> BTreeMap<&'static str, Value> {
    let mut view = BTreeMap::new();
    for action in actions().into_iter().filter(|action| !action.writes) {
        let parameters = parameters::of(&action, &house.things);
        let look = async || {
            let mut response = call(&house.root.cloud, &action, &parameters).await.response();
            response.as_object_mut().unwrap().remove("RequestId");
            response
        };
        let (first, second) = (look().await, look().await);
        if first == second {
            view.insert(action.name, first);
        }
    }
    view
}

#[tokio::test]
async fn what_belongs_to_others_is_as_good_as_not_there() {
    let reg = registry(false).await;
    let (a, b) = (house(&reg, "aaaa").await, house(&reg, "bbbb").await);
    let (before, nothing) = (view(&a).await, nothing());
    assert!(Value::from_iter(before.clone()).to_string().contains(&mark("aaaa")), "the account sees its own texts");
    let (mut table, mut wrong) = (String::new(), Vec::new());
    for action in actions() {
        let (theirs, none) = (parameters::of(&action, &a.things), parameters::of(&action, &nothing));
        let (foreign, missing) =
            (call(&b.root.cloud, &action, &theirs).await, call(&b.root.cloud, &action, &none).await);
        let text = foreign.response().to_string();
        if text.contains(&mark("aaaa")) {
            wrong.push(format!("{} reveals: {text}", action.name));
        }
        let codes = (foreign.code(), missing.code());
        if codes.0 != codes.1 {
            wrong.push(format!(
                "{}: {:?} for what others have, {:?} for what nobody has",
                action.name, codes.0, codes.1
            ));
        } else if a.things.unnamed(&foreign.message()) != nothing.unnamed(&missing.message()) {
            wrong.push(format!("{}: {:?} and {:?}", action.name, foreign.message(), missing.message()));
        }
        let code = if codes.0.is_empty() { "ok" } else { &codes.0 };
        writeln!(table, "{} {}: {code}", action.service, action.name).unwrap();
        for (rights, cloud) in &b.users {
            let code = call(cloud, &action, &theirs).await.code();
            if *rights == Rights::None
                && matches!(action.class, Class::Hardened | Class::Checked)
                && code != UNAUTHORIZED
            {
                wrong.push(format!("{} for a user without rights: {code:?}", action.name));
            }
        }
    }
    let after = view(&a).await;
    for (name, before) in &before {
        if after.get(name) != Some(before) {
            wrong.push(format!("{name} changed:\n  {before}\n  {:?}", after.get(name)));
        }
    }
    assert!(wrong.is_empty(), "{} surprises:\n{}", wrong.len(), wrong.join("\n"));
    insta::assert_snapshot!("foreign", table);
}

/// Values that no parameter expects.
fn strange() -> Vec<Value> {
    vec![
        json!(""),
        json!(" "),
        json!("\u{0}"),
        json!("../../etc"),
        json!("\u{1F6A2}".repeat(50)),
        json!("x".repeat(5000)),
        json!("' OR 1=1 --"),
        json!("%s%n{}${uin}"),
        json!(-1),
        json!(0),
        json!(i64::MAX),
        json!(i64::MIN),
        json!(u64::MAX),
        json!(1.5),
        json!(true),
        json!([]),
        json!([[]]),
        json!({}),
        json!({"a": {"b": []}}),
        json!(["", ""]),
        json!(null),
        json!("*"),
        json!("a/b/c:d@e"),
    ]
}

#[tokio::test]
async fn no_value_is_too_strange_for_an_action() {
    let reg = registry(false).await;
    let a = house(&reg, "aaaa").await;
    for action in actions() {
        let parameters = parameters::of(&action, &a.things);
        for name in action.parameters {
            for value in strange() {
                let mut changed = parameters.clone();
                changed[*name] = value;
                call(&a.root.cloud, &action, &changed).await;
            }
            let mut without = parameters.clone();
            without.as_object_mut().unwrap().remove(*name);
            call(&a.root.cloud, &action, &without).await;
        }
        let mut more = parameters.clone();
        more["NoSuchParameter"] = json!(1);
        assert_eq!(call(&a.root.cloud, &action, &more).await.code(), "UnknownParameter", "{}", action.name);
    }
    // Finally, each action runs with valid parameters and full rights.
    for action in actions() {
        call(&a.root.cloud, &action, &parameters::of(&action, &a.things)).await;
    }
}
