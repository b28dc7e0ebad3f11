//! The distribution API and its tokens: private repositories, and missing ones.

use roadstead_tests::houses::{Rights, house};
use roadstead_tests::{Answer, Client, TestRegistry, digest, people};
use serde_json::json;

use crate::{alone, statements};

/// Every request that names a repository, with a digest that the private repository has.
fn requests(repository: &str, held: &str) -> Vec<(&'static str, String)> {
    let upload = "00000000-0000-4000-8000-000000000000";
    let path = |rest: &str| format!("/v2/{repository}/{rest}");
    let mut all = vec![
        ("GET", path("tags/list")),
        ("GET", path("tags/list?n=1&last=a")),
        ("GET", path(&format!("referrers/{held}"))),
        ("POST", path("blobs/uploads/")),
        ("POST", path(&format!("blobs/uploads/?mount={held}&from={repository}"))),
        ("GET", path(&format!("blobs/uploads/{upload}"))),
        ("PATCH", path(&format!("blobs/uploads/{upload}"))),
        ("PUT", path(&format!("blobs/uploads/{upload}?digest={held}"))),
        ("DELETE", path(&format!("blobs/uploads/{upload}"))),
    ];
    for (kind, reference) in [("manifests", "v1"), ("manifests", "none"), ("manifests", held), ("blobs", held)] {
        for method in ["GET", "HEAD", "DELETE", "PUT"] {
            if method != "PUT" || kind == "manifests" {
                all.push((method, path(&format!("{kind}/{reference}"))));
            }
        }
    }
    for actions in ["pull", "pull,push", "delete", "*"] {
        all.push(("GET", format!("/service/token?scope=repository:{repository}:{actions}")));
    }
    all
}

/// The content of the answer, without the name that the caller knows.
fn told(answer: &Answer, repository: &str) -> String {
    let mut text = answer.essence().replace(repository, "X").replace(&repository.replace('/', "%2F"), "X");
    if answer.request.contains("/service/token") && answer.status == 200 {
        // Tokens differ each time, so compare their claims.
        let mut body = answer.json();
        let claims = roadstead_tests::claims(body["token"].as_str().unwrap());
        body["token"] = claims["access"].clone();
        body["access_token"] = json!("");
        text = body.to_string().replace(repository, "X");
    }
    text.lines().filter(|line| !line.starts_with("content-length")).collect::<Vec<_>>().join("\n")
}

async fn ask(client: &Client, (method, target): &(&str, String)) -> Answer {
    let request = client.request(method, target);
    match (*method, target.contains("/manifests/")) {
        ("PUT", true) => request.header("content-type", "application/json").body("{}").send().await,
        _ => request.send().await,
    }
}

#[tokio::test]
async fn what_is_private_costs_what_nothing_costs() {
    let _alone = alone().await;
    let reg = TestRegistry::new().await;
    let (a, b) = (house(&reg, "aaaa").await, house(&reg, "bbbb").await);
    let none = people::sub(&reg, &a.root, "none", &[]).await;
    assert!(a.users.iter().any(|(rights, _)| *rights == Rights::None));
    // A sub-account may know the namespaces of its own account, so it asks only within `aaaa`.
    let callers = [
        ("nobody", 3, reg.anonymous()),
        ("nobody with a token", 3, reg.anonymous().bearer(&[]).await),
        ("a stranger", 3, b.root.basic.clone()),
        ("a stranger with a token", 3, b.root.basic.bearer(&["repository:aaaa/app-aaaa:pull"]).await),
        ("a sub-account without rights", 3, none.basic.clone()),
    ];
    statements::everything_is_forgotten(&reg).await;
    let held = digest(b"what is in the repository");
    // Names in an existing namespace, and in a missing one.
    let names = ["aaaa/app-aaaa", "aaaa/missing1", "zzzz/app-zzzz"];
    let (mut asked, mut wrong) = (Vec::new(), Vec::new());
    for (who, count, client) in &callers {
        let sent: Vec<Vec<_>> = names[..*count].iter().map(|name| requests(name, &held)).collect();
        for number in 0..sent[0].len() {
            if sent[0][number].1.contains("/service/token")
                && matches!(client.credentials(), roadstead_tests::Credentials::Bearer(_))
            {
                continue;
            }
            for time in ["at first", "again"] {
                // Fill all other caches first.
                for namespace in ["aaaa", "zzzz"] {
                    client.get(&format!("/v2/{namespace}/other/tags/list")).await;
                }
                let before = reg.meta().change_counters().await.unwrap();
                let mut answers = Vec::new();
                for (requests, name) in sent.iter().zip(names) {
                    let answer = ask(client, &requests[number]).await;
                    answers.push((told(&answer, name), answer.header("x-request-id").to_owned()));
                }
                assert_eq!(reg.meta().change_counters().await.unwrap(), before, "{who}: {:?}", sent[0][number]);
                let what = format!("{} {} by {who}, {time}", sent[0][number].0, sent[0][number].1);
                for (other, (said, _)) in answers.iter().enumerate().skip(1) {
                    if *said != answers[0].0 {
                        wrong.push(format!("{what}:\n  {}\n  {}: {said}", answers[0].0, names[other]));
                    }
                }
                asked.push((what, answers));
            }
        }
    }
    statements::changes_are_seen().await;
    for (what, answers) in &asked {
        // Rows are not compared: a private repository has a row, and a missing one has none.
        let made: Vec<_> = answers.iter().map(|(_, id)| statements::of(id, false)).collect();
        for (other, made_of) in made.iter().enumerate().skip(1) {
            if *made_of != made[0] {
                wrong.push(format!(
                    "{what}:\n  {}\n is not\n  {}: {}",
                    made[0].join("\n  "),
                    names[other],
                    made_of.join("\n  ")
                ));
            }
        }
    }
    assert!(asked.len() > 150, "{}", asked.len());
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), asked.len(), wrong.join("\n"));
}
