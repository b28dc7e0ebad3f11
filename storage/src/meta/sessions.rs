//! What the sessions of roles depend on.

use super::MetaStore;
use super::row::get;
use super::sql::SqlResult as _;
use crate::Result;
use roadstead_types::{AccountId, ProviderId, RoleId};

/// The part of a role that its sessions depend on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RoleVersion {
    /// The main account that the role belongs to.
    pub owner: AccountId,
    /// Grows when the trust of the role changes.
    pub version: i64,
}

/// The part of an identity provider that the sessions of those whom it vouched for depend on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ProviderVersion {
    /// The main account that the provider belongs to.
    pub owner: AccountId,
    /// Grows when something is taken away that the provider was trusted with.
    pub version: i64,
}

impl MetaStore {
    /// Whose role this is and which version of it; `None` when there is no such role.
    pub async fn role_version(&self, role: RoleId) -> Result<Option<RoleVersion>> {
        let query = sqlx::query("SELECT owner_id, version FROM cam_roles WHERE id = $1").bind(role.get());
        let row = query.fetch_optional(self.reader()).await.op("read a role")?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(RoleVersion { owner: AccountId::new(get(&row, "owner_id")?), version: get(&row, "version")? }))
    }

    /// Whose identity provider this is and which version of it; `None` when there is no such provider.
    pub async fn provider_version(&self, provider: ProviderId) -> Result<Option<ProviderVersion>> {
        let query = sqlx::query("SELECT owner_id, version FROM cam_oidc_providers WHERE id = $1").bind(provider.get());
        let row = query.fetch_optional(self.reader()).await.op("read an identity provider")?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(ProviderVersion { owner: AccountId::new(get(&row, "owner_id")?), version: get(&row, "version")? }))
    }
}
