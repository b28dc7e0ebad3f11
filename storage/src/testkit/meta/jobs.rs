//! The behaviour of jobs and schedules in every metadata store.

use std::collections::HashSet;
use std::time::Duration;

use futures::future::join_all;
use roadstead_types::{JobId, Thing, Timestamp};

use super::{Kit, NOW, act, act_at, later, pages_show_all};
use crate::Error;
use crate::meta::{ClaimedJob, Job, JobEnd, JobQuery, JobState, MetaStore, NewJob};

pub(super) async fn behave(kit: &Kit) {
    the_same_work_is_one_job(kit).await;
    what_is_asked_for_meanwhile_is_done_again(kit).await;
    a_job_has_one_owner(kit).await;
    of_many_claims_at_once_each_job_goes_to_one(kit).await;
    a_silent_job_is_taken_over(kit).await;
    an_end_is_one_of_several(kit).await;
    operators_cancel_and_try_again(kit).await;
    lists_have_pages(kit).await;
    a_schedule_runs_once(kit).await;
    ended_jobs_are_forgotten(kit).await;
}

fn job(kind: &'static str, key: Option<&str>) -> NewJob {
    let (key, delay) = (key.map(str::to_owned), Duration::ZERO);
    NewJob { kind, key, payload: "{}".to_owned(), scope: String::new(), delay }
}

async fn claim(store: &MetaStore, kind: &str, now: Timestamp) -> Option<ClaimedJob> {
    let claimed = store.claim_jobs(kind, 1, now.after(Duration::from_secs(60)), now).await.unwrap();
    claimed.into_iter().next()
}

async fn find(kit: &Kit, id: JobId) -> Job {
    kit.two.job(id).await.unwrap().unwrap()
}

async fn the_same_work_is_one_job(kit: &Kit) {
    let late = NewJob { delay: Duration::from_secs(50), ..job("kit.same", Some("a")) };
    let one = kit.one.enqueue_job(&late, NOW).await.unwrap();
    let is_due = async |now| kit.two.due_job_kinds(now).await.unwrap().iter().any(|kind| kind == "kit.same");
    assert!(!is_due(later(49)).await && is_due(later(50)).await);
    assert_eq!(kit.two.enqueue_job(&job("kit.same", Some("a")), NOW).await.unwrap(), one, "and it is due at once");
    assert!(is_due(NOW).await);
    for other in [job("kit.same", Some("b")), job("kit.same", None), job("kit.same", None), job("kit.other", Some("a"))]
    {
        assert_ne!(kit.one.enqueue_job(&other, NOW).await.unwrap(), one);
    }
    assert_eq!(kit.one.claim_jobs("kit.same", 10, later(60), NOW).await.unwrap().len(), 4);
    assert!(claim(&kit.two, "kit.other", NOW).await.is_some());
}

async fn what_is_asked_for_meanwhile_is_done_again(kit: &Kit) {
    let new = job("kit.again", Some("a"));
    let id = kit.one.enqueue_job(&new, NOW).await.unwrap();
    let claimed = claim(&kit.one, "kit.again", NOW).await.unwrap();
    assert_eq!(kit.two.enqueue_job(&new, later(1)).await.unwrap(), id);
    assert!(claim(&kit.two, "kit.again", later(1)).await.is_none(), "it is not run twice at once");
    assert!(kit.one.end_job(&claimed.lease, &JobEnd::Done, "", later(2)).await.unwrap());
    let claimed = claim(&kit.two, "kit.again", later(2)).await.unwrap();
    assert!(kit.two.end_job(&claimed.lease, &JobEnd::Done, "", later(3)).await.unwrap());
    assert_eq!(find(kit, id).await.state, JobState::Done);
    assert_ne!(kit.one.enqueue_job(&new, later(4)).await.unwrap(), id, "what has ended is not in the way");
}

async fn a_job_has_one_owner(kit: &Kit) {
    let id = kit.one.enqueue_job(&job("kit.owner", None), NOW).await.unwrap();
    let claimed = claim(&kit.one, "kit.owner", NOW).await.unwrap();
    assert_eq!((claimed.job.id, claimed.job.attempts, claimed.job.lease_until), (id, 1, Some(later(60))));
    assert!(claim(&kit.two, "kit.owner", later(59)).await.is_none());
    assert_eq!(kit.one.renew_job(&claimed.lease, later(100), "half").await.unwrap(), Some(false));
    assert!(claim(&kit.two, "kit.owner", later(99)).await.is_none());
    assert_eq!(find(kit, id).await.progress, "half");
    let taken = claim(&kit.two, "kit.owner", later(100)).await.unwrap();
    assert_eq!(kit.one.renew_job(&claimed.lease, later(200), "").await.unwrap(), None);
    assert_eq!(kit.one.is_job_cancelling(&claimed.lease).await.unwrap(), None);
    assert!(!kit.one.end_job(&claimed.lease, &JobEnd::Done, "late", later(101)).await.unwrap());
    assert_eq!(find(kit, id).await.state, JobState::Running);
    assert!(kit.two.end_job(&taken.lease, &JobEnd::Done, "all", later(101)).await.unwrap());
    let ended = find(kit, id).await;
    assert_eq!((ended.state, ended.progress.as_str(), ended.lease_until), (JobState::Done, "all", None));
    assert_eq!((ended.started_at, ended.finished_at), (Some(later(100)), Some(later(101))));
}

