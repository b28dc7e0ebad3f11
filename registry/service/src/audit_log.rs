//! The audit log, for those who read it. [`crate::audit`] writes it.

use roadstead_auth::place::{Account, System};
use roadstead_auth::{Access, Read};
use roadstead_storage::meta::{AuditCursor, AuditEvent, AuditQuery, MetaStore};

use crate::Result;

/// The service for the audit log in the database.
#[derive(Clone, Debug)]
pub struct AuditLogService {
    meta: MetaStore,
}

impl AuditLogService {
    /// Creates the service for the log in this database.
    pub fn new(meta: MetaStore) -> Self {
        Self { meta }
    }

    /// Returns events that concern the main account, the latest first. Ignores the owner in `query`.
    pub async fn of_account(
        &self,
        access: &Access<Read, Account>,
        query: &AuditQuery<'_>,
    ) -> Result<Vec<(AuditCursor, AuditEvent)>> {
        Ok(self.meta.audit_events(&AuditQuery { owner: Some(access.owner()), ..*query }).await?)
    }

    /// Returns events of all accounts, the latest first.
    pub async fn all(
        &self,
        _: &Access<Read, System>,
        query: &AuditQuery<'_>,
    ) -> Result<Vec<(AuditCursor, AuditEvent)>> {
        Ok(self.meta.audit_events(query).await?)
    }
}
