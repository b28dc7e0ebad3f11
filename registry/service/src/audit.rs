//! The audit log: records changes and refused requests.
//!
//! A change writes its event in its own transaction. This module writes all other events. A flood of refusals must stay
//! cheap: [`Audit::noted`] never waits, and similar refusals are counted instead of stored one by one. For work that
//! has no transaction of its own, such as a collection, a
//! server calls [`Audit::done`], which waits until the event is written, and a command calls [`record`].

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use roadstead_auth::place::System;
use roadstead_auth::{Access, Identity, Write};
use roadstead_storage::meta::{Act, AuditEvent, AuditOutcome, MetaStore};
use roadstead_types::{Clock, Timestamp};
use tokio::sync::{mpsc, oneshot};

use crate::Result;

/// The most events that may wait in the queue.
const QUEUE: usize = 1024;
/// The most events that are written together.
const BATCH: usize = 256;
/// The most refusals that are kept one by one between two writes, and the most groups of similar refusals that are
/// counted.
const MAX_REFUSALS: usize = 256;
/// How often single refusals are written.
const PERIOD: Duration = Duration::from_millis(250);
/// How often counted refusals are written, in rounds of [`PERIOD`].
const SUMMARY_ROUNDS: u32 = 20;
/// How long a caller waits for its event to be written.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long the writer waits after a failed write.
const RETRY: Duration = Duration::from_secs(1);

/// A message to the writer, and the sender that waits for it.
struct Waiting {
    /// The event to write. `None` asks the writer to write everything that has arrived so far, including the refusals.
    event: Option<AuditEvent>,
    written: oneshot::Sender<()>,
}

/// Records a deed of the operator that was many changes, so that it has no transaction of its own.
pub async fn record(meta: &MetaStore, _: &Access<Write, System>, act: &Act) -> Result<()> {
    Ok(meta.record_audit_events(&[AuditEvent::done(act, act.now())]).await?)
}

/// A handle that adds events to the audit log. Clones are cheap.
#[derive(Clone)]
pub struct Audit(Arc<Inner>);

struct Inner {
    meta: MetaStore,
    clock: Arc<dyn Clock>,
    queue: mpsc::Sender<Waiting>,
    refusals: Mutex<Refusals>,
    /// The number of events that are being written.
    in_hand: AtomicUsize,
}

/// The receiving end of the queue, for [`Audit::write`]. Clones share it, and only one at a time can read from it.
#[derive(Clone)]
pub struct AuditQueue(Arc<tokio::sync::Mutex<mpsc::Receiver<Waiting>>>);

#[derive(Default)]
struct Refusals {
    single: Vec<AuditEvent>,
    /// Refusals beyond the limit for single ones, grouped by their likeness.
    counted: HashMap<Likeness, AuditEvent>,
    /// The number of refusals beyond the limit for groups.
    others: u64,
}

#[derive(PartialEq, Eq, Hash)]
struct Likeness {
    owner: Option<i64>,
    action: String,
    code: String,
    address: String,
    dry_run: bool,
}

impl Refusals {
    fn add(&mut self, event: AuditEvent) {
        if self.single.len() < MAX_REFUSALS {
            return self.single.push(event);
        }
        let owner = event.owner.map(roadstead_types::AccountId::get);
        let (action, code, address) = (event.action.clone(), event.code.clone(), event.address.clone());
        let likeness = Likeness { owner, action, code, address, dry_run: event.dry_run };
        let is_full = self.counted.len() >= MAX_REFUSALS;
        match self.counted.get_mut(&likeness) {
            Some(known) => known.repeated += 1,
            None if is_full => self.others += 1,
            // Similar refusals differ in their resource and request, so the summary leaves these out.
            None => {
                let summary = AuditEvent { resource: "*".to_owned(), request_id: String::new(), ..event };
                self.counted.insert(likeness, summary);
            }
        }
    }

    fn count(&self) -> usize {
        self.single.len() + self.counted.len() + usize::from(self.others > 0)
    }

