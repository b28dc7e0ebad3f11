//! Another master key in the place of the one that sealed what is in the database.

use roadstead_storage::meta::{Act, MetaStore, Sealed, SealedKind};

use crate::accounts::secret_key_context;
use crate::error::Result;
use crate::keys;
use crate::seal::Sealer;

/// Whether `sealer` opens what is sealed in the database; `None` when nothing is. Everything there is sealed with one key,
/// so one secret tells.
///
/// # Errors
/// `Storage` when the store fails.
pub async fn opens(meta: &MetaStore, sealer: &Sealer) -> Result<Option<bool>> {
    let sealed = meta.sealed().await?;
    Ok(sealed.first().map(|first| sealer.open(&context(first), &first.sealed).is_ok()))
}

/// Seals with `new` what is sealed with `old`, all of it or nothing, and gives how many secrets that are.
///
/// # Errors
/// `Sealed` when `old` does not open something, `Storage(Stale)` when a secret was made or deleted meanwhile.
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
