//! Refresh tokens. Each is exchanged for its successor, and ends when the successor is used.

use sqlx::any::AnyRow;

use super::MetaStore;
use super::model::{NewRefreshToken, RefreshToken, Rotation};
use super::row::{get, optional_time, time};
use super::sql::{SqlResult as _, stale};
use super::unit::{Outcome, Unit, unit};
use crate::Result;
use roadstead_types::{AccountId, RegistryId, Thing, Timestamp};

impl MetaStore {
    /// Stores a refresh token.
    pub async fn insert_refresh_token(&self, new: &NewRefreshToken<'_>, now: Timestamp) -> Result<()> {
        unit!(self.upkeep(now, "store a refresh token"), |u| insert(u, new, new.family, 0).await.map(Outcome::Done))
    }

    /// Returns the refresh token with this hash, in any state.
    pub async fn refresh_token(&self, hash: &[u8]) -> Result<Option<RefreshToken>> {
        let query = sqlx::query(
            "SELECT family, registry_id, account_id, service, client_id, issued_at, expires_at, credential_version, \
             used_at, revoked_at FROM refresh_tokens WHERE token_hash = $1",
        );
        let row = query.bind(hash).fetch_optional(self.reader()).await;
        row.op("read a refresh token")?.as_ref().map(refresh_token).transpose()
    }

    /// Exchanges a refresh token for `new`, its successor, which joins its family whatever `new.family` says. A
    /// second exchange for the same successor has the same result. All older tokens of the family end.
    pub async fn rotate_refresh_token(
        &self,
        old_hash: &[u8],
        new: &NewRefreshToken<'_>,
        now: Timestamp,
    ) -> Result<Rotation> {
        unit!(self.upkeep(now, "rotate a refresh token"), |u| rotate(u, old_hash, new).await.map(Outcome::Done))
    }

    /// Deletes expired refresh tokens.
    pub async fn delete_expired_refresh_tokens(&self, now: Timestamp) -> Result<u64> {
        let delete = sqlx::query("DELETE FROM refresh_tokens WHERE expires_at <= $1").bind(now.as_millis());
        Ok(delete.execute(self.writer()).await.op("delete refresh tokens")?.rows_affected())
    }
}

/// Revokes the refresh tokens of an account.
pub(super) async fn revoke_all(u: &mut Unit<'_>, account: AccountId) -> Result<()> {
    let now = u.now();
    let revoke = sqlx::query("UPDATE refresh_tokens SET revoked_at = $1 WHERE account_id = $2 AND revoked_at IS NULL");
    revoke.bind(now.as_millis()).bind(account.get()).execute(&mut **u).await.op("revoke refresh tokens")?;
    Ok(())
}

/// Stores a token, unless it is stored already: repeated exchanges have the same successor.
async fn insert(u: &mut Unit<'_>, new: &NewRefreshToken<'_>, family: &str, generation: i64) -> Result<()> {
    let now = u.now();
    let insert = sqlx::query(
        "INSERT INTO refresh_tokens (token_hash, family, registry_id, account_id, service, client_id, issued_at, \
         expires_at, credential_version, generation) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
         ON CONFLICT (token_hash) DO UPDATE SET expires_at = excluded.expires_at \
         WHERE refresh_tokens.family = excluded.family",
    );
    let insert = insert
        .bind(new.hash)
        .bind(family)
        .bind(new.registry.get())
        .bind(new.account.get())
        .bind(new.service)
        .bind(new.client_id)
        .bind(now.as_millis())
        .bind(new.expires_at.as_millis())
        .bind(new.credential_version)
        .bind(generation);
    insert.execute(&mut **u).await.op("store a refresh token").map_err(stale(Thing::Account))?;
    Ok(())
}

async fn rotate(u: &mut Unit<'_>, old_hash: &[u8], new: &NewRefreshToken<'_>) -> Result<Rotation> {
    let now = u.now();
    // Of two exchanges in one family the second must see the first. Otherwise a successor that is stored while the
    // family is being revoked would survive. The row of the account serves as their lock.
    let lock = sqlx::query(
        "UPDATE accounts SET credential_version = credential_version \
         WHERE id = (SELECT account_id FROM refresh_tokens WHERE token_hash = $1)",
    );
    lock.bind(old_hash).execute(&mut **u).await.op("lock an account")?;
    let good = sqlx::query(
        "SELECT family, generation FROM refresh_tokens \
         WHERE token_hash = $1 AND used_at IS NULL AND revoked_at IS NULL AND expires_at > $2",
    );
    let good = good.bind(old_hash).bind(now.as_millis()).fetch_optional(&mut **u).await.op("use a refresh token")?;
    if let Some(row) = good {
        let (family, generation): (String, i64) = (get(&row, "family")?, get(&row, "generation")?);
        let end = sqlx::query(
            "UPDATE refresh_tokens SET used_at = $1 WHERE family = $2 AND generation < $3 AND used_at IS NULL",
        );
        let ended = end.bind(now.as_millis()).bind(&family).bind(generation).execute(&mut **u).await;
        ended.op("end the refresh tokens before")?;
        insert(u, new, &family, generation + 1).await?;
        return Ok(Rotation::Rotated);
    }
    let used = sqlx::query_scalar("SELECT family FROM refresh_tokens WHERE token_hash = $1 AND used_at IS NOT NULL");
    let used: Option<String> = used.bind(old_hash).fetch_optional(&mut **u).await.op("read a refresh token")?;
    let Some(family) = used else { return Ok(Rotation::Unknown) };
    let revoke = sqlx::query("UPDATE refresh_tokens SET revoked_at = $1 WHERE family = $2 AND revoked_at IS NULL");
    revoke.bind(now.as_millis()).bind(family).execute(&mut **u).await.op("revoke a family of refresh tokens")?;
    Ok(Rotation::Reused)
}

fn refresh_token(row: &AnyRow) -> Result<RefreshToken> {
    Ok(RefreshToken {
        family: get(row, "family")?,
        registry: RegistryId::new(get(row, "registry_id")?),
        account: AccountId::new(get(row, "account_id")?),
        service: get(row, "service")?,
        client_id: get(row, "client_id")?,
        issued_at: time(row, "issued_at")?,
        expires_at: time(row, "expires_at")?,
        credential_version: get(row, "credential_version")?,
        used_at: optional_time(row, "used_at")?,
        revoked_at: optional_time(row, "revoked_at")?,
    })
}
