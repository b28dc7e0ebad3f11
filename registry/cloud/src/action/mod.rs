//! Actions of the cloud API: their contract, and how they run.

mod allowed;
mod attempt;
pub(crate) mod call;
mod contract;
mod fields;
pub(crate) mod open;
pub(crate) mod rate;
pub(crate) mod registered;
pub(crate) mod replays;
mod run;
pub(crate) mod subject;
pub(crate) mod trace;

pub(crate) use allowed::Allowed;
pub(crate) use call::CloudCall;
pub(crate) use contract::{Action, Lookup, action, lookup};
pub(crate) use roadstead_auth::{Needs, Permitted};
