//! Application triggers.

use sqlx::any::AnyRow;

use super::Act;
use super::MetaStore;
use super::personal::QuotaKind;
use super::quotas::{self, lock_owner};
use super::repositories;
use super::row::{get, parse, size, time};
use super::sql::{SqlResult as _, conflict, is_storable, stale};
use super::statement::Statement;
use super::unit::{Outcome, Unit, unit};
use crate::{Error, Result};
use roadstead_types::{
    AccountId, Listing, RegistryId, RepositoryId, RepositoryName, Sight, Thing, Timestamp, TriggerId, Window,
};

/// The pushes that a trigger reacts to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum InvokeMethod {
    /// All pushes.
    All,
    /// Pushes of the tags in a list.
    TagList,
    /// Pushes of the tags that match a regular expression.
    Regex,
}

impl InvokeMethod {
    /// Returns its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::TagList => "taglist",
            Self::Regex => "regex",
        }
    }

    /// Returns the method with this name.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::All, Self::TagList, Self::Regex].into_iter().find(|method| method.as_str() == text)
    }
}

/// The container that a trigger deploys again.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Workload {
    /// The cluster.
    pub cluster_id: String,
    /// The number of the region that the cluster is in.
    pub cluster_region: i64,
    /// The namespace in the cluster.
    pub namespace: String,
    /// The kind of the workload, for example `Deployment`.
    pub kind: String,
    /// The name of the workload.
    pub name: String,
    /// The container of the workload.
    pub container: String,
}

/// The settings of a trigger.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TriggerSpec {
    /// Its name, unique in its main account.
    pub name: String,
    /// The repository that it watches.
    pub repository: RepositoryId,
    /// The pushes that it reacts to.
    pub method: InvokeMethod,
    /// The list or the expression of `method`; empty for all.
    pub expression: String,
    /// The workload that it deploys again.
    pub workload: Workload,
}

/// A trigger.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Trigger {
    /// The id of its row.
    pub id: TriggerId,
    /// Its settings.
    pub spec: TriggerSpec,
    /// The name of the repository.
    pub repository_name: RepositoryName,
    /// Grows with every change.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// A filter for triggers.
#[derive(Clone, Copy, Default, Debug)]
pub struct TriggerFilter<'a> {
    /// Only triggers of this repository.
    pub repository: Option<RepositoryId>,
    /// Only the trigger with this name.
    pub name: Option<&'a str>,
}

const TRIGGERS: &str = "SELECT t.id, t.name, t.repository_id, r.name AS repository_name, t.invoke_method, t.invoke_expr, \
     t.cluster_id, t.cluster_region, t.cluster_namespace, t.workload_type, t.workload_name, t.container_name, t.version, \
     t.created_at, t.updated_at FROM application_triggers t JOIN repositories r ON r.id = t.repository_id";

impl MetaStore {
    /// Makes a trigger of a main account, if it may have one more.
    ///
    /// # Errors
    /// `Conflict` when the name is taken, `LimitReached`, `Stale` when the repository or the account does not exist.
    pub async fn create_trigger(
        &self,
        act: &Act,
        registry: RegistryId,
        owner: AccountId,
        spec: &TriggerSpec,
    ) -> Result<TriggerId> {
        unit!(self.unit(act, "create a trigger"), |u| async {
            lock_owner(u, owner).await?;
            free(u, registry, owner, &spec.name).await?;
            let count = "SELECT COUNT(*) FROM application_triggers WHERE owner_id = $1";
            quotas::check(u, self.default_quotas(), owner, QuotaKind::Triggers, count).await?;
            insert(u, registry, owner, spec).await
        }
        .await
        .map(Outcome::Done))
    }

    /// Returns the trigger with this name, if the caller sees its repository.
    pub async fn trigger(
        &self,
        registry: RegistryId,
        owner: AccountId,
        name: &str,
        sight: &Sight,
    ) -> Result<Option<Trigger>> {
        if !is_storable(name) {
            return Ok(None);
        }
        let mut statement = Statement::default();
        let (registry, owner) = (statement.value(registry.get()), statement.value(owner.get()));
        let (name, seen) = (statement.text(name), statement.seen("r", sight));
        let sql = format!(
            "{TRIGGERS} WHERE t.owner_id = {owner} AND t.registry_id = {registry} AND t.name = {name} AND {seen}"
        );
        let row = statement.query(&sql).fetch_optional(self.reader()).await.op("read a trigger")?;
        row.as_ref().map(trigger).transpose()
    }

