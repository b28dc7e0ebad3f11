//! Repositories. The first push makes one, or a request before it.

use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use super::MetaStore;
use super::changes::Made;
use super::model::{Readable, Repository};
use super::namespaces;
use super::personal::{NewRepository, QuotaKind, Quotas};
use super::quotas;
use super::row::{get, parse, time};
use super::sql::{SqlResult as _, conflict, page_start, stale};
use super::unit::{Outcome, Unit, unit};
use super::{Act, Event, Scope};
use crate::{Error, Result};
use roadstead_types::{AccountId, NamespaceId, RegistryId, RepositoryId, RepositoryName, Thing};

/// Tells with 1 or 0 whether everybody may read a repository `r`. A repository of the personal edition says so itself. In an
/// instance, the namespace says so for all its repositories.
pub(super) const SHOWN: &str = "CASE WHEN r.public = 1 OR EXISTS (SELECT 1 FROM instance_namespaces v \
     WHERE v.namespace_id = r.namespace_id AND v.public = 1) THEN 1 ELSE 0 END";

/// The columns of a repository `r`, for [`repository`].
pub(super) fn columns() -> String {
    format!("r.id, r.registry_id, r.namespace_id, r.name, {SHOWN} AS public, r.created_at, r.updated_at")
}

impl MetaStore {
    /// Returns the repository with this name.
    pub async fn repository(&self, registry: RegistryId, name: &RepositoryName) -> Result<Option<Repository>> {
        let sql = format!("SELECT {} FROM repositories r WHERE r.registry_id = $1 AND r.name = $2", columns());
        let query = sqlx::query(AssertSqlSafe(sql)).bind(registry.get()).bind(name.as_str());
        query.fetch_optional(self.reader()).await.op("read a repository")?.as_ref().map(repository).transpose()
    }

