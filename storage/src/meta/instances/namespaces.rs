//! Namespaces of instances: rows of `namespaces` and their settings.

use sqlx::any::AnyRow;

use super::super::row::{get, parse, time};
use super::super::sql::{SqlResult as _, is_storable};
use super::super::unit::{Outcome, Unit, unit};
use super::super::{Act, Scope, namespaces};
use super::{InstanceNamespace, MetaStore, NamespaceSettings, flag, lock_running, read_json, write_json};
use crate::{Error, Result};
use roadstead_types::{AccountId, Counted, NamespaceId, NamespaceName, RegistryId};

macro_rules! select_namespaces {
    ($rest:literal) => {
        concat!(
            "SELECT n.id, n.name, n.created_at, i.public, i.auto_scan, i.prevent_vulnerable, i.severity, i.ignored, i.tags \
             FROM namespaces n JOIN instance_namespaces i ON i.namespace_id = n.id ",
            $rest
        )
    };
}

impl MetaStore {
    /// Makes a namespace, if the instance has fewer than `limit`.
    ///
    /// # Errors
    /// `Conflict` when the name is taken, `LimitReached`, `Stale` when the instance has gone.
    pub async fn create_instance_namespace(
        &self,
        act: &Act,
        registry: RegistryId,
        owner: AccountId,
        name: &NamespaceName,
        settings: &NamespaceSettings,
        limit: u64,
    ) -> Result<NamespaceId> {
        let creator = Some(act.actor().uin.as_str()).filter(|uin| !uin.is_empty());
        unit!(self.unit(act, "create a namespace"), |u| insert(u, registry, (owner, creator), (name, settings), limit)
            .await
            .map(Outcome::Done))
    }

    /// Returns the namespace of an instance with this name.
    pub async fn instance_namespace(&self, registry: RegistryId, name: &str) -> Result<Option<InstanceNamespace>> {
        if !is_storable(name) {
            return Ok(None);
        }
        let row = sqlx::query(select_namespaces!("WHERE n.registry_id = $1 AND n.name = $2"));
        let row = row.bind(registry.get()).bind(name).fetch_optional(self.reader()).await;
        row.op("read a namespace")?.as_ref().map(namespace).transpose()
    }

    /// Lists the namespaces of an instance in the byte order of their names, `limit` at most.
    pub async fn list_instance_namespaces(&self, registry: RegistryId, limit: u32) -> Result<Vec<InstanceNamespace>> {
        let page = sqlx::query(select_namespaces!("WHERE n.registry_id = $1 ORDER BY n.name LIMIT $2"));
        let page = page.bind(registry.get()).bind(i64::from(limit)).fetch_all(self.reader()).await;
        page.op("list namespaces")?.iter().map(namespace).collect()
    }

    /// Changes the settings of a namespace of an instance. Its repositories become public or private with it. False
    /// when the namespace does not exist.
    pub async fn modify_instance_namespace(
        &self,
        act: &Act,
        registry: RegistryId,
        id: NamespaceId,
        change: impl Fn(&mut NamespaceSettings) + Send + Sync,
    ) -> Result<bool> {
        unit!(self.unit(act, "modify a namespace"), |u| modify(u, registry, id, &change).await.map(Outcome::of))
    }
}

async fn insert(
    u: &mut Unit<'_>,
    registry: RegistryId,
    (owner, creator): (AccountId, Option<&str>),
    (name, settings): (&NamespaceName, &NamespaceSettings),
    limit: u64,
) -> Result<NamespaceId> {
    // This lock also serves for the count of namespaces.
    lock_running(u, registry).await?;
    let count = sqlx::query_scalar("SELECT COUNT(*) FROM namespaces WHERE registry_id = $1").bind(registry.get());
    let count: i64 = count.fetch_one(&mut **u).await.op("count namespaces")?;
    if u64::try_from(count).unwrap_or(0) >= limit {
        return Err(Error::LimitReached { what: Counted::Namespaces, limit });
    }
    let id = namespaces::insert(u, registry, name, owner, creator).await?.id;
    let insert = sqlx::query(
        "INSERT INTO instance_namespaces (namespace_id, public, auto_scan, prevent_vulnerable, severity, ignored, tags) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    );
    let insert = insert
        .bind(id.get())
        .bind(i64::from(settings.public))
        .bind(i64::from(settings.auto_scan))
        .bind(i64::from(settings.prevent_vulnerable))
        .bind(&settings.severity)
        .bind(write_json(&settings.ignored)?)
        .bind(write_json(&settings.tags)?);
    insert.execute(&mut **u).await.op("create a namespace")?;
    Ok(id)
}

async fn modify(
    u: &mut Unit<'_>,
    registry: RegistryId,
    id: NamespaceId,
    change: &(impl Fn(&mut NamespaceSettings) + Sync),
) -> Result<bool> {
    let lock = sqlx::query("UPDATE instance_namespaces SET public = public WHERE namespace_id = $1").bind(id.get());
    lock.execute(&mut **u).await.op("lock a namespace")?;
    let row = sqlx::query(select_namespaces!("WHERE n.id = $1 AND n.registry_id = $2")).bind(id.get());
    let row = row.bind(registry.get()).fetch_optional(&mut **u).await.op("read a namespace")?;
    let Some(row) = row else { return Ok(false) };
    let InstanceNamespace { name, mut settings, .. } = namespace(&row)?;
    change(&mut settings);
    let update = sqlx::query(
        "UPDATE instance_namespaces SET public = $2, auto_scan = $3, prevent_vulnerable = $4, severity = $5, \
         ignored = $6, tags = $7 WHERE namespace_id = $1",
    );
    let update = update
        .bind(id.get())
        .bind(i64::from(settings.public))
        .bind(i64::from(settings.auto_scan))
        .bind(i64::from(settings.prevent_vulnerable))
        .bind(&settings.severity)
        .bind(write_json(&settings.ignored)?)
        .bind(write_json(&settings.tags)?);
    update.execute(&mut **u).await.op("modify a namespace")?;
    u.changed(Scope::Namespace(registry, name));
    Ok(true)
}

fn namespace(row: &AnyRow) -> Result<InstanceNamespace> {
    Ok(InstanceNamespace {
        id: NamespaceId::new(get(row, "id")?),
        name: parse(row, "namespaces", "name")?,
        settings: NamespaceSettings {
            public: flag(row, "public")?,
            auto_scan: flag(row, "auto_scan")?,
            prevent_vulnerable: flag(row, "prevent_vulnerable")?,
            severity: get(row, "severity")?,
            ignored: read_json(row, "instance_namespaces", "ignored")?,
            tags: read_json(row, "instance_namespaces", "tags")?,
        },
        created_at: time(row, "created_at")?,
    })
}