    /// Replaces the settings of a trigger that had this version when it was read. False when it has changed since or
    /// has gone.
    ///
    /// # Errors
    /// `Conflict` when the name is taken, `Stale` when the repository does not exist.
    pub async fn update_trigger(&self, act: &Act, id: TriggerId, version: i64, spec: &TriggerSpec) -> Result<bool> {
        unit!(self.unit(act, "change a trigger"), |u| update(u, id, version, spec).await.map(Outcome::of))
    }

    /// Deletes a trigger. Its log stays. False when the trigger does not exist, or the caller does not see its
    /// repository.
    pub async fn delete_trigger(
        &self,
        act: &Act,
        registry: RegistryId,
        owner: AccountId,
        name: &str,
        sight: &Sight,
    ) -> Result<bool> {
        if !is_storable(name) {
            return Ok(false);
        }
        unit!(self.unit(act, "delete a trigger"), |u| async {
            let mut statement = Statement::default();
            let (registry, owner) = (statement.value(registry.get()), statement.value(owner.get()));
            let (name, seen) = (statement.text(name), statement.seen("r", sight));
            let sql = format!(
                "DELETE FROM application_triggers WHERE owner_id = {owner} AND registry_id = {registry} \
                 AND name = {name} AND EXISTS (SELECT 1 FROM repositories r \
                 WHERE r.id = application_triggers.repository_id AND {seen})"
            );
            Ok(statement.query(&sql).execute(&mut **u).await.op("delete a trigger")?.rows_affected() > 0)
        }
        .await
        .map(Outcome::of))
    }

    /// Lists triggers of a main account for repositories that the caller sees, the newest first.
    pub async fn list_triggers(
        &self,
        registry: RegistryId,
        owner: AccountId,
        sight: &Sight,
        filter: TriggerFilter<'_>,
        window: Window,
    ) -> Result<Listing<Trigger>> {
        if !filter.name.is_none_or(is_storable) {
            return Ok(Listing::empty());
        }
        let matching = |statement: &mut Statement| {
            let (owner, registry) = (statement.value(owner.get()), statement.value(registry.get()));
            let mut sql = format!("WHERE t.owner_id = {owner} AND t.registry_id = {registry}");
            if let Some(repository) = filter.repository {
                sql.push_str(&format!(" AND t.repository_id = {}", statement.value(repository.get())));
            }
            if let Some(name) = filter.name.filter(|name| !name.is_empty()) {
                sql.push_str(&format!(" AND t.name = {}", statement.text(name)));
            }
            sql.push_str(&format!(" AND {}", statement.seen("r", sight)));
            sql
        };
        let mut count = Statement::default();
        let sql = matching(&mut count);
        let sql = format!(
            "SELECT COUNT(*) AS total FROM application_triggers t JOIN repositories r ON r.id = t.repository_id {sql}"
        );
        let row = count.query(&sql).fetch_one(self.reader()).await.op("count triggers")?;
        let mut page = Statement::default();
        let matching = matching(&mut page);
        let window = page.window(window);
        let sql = format!("{TRIGGERS} {matching} ORDER BY t.created_at DESC, t.id DESC {window}");
        let rows = page.query(&sql).fetch_all(self.reader()).await.op("list triggers")?;
        let items = rows.iter().map(trigger).collect::<Result<_>>()?;
        Ok(Listing { total: size(&row, "application_triggers", "total")?, items })
    }
}

/// Binds the columns of a workload, in the order in which every table has them.
macro_rules! bind_workload {
    ($query:expr, $workload:expr) => {{
        let workload: &Workload = $workload;
        $query
            .bind(&*workload.cluster_id)
            .bind(workload.cluster_region)
            .bind(&*workload.namespace)
            .bind(&*workload.kind)
            .bind(&*workload.name)
            .bind(&*workload.container)
    }};
}
#[cfg(feature = "testkit")]
pub(super) use bind_workload;

