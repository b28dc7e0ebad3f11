//! Counts the pulls from repositories.

use sqlx::AssertSqlSafe;

use super::MetaStore;
use super::sql::{SqlResult as _, lists};
use super::unit::{Outcome, Unit, unit};
use crate::Result;
use roadstead_types::{RepositoryId, Timestamp};

impl MetaStore {
    /// Adds to the counts of repositories, all of them or none. Repositories that have gone are skipped.
    pub async fn add_pulls(&self, pulls: &[(RepositoryId, u64)], now: Timestamp) -> Result<()> {
        if pulls.is_empty() {
            return Ok(());
        }
        // Rows are locked in the order of their ids.
        let mut pulls = pulls.to_vec();
        pulls.sort_unstable();
        unit!(self.upkeep(now, "count pulls"), |u| add(u, &pulls).await.map(Outcome::Done))
    }
}

async fn add(u: &mut Unit<'_>, pulls: &[(RepositoryId, u64)]) -> Result<()> {
    for list in lists(pulls) {
        let cases: Vec<String> = (0..list.len()).map(|n| format!("WHEN ${} THEN ${}", 2 * n + 1, 2 * n + 2)).collect();
        let ids: Vec<String> = (0..list.len()).map(|n| format!("${}", 2 * n + 1)).collect();
        let sql = format!(
            "UPDATE repositories SET pull_count = pull_count + CASE id {} ELSE 0 END WHERE id IN ({})",
            cases.join(" "),
            ids.join(", ")
        );
        let query = list.iter().fold(sqlx::query(AssertSqlSafe(sql)), |query, &(id, count)| {
            query.bind(id.get()).bind(i64::try_from(count).unwrap_or(i64::MAX))
        });
        query.execute(&mut **u).await.op("count pulls")?;
    }
    Ok(())
}
