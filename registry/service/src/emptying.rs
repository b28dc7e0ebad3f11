//! Removes the content of deleted repositories and instances, in small parts.

use std::sync::Arc;
use std::time::{Duration, Instant};

use roadstead_auth::place::System;
use roadstead_auth::{Access, Write};
use roadstead_storage::meta::{Act, Readable};
use roadstead_types::{Actor, RegistryId, RepositoryId, Thing};

use super::{Error, Foundation, Result};

/// The number of rows of a deleted repository that are removed together.
const PART: u32 = 20;
/// The number of rows of a deleted instance that are read together.
const CHUNK: u32 = 100;
/// The job rests this many times as long as it works, because pushes wait for the writer of the database.
const REST: u32 = 4;
/// A slow database must not make the job rest until its lease ends.
const LONGEST_REST: Duration = Duration::from_secs(1);

/// The service that removes the content of deleted repositories and instances.
#[derive(Clone)]
pub struct EmptyingService {
    base: Arc<Foundation>,
}

impl EmptyingService {
    pub(crate) fn new(base: Arc<Foundation>) -> Self {
        Self { base }
    }

    /// Removes everything from a deleted repository while `goes_on` returns true. `goes_on` receives the number of
    /// removed rows. Returns false if something is left.
    ///
    /// # Errors
    /// `InUse` if the repository was not deleted, and the errors of the database.
    pub async fn repository(
        &self,
        _: &Access<Write, System>,
        id: RepositoryId,
        goes_on: impl Fn(u64) -> bool + Send + Sync,
    ) -> Result<bool> {
        self.empty(id, goes_on).await
    }

    /// Removes all content of the registry of a deleted instance while `goes_on` returns true. `goes_on` receives the
    /// number of removed repositories. Returns false if content is left.
    ///
    /// # Errors
    /// `InUse` if the instance was not deleted, and the errors of the database.
    pub async fn registry(
        &self,
        _: &Access<Write, System>,
        act: &Act,
        registry: RegistryId,
        goes_on: impl Fn(u64) -> bool + Send + Sync,
    ) -> Result<bool> {
        let (meta, mut gone) = (&self.base.meta, 0);
        if registry == RegistryId::PERSONAL || meta.instance(registry).await?.is_some() {
            return Err(Error::InUse(Thing::Instance));
        }
        loop {
            let repositories = meta.list_repositories(registry, Readable::All, None, CHUNK).await?;
            if repositories.is_empty() {
                break;
            }
            for repository in repositories {
                if !self.empty(repository.id, |_| goes_on(gone)).await? {
                    return Ok(false);
                }
                gone += 1;
            }
        }
        loop {
            let namespaces = meta.list_namespaces(registry, None, None, CHUNK).await?;
            if namespaces.is_empty() {
                return Ok(true);
            }
            for namespace in namespaces {
                meta.delete_namespace(act, registry, &namespace.name).await?;
                if !goes_on(gone) {
                    return Ok(false);
                }
            }
        }
    }

    async fn empty(&self, id: RepositoryId, goes_on: impl Fn(u64) -> bool + Send + Sync) -> Result<bool> {
        let act = Act::new(Arc::new(Actor::server()), "repository.empty", self.base.timing.clone());
        let mut gone = 0;
        while goes_on(gone) {
            let began = Instant::now();
            match self.base.meta.empty_repository(&act, id, PART).await? {
                Some(count) => gone += count,
                None => return Ok(true),
            }
            tokio::time::sleep((began.elapsed() * REST).min(LONGEST_REST)).await;
        }
        Ok(false)
    }
}
