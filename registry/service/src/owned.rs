//! Ownership: lookups restricted to what belongs to the caller's main account.
//!
//! A thing of another account and a missing thing look alike. The queries ask only for things of the caller, so nothing
//! of another account is read, and both cases take the same time.

use roadstead_auth::{Identity, Permissions, tag_texts};
use roadstead_policy::op::{self, Realm};
use roadstead_storage::meta::{Instance, Repository};
use roadstead_types::{NamePattern, NameRule, RegistryId, RepositoryName, Thing};

use super::instances::MAX_NAMESPACES;
use super::{Error, Foundation, Result};

const REGISTRY: RegistryId = RegistryId::PERSONAL;

/// The most patterns in a rule that a database checks against each name.
const MAX_PATTERNS: usize = 5000;

/// Returns two rules about repositories of the caller's main account in the personal edition: which ones the caller
/// sees, and which ones it sees if they are public.
///
/// # Errors
/// `Overloaded` if the policies name too many repositories.
pub(super) fn seen(permissions: &Permissions) -> Result<(NameRule, NameRule)> {
    let (names, public) = permissions.seen_repositories();
    Ok((bounded(names)?, bounded(public)?))
}

/// Refuses a rule that would take a database too long to check.
pub(super) fn bounded(rule: NameRule) -> Result<NameRule> {
    if rule.patterns() > MAX_PATTERNS { Err(Error::Overloaded) } else { Ok(rule) }
}

impl Foundation {
    /// Returns a rule for the names of the repositories of an instance that no policy hides from the caller. If
    /// policies depend on tags, the rule takes the tags of each namespace into account.
    ///
    /// # Errors
    /// `Overloaded` if the policies name too many repositories.
    pub(super) async fn shown_in(&self, permissions: &Permissions, instance: &Instance) -> Result<NameRule> {
        let lists = op::repository_lists(Realm::Instance(instance.id.as_str()));
        if !permissions.documents().ask_for_tags() {
            return bounded(permissions.denied_names(&lists).negated());
        }
        let mut denied = NameRule::none();
        for namespace in self.meta.list_instance_namespaces(instance.registry, MAX_NAMESPACES).await? {
            let tags = tag_texts(instance.tags.iter().chain(&namespace.settings.tags));
            let within = NameRule::Like(vec![NamePattern::new(format!("{}/*", namespace.name))]);
            denied = denied.or(within.and(permissions.denied_names(&lists.clone().tagged(&tags))));
        }
        bounded(denied.negated())
    }

    /// Returns whether a namespace of this name belongs to the caller's main account.
    pub(super) async fn owns_namespace(&self, identity: &Identity, name: &str) -> Result<bool> {
        Ok(self.meta.has_namespace(REGISTRY, identity.owner, name).await?)
    }

    /// Returns a repository of the personal edition that belongs to the caller's main account.
    ///
    /// # Errors
    /// `Unknown(Repository)`.
    pub(super) async fn own_repository(&self, identity: &Identity, name: &RepositoryName) -> Result<Repository> {
        match self.meta.accessible_repository(REGISTRY, identity.owner, name).await? {
            Some((repository, true)) => Ok(repository),
            Some((_, false)) | None => Err(Error::Unknown(Thing::Repository)),
        }
    }

    /// Returns a repository of the personal edition that the caller may see: one of its main account that no policy
    /// hides, or a public one.
    ///
    /// # Errors
    /// `Unknown(Repository)`.
    pub(super) async fn visible_repository(
        &self,
        permissions: &Permissions,
        name: &RepositoryName,
    ) -> Result<Repository> {
        let found = self.meta.accessible_repository(REGISTRY, permissions.identity().owner, name).await?;
        let shown = found.filter(|(row, own)| !own || permissions.sees_repository(name, row.public));
        shown.map(|(repository, _)| repository).ok_or(Error::Unknown(Thing::Repository))
    }

    /// Returns a repository of the personal edition that belongs to the caller's main account and that no policy hides.
    ///
    /// # Errors
    /// `Unknown(Repository)`.
    pub(super) async fn own_visible_repository(
        &self,
        permissions: &Permissions,
        name: &RepositoryName,
    ) -> Result<Repository> {
        let found = self.own_repository(permissions.identity(), name).await?;
        if permissions.sees_repository(name, found.public) { Ok(found) } else { Err(Error::Unknown(Thing::Repository)) }
    }

    /// Returns whether the caller may use the personal edition: the caller or its main account must have set a registry
    /// password.
    pub(super) async fn is_registered(&self, identity: &Identity) -> Result<bool> {
        if self.meta.password_hash(identity.owner).await?.is_some() {
            return Ok(true);
        }
        Ok(identity.account != identity.owner && self.meta.password_hash(identity.account).await?.is_some())
    }
}
