//! What this server has seen of the changes of others, for commands that wait until it has.

use std::sync::Arc;
use std::time::Duration;

use roadstead_auth::News;
use roadstead_types::Timestamp;
use tokio::sync::Mutex;

use crate::{Foundation, Result};

/// How long a server counts as one after it was last heard of.
const ALIVE: Duration = Duration::from_secs(90);
/// How often a server is heard of while nothing changes.
const SIGN_OF_LIFE: Duration = Duration::from_secs(30);

/// This server, as commands see it.
#[derive(Clone)]
pub struct ServerService {
    base: Arc<Foundation>,
    /// The change that was confirmed last, and when.
    confirmed: Arc<Mutex<Option<(i64, Timestamp)>>>,
}

impl ServerService {
    pub(crate) fn new(base: Arc<Foundation>) -> Self {
        Self { base, confirmed: Arc::default() }
    }

    /// Confirms that this server has acted on `news`. Writes only if there are any, and now and then as a sign of life.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn confirm(&self, news: &News) -> Result<()> {
        let now = self.base.clock.now();
        let mut confirmed = self.confirmed.lock().await;
        if confirmed.is_some_and(|(number, at)| number == news.number && now < at.after(SIGN_OF_LIFE)) {
            return Ok(());
        }
        self.base.meta.confirm_changes(news.number, now.after(ALIVE)).await?;
        *confirmed = Some((news.number, now));
        Ok(())
    }

    /// Says that this server ends: no command waits for it any more.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn stop(&self) -> Result<()> {
        Ok(self.base.meta.stop_serving().await?)
    }
}
