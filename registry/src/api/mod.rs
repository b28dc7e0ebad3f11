//! HTTP: routes, credentials, limits, the OCI endpoints and the token service.

mod audit;
mod body;
mod call;
mod client;
pub mod cloud;
mod dispatch;
pub mod error;
mod health;
pub mod operation;
mod router;
mod token;
mod v2;

pub use call::Call;
pub use client::ClientRules;
pub use dispatch::{ApiState, ConnectionLoad, Limits, entry};