async fn of_many_claims_at_once_each_job_goes_to_one(kit: &Kit) {
    for _ in 0..40 {
        kit.one.enqueue_job(&job("kit.race", None), NOW).await.unwrap();
    }
    let claims = (0..16).map(|number| {
        let store = if number % 2 == 0 { &kit.one } else { &kit.two };
        async { store.claim_jobs("kit.race", 5, later(60), NOW).await.unwrap() }
    });
    let mut ids: Vec<JobId> = join_all(claims).await.into_iter().flatten().map(|claimed| claimed.job.id).collect();
    // No job was claimed twice.
    while let Some(claimed) = claim(&kit.two, "kit.race", NOW).await {
        ids.push(claimed.job.id);
    }
    assert_eq!((ids.len(), ids.iter().collect::<HashSet<_>>().len()), (40, 40));
}

async fn a_silent_job_is_taken_over(kit: &Kit) {
    let id = kit.one.enqueue_job(&job("kit.silent", None), NOW).await.unwrap();
    claim(&kit.one, "kit.silent", NOW).await.unwrap();
    let again = claim(&kit.two, "kit.silent", later(60)).await.unwrap();
    assert_eq!(again.job.attempts, 2);
    assert!(find(kit, id).await.last_error.unwrap().contains("no more sign of life"));
    assert!(kit.one.release_all_job_leases().await.unwrap() > 0);
    assert_eq!(claim(&kit.one, "kit.silent", later(61)).await.unwrap().job.attempts, 3);
}

async fn an_end_is_one_of_several(kit: &Kit) {
    let id = kit.one.enqueue_job(&job("kit.end", Some("a")), NOW).await.unwrap();
    let end = async |end: JobEnd, at: u64| {
        let claimed = claim(&kit.one, "kit.end", later(at)).await.unwrap();
        assert!(kit.two.end_job(&claimed.lease, &end, "", later(at)).await.unwrap());
        let job = find(kit, id).await;
        (job.state, job.attempts, job.run_at)
    };
    let retry = |at| JobEnd::Retry { run_at: later(at), error: "why".to_owned() };
    assert_eq!(end(retry(10), 0).await, (JobState::Waiting, 1, later(10)));
    // A postponed retry does not run sooner because the work is requested again.
    kit.two.enqueue_job(&job("kit.end", Some("a")), later(1)).await.unwrap();
    assert!(claim(&kit.one, "kit.end", later(9)).await.is_none());
    assert_eq!(end(JobEnd::Released, 10).await, (JobState::Waiting, 1, later(10)), "that was no attempt");
    assert_eq!(end(retry(20), 10).await, (JobState::Waiting, 2, later(20)));
    assert_eq!(find(kit, id).await.last_error.as_deref(), Some("why"));
    assert_eq!(end(JobEnd::Later(later(30)), 20).await, (JobState::Waiting, 0, later(30)));
    assert_eq!(find(kit, id).await.last_error, None, "that run has ended well");
    assert_eq!(end(JobEnd::Failed { error: "no use".to_owned() }, 30).await, (JobState::Failed, 1, later(30)));
    assert_eq!(find(kit, id).await.last_error.as_deref(), Some("no use"));
}

