//! Namespaces.

use sqlx::any::AnyRow;

use super::MetaStore;
use super::model::Namespace;
use super::personal::{NewNamespace, QuotaKind, Quotas};
use super::quotas;
use super::row::{get, parse, time};
use super::sql::{SqlResult as _, conflict, is_storable, page_start, stale};
use super::unit::{Outcome, Unit, unit};
use super::{Act, Event, Scope};
use crate::{Error, Result};
use roadstead_types::{AccountId, NamespaceId, NamespaceName, RegistryId, Thing};

impl MetaStore {
    /// Makes a namespace without a quota, for the operator.
    ///
    /// # Errors
    /// `Conflict` when the name is taken, `Stale` when the owner does not exist.
    pub async fn create_namespace(
        &self,
        act: &Act,
        registry: RegistryId,
        name: &NamespaceName,
        owner: AccountId,
    ) -> Result<Namespace> {
        unit!(self.unit(act, "create a namespace"), |u| insert(u, registry, name, owner, None).await.map(Outcome::Done))
    }

    /// Makes a namespace, if its owner may have one more.
    ///
    /// # Errors
    /// `Conflict` when the name is taken, `LimitReached` when the owner has as many as it may, `Stale` when the owner
    /// does not exist.
    pub async fn add_namespace(&self, act: &Act, new: &NewNamespace<'_>) -> Result<Namespace> {
        unit!(self.unit(act, "create a namespace"), |u| add(u, self.default_quotas(), new).await.map(Outcome::Done))
    }

    /// Returns the namespace with this name.
    pub async fn namespace(&self, registry: RegistryId, name: &str) -> Result<Option<Namespace>> {
        if !is_storable(name) {
            return Ok(None);
        }
        let query = sqlx::query(
            "SELECT id, registry_id, name, owner_id, created_at FROM namespaces WHERE registry_id = $1 AND name = $2",
        );
        let row = query.bind(registry.get()).bind(name).fetch_optional(self.reader()).await;
        row.op("read a namespace")?.as_ref().map(namespace).transpose()
    }

