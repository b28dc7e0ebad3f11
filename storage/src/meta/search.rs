//! Searches: parts of names, filters, an order, and pages by offset with the number of all results.

use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use super::MetaStore;
use super::namespaces::{self, namespace};
use super::personal::{Among, NamespaceDetail, NamespaceSearch, Order, RepositoryDetail, RepositorySearch};
use super::repositories::repository;
use super::row::{get, size};
use super::sql::{SqlResult as _, is_storable};
use super::statement::{Statement, containing};
use crate::Result;
use roadstead_types::{AccountId, Listing, NamespaceSight, RegistryId, RepositoryName, Sight};

/// The longest name. A longer part is in no name.
const MAX_NAME: usize = 255;

/// The details of a repository `r`. The viewer is the first value of the statement.
const DETAIL: &str = "SELECT r.id, r.registry_id, r.namespace_id, r.name, r.public, r.created_at, r.updated_at, \
     r.description, r.creator_uin, r.pull_count, \
     (SELECT s.owner_id FROM namespaces s WHERE s.id = r.namespace_id) AS owner_id, \
     (SELECT COUNT(*) FROM tags t WHERE t.repository_id = r.id) AS tag_count, \
     (SELECT COUNT(*) FROM favorites c WHERE c.repository_id = r.id) AS favorite_count, \
     (SELECT COUNT(*) FROM favorites o WHERE o.account_id = $1 AND o.repository_id = r.id) AS is_favorite \
     FROM repositories r";

impl MetaStore {
    /// Returns repositories that match, with their details. The database counts everything.
    pub async fn search_repositories(&self, search: &RepositorySearch<'_>) -> Result<Listing<RepositoryDetail>> {
        let Some(part) = pattern(search.part) else { return Ok(Listing::empty()) };
        if !search.namespace.is_none_or(is_storable) {
            return Ok(Listing::empty());
        }
        let mut count = Statement::default();
        let matching = matching(&mut count, search, &part);
        let sql = format!("SELECT COUNT(*) AS total {matching} AND {}", shown(&mut count, search));
        let row = count.query(&sql).fetch_one(self.reader()).await.op("count repositories")?;
        let total = size(&row, "repositories", "total")?;
        if total <= search.window.offset || search.window.limit == 0 {
            return Ok(Listing { total, items: Vec::new() });
        }
        let mut page = Statement::default();
        page.value(search.viewer.get());
        let sql = page_of(&mut page, search, &part);
        let rows = page.query(&sql).fetch_all(self.reader()).await.op("search repositories")?;
        Ok(Listing { total, items: rows.iter().map(detail).collect::<Result<_>>()? })
    }

    /// Returns one repository with its details for `viewer`, if it is public or belongs to `owner`.
    pub async fn repository_detail(
        &self,
        registry: RegistryId,
        name: &RepositoryName,
        owner: AccountId,
        viewer: AccountId,
    ) -> Result<Option<RepositoryDetail>> {
        let sql = format!(
            "{DETAIL} WHERE r.registry_id = $2 AND r.name = $3 AND (r.public = 1 OR EXISTS \
             (SELECT 1 FROM namespaces n WHERE n.id = r.namespace_id AND n.owner_id = $4))"
        );
        let query = sqlx::query(AssertSqlSafe(sql)).bind(viewer.get()).bind(registry.get()).bind(name.as_str());
        let row = query.bind(owner.get()).fetch_optional(self.reader()).await.op("read a repository")?;
        row.as_ref().map(detail).transpose()
    }

    /// Returns matching namespaces of a main account, the youngest first.
    pub async fn search_namespaces(&self, search: &NamespaceSearch<'_>) -> Result<Listing<NamespaceDetail>> {
        let NamespaceSearch { registry, owner, part, sight, window } = *search;
        let Some(part) = pattern(part) else { return Ok(Listing::empty()) };
        let matching = |statement: &mut Statement| {
            let (owner, registry) = (statement.value(owner.get()), statement.value(registry.get()));
            let (part, seen) = (statement.text(&part), statement.seen_namespace(sight));
            format!(
                "FROM namespaces n WHERE n.owner_id = {owner} AND n.registry_id = {registry} \
                 AND n.name LIKE {part} ESCAPE '!' AND {seen}"
            )
        };
        let mut count = Statement::default();
        let sql = format!("SELECT COUNT(*) AS total {}", matching(&mut count));
        let total = count.query(&sql).fetch_one(self.reader()).await.op("count namespaces")?;
        let mut page = Statement::default();
        let counted = page.seen("r", &sight.content);
        let matching = matching(&mut page);
        let window = page.window(window);
        let sql = format!(
            "SELECT n.id, n.registry_id, n.name, n.owner_id, n.created_at, \
             (SELECT COUNT(*) FROM repositories r WHERE r.namespace_id = n.id AND {counted}) AS repository_count \
             {matching} ORDER BY n.created_at DESC, n.id DESC {window}"
        );
        let rows = page.query(&sql).fetch_all(self.reader()).await.op("search namespaces")?;
        let list = rows.iter().map(|row| {
            let repository_count = size(row, "namespaces", "repository_count")?;
            Ok(NamespaceDetail { namespace: namespace(row)?, repository_count })
        });
        Ok(Listing { total: size(&total, "namespaces", "total")?, items: list.collect::<Result<_>>()? })
    }

