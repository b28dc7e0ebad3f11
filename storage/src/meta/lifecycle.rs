//! Rules that keep tags and delete the others.

use sqlx::any::AnyRow;

use super::Act;
use super::MetaStore;
use super::repositories;
use super::row::{get, size, size_column, time};
use super::sql::{SqlResult as _, stale};
use super::unit::{Outcome, Unit, unit};
use crate::{Error, Result};
use roadstead_types::{AccountId, RegistryId, RepositoryId, Thing, Timestamp};

/// The kind of a rule.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum LifecycleKind {
    /// Keeps the tags that were pushed in the last days.
    KeepLastDays,
    /// Keeps the last so many tags.
    KeepLastNums,
}

impl LifecycleKind {
    /// Returns its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::KeepLastDays => "keep_last_days",
            Self::KeepLastNums => "keep_last_nums",
        }
    }

    /// Returns the kind with this name.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::KeepLastDays, Self::KeepLastNums].into_iter().find(|kind| kind.as_str() == text)
    }
}

/// A rule.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LifecycleRule {
    /// Its kind.
    pub kind: LifecycleKind,
    /// The number of days or tags.
    pub value: u64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// The repositories that rules apply to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LifecycleScope {
    /// One repository. It has at most one rule of each kind.
    Repository(RepositoryId),
    /// All repositories of a main account in a registry. They have at most one rule.
    Owner(RegistryId, AccountId),
}

impl MetaStore {
    /// Sets the rule of this kind for a repository, or the rule of an account.
    ///
    /// # Errors
    /// `Stale` when the repository or the account does not exist.
    pub async fn set_lifecycle_rule(
        &self,
        act: &Act,
        scope: LifecycleScope,
        kind: LifecycleKind,
        value: u64,
    ) -> Result<()> {
        unit!(self.unit(act, "set a lifecycle rule"), |u| set(u, scope, kind, value).await.map(Outcome::Done))
    }

    /// Returns the rules in the order of their kinds.
    pub async fn lifecycle_rules(&self, scope: LifecycleScope) -> Result<Vec<LifecycleRule>> {
        let query = match scope {
            LifecycleScope::Repository(id) => sqlx::query(
                "SELECT kind, value, created_at, updated_at FROM cleanup_rules WHERE repository_id = $1 \
                 ORDER BY kind LIMIT 10",
            )
            .bind(id.get()),
            LifecycleScope::Owner(registry, owner) => sqlx::query(
                "SELECT kind, value, created_at, updated_at FROM cleanup_rules WHERE owner_id = $1 \
                 AND registry_id = $2 AND repository_id IS NULL LIMIT 10",
            )
            .bind(owner.get())
            .bind(registry.get()),
        };
        query.fetch_all(self.reader()).await.op("list lifecycle rules")?.iter().map(rule).collect()
    }

    /// Deletes the rules; false when there were none.
    pub async fn delete_lifecycle_rules(&self, act: &Act, scope: LifecycleScope) -> Result<bool> {
        unit!(self.unit(act, "delete lifecycle rules"), |u| delete(u, scope).await.map(Outcome::of))
    }
}

async fn set(u: &mut Unit<'_>, scope: LifecycleScope, kind: LifecycleKind, value: u64) -> Result<()> {
    let now = u.now();
    let upsert = match scope {
        LifecycleScope::Repository(id) => {
            repositories::hold(u, id).await?;
            sqlx::query(
                "INSERT INTO cleanup_rules (registry_id, owner_id, repository_id, kind, value, created_at, updated_at) \
                 SELECT r.registry_id, n.owner_id, r.id, $2, $3, $4, $4 FROM repositories r \
                 JOIN namespaces n ON n.id = r.namespace_id WHERE r.id = $1 \
                 ON CONFLICT (repository_id, kind) WHERE repository_id IS NOT NULL \
                 DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at",
            )
            .bind(id.get())
        }
        LifecycleScope::Owner(_, owner) => sqlx::query(
            "INSERT INTO cleanup_rules (registry_id, owner_id, repository_id, kind, value, created_at, updated_at) \
             VALUES ($5, $1, NULL, $2, $3, $4, $4) ON CONFLICT (owner_id, registry_id) WHERE repository_id IS NULL \
             DO UPDATE SET kind = excluded.kind, value = excluded.value, updated_at = excluded.updated_at",
        )
        .bind(owner.get()),
    };
    let mut upsert = upsert.bind(kind.as_str()).bind(size_column(value)?).bind(now.as_millis());
    if let LifecycleScope::Owner(registry, _) = scope {
        upsert = upsert.bind(registry.get());
    }
    upsert.execute(&mut **u).await.op("set a lifecycle rule").map_err(stale(Thing::Account))?;
    Ok(())
}

async fn delete(u: &mut Unit<'_>, scope: LifecycleScope) -> Result<bool> {
    let query = match scope {
        LifecycleScope::Repository(id) => {
            sqlx::query("DELETE FROM cleanup_rules WHERE repository_id = $1").bind(id.get())
        }
        LifecycleScope::Owner(registry, owner) => {
            sqlx::query("DELETE FROM cleanup_rules WHERE owner_id = $1 AND registry_id = $2 AND repository_id IS NULL")
                .bind(owner.get())
                .bind(registry.get())
        }
    };
    Ok(query.execute(&mut **u).await.op("delete lifecycle rules")?.rows_affected() > 0)
}

fn rule(row: &AnyRow) -> Result<LifecycleRule> {
    let text: &str = get(row, "kind")?;
    let kind = LifecycleKind::parse(text).ok_or_else(|| Error::Corrupt {
        table: "cleanup_rules",
        column: "kind",
        value: text.to_owned(),
    })?;
    Ok(LifecycleRule {
        kind,
        value: size(row, "cleanup_rules", "value")?,
        created_at: time(row, "created_at")?,
        updated_at: time(row, "updated_at")?,
    })
}
