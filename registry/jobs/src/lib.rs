//! Work in the background.
//!
//! * A [`Job`] is work that must be done once, by whichever process comes first: its row in the database says who has it. The
//!   [`Worker`] of each process claims jobs that are due and runs them; [`kinds`] has the jobs of the registry.
//! * A [`Schedule`] asks for a job again and again. It is a row as well, so that there is no leader.
//! * The [`Supervisor`] keeps loops alive that every process must run for itself.
//!
//! This crate knows nothing of HTTP and of configuration files. It does not decide what may be deleted: `roadstead-service`
//! and `roadstead-gc` do.
//!
//! To add a job, write a struct in a file below `kinds/`, implement [`Job`] for it, and name it in [`kinds::all`]. Whoever makes
//! the work necessary enqueues it in the same transaction. A job must stand being cut off at any moment and run again.

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

pub use call::{JobCall, Pulse};
pub use engine::WorkerParams;
pub use job::{Job, JobError, Kinds, Next, new_job};
pub use metrics::BackgroundMetrics;
pub use schedule::{Schedule, When};
pub use supervisor::{Health, Stopping, Supervisor, every};
pub use worker::Worker;
