//! Files that only their owner may read.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::Context;

/// Writes a file that only its owner may read. It replaces an existing file atomically.
pub(super) fn write(path: &Path, content: &[u8]) -> anyhow::Result<()> {
    let write = || {
        let temporary = write_aside(path, content)?;
        std::fs::rename(&temporary, path)?;
        File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}

/// Creates a file that only its owner may read. An interrupted write leaves a partial file.
pub(super) fn write_in_place(path: &Path, content: &[u8]) -> anyhow::Result<()> {
    let write = || {
        create(path, content)?;
        File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}

/// Creates a file that only its owner may read, unless it exists. If two processes try, one wins.
pub(super) fn write_once(path: &Path, content: &[u8]) -> anyhow::Result<()> {
    let write = || {
        let temporary = write_aside(path, content)?;
        let linked = std::fs::hard_link(&temporary, path);
        std::fs::remove_file(&temporary)?;
        match linked {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
            _ => File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all(),
        }
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}

fn write_aside(path: &Path, content: &[u8]) -> std::io::Result<PathBuf> {
    let temporary = path.with_extension(format!("{:016x}", rand::random::<u64>()));
    create(&temporary, content)?;
    Ok(temporary)
}

fn create(path: &Path, content: &[u8]) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(content)?;
    file.sync_all()
}