    /// Tells whether a main account has a namespace of this name that the caller sees.
    pub async fn sees_namespace(
        &self,
        registry: RegistryId,
        owner: AccountId,
        name: &str,
        sight: &NamespaceSight,
    ) -> Result<bool> {
        if !is_storable(name) {
            return Ok(false);
        }
        let mut statement = Statement::default();
        let (registry, owner) = (statement.value(registry.get()), statement.value(owner.get()));
        let (name, seen) = (statement.text(name), statement.seen_namespace(sight));
        let sql = format!(
            "SELECT n.id FROM namespaces n WHERE n.registry_id = {registry} AND n.owner_id = {owner} \
             AND n.name = {name} AND {seen}"
        );
        Ok(statement.query(&sql).fetch_optional(self.reader()).await.op("read a namespace")?.is_some())
    }
}

/// Returns the pattern of names that contain `part`; `None` when no name can contain it.
fn pattern(part: &str) -> Option<String> {
    if part.len() > MAX_NAME { None } else { containing(part) }
}

/// Returns `FROM ... WHERE ...`, which selects the matching repositories `r`.
fn matching(statement: &mut Statement, search: &RepositorySearch<'_>, part: &str) -> String {
    let registry = statement.value(search.registry.get());
    let mut sql = match search.among {
        Among::Own(owner) => {
            let owner = statement.value(owner.get());
            format!(
                "FROM namespaces n CROSS JOIN repositories r \
                 WHERE n.owner_id = {owner} AND n.registry_id = {registry} AND r.namespace_id = n.id"
            )
        }
        Among::Accessible(owner) => {
            let owner = statement.value(owner.get());
            format!(
                "FROM repositories r WHERE r.id IN \
                 (SELECT p.id FROM repositories p WHERE p.registry_id = {registry} AND p.public = 1 \
                 UNION SELECT i.id FROM namespaces n CROSS JOIN repositories i \
                 WHERE n.owner_id = {owner} AND n.registry_id = {registry} AND i.namespace_id = n.id)"
            )
        }
        Among::Favorites { account, owner } => {
            let (account, owner) = (statement.value(account.get()), statement.value(owner.get()));
            format!(
                "FROM favorites f CROSS JOIN repositories r WHERE f.account_id = {account} \
                 AND r.id = f.repository_id AND r.registry_id = {registry} AND (r.public = 1 OR EXISTS \
                 (SELECT 1 FROM namespaces n WHERE n.id = r.namespace_id AND n.owner_id = {owner}))"
            )
        }
    };
    if part != "%%" {
        sql.push_str(&format!(" AND r.name LIKE {} ESCAPE '!'", statement.text(part)));
    }
    if let Some(namespace) = search.namespace {
        let name = statement.text(namespace);
        sql.push_str(&format!(
            " AND r.namespace_id = (SELECT w.id FROM namespaces w WHERE w.registry_id = {registry} AND w.name = {name})"
        ));
    }
    if let Some(public) = search.public {
        sql.push_str(&format!(" AND r.public = {}", statement.value(i64::from(public))));
    }
    sql
}

/// Returns the condition for a visible repository `r`: the caller sees it, or it belongs to another main account.
fn shown(statement: &mut Statement, search: &RepositorySearch<'_>) -> String {
    let seen = statement.seen("r", search.sight);
    match search.among {
        _ if *search.sight == Sight::EVERYTHING => seen,
        Among::Own(_) => seen,
        Among::Accessible(owner) | Among::Favorites { owner, .. } => {
            let (owner, registry) = (statement.value(owner.get()), statement.value(search.registry.get()));
            format!(
                "({seen} OR r.namespace_id NOT IN \
                 (SELECT o.id FROM namespaces o WHERE o.owner_id = {owner} AND o.registry_id = {registry}))"
            )
        }
    }
}

/// Returns the statement for one page: the ids in their order, and then their details.
fn page_of(statement: &mut Statement, search: &RepositorySearch<'_>, part: &str) -> String {
    let matching = matching(statement, search, part);
    let shown = shown(statement, search);
    let (key, way) = match (search.order, search.among) {
        (Order::Newest, Among::Favorites { .. }) => ("f.created_at", "DESC"),
        (Order::Oldest, Among::Favorites { .. }) => ("f.created_at", "ASC"),
        (Order::Newest, _) => ("r.created_at", "DESC"),
        (Order::Oldest, _) => ("r.created_at", "ASC"),
        (Order::MostPulled, _) => ("r.pull_count", "DESC"),
        (Order::LeastPulled, _) => ("r.pull_count", "ASC"),
    };
    let window = statement.window(search.window);
    format!(
        "{DETAIL} JOIN (SELECT r.id AS id, {key} AS place {matching} AND {shown} \
         ORDER BY place {way}, id {way} {window}) page ON page.id = r.id \
         ORDER BY page.place {way}, page.id {way}"
    )
}

fn detail(row: &AnyRow) -> Result<RepositoryDetail> {
    Ok(RepositoryDetail {
        repository: repository(row)?,
        owner: namespaces::owner(row)?,
        description: get(row, "description")?,
        creator: get(row, "creator_uin")?,
        pull_count: size(row, "repositories", "pull_count")?,
        tag_count: size(row, "repositories", "tag_count")?,
        favorite_count: size(row, "repositories", "favorite_count")?,
        is_favorite: get::<i64>(row, "is_favorite")? > 0,
    })
}
