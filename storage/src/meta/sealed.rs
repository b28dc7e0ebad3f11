//! The secrets that are sealed with the master key, for a change of that key.

use super::MetaStore;
use super::locks;
use super::row::get;
use super::sql::SqlResult as _;
use super::unit::{Outcome, Unit, unit};
use super::{Act, Scope};
use crate::{Error, Result};
use roadstead_types::Thing;

/// The kind of a sealed secret.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SealedKind {
    /// The secret half of an access key; its id is the public half.
    AccessKey,
    /// The private half of a key that signs tokens; its id is the `kid`.
    SigningKey,
}

impl SealedKind {
    const ALL: [Self; 2] = [Self::AccessKey, Self::SigningKey];

    fn select(self) -> &'static str {
        match self {
            Self::AccessKey => "SELECT secret_id AS id, sealed_secret AS sealed FROM access_keys",
            Self::SigningKey => "SELECT kid AS id, sealed_private AS sealed FROM signing_keys",
        }
    }

    fn update(self) -> &'static str {
        match self {
            Self::AccessKey => "UPDATE access_keys SET sealed_secret = $1 WHERE secret_id = $2 AND sealed_secret = $3",
            Self::SigningKey => "UPDATE signing_keys SET sealed_private = $1 WHERE kid = $2 AND sealed_private = $3",
        }
    }

    fn count(self) -> &'static str {
        match self {
            Self::AccessKey => "SELECT COUNT(*) FROM access_keys",
            Self::SigningKey => "SELECT COUNT(*) FROM signing_keys",
        }
    }
}

/// A sealed secret.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sealed {
    /// Its kind.
    pub kind: SealedKind,
    /// The id of its key.
    pub id: String,
    /// The secret, sealed.
    pub sealed: Vec<u8>,
}

impl MetaStore {
    /// Returns everything that is sealed with the master key.
    pub async fn sealed(&self) -> Result<Vec<Sealed>> {
        let mut all = Vec::new();
        for kind in SealedKind::ALL {
            let rows = sqlx::query(kind.select()).fetch_all(self.reader()).await.op("read what is sealed")?;
            for row in &rows {
                all.push(Sealed { kind, id: get(row, "id")?, sealed: get(row, "sealed")? });
            }
        }
        Ok(all)
    }

    /// Replaces all sealed secrets, or none. `old` must be everything that [`sealed`](Self::sealed) returned, and
    /// `new` has the new values in the same order.
    ///
    /// # Errors
    /// `Stale` when a secret was sealed, changed or deleted since `old` was read.
    pub async fn replace_sealed(&self, act: &Act, old: &[Sealed], new: &[Vec<u8>]) -> Result<()> {
        unit!(self.unit(act, "replace what is sealed"), |u| replace(u, old, new).await.map(Outcome::Done))
    }
}

async fn replace(u: &mut Unit<'_>, old: &[Sealed], new: &[Vec<u8>]) -> Result<()> {
    const STALE: Error = Error::Stale(Thing::SealedSecret);
    // Of two requests that replace at the same time, the second finds other secrets than it has read.
    locks::database(u).await?;
    u.changed(Scope::System);
    u.names(&old.len().to_string());
    for kind in SealedKind::ALL {
        let count: i64 = sqlx::query_scalar(kind.count()).fetch_one(&mut **u).await.op("count what is sealed")?;
        if usize::try_from(count).ok() != Some(old.iter().filter(|sealed| sealed.kind == kind).count()) {
            return Err(STALE);
        }
    }
    if old.len() != new.len() {
        return Err(STALE);
    }
    for (before, after) in old.iter().zip(new) {
        let update = sqlx::query(before.kind.update()).bind(&after[..]).bind(&before.id).bind(&before.sealed[..]);
        if update.execute(&mut **u).await.op("replace what is sealed")?.rows_affected() != 1 {
            return Err(STALE);
        }
    }
    Ok(())
}
