//! Enterprise instances: registries of their own, each with its namespaces, repositories and tokens.

mod model;
mod namespaces;
mod repositories;
mod tokens;

use sqlx::any::AnyRow;

pub use model::{
    Edition, Instance, InstanceChange, InstanceNamespace, InstanceRepository, InstanceToken, NamespaceSettings,
    NewInstance, NewInstanceToken, Payment, RepositoryOrder, RepositoryQuery, ResourceTag, Texts,
};

use super::condemned::empty_registry;
use super::locks;
use super::quotas::lock_owner;
use super::row::{get, optional_time, parse, time};
use super::sql::{SqlResult as _, conflict, is_storable, stale};
use super::unit::{Outcome, Unit, unit};
use super::{Act, MetaStore, Scope};
use crate::{Error, Result};
use roadstead_types::{AccountId, Counted, InstanceId, RegistryId, Thing, Timestamp};

macro_rules! select_instances {
    ($rest:literal) => {
        concat!(
            "SELECT registry_id, instance_id, name, owner_id, edition, prepaid, renew_flag, expires_at, \
             deletion_protection, versioning, multi_zone, tags, created_at FROM instances ",
            $rest
        )
    };
}

impl MetaStore {
    /// Makes an instance, if its owner has fewer than `limit`.
    ///
    /// # Errors
    /// `Conflict` when the name or the id is taken, `LimitReached`, `Stale` when the owner does not exist.
    pub async fn create_instance(&self, act: &Act, new: &NewInstance<'_>, limit: u64) -> Result<Instance> {
        unit!(self.unit(act, "create an instance"), |u| insert(u, new, limit).await.map(Outcome::Done))
    }

    /// Returns the instance of this registry.
    pub async fn instance(&self, registry: RegistryId) -> Result<Option<Instance>> {
        let row = sqlx::query(select_instances!("WHERE registry_id = $1")).bind(registry.get());
        let row = row.fetch_optional(self.reader()).await;
        row.op("read an instance")?.as_ref().map(instance).transpose()
    }

    /// Returns the instance with this public id.
    pub async fn instance_by_id(&self, id: &InstanceId) -> Result<Option<Instance>> {
        let row = sqlx::query(select_instances!("WHERE instance_id = $1")).bind(id.as_str());
        let row = row.fetch_optional(self.reader()).await;
        row.op("read an instance")?.as_ref().map(instance).transpose()
    }

    /// Returns the instance of `owner` with this public id.
    pub async fn own_instance(&self, owner: AccountId, id: &InstanceId) -> Result<Option<Instance>> {
        let row = sqlx::query(select_instances!("WHERE instance_id = $1 AND owner_id = $2"));
        let row = row.bind(id.as_str()).bind(owner.get()).fetch_optional(self.reader()).await;
        row.op("read an instance")?.as_ref().map(instance).transpose()
    }

    /// Returns the instance with this name.
    pub async fn instance_by_name(&self, name: &str) -> Result<Option<Instance>> {
        if !is_storable(name) {
            return Ok(None);
        }
        let row = sqlx::query(select_instances!("WHERE name = $1")).bind(name).fetch_optional(self.reader()).await;
        row.op("read an instance")?.as_ref().map(instance).transpose()
    }

    /// Lists the instances of an owner in the order in which they were made, `limit` at most.
    pub async fn list_instances(&self, owner: AccountId, limit: u32) -> Result<Vec<Instance>> {
        let page = sqlx::query(select_instances!("WHERE owner_id = $1 ORDER BY registry_id LIMIT $2"));
        let page = page.bind(owner.get()).bind(i64::from(limit)).fetch_all(self.reader()).await;
        page.op("list instances")?.iter().map(instance).collect()
    }

    /// Changes an instance. False when it does not exist.
    pub async fn modify_instance(&self, act: &Act, registry: RegistryId, change: &InstanceChange) -> Result<bool> {
        unit!(self.unit(act, "modify an instance"), |u| modify(u, registry, change).await.map(Outcome::of))
    }

    /// Deletes an instance with its tokens. It has no host any more, and its name is free. A job deletes its content.
    /// False when the instance does not exist.
    ///
    /// # Errors
    /// `Protected`; `InUse` while it has repositories, unless `content` is set.
    pub async fn condemn_instance(&self, act: &Act, registry: RegistryId, content: bool) -> Result<bool> {
        unit!(self.unit(act, "delete an instance"), |u| condemn(u, registry, content).await.map(Outcome::of))
    }
}

