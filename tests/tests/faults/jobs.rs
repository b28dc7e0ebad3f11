//! A server that is killed in the middle of a job.

use std::path::Path;
use std::sync::Arc;

use roadstead_storage::meta::{
    EMPTY_REGISTRY, Edition, Job, JobQuery, JobState, MetaParams, MetaStore, NamespaceSettings, NewInstance, Payment,
    Quotas, Readable, Texts, sqlite_url,
};
use roadstead_storage::testkit::{self, TestDatabase};
use roadstead_tests::{Binary, DEADLINE, Server, eventually};
use roadstead_types::{InstanceId, RegistryId, SystemClock};

/// Repositories of the deleted instance: enough that the server can be killed in the middle of the deletion.
const REPOSITORIES: usize = 1500;

fn serve(data: &Path, database: Option<&str>) -> Server {
    let mut environment = vec![
        ("ROADSTEAD_BOOTSTRAP_PASSWORD", "correct horse battery staple"),
        ("ROADSTEAD__JOBS__LEASE", "1s"),
        // All servers of one database need the same key.
        ("ROADSTEAD__AUTH__MASTER_KEY", "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="),
    ];
    environment.extend(database.map(|url| ("ROADSTEAD__DATABASE__URL", url)));
    Binary::find().serve(data, &environment)
}

async fn open(url: &str) -> MetaStore {
    let params = MetaParams {
        url: url.to_owned(),
        max_connections: 4,
        busy_timeout: DEADLINE,
        process: "the test".to_owned(),
        quotas: Quotas::default(),
    };
    MetaStore::open(&params).await.unwrap()
}

/// Makes an instance with many repositories, and deletes it.
async fn delete_a_large_instance(meta: &MetaStore) -> RegistryId {
    let owner = meta.list_accounts(None, 1).await.unwrap()[0].id;
    let act = || testkit::act(Arc::new(SystemClock));
    let (id, name) = (InstanceId::random(), "doomed".parse().unwrap());
    let new = NewInstance {
        id: &id,
        name: &name,
        owner,
        edition: Edition::Premium,
        payment: Payment { prepaid: false, renew_flag: 0, expires_at: None },
        deletion_protection: false,
        versioning: false,
        multi_zone: false,
        tags: &[],
    };
    let registry = meta.create_instance(&act(), &new, 10).await.unwrap().registry;
    let (name, settings) = ("team".parse().unwrap(), NamespaceSettings::default());
    let namespace = meta.create_instance_namespace(&act(), registry, owner, &name, &settings, 10).await.unwrap();
    let texts = Texts { brief: String::new(), description: String::new() };
    for number in 0..REPOSITORIES {
        let name = format!("team/app-{number}").parse().unwrap();
        meta.create_instance_repository(&act(), registry, namespace, &name, &texts).await.unwrap();
    }
    assert!(meta.condemn_instance(&act(), registry, true).await.unwrap());
    registry
}

async fn the_job(meta: &MetaStore) -> Job {
    let query = JobQuery { kind: Some(EMPTY_REGISTRY), limit: 1, ..JobQuery::default() };
    meta.list_jobs(&query).await.unwrap().pop().unwrap()
}

async fn rest(meta: &MetaStore, registry: RegistryId) -> usize {
    let limit = u32::try_from(REPOSITORIES).unwrap();
    meta.list_repositories(registry, Readable::All, None, limit).await.unwrap().len()
}

/// Waits until the deletion is in progress, and kills the server.
async fn kill_in_the_middle(server: Server, meta: &MetaStore, registry: RegistryId) {
    let under_way = async || {
        let rest = rest(meta, registry).await;
        (rest < REPOSITORIES && rest > 0).then_some(())
    };
    eventually("the deletion is in progress", under_way).await;
    server.signal("KILL");
    server.wait();
    let job = the_job(meta).await;
    assert_eq!((job.state, job.attempts), (JobState::Running, 1), "the job is as the killed server left it");
    assert!(rest(meta, registry).await > 0);
}

async fn until_done(meta: &MetaStore, registry: RegistryId) {
    let done = eventually("the job is done", async || Some(the_job(meta).await).filter(|j| j.state == JobState::Done));
    let job = done.await;
    assert_eq!((job.attempts, rest(meta, registry).await), (2, 0));
    assert_eq!(job.last_error, None, "it has ended well");
    let query = JobQuery { limit: 1000, ..JobQuery::default() };
    let others = meta.list_jobs(&query).await.unwrap();
    assert!(others.iter().all(|job| job.state != JobState::Failed), "{others:#?}");
}

#[tokio::test]
async fn the_job_of_a_server_that_was_killed_is_gone_on_with_after_its_next_start() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let server = serve(&data, None);
    let meta = open(&sqlite_url(&data.join("roadstead.db"))).await;
    let registry = delete_a_large_instance(&meta).await;
    kill_in_the_middle(server, &meta, registry).await;
    let server = serve(&data, None);
    until_done(&meta, registry).await;
    meta.close().await;
    server.signal("TERM");
    assert!(server.wait().0.success());
}

#[tokio::test]
async fn the_job_of_a_server_that_was_killed_is_taken_by_another_one() {
    let Some(database) = TestDatabase::postgres().await else { return crate::skip("there is no PostgreSQL") };
    let directory = tempfile::tempdir().unwrap();
    let doomed = serve(&directory.path().join("one"), Some(database.url()));
    let meta = open(database.url()).await;
    let registry = delete_a_large_instance(&meta).await;
    kill_in_the_middle(doomed, &meta, registry).await;
    let other = serve(&directory.path().join("two"), Some(database.url()));
    until_done(&meta, registry).await;
    meta.close().await;
    other.signal("TERM");
    assert!(other.wait().0.success());
}
