//! Whose things are. What belongs to somebody else and what is not there answer alike: the database is asked for what is
//! the caller's, so that nothing of somebody else is even read, and what it takes is the same.

use roadstead_auth::{Identity, Permissions};
use roadstead_policy::op::{self, Realm};
use roadstead_storage::meta::Repository;
use roadstead_types::{NameRule, RegistryId, RepositoryName, Thing};

use super::personal::hides;
use super::{Error, Foundation, Result};

const REGISTRY: RegistryId = RegistryId::PERSONAL;

/// The most patterns of a rule that a database is to check for each name.
const MAX_PATTERNS: usize = 5000;

/// The names of the repositories of the own main account that the caller sees in lists.
///
/// # Errors
/// `Overloaded` when the policies name too many.
pub(super) fn shown(permissions: &Permissions, realm: Realm<'_>) -> Result<NameRule> {
    let lists = op::repository_lists(realm);
    let rule = match realm {
        Realm::Personal => {
            let operations = [lists, op::pulls(realm)];
            let denied =
                operations.iter().map(|about| permissions.denied_names(about)).fold(NameRule::none(), NameRule::or);
            let visible = match permissions.identity().session {
                None => NameRule::All,
                Some(_) => {
                    let allowed = operations.iter().map(|about| permissions.allowed_names(about));
                    allowed.fold(NameRule::none(), NameRule::or)
                }
            };
            visible.and(denied.negated())
        }
        Realm::Instance(_) => permissions.denied_names(&lists).negated(),
    };
    bounded(rule)
}

/// Refuses a rule that a database would take too long to check.
pub(super) fn bounded(rule: NameRule) -> Result<NameRule> {
    if rule.patterns() > MAX_PATTERNS { Err(Error::Overloaded) } else { Ok(rule) }
}

impl Foundation {
    /// Whether a namespace of this name belongs to the main account of the caller.
    pub(super) async fn owns_namespace(&self, identity: &Identity, name: &str) -> Result<bool> {
        Ok(self.meta.has_namespace(REGISTRY, identity.owner, name).await?)
    }

    /// A repository of the personal edition that belongs to the main account of the caller.
    ///
    /// # Errors
    /// `Unknown(Repository)`.
    pub(super) async fn own_repository(&self, identity: &Identity, name: &RepositoryName) -> Result<Repository> {
        match self.meta.accessible_repository(REGISTRY, identity.owner, name).await? {
            Some((repository, true)) => Ok(repository),
            Some((_, false)) | None => Err(Error::Unknown(Thing::Repository)),
        }
    }

    /// A repository of the personal edition that the caller may see: one of the own main account that no policy hides, or
    /// a public one.
    ///
    /// # Errors
    /// `Unknown(Repository)`.
    pub(super) async fn visible_repository(
        &self,
        permissions: &Permissions,
        name: &RepositoryName,
    ) -> Result<Repository> {
        let found = self.meta.accessible_repository(REGISTRY, permissions.identity().owner, name).await?;
        let shown = found.filter(|(_, own)| !own || !hides(permissions, name));
        shown.map(|(repository, _)| repository).ok_or(Error::Unknown(Thing::Repository))
    }

    /// A repository of the personal edition that belongs to the main account of the caller, and that no policy hides.
    ///
    /// # Errors
    /// `Unknown(Repository)`.
    pub(super) async fn own_visible_repository(
        &self,
        permissions: &Permissions,
        name: &RepositoryName,
    ) -> Result<Repository> {
        let found = self.own_repository(permissions.identity(), name).await?;
        if hides(permissions, name) { Err(Error::Unknown(Thing::Repository)) } else { Ok(found) }
    }

    /// Whether anybody has opened the personal edition for the caller: they or their main account have a registry
    /// password.
    pub(super) async fn is_registered(&self, identity: &Identity) -> Result<bool> {
        if self.meta.password_hash(identity.owner).await?.is_some() {
            return Ok(true);
        }
        Ok(identity.account != identity.owner && self.meta.password_hash(identity.account).await?.is_some())
    }
}
