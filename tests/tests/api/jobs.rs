//! Jobs on the command line.

use std::time::Duration;

use roadstead_storage::meta::{AuditQuery, NewJob};
use roadstead_tests::{TestRegistry, eventually};
use serde_json::{Value, json};

fn told(reg: &TestRegistry, arguments: &[&str], code: i32) -> String {
    let output = reg.command(&[&["job"], arguments].concat(), "");
    let (told, complaint) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {told}{complaint}");
    if code == 0 { told } else { complaint.into_owned() }
}

fn json_of(reg: &TestRegistry, arguments: &[&str]) -> Value {
    serde_json::from_str(&told(reg, &[arguments, &["--json"]].concat(), 0)).unwrap()
}

/// A job of a kind that no server can run.
fn unknown() -> NewJob {
    let (payload, scope) = ("{}".to_owned(), "nothing in particular".to_owned());
    NewJob { kind: "test.unknown", key: Some("one".to_owned()), payload, scope, delay: Duration::ZERO }
}

#[tokio::test]
async fn an_operator_sees_jobs_cancels_them_and_has_them_tried_again() {
    let reg = TestRegistry::builder().system_clock().start().await;
    let done = async || {
        let done = json_of(&reg, &["list", "--state", "done", "--kind", "upload.expire"]);
        done.as_array().unwrap().first().cloned()
    };
    let done = eventually("the first search for unfinished uploads", done).await;
    assert_eq!((&done["attempts"], &done["state"], &done["last_error"]), (&json!(1), &json!("done"), &Value::Null));
    assert!(done["finished_at"].as_str() >= done["created_at"].as_str());

    let id = reg.meta().enqueue_job(&unknown(), reg.now()).await.unwrap().to_string();
    let shown = json_of(&reg, &["show", &id]);
    assert_eq!((&shown["state"], &shown["scope"]), (&json!("waiting"), &json!("nothing in particular")));
    assert!(told(&reg, &["show", &id], 0).contains("state: waiting\n"));
    assert_eq!(json_of(&reg, &["list", "--limit", "1"]).as_array().unwrap().len(), 1);
    assert!(told(&reg, &["list", "--state", "waiting"], 0).starts_with(&format!("{id}  waiting  test.unknown  ")));

    assert_eq!(told(&reg, &["cancel", &id], 0), format!("job {id} cancelled\n"));
    assert!(told(&reg, &["cancel", &id], 1).contains("has ended already"));
    assert_eq!(json_of(&reg, &["show", &id])["state"], "cancelled");
    let other = reg.meta().enqueue_job(&unknown(), reg.now()).await.unwrap().to_string();
    assert!(told(&reg, &["retry", &id], 1).contains("the same work was asked for since"));
    told(&reg, &["cancel", &other], 0);
    assert_eq!(told(&reg, &["retry", &id], 0), format!("job {id} is due now\n"));
    assert_eq!(json_of(&reg, &["show", &id])["state"], "waiting");
    let done = done["id"].to_string();
    assert!(told(&reg, &["retry", &done], 1).contains(&format!("job {done} is done")));
    for command in ["show", "cancel", "retry"] {
        assert!(told(&reg, &[command, "999999999"], 1).contains("there is no job 999999999"));
    }
    told(&reg, &["list", "--state", "odd"], 2);

    let query = AuditQuery { limit: 100, ..AuditQuery::default() };
    let events = reg.meta().audit_events(&query).await.unwrap();
    let of_jobs = events.iter().filter(|(_, e)| e.action.starts_with("job."));
    let noted: Vec<_> = of_jobs.map(|(_, e)| (e.action.as_str(), e.resource.as_str())).collect();
    let expected = [("job.retry", id.as_str()), ("job.cancel", other.as_str()), ("job.cancel", id.as_str())];
    assert_eq!(noted, expected);
}
