//! HTTP: routes, credentials, limits, the OCI endpoints, the token service and the cloud API.

mod audit;
mod body;
mod budget;
mod call;
mod client;
pub mod cloud;
mod connection;
mod dispatch;
pub mod error;
mod health;
pub mod route;
mod router;
pub(crate) mod state;
mod token;
mod v2;

pub use call::Call;
pub use client::ClientRules;
pub use connection::ConnectionLoad;
pub use dispatch::{Admitted, admit, entry};
pub use state::{ApiState, Limits};
