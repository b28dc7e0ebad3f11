//! Logs: to standard error, text for people and JSON lines for programs.

use std::io::{BufWriter, IsTerminal};

use roadstead_config::{Log, LogFormat};
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;

/// Starts logging. What is still in the queue is written when the guard is dropped.
pub fn start(log: &Log) -> anyhow::Result<WorkerGuard> {
    // What strangers send to the port is no error of ours; first, so that the settings can say otherwise.
    let filter = EnvFilter::try_new(format!("actix_http=off,actix_server=warn,{}", log.level))?;
    // A thread of its own writes, so that a slow terminal does not slow requests; nothing is dropped. It writes what is queued
    // at once, and flushes when the queue is empty.
    let buffered = BufWriter::with_capacity(64 << 10, std::io::stderr());
    let (writer, guard) = NonBlockingBuilder::default().lossy(false).finish(buffered);
    let text = match log.format {
        LogFormat::Text => true,
        LogFormat::Json => false,
        LogFormat::Auto => std::io::stderr().is_terminal(),
    };
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer);
    let started = if text {
        builder.with_ansi(std::io::stderr().is_terminal()).try_init()
    } else {
        builder.json().flatten_event(true).with_current_span(false).with_span_list(false).try_init()
    };
    started.map_err(|e| anyhow::anyhow!("logging cannot start: {e}"))?;
    Ok(guard)
}
