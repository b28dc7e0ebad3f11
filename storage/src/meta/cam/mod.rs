//! The access management of a main account: sub-accounts, groups, policies, roles, identity providers, and
//! attachments.
//!
//! Every change here first locks the row of the main account ([`lock_owner`]). Of two changes to one main account the
//! second sees all of the first, so that limits and references need no other care. If a named thing does not exist or
//! belongs to another main account, the error is `Stale` with its kind.

mod attachments;
mod boundaries;
mod documents;
mod groups;
mod held;
mod keys;
mod model;
mod policies;
mod providers;
mod roles;
mod users;

pub(super) use keys::insert as insert_key;

pub use documents::{StoredPolicies, StoredPolicy};
pub use model::{
    Attached, Entity, Group, Holder, Member, NewAccessKey, NewOidcProvider, NewPolicy, NewRole, NewUser, OidcProvider,
    Policy, PolicyCounts, PolicySummary, Role, User, UserChange, UserProfile,
};

use super::sql::SqlResult as _;
use crate::meta::unit::Unit;
use crate::{Error, Result};
use roadstead_types::{AccountId, Counted, Thing};

/// The limits of a main account.
pub mod limits {
    /// Sub-accounts of a main account.
    pub const USERS: u64 = 1000;
    /// Groups of a main account.
    pub const GROUPS: u64 = 300;
    /// Groups that one sub-account is in.
    pub const GROUPS_OF_USER: u64 = 10;
    /// Sub-accounts in one group.
    pub const USERS_OF_GROUP: u64 = 100;
    /// Policies that a main account made.
    pub const POLICIES: u64 = 1500;
    /// Policies that are attached to one sub-account, group or role.
    pub const ATTACHMENTS: u64 = 200;
    /// Roles of a main account.
    pub const ROLES: u64 = 1000;
    /// Identity providers of a main account.
    pub const PROVIDERS: u64 = 50;
    /// Access keys of an account: two, so that one can be replaced without a gap.
    pub const ACCESS_KEYS: u64 = 2;
}

/// Blocks every other change to this main account until the transaction ends.
async fn lock_owner(u: &mut Unit<'_>, owner: AccountId) -> Result<()> {
    let lock = sqlx::query("UPDATE accounts SET status = status WHERE id = $1 AND owner_id IS NULL").bind(owner.get());
    let locked = lock.execute(&mut **u).await.op("lock a main account")?;
    if locked.rows_affected() == 0 { Err(Error::Stale(Thing::Account)) } else { Ok(()) }
}

/// Refuses one more of `what` when the limit is reached. `count` is a statement that counts the things of `id`.
async fn leave_room(u: &mut Unit<'_>, count: &'static str, id: i64, what: Counted, limit: u64) -> Result<()> {
    let count: i64 = sqlx::query_scalar(count).bind(id).fetch_one(&mut **u).await.op("count")?;
    if u64::try_from(count).is_ok_and(|count| count < limit) {
        Ok(())
    } else {
        Err(Error::LimitReached { what, limit })
    }
}

/// Returns a number that no other thing of this kind has had.
async fn next_number(u: &mut Unit<'_>, kind: &'static str) -> Result<i64> {
    let next = sqlx::query_scalar("UPDATE cam_sequences SET last = last + 1 WHERE name = $1 RETURNING last");
    next.bind(kind).fetch_one(&mut **u).await.op("take a number")
}

/// Returns a limit as a number for a statement.
fn rows(limit: u64) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
