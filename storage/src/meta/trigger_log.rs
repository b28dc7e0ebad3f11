//! The log of application triggers.

use sqlx::any::AnyRow;

use super::MetaStore;
use super::row::{get, size, time};
use super::sql::SqlResult as _;
use super::statement::Statement;
use super::triggers::{InvokeMethod, Workload, method, workload};
use crate::Result;
use roadstead_types::{AccountId, Listing, RegistryId, RepositoryName, Sight, Timestamp, Window};

/// One run of a trigger, with all names as they were then.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TriggerRun {
    /// The repository that was pushed to.
    pub repository_name: String,
    /// The tag that was pushed.
    pub tag: String,
    /// The trigger.
    pub trigger: String,
    /// The kind of its filter of tags.
    pub method: InvokeMethod,
    /// The list or the expression of `method`.
    pub expression: String,
    /// The deployed workload.
    pub workload: Workload,
    /// The result; 0 is success.
    pub return_code: i64,
    /// The result in words.
    pub return_message: String,
    /// The time.
    pub invoked_at: Timestamp,
}

/// The column that sorts the log of triggers. Equal entries are sorted by time.
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
    /// Only runs for this repository; `None` for all.
    pub repository: Option<&'a RepositoryName>,
    /// The column to sort by.
    pub order: TriggerRunOrder,
    /// Whether the greatest come first.
    pub descending: bool,
    /// The part of the log to return.
    pub window: Window,
}

impl MetaStore {
    /// Lists the runs of the triggers of a main account, for repositories that the caller sees. For a deleted repository,
    /// only the name decides.
    pub async fn list_trigger_runs(
        &self,
        registry: RegistryId,
        owner: AccountId,
        sight: &Sight,
        page: &TriggerRunPage<'_>,
    ) -> Result<Listing<TriggerRun>> {
        let TriggerRunPage { repository, order, descending, window } = *page;
        let matching = |statement: &mut Statement| {
            let (owner, registry) = (statement.value(owner.get()), statement.value(registry.get()));
            let mut sql = format!("FROM trigger_log WHERE owner_id = {owner} AND registry_id = {registry}");
            if let Some(name) = repository {
                sql.push_str(&format!(" AND repository_name = {}", statement.text(name.as_str())));
            }
            let seen = statement.names("repository_name", &sight.names);
            if sight.names == sight.public {
                sql.push_str(&format!(" AND {seen}"));
            } else {
                let public = statement.names("r.name", &sight.public);
                sql.push_str(&format!(
                    " AND ({seen} OR EXISTS (SELECT 1 FROM repositories r JOIN namespaces n ON n.id = r.namespace_id \
                     WHERE r.registry_id = {registry} AND r.name = repository_name AND r.public = 1 \
                     AND n.owner_id = {owner} AND {public}))"
                ));
            }
            sql
        };
        let mut count = Statement::default();
        let sql = format!("SELECT COUNT(*) AS total {}", matching(&mut count));
        let row = count.query(&sql).fetch_one(self.reader()).await.op("count the runs of triggers")?;
        let order = place_of(order, descending);
        let mut page = Statement::default();
        let matching = matching(&mut page);
        let window = page.window(window);
        let sql = format!("SELECT {RUN} {matching} ORDER BY {order} {window}");
        let rows = page.query(&sql).fetch_all(self.reader()).await.op("list the runs of triggers")?;
        let items = rows.iter().map(run).collect::<Result<_>>()?;
        Ok(Listing { total: size(&row, "trigger_log", "total")?, items })
    }
}

const RUN: &str = "repository_name, tag_name, trigger_name, invoke_method, invoke_expr, cluster_id, cluster_region, \
     cluster_namespace, workload_type, workload_name, container_name, return_code, return_message, invoked_at";

fn place_of(order: TriggerRunOrder, descending: bool) -> &'static str {
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
