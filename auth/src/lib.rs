//! Authentication and authorization: accounts, passwords, bearer tokens, and proofs that a right was checked.
//!
//! * [`Auth`] is the handle of a server. [`Auth::basic`] and [`Auth::bearer`] find the identity of a caller,
//!   [`Auth::authorize`] decides about a right, and [`Auth::issue`] makes the tokens of the docker token service.
//!   [`Auth::signed`] finds the identity behind a signed request of the cloud API.
//! * [`Access`] is the proof of a [`Right`] in a [`place`]. Services take it as an argument, so that code with a
//!   forgotten check does not compile. [`Auth::authorize`], [`Auth::authorize_identity`] and
//!   [`Auth::authorize_delete`] make proofs for the content of a repository. [`Auth::allow`] and
//!   [`Permissions::grant`] make proofs for what belongs to a main account: the account itself, its namespaces,
//!   repositories and instances. [`Operator`] makes them for commands and jobs.
//! * [`Permissions`] are the rights by policies. [`Auth::permissions`] loads them with the policies of sub-accounts,
//!   roles and sessions, and [`roadstead_policy`] evaluates these. Main accounts with their own credentials have no
//!   policies.
//! * [`Auth::issue_temporary`] makes temporary keys, and [`Auth::temporary`] finds the identity behind one. Nothing
//!   about them is stored.
//! * [`Accounts`] makes accounts and sets passwords, for the command line and the first start.
//! * [`Sealer`] encrypts secrets that must be read again (signing keys, secret keys) before they go to the database.
//!
//! # Invariants
//!
//! * **A token is not a licence.** It names the caller and limits its rights. The rights themselves are looked up on
//!   every request: the status of the account, the version of its credentials, the owner of the namespace, the
//!   visibility of the repository, the policies. A revoked right is refused at once in this process, and in other
//!   processes as soon as [`Auth::poll_changes`] has seen the change, within a second.
//! * **Doubt is a denial.** An error while deciding gives [`Denied::Unavailable`], never access.
//! * **Answers do not tell what exists.** A caller who may not read a repository gets the same answer whether it
//!   exists or not. An unknown user, a disabled one and a wrong password give the same error after the same time.
//! * **Caches cannot keep outdated rows.** Rows are kept in [`roadstead_storage::cache::EpochCache`]s, and only for
//!   as long as [`Auth::poll_changes`] keeps confirming that nothing changed, or for [`LEASE`] after they were read.
//!
//! # What this crate must not know
//!
//! HTTP (headers, status codes, challenges belong to the registry crate), SQL, configuration files, and the machine's
//! clock: time comes from a [`Clock`](roadstead_types::Clock).
//!
//! # To add a right to the content of repositories
//!
//! Add a variant to [`RightName`], a marker type with its line in `rights!` (`right.rs`), the rule that decides about
//! it (`rules.rs`: one `match` without a wildcard), its operations of [`roadstead_policy::op`] for callers with
//! policies, and the words of a token scope that cover it ([`RightName::covering`]). Then the services can ask for
//! `Access<YourRight>`. `rules.rs` is the one place that decides about rights, and it is free of I/O.

#![deny(missing_docs)]

mod access;
mod accounts;
mod auth;
mod authenticate;
mod authorize;
mod bound;
mod cache;
mod changes;
mod client;
mod compiled;
mod content;
mod doubt;
mod error;
mod failures;
mod grant;
mod identity;
mod instance_domain;
mod instance_token;
mod instances;
mod keys;
mod known;
mod needs;
mod packed;
mod params;
mod password;
mod permissions;
pub mod place;
mod random;
mod refresh;
mod registry_password;
mod registry_token;
mod reseal;
mod right;
mod rules;
mod scope;
mod seal;
mod session;
mod session_password;
mod signature;
mod signed;
mod tags;
mod temporary;
mod throttle;
mod token;
mod users;
mod web_identity;

pub use access::{Access, CatalogAccess};
pub use accounts::{
    Accounts, NewCredentials, NewMainAccount, generate_password, generate_secret_id, generate_secret_key,
};
pub use auth::{Auth, News};
pub use authorize::DeleteTarget;
pub use cache::{CacheStats, LEASE};
pub use client::Client;
pub use compiled::app_id;
pub use doubt::Turn;
pub use error::{AuthenticationError, Denied, Error, Result};
pub use grant::{Granted, Operator};
pub use identity::{Caller, Grant, Identity, Share, TokenGrants};
pub use instance_domain::{InstanceDomain, InstanceDomainError};
pub use needs::{Needs, Permitted};
pub use params::{Argon2Params, AuthParams};
pub use password::{PASSWORD_MAX, PASSWORD_MIN};
pub use permissions::{Permissions, tag_texts};
pub use registry_password::RegistryPassword;
pub use reseal::{opens, reseal};
pub use right::{ContentRight, Delete, Find, Mode, Probe, Pull, Push, Read, Right, RightName, Write};
pub use scope::{Scope, ScopeKind};
pub use seal::Sealer;
pub use session::{SealedSession, Session, SessionKind};
pub use signature::{Once, SignatureError, SignedRequest};
pub use signed::Signed;
pub use temporary::{MAX_TEMPORARY_TOKEN_CHARS, NewSession, TemporaryKey};
pub use throttle::network;
pub use token::{IssuedToken, MAX_TOKEN_BYTES};
pub use users::{NewKey, NewSubAccount, SubAccount};
pub use web_identity::{ProviderKeys, WebIdentity};
