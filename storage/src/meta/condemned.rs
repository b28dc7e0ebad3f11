//! Deleted repositories: invisible at once, and emptied in small steps (`docs/adr/0013`).
//!
//! To delete a repository moves its row to another registry. Then no search in its registry, in its namespace or
//! among the repositories of its owner finds it, and its name and its place in the quota are free. A job then deletes
//! its content. Each step is a short transaction, so that other writers get their turn.

use std::time::Duration;

use serde_json::json;
use sqlx::AssertSqlSafe;

use super::jobs::{self, NewJob};
use super::repositories::RegistryAndName;
use super::row::{get, parse};
use super::sql::{SqlResult as _, lists, placeholders};
use super::tags::{self, Which};
use super::unit::{Outcome, Unit, unit};
use super::{Act, Event, MetaStore, Scope, quotas, repositories, review};
use crate::{Error, Result};
use roadstead_types::{NamespaceId, RegistryId, RepositoryId, RepositoryName, Thing, Timestamp};

impl MetaStore {
    /// Deletes a repository: it cannot be found any more, and its name is free. A job deletes its content. False when
    /// the repository does not exist.
    ///
    /// # Errors
    /// Without `content`, `InUse` while there are manifests in it.
    pub async fn delete_repository(&self, act: &Act, id: RepositoryId, content: bool) -> Result<bool> {
        unit!(self.unit(act, "delete a repository"), |u| condemn(u, id, content).await.map(Outcome::of))
    }

    /// Deletes several repositories with their content, all of them or none.
    ///
    /// # Errors
    /// `Stale` when one of them does not exist.
    pub async fn delete_repositories(&self, act: &Act, ids: &[RepositoryId]) -> Result<()> {
        // Sorted, so that two requests that delete the same repositories lock them in the same order.
        let mut ids = ids.to_vec();
        ids.sort_unstable();
        ids.dedup();
        unit!(self.unit(act, "delete repositories"), |u| async {
            for &id in &ids {
                if repositories::lock(u, id).await?.is_none() {
                    return Err(Error::Stale(Thing::Repository));
                }
            }
            for &id in &ids {
                condemn(u, id, true).await?;
            }
            Ok(())
        }
        .await
        .map(Outcome::Done))
    }

    /// Deletes a part of the content of a deleted repository, or of a repository of a deleted instance: at most
    /// `chunk` rows of one kind. Returns their number, or `None` when nothing is left, not even the repository. Blobs
    /// are queued for review.
    ///
    /// # Errors
    /// `InUse` when neither the repository nor its instance was deleted.
    pub async fn empty_repository(&self, act: &Act, id: RepositoryId, chunk: u32) -> Result<Option<u64>> {
        unit!(self.unit(act, "empty a repository"), |u| empty(u, id, chunk).await.map(Outcome::Done))
    }

    /// Enqueues the missing jobs that empty deleted repositories and instances: a job is missing if content is left and no
    /// job for it waits or runs. Enqueues at most `limit` jobs of each kind. Returns their number.
    pub async fn resume_emptying(&self, limit: u32, now: Timestamp) -> Result<u64> {
        unit!(self.upkeep(now, "enqueue missing jobs"), |u| resume(u, limit).await.map(Outcome::Done))
    }
}

async fn resume(u: &mut Unit<'_>, limit: u32) -> Result<u64> {
    let repositories = "SELECT id FROM repositories WHERE registry_id = 0 AND CAST(id AS TEXT) NOT IN \
         (SELECT key FROM jobs WHERE kind = $1 AND state < 2 AND key IS NOT NULL) ORDER BY id LIMIT $2";
    let repositories = forsaken(u, repositories, jobs::EMPTY_REPOSITORY, limit).await?;
    let registries = "SELECT id FROM registries WHERE id > 1 AND id IN (SELECT registry_id FROM namespaces) \
         AND id NOT IN (SELECT registry_id FROM instances) AND CAST(id AS TEXT) NOT IN \
         (SELECT key FROM jobs WHERE kind = $1 AND state < 2 AND key IS NOT NULL) ORDER BY id LIMIT $2";
    let registries = forsaken(u, registries, jobs::EMPTY_REGISTRY, limit).await?;
    let count = repositories.len() + registries.len();
    for id in repositories {
        u.enqueue(empty_repository(RepositoryId::new(id), format!("repository {id}")));
    }
    for id in registries {
        u.enqueue(empty_registry(RegistryId::new(id), format!("registry {id}")));
    }
    Ok(count as u64)
}

/// Returns the ids for which a job of this kind is missing.
async fn forsaken(u: &mut Unit<'_>, sql: &'static str, kind: &str, limit: u32) -> Result<Vec<i64>> {
    let find = sqlx::query_scalar(sql).bind(kind).bind(i64::from(limit));
    find.fetch_all(&mut **u).await.op("look for missing jobs")
}

