//! Settings of Roadstead: reads them from all their sources, checks them, and describes them.
//!
//! Settings come from these sources, and later ones override earlier ones: the default, the TOML file, the
//! environment (`ROADSTEAD__SECTION__KEY`), the command line. [`Settings::load`] reads all of them once, at the
//! start. An unknown key or a bad value is an [`Error`] with the key and the place of the mistake.
//!
//! # What this crate must not know
//!
//! It knows no other crate of the project, no socket and no database. It does not turn settings into objects either:
//! the binary's `bootstrap` module does that, so that all other crates take plain parameters and never see the
//! settings.
//!
//! # How to add a setting
//!
//! 1. Add a field with its default and a doc comment to the section in `src/sections/`. The doc comment is the
//!    text of the reference, so write it for an operator.
//! 2. If some values make no sense, refuse them in that section's `validate`.
//! 3. Run `UPDATE_DOCS=1 cargo test -p roadstead-config` to rewrite `docs/config.md`, and add the key to
//!    `deploy/roadstead.toml`.
//!
//! A secret is a [`Secret`] (or a [`Key`]) with a neighbour `NAME_file`, resolved in `src/load.rs`.

#![deny(missing_docs)]

mod env;
mod error;
mod first_credentials;
mod load;
mod reference;
mod secret;
mod section;
mod sections;
mod settings;
mod size;
mod unknown;

pub use env::environment;
pub use error::{Error, Origin};
pub use first_credentials::FirstCredentials;
pub use load::Overrides;
pub use reference::reference;
pub use secret::{Key, Secret};
pub use section::{Entry, Kind};
pub use sections::audit::Audit;
pub use sections::auth::{Argon2, Auth};
pub use sections::cache::Cache;
pub use sections::cloud_api::CloudApi;
pub use sections::database::Database;
pub use sections::gc::{Gc, ORPHAN_AGE_MIN};
pub use sections::instances::Instances;
pub use sections::jobs::Jobs;
pub use sections::limits::Limits;
pub use sections::log::{Log, LogFormat};
pub use sections::maintenance::Maintenance;
pub use sections::metrics::Metrics;
pub use sections::personal::Personal;
pub use sections::quotas::Quotas;
pub use sections::server::{ProxyHeaders, Server, Tls};
pub use sections::storage::{Driver, Fs, Storage};
pub use settings::{DatabaseLocation, MasterKey, Settings};
pub use size::ByteSize;
