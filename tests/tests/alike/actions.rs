//! The actions of the cloud API: each of their parameters that names something.

use roadstead_cloud::catalog::{self, ActionInfo};
use roadstead_tests::houses::{House, Things, house, nothing};
use roadstead_tests::{Cloud, Reply, TestRegistry, digest, parameters};
use serde_json::{Value, json};

use crate::{alone, statements};

/// What must read what others have to know that it is no use: a role says itself whom it trusts, a repository whether it is
/// public. As many statements are made for what is not there; they give no row.
const READS: [&str; 4] = ["AssumeRole", "AssumeRoleWithWebIdentity", "DuplicateImagePersonal", "ExplainAuthorization"];

/// What tells whether anybody has something of a name, because a name can be had once.
const TELLS: [&str; 1] = ["ValidateNamespaceExistPersonal"];

/// A pair of requests for the same, for what others have and for what nobody has.
struct Pair {
    action: &'static str,
    what: String,
    replies: [Reply; 2],
}

/// More of what nobody has.
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

/// The parameters of an action with foreign things in the place of some of its own.
fn variants(action: &ActionInfo, own: &Things, [spare, theirs, none]: [&Things; 3]) -> Vec<(String, [Value; 3])> {
    let differs = |name: &&&str| parameters::find(action, name, theirs) != parameters::find(action, name, none);
    let names: Vec<&str> = action.parameters.iter().filter(differs).copied().collect();
    let with = |names: &[&str], things: &Things| {
        let mut all = parameters::of(action, own);
        // What changes something does all that it would do, and takes it back: the account keeps what the next action needs.
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

/// Calls an action when the server remembers who calls and nothing else has changed.
async fn call(reg: &TestRegistry, cloud: &Cloud, action: &ActionInfo, parameters: &Value) -> Reply {
    cloud.call("cam", "GetUserAppId", json!({})).await.ok();
    let before = reg.meta().change_counters().await.unwrap();
    let reply = cloud.call(action.service, action.name, parameters.clone()).await;
    assert_eq!(reg.meta().change_counters().await.unwrap(), before, "{} {parameters} changed something", action.name);
    reply
}

/// What the caller is told, apart from names that it knows.
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
    statements::changes_are_seen().await;
    let (mut pairs, mut wrong) = (Vec::new(), Vec::new());
    for action in catalog::actions().filter(|action| !TELLS.contains(&action.name)) {
        for (what, [other, theirs, nobodys]) in variants(&action, &b.things, [&spare(), &a.things, &none]) {
            // Whatever else is remembered, is remembered from here on.
            call(&reg, &b.root.cloud, &action, &other).await;
            // The second time, something may be remembered.
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
