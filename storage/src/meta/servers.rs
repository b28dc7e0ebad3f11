//! The serving processes, and how far each has read the log of changes. Commands wait for them.
//!
//! These rows need not survive a loss of power, because no server survives it either.

use super::MetaStore;
use super::row::size;
use super::sql::SqlResult as _;
use crate::Result;
use roadstead_types::Timestamp;

impl MetaStore {
    /// Saves that this process serves until `alive_until` at least, and has handled every change up to the number
    /// `seen`.
    pub async fn confirm_changes(&self, seen: i64, alive_until: Timestamp) -> Result<()> {
        let upsert = sqlx::query(
            "INSERT INTO servers (id, seen, alive_until) VALUES ($1, $2, $3) \
             ON CONFLICT (id) DO UPDATE SET seen = excluded.seen, alive_until = excluded.alive_until",
        );
        let upsert = upsert.bind(self.process()).bind(seen).bind(alive_until.as_millis());
        upsert.execute(self.writer()).await.op("confirm changes")?;
        Ok(())
    }

    /// Removes this process from the serving ones.
    pub async fn stop_serving(&self) -> Result<()> {
        let delete = sqlx::query("DELETE FROM servers WHERE id = $1").bind(self.process());
        delete.execute(self.writer()).await.op("stop serving")?;
        Ok(())
    }

    /// Removes all processes. For the start of a process that knows to be the only one.
    pub async fn forget_servers(&self) -> Result<()> {
        sqlx::query("DELETE FROM servers").execute(self.writer()).await.op("forget servers")?;
        Ok(())
    }

    /// Counts the processes that serve at `now` and have not handled the change with this number.
    pub async fn servers_behind(&self, number: i64, now: Timestamp) -> Result<u64> {
        let query = sqlx::query("SELECT COUNT(*) AS behind FROM servers WHERE alive_until > $1 AND seen < $2");
        let row = query.bind(now.as_millis()).bind(number).fetch_one(self.reader()).await;
        size(&row.op("look for servers")?, "servers", "behind")
    }
}