/// Makes the job that empties a deleted repository.
fn empty_repository(id: RepositoryId, scope: String) -> NewJob {
    let (key, payload) = (Some(id.to_string()), json!({ "repository": id.get() }).to_string());
    NewJob { kind: jobs::EMPTY_REPOSITORY, key, payload, scope, delay: Duration::ZERO }
}

/// Makes the job that empties the registry of a deleted instance.
pub(super) fn empty_registry(id: RegistryId, scope: String) -> NewJob {
    let (key, payload) = (Some(id.to_string()), json!({ "registry": id.get() }).to_string());
    NewJob { kind: jobs::EMPTY_REGISTRY, key, payload, scope, delay: Duration::ZERO }
}

/// Rows that a deleted repository must not keep. There are few of them.
const BELONGINGS: [&str; 3] = [
    "DELETE FROM cleanup_rules WHERE repository_id = $1",
    "DELETE FROM application_triggers WHERE repository_id = $1",
    "DELETE FROM instance_repositories WHERE repository_id = $1",
];

/// Deletes a repository, but not its content yet. Without `content` it deletes only an empty one. False when the
/// repository does not exist.
async fn condemn(u: &mut Unit<'_>, id: RepositoryId, content: bool) -> Result<bool> {
    let now = u.now();
    let lock = sqlx::query(
        "UPDATE repositories SET updated_at = $1 WHERE id = $2 AND registry_id <> 0 \
         RETURNING registry_id, namespace_id, name",
    );
    let found = lock.bind(now.as_millis()).bind(id.get()).fetch_optional(&mut **u).await.op("lock a repository")?;
    let Some(row) = found else { return Ok(false) };
    if !content {
        // A push takes the same lock, so its manifest is seen here, or it no longer finds the repository. Every tag has a
        // manifest.
        let inhabited = sqlx::query("SELECT id FROM manifests WHERE repository_id = $1 LIMIT 1").bind(id.get());
        if inhabited.fetch_optional(&mut **u).await.op("look for manifests")?.is_some() {
            return Err(Error::InUse(Thing::Repository));
        }
    }
    let name: RepositoryName = parse(&row, "repositories", "name")?;
    let registry = RegistryId::new(get(&row, "registry_id")?);
    for sql in BELONGINGS {
        sqlx::query(sql).bind(id.get()).execute(&mut **u).await.op("delete what belongs to a repository")?;
    }
    let place = place(u, NamespaceId::new(get(&row, "namespace_id")?)).await?;
    let away =
        sqlx::query("UPDATE repositories SET registry_id = $1, namespace_id = $2, name = $3, public = 0 WHERE id = $4");
    let away = away.bind(RegistryId::CONDEMNED.get()).bind(place.get()).bind(format!("condemned/{id}")).bind(id.get());
    away.execute(&mut **u).await.op("delete a repository")?;
    u.changed(Scope::Repository(registry, name.clone()));
    u.enqueue(empty_repository(id, format!("repository {name}")));
    u.happened(Event::RepositoryRemoved { registry, repository: name });
    Ok(true)
}

/// Returns the namespace for deleted repositories of an owner, and makes it if it is missing.
async fn place(u: &mut Unit<'_>, from: NamespaceId) -> Result<NamespaceId> {
    let now = u.now();
    let owner = quotas::owner_of(u, from).await?;
    let name = format!("of-{owner}");
    let insert = sqlx::query(
        "INSERT INTO namespaces (registry_id, name, owner_id, created_at) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (registry_id, name) DO NOTHING",
    );
    let insert = insert.bind(RegistryId::CONDEMNED.get()).bind(&name).bind(owner.get()).bind(now.as_millis());
    insert.execute(&mut **u).await.op("make a place for deleted repositories")?;
    let find = sqlx::query_scalar("SELECT id FROM namespaces WHERE registry_id = $1 AND name = $2");
    let find = find.bind(RegistryId::CONDEMNED.get()).bind(&name).fetch_one(&mut **u).await;
    find.op("find the place for deleted repositories").map(NamespaceId::new)
}

async fn empty(u: &mut Unit<'_>, id: RepositoryId, chunk: u32) -> Result<Option<u64>> {
    // The audit log already has the deletion.
    u.is_a_step();
    let Some(place) = lock(u, id).await? else { return Ok(None) };
    let gone = tags::remove(u, id, Which::First(chunk)).await?;
    if !gone.is_empty() {
        return Ok(Some(gone.len() as u64));
    }
    let gone = delete_manifests(u, id, chunk).await?;
    if gone > 0 {
        return Ok(Some(gone));
    }
    review::queue_blobs_of_repository(u, id, chunk).await?;
    let gone = delete(u, LINKS, id, chunk).await?;
    if gone > 0 {
        return Ok(Some(gone));
    }
    let gone = delete(u, FAVORITES, id, chunk).await?;
    if gone > 0 {
        return Ok(Some(gone));
    }
    let last = sqlx::query("DELETE FROM repositories WHERE id = $1").bind(id.get());
    last.execute(&mut **u).await.op("delete a repository")?;
    let RegistryAndName { registry, name: repository } = place;
    if registry != RegistryId::CONDEMNED {
        // The deletion of its instance did not tell of its repositories.
        u.happened(Event::RepositoryRemoved { registry, repository });
    }
    Ok(None)
}