    /// Namespaces, of one owner or of all, in the byte order of their names, after `after`.
    pub async fn list_namespaces(
        &self,
        registry: RegistryId,
        owner: Option<AccountId>,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Namespace>> {
        let query = match owner {
            Some(owner) => sqlx::query(
                "SELECT id, registry_id, name, owner_id, created_at FROM namespaces \
                 WHERE registry_id = $1 AND name > $2 AND owner_id = $4 ORDER BY name LIMIT $3",
            )
            .bind(registry.get())
            .bind(page_start(after))
            .bind(i64::from(limit))
            .bind(owner.get()),
            None => sqlx::query(
                "SELECT id, registry_id, name, owner_id, created_at FROM namespaces \
                 WHERE registry_id = $1 AND name > $2 ORDER BY name LIMIT $3",
            )
            .bind(registry.get())
            .bind(page_start(after))
            .bind(i64::from(limit)),
        };
        query.fetch_all(self.reader()).await.op("list namespaces")?.iter().map(namespace).collect()
    }

    /// Deletes an empty namespace, and the uploads in progress in it. False when the namespace does not exist. The
    /// sweep deletes the staged bytes of the uploads.
    ///
    /// # Errors
    /// `InUse` while there are repositories in it.
    pub async fn delete_namespace(&self, act: &Act, registry: RegistryId, name: &NamespaceName) -> Result<bool> {
        unit!(self.unit(act, "delete a namespace"), |u| delete(u, registry, name, None).await.map(Outcome::of))
    }

    /// Deletes an empty namespace of `owner`; false when it has none of this name. See [`Self::delete_namespace`].
    ///
    /// # Errors
    /// `InUse` while there are repositories in it.
    pub async fn delete_own_namespace(
        &self,
        act: &Act,
        registry: RegistryId,
        name: &NamespaceName,
        owner: AccountId,
    ) -> Result<bool> {
        unit!(self.unit(act, "delete a namespace"), |u| delete(u, registry, name, Some(owner)).await.map(Outcome::of))
    }
}

const COUNT: &str = "SELECT COUNT(*) FROM namespaces WHERE owner_id = $1 AND registry_id = 1";

async fn add(u: &mut Unit<'_>, defaults: &Quotas, new: &NewNamespace<'_>) -> Result<Namespace> {
    let NewNamespace { registry, name, owner, creator } = *new;
    quotas::lock_owner(u, owner).await?;
    let taken = sqlx::query("SELECT id FROM namespaces WHERE registry_id = $1 AND name = $2");
    let taken = taken.bind(registry.get()).bind(name.as_str()).fetch_optional(&mut **u).await;
    if taken.op("read a namespace")?.is_some() {
        return Err(Error::Conflict(Thing::Namespace));
    }
    if registry == RegistryId::PERSONAL {
        quotas::check(u, defaults, owner, QuotaKind::Namespaces, COUNT).await?;
    }
    insert(u, registry, name, owner, Some(creator.as_str())).await
}

/// Makes a namespace for `owner`. `creator` is the uin of its maker, if that has one.
pub(super) async fn insert(
    u: &mut Unit<'_>,
    registry: RegistryId,
    name: &NamespaceName,
    owner: AccountId,
    creator: Option<&str>,
) -> Result<Namespace> {
    let now = u.now();
    let insert = sqlx::query(
        "INSERT INTO namespaces (registry_id, name, owner_id, creator_uin, created_at) VALUES ($1, $2, $3, $4, $5) \
         RETURNING id, registry_id, name, owner_id, created_at",
    );
    let insert = insert.bind(registry.get()).bind(name.as_str()).bind(owner.get());
    let insert = insert.bind(creator).bind(now.as_millis());
    let row = insert.fetch_one(&mut **u).await.op("create a namespace");
    let row = row.map_err(conflict(Thing::Namespace)).map_err(stale(Thing::Account))?;
    u.changed(Scope::Namespace(registry, name.clone()));
    u.happened(Event::NamespaceCreated { registry, namespace: name.clone(), owner });
    namespace(&row)
}

async fn delete(
    u: &mut Unit<'_>,
    registry: RegistryId,
    name: &NamespaceName,
    owner: Option<AccountId>,
) -> Result<bool> {
    // Locks the namespace first. A concurrent request for a repository in it either finishes before, or finds the
    // namespace gone.
    let lock = sqlx::query_scalar(
        "UPDATE namespaces SET created_at = created_at WHERE registry_id = $1 AND name = $2 \
         AND ($3 = 0 OR owner_id = $3) RETURNING id",
    );
    let lock = lock.bind(registry.get()).bind(name.as_str()).bind(owner.map_or(0, AccountId::get));
    let id: Option<i64> = lock.fetch_optional(&mut **u).await.op("lock a namespace")?;
    let Some(id) = id else { return Ok(false) };
    let inhabited = sqlx::query("SELECT id FROM repositories WHERE namespace_id = $1 LIMIT 1").bind(id);
    if inhabited.fetch_optional(&mut **u).await.op("look for repositories")?.is_some() {
        return Err(Error::InUse(Thing::Namespace));
    }
    let delete = sqlx::query("DELETE FROM namespaces WHERE id = $1").bind(id);
    delete.execute(&mut **u).await.op("delete a namespace").map_err(|error| match stale(Thing::Namespace)(error) {
        Error::Stale(what) => Error::InUse(what),
        other => other,
    })?;
    // Uploads are locked last, as in a commit that ends one. '0' follows '/' in byte order, so every name with this
    // first part lies between the two.
    let uploads =
        sqlx::query("DELETE FROM uploads WHERE registry_id = $1 AND repository_name > $2 AND repository_name < $3");
    let uploads = uploads.bind(registry.get()).bind(format!("{name}/")).bind(format!("{name}0"));
    uploads.execute(&mut **u).await.op("delete uploads")?;
    u.changed(Scope::Namespace(registry, name.clone()));
    u.happened(Event::NamespaceRemoved { registry, namespace: name.clone() });
    Ok(true)
}

/// Returns the owner of the namespace in a row.
pub(super) fn owner(row: &AnyRow) -> Result<AccountId> {
    get(row, "owner_id").map(AccountId::new)
}

pub(super) fn namespace(row: &AnyRow) -> Result<Namespace> {
    Ok(Namespace {
        id: NamespaceId::new(get(row, "id")?),
        registry: RegistryId::new(get(row, "registry_id")?),
        name: parse(row, "namespaces", "name")?,
        owner: owner(row)?,
        created_at: time(row, "created_at")?,
    })
}