    /// Lists repositories in the byte order of their names, after `after`.
    pub async fn list_repositories(
        &self,
        registry: RegistryId,
        readable: Readable,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Repository>> {
        let (columns, everybodys) = (columns(), everybodys(registry));
        let sql = match readable {
            Readable::All => format!(
                "SELECT {columns} FROM repositories r WHERE r.registry_id = $1 AND r.name > $2 ORDER BY r.name LIMIT $3"
            ),
            Readable::By { owner: None } => {
                format!("SELECT {columns} FROM repositories r WHERE r.id IN ({everybodys}) ORDER BY r.name LIMIT $3")
            }
            // Two short scans, merged to one page, because a scan of all names for one owner's takes long. CROSS JOIN
            // tells the database where to begin.
            Readable::By { owner: Some(_) } => format!(
                "SELECT {columns} FROM repositories r WHERE r.id IN ({everybodys} \
                 UNION SELECT id FROM (SELECT r.id FROM namespaces n CROSS JOIN repositories r \
                 WHERE n.owner_id = $4 AND n.registry_id = $1 AND r.namespace_id = n.id AND r.name > $2 \
                 ORDER BY r.name LIMIT $3) AS own) ORDER BY r.name LIMIT $3"
            ),
        };
        let query = sqlx::query(AssertSqlSafe(sql));
        let mut query = query.bind(registry.get()).bind(page_start(after)).bind(i64::from(limit));
        if let Readable::By { owner: Some(owner) } = readable {
            query = query.bind(owner.get());
        }
        query.fetch_all(self.reader()).await.op("list repositories")?.iter().map(repository).collect()
    }

    /// Returns the repository with this name, if it is public or belongs to `owner`, and whether it belongs to
    /// `owner`.
    pub async fn accessible_repository(
        &self,
        registry: RegistryId,
        owner: AccountId,
        name: &RepositoryName,
    ) -> Result<Option<(Repository, bool)>> {
        let sql = format!(
            "SELECT {}, n.owner_id FROM repositories r JOIN namespaces n ON n.id = r.namespace_id \
             WHERE r.registry_id = $1 AND r.name = $2 AND ({SHOWN} = 1 OR n.owner_id = $3)",
            columns()
        );
        let query = sqlx::query(AssertSqlSafe(sql)).bind(registry.get()).bind(name.as_str()).bind(owner.get());
        let row = query.fetch_optional(self.reader()).await.op("read a repository")?;
        row.map(|row| Ok((repository(&row)?, namespaces::owner(&row)? == owner))).transpose()
    }

    /// Makes an empty repository, if its owner may have one more.
    ///
    /// # Errors
    /// `Stale` when the owner does not have the namespace, `Conflict` when the repository exists, `LimitReached` when
    /// the owner has as many as it may.
    pub async fn add_repository(&self, act: &Act, new: &NewRepository<'_>) -> Result<Repository> {
        unit!(self.unit(act, "create a repository"), |u| add(u, self.default_quotas(), new).await.map(Outcome::Done))
    }

    /// Sets the description of a repository. False when the repository does not exist.
    pub async fn set_description(&self, act: &Act, id: RepositoryId, description: &str) -> Result<bool> {
        unit!(self.unit(act, "describe a repository"), |u| async {
            let update = sqlx::query(
                "UPDATE repositories SET description = $1, updated_at = $2 WHERE id = $3 AND registry_id <> 0",
            );
            let update = update.bind(description).bind(u.now().as_millis()).bind(id.get());
            Ok(update.execute(&mut **u).await.op("describe a repository")?.rows_affected() > 0)
        }
        .await
        .map(Outcome::of))
    }

    /// Makes a repository public or private. False when the repository does not exist.
    pub async fn set_visibility(&self, act: &Act, id: RepositoryId, public: bool) -> Result<bool> {
        unit!(self.unit(act, "set the visibility of a repository"), |u| show(u, id, public).await.map(Outcome::of))
    }
}

/// Returns the statement that finds the public repositories of a registry, in the order of their names. `$1` is the registry,
/// `$2` the name before the first one, and `$3` the number of repositories.
fn everybodys(registry: RegistryId) -> &'static str {
    if registry == RegistryId::PERSONAL {
        return "SELECT id FROM (SELECT id FROM repositories \
             WHERE registry_id = $1 AND name > $2 AND public = 1 ORDER BY name LIMIT $3) AS everybodys";
    }
    "SELECT id FROM (SELECT r.id FROM namespaces n CROSS JOIN instance_namespaces v CROSS JOIN repositories r \
     WHERE n.registry_id = $1 AND v.namespace_id = n.id AND v.public = 1 AND r.namespace_id = n.id AND r.name > $2 \
     ORDER BY r.name LIMIT $3) AS everybodys"
}

/// A repository that this transaction has locked, so that nobody else changes its content before the transaction
/// ends.
pub(super) struct Locked {
    pub(super) id: RepositoryId,
    pub(super) created: Option<Made>,
    pub(super) place: RegistryAndName,
}

/// A repository that is needed, and made if it is missing.
#[derive(Clone, Copy)]
pub(super) struct Wanted<'a> {
    pub(super) registry: RegistryId,
    pub(super) namespace: NamespaceId,
    pub(super) name: &'a RepositoryName,
}

/// The lock that comes before that of a new repository.
#[derive(Clone, Copy)]
pub(super) enum Above {
    /// The owner of the namespace, whose repositories are counted.
    Owner(AccountId),
    /// The instance that the registry is.
    Instance,
}

/// Takes the lock that comes before that of a new repository. A transaction that may have to make one calls this before it
/// locks any repository.
///
/// # Errors
/// `Stale` when the namespace or its instance has gone.
pub(super) async fn lock_above(u: &mut Unit<'_>, wanted: Wanted<'_>) -> Result<Above> {
    if wanted.registry == RegistryId::PERSONAL {
        let owner = quotas::owner_of(u, wanted.namespace).await?;
        quotas::lock_owner(u, owner).await?;
        return Ok(Above::Owner(owner));
    }
    match super::instances::lock_running(u, wanted.registry).await {
        Err(Error::Stale(_)) => Err(Error::Stale(Thing::Namespace)),
        locked => locked.map(|()| Above::Instance),
    }
}

