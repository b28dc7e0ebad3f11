//! Jobs that remove the content of deleted repositories and instances.

use roadstead_storage::meta::{EMPTY_REGISTRY, EMPTY_REPOSITORY};
use roadstead_types::{RegistryId, RepositoryId};
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

    fn key(&self) -> Option<String> {
        Some(self.registry.to_string())
    }

    async fn run(self, call: &JobCall<Work>) -> Result<Next, JobError> {
        let goes_on = |gone: u64| {
            call.progress(format_args!("{gone} repositories deleted"));
            call.goes_on()
        };
        let Work { services, operator, .. } = call.context();
        let act = services.act(operator.actor().clone(), Self::KIND);
        let is_empty =
            services.emptying().registry(&operator.system(), &act, RegistryId::new(self.registry), goes_on).await?;
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

    fn key(&self) -> Option<String> {
        Some(self.repository.to_string())
    }

    async fn run(self, call: &JobCall<Work>) -> Result<Next, JobError> {
        let Work { services, operator, .. } = call.context();
        let goes_on = |gone: u64| {
            call.progress(format_args!("{gone} rows deleted"));
            call.goes_on()
        };
        let id = RepositoryId::new(self.repository);
        let is_empty = services.emptying().repository(&operator.system(), id, goes_on).await?;
        Ok(if is_empty { Next::Done } else { Next::Stopped })
    }
}

/// Enqueues the jobs above again for content that is left although its job has failed or was cancelled.
#[derive(Serialize, Deserialize, Debug)]
pub struct ResumeEmptying {}

impl Job<Work> for ResumeEmptying {
    const KIND: &'static str = "deletion.resume";
    const MAX_ATTEMPTS: u32 = 3;

    fn key(&self) -> Option<String> {
        Some(String::new())
    }

    async fn run(self, call: &JobCall<Work>) -> Result<Next, JobError> {
        const CHUNK: u32 = 100;
        let mut enqueued = 0;
        while call.goes_on() {
            let count = call.context().meta.resume_emptying(CHUNK, call.now()).await?;
            enqueued += count;
            call.progress(format_args!("{enqueued} jobs enqueued"));
            if count == 0 {
                return Ok(Next::Done);
            }
        }
        Ok(Next::Stopped)
    }
}
