//! The unit of work: one writing transaction with all its consequences (`docs/adr/0014`).
//!
//! The body of a unit changes rows, and tells which events have [`happened`](Unit::happened) and what has
//! [`changed`](Unit::changed) for caches. At the end the unit writes all consequences in this order: the audit row,
//! the events, the jobs, the change log with its counters. The counters come last, so that a transaction that holds
//! their rows waits for no other one.

use std::collections::BTreeSet;
use std::fmt;
use std::iter;
use std::ops::{Deref, DerefMut};

use sqlx::pool::PoolConnection;
use sqlx::{Any, AnyConnection, Transaction};

use super::MetaStore;
use super::act::Act;
use super::audit::event::{self, AuditEvent};
use super::changes::{self, Made, Scope};
use super::jobs::{NewJob, enqueue};
use super::outbox::{self, Event};
use super::sql::{Attempts, SqlResult as _, is_suspect};
#[cfg(feature = "testkit")]
use crate::points;
use crate::{Error, Result};
use roadstead_types::{AccountId, Timestamp};

/// The outcome of a unit's body. A unit that did nothing is rolled back, and has no consequences.
pub(super) enum Outcome<T> {
    /// The body has changed something, or made sure that it is as wanted.
    Done(T),
    /// The body found nothing to do.
    Nothing(T),
}

impl Outcome<bool> {
    /// Returns `Done` if `done`.
    pub(super) fn of(done: bool) -> Self {
        if done { Self::Done(true) } else { Self::Nothing(false) }
    }
}

impl<T> Outcome<Option<T>> {
    /// Returns `Done` if there is a value.
    pub(super) fn some(found: Option<T>) -> Self {
        if found.is_some() { Self::Done(found) } else { Self::Nothing(found) }
    }
}

/// A writing transaction and its consequences.
pub(super) struct Unit<'t> {
    transaction: Transaction<'t, Any>,
    /// `None` for upkeep: the server's own housekeeping, which belongs to no act.
    act: Option<&'t Act>,
    now: Timestamp,
    review_after: Timestamp,
    op: &'static str,
    is_audited: bool,
    made_names: Vec<String>,
    owner: Option<AccountId>,
    events: Vec<Event>,
    jobs: Vec<NewJob>,
    changed: BTreeSet<Scope>,
    made: Option<Made>,
}

impl fmt::Debug for Unit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unit").field("act", &self.act).field("events", &self.events).finish_non_exhaustive()
    }
}

impl Deref for Unit<'_> {
    type Target = AnyConnection;

    fn deref(&self) -> &AnyConnection {
        &self.transaction
    }
}

impl DerefMut for Unit<'_> {
    fn deref_mut(&mut self) -> &mut AnyConnection {
        &mut self.transaction
    }
}

impl Unit<'_> {
    /// Returns the time of everything in the unit.
    pub(super) fn now(&self) -> Timestamp {
        self.now
    }

    /// Returns when to review targets that lose a reference in the unit.
    pub(super) fn review_after(&self) -> Timestamp {
        self.review_after
    }

    /// Notes a change of cached rows. Every process is told after the commit.
    pub(super) fn changed(&mut self, scope: Scope) {
        self.changed.insert(scope);
    }

    /// Notes a new repository. Caches only have to forget that it was missing.
    pub(super) fn made(&mut self) -> Made {
        self.made.get_or_insert_default().clone()
    }

    /// Adds an event.
    pub(super) fn happened(&mut self, event: Event) {
        self.events.push(event);
    }

    /// Requests work that the unit makes necessary.
    pub(super) fn enqueue(&mut self, job: NewJob) {
        self.jobs.push(job);
    }

    /// Adds the name of something new to the audit row, because the act could not know it.
    pub(super) fn names(&mut self, made: &str) {
        self.made_names.push(made.to_owned());
    }

    /// Sets the main account for the audit row, for an act that could not know it.
    pub(super) fn concerns(&mut self, owner: AccountId) {
        self.owner = Some(owner);
    }

    /// Keeps the unit out of the audit log. For steps of an act, such as the blobs of an image: nobody sees them
    /// before the manifest.
    pub(super) fn is_a_step(&mut self) {
        self.is_audited = false;
    }

    /// Returns the row for the audit log, if there is to be one.
    fn record(&self) -> Option<AuditEvent> {
        let act = self.act.filter(|act| self.is_audited && !act.is_recorded())?;
        let event = AuditEvent::done(act, self.now);
        let owner = event.owner.or(self.owner);
        let resource = iter::once(&event.resource).chain(&self.made_names).filter(|name| !name.is_empty());
        Some(AuditEvent { owner, resource: resource.map(String::as_str).collect::<Vec<_>>().join(" "), ..event })
    }

    /// Ends the unit as its outcome says.
    pub(super) async fn end<T>(self, outcome: Result<Outcome<T>>) -> Result<T> {
        let (op, is_tried) = (self.op, self.act.is_some_and(Act::is_dry_run));
        match outcome? {
            Outcome::Done(_) if is_tried => Err(Error::DryRun),
            Outcome::Done(value) => self.commit().await.map(|()| value),
            // It may hold locks.
            Outcome::Nothing(value) => self.transaction.rollback().await.op(op).map(|()| value),
        }
    }

    /// Writes the consequences, and commits.
    async fn commit(mut self) -> Result<()> {
        let recorded = self.record();
        event::write(&mut self.transaction, recorded.as_slice()).await?;
        let actor = self.act.map(Act::actor);
        outbox::write(&mut self.transaction, self.now, actor, &self.events).await?;
        for job in &self.jobs {
            enqueue(&mut self.transaction, job, self.now).await?;
        }
        let number = changes::write(&mut self.transaction, &self.changed, self.made.as_ref()).await?;
        #[cfg(feature = "testkit")]
        points::reached(points::Point::BeforeCommit, self.op, self.act).await;
        self.transaction.commit().await.op(self.op)?;
        #[cfg(feature = "testkit")]
        points::reached(points::Point::AfterCommit, self.op, self.act).await;
        if let Some(act) = self.act {
            act.committed(recorded.is_some(), number);
        }
        Ok(())
    }
}

