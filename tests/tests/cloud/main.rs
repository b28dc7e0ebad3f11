//! The cloud API, black box: one module for each part of it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod docker_permissions;
mod envelope;
mod explain;
mod limits;
mod matrix;
mod people;
mod revocation;
mod signatures;
mod sts;
