//! Ownership: lookups restricted to what belongs to the caller's main account.
//!
//! A thing of another account and a missing thing look alike. The queries ask only for things of the caller, so nothing
//! of another account is read, and both cases take the same time.

use std::collections::BTreeMap;
use std::sync::Arc;

use roadstead_auth::place::OwnRepository;
use roadstead_auth::{Access, Identity, Mode, Permissions, tag_texts};
use roadstead_policy::op::{self, Realm};
use roadstead_storage::meta::{Instance, Repository};
use roadstead_types::{NamePattern, NameRule, NamespaceSight, RepositoryName, Sight, Thing};

use super::instances::{MAX_NAMESPACES, OwnInstance};
use super::{Error, Foundation, Result};

/// Returns the repositories of the caller's main account in the personal edition that the caller sees.
///
/// # Errors
/// `Overloaded` if the policies name too many repositories.
pub(super) fn seen(permissions: &Permissions) -> Result<Sight> {
    let sight = permissions.sight()?;
    if sight.patterns() > NameRule::MAX_PATTERNS { Err(Error::Overloaded) } else { Ok(sight) }
}

/// Returns the namespaces of the caller's main account in the personal edition that the caller sees.
///
/// # Errors
/// `Overloaded` if the policies name too many namespaces.
pub(super) fn seen_namespaces(permissions: &Permissions) -> Result<NamespaceSight> {
    let sight = permissions.namespace_sight()?;
    if sight.patterns() > NameRule::MAX_PATTERNS { Err(Error::Overloaded) } else { Ok(sight) }
}

impl Foundation {
    /// Returns a rule for the names of the repositories of an instance that no policy hides from the caller. If
    /// policies depend on tags, the rule takes the tags of each namespace into account.
    ///
    /// # Errors
    /// `Overloaded` if the policies name too many repositories.
    pub(super) async fn shown_in(&self, permissions: &Permissions, instance: &Instance) -> Result<NameRule> {
        let realm = Realm::Instance(instance.id.as_str());
        let denied_names = |tags: &Arc<[String]>| {
            let operations = [op::repository_lists(realm), op::pulls(realm)];
            NameRule::any(operations.map(|operation| permissions.denied_names(&operation.tagged(tags))))
        };
        if !permissions.documents().ask_for_tags() {
            return Ok(denied_names(&Arc::default())?.negated());
        }
        let mut within: BTreeMap<Arc<[String]>, Vec<NamePattern>> = BTreeMap::new();
        for namespace in self.meta.list_instance_namespaces(instance.registry, MAX_NAMESPACES).await? {
            let tags = tag_texts(instance.tags.iter().chain(&namespace.settings.tags));
            within.entry(tags).or_default().push(NamePattern::new(format!("{}/*", namespace.name)));
        }
        // In a fixed order, so that equal questions are equal statements for the database.
        let (mut denied, mut patterns) = (Vec::new(), 0);
        for (tags, namespaces) in within {
            let rule = NameRule::Like(namespaces).and(denied_names(&tags)?);
            patterns += rule.patterns();
            if patterns > NameRule::MAX_PATTERNS {
                return Err(Error::Overloaded);
            }
            denied.push(Ok(rule));
            // Somebody with many policies and many tags must not keep the thread from others.
            tokio::task::yield_now().await;
        }
        Ok(NameRule::any(denied)?.negated())
    }

    /// Returns whether the caller may know that its main account has the namespace of this repository: it sees the
    /// namespace, or has some right to the repository, which need not exist.
    pub(super) async fn knows_namespace<E: Mode>(&self, access: &Access<E, OwnRepository>) -> Result<bool> {
        let (permissions, name) = (access.permissions(), access.repository());
        let sight = match permissions.has_right_to(name) {
            true => NamespaceSight::EVERYTHING,
            false => seen_namespaces(permissions)?,
        };
        let (registry, owner) = (access.registry(), access.owner());
        Ok(self.meta.sees_namespace(registry, owner, name.namespace(), &sight).await?)
    }

    /// Returns a repository of an instance.
    ///
    /// # Errors
    /// `Unknown(Repository)`.
    pub(super) async fn repository_in<E: Mode>(
        &self,
        instance: &OwnInstance<E>,
        name: &RepositoryName,
    ) -> Result<Repository> {
        let found = self.meta.repository(instance.registry, name).await?;
        found.ok_or(Error::Unknown(Thing::Repository))
    }

    /// Returns a repository of the personal edition that belongs to the caller's main account, and that the caller sees.
    ///
    /// # Errors
    /// `Unknown(Repository)`.
    pub(super) async fn own_repository<E: Mode>(&self, access: &Access<E, OwnRepository>) -> Result<Repository> {
        let name = access.repository();
        let found = self.meta.accessible_repository(access.registry(), access.owner(), name).await?;
        let shown = found.filter(|(row, own)| *own && access.permissions().sees_repository(name, row.public));
        shown.map(|(repository, _)| repository).ok_or(Error::Unknown(Thing::Repository))
    }

    /// Returns a repository of the personal edition that the caller may see: one of its main account that no policy
    /// hides, or a public one.
    ///
    /// # Errors
    /// `Unknown(Repository)`.
    pub(super) async fn visible_repository<E: Mode>(&self, access: &Access<E, OwnRepository>) -> Result<Repository> {
        let name = access.repository();
        let found = self.meta.accessible_repository(access.registry(), access.owner(), name).await?;
        let shown = found.filter(|(row, own)| !own || access.permissions().sees_repository(name, row.public));
        shown.map(|(repository, _)| repository).ok_or(Error::Unknown(Thing::Repository))
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