/// The attempts at one unit.
pub(super) struct Run<'a> {
    store: &'a MetaStore,
    act: Option<&'a Act>,
    now: Timestamp,
    op: &'static str,
    attempts: Attempts,
    connection: Option<PoolConnection<Any>>,
}

impl MetaStore {
    /// Starts a unit under `act`, for [`unit!`].
    pub(super) fn unit<'a>(&'a self, act: &'a Act, op: &'static str) -> Run<'a> {
        self.run(Some(act), act.now(), op)
    }

    /// Starts upkeep, for [`unit!`]. It belongs to no act, has no row in the audit log, and cannot be a dry run.
    pub(super) fn upkeep(&self, now: Timestamp, op: &'static str) -> Run<'_> {
        self.run(None, now, op)
    }

    fn run<'a>(&'a self, act: Option<&'a Act>, now: Timestamp, op: &'static str) -> Run<'a> {
        Run { store: self, act, now, op, attempts: Attempts::default(), connection: None }
    }
}

impl Run<'_> {
    /// Begins an attempt.
    pub(super) async fn begin(&mut self) -> Result<Unit<'_>> {
        let connection = self.connection.insert(self.store.writing(self.op).await?);
        Ok(Unit {
            transaction: self.store.begin(connection, self.op).await?,
            act: self.act,
            now: self.now,
            review_after: self.act.map_or(self.now, |act| act.review_after(self.now)),
            op: self.op,
            is_audited: true,
            made_names: Vec::new(),
            owner: None,
            events: Vec::new(),
            jobs: Vec::new(),
            changed: BTreeSet::new(),
            made: None,
        })
    }

    /// Ends an attempt. Returns the result of the unit, or `None` when it must be tried again.
    pub(super) async fn over<T>(&mut self, ended: Result<T>) -> Option<Result<T>> {
        // From here on the writer is free: others commit while this unit waits.
        if let Some(mut connection) = self.connection.take()
            && ended.as_ref().is_err_and(is_suspect)
        {
            connection.close_on_drop();
        }
        let ended = match ended {
            Ok(value) => self.store.durable().await.map(|()| value),
            failed => failed,
        };
        match ended {
            Err(error) if self.attempts.again(&error).await => None,
            ended => Some(ended),
        }
    }
}

/// Runs the body, an expression of type `Result<Outcome<T>>` with `$u: &mut Unit`, as one unit. When the body is
/// done, the unit is committed and made durable. When the body fails or finds nothing to do, the unit is rolled back.
/// When others interfere, it is tried again, so the body may run several times.
///
/// It is a macro because the future of a closure that borrows could not be sent to another thread.
macro_rules! unit {
    ($run:expr, |$u:ident| $body:expr) => {{
        let mut run = $run;
        loop {
            let ended = async {
                let mut unit = run.begin().await?;
                let $u = &mut unit;
                let outcome = $body;
                unit.end(outcome).await
            };
            let ended = ended.await;
            if let Some(outcome) = run.over(ended).await {
                break outcome;
            }
        }
    }};
}
pub(super) use unit;

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::super::Timing;
    use super::super::fresh::fresh;
    use super::*;
    use roadstead_types::{Actor, RepositoryId, SystemClock, Tag};

    fn sendable<T: Send>(future: T) -> T {
        future
    }

    #[tokio::test]
    async fn a_unit_may_go_on_in_another_thread() {
        let (_directory, store) = fresh().await;
        let timing = Timing::new(Arc::new(SystemClock), Duration::ZERO);
        let act = Act::new(Arc::new(Actor::server()), "test", timing);
        let tag: Tag = "latest".parse().unwrap();
        let deleted = tokio::spawn(sendable(async move {
            let deleted = store.delete_tag(&act, RepositoryId::new(1), &tag).await;
            (deleted, act)
        }));
        let (deleted, act) = deleted.await.unwrap();
        assert_eq!(deleted.unwrap(), None);
        assert!(!act.is_recorded() && act.change().is_none(), "there was nothing to do");
    }
}