async fn insert(u: &mut Unit<'_>, new: &NewInstance<'_>, limit: u64) -> Result<Instance> {
    let now = u.now();
    // Instances of an owner are counted under this lock.
    lock_owner(u, new.owner).await?;
    let count = sqlx::query_scalar("SELECT COUNT(*) FROM instances WHERE owner_id = $1").bind(new.owner.get());
    let count: i64 = count.fetch_one(&mut **u).await.op("count instances")?;
    if u64::try_from(count).unwrap_or(0) >= limit {
        return Err(Error::LimitReached { what: Counted::Instances, limit });
    }
    locks::numbers(u).await?;
    let registry = sqlx::query_scalar(
        "INSERT INTO registries (id, name, created_at) SELECT MAX(id) + 1, $1, $2 FROM registries RETURNING id",
    );
    let registry = registry.bind(new.id.as_str()).bind(now.as_millis()).fetch_one(&mut **u).await;
    let registry: i64 = registry.op("create a registry").map_err(conflict(Thing::InstanceId))?;
    u.changed(Scope::Registry(RegistryId::new(registry)));
    let insert = sqlx::query(
        "INSERT INTO instances (registry_id, instance_id, name, owner_id, edition, prepaid, renew_flag, \
         expires_at, deletion_protection, versioning, multi_zone, tags, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) \
         RETURNING registry_id, instance_id, name, owner_id, edition, prepaid, renew_flag, expires_at, \
         deletion_protection, versioning, multi_zone, tags, created_at",
    );
    let insert = insert
        .bind(registry)
        .bind(new.id.as_str())
        .bind(new.name.as_str())
        .bind(new.owner.get())
        .bind(new.edition.as_str())
        .bind(i64::from(new.payment.prepaid))
        .bind(new.payment.renew_flag)
        .bind(new.payment.expires_at.map(Timestamp::as_millis))
        .bind(i64::from(new.deletion_protection))
        .bind(i64::from(new.versioning))
        .bind(i64::from(new.multi_zone))
        .bind(write_json(new.tags)?)
        .bind(now.as_millis());
    let row = insert.fetch_one(&mut **u).await.op("create an instance");
    instance(&row.map_err(conflict(Thing::Instance)).map_err(stale(Thing::Account))?)
}

async fn modify(u: &mut Unit<'_>, registry: RegistryId, change: &InstanceChange) -> Result<bool> {
    let update = sqlx::query(
        "UPDATE instances SET edition = COALESCE($2, edition), \
         deletion_protection = COALESCE($3, deletion_protection), versioning = COALESCE($4, versioning) \
         WHERE registry_id = $1",
    );
    let update = update
        .bind(registry.get())
        .bind(change.edition.map(Edition::as_str))
        .bind(change.deletion_protection.map(i64::from))
        .bind(change.versioning.map(i64::from));
    let there = update.execute(&mut **u).await.op("modify an instance")?.rows_affected() > 0;
    if there {
        u.changed(Scope::Registry(registry));
    }
    Ok(there)
}

async fn condemn(u: &mut Unit<'_>, registry: RegistryId, content: bool) -> Result<bool> {
    let lock = sqlx::query(
        "UPDATE instances SET name = name WHERE registry_id = $1 RETURNING instance_id, deletion_protection",
    );
    let found = lock.bind(registry.get()).fetch_optional(&mut **u).await.op("lock an instance")?;
    let Some(row) = found else { return Ok(false) };
    if flag(&row, "deletion_protection")? {
        return Err(Error::Protected(Thing::Instance));
    }
    if !content {
        let inhabited = sqlx::query("SELECT id FROM repositories WHERE registry_id = $1 LIMIT 1").bind(registry.get());
        if inhabited.fetch_optional(&mut **u).await.op("look for repositories")?.is_some() {
            return Err(Error::InUse(Thing::Instance));
        }
    }
    // An instance has few tokens, so they are deleted at once.
    for sql in ["DELETE FROM instance_tokens WHERE registry_id = $1", "DELETE FROM instances WHERE registry_id = $1"] {
        sqlx::query(sql).bind(registry.get()).execute(&mut **u).await.op("delete an instance")?;
    }
    u.changed(Scope::Registry(registry));
    let id: String = get(&row, "instance_id")?;
    u.enqueue(empty_registry(registry, format!("instance {id}")));
    Ok(true)
}

/// Locks the instance of a registry, so that it is not deleted before the transaction ends.
///
/// # Errors
/// `Stale` when the registry is no instance.
pub(super) async fn lock_running(u: &mut Unit<'_>, registry: RegistryId) -> Result<()> {
    let lock = sqlx::query("UPDATE instances SET name = name WHERE registry_id = $1").bind(registry.get());
    match lock.execute(&mut **u).await.op("lock an instance")?.rows_affected() {
        0 => Err(Error::Stale(Thing::Instance)),
        _ => Ok(()),
    }
}

fn instance(row: &AnyRow) -> Result<Instance> {
    Ok(Instance {
        registry: RegistryId::new(get(row, "registry_id")?),
        id: parse(row, "instances", "instance_id")?,
        name: parse(row, "instances", "name")?,
        owner: AccountId::new(get(row, "owner_id")?),
        edition: parse(row, "instances", "edition")?,
        payment: Payment {
            prepaid: flag(row, "prepaid")?,
            renew_flag: get(row, "renew_flag")?,
            expires_at: optional_time(row, "expires_at")?,
        },
        deletion_protection: flag(row, "deletion_protection")?,
        versioning: flag(row, "versioning")?,
        multi_zone: flag(row, "multi_zone")?,
        tags: read_json(row, "instances", "tags")?,
        created_at: time(row, "created_at")?,
    })
}

fn flag(row: &AnyRow, column: &'static str) -> Result<bool> {
    Ok(get::<i64>(row, column)? == 1)
}

fn read_json<T: serde::de::DeserializeOwned>(row: &AnyRow, table: &'static str, column: &'static str) -> Result<T> {
    let text: &str = get(row, column)?;
    serde_json::from_str(text).map_err(|_| Error::Corrupt { table, column, value: text.to_owned() })
}

fn write_json<T: serde::Serialize + ?Sized>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|source| Error::Backend { op: "write JSON", source: Box::new(source) })
}
