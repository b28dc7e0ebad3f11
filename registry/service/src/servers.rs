//! Confirms which changes of others this server has seen, for commands that wait for it.

use std::sync::Arc;
use std::time::Duration;

use roadstead_auth::News;
use roadstead_types::Timestamp;
use tokio::sync::Mutex;

use crate::{Foundation, Result};

/// How long a server counts as running after its last confirmation.
const ALIVE: Duration = Duration::from_secs(90);
/// How often a server confirms while nothing changes, to show that it is running.
const SIGN_OF_LIFE: Duration = Duration::from_secs(30);

/// The service that reports the state of this server to commands.
#[derive(Clone)]
pub struct ServerService {
    base: Arc<Foundation>,
    /// The last confirmed change, and when it was confirmed.
    confirmed: Arc<Mutex<Option<(i64, Timestamp)>>>,
}

impl ServerService {
    pub(crate) fn new(base: Arc<Foundation>) -> Self {
        Self { base, confirmed: Arc::default() }
    }

    /// Confirms that this server has acted on `news`. Writes only if there are changes, and regularly to show that it
    /// is running.
    ///
    /// # Errors
    /// The errors of the database.
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

    /// Reports that this server is stopping, so that commands no longer wait for it.
    ///
    /// # Errors
    /// The errors of the database.
    pub async fn stop(&self) -> Result<()> {
        Ok(self.base.meta.stop_serving().await?)
    }
}
