//! Roadstead: a self-hosted container image registry.
//!
//! This crate is the registry itself. From outside in: `cli` is the command line. `bootstrap` turns settings into
//! objects, and no other module does. `server` has the listeners and leads each request to its surface. `v2` and `token`
//! are the surface for OCI clients. The cloud API, the rules, background jobs, the stores, the permissions and the
//! collector are crates of their own.
//!
//! To add a route, add a row to `roadstead_http::route`. The compiler then asks for its handler, and the test of the
//! permission matrix tries the route with every kind of caller.

mod background;
pub mod bootstrap;
pub mod cli;
pub mod server;
mod token;
mod v2;
