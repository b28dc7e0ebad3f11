//! HTTP: request dispatch, the OCI endpoints, the token service and the health checks.

mod dispatch;
mod health;
mod state;
mod token;
mod v2;

pub use dispatch::{Admitted, admit, entry};
pub use state::ServerState;
