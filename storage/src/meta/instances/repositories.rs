//! Repositories of instances: those of `repositories`, and what instances add to them.

use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use super::super::Act;
use super::super::personal::Quotas;
use super::super::repositories::{Wanted, ensure};
use super::super::row::{get, parse, time};
use super::super::sql::{SqlResult as _, but, stale};
use super::super::unit::{Outcome, Unit, unit};
use super::{InstanceRepository, MetaStore, RepositoryOrder, RepositoryQuery, Texts, flag};
use crate::{Error, Result};
use roadstead_types::{NamespaceId, RegistryId, RepositoryId, RepositoryName, Thing};

/// `$1` the registry, `$2` the namespace or 0, `$3` the pattern of the name without its namespace.
const WHERE: &str = "FROM repositories r JOIN namespaces n ON n.id = r.namespace_id \
     LEFT JOIN instance_repositories i ON i.repository_id = r.id \
     WHERE r.registry_id = $1 AND ($2 = 0 OR r.namespace_id = $2) \
     AND SUBSTR(r.name, LENGTH(n.name) + 2) LIKE $3 ESCAPE '!'";

/// The pattern of every text that contains `part`. Names have no capitals, which not every engine tells apart.
fn containing(part: &str) -> String {
    let mut pattern = String::from("%");
    for letter in part.to_lowercase().chars().filter(|&letter| letter != '\0') {
        if matches!(letter, '!' | '%' | '_') {
            pattern.push('!');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    pattern
}

impl RepositoryOrder {
    const fn sql(self) -> &'static str {
        match self {
            Self::Name => "r.name",
            Self::NameDescending => "r.name DESC",
            Self::Newest => "r.created_at DESC, r.id DESC",
            Self::LastChanged => "r.updated_at DESC, r.id DESC",
        }
    }
}

impl MetaStore {
    /// Makes an empty repository in a namespace of an instance.
    ///
    /// # Errors
    /// `Conflict` when there is one of this name, `Stale` when the namespace has gone.
    pub async fn create_instance_repository(
        &self,
        act: &Act,
        registry: RegistryId,
        namespace: NamespaceId,
        name: &RepositoryName,
        texts: &Texts,
    ) -> Result<RepositoryId> {
        let wanted = Wanted { registry, namespace, name };
        unit!(self.unit(act, "create a repository"), |u| insert(u, self.default_quotas(), wanted, texts)
            .await
            .map(Outcome::Done))
    }

    /// A page of the repositories of an instance, and how many there are in all.
    pub async fn list_instance_repositories(
        &self,
        registry: RegistryId,
        query: &RepositoryQuery<'_>,
    ) -> Result<(Vec<InstanceRepository>, u64)> {
        let namespace = query.namespace.map_or(0, NamespaceId::get);
        let contains = containing(query.contains);
        let (shown, persistent) = (but("r.id", query.hidden.iter().map(|id| id.get())), query.hidden.is_empty());
        let count = format!("SELECT COUNT(*) {WHERE}{shown}");
        let count = sqlx::query_scalar(AssertSqlSafe(count)).persistent(persistent);
        let count = count.bind(registry.get()).bind(namespace).bind(&contains);
        let count: i64 = count.fetch_one(self.reader()).await.op("count repositories")?;
        let page = format!(
            "SELECT r.id, r.name, r.public, r.created_at, r.updated_at, COALESCE(i.brief, '') AS brief, \
             COALESCE(i.description, '') AS description {WHERE}{shown} ORDER BY {} LIMIT $4 OFFSET $5",
            query.order.sql()
        );
        let page = sqlx::query(AssertSqlSafe(page)).persistent(persistent);
        let page = page.bind(registry.get()).bind(namespace).bind(&contains);
        let page = page.bind(i64::from(query.limit)).bind(i64::from(query.offset)).fetch_all(self.reader()).await;
        let page: Result<Vec<_>> = page.op("list repositories")?.iter().map(repository).collect();
        Ok((page?, u64::try_from(count).unwrap_or(0)))
    }

    /// Says something else about a repository; `None` stays as it is. False when there is no such repository.
    pub async fn describe_instance_repository(
        &self,
        act: &Act,
        id: RepositoryId,
        brief: Option<&str>,
        description: Option<&str>,
    ) -> Result<bool> {
        unit!(self.unit(act, "describe a repository"), |u| describe(u, id, brief, description).await.map(Outcome::of))
    }
}

async fn insert(u: &mut Unit<'_>, defaults: &Quotas, wanted: Wanted<'_>, texts: &Texts) -> Result<RepositoryId> {
    let locked = ensure(u, defaults, wanted).await?;
    if locked.created.is_none() {
        return Err(Error::Conflict(Thing::Repository));
    }
    write(u, locked.id, Some(&texts.brief), Some(&texts.description)).await?;
    Ok(locked.id)
}

async fn describe(u: &mut Unit<'_>, id: RepositoryId, brief: Option<&str>, description: Option<&str>) -> Result<bool> {
    match write(u, id, brief, description).await {
        Err(Error::Stale(_)) => Ok(false),
        outcome => outcome.map(|()| true),
    }
}

async fn write(u: &mut Unit<'_>, id: RepositoryId, brief: Option<&str>, description: Option<&str>) -> Result<()> {
    let upsert = sqlx::query(
        "INSERT INTO instance_repositories (repository_id, brief, description) \
         VALUES ($1, COALESCE($2, ''), COALESCE($3, '')) ON CONFLICT (repository_id) DO UPDATE SET \
         brief = COALESCE($2, instance_repositories.brief), \
         description = COALESCE($3, instance_repositories.description)",
    );
    let upsert = upsert.bind(id.get()).bind(brief).bind(description).execute(&mut **u).await;
    upsert.op("describe a repository").map_err(stale(Thing::Repository))?;
    Ok(())
}

fn repository(row: &AnyRow) -> Result<InstanceRepository> {
    Ok(InstanceRepository {
        id: RepositoryId::new(get(row, "id")?),
        name: parse(row, "repositories", "name")?,
        public: flag(row, "public")?,
        texts: Texts { brief: get(row, "brief")?, description: get(row, "description")? },
        created_at: time(row, "created_at")?,
        updated_at: time(row, "updated_at")?,
    })
}
