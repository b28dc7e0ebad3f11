//! Roadstead: a self-hosted container image registry.
//!
//! This crate is the registry itself. From outside in: `cli` is the command line. `bootstrap` turns settings into
//! objects, and no other module does. `server` is the listener. `api` leads each request to its surface,
//! and is the surface for OCI clients. The cloud API, the rules, background jobs, the stores, the permissions and the
//! collector are crates of their own.
//!
//! To add a route, add a row to `roadstead_http::route`. The compiler then asks for its handler, and the test of the
//! permission matrix tries the route with every kind of caller.

pub mod api;
mod background;
pub mod bootstrap;
pub mod cli;
mod http_service;
mod listen_params;
mod metrics;
mod process;
pub mod server;
mod telemetry;
mod tls;
mod tls_server;
