//! The log of what application triggers did.

use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use super::MetaStore;
use super::personal::Found;
use super::row::{get, parse, time};
use super::sql::{SqlResult as _, stale};
use super::triggers::{InvokeMethod, Workload, bind_workload, method, workload};
use super::unit::{Outcome, Unit, unit};
use crate::Result;
use roadstead_types::{AccountId, RegistryId, RepositoryName, Thing, Timestamp};

/// One run of a trigger. Everything has the name that it had then.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TriggerRun {
    /// The repository that was pushed to.
    pub repository_name: String,
    /// The tag that was pushed.
    pub tag: String,
    /// The trigger.
    pub trigger: String,
    /// What it reacted to.
    pub method: InvokeMethod,
    /// The list or the expression of `method`.
    pub expression: String,
    /// What it deployed anew.
    pub workload: Workload,
    /// What came of it; 0 is success.
    pub return_code: i64,
    /// The same in words.
    pub return_message: String,
    /// When.
    pub invoked_at: Timestamp,
}

/// The column by which the log of triggers is sorted; equal ones by time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TriggerRunOrder {
    /// The time of the run.
    Time,
    /// The name of the repository.
    Repository,
    /// The tag.
    Tag,
    /// The name of the trigger.
    Trigger,
}

/// A page of the log of triggers.
#[derive(Clone, Copy, Debug)]
pub struct TriggerRunPage<'a> {
    /// The repository that was pushed to; none for all.
    pub repository: Option<&'a RepositoryName>,
    /// By what it is sorted.
    pub order: TriggerRunOrder,
    /// None of these repositories.
    pub hidden: &'a [RepositoryName],
    /// The greatest first.
    pub descending: bool,
    /// How many come before the page.
    pub offset: u64,
    /// How many are on it at most.
    pub limit: u32,
}

impl MetaStore {
    /// Writes down what a trigger did.
    ///
    /// # Errors
    /// `Stale` when there is no such account.
    pub async fn log_trigger_run(&self, registry: RegistryId, owner: AccountId, run: &TriggerRun) -> Result<()> {
        unit!(self.upkeep(run.invoked_at, "log a trigger"), |u| log(u, registry, owner, run).await.map(Outcome::Done))
    }

    /// What the triggers of a main account did.
    pub async fn list_trigger_runs(
        &self,
        registry: RegistryId,
        owner: AccountId,
        page: &TriggerRunPage<'_>,
    ) -> Result<Found<TriggerRun>> {
        let TriggerRunPage { repository, hidden, order, descending, offset, limit } = *page;
        let name = repository.map_or("", RepositoryName::as_str);
        let (shown, is_usual) = (shown(hidden), hidden.is_empty());
        let count = format!("SELECT COUNT(*) FROM trigger_log WHERE {shown}");
        let count = sqlx::query_scalar(AssertSqlSafe(count)).persistent(is_usual);
        let count = count.bind(owner.get()).bind(registry.get()).bind(name);
        let count: i64 = count.fetch_one(self.reader()).await.op("count the runs of triggers")?;
        let order = place(order, descending);
        let page = format!("SELECT {RUN} FROM trigger_log WHERE {shown} ORDER BY {order} LIMIT $4 OFFSET $5");
        let page = sqlx::query(AssertSqlSafe(page)).persistent(is_usual);
        let page = page.bind(owner.get()).bind(registry.get()).bind(name);
        let page = page.bind(i64::from(limit)).bind(i64::try_from(offset).unwrap_or(i64::MAX));
        let rows = page.fetch_all(self.reader()).await.op("list the runs of triggers")?;
        let list = rows.iter().map(run).collect::<Result<_>>()?;
        Ok(Found { total: u64::try_from(count).unwrap_or(0), list })
    }

    /// The repositories that the triggers of a main account reacted to, by name, after `after`; they may have gone since.
    pub async fn logged_repositories(
        &self,
        registry: RegistryId,
        owner: AccountId,
        after: Option<&RepositoryName>,
        limit: u32,
    ) -> Result<Vec<RepositoryName>> {
        let query = sqlx::query(
            "SELECT DISTINCT repository_name FROM trigger_log WHERE owner_id = $1 AND registry_id = $2 \
             AND repository_name > $3 ORDER BY repository_name LIMIT $4",
        );
        let query = query.bind(owner.get()).bind(registry.get()).bind(after.map_or("", RepositoryName::as_str));
        let rows = query.bind(i64::from(limit)).fetch_all(self.reader()).await.op("list repositories with runs")?;
        rows.iter().map(|row| parse(row, "trigger_log", "repository_name")).collect()
    }
}

async fn log(u: &mut Unit<'_>, registry: RegistryId, owner: AccountId, run: &TriggerRun) -> Result<()> {
    let insert = sqlx::query(
        "INSERT INTO trigger_log (registry_id, owner_id, repository_name, tag_name, trigger_name, invoke_method, \
         invoke_expr, cluster_id, cluster_region, cluster_namespace, workload_type, workload_name, container_name, \
         return_code, return_message, invoked_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
    );
    let insert = insert
        .bind(registry.get())
        .bind(owner.get())
        .bind(&*run.repository_name)
        .bind(&*run.tag)
        .bind(&*run.trigger)
        .bind(run.method.as_str())
        .bind(&*run.expression);
    let insert = bind_workload!(insert, &run.workload)
        .bind(run.return_code)
        .bind(&*run.return_message)
        .bind(run.invoked_at.as_millis());
    insert.execute(&mut **u).await.op("log a trigger").map_err(stale(Thing::Account))?;
    Ok(())
}

const RUN: &str = "repository_name, tag_name, trigger_name, invoke_method, invoke_expr, cluster_id, cluster_region, \
     cluster_namespace, workload_type, workload_name, container_name, return_code, return_message, invoked_at";

/// The runs that a page is of. The names stand in it themselves: there may be more than a statement takes values, and the name
/// of a repository has no quotes.
fn shown(hidden: &[RepositoryName]) -> String {
    let shown = "owner_id = $1 AND registry_id = $2 AND ($3 = '' OR repository_name = $3)";
    let hidden: Vec<String> = hidden.iter().map(|name| format!("'{name}'")).collect();
    match hidden.is_empty() {
        true => shown.to_owned(),
        false => format!("{shown} AND repository_name NOT IN ({})", hidden.join(", ")),
    }
}

fn place(order: TriggerRunOrder, descending: bool) -> &'static str {
    use TriggerRunOrder as By;
    match (order, descending) {
        (By::Time, true) => "invoked_at DESC, id DESC",
        (By::Time, false) => "invoked_at, id",
        (By::Repository, true) => "repository_name DESC, invoked_at DESC, id DESC",
        (By::Repository, false) => "repository_name, invoked_at, id",
        (By::Tag, true) => "tag_name DESC, invoked_at DESC, id DESC",
        (By::Tag, false) => "tag_name, invoked_at, id",
        (By::Trigger, true) => "trigger_name DESC, invoked_at DESC, id DESC",
        (By::Trigger, false) => "trigger_name, invoked_at, id",
    }
}

fn run(row: &AnyRow) -> Result<TriggerRun> {
    Ok(TriggerRun {
        repository_name: get(row, "repository_name")?,
        tag: get(row, "tag_name")?,
        trigger: get(row, "trigger_name")?,
        method: method(row, "trigger_log")?,
        expression: get(row, "invoke_expr")?,
        workload: workload(row)?,
        return_code: get(row, "return_code")?,
        return_message: get(row, "return_message")?,
        invoked_at: time(row, "invoked_at")?,
    })
}
