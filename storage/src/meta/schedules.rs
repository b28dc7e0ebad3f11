//! Schedules of regular jobs. Every process looks for due ones, and the one that moves the row requests the job.

use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use super::MetaStore;
use super::jobs::{self, NewJob};
use super::row::{get, optional_time, time};
use super::sql::SqlResult as _;
use super::unit::{Outcome, unit};
use crate::Result;
use roadstead_types::Timestamp;

/// When a job that comes back regularly is asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Schedule {
    /// Its name: the kind of the job.
    pub name: String,
    /// Its rule, in words.
    pub rule: String,
    /// When it is due next.
    pub next_run: Timestamp,
    /// When it last asked for the job.
    pub last_run: Option<Timestamp>,
}

impl MetaStore {
    /// Returns all schedules, in the byte order of their names.
    pub async fn list_schedules(&self) -> Result<Vec<Schedule>> {
        let query = sqlx::query("SELECT name, rule, next_run, last_run FROM schedules ORDER BY name");
        query.fetch_all(self.reader()).await.op("list schedules")?.iter().map(schedule).collect()
    }

    /// Makes sure that a schedule with this rule exists. A new schedule is due at `first`, and one with a changed
    /// rule at `first` at the latest. Others stay as they are, so that a restart postpones nothing.
    pub async fn keep_schedule(&self, name: &str, rule: &str, first: Timestamp) -> Result<()> {
        unit!(self.upkeep(first, "keep a schedule"), |tx| keep(tx, name, rule, first).await.map(Outcome::Done))
    }

    /// Returns the schedules that are due.
    pub async fn due_schedules(&self, now: Timestamp) -> Result<Vec<String>> {
        let query = sqlx::query_scalar("SELECT name FROM schedules WHERE next_run <= $1 ORDER BY next_run, name");
        query.bind(now.as_millis()).fetch_all(self.reader()).await.op("look for schedules")
    }

    /// Requests the job of a due schedule, and sets when the next one is due. False when another process has done so.
    pub async fn run_schedule(&self, name: &str, next: Timestamp, job: &NewJob, now: Timestamp) -> Result<bool> {
        unit!(self.upkeep(now, "run a schedule"), |tx| run(tx, name, next, job, now).await.map(Outcome::of))
    }
}

fn schedule(row: &AnyRow) -> Result<Schedule> {
    Ok(Schedule {
        name: get(row, "name")?,
        rule: get(row, "rule")?,
        next_run: time(row, "next_run")?,
        last_run: optional_time(row, "last_run")?,
    })
}

async fn keep(tx: &mut AnyConnection, name: &str, rule: &str, first: Timestamp) -> Result<()> {
    let upsert = sqlx::query(
        "INSERT INTO schedules (name, rule, next_run) VALUES ($1, $2, $3) \
         ON CONFLICT (name) DO UPDATE SET rule = excluded.rule, next_run = \
         CASE WHEN schedules.rule <> excluded.rule AND schedules.next_run > excluded.next_run \
         THEN excluded.next_run ELSE schedules.next_run END",
    );
    let upsert = upsert.bind(name).bind(rule).bind(first.as_millis());
    upsert.execute(tx).await.op("keep a schedule")?;
    Ok(())
}

async fn run(tx: &mut AnyConnection, name: &str, next: Timestamp, job: &NewJob, now: Timestamp) -> Result<bool> {
    let update = sqlx::query("UPDATE schedules SET next_run = $1, last_run = $2 WHERE name = $3 AND next_run <= $2");
    let update = update.bind(next.as_millis()).bind(now.as_millis()).bind(name);
    if update.execute(&mut *tx).await.op("run a schedule")?.rows_affected() == 0 {
        return Ok(false);
    }
    jobs::enqueue(tx, job, now).await?;
    Ok(true)
}
