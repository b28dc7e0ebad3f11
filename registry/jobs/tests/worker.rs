//! Tests of the worker: jobs that panic, hang, fail and are cancelled, and several workers on one database.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test: to panic is how it tells")]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use prometheus_client::registry::Registry;
use roadstead_jobs::{
    BackgroundMetrics, Health, Job, JobCall, JobError, Kinds, Next, Schedule, Supervisor, When, Worker, WorkerParams,
    new_job,
};
use roadstead_storage::meta::{Job as Row, JobQuery, JobState, MetaStore, NewJob};
use roadstead_storage::testkit::{self, TestDatabase};
use roadstead_types::{Clock, JobId, ManualClock, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

const LEASE: Duration = Duration::from_secs(60);
/// The longest time that a test waits for something.
const DEADLINE: Duration = Duration::from_secs(60);

/// The state that the jobs of the tests share.
#[derive(Debug)]
struct Stage {
    /// How often each job was started.
    begun: Mutex<BTreeMap<String, u32>>,
    /// The keys of the running jobs, and whether a job ever ran twice at the same time.
    running: Mutex<Vec<String>>,
    twice: AtomicU32,
    /// A gate that jobs wait for.
    gate: Semaphore,
}

impl Stage {
    fn begin(&self, name: &str) -> u32 {
        let mut begun = self.begun.lock().unwrap();
        let count = begun.entry(name.to_owned()).or_default();
        *count += 1;
        *count
    }
}

/// A job that behaves as its name says.
#[derive(Serialize, Deserialize, Clone)]
struct Act {
    name: String,
}

impl Job<Stage> for Act {
    const KIND: &'static str = "test.act";
    const MAX_ATTEMPTS: u32 = 3;
    const AT_ONCE: usize = 4;

    fn key(&self) -> Option<String> {
        Some(self.name.clone())
    }

    async fn run(self, call: &JobCall<Stage>) -> Result<Next, JobError> {
        let attempt = call.context().begin(&self.name);
        match self.name.as_str() {
            "panic once" => assert!(attempt > 1, "a panic of the test"),
            "panic always" => panic!("a panic of the test"),
            "hang once" if attempt == 1 => std::future::pending().await,
            "fail" => return Err(JobError::Fail("no use".into())),
            "retry once" if attempt == 1 => return Err(std::io::Error::other("not now").into()),
            "later once" if attempt == 1 => return Ok(Next::Later(Duration::from_secs(5))),
            "obedient" => {
                while call.goes_on() {
                    tokio::task::yield_now().await;
                }
                return Ok(Next::Stopped);
            }
            "deaf" => std::future::pending().await,
            "steady" => {
                call.progress("at the gate");
                while call.context().gate.try_acquire().is_err() {
                    call.goes_on();
                    tokio::task::yield_now().await;
                }
            }
            _ => {}
        }
        Ok(Next::Done)
    }
}

/// A job that records when two runs of it overlap.
#[derive(Serialize, Deserialize)]
struct Alone {
    number: u32,
}

impl Job<Stage> for Alone {
    const KIND: &'static str = "test.alone";
    const AT_ONCE: usize = 3;

    fn key(&self) -> Option<String> {
        Some(self.number.to_string())
    }

    async fn run(self, call: &JobCall<Stage>) -> Result<Next, JobError> {
        let (stage, key) = (call.context(), self.number.to_string());
        stage.begin(&key);
        {
            let mut running = stage.running.lock().unwrap();
            if running.contains(&key) {
                stage.twice.fetch_add(1, Ordering::SeqCst);
            }
            running.push(key.clone());
        }
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        stage.running.lock().unwrap().retain(|other| *other != key);
        Ok(Next::Done)
    }
}

struct World {
    database: TestDatabase,
    meta: MetaStore,
    clock: Arc<ManualClock>,
    stage: Arc<Stage>,
}

impl World {
    async fn of(database: TestDatabase) -> Self {
        let meta = database.open("the test").await;
        let clock = Arc::new(ManualClock::new(Timestamp::from_millis(1_800_000_000_000)));
        let stage = Stage {
            begun: Mutex::default(),
            running: Mutex::default(),
            twice: AtomicU32::new(0),
            gate: Semaphore::new(0),
        };
        Self { database, meta, clock, stage: Arc::new(stage) }
    }

    async fn new() -> Self {
        Self::of(TestDatabase::any().await).await
    }

    /// Starts a process that runs jobs.
    async fn process(&self, name: &str, schedules: Vec<Schedule>) -> Supervisor {
        let metrics = BackgroundMetrics::new(&mut Registry::default());
        let params = WorkerParams {
            lease: LEASE,
            poll: Duration::from_millis(5),
            watch: Duration::from_millis(5),
            patience: Duration::from_millis(200),
        };
        let (meta, clock, stage) = (self.database.open(name).await, self.clock.clone(), Arc::clone(&self.stage));
        let kinds = Kinds::new().with::<Act>().with::<Alone>();
        let worker = Worker::new(meta, clock, stage, kinds, metrics.clone(), params).with_schedules(schedules);
        let (worker, mut supervisor) = (Arc::new(worker), Supervisor::new(Health::default(), metrics));
        supervisor.keep("jobs", move |stopping| Arc::clone(&worker).run(stopping));
        supervisor
    }

    async fn ask(&self, name: &str) -> JobId {
        self.meta.enqueue_job(&act(name), self.clock.now()).await.unwrap()
    }

    /// Waits until `is` accepts the row of a job.
    async fn until(&self, id: JobId, is: impl Fn(&Row) -> bool) -> Row {
        let looked = tokio::time::timeout(DEADLINE, async {
            loop {
                let job = self.meta.job(id).await.unwrap().unwrap();
                if is(&job) {
                    return job;
                }
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        });
        match looked.await {
            Ok(job) => job,
            Err(_) => panic!("it never came to that: {:?}", self.meta.job(id).await),
        }
    }

    async fn until_is(&self, id: JobId, state: JobState) -> Row {
        self.until(id, |job| job.state == state).await
    }

    fn begun(&self, name: &str) -> u32 {
        self.stage.begun.lock().unwrap().get(name).copied().unwrap_or_default()
    }
}

fn act(name: &str) -> NewJob {
    new_job(&Act { name: name.to_owned() }).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_panics_is_tried_again_and_given_up_in_the_end() {
    let world = World::new().await;
    let _process = world.process("one", Vec::new()).await;
    let (once, always, good) =
        (world.ask("panic once").await, world.ask("panic always").await, world.ask("good").await);
    world.until_is(good, JobState::Done).await;
    let waiting = world.until(once, |job| job.state == JobState::Waiting && job.attempts == 1).await;
    assert_eq!(waiting.last_error.as_deref(), Some("it panicked: a panic of the test"));
    assert!(waiting.run_at > world.clock.now(), "not at once");
    world.until(always, |job| job.state == JobState::Waiting && job.attempts == 1).await;
    world.clock.advance(Duration::from_secs(60));
    assert_eq!(world.until_is(once, JobState::Done).await.last_error, None, "it has ended well");
    world.until(always, |job| job.state == JobState::Waiting && job.attempts == 2).await;
    world.clock.advance(Duration::from_secs(60));
    let failed = world.until_is(always, JobState::Failed).await;
    assert_eq!(failed.last_error.as_deref(), Some("given up after 3 attempts: it panicked: a panic of the test"));
    assert_eq!((world.begun("panic always"), world.begun("good")), (3, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_hangs_loses_its_lease_and_others_do_not() {
    let world = World::new().await;
    let _process = world.process("one", Vec::new()).await;
    let (hung, steady) = (world.ask("hang once").await, world.ask("steady").await);
    world.until_is(hung, JobState::Running).await;
    world.until(steady, |job| job.state == JobState::Running).await;
    while world.begun("hang once") == 0 || world.begun("steady") == 0 {
        tokio::task::yield_now().await;
    }
    world.clock.advance(Duration::from_secs(55));
    let waiting = world.until_is(hung, JobState::Waiting).await;
    assert_eq!(waiting.last_error.as_deref(), Some("it gave no sign of life for 54 s"));
    let now = world.clock.now();
    let renewed = Some(now.after(LEASE));
    let alive = world.until(steady, |job| job.lease_until == renewed).await;
    assert_eq!((alive.attempts, alive.progress.as_str()), (1, "at the gate"));
    world.clock.advance(Duration::from_secs(30));
    assert_eq!(world.until_is(hung, JobState::Done).await.attempts, 2);
    world.stage.gate.add_permits(1);
    world.until_is(steady, JobState::Done).await;
    assert_eq!((world.begun("hang once"), world.begun("steady")), (2, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_says_whether_trying_again_helps() {
    let world = World::new().await;
    let _process = world.process("one", Vec::new()).await;
    let failed = world.ask("fail").await;
    let failed = world.until_is(failed, JobState::Failed).await;
    assert_eq!((failed.attempts, failed.last_error.as_deref()), (1, Some("no use")));
    let retried = world.ask("retry once").await;
    let waiting = world.until(retried, |job| job.last_error.is_some()).await;
    assert_eq!((waiting.state, waiting.last_error.as_deref()), (JobState::Waiting, Some("not now")));
    let later = world.ask("later once").await;
    let waiting = world.until(later, |job| job.state == JobState::Waiting && job.started_at.is_some()).await;
    assert_eq!((waiting.attempts, waiting.last_error), (0, None));
    world.clock.advance(Duration::from_secs(60));
    world.until_is(retried, JobState::Done).await;
    world.until_is(later, JobState::Done).await;
    let unreadable = NewJob { payload: "[]".to_owned(), key: None, ..act("good") };
    let unreadable = world.meta.enqueue_job(&unreadable, world.clock.now()).await.unwrap();
    let failed = world.until_is(unreadable, JobState::Failed).await;
    assert!(failed.last_error.unwrap().starts_with("its payload cannot be read"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_is_cancelled_whether_it_listens_or_not() {
    let world = World::new().await;
    let _process = world.process("one", Vec::new()).await;
    for name in ["obedient", "deaf"] {
        let id = world.ask(name).await;
        world.until_is(id, JobState::Running).await;
        assert!(world.meta.cancel_job(&testkit::act(world.clock.clone()), id).await.unwrap());
        assert_eq!(world.until_is(id, JobState::Cancelled).await.attempts, 1);
        assert_eq!(world.begun(name), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_ends_lets_go_of_its_jobs() {
    let world = World::new().await;
    let mut process = world.process("one", Vec::new()).await;
    let (obedient, deaf) = (world.ask("obedient").await, world.ask("deaf").await);
    world.until_is(obedient, JobState::Running).await;
    world.until_is(deaf, JobState::Running).await;
    process.stop("jobs", DEADLINE).await;
    for id in [obedient, deaf] {
        let job = world.meta.job(id).await.unwrap().unwrap();
        assert_eq!((job.state, job.attempts, job.lease_until), (JobState::Waiting, 0, None), "{}", job.payload);
    }
    let _other = world.process("two", Vec::new()).await;
    world.until_is(obedient, JobState::Running).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_job_of_a_process_that_died_is_run_by_another_one() {
    let world = World::new().await;
    let process = world.process("one", Vec::new()).await;
    let id = world.ask("hang once").await;
    world.until_is(id, JobState::Running).await;
    while world.begun("hang once") == 0 {
        tokio::task::yield_now().await;
    }
    // Dropping the process at once stores no result.
    drop(process);
    let _other = world.process("two", Vec::new()).await;
    let good = world.ask("good").await;
    world.until_is(good, JobState::Done).await;
    assert_eq!(world.begun("hang once"), 1, "its lease still runs");
    world.clock.advance(LEASE);
    let done = world.until_is(id, JobState::Done).await;
    assert_eq!((done.attempts, world.begun("hang once")), (2, 2));
    assert_eq!(done.last_error, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_processes_never_run_the_same_job_at_once() {
    for database in [Some(TestDatabase::sqlite()), TestDatabase::postgres().await].into_iter().flatten() {
        let world = World::of(database).await;
        let every = Schedule { job: act("good"), when: When::Every(Duration::from_secs(10)), quiet: Duration::ZERO };
        let _processes = [
            world.process("one", vec![every.clone()]).await,
            world.process("two", vec![every.clone()]).await,
            world.process("three", vec![every]).await,
        ];
        // Each job is enqueued again and again, while it waits and while it runs.
        for round in 0..20 {
            for number in 0..8 {
                let job = new_job(&Alone { number }).unwrap();
                world.meta.enqueue_job(&job, world.clock.now()).await.unwrap();
            }
            if round % 5 == 0 {
                world.clock.advance(Duration::from_secs(10));
            }
        }
        // One query reads all jobs: a job that was enqueued again goes from running back to waiting.
        let query = JobQuery { limit: 10_000, ..JobQuery::default() };
        let is_open = |job: &Row| matches!(job.state, JobState::Waiting | JobState::Running);
        let jobs = loop {
            let jobs = world.meta.list_jobs(&query).await.unwrap();
            if !jobs.iter().any(is_open) {
                break jobs;
            }
            tokio::task::yield_now().await;
        };
        assert!(jobs.iter().all(|job| job.state == JobState::Done && job.attempts == 1), "{jobs:#?}");
        assert_eq!(world.stage.twice.load(Ordering::SeqCst), 0);
        assert!((0..8).all(|number: u32| world.begun(&number.to_string()) >= 1));
        let scheduled = world.begun("good");
        assert!((1..=5).contains(&scheduled), "once at the start and at most once a period: {scheduled}");
    }
}