    fn take(&mut self, with_counted: bool, now: Timestamp) -> Vec<AuditEvent> {
        let mut events = std::mem::take(&mut self.single);
        if with_counted {
            events.extend(self.counted.drain().map(|(_, event)| event));
            let others = std::mem::take(&mut self.others);
            if others > 0 {
                events.push(AuditEvent {
                    repeated: others,
                    action: "*".to_owned(),
                    ..blank(now, AuditOutcome::Denied)
                });
            }
        }
        events
    }
}

fn blank(at: Timestamp, outcome: AuditOutcome) -> AuditEvent {
    AuditEvent {
        at,
        owner: None,
        uin: String::new(),
        principal: "anonymous".to_owned(),
        source: String::new(),
        action: String::new(),
        resource: String::new(),
        address: String::new(),
        user_agent: String::new(),
        request_id: String::new(),
        outcome,
        code: String::new(),
        repeated: 1,
        dry_run: false,
    }
}

impl Audit {
    /// Creates the audit log, and the queue for [`Audit::write`].
    pub fn new(meta: MetaStore, clock: Arc<dyn Clock>) -> (Self, AuditQueue) {
        let (queue, receiver) = mpsc::channel(QUEUE);
        let inner = Inner { meta, clock, queue, refusals: Mutex::default(), in_hand: AtomicUsize::new(0) };
        (Self(Arc::new(inner)), AuditQueue(Arc::new(tokio::sync::Mutex::new(receiver))))
    }

    /// Creates an event that happens now, by `identity` if it is known.
    pub fn event(&self, identity: Option<&Identity>, outcome: AuditOutcome) -> AuditEvent {
        let event = blank(self.0.clock.now(), outcome);
        match identity {
            None => event,
            Some(identity) => AuditEvent {
                owner: Some(identity.owner),
                uin: identity.uin.as_str().to_owned(),
                principal: identity.principal(),
                ..event
            },
        }
    }

    /// Adds the event of a completed action, and waits until it is written. If that takes too long, the event is logged
    /// instead.
    pub async fn done(&self, event: AuditEvent) {
        let (uin, action, resource) = (event.uin.clone(), event.action.clone(), event.resource.clone());
        let (request_id, address) = (event.request_id.clone(), event.address.clone());
        if !self.is_written(Some(event)).await {
            tracing::error!(
                account.uin = uin,
                action,
                resource,
                request.id = request_id,
                client.address = address,
                "done, and not yet in the audit log"
            );
        }
    }

    /// Sends an event to the writer and waits until it is written, up to [`PATIENCE`].
    async fn is_written(&self, event: Option<AuditEvent>) -> bool {
        let (written, wait) = oneshot::channel();
        let sent = async {
            self.0.queue.send(Waiting { event, written }).await.map_err(|_| ())?;
            wait.await.map_err(|_| ())
        };
        matches!(tokio::time::timeout(PATIENCE, sent).await, Ok(Ok(())))
    }

    /// Adds the event of a refused or failed request. Never waits.
    pub fn noted(&self, event: AuditEvent) {
        self.0.refusals.lock().unwrap_or_else(PoisonError::into_inner).add(event);
    }

    fn refusals(&self, with_counted: bool) -> Vec<AuditEvent> {
        let now = self.0.clock.now();
        self.0.refusals.lock().unwrap_or_else(PoisonError::into_inner).take(with_counted, now)
    }

    /// Writes events until every [`Audit`] is dropped.
    pub async fn write(&self, queue: AuditQueue) {
        let mut queue = queue.0.lock().await;
        let mut ticks = tokio::time::interval(PERIOD);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut rounds = 0;
        loop {
            let mut waiting: Vec<Waiting> = Vec::new();
            let refusals = tokio::select! {
                count = queue.recv_many(&mut waiting, BATCH) => {
                    if count == 0 {
                        return;
                    }
                    let all = waiting.iter().any(|waiting| waiting.event.is_none());
                    if all { self.refusals(true) } else { Vec::new() }
                }
                _ = ticks.tick() => {
                    rounds += 1;
                    self.refusals(rounds % SUMMARY_ROUNDS == 0)
                }
            };
            let mut events: Vec<AuditEvent> = waiting.iter_mut().filter_map(|waiting| waiting.event.take()).collect();
            events.extend(refusals);
            self.persist(&events).await;
            for waiting in waiting {
                // An error means that the sender has stopped waiting and has logged its event.
                let _ = waiting.written.send(());
            }
        }
    }

