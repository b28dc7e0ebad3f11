//! Tests every parameter of the cloud API that names something.

use roadstead_cloud::catalog::{self, ActionInfo};
use roadstead_tests::houses::{House, Things, house, nothing};
use roadstead_tests::{Cloud, Reply, TestRegistry, digest, parameters};
use serde_json::{Value, json};

use crate::{alone, statements};

/// Actions that must read rows of other accounts to decide: a role says which callers it trusts, a repository whether
/// it is public. For a missing thing they run the same statements, which return no row.
const READS: [&str; 4] = ["AssumeRole", "AssumeRoleWithWebIdentity", "DuplicateImagePersonal", "ExplainAuthorization"];

/// Actions that tell whether any account has a name, because names are unique.
const TELLS: [&str; 1] = ["ValidateNamespaceExistPersonal"];

/// A pair of equal requests: one for a foreign thing, one for a missing thing.
struct Pair {
    action: &'static str,
    what: String,
    replies: [Reply; 2],
}

/// More names of things that do not exist.
fn spare() -> Things {
    Things {
        uin: "999999999996".to_owned(),
        owner_uin: "999999999997".to_owned(),
        user: "nobody-either".to_owned(),
        group: 999_998,
        policy: 999_999_998,
        role: "no-such-role-either".to_owned(),
        role_id: 999_998,
        secret_id: format!("AKID{}", "x".repeat(32)),
        namespace: "nowhere-else".to_owned(),
        repository: "nothing-else".to_owned(),
        digest: digest(b"nor this"),
        instance: "tcr-yyyyyyyy".to_owned(),
        instance_name: "no-instance-either".to_owned(),
        token: "no-token-either".to_owned(),
        trigger: "no-trigger-either".to_owned(),
        provider: "no-provider-either".to_owned(),
        keys: nothing().keys,
    }
}

/// The parameters of an action, with foreign things instead of some of its own.
fn variants(action: &ActionInfo, own: &Things, [spare, theirs, none]: [&Things; 3]) -> Vec<(String, [Value; 3])> {
    let differs = |name: &&&str| parameters::find(action, name, theirs) != parameters::find(action, name, none);
    let names: Vec<&str> = action.parameters.iter().filter(differs).copied().collect();
    let with = |names: &[&str], things: &Things| {
        let mut all = parameters::of(action, own);
        // A changing action runs dry, so that the account keeps everything that the next action needs.
        all["DryRun"] = json!(action.writes);
        for name in names {
            all[*name] = parameters::find(action, name, things).unwrap();
        }
        all
    };
    let mut sets: Vec<Vec<&str>> = names.iter().map(|name| vec![*name]).collect();
    if names.len() > 1 {
        sets.push(names);
    }
    sets.into_iter()
        .map(|names| {
            let what = format!("{} {} with foreign {}", action.service, action.name, names.join(", "));
            (what, [with(&names, spare), with(&names, theirs), with(&names, none)])
        })
        .collect()
}

/// Calls an action with the caller in the caches, and checks that it changed nothing.
async fn call(reg: &TestRegistry, cloud: &Cloud, action: &ActionInfo, parameters: &Value) -> Reply {
    cloud.call("cam", "GetUserAppId", json!({})).await.ok();
    let before = reg.meta().change_counters().await.unwrap();
    let reply = cloud.call(action.service, action.name, parameters.clone()).await;
    assert_eq!(reg.meta().change_counters().await.unwrap(), before, "{} {parameters} changed something", action.name);
    reply
}

/// The content of the answer, without names that the caller knows.
fn told(reply: &Reply, things: &Things) -> String {
    let mut answer = reply.answer.clone();
    for header in ["content-length", "date", "x-request-id"] {
        answer.headers.remove(header);
    }
    let mut response = reply.response();
    response.as_object_mut().unwrap().remove("RequestId");
    format!("{} {:?} {}", answer.status, answer.headers, things.unnamed(&response.to_string()))
}

#[tokio::test]
async fn what_others_have_costs_what_nothing_costs() {
    let _alone = alone().await;
    let reg = TestRegistry::builder().settings(|settings| settings.cloud_api.requests_per_second = 0).start().await;
    let (a, b): (House, House) = (house(&reg, "aaaa").await, house(&reg, "bbbb").await);
    let none = nothing();
    statements::everything_is_forgotten(&reg).await;
    let (mut pairs, mut wrong) = (Vec::new(), Vec::new());
    for action in catalog::actions().filter(|action| !TELLS.contains(&action.name)) {
        for (what, [other, theirs, nobodys]) in variants(&action, &b.things, [&spare(), &a.things, &none]) {
            // Fill all other caches first.
            call(&reg, &b.root.cloud, &action, &other).await;
            // The second time, the caches may have the result.
            for time in ["at first", "again"] {
                let foreign = call(&reg, &b.root.cloud, &action, &theirs).await;
                let missing = call(&reg, &b.root.cloud, &action, &nobodys).await;
                let (said, nothing) = (told(&foreign, &a.things), told(&missing, &none));
                if said != nothing {
                    wrong.push(format!("{what}, {time}:\n  {said}\n  {nothing}"));
                }
                pairs.push(Pair { action: action.name, what: format!("{what}, {time}"), replies: [foreign, missing] });
            }
        }
    }
    statements::changes_are_seen().await;
    for Pair { action, what, replies } in &pairs {
        let count_rows = !READS.contains(action);
        let [foreign, missing] = replies.each_ref().map(|reply| statements::of(&reply.request_id(), count_rows));
        if foreign != missing {
            wrong.push(format!("{what}:\n  {}\n is not\n  {}", foreign.join("\n  "), missing.join("\n  ")));
        }
    }
    assert!(pairs.len() > 300, "{}", pairs.len());
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), pairs.len(), wrong.join("\n"));
}
