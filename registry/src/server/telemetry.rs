//! Logging to standard error: text for people, JSON lines for programs.

use std::io::{BufWriter, IsTerminal};
use std::sync::OnceLock;

use tracing_appender::non_blocking::{ErrorCounter, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;

/// The most lines that wait for a reader of standard error.
const WAITING_LINES: usize = 16 << 10;

static DROPPED: OnceLock<ErrorCounter> = OnceLock::new();

/// Returns the number of lines that were dropped because nobody read standard error.
pub fn dropped_lines() -> u64 {
    DROPPED.get().map_or(0, |counter| counter.dropped_lines() as u64)
}

/// Starts logging at this level: as text, or as JSON lines. Dropping the guard writes the lines that are still queued.
pub fn start(level: &str, text: bool) -> anyhow::Result<WorkerGuard> {
    // Malformed input from strangers is not an error of the server. These filters come first, so that the settings can
    // override them.
    let filter = EnvFilter::try_new(format!("actix_http=off,actix_server=warn,{level}"))?;
    // A separate thread writes the log and flushes when the queue is empty, so that a slow terminal does not slow down
    // requests. When nobody reads, lines are dropped and counted: a registry that stands still because of its log
    // serves nobody.
    let buffered = BufWriter::with_capacity(64 << 10, std::io::stderr());
    let builder = NonBlockingBuilder::default().lossy(true).buffered_lines_limit(WAITING_LINES);
    let (writer, guard) = builder.finish(buffered);
    let _ = DROPPED.set(writer.error_counter());
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer);
    let started = if text {
        builder.with_ansi(std::io::stderr().is_terminal()).try_init()
    } else {
        builder.json().flatten_event(true).with_current_span(false).with_span_list(false).try_init()
    };
    started.map_err(|e| anyhow::anyhow!("logging cannot start: {e}"))?;
    Ok(guard)
}
