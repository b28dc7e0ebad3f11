//! The cloud API, black box: one module for each part of it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod audit;
mod docker_permissions;
mod documents;
mod envelope;
mod explain;
mod favorites;
mod instance;
mod instance_tokens;
mod instances;
mod isolation;
mod limits;
mod matrix;
mod namespaces;
mod personal;
mod quotas;
mod registry_users;
mod repositories;
mod repository_lists;
mod revocation;
mod signatures;
mod sts;
mod wire;

use roadstead_tests::people;
