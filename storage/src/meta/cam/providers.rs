//! Identity providers, whose tokens let callers assume a role without a key.

use sqlx::any::AnyRow;

use super::model::{NewOidcProvider, OidcProvider};
use super::{leave_room, limits, lock_owner};
use crate::meta::MetaStore;
use crate::meta::row::{get, time};
use crate::meta::sql::{SqlResult as _, conflict, is_storable};
use crate::meta::unit::{Outcome, Unit, unit};
use crate::meta::{Act, Event, Scope};
use crate::{Error, Result};
use roadstead_types::{AccountId, Counted, ProviderId, Thing};

/// The columns of a provider, for [`provider`].
const BY_NAME: &str = "SELECT id, owner_id, name, url, keys, client_ids, description, version, created_at, updated_at \
     FROM cam_oidc_providers WHERE owner_id = $1 AND name = $2";

/// Tells whether a changed provider keeps everything that it was trusted with. Then its sessions go on.
pub type Keeps<'a> = &'a (dyn Fn(&OidcProvider) -> bool + Sync);

impl MetaStore {
    /// Makes an identity provider.
    ///
    /// # Errors
    /// `Conflict` when the name is taken, `LimitReached`, `Stale` when the owner is not a main account.
    pub async fn create_oidc_provider(&self, act: &Act, owner: AccountId, new: &NewOidcProvider<'_>) -> Result<()> {
        unit!(self.unit(act, "create an identity provider"), |u| insert(u, owner, new).await.map(Outcome::Done))
    }

    /// Returns the identity provider of `owner` with this name.
    pub async fn oidc_provider(&self, owner: AccountId, name: &str) -> Result<Option<OidcProvider>> {
        if !is_storable(name) {
            return Ok(None);
        }
        let query = sqlx::query(BY_NAME).bind(owner.get()).bind(name).fetch_optional(self.reader()).await;
        query.op("read an identity provider")?.as_ref().map(provider).transpose()
    }

    /// Replaces the settings of an identity provider. Its sessions end, unless `keeps`, called with the old settings,
    /// says that they may go on.
    ///
    /// # Errors
    /// `Stale` when `owner` has no such identity provider.
    pub async fn update_oidc_provider(
        &self,
        act: &Act,
        owner: AccountId,
        new: &NewOidcProvider<'_>,
        keeps: Keeps<'_>,
    ) -> Result<()> {
        unit!(self.unit(act, "change an identity provider"), |u| update(u, owner, new, keeps).await.map(Outcome::Done))
    }

    /// Deletes an identity provider. Its sessions end.
    ///
    /// # Errors
    /// `Stale` when `owner` has no such identity provider.
    pub async fn delete_oidc_provider(&self, act: &Act, owner: AccountId, name: &str) -> Result<()> {
        unit!(self.unit(act, "delete an identity provider"), |u| delete(u, owner, name).await.map(Outcome::Done))
    }
}

async fn insert(u: &mut Unit<'_>, owner: AccountId, new: &NewOidcProvider<'_>) -> Result<()> {
    let now = u.now();
    lock_owner(u, owner).await?;
    let count = "SELECT COUNT(*) FROM cam_oidc_providers WHERE owner_id = $1";
    leave_room(u, count, owner.get(), Counted::Providers, limits::PROVIDERS).await?;
    let insert = sqlx::query(
        "INSERT INTO cam_oidc_providers (owner_id, name, url, keys, client_ids, description, created_at, updated_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $7)",
    );
    let insert = insert.bind(owner.get()).bind(new.name).bind(new.url).bind(new.keys).bind(new.client_ids);
    let insert = insert.bind(new.description).bind(now.as_millis());
    insert.execute(&mut **u).await.op("create an identity provider").map_err(conflict(Thing::Provider))?;
    u.changed(Scope::Account(owner));
    u.happened(Event::PolicyChanged { owner, policies: Vec::new() });
    Ok(())
}

async fn require(u: &mut Unit<'_>, owner: AccountId, name: &str) -> Result<OidcProvider> {
    let found = sqlx::query(BY_NAME).bind(owner.get()).bind(name).fetch_optional(&mut **u).await;
    let found = found.op("read an identity provider")?.as_ref().map(provider).transpose()?;
    found.ok_or(Error::Stale(Thing::Provider))
}

async fn update(u: &mut Unit<'_>, owner: AccountId, new: &NewOidcProvider<'_>, keeps: Keeps<'_>) -> Result<()> {
    let now = u.now();
    lock_owner(u, owner).await?;
    let old = require(u, owner, new.name).await?;
    let version = old.version + i64::from(!keeps(&old));
    let update = sqlx::query(
        "UPDATE cam_oidc_providers SET url = $1, keys = $2, client_ids = $3, description = $4, version = $5, \
         updated_at = $6 WHERE id = $7",
    );
    let update = update.bind(new.url).bind(new.keys).bind(new.client_ids).bind(new.description).bind(version);
    let update = update.bind(now.as_millis()).bind(old.id.get());
    update.execute(&mut **u).await.op("change an identity provider")?;
    u.changed(Scope::Account(owner));
    u.happened(Event::PolicyChanged { owner, policies: Vec::new() });
    Ok(())
}

async fn delete(u: &mut Unit<'_>, owner: AccountId, name: &str) -> Result<()> {
    lock_owner(u, owner).await?;
    let old = require(u, owner, name).await?;
    let delete = sqlx::query("DELETE FROM cam_oidc_providers WHERE id = $1").bind(old.id.get());
    delete.execute(&mut **u).await.op("delete an identity provider")?;
    u.changed(Scope::Account(owner));
    u.happened(Event::PolicyChanged { owner, policies: Vec::new() });
    Ok(())
}

fn provider(row: &AnyRow) -> Result<OidcProvider> {
    Ok(OidcProvider {
        id: ProviderId::new(get(row, "id")?),
        owner: AccountId::new(get(row, "owner_id")?),
        name: get(row, "name")?,
        url: get(row, "url")?,
        keys: get(row, "keys")?,
        client_ids: get(row, "client_ids")?,
        description: get(row, "description")?,
        version: get(row, "version")?,
        created_at: time(row, "created_at")?,
        updated_at: time(row, "updated_at")?,
    })
}