    async fn persist(&self, events: &[AuditEvent]) {
        if events.is_empty() {
            return;
        }
        self.0.in_hand.store(events.len(), Ordering::Relaxed);
        while let Err(error) = self.0.meta.record_audit_events(events).await {
            tracing::warn!(events = events.len(), %error, "the audit log cannot be written; trying again");
            tokio::time::sleep(RETRY).await;
        }
        self.0.in_hand.store(0, Ordering::Relaxed);
    }

    /// Waits until all events so far are written, before the process ends. [`Audit::write`] does the writing, so this
    /// also waits for the events that it is writing now.
    pub async fn flush(&self) {
        if !self.is_written(None).await {
            let events = self.unwritten();
            tracing::error!(events, "the last events of the audit log were not written, and are lost");
        }
    }

    /// Returns the number of unwritten events, after a [`flush`](Self::flush) that failed.
    fn unwritten(&self) -> usize {
        // One message in the queue is the request of the flush itself.
        let queued = (self.0.queue.max_capacity() - self.0.queue.capacity()).saturating_sub(1);
        let refusals = self.0.refusals.lock().unwrap_or_else(PoisonError::into_inner).count();
        self.0.in_hand.load(Ordering::Relaxed) + queued + refusals
    }
}

#[cfg(test)]
mod tests {
    use futures::poll;
    use roadstead_storage::meta::AuditQuery;
    use roadstead_storage::testkit::TestDatabase;
    use roadstead_types::SystemClock;

    use super::*;

    fn refusal(action: &str) -> AuditEvent {
        let event = blank(Timestamp::from_millis(1), AuditOutcome::Denied);
        AuditEvent { action: action.to_owned(), resource: "a/b".to_owned(), ..event }
    }

    #[tokio::test]
    async fn the_end_waits_for_what_is_being_written() {
        let database = TestDatabase::any().await;
        let meta = database.open("one").await;
        let (audit, queue) = Audit::new(meta.clone(), Arc::new(SystemClock));
        let held = database.hold_writes().await;
        let writer = audit.clone();
        let writer = tokio::spawn(async move { writer.write(queue).await });
        audit.noted(refusal("first"));
        while !audit.0.refusals.lock().unwrap().single.is_empty() {
            tokio::task::yield_now().await;
        }
        // The caller has stopped waiting in the meantime.
        assert!(poll!(Box::pin(audit.done(refusal("second")))).is_pending());
        let mut end = Box::pin(audit.flush());
        assert!(poll!(&mut end).is_pending(), "it says that all is written");
        held.release().await;
        end.await;
        let query = AuditQuery { limit: 10, ..AuditQuery::default() };
        let mut written: Vec<String> =
            meta.audit_events(&query).await.unwrap().into_iter().map(|(_, event)| event.action).collect();
        written.sort();
        assert_eq!(written, ["first", "second"]);
        writer.abort();
    }

    #[test]
    fn a_flood_of_refusals_is_counted_and_does_not_grow() {
        let mut refusals = Refusals::default();
        let total = 10_000_u64;
        for number in 0..total {
            refusals.add(refusal(if number % 2 == 0 { "pull" } else { "push" }));
        }
        assert_eq!((refusals.single.len(), refusals.counted.len()), (MAX_REFUSALS, 2));
        let first = refusals.take(false, Timestamp::from_millis(2));
        assert_eq!(first.len(), MAX_REFUSALS);
        let rest = refusals.take(true, Timestamp::from_millis(2));
        assert_eq!(rest.iter().map(|event| event.repeated).sum::<u64>(), total - MAX_REFUSALS as u64);
        for number in 0..total {
            refusals.add(refusal(&number.to_string()));
        }
        let all = refusals.take(true, Timestamp::from_millis(3));
        assert_eq!(all.len(), 2 * MAX_REFUSALS + 1);
        assert_eq!(all.iter().map(|event| event.repeated).sum::<u64>(), total);
        assert_eq!(refusals.take(true, Timestamp::from_millis(3)), []);
    }
}
