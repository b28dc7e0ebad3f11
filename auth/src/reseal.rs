//! Replaces the master key that seals the secrets in the database.

use roadstead_storage::meta::{Act, MetaStore, Sealed, SealedKind};

use crate::accounts::secret_key_context;
use crate::error::Result;
use crate::keys;
use crate::seal::Sealer;

/// Tells whether `sealer` opens the sealed secrets in the database; `None` when there are none. All of them are
/// sealed with one key, so one secret is enough to tell.
///
/// # Errors
/// `Storage` when the store fails.
pub async fn opens(meta: &MetaStore, sealer: &Sealer) -> Result<Option<bool>> {
    let sealed = meta.sealed().await?;
    Ok(sealed.first().map(|first| sealer.open(&context(first), &first.sealed).is_ok()))
}

/// Seals everything that `old` sealed again with `new`, all or nothing, and returns the number of secrets.
///
/// # Errors
/// `Sealed` when `old` cannot open a secret, `Storage(Stale)` when a secret was made or deleted in the meantime.
pub async fn reseal(act: &Act, meta: &MetaStore, old: &Sealer, new: &Sealer) -> Result<usize> {
    let sealed = meta.sealed().await?;
    let mut resealed = Vec::with_capacity(sealed.len());
    for secret in &sealed {
        let context = context(secret);
        let plain = old.open(&context, &secret.sealed)?;
        resealed.push(new.seal(&context, &plain)?);
    }
    meta.replace_sealed(act, &sealed, &resealed).await?;
    Ok(sealed.len())
}

fn context(secret: &Sealed) -> String {
    match secret.kind {
        SealedKind::AccessKey => secret_key_context(&secret.id),
        SealedKind::SigningKey => keys::context(&secret.id),
    }
}
