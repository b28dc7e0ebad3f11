//! Access management: sub-accounts, groups, policies, roles, identity providers and access keys of one main account.
//!
//! Every lookup stays within the main account of the caller, so things of other accounts are unknown. The caller's
//! permission was checked before. After every change, this process drops its cached data of the account at once.

mod attachments;
mod groups;
mod keys;
mod policies;
mod providers;
mod roles;
mod rules;
mod users;

use std::sync::Arc;

use roadstead_auth::{Identity, SessionKind, app_id};
use roadstead_policy::{Author, Parsed, Policy, Use};
use roadstead_storage::meta::{MetaStore, Scope};
use roadstead_types::{AccountId, Timestamp};

pub use attachments::{AttachedPolicy, Boundary};
pub use policies::{PolicyInfo, PolicyScope};
pub use providers::{ProviderInfo, stored_clients};
pub use roles::{NewRoleInfo, RoleInfo, RoleRef};
pub use rules::CamTag;
pub(crate) use rules::key_description;
pub use users::{UserDetails, UserRef, uid};

use super::Foundation;
use crate::{Error, Result};

/// The service for access management.
#[derive(Clone)]
pub struct CamService {
    base: Arc<Foundation>,
}

impl CamService {
    pub(crate) fn new(base: Arc<Foundation>) -> Self {
        Self { base }
    }

    fn meta(&self) -> &MetaStore {
        &self.base.meta
    }

    fn now(&self) -> Timestamp {
        self.base.clock.now()
    }

    /// Drops the cached data of an account, unless the outcome proves that nothing was changed. Call this after every
    /// write that concerns an account.
    fn changed<T, E: Into<Error> + LeavesOpen>(
        &self,
        account: AccountId,
        outcome: std::result::Result<T, E>,
    ) -> Result<T> {
        if outcome.as_ref().map_or_else(E::leaves_open, |_| true) {
            self.base.auth.changed(&Scope::Account(account));
        }
        outcome.map_err(Into::into)
    }
}

/// Errors after which it can be unknown whether something was changed.
trait LeavesOpen {
    fn leaves_open(&self) -> bool;
}

impl LeavesOpen for roadstead_storage::Error {
    fn leaves_open(&self) -> bool {
        self.leaves_open()
    }
}

impl LeavesOpen for roadstead_auth::Error {
    fn leaves_open(&self) -> bool {
        matches!(self, Self::Storage(error) if error.leaves_open())
    }
}

/// Parses a policy document that the caller has written.
fn parse(who: &Identity, name: &str, text: &str, usage: Use) -> Result<Parsed> {
    let author = Author { owner_uin: &who.owner_uin, app_id: app_id(who.owner) };
    let parsed = Policy::parse(text, usage, &author)?;
    for warning in &parsed.warnings {
        tracing::info!(account.uin = %who.uin, policy.name = name, warning, "a policy was stored with a warning");
    }
    Ok(parsed)
}

/// Returns the operator to record with an attachment: the uin, or the number of the role.
fn operator(who: &Identity) -> String {
    match who.session.as_ref().map(|session| &session.kind) {
        Some(SessionKind::Role { id, .. }) => id.to_string(),
        _ => who.uin.as_str().to_owned(),
    }
}
