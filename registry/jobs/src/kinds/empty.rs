//! Jobs that remove the content of deleted repositories and instances.

use roadstead_storage::meta::{EMPTY_REGISTRY, EMPTY_REPOSITORY};
use roadstead_types::{Actor, RegistryId, RepositoryId};
use serde::{Deserialize, Serialize};

use super::Work;
use crate::{Job, JobCall, JobError, Next};

/// Removes everything from the registry of a deleted instance.
#[derive(Serialize, Deserialize, Debug)]
pub struct EmptyRegistry {
    registry: i64,
}

impl Job<Work> for EmptyRegistry {
    const KIND: &'static str = EMPTY_REGISTRY;
    /// It never gives up, because nobody would ask for this work again.
    const MAX_ATTEMPTS: u32 = u32::MAX;

    fn key(&self) -> Option<String> {
        Some(self.registry.to_string())
    }

    async fn run(self, call: &JobCall<Work>) -> Result<Next, JobError> {
        let goes_on = |gone: u64| {
            call.progress(format_args!("{gone} repositories deleted"));
            call.goes_on()
        };
        let services = &call.context().services;
        let act = services.act(Actor::server(), Self::KIND);
        let is_empty = services.instances().empty(&act, RegistryId::new(self.registry), goes_on).await?;
        Ok(if is_empty { Next::Done } else { Next::Stopped })
    }
}

/// Removes everything from a deleted repository.
#[derive(Serialize, Deserialize, Debug)]
pub struct EmptyRepository {
    repository: i64,
}

impl Job<Work> for EmptyRepository {
    const KIND: &'static str = EMPTY_REPOSITORY;
    /// It never gives up, because nobody would ask for this work again.
    const MAX_ATTEMPTS: u32 = u32::MAX;

    fn key(&self) -> Option<String> {
        Some(self.repository.to_string())
    }

    async fn run(self, call: &JobCall<Work>) -> Result<Next, JobError> {
        let repositories = call.context().services.repositories();
        let is_empty = repositories.empty(RepositoryId::new(self.repository), || call.goes_on()).await?;
        Ok(if is_empty { Next::Done } else { Next::Stopped })
    }
}
