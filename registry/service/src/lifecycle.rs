//! Rules that say which tags to keep.

use std::sync::Arc;

use roadstead_auth::place::{Account, OwnRepository};
use roadstead_auth::{Access, Mode, Read, Write};
use roadstead_storage::meta::{Act, LifecycleKind, LifecycleRule, LifecycleScope};
use roadstead_types::RegistryId;

use super::{Foundation, Result};

/// A right to the lifecycle rules of a repository, or to those of a main account.
#[derive(Debug)]
pub enum RulesOf<E> {
    /// The rules of a main account.
    Account(Access<E, Account>),
    /// The rules of one repository.
    Repository(Access<E, OwnRepository>),
}

/// The service for lifecycle rules of repositories and main accounts.
#[derive(Clone)]
pub struct LifecycleService {
    base: Arc<Foundation>,
}

impl LifecycleService {
    /// The largest number of days or tags in a rule.
    pub const MAX_VALUE: u64 = 100_000;

    pub(crate) fn new(base: Arc<Foundation>) -> Self {
        Self { base }
    }

    /// Selects the rules of a repository, or those of the main account.
    ///
    /// # Errors
    /// `Unknown(Repository)` if the caller's main account has no such repository, or the caller does not see it.
    async fn scope<E: Mode>(&self, rules: &RulesOf<E>) -> Result<LifecycleScope> {
        match rules {
            RulesOf::Repository(access) => Ok(LifecycleScope::Repository(self.base.own_repository(access).await?.id)),
            RulesOf::Account(access) => Ok(LifecycleScope::Owner(RegistryId::PERSONAL, access.owner())),
        }
    }

    /// Sets the rule of this kind, for a repository or for the caller's main account.
    ///
    /// # Errors
    /// `Unknown(Repository)`.
    pub async fn set(&self, act: &Act, rules: &RulesOf<Write>, kind: LifecycleKind, value: u64) -> Result<()> {
        let scope = self.scope(rules).await?;
        Ok(self.base.meta.set_lifecycle_rule(act, scope, kind, value).await?)
    }

    /// Returns the rules of a repository that the caller sees, or those of the caller's main account.
    ///
    /// # Errors
    /// `Unknown(Repository)`.
    pub async fn list(&self, rules: &RulesOf<Read>) -> Result<Vec<LifecycleRule>> {
        let scope = self.scope(rules).await?;
        Ok(self.base.meta.lifecycle_rules(scope).await?)
    }

    /// Deletes the rules of a repository, or those of the caller's main account. It is no error if there are none.
    ///
    /// # Errors
    /// `Unknown(Repository)`.
    pub async fn clear(&self, act: &Act, rules: &RulesOf<Write>) -> Result<()> {
        let scope = self.scope(rules).await?;
        self.base.meta.delete_lifecycle_rules(act, scope).await?;
        Ok(())
    }
}
