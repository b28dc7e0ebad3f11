//! Black-box tests of the cloud API: one module for each part of it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod audit;
mod caches;
mod cluster;
mod denials;
mod directory;
mod docker_permissions;
mod document_codes;
mod documents;
mod duplicate;
mod envelope;
mod explain;
mod favorites;
mod golden;
mod groups;
mod guards;
mod hidden;
mod images;
mod instance;
mod instance_content;
mod instance_tokens;
mod instances;
mod isolation;
mod keys;
mod lifecycle;
mod limits;
mod master_key;
mod matrix;
mod namespaces;
mod personal;
mod policies;
mod pull_count;
mod quotas;
mod registry_users;
mod repositories;
mod repository_lists;
mod revocation;
mod roles;
mod sight;
mod signatures;
mod sts;
mod tags;
mod triggers;
mod users;
mod web_identity;
mod web_identity_limits;
mod wire;

use roadstead_tests::people;
