//! Jobs on the command line.

use std::time::Duration;

use bytes::Bytes;
use roadstead_storage::blob::{BlobKey, StagingKey};
use roadstead_storage::meta::{
    AuditQuery, EMPTY_REGISTRY, EMPTY_REPOSITORY, Job, JobQuery, JobState, NewJob, Readable,
};
use roadstead_tests::{Image, TestRegistry, eventually};
use roadstead_types::{Algorithm, Hasher, RegistryId, RepositoryName, UploadId};
use serde_json::{Value, json};

const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

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
    assert_eq!((&shown["key"], &shown["payload"]), (&json!("one"), &json!({})));
    assert!(told(&reg, &["show", &id], 0).contains("state: waiting\n"));
    assert_eq!(json_of(&reg, &["list", "--limit", "1"]).as_array().unwrap().len(), 1);
    assert!(told(&reg, &["list", "--state", "waiting"], 0).starts_with(&format!("{id}  waiting  test.unknown  ")));

    assert_eq!(told(&reg, &["cancel", &id], 0), format!("job {id} cancelled\n"));
    assert!(told(&reg, &["cancel", &id], 1).contains("has ended already"));
    assert_eq!(json_of(&reg, &["show", &id])["state"], "cancelled");
    let other = reg.meta().enqueue_job(&unknown(), reg.now()).await.unwrap().to_string();
    assert!(told(&reg, &["retry", &id], 1).contains("another job for the same work already waits or runs"));
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

#[tokio::test]
async fn schedules_are_shown_with_their_rule_and_their_runs() {
    let reg = TestRegistry::builder().system_clock().start().await;
    let swept = async || {
        let listed = json_of(&reg, &["schedules"]);
        let listed = listed.as_array().unwrap().clone();
        let found = |name: &str| listed.iter().find(|schedule| schedule["name"] == name).cloned();
        found("audit.shorten").filter(|shorten| shorten["last_run"].is_string()).zip(found("store.sweep"))
    };
    let (shorten, sweep) = eventually("the first run", swept).await;
    assert_eq!(shorten["rule"], "every 600s");
    assert!(shorten["next_run"].as_str() > shorten["last_run"].as_str(), "{shorten}");
    assert_eq!((&sweep["last_run"], sweep["next_run"].is_string()), (&Value::Null, true), "it has not run yet");
    assert!(told(&reg, &["schedules"], 0).contains("audit.shorten  every 600s  "));
}

#[tokio::test]
async fn old_events_leave_the_outbox() {
    let reg = TestRegistry::new().await;
    reg.owner().push_image("library/app", "v1", &Image::small(1)).await;
    let first = reg.now();
    assert!(!reg.meta().outbox(0, 10).await.unwrap().is_empty());
    reg.clock().advance(DAY * 8);
    eventually("they have gone", async || reg.meta().outbox(0, 10).await.unwrap().is_empty().then_some(())).await;
    let told = async || {
        let query =
            JobQuery { kind: Some("audit.shorten"), state: Some(JobState::Done), limit: 1, ..JobQuery::default() };
        let job = reg.meta().list_jobs(&query).await.unwrap().pop();
        job.filter(|job| job.finished_at > Some(first)).map(|job| job.progress)
    };
    let progress = eventually("the job says so", told).await;
    assert!(
        progress.starts_with("0 events of the audit log and ") && progress.ends_with("outbox deleted"),
        "{progress}"
    );
}

async fn last(reg: &TestRegistry, kind: &str) -> Job {
    let query = JobQuery { kind: Some(kind), limit: 1, ..JobQuery::default() };
    reg.meta().list_jobs(&query).await.unwrap().pop().unwrap()
}

