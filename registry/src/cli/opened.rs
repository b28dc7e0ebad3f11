//! The accounts in an open database, for commands.

use std::sync::Arc;

use anyhow::Context as _;
use roadstead_auth::{Read, Sealer};
use roadstead_service::records::Account;
use roadstead_service::{AccountService, CredentialService};
use roadstead_storage::meta::MetaStore;
use roadstead_types::{SystemClock, Uin};

use super::{Context, system};
use crate::bootstrap;

/// The accounts in an open database.
pub struct Opened<'a> {
    pub meta: &'a MetaStore,
    /// The service that needs no master key.
    pub accounts: AccountService,
}

impl Opened<'_> {
    /// Opens the service that sets passwords and keys. It needs the master key.
    pub async fn credentials(&self, context: &Context) -> anyhow::Result<CredentialService> {
        Ok(self.credentials_with(context, bootstrap::open_sealer(&context.settings, self.meta).await?))
    }

    /// Opens it with the master key that is open already.
    pub fn credentials_with(&self, context: &Context, sealer: Sealer) -> CredentialService {
        let accounts = bootstrap::open_accounts(&context.settings, self.meta, sealer, Arc::new(SystemClock));
        CredentialService::new(accounts)
    }
}

/// Returns the account that the first start has made.
pub async fn owner(accounts: &AccountService) -> anyhow::Result<Account> {
    let owner = accounts.find_by_name(&system::<Read>(), bootstrap::OWNER_NAME).await?;
    owner.context("there is no owner account yet: `roadstead serve` makes it")
}

/// Returns the account with this uin.
pub async fn find(accounts: &AccountService, uin: &Uin) -> anyhow::Result<Account> {
    accounts.find(&system::<Read>(), uin).await?.with_context(|| format!("there is no account {uin}"))
}
