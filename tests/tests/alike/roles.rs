//! Roles of other main accounts: a role that does not trust the caller, and one that is not there.

use roadstead_tests::people::{Main, sub};
use roadstead_tests::{Account, Reply, TestRegistry};
use serde_json::json;

use crate::{alone, statements};

const DENIED: &str = "AuthFailure.UnauthorizedOperation";

fn trusting(account: &Account) -> String {
    let principal = format!("qcs::cam::uin/{}:root", account.uin);
    let statement = json!({ "effect": "allow", "action": "name/sts:AssumeRole", "principal": { "qcs": [principal] } });
    json!({ "version": "2.0", "statement": [statement] }).to_string()
}

#[tokio::test]
async fn a_foreign_role_that_does_not_trust_the_caller_is_like_none() {
    let _alone = alone().await;
    let reg = TestRegistry::builder().settings(|settings| settings.cloud_api.requests_per_second = 0).start().await;
    let (main, other) = (reg.account("main").await, reg.account("other").await);
    let theirs = Main::of(&main);
    let id = theirs.role(&reg, "deployer", &trusting(&main), &[]).await.get();
    theirs.role(&reg, "shared", &trusting(&other), &[]).await;
    let policy = |effect: &str, path: &str| {
        let resource = format!("qcs::cam::uin/{}:{path}", main.uin);
        json!({ "version": "2.0", "statement": [{ "effect": effect, "action": "sts:AssumeRole", "resource": resource }] })
            .to_string()
    };
    let all = r#"{"version":"2.0","statement":[{"effect":"allow","action":"sts:*","resource":"*"}]}"#.to_owned();
    // A caller whose policies name the number learns nothing new from an answer about this number.
    let (by_id, by_name) = (true, false);
    let callers = [
        ("nothing", by_id, vec![]),
        ("everything", by_id, vec![all.clone()]),
        ("the name", by_id, vec![policy("allow", "roleName/dep*")]),
        ("the number", by_name, vec![policy("allow", &format!("role/{id}"))]),
        ("any number", by_id, vec![policy("allow", "role/*")]),
        ("all but the name", by_id, vec![all.clone(), policy("deny", "roleName/dep*")]),
        ("all but the number", by_name, vec![all, policy("deny", &format!("role/{id}"))]),
    ];
    let mut asked = Vec::new();
    for (number, (what, by_id, policies)) in callers.iter().enumerate() {
        let policies: Vec<&str> = policies.iter().map(String::as_str).collect();
        let user = sub(&reg, &other, &format!("user-{number}"), &policies).await.cloud;
        let assume = async |owner: &str, role: &str| -> Reply {
            let arn = format!("qcs::cam::uin/{owner}:{role}");
            user.call("sts", "AssumeRole", json!({ "RoleArn": arn, "RoleSessionName": "ci" })).await
        };
        statements::changes_are_seen().await;
        for time in ["at first", "again"] {
            // Fill all other caches first.
            assume(&main.uin, "roleName/another").await;
            let mut pairs = vec![("roleName/deployer".to_owned(), "roleName/deputy".to_owned())];
            if *by_id {
                pairs.push((format!("role/{id}"), format!("role/{}", id + 1000)));
            }
            for (theirs, nobodys) in pairs {
                let pair = [assume(&main.uin, &theirs).await, assume(&main.uin, &nobodys).await];
                asked.push((format!("{what}, {theirs}, {time}"), pair));
            }
        }
        let shared = assume(&main.uin, "roleName/shared").await.code();
        let wanted = if what.starts_with("all") || matches!(*what, "everything" | "any number") { "" } else { DENIED };
        assert_eq!(shared, wanted, "{what}: a role that trusts the account of the caller");
    }
    statements::changes_are_seen().await;
    for (what, [theirs, nobodys]) in &asked {
        assert_eq!((theirs.code(), theirs.message()), (nobodys.code(), nobodys.message()), "{what}");
        let of = |reply: &Reply| statements::of(&reply.request_id(), false);
        assert_eq!(of(theirs), of(nobodys), "{what}");
        assert!(of(theirs).len() >= 2, "{what}");
    }
    assert!(asked.len() > 20, "{}", asked.len());
}