/// Locks a repository by name. A missing one is made, if the owner of its namespace may have one more.
pub(super) async fn ensure(u: &mut Unit<'_>, defaults: &Quotas, wanted: Wanted<'_>) -> Result<Locked> {
    if let Some(id) = lock_by_name(u, wanted).await? {
        let Wanted { registry, name, .. } = wanted;
        return Ok(Locked { id, created: None, place: RegistryAndName { registry, name: name.clone() } });
    }
    let above = lock_above(u, wanted).await?;
    ensure_below(u, defaults, wanted, above).await
}

/// Does the same after [`lock_above`].
pub(super) async fn ensure_below(
    u: &mut Unit<'_>,
    defaults: &Quotas,
    wanted: Wanted<'_>,
    above: Above,
) -> Result<Locked> {
    let Wanted { registry, namespace, name } = wanted;
    let place = RegistryAndName { registry, name: name.clone() };
    // Another request may delete the repository between the two statements.
    for _ in 0..3 {
        if let Some(id) = lock_by_name(u, wanted).await? {
            return Ok(Locked { id, created: None, place });
        }
        if let Above::Owner(owner) = above {
            quotas::check(u, defaults, owner, QuotaKind::Repositories, COUNT).await?;
        }
        let insert = sqlx::query_scalar(
            "INSERT INTO repositories (registry_id, namespace_id, name, created_at, updated_at) \
             VALUES ($1, $2, $3, $4, $4) ON CONFLICT (registry_id, name) DO NOTHING RETURNING id",
        );
        let insert = insert.bind(registry.get()).bind(namespace.get()).bind(name.as_str()).bind(u.now().as_millis());
        let id: Option<i64> =
            insert.fetch_optional(&mut **u).await.op("create a repository").map_err(stale(Thing::Namespace))?;
        if let Some(id) = id {
            u.happened(Event::RepositoryCreated { registry, repository: name.clone() });
            return Ok(Locked { id: RepositoryId::new(id), created: Some(u.made()), place });
        }
    }
    // The repository exists in another namespace of this name, so the caller's namespace has gone.
    Err(Error::Stale(Thing::Namespace))
}

const COUNT: &str = "SELECT COUNT(*) FROM namespaces n CROSS JOIN repositories r \
     WHERE n.owner_id = $1 AND n.registry_id = 1 AND r.namespace_id = n.id";

async fn add(u: &mut Unit<'_>, defaults: &Quotas, new: &NewRepository<'_>) -> Result<Repository> {
    let now = u.now();
    quotas::lock_owner(u, new.owner).await?;
    let namespace =
        sqlx::query_scalar("SELECT id FROM namespaces WHERE registry_id = $1 AND name = $2 AND owner_id = $3");
    let namespace = namespace.bind(new.registry.get()).bind(new.name.namespace()).bind(new.owner.get());
    let namespace: Option<i64> = namespace.fetch_optional(&mut **u).await.op("read a namespace")?;
    let namespace = NamespaceId::new(namespace.ok_or(Error::Stale(Thing::Namespace))?);
    if lock_by_name(u, Wanted { registry: new.registry, namespace, name: new.name }).await?.is_some() {
        return Err(Error::Conflict(Thing::Repository));
    }
    if new.registry == RegistryId::PERSONAL {
        quotas::check(u, defaults, new.owner, QuotaKind::Repositories, COUNT).await?;
    }
    let insert = sqlx::query(
        "INSERT INTO repositories \
         (registry_id, namespace_id, name, public, description, creator_uin, created_at, updated_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $7) \
         RETURNING id, registry_id, namespace_id, name, public, created_at, updated_at",
    );
    let insert = insert.bind(new.registry.get()).bind(namespace.get()).bind(new.name.as_str());
    let insert = insert.bind(i64::from(new.public)).bind(new.description).bind(new.creator.as_str());
    let row = insert.bind(now.as_millis()).fetch_one(&mut **u).await.op("create a repository");
    let row = row.map_err(stale(Thing::Namespace)).map_err(conflict(Thing::Repository))?;
    u.made();
    u.happened(Event::RepositoryCreated { registry: new.registry, repository: new.name.clone() });
    repository(&row)
}

