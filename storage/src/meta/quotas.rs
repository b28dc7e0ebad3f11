//! Quotas of main accounts.

use super::Act;
use super::MetaStore;
use super::personal::{QuotaKind, Quotas};
use super::row::get;
use super::sql::{SqlResult as _, stale};
use super::unit::{Outcome, Unit, unit};
use crate::{Error, Result};
use roadstead_types::{AccountId, NamespaceId, RegistryId, Thing};

impl MetaStore {
    /// Returns the quotas of a main account: those that were set for it, and the defaults for the rest.
    pub async fn quotas(&self, owner: AccountId) -> Result<Quotas> {
        let mut quotas = *self.default_quotas();
        let query = sqlx::query("SELECT kind, value FROM account_quotas WHERE account_id = $1 LIMIT 3");
        for row in query.bind(owner.get()).fetch_all(self.reader()).await.op("read quotas")? {
            let kind: &str = get(&row, "kind")?;
            if let Some(kind) = QuotaKind::ALL.into_iter().find(|known| known.name() == kind) {
                *quotas.of_mut(kind) = u32::try_from(get::<i64>(&row, "value")?).unwrap_or(u32::MAX);
            }
        }
        Ok(quotas)
    }

    /// Refuses one more repository in a namespace of the personal edition, so that its content is not sent in vain.
    /// The check is repeated when the repository is made.
    ///
    /// # Errors
    /// `LimitReached`.
    pub async fn check_room(&self, namespace: NamespaceId) -> Result<()> {
        let query = sqlx::query(
            "SELECT (SELECT q.value FROM account_quotas q WHERE q.account_id = n.owner_id \
             AND q.kind = 'repositories') AS quota, \
             (SELECT COUNT(*) FROM namespaces o CROSS JOIN repositories r WHERE o.owner_id = n.owner_id \
             AND o.registry_id = n.registry_id AND r.namespace_id = o.id) AS there \
             FROM namespaces n WHERE n.id = $1 AND n.registry_id = $2",
        );
        let query = query.bind(namespace.get()).bind(RegistryId::PERSONAL.get());
        let Some(row) = query.fetch_optional(self.reader()).await.op("count against a quota")? else { return Ok(()) };
        let kind = QuotaKind::Repositories;
        let own: Option<i64> = get(&row, "quota")?;
        compare(kind, own.unwrap_or_else(|| i64::from(self.default_quotas().of(kind))), get(&row, "there")?)
    }

    /// Sets a quota of a main account. The account keeps what it has already.
    ///
    /// # Errors
    /// `Stale` when the account does not exist.
    pub async fn set_quota(&self, act: &Act, owner: AccountId, kind: QuotaKind, value: u32) -> Result<()> {
        unit!(self.unit(act, "set a quota"), |u| set(u, owner, kind, value).await.map(Outcome::Done))
    }
}

/// Sets a quota of a main account.
pub(super) async fn set(u: &mut Unit<'_>, owner: AccountId, kind: QuotaKind, value: u32) -> Result<()> {
    let upsert = sqlx::query(
        "INSERT INTO account_quotas (account_id, kind, value) VALUES ($1, $2, $3) \
         ON CONFLICT (account_id, kind) DO UPDATE SET value = excluded.value",
    );
    let upsert = upsert.bind(owner.get()).bind(kind.name()).bind(i64::from(value));
    upsert.execute(&mut **u).await.op("set a quota").map_err(stale(Thing::Account))?;
    Ok(())
}

/// Locks a main account, so that only one transaction at a time counts its things and adds to them.
///
/// # Errors
/// `Stale` when it has gone.
pub(super) async fn lock_owner(u: &mut Unit<'_>, owner: AccountId) -> Result<()> {
    let lock = sqlx::query("UPDATE accounts SET status = status WHERE id = $1").bind(owner.get());
    match lock.execute(&mut **u).await.op("lock an account")?.rows_affected() {
        0 => Err(Error::Stale(Thing::Account)),
        _ => Ok(()),
    }
}

/// Returns the owner of a namespace.
///
/// # Errors
/// `Stale` when it has gone.
pub(super) async fn owner_of(u: &mut Unit<'_>, namespace: NamespaceId) -> Result<AccountId> {
    let query = sqlx::query_scalar("SELECT owner_id FROM namespaces WHERE id = $1").bind(namespace.get());
    let owner: Option<i64> = query.fetch_optional(&mut **u).await.op("read a namespace")?;
    owner.map(AccountId::new).ok_or(Error::Stale(Thing::Namespace))
}

/// Refuses one more when the quota is reached. The owner must be locked; `count` takes its id as `$1`.
///
/// # Errors
/// `LimitReached`.
pub(super) async fn check(
    u: &mut Unit<'_>,
    defaults: &Quotas,
    owner: AccountId,
    kind: QuotaKind,
    count: &'static str,
) -> Result<()> {
    let own = sqlx::query_scalar("SELECT value FROM account_quotas WHERE account_id = $1 AND kind = $2");
    let own: Option<i64> = own.bind(owner.get()).bind(kind.name()).fetch_optional(&mut **u).await.op("read a quota")?;
    let limit = own.unwrap_or_else(|| i64::from(defaults.of(kind)));
    let there: i64 =
        sqlx::query_scalar(count).bind(owner.get()).fetch_one(&mut **u).await.op("count against a quota")?;
    compare(kind, limit, there)
}

fn compare(kind: QuotaKind, limit: i64, there: i64) -> Result<()> {
    if there < limit {
        return Ok(());
    }
    Err(Error::LimitReached { what: kind.counted(), limit: u64::try_from(limit).unwrap_or_default() })
}
