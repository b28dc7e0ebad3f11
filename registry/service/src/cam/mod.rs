//! Access management: sub-accounts, groups, policies, roles, identity providers and access keys of one main
//! account.
//!
//! Everything is looked up within the main account of who asks; what belongs to another is unknown. Whether they may ask at
//! all has been decided before. After every change this process forgets at once what it has in memory.

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
use roadstead_storage::meta::MetaStore;
use roadstead_types::Timestamp;

pub use attachments::{AttachedPolicy, Boundary};
pub use policies::{PolicyInfo, PolicyScope};
pub use providers::{ProviderInfo, stored_clients};
pub use roles::{NewRoleInfo, RoleInfo, RoleRef};
pub use rules::Tag;
pub use users::{UserDetails, UserRef, uid};

use super::Foundation;
use crate::{Error, Result};

/// Access management.
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

    /// Call it after every change, also after one that failed: it may have been made all the same.
    fn changed<T, E: Into<Error>>(&self, outcome: std::result::Result<T, E>) -> Result<T> {
        self.base.auth.invalidate_all();
        outcome.map_err(Into::into)
    }
}

/// A document that somebody writes.
fn parse(who: &Identity, name: &str, text: &str, usage: Use) -> Result<Parsed> {
    let author = Author { owner_uin: &who.owner_uin, app_id: app_id(who.owner) };
    let parsed = Policy::parse(text, usage, &author)?;
    for warning in &parsed.warnings {
        tracing::info!(account.uin = %who.uin, policy.name = name, warning, "a policy was written with a doubt");
    }
    Ok(parsed)
}

/// Who does something, as it is noted: a uin, or the number of a role.
fn operator(who: &Identity) -> String {
    match who.session.as_ref().map(|session| &session.kind) {
        Some(SessionKind::Role { id, .. }) => id.to_string(),
        _ => who.uin.as_str().to_owned(),
    }
}
