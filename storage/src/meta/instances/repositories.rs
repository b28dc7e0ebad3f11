//! Repositories of instances: rows of `repositories` and their descriptions.

use sqlx::any::AnyRow;

use super::super::Act;
use super::super::personal::Quotas;
use super::super::repositories::{self, SHOWN, Wanted, ensure};
use super::super::row::{get, parse, size, time};
use super::super::sql::{SqlResult as _, stale};
use super::super::statement::{Statement, containing};
use super::super::unit::{Outcome, Unit, unit};
use super::{InstanceRepository, MetaStore, RepositoryOrder, RepositoryQuery, Texts, flag};
use crate::{Error, Result};
use roadstead_types::{Listing, NamespaceId, RegistryId, RepositoryId, RepositoryName, Thing};

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
    /// `Conflict` when the name is taken, `Stale` when the namespace has gone.
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

    /// Returns a page of the repositories of an instance, and the number of all of them.
    pub async fn list_instance_repositories(
        &self,
        registry: RegistryId,
        query: &RepositoryQuery<'_>,
    ) -> Result<Listing<InstanceRepository>> {
        let Some(part) = containing(query.contains) else { return Ok(Listing::empty()) };
        let mut count = Statement::default();
        let sql = format!("SELECT COUNT(*) AS total {}", matching(&mut count, registry, query, &part));
        let row = count.query(&sql).fetch_one(self.reader()).await.op("count repositories")?;
        let mut page = Statement::default();
        let matching = matching(&mut page, registry, query, &part);
        let window = page.window(query.window);
        let sql = format!(
            "SELECT r.id, r.name, {SHOWN} AS public, r.created_at, r.updated_at, COALESCE(i.brief, '') AS brief, \
             COALESCE(i.description, '') AS description {matching} ORDER BY {} {window}",
            query.order.sql()
        );
        let rows = page.query(&sql).fetch_all(self.reader()).await.op("list repositories")?;
        let items = rows.iter().map(repository).collect::<Result<_>>()?;
        Ok(Listing { total: size(&row, "repositories", "total")?, items })
    }

    /// Changes the descriptions of a repository; `None` leaves one as it is. False when the repository does not
    /// exist.
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

/// Selects the repositories `r` of an instance that match the query, with their descriptions `i`.
fn matching(statement: &mut Statement, registry: RegistryId, query: &RepositoryQuery<'_>, part: &str) -> String {
    let mut sql = format!(
        "FROM repositories r JOIN namespaces n ON n.id = r.namespace_id \
         LEFT JOIN instance_repositories i ON i.repository_id = r.id WHERE r.registry_id = {} \
         AND SUBSTR(r.name, LENGTH(n.name) + 2) LIKE {} ESCAPE '!' AND {}",
        statement.value(registry.get()),
        statement.text(part),
        statement.names("r.name", query.shows)
    );
    if let Some(namespace) = query.namespace {
        sql.push_str(&format!(" AND r.namespace_id = {}", statement.value(namespace.get())));
    }
    sql
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
    repositories::hold(u, id).await?;
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
