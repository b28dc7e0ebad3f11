//! Searches: parts of names, filters, an order, and pages by offset with the number of all that was found.

use sqlx::any::{AnyArguments, AnyRow};
use sqlx::query::Query;
use sqlx::{Any, AssertSqlSafe};

use super::MetaStore;
use super::namespaces::{self, namespace};
use super::personal::{Among, Found, NamespaceDetail, NamespaceSearch, Order, RepositoryDetail, RepositorySearch};
use super::repositories::repository;
use super::row::{get, parse, size};
use super::sql::{SqlResult as _, but, is_storable};
use crate::Result;
use roadstead_types::{AccountId, NamespaceId, RegistryId, RepositoryId, RepositoryName};

/// No name is longer: a longer part is a part of none.
const MAX_NAME: usize = 255;

/// What is told of a repository `r`; who asks is the first value of the statement.
const DETAIL: &str = "SELECT r.id, r.registry_id, r.namespace_id, r.name, r.public, r.created_at, r.updated_at, \
     r.description, r.creator_uin, r.pull_count, \
     (SELECT s.owner_id FROM namespaces s WHERE s.id = r.namespace_id) AS owner_id, \
     (SELECT COUNT(*) FROM tags t WHERE t.repository_id = r.id) AS tag_count, \
     (SELECT COUNT(*) FROM favorites c WHERE c.repository_id = r.id) AS favorite_count, \
     (SELECT COUNT(*) FROM favorites o WHERE o.account_id = $1 AND o.repository_id = r.id) AS is_favorite \
     FROM repositories r";

impl MetaStore {
    /// Repositories that fit, with all that is told of them. Everything is counted by the database.
    pub async fn search_repositories(&self, search: &RepositorySearch<'_>) -> Result<Found<RepositoryDetail>> {
        let Some(part) = pattern(search.part) else { return Ok(Found::nothing()) };
        if !search.namespace.is_none_or(is_storable) {
            return Ok(Found::nothing());
        }
        let mut count = Statement::default();
        let matching = matching(&mut count, search, &part);
        let sql = format!("SELECT COUNT(*) AS total {matching}");
        let row = count.query(&sql).fetch_one(self.reader()).await.op("count repositories")?;
        let total = size(&row, "repositories", "total")?;
        if total <= search.offset || search.limit == 0 {
            return Ok(Found { total, list: Vec::new() });
        }
        let mut page = Statement::default();
        page.value(search.viewer.get());
        let sql = page_of(&mut page, search, &part);
        let rows = page.query(&sql).fetch_all(self.reader()).await.op("search repositories")?;
        Ok(Found { total, list: rows.iter().map(detail).collect::<Result<_>>()? })
    }

    /// One repository with all that is told of it to `viewer`, if it is one of `owner` or a public one.
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

    /// The repositories of a namespace in the byte order of their names, after `after`: what a policy is asked about.
    pub async fn repositories_of(
        &self,
        namespace: NamespaceId,
        after: Option<&RepositoryName>,
        limit: u32,
    ) -> Result<Vec<(RepositoryId, RepositoryName)>> {
        let query = sqlx::query(
            "SELECT id, name FROM repositories WHERE namespace_id = $1 AND name > $2 ORDER BY name LIMIT $3",
        );
        let query = query.bind(namespace.get()).bind(after.map_or("", RepositoryName::as_str));
        let rows = query.bind(i64::from(limit)).fetch_all(self.reader()).await.op("list repositories")?;
        rows.iter().map(|row| Ok((RepositoryId::new(get(row, "id")?), parse(row, "repositories", "name")?))).collect()
    }

