//! What is left of repositories and instances that were deleted.

use roadstead_storage::meta::{EMPTY_REGISTRY, EMPTY_REPOSITORY};
use roadstead_types::{Actor, RegistryId, RepositoryId};
use serde::{Deserialize, Serialize};

use super::Work;
use crate::{Job, JobCall, JobError, Next};

/// Takes everything out of the registry of an instance that was deleted.
#[derive(Serialize, Deserialize, Debug)]
pub struct EmptyRegistry {
    registry: i64,
}

impl Job<Work> for EmptyRegistry {
    const KIND: &'static str = EMPTY_REGISTRY;
    /// Nobody would ask for it again.
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

/// Takes everything out of a repository that was deleted.
#[derive(Serialize, Deserialize, Debug)]
pub struct EmptyRepository {
    repository: i64,
}

impl Job<Work> for EmptyRepository {
    const KIND: &'static str = EMPTY_REPOSITORY;
    /// Nobody would ask for it again.
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
