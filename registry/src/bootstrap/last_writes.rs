//! The last writes of a server that stops: state that is only in memory.

use std::time::Duration;

use crate::server::ServerState;

/// How long the last writes may take. The database may be unreachable, and the operator is waiting for the server to
/// stop.
const PATIENCE: Duration = Duration::from_secs(10);

/// Writes the state that is only in memory. If that fails, the state is lost and the log says how much.
pub(super) async fn write(state: &ServerState) {
    let (pulls, auth) = (state.services.pulls(), &state.auth);
    let counts = one("counts of pulls", async || Ok(pulls.flush().await?));
    let uses = one("uses of access keys", async || Ok(auth.record_key_uses().await?));
    let stop = one("the end of this server", async || Ok(state.services.servers().stop().await?));
    let ((), counts, uses, stopped) = tokio::join!(state.audit.flush(), counts, uses, stop);
    if let Err(error) = stopped {
        tracing::warn!(error = format!("{error:#}"), "commands may wait for this server for a while");
    }
    if let Err(error) = counts {
        tracing::error!(
            pulls = pulls.unwritten(),
            error = format!("{error:#}"),
            "pulls were not counted, and are lost"
        );
    }
    if let Err(error) = uses {
        let keys = auth.unwritten_key_uses();
        tracing::error!(keys, error = format!("{error:#}"), "the last uses of access keys are lost");
    }
}

/// Writes one kind of state, with retries: a server thread may end in the middle of a write and close its connection.
async fn one(what: &'static str, write: impl AsyncFn() -> anyhow::Result<()>) -> anyhow::Result<()> {
    const ATTEMPTS: usize = 5;
    let attempts = async {
        for _ in 1..ATTEMPTS {
            match write().await {
                Ok(()) => return Ok(()),
                Err(error) => {
                    tracing::warn!(error = format!("{error:#}"), "{what} cannot be written; trying again")
                }
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        write().await
    };
    let Ok(written) = tokio::time::timeout(PATIENCE, attempts).await else {
        anyhow::bail!("the database did not answer within {} s", PATIENCE.as_secs());
    };
    written
}
