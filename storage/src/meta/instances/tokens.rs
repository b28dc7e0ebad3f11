//! Long-term passwords for docker, each valid in one instance.

use sqlx::any::AnyRow;

use super::super::row::{get, time};
use super::super::sql::{SqlResult as _, conflict, is_storable, stale};
use super::super::statement::place;
use super::super::unit::{Outcome, Unit, unit};
use super::super::{Act, Scope};
use super::{InstanceToken, MetaStore, NewInstanceToken, flag, lock_running};
use crate::{Error, Result};
use roadstead_types::{AccountId, Counted, Listing, RegistryId, Thing, Window};

macro_rules! select_tokens {
    ($rest:literal) => {
        concat!(
            "SELECT id, token_id, registry_id, account_id, credential_version, token_hash, description, enabled, \
             created_at, expires_at FROM instance_tokens ",
            $rest
        )
    };
}

impl MetaStore {
    /// Stores a token if the instance has fewer than `limit`, and returns the number of its row.
    ///
    /// # Errors
    /// `Conflict` when the id is taken, `LimitReached`, `Stale` when the instance or the account has gone.
    pub async fn insert_instance_token(&self, act: &Act, new: &NewInstanceToken<'_>, limit: u64) -> Result<i64> {
        unit!(self.unit(act, "store an instance token"), |u| insert(u, new, limit).await.map(Outcome::Done))
    }

    /// Returns the token with this public id.
    pub async fn instance_token(&self, id: &str) -> Result<Option<InstanceToken>> {
        if !is_storable(id) {
            return Ok(None);
        }
        let row = sqlx::query(select_tokens!("WHERE token_id = $1")).bind(id).fetch_optional(self.reader()).await;
        row.op("read an instance token")?.as_ref().map(token).transpose()
    }

    /// Returns the token in this row.
    pub async fn instance_token_row(&self, row: i64) -> Result<Option<InstanceToken>> {
        let row = sqlx::query(select_tokens!("WHERE id = $1")).bind(row).fetch_optional(self.reader()).await;
        row.op("read an instance token")?.as_ref().map(token).transpose()
    }

    /// Returns a page of the tokens of an instance in the order in which they were made, and the number of all of
    /// them.
    pub async fn list_instance_tokens(&self, registry: RegistryId, window: Window) -> Result<Listing<InstanceToken>> {
        let count = sqlx::query_scalar("SELECT COUNT(*) FROM instance_tokens WHERE registry_id = $1");
        let count: i64 = count.bind(registry.get()).fetch_one(self.reader()).await.op("count instance tokens")?;
        let page = sqlx::query(select_tokens!("WHERE registry_id = $1 ORDER BY id LIMIT $2 OFFSET $3"));
        let page = page.bind(registry.get()).bind(i64::from(window.limit)).bind(place(window.offset));
        let page = page.fetch_all(self.reader()).await.op("list instance tokens")?;
        let items = page.iter().map(token).collect::<Result<_>>()?;
        Ok(Listing { total: u64::try_from(count).unwrap_or(0), items })
    }

    /// Enables or disables a token of an instance, or changes its description; `None` leaves a value as it is. False
    /// when the token does not exist.
    pub async fn modify_instance_token(
        &self,
        act: &Act,
        registry: RegistryId,
        id: &str,
        enabled: Option<bool>,
        description: Option<&str>,
    ) -> Result<bool> {
        if !is_storable(id) {
            return Ok(false);
        }
        unit!(self.unit(act, "modify an instance token"), |u| modify(u, registry, id, enabled, description)
            .await
            .map(Outcome::of))
    }

    /// Deletes a token of an instance. False when it does not exist.
    pub async fn delete_instance_token(&self, act: &Act, registry: RegistryId, id: &str) -> Result<bool> {
        if !is_storable(id) {
            return Ok(false);
        }
        unit!(self.unit(act, "delete an instance token"), |u| delete(u, registry, id).await.map(Outcome::of))
    }
}

async fn insert(u: &mut Unit<'_>, new: &NewInstanceToken<'_>, limit: u64) -> Result<i64> {
    let now = u.now();
    // This lock also serves for the count of tokens.
    lock_running(u, new.registry).await?;
    let count = sqlx::query_scalar("SELECT COUNT(*) FROM instance_tokens WHERE registry_id = $1");
    let count: i64 = count.bind(new.registry.get()).fetch_one(&mut **u).await.op("count instance tokens")?;
    if u64::try_from(count).unwrap_or(0) >= limit {
        return Err(Error::LimitReached { what: Counted::InstanceTokens, limit });
    }
    let insert = sqlx::query_scalar(
        "INSERT INTO instance_tokens (token_id, registry_id, account_id, credential_version, token_hash, description, \
         enabled, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, 1, $7, $8) RETURNING id",
    );
    let insert = insert
        .bind(new.id)
        .bind(new.registry.get())
        .bind(new.account.get())
        .bind(new.credential_version)
        .bind(new.hash)
        .bind(new.description)
        .bind(now.as_millis())
        .bind(new.expires_at.as_millis());
    let row = insert.fetch_one(&mut **u).await.op("store an instance token");
    row.map_err(conflict(Thing::InstanceToken)).map_err(stale(Thing::Account))
}

async fn modify(
    u: &mut Unit<'_>,
    registry: RegistryId,
    id: &str,
    enabled: Option<bool>,
    description: Option<&str>,
) -> Result<bool> {
    let update = sqlx::query(
        "UPDATE instance_tokens SET enabled = COALESCE($3, enabled), description = COALESCE($4, description) \
         WHERE token_id = $2 AND registry_id = $1",
    );
    let update = update.bind(registry.get()).bind(id).bind(enabled.map(i64::from)).bind(description);
    let there = update.execute(&mut **u).await.op("modify an instance token")?.rows_affected() > 0;
    if there {
        u.changed(Scope::Registry(registry));
    }
    Ok(there)
}

async fn delete(u: &mut Unit<'_>, registry: RegistryId, id: &str) -> Result<bool> {
    let delete = sqlx::query("DELETE FROM instance_tokens WHERE token_id = $2 AND registry_id = $1");
    let there = delete.bind(registry.get()).bind(id).execute(&mut **u).await;
    let there = there.op("delete an instance token")?.rows_affected() > 0;
    if there {
        u.changed(Scope::Registry(registry));
    }
    Ok(there)
}

fn token(row: &AnyRow) -> Result<InstanceToken> {
    Ok(InstanceToken {
        row: get(row, "id")?,
        id: get(row, "token_id")?,
        registry: RegistryId::new(get(row, "registry_id")?),
        account: AccountId::new(get(row, "account_id")?),
        credential_version: get(row, "credential_version")?,
        hash: get(row, "token_hash")?,
        description: get(row, "description")?,
        enabled: flag(row, "enabled")?,
        created_at: time(row, "created_at")?,
        expires_at: time(row, "expires_at")?,
    })
}
