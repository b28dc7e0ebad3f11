//! Roadstead: a self-hosted container image registry.
//!
//! This crate is the registry itself. From outside in: `cli` is the command line; `bootstrap` turns settings into objects
//! and is the only place that sees both; `server` is the listener; `api` leads each request to its surface, and is the
//! surface of OCI clients. The cloud API, the rules, the work in the background, the stores, the permissions and the
//! collection are crates of their own.
//!
//! To add a route, add a row to `roadstead_http::route`: the compiler then asks for its handler, and the test of the
//! permission matrix tries it with every kind of caller.

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
