//! Background work.
//!
//! * A [`Job`] is work that must be done once, by any process. Its row in the database says which process has it. The
//!   [`Worker`] of each process claims and runs the jobs that are due. The jobs of the registry are in [`kinds`].
//! * A [`Schedule`] enqueues a job regularly. It is a row as well, so no leader is needed.
//! * A [`Supervisor`] keeps those loops alive that every process must run for itself.
//!
//! This crate knows nothing about HTTP or configuration files. It does not decide what may be deleted:
//! `roadstead-service` and `roadstead-gc` do.
//!
//! To add a job, write a struct in a file below `kinds/`, implement [`Job`] for it, and add it to [`kinds::all`]. The
//! change that makes the work necessary enqueues the job in the same transaction. A run can be cut off at any moment,
//! so a job must be safe to repeat.

#![deny(missing_docs)]

mod backoff;
mod call;
mod engine;
mod job;
pub mod kinds;
mod metrics;
mod running;
mod schedule;
mod supervisor;
mod worker;

pub use call::JobCall;
pub use engine::WorkerParams;
pub use job::{Job, JobError, Kinds, Next, new_job};
pub use metrics::BackgroundMetrics;
pub use schedule::{Schedule, When};
pub use supervisor::{Health, Stopping, Supervisor, every};
pub use worker::Worker;