async fn lock_by_name(u: &mut Unit<'_>, wanted: Wanted<'_>) -> Result<Option<RepositoryId>> {
    let Wanted { registry, namespace, name } = wanted;
    let now = u.now();
    let lock = sqlx::query_scalar(
        "UPDATE repositories SET updated_at = $1 WHERE registry_id = $2 AND name = $3 AND namespace_id = $4 \
         RETURNING id",
    );
    let lock = lock.bind(now.as_millis()).bind(registry.get()).bind(name.as_str()).bind(namespace.get());
    let id: Option<i64> = lock.fetch_optional(&mut **u).await.op("lock a repository")?;
    Ok(id.map(RepositoryId::new))
}

/// The registry and the name of a repository.
#[derive(Clone)]
pub(super) struct RegistryAndName {
    pub(super) registry: RegistryId,
    pub(super) name: RepositoryName,
}

/// Locks a repository by id, and returns its place; `None` when it does not exist.
pub(super) async fn lock(u: &mut Unit<'_>, id: RepositoryId) -> Result<Option<RegistryAndName>> {
    let lock = sqlx::query(
        "UPDATE repositories SET updated_at = $1 WHERE id = $2 AND registry_id <> 0 RETURNING registry_id, name",
    );
    let row = lock.bind(u.now().as_millis()).bind(id.get()).fetch_optional(&mut **u).await.op("lock a repository")?;
    row.as_ref().map(place).transpose()
}

pub(super) fn place(row: &AnyRow) -> Result<RegistryAndName> {
    let registry = RegistryId::new(get(row, "registry_id")?);
    Ok(RegistryAndName { registry, name: parse(row, "repositories", "name")? })
}

/// Locks a repository by id, without touching the time of its last change. False when it does not exist.
pub(super) async fn lock_as_is(u: &mut Unit<'_>, id: RepositoryId) -> Result<bool> {
    let lock = sqlx::query("UPDATE repositories SET updated_at = updated_at WHERE id = $1 AND registry_id <> 0")
        .bind(id.get());
    Ok(lock.execute(&mut **u).await.op("lock a repository")?.rows_affected() > 0)
}

/// Locks a repository by id, so that it is not deleted while something is added to it.
///
/// # Errors
/// `Stale` when it does not exist, also if it was deleted and only its content is still there.
pub(super) async fn hold(u: &mut Unit<'_>, id: RepositoryId) -> Result<()> {
    if lock_as_is(u, id).await? { Ok(()) } else { Err(Error::Stale(Thing::Repository)) }
}

async fn show(u: &mut Unit<'_>, id: RepositoryId, public: bool) -> Result<bool> {
    let update = sqlx::query(
        "UPDATE repositories SET public = $1, updated_at = $2 WHERE id = $3 AND registry_id <> 0 \
         RETURNING registry_id, name",
    );
    let update = update.bind(i64::from(public)).bind(u.now().as_millis()).bind(id.get());
    let row = update.fetch_optional(&mut **u).await.op("set the visibility of a repository")?;
    let Some(row) = row else { return Ok(false) };
    let RegistryAndName { registry, name } = place(&row)?;
    u.changed(Scope::Repository(registry, name));
    Ok(true)
}

pub(super) fn repository(row: &AnyRow) -> Result<Repository> {
    Ok(Repository {
        id: RepositoryId::new(get(row, "id")?),
        registry: RegistryId::new(get(row, "registry_id")?),
        namespace: NamespaceId::new(get(row, "namespace_id")?),
        name: parse(row, "repositories", "name")?,
        public: get::<i64>(row, "public")? == 1,
        created_at: time(row, "created_at")?,
        updated_at: time(row, "updated_at")?,
    })
}
