//! Namespaces.

use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use super::MetaStore;
use super::changes;
use super::model::Namespace;
use super::personal::{NewNamespace, QuotaKind, Quotas};
use super::quotas;
use super::row::{get, parse, time};
use super::sql::{SqlResult as _, conflict, is_storable, page_start, stale, write_transaction};
use crate::{Error, Result};
use roadstead_types::{AccountId, NamespaceId, NamespaceName, RegistryId, Thing, Timestamp};

impl MetaStore {
    /// Makes a namespace for who has no quota: the operator.
    ///
    /// # Errors
    /// `Conflict` when the name is taken, `Stale` when there is no such owner.
    pub async fn create_namespace(
        &self,
        registry: RegistryId,
        name: &NamespaceName,
        owner: AccountId,
        now: Timestamp,
    ) -> Result<Namespace> {
        write_transaction!(self, "create a namespace", |tx| insert(tx, registry, name, owner, None, now).await)
    }

    /// Makes a namespace, if its owner may have one more.
    ///
    /// # Errors
    /// `Conflict` when the name is taken, `LimitReached` when the owner has as many as it may, `Stale` when there is no
    /// such owner.
    pub async fn add_namespace(&self, new: &NewNamespace<'_>, now: Timestamp) -> Result<Namespace> {
        write_transaction!(self, "create a namespace", |tx| add(tx, self.default_quotas(), new, now).await)
    }

    /// The namespace with this name.
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

    /// Whether `owner` has a namespace of this name.
    pub async fn has_namespace(&self, registry: RegistryId, owner: AccountId, name: &str) -> Result<bool> {
        if !is_storable(name) {
            return Ok(false);
        }
        let query = sqlx::query("SELECT id FROM namespaces WHERE registry_id = $1 AND name = $2 AND owner_id = $3");
        let query = query.bind(registry.get()).bind(name).bind(owner.get());
        Ok(query.fetch_optional(self.reader()).await.op("read a namespace")?.is_some())
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

    /// Deletes an empty namespace, with the uploads that are under way in it; false when there is none. The staged bytes
    /// of the uploads are left to the sweep.
    ///
    /// # Errors
    /// `InUse` while there are repositories in it.
    pub async fn delete_namespace(&self, registry: RegistryId, name: &NamespaceName, _now: Timestamp) -> Result<bool> {
        write_transaction!(self, "delete a namespace", |tx| delete(tx, registry, name, None).await)
    }

    /// Deletes an empty namespace of `owner`; false when it has none of this name. See [`Self::delete_namespace`].
    ///
    /// # Errors
    /// `InUse` while there are repositories in it.
    pub async fn delete_own_namespace(
        &self,
        registry: RegistryId,
        name: &NamespaceName,
        owner: AccountId,
    ) -> Result<bool> {
        write_transaction!(self, "delete a namespace", |tx| delete(tx, registry, name, Some(owner)).await)
    }
}

const COUNT: &str = "SELECT COUNT(*) FROM namespaces WHERE owner_id = $1 AND registry_id = 1";

async fn add(tx: &mut AnyConnection, defaults: &Quotas, new: &NewNamespace<'_>, now: Timestamp) -> Result<Namespace> {
    let NewNamespace { registry, name, owner, creator } = *new;
    quotas::lock_owner(tx, owner).await?;
    let taken = sqlx::query("SELECT id FROM namespaces WHERE registry_id = $1 AND name = $2");
    let taken = taken.bind(registry.get()).bind(name.as_str()).fetch_optional(&mut *tx).await;
    if taken.op("read a namespace")?.is_some() {
        return Err(Error::Conflict(Thing::Namespace));
    }
    if registry == RegistryId::PERSONAL {
        quotas::check(tx, defaults, owner, QuotaKind::Namespaces, COUNT).await?;
    }
    insert(tx, registry, name, owner, Some(creator.as_str()), now).await
}

async fn insert(
    tx: &mut AnyConnection,
    registry: RegistryId,
    name: &NamespaceName,
    owner: AccountId,
    creator: Option<&str>,
    now: Timestamp,
) -> Result<Namespace> {
    let insert = sqlx::query(
        "INSERT INTO namespaces (registry_id, name, owner_id, creator_uin, created_at) VALUES ($1, $2, $3, $4, $5) \
         RETURNING id, registry_id, name, owner_id, created_at",
    );
    let insert = insert.bind(registry.get()).bind(name.as_str()).bind(owner.get());
    let insert = insert.bind(creator).bind(now.as_millis());
    let row = insert.fetch_one(&mut *tx).await.op("create a namespace");
    let row = row.map_err(conflict(Thing::Namespace)).map_err(stale(Thing::Account))?;
    changes::changed()?;
    namespace(&row)
}

async fn delete(
    tx: &mut AnyConnection,
    registry: RegistryId,
    name: &NamespaceName,
    owner: Option<AccountId>,
) -> Result<bool> {
    // Locks the namespace first: who makes a repository in it at this moment comes before, or finds it gone.
    let lock = sqlx::query_scalar(
        "UPDATE namespaces SET created_at = created_at WHERE registry_id = $1 AND name = $2 \
         AND ($3 = 0 OR owner_id = $3) RETURNING id",
    );
    let lock = lock.bind(registry.get()).bind(name.as_str()).bind(owner.map_or(0, AccountId::get));
    let id: Option<i64> = lock.fetch_optional(&mut *tx).await.op("lock a namespace")?;
    let Some(id) = id else { return Ok(false) };
    let inhabited = sqlx::query("SELECT id FROM repositories WHERE namespace_id = $1 LIMIT 1").bind(id);
    if inhabited.fetch_optional(&mut *tx).await.op("look for repositories")?.is_some() {
        return Err(Error::InUse(Thing::Namespace));
    }
    let delete = sqlx::query("DELETE FROM namespaces WHERE id = $1").bind(id);
    delete.execute(&mut *tx).await.op("delete a namespace").map_err(|error| match stale(Thing::Namespace)(error) {
        Error::Stale(what) => Error::InUse(what),
        other => other,
    })?;
    // Last, as in a commit that ends one of them. '0' follows '/' in byte order: between the two is every name with this first
    // part.
    let uploads =
        sqlx::query("DELETE FROM uploads WHERE registry_id = $1 AND repository_name > $2 AND repository_name < $3");
    let uploads = uploads.bind(registry.get()).bind(format!("{name}/")).bind(format!("{name}0"));
    uploads.execute(&mut *tx).await.op("delete uploads")?;
    changes::changed()?;
    Ok(true)
}

/// Whose namespace it is that a row tells of.
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
