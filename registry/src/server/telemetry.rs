//! Logging to standard error: text for people, JSON lines for programs.

use std::io::{BufWriter, IsTerminal};

use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;

/// Starts logging at this level: as text, or as JSON lines. Dropping the guard writes the lines that are still queued.
pub fn start(level: &str, text: bool) -> anyhow::Result<WorkerGuard> {
    // Malformed input from strangers is not an error of the server. These filters come first, so that the settings can
    // override them.
    let filter = EnvFilter::try_new(format!("actix_http=off,actix_server=warn,{level}"))?;
    // A separate thread writes the log, so that a slow terminal does not slow down requests. No line is dropped: the
    // thread writes queued lines at once and flushes when the queue is empty.
    let buffered = BufWriter::with_capacity(64 << 10, std::io::stderr());
    let (writer, guard) = NonBlockingBuilder::default().lossy(false).finish(buffered);
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer);
    let started = if text {
        builder.with_ansi(std::io::stderr().is_terminal()).try_init()
    } else {
        builder.json().flatten_event(true).with_current_span(false).with_span_list(false).try_init()
    };
    started.map_err(|e| anyhow::anyhow!("logging cannot start: {e}"))?;
    Ok(guard)
}
