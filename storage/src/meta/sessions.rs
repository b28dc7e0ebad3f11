//! Facts about roles and identity providers that sessions depend on.

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
    /// Grows when the trust policy of the role changes.
    pub version: i64,
}

/// The part of an identity provider that the sessions of its web identities depend on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ProviderVersion {
    /// The main account that the provider belongs to.
    pub owner: AccountId,
    /// Grows when a change removes something that the provider was trusted with.
    pub version: i64,
}

impl MetaStore {
    /// Returns the owner and the version of a role; `None` when the role does not exist.
    pub async fn role_version(&self, role: RoleId) -> Result<Option<RoleVersion>> {
        let query = sqlx::query("SELECT owner_id, version FROM cam_roles WHERE id = $1").bind(role.get());
        let row = query.fetch_optional(self.reader()).await.op("read a role")?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(RoleVersion { owner: AccountId::new(get(&row, "owner_id")?), version: get(&row, "version")? }))
    }

    /// Returns the owner and the version of an identity provider; `None` when the provider does not exist.
    pub async fn provider_version(&self, provider: ProviderId) -> Result<Option<ProviderVersion>> {
        let query = sqlx::query("SELECT owner_id, version FROM cam_oidc_providers WHERE id = $1").bind(provider.get());
        let row = query.fetch_optional(self.reader()).await.op("read an identity provider")?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(ProviderVersion { owner: AccountId::new(get(&row, "owner_id")?), version: get(&row, "version")? }))
    }
}
