//! The key that seals secrets at rest: created on the first start, checked on every start, rotated by a command.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use roadstead_auth::Sealer;
use roadstead_config::{Key, MasterKey, Settings};
use roadstead_storage::meta::{Act, MetaStore};

use super::{key_command, secret_file};

/// Opens the sealer with the key that the settings name. This creates no key. If a command prints the key, every call runs that
/// command.
pub async fn open_sealer(settings: &Settings, meta: &MetaStore) -> anyhow::Result<Sealer> {
    let path = match settings.master_key() {
        MasterKey::Given(key) => return Ok(Sealer::new(*key.expose())),
        MasterKey::Printed(command) => {
            let key = key_command::read(&command, key_command::TIME_LIMIT).await?;
            return Ok(Sealer::new(*key.expose()));
        }
        MasterKey::Kept(path) => path,
    };
    let there = is_there(&path, meta).await?;
    ensure!(there, "there is no master key {} yet: `roadstead serve` makes one", path.display());
    read_sealer(&path)
}

/// The same, for a start and for the first account: creates the key if there is none yet.
pub async fn open_or_make_sealer(settings: &Settings, meta: &MetaStore) -> anyhow::Result<Sealer> {
    if let MasterKey::Kept(path) = settings.master_key()
        && !is_there(&path, meta).await?
    {
        secret_file::write_once(&path, &rand::random::<[u8; 32]>())?;
    }
    open_sealer(settings, meta).await
}

fn read_sealer(path: &Path) -> anyhow::Result<Sealer> {
    let mut key = [0; 32];
    let mut file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    file.read_exact(&mut key).with_context(|| format!("{} does not hold 32 bytes", path.display()))?;
    Ok(Sealer::new(key))
}

/// Says whether the file of the master key exists. It must exist once something is sealed: a new key could open none of the
/// sealed secrets, and secrets sealed with it would be lost once the old key is restored.
async fn is_there(path: &Path, meta: &MetaStore) -> anyhow::Result<bool> {
    let next = next_master_key(path);
    ensure!(
        !next.try_exists().with_context(|| format!("cannot look for {}", next.display()))?,
        "a change of the master key is unfinished; if none is running, start the server to complete it"
    );
    let there = path.try_exists().with_context(|| format!("cannot look for {}", path.display()))?;
    ensure!(
        there || !meta.has_sealed().await?,
        "{} is missing, and the database holds keys that were sealed with it: restore it (OPERATIONS.md, Backup)",
        path.display()
    );
    Ok(there)
}

/// Returns the path of the next master key, where it stays until the whole database is sealed with it.
fn next_master_key(path: &Path) -> PathBuf {
    path.with_extension("key.next")
}

/// Seals the secrets in the database with another master key: the one given, or a random one. Returns the number of
/// secrets, or `None` if they are already sealed with that key. No server may run at the same time.
/// If this is interrupted and the server manages the key file, the next start picks the key that fits. Otherwise, the
/// same call completes the rotation.
pub async fn rotate_master_key(
    settings: &Settings,
    meta: &MetaStore,
    given: Option<Key>,
    act: &Act,
) -> anyhow::Result<Option<usize>> {
    finish_rotation(settings, meta).await?;
    match settings.master_key() {
        MasterKey::Given(_) | MasterKey::Printed(_) => {
            let new = given.context("the master key comes from the settings: name the file of the next one")?;
            let new = Sealer::new(*new.expose());
            if roadstead_auth::opens(meta, &new).await? == Some(true) {
                return Ok(None);
            }
            let old = open_sealer(settings, meta).await?;
            Ok(Some(roadstead_auth::reseal(act, meta, &old, &new).await?))
        }
        MasterKey::Kept(path) => {
            let old = open_sealer(settings, meta).await?;
            let new = given.map_or_else(rand::random::<[u8; 32]>, |key| *key.expose());
            let next = next_master_key(&path);
            // This file is written in place: no other process writes it, a partial file is recognized by its size, and
            // an interrupted write leaves no temporary file behind.
            secret_file::write_in_place(&next, &new)?;
            let count = roadstead_auth::reseal(act, meta, &old, &Sealer::new(new)).await?;
            replace_master_key(&next, &path)?;
            Ok(Some(count))
        }
    }
}

fn replace_master_key(next: &Path, path: &Path) -> anyhow::Result<()> {
    let replace = || {
        std::fs::rename(next, path)?;
        File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
    };
    replace().with_context(|| format!("cannot replace {}", path.display()))
}

/// Completes an interrupted rotation of the master key: keeps the one of the two keys that opens the database. The
/// caller must hold the lock of the data directory, because otherwise a rotation may still be running.
pub(super) async fn finish_rotation(settings: &Settings, meta: &MetaStore) -> anyhow::Result<()> {
    let MasterKey::Kept(path) = settings.master_key() else { return Ok(()) };
    let next = next_master_key(&path);
    if !next.try_exists().with_context(|| format!("cannot look for {}", next.display()))? {
        return Ok(());
    }
    // A partial file has sealed nothing and can be removed. An unreadable file must stay, because it may hold the only
    // valid key.
    let is_whole = std::fs::metadata(&next).with_context(|| format!("cannot look at {}", next.display()))?.len() >= 32;
    if is_whole && roadstead_auth::opens(meta, &read_sealer(&next)?).await? == Some(true) {
        return replace_master_key(&next, &path);
    }
    std::fs::remove_file(&next).with_context(|| format!("cannot remove {}", next.display()))
}