    /// Namespaces of a main account that fit, the youngest first.
    pub async fn search_namespaces(&self, search: &NamespaceSearch<'_>) -> Result<Found<NamespaceDetail>> {
        let NamespaceSearch { registry, owner, part, hidden, hidden_repositories, offset, limit } = *search;
        let Some(part) = pattern(part) else { return Ok(Found::nothing()) };
        let (shown, counted) =
            (but("n.id", hidden.iter().map(|id| id.get())), but("r.id", hidden_repositories.iter().map(|id| id.get())));
        let matching = format!(
            "FROM namespaces n WHERE n.owner_id = $1 AND n.registry_id = $2 AND n.name LIKE $3 ESCAPE '!'{shown}"
        );
        let count = sqlx::query(AssertSqlSafe(format!("SELECT COUNT(*) AS total {matching}")));
        let count = count.persistent(hidden.is_empty()).bind(owner.get()).bind(registry.get()).bind(&part);
        let total = count.fetch_one(self.reader()).await.op("count namespaces")?;
        let page = sqlx::query(AssertSqlSafe(format!(
            "SELECT n.id, n.registry_id, n.name, n.owner_id, n.created_at, \
             (SELECT COUNT(*) FROM repositories r WHERE r.namespace_id = n.id{counted}) AS repository_count \
             {matching} ORDER BY n.created_at DESC, n.id DESC LIMIT $4 OFFSET $5"
        )));
        let page = page.persistent(hidden.is_empty() && hidden_repositories.is_empty());
        let page = page.bind(owner.get()).bind(registry.get()).bind(&part).bind(i64::from(limit)).bind(place(offset));
        let rows = page.fetch_all(self.reader()).await.op("search namespaces")?;
        let list = rows.iter().map(|row| {
            let repository_count = size(row, "namespaces", "repository_count")?;
            Ok(NamespaceDetail { namespace: namespace(row)?, repository_count })
        });
        Ok(Found { total: size(&total, "namespaces", "total")?, list: list.collect::<Result<_>>()? })
    }
}

/// A statement that is put together, and its values. A value may stand in it more than once, under its number.
#[derive(Default)]
struct Statement {
    values: Vec<Value>,
    /// Whether it is not worth remembering.
    once: bool,
}

enum Value {
    Number(i64),
    Text(String),
}

impl Statement {
    /// The placeholder of a number.
    fn value(&mut self, number: i64) -> String {
        self.values.push(Value::Number(number));
        format!("${}", self.values.len())
    }

    /// The placeholder of a text.
    fn text(&mut self, text: &str) -> String {
        self.values.push(Value::Text(text.to_owned()));
        format!("${}", self.values.len())
    }

    fn query<'q>(self, sql: &str) -> Query<'q, Any, AnyArguments> {
        let query = sqlx::query(AssertSqlSafe(sql.to_owned())).persistent(!self.once);
        self.values.into_iter().fold(query, |query, value| match value {
            Value::Number(number) => query.bind(number),
            Value::Text(text) => query.bind(text),
        })
    }
}

/// An offset as the database takes it: there are never more rows.
fn place(offset: u64) -> i64 {
    i64::try_from(offset).unwrap_or(i64::MAX)
}

/// The pattern of names with `part` in them. Names have no capital letters; `None` when no name can have this part.
fn pattern(part: &str) -> Option<String> {
    if part.len() > MAX_NAME || !is_storable(part) {
        return None;
    }
    let mut pattern = String::from("%");
    for c in part.chars().flat_map(char::to_lowercase) {
        if matches!(c, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(c);
    }
    pattern.push('%');
    Some(pattern)
}

/// `FROM ... WHERE ...`: the repositories `r` that fit.
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
    statement.once |= !search.hidden.is_empty();
    sql.push_str(&but("r.id", search.hidden.iter().map(|id| id.get())));
    sql
}

/// One page: the ids in their order, and then what is told of each.
fn page_of(statement: &mut Statement, search: &RepositorySearch<'_>, part: &str) -> String {
    let matching = matching(statement, search, part);
    let (key, way) = match (search.order, search.among) {
        (Order::Newest, Among::Favorites { .. }) => ("f.created_at", "DESC"),
        (Order::Oldest, Among::Favorites { .. }) => ("f.created_at", "ASC"),
        (Order::Newest, _) => ("r.created_at", "DESC"),
        (Order::Oldest, _) => ("r.created_at", "ASC"),
        (Order::MostPulled, _) => ("r.pull_count", "DESC"),
        (Order::LeastPulled, _) => ("r.pull_count", "ASC"),
    };
    let (limit, offset) = (statement.value(search.limit.into()), statement.value(place(search.offset)));
    format!(
        "{DETAIL} JOIN (SELECT r.id AS id, {key} AS place {matching} \
         ORDER BY place {way}, id {way} LIMIT {limit} OFFSET {offset}) page ON page.id = r.id \
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_stands_for_itself() {
        assert_eq!(pattern("").as_deref(), Some("%%"));
        assert_eq!(pattern("Team/A_b%!").as_deref(), Some("%team/a!_b!%!!%"));
        assert_eq!(pattern(&"x".repeat(256)), None);
        assert_eq!(pattern("a\0b"), None);
    }
}
