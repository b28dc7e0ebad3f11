//! The shared code of the HTTP surfaces: routes, the request on its way to a handler, credentials, bodies, limits, and
//! the table of OCI errors.
//!
//! This crate must not know any surface or any store.
//!
//! To add a route, add a row to [`route`]. The compiler then asks for its handler, and the test of the permission
//! matrix tries the route with every kind of caller.

pub mod audit;
pub mod body;
mod budget;
mod call;
mod client;
mod connection;
pub mod error;
mod forwarded;
pub mod route;
pub mod router;
mod state;

pub use call::{Call, decode_basic};
pub use client::{ClientOrigin, ClientRules};
pub use connection::{ConnectionLoad, InFlight};
pub use forwarded::ProxyHeaders;
pub use state::{ApiState, Limits};