const LINKS: &str = "DELETE FROM repository_blobs WHERE repository_id = $1 AND blob_id IN \
     (SELECT blob_id FROM repository_blobs WHERE repository_id = $1 ORDER BY blob_id LIMIT $2)";

const FAVORITES: &str = "DELETE FROM favorites WHERE repository_id = $1 AND account_id IN \
     (SELECT account_id FROM favorites WHERE repository_id = $1 LIMIT $2)";

/// Locks a repository that is deleted or in a deleted instance, and returns its place. `None` when it does not exist.
async fn lock(u: &mut Unit<'_>, id: RepositoryId) -> Result<Option<RegistryAndName>> {
    let lock = sqlx::query(
        "UPDATE repositories SET updated_at = updated_at WHERE id = $1 RETURNING registry_id, name, \
         CASE WHEN registry_id = $2 OR registry_id IN (SELECT registry_id FROM instances) THEN 1 ELSE 0 END AS lives",
    );
    let lock = lock.bind(id.get()).bind(RegistryId::PERSONAL.get());
    let Some(row) = lock.fetch_optional(&mut **u).await.op("lock a repository")? else { return Ok(None) };
    match get(&row, "lives")? {
        0_i64 => repositories::place(&row).map(Some),
        _ => Err(Error::InUse(Thing::Repository)),
    }
}

async fn delete(u: &mut Unit<'_>, sql: &'static str, id: RepositoryId, limit: u32) -> Result<u64> {
    let delete = sqlx::query(sql).bind(id.get()).bind(i64::from(limit));
    Ok(delete.execute(&mut **u).await.op("empty a repository")?.rows_affected())
}

/// Finds the first manifests of a repository, in the order of an index, so that the database sorts nothing.
const FIRST_MANIFESTS: &str = "SELECT id FROM manifests WHERE repository_id = $1 ORDER BY digest LIMIT $2";

const EDGES: [&str; 2] = [
    "DELETE FROM manifest_blobs WHERE (manifest_id, blob_id) IN (SELECT manifest_id, blob_id FROM manifest_blobs \
     WHERE manifest_id IN (SELECT id FROM manifests WHERE repository_id = $1 ORDER BY digest LIMIT $2) LIMIT $2)",
    "DELETE FROM manifest_children WHERE (parent_id, child_digest) IN (SELECT parent_id, child_digest \
     FROM manifest_children WHERE parent_id IN \
     (SELECT id FROM manifests WHERE repository_id = $1 ORDER BY digest LIMIT $2) LIMIT $2)",
];

/// Deletes edges of the first manifests, and then the manifests without edges.
async fn delete_manifests(u: &mut Unit<'_>, id: RepositoryId, chunk: u32) -> Result<u64> {
    for sql in EDGES {
        let gone = delete(u, sql, id, chunk).await?;
        if gone > 0 {
            return Ok(gone);
        }
    }
    let first = sqlx::query_scalar(FIRST_MANIFESTS);
    let first: Vec<i64> = first.bind(id.get()).bind(i64::from(chunk)).fetch_all(&mut **u).await.op("list manifests")?;
    for list in lists(&first) {
        let names = placeholders(1, list.len());
        for sql in [
            format!("DELETE FROM review_queue WHERE kind = 1 AND target_id IN ({names})"),
            format!("DELETE FROM manifests WHERE id IN ({names})"),
        ] {
            let delete = list.iter().fold(sqlx::query(AssertSqlSafe(sql)), |query, id| query.bind(*id));
            delete.execute(&mut **u).await.op("delete manifests")?;
        }
    }
    Ok(first.len() as u64)
}

#[cfg(test)]
mod tests {
    use sqlx::Row as _;

    use super::*;
    use crate::meta::fresh::fresh;

    /// A step must not read the rest of a large repository.
    #[tokio::test]
    async fn a_part_of_a_repository_costs_what_is_in_the_part() {
        let (_directory, store) = fresh().await;
        for sql in [FIRST_MANIFESTS, EDGES[0], EDGES[1], LINKS, FAVORITES] {
            let explain = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}")));
            let plan = explain.fetch_all(store.reader()).await.unwrap();
            let plan: Vec<String> = plan.iter().map(|step| step.get("detail")).collect();
            let is_cheap = |step: &String| !step.starts_with("SCAN") && !step.contains("TEMP B-TREE");
            assert!(!plan.is_empty() && plan.iter().all(is_cheap), "{sql}: {plan:#?}");
        }
    }
}