/// The jobs that take out what was deleted are cancelled before they have begun.
#[tokio::test]
async fn what_was_deleted_is_emptied_also_when_its_job_was_cancelled() {
    let mut reg = TestRegistry::new().await;
    reg.owner().push_image("library/app", "v1", &Image::small(1)).await;
    let owner = reg.meta().list_accounts(None, 1).await.unwrap()[0].id;
    let instance = json!({ "RegistryName": "doomed", "RegistryType": "basic" });
    let id = reg.cloud().call("tcr", "CreateInstance", instance).await.ok()["RegistryId"].clone();
    let namespace = json!({ "RegistryId": id, "NamespaceName": "team", "IsPublic": false });
    reg.cloud().call("tcr", "CreateNamespace", namespace).await.ok();
    let app = json!({ "RegistryId": id, "NamespaceName": "team", "RepositoryName": "app" });
    reg.cloud().call("tcr", "CreateRepository", app).await.ok();
    let registry = reg.meta().list_instances(owner, 1).await.unwrap()[0].registry;
    reg.stop(true);

    let name: RepositoryName = "library/app".parse().unwrap();
    let repository = reg.meta().repository(RegistryId::PERSONAL, &name).await.unwrap().unwrap();
    assert!(reg.meta().delete_repository(&reg.act(), repository.id, true).await.unwrap());
    assert!(reg.meta().condemn_instance(&reg.act(), registry, true).await.unwrap());
    for kind in [EMPTY_REPOSITORY, EMPTY_REGISTRY] {
        told(&reg, &["cancel", &last(&reg, kind).await.id.to_string()], 0);
    }
    reg.restart().await;
    reg.clock().advance(Duration::from_secs(10 * 60));
    for (kind, registry, progress) in [
        (EMPTY_REPOSITORY, RegistryId::CONDEMNED, " rows deleted"),
        (EMPTY_REGISTRY, registry, "1 repositories deleted"),
    ] {
        let rest = async || reg.meta().list_repositories(registry, Readable::All, None, 1).await.unwrap();
        eventually(kind, async || rest().await.is_empty().then_some(())).await;
        let done = async || Some(last(&reg, kind).await).filter(|job| job.state == JobState::Done);
        let job = eventually("its job is done", done).await;
        assert!(job.progress.ends_with(progress) && !job.progress.starts_with('0'), "{job:?}");
    }
    // Nothing is left, and nothing is asked for again.
    let count = async || {
        let query = JobQuery { kind: Some(EMPTY_REPOSITORY), limit: 10, ..JobQuery::default() };
        reg.meta().list_jobs(&query).await.unwrap().len()
    };
    assert_eq!(count().await, 2);
    reg.clock().advance(Duration::from_secs(10 * 60));
    let again = async || (last(&reg, "deletion.resume").await.progress == "0 jobs enqueued").then_some(());
    eventually("nothing is enqueued", again).await;
    assert_eq!(count().await, 2);
}

/// An old copy of a database knows nothing of the images that were pushed since. Its schedule is overdue, and it may have
/// a job that waits. The operator has an hour to notice.
#[tokio::test]
async fn a_new_process_waits_before_it_sweeps() {
    let mut reg = TestRegistry::new().await;
    let orphan = async |reg: &TestRegistry| {
        let (store, key) = (reg.store().await, StagingKey::of(UploadId::random()));
        let mut writer = store.stage(&key, Hasher::new(Algorithm::Sha256)).await.unwrap();
        writer.write(Bytes::from_static(b"pushed since")).await.unwrap();
        writer.sync().await.unwrap();
        let digest = writer.hasher().clone().finish();
        drop(writer);
        let object = store.commit(&key, &digest, 12).await.unwrap();
        store.discard(&key).await.unwrap();
        object
    };
    let there = async |reg: &TestRegistry, key: &BlobKey| reg.store().await.size(key).await.unwrap().is_some();
    let waits = async |reg: &TestRegistry| {
        let query = JobQuery { kind: Some("store.sweep"), limit: 1, ..JobQuery::default() };
        let job = reg.meta().list_jobs(&query).await.unwrap().pop()?;
        (job.state == JobState::Waiting && job.run_at > reg.now()).then_some(())
    };
    let object = orphan(&reg).await;
    reg.stop(true);
    reg.clock().advance(DAY * 3);
    for _ in 0..2 {
        // The second time, a job is left over.
        reg.restart().await;
        eventually("the sweep waits", async || waits(&reg).await).await;
        assert!(there(&reg, &object).await);
    }
    reg.clock().advance(HOUR);
    eventually("it is swept", async || (!there(&reg, &object).await).then_some(())).await;
}