async fn operators_cancel_and_try_again(kit: &Kit) {
    let new = job("kit.cancel", Some("a"));
    let id = kit.one.enqueue_job(&new, NOW).await.unwrap();
    assert!(kit.two.cancel_job(&act(), id).await.unwrap());
    assert_eq!(find(kit, id).await.state, JobState::Cancelled);
    assert!(!kit.two.cancel_job(&act(), id).await.unwrap());
    assert!(!kit.two.cancel_job(&act(), JobId::new(i64::MAX)).await.unwrap());
    assert!(kit.two.retry_job(&act_at(later(5)), id).await.unwrap());
    let claimed = claim(&kit.one, "kit.cancel", later(5)).await.unwrap();
    assert!(!kit.two.retry_job(&act_at(later(5)), id).await.unwrap(), "it runs");
    assert!(kit.two.cancel_job(&act_at(later(5)), id).await.unwrap());
    assert!(find(kit, id).await.is_cancelling);
    assert_eq!(kit.one.is_job_cancelling(&claimed.lease).await.unwrap(), Some(true));
    assert_eq!(kit.one.renew_job(&claimed.lease, later(90), "").await.unwrap(), Some(true));
    let retry = JobEnd::Retry { run_at: later(9), error: "cut off".to_owned() };
    assert!(kit.one.end_job(&claimed.lease, &retry, "", later(6)).await.unwrap());
    let ended = find(kit, id).await;
    assert_eq!((ended.state, ended.is_cancelling, ended.finished_at), (JobState::Cancelled, false, Some(later(6))));
    // The same work was requested since. That is another job, and only one of them can wait.
    let other = kit.one.enqueue_job(&new, later(7)).await.unwrap();
    assert!(matches!(kit.two.retry_job(&act_at(later(8)), id).await, Err(Error::Conflict(Thing::Job))));
    assert!(kit.two.cancel_job(&act_at(later(8)), other).await.unwrap());
    assert!(kit.two.retry_job(&act_at(later(8)), id).await.unwrap());
    // Work that is requested after a cancellation is not cancelled.
    let claimed = claim(&kit.one, "kit.cancel", later(8)).await.unwrap();
    assert!(kit.two.cancel_job(&act_at(later(8)), id).await.unwrap());
    kit.two.enqueue_job(&new, later(8)).await.unwrap();
    assert!(kit.one.end_job(&claimed.lease, &JobEnd::Cancelled, "", later(8)).await.unwrap());
    assert_eq!(find(kit, id).await.state, JobState::Waiting);
}

async fn lists_have_pages(kit: &Kit) {
    let mut ids = Vec::new();
    for _ in 0..7 {
        ids.push(kit.one.enqueue_job(&job("kit.list", None), NOW).await.unwrap());
    }
    ids.reverse();
    let all: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let page = async |after: Option<String>, limit| {
        let before = after.map(|id| JobId::new(id.parse().unwrap()));
        let query = JobQuery { kind: Some("kit.list"), state: Some(JobState::Waiting), before, limit };
        kit.two.list_jobs(&query).await.unwrap()
    };
    pages_show_all(&all, |job: &Job| job.id.to_string(), page).await;
    let query = JobQuery { state: Some(JobState::Failed), kind: Some("kit.list"), limit: 9, ..JobQuery::default() };
    assert_eq!(kit.two.list_jobs(&query).await.unwrap(), []);
    let counts = kit.two.count_jobs().await.unwrap();
    assert!(
        counts.iter().any(|c| (c.kind.as_str(), c.state, c.count) == ("kit.list", JobState::Waiting, 7)),
        "{counts:?}"
    );
}

async fn a_schedule_runs_once(kit: &Kit) {
    let new = job("kit.schedule", None);
    kit.one.keep_schedule("kit.schedule", "every 100s", later(10)).await.unwrap();
    assert_eq!(kit.two.due_schedules(later(9)).await.unwrap(), Vec::<String>::new());
    assert_eq!(kit.two.due_schedules(later(10)).await.unwrap(), ["kit.schedule"]);
    let runs = [&kit.one, &kit.two, &kit.one, &kit.two]
        .map(|store| store.run_schedule("kit.schedule", later(110), &new, later(10)));
    let ran = join_all(runs).await.into_iter().filter(|ran| *ran.as_ref().unwrap()).count();
    assert_eq!((ran, kit.one.claim_jobs("kit.schedule", 9, later(60), later(10)).await.unwrap().len()), (1, 1));
    // A restart postpones nothing, and a late one does not bring the next run forward. A new rule does.
    for (rule, first, due) in [
        ("every 100s", later(20), later(110)),
        ("every 100s", later(200), later(110)),
        ("every 50s", later(60), later(60)),
        ("every 200s", later(210), later(60)),
    ] {
        kit.two.keep_schedule("kit.schedule", rule, first).await.unwrap();
        assert_eq!(kit.one.due_schedules(due.before(Duration::from_millis(1))).await.unwrap(), Vec::<String>::new());
        assert_eq!(kit.one.due_schedules(due).await.unwrap(), ["kit.schedule"]);
    }
}

async fn ended_jobs_are_forgotten(kit: &Kit) {
    let waiting = kit.one.enqueue_job(&job("kit.forget", None), NOW).await.unwrap();
    let ended = kit.one.enqueue_job(&job("kit.forget", None), NOW).await.unwrap();
    assert!(kit.one.cancel_job(&act_at(later(500)), ended).await.unwrap());
    while kit.two.forget_jobs(later(500), 3).await.unwrap() == 3 {}
    assert!(kit.one.job(ended).await.unwrap().is_some());
    assert_eq!(kit.two.forget_jobs(later(501), 10).await.unwrap(), 1);
    assert_eq!(kit.one.job(ended).await.unwrap(), None);
    assert!(kit.one.job(waiting).await.unwrap().is_some());
}