/// Binds the settings of a trigger.
macro_rules! bind_spec {
    ($query:expr, $spec:expr) => {{
        let spec: &TriggerSpec = $spec;
        let query = $query.bind(spec.repository.get()).bind(&*spec.name).bind(spec.method.as_str());
        bind_workload!(query.bind(&*spec.expression), &spec.workload)
    }};
}

/// Checks that the name is not taken. The owner must be locked.
async fn free(u: &mut Unit<'_>, registry: RegistryId, owner: AccountId, name: &str) -> Result<()> {
    let taken =
        sqlx::query("SELECT id FROM application_triggers WHERE owner_id = $1 AND registry_id = $2 AND name = $3");
    let taken = taken.bind(owner.get()).bind(registry.get()).bind(name);
    match taken.fetch_optional(&mut **u).await.op("look for a trigger")? {
        Some(_) => Err(Error::Conflict(Thing::Trigger)),
        None => Ok(()),
    }
}

async fn insert(u: &mut Unit<'_>, registry: RegistryId, owner: AccountId, spec: &TriggerSpec) -> Result<TriggerId> {
    let now = u.now();
    repositories::hold(u, spec.repository).await?;
    let insert = sqlx::query_scalar(
        "INSERT INTO application_triggers (registry_id, owner_id, repository_id, name, invoke_method, invoke_expr, \
         cluster_id, cluster_region, cluster_namespace, workload_type, workload_name, container_name, created_at, \
         updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13) RETURNING id",
    );
    let insert = bind_spec!(insert.bind(registry.get()).bind(owner.get()), spec).bind(now.as_millis());
    let id: Result<i64> = insert.fetch_one(&mut **u).await.op("create a trigger");
    id.map(TriggerId::new).map_err(stale(Thing::Repository))
}

async fn update(u: &mut Unit<'_>, id: TriggerId, version: i64, spec: &TriggerSpec) -> Result<bool> {
    let now = u.now();
    repositories::hold(u, spec.repository).await?;
    let update = sqlx::query(
        "UPDATE application_triggers SET repository_id = $3, name = $4, invoke_method = $5, invoke_expr = $6, \
         cluster_id = $7, cluster_region = $8, cluster_namespace = $9, workload_type = $10, workload_name = $11, \
         container_name = $12, updated_at = $13, version = version + 1 WHERE id = $1 AND version = $2",
    );
    let update = bind_spec!(update.bind(id.get()).bind(version), spec).bind(now.as_millis());
    let done = update.execute(&mut **u).await.op("change a trigger");
    let done = done.map_err(conflict(Thing::Trigger)).map_err(stale(Thing::Repository))?;
    Ok(done.rows_affected() > 0)
}

pub(super) fn method(row: &AnyRow, table: &'static str) -> Result<InvokeMethod> {
    let text: &str = get(row, "invoke_method")?;
    let corrupt = || Error::Corrupt { table, column: "invoke_method", value: text.to_owned() };
    InvokeMethod::parse(text).ok_or_else(corrupt)
}

pub(super) fn workload(row: &AnyRow) -> Result<Workload> {
    Ok(Workload {
        cluster_id: get(row, "cluster_id")?,
        cluster_region: get(row, "cluster_region")?,
        namespace: get(row, "cluster_namespace")?,
        kind: get(row, "workload_type")?,
        name: get(row, "workload_name")?,
        container: get(row, "container_name")?,
    })
}

fn trigger(row: &AnyRow) -> Result<Trigger> {
    Ok(Trigger {
        id: TriggerId::new(get(row, "id")?),
        spec: TriggerSpec {
            name: get(row, "name")?,
            repository: RepositoryId::new(get(row, "repository_id")?),
            method: method(row, "application_triggers")?,
            expression: get(row, "invoke_expr")?,
            workload: workload(row)?,
        },
        repository_name: parse(row, "repositories", "repository_name")?,
        version: get(row, "version")?,
        created_at: time(row, "created_at")?,
        updated_at: time(row, "updated_at")?,
    })
}
