//! The key that seals secrets at rest: made on the first start, checked on every one, changed on demand.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use roadstead_auth::Sealer;
use roadstead_config::{Key, MasterKey, Settings};
use roadstead_storage::meta::{Act, MetaStore};

use super::{key_command, secret_file};

/// The key that seals secrets at rest, from where the settings say; made on the first start. A command that gives it is run
/// on each call.
pub async fn open_sealer(settings: &Settings, meta: &MetaStore) -> anyhow::Result<Sealer> {
    let path = match settings.master_key() {
        MasterKey::Given(key) => return Ok(Sealer::new(*key.expose())),
        MasterKey::Printed(command) => {
            let key = key_command::read(&command, key_command::TIME_LIMIT).await?;
            return Ok(Sealer::new(*key.expose()));
        }
        MasterKey::Kept(path) => path,
    };
    refuse_without_key(&path, meta).await?;
    if !path.try_exists().with_context(|| format!("cannot look for {}", path.display()))? {
        secret_file::write_once(&path, &rand::random::<[u8; 32]>())?;
    }
    read_sealer(&path)
}

fn read_sealer(path: &Path) -> anyhow::Result<Sealer> {
    let mut key = [0; 32];
    let mut file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    file.read_exact(&mut key).with_context(|| format!("{} does not hold 32 bytes", path.display()))?;
    Ok(Sealer::new(key))
}

/// Refuses to make a new master key in the place of a lost one: it opens nothing of what is there, and what it sealed would
/// be lost in its turn when the old one comes back.
async fn refuse_without_key(path: &Path, meta: &MetaStore) -> anyhow::Result<()> {
    let next = next_master_key(path);
    ensure!(
        !next.try_exists().with_context(|| format!("cannot look for {}", next.display()))?,
        "the master key is being changed; if nobody does so now, start the server, which ends that"
    );
    let there = path.try_exists().with_context(|| format!("cannot look for {}", path.display()))?;
    ensure!(
        there || !meta.has_sealed().await?,
        "{} is missing, and the database holds keys that were sealed with it: restore it (OPERATIONS.md, Backup)",
        path.display()
    );
    Ok(())
}

/// Where the next master key waits until the database is sealed with it.
fn next_master_key(path: &Path) -> PathBuf {
    path.with_extension("key.next")
}

/// Seals what is in the database with another master key: the one given, or a random one. Returns how many secrets that
/// were; `None` if they are sealed with it already. No server may run meanwhile. Killed at any moment, the next start goes on
/// with the key that fits, if the key is this server's to write; else the same call ends what was cut off.
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
            // Nobody else writes it, and a part of it is known for what it is: no other file is left behind.
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

/// Ends a change of the master key that was cut off: the database says which of the two keys it is sealed with. Only for
/// who holds the lock of the data directory: the change may be going on.
pub(super) async fn finish_rotation(settings: &Settings, meta: &MetaStore) -> anyhow::Result<()> {
    let MasterKey::Kept(path) = settings.master_key() else { return Ok(()) };
    let next = next_master_key(&path);
    if !next.try_exists().with_context(|| format!("cannot look for {}", next.display()))? {
        return Ok(());
    }
    // What was not yet written whole has sealed nothing. What cannot be read may be the only key that there is.
    let is_whole = std::fs::metadata(&next).with_context(|| format!("cannot look at {}", next.display()))?.len() >= 32;
    if is_whole && roadstead_auth::opens(meta, &read_sealer(&next)?).await? == Some(true) {
        return replace_master_key(&next, &path);
    }
    std::fs::remove_file(&next).with_context(|| format!("cannot remove {}", next.display()))
}
