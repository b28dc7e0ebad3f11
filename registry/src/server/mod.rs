//! The server: the listeners, and what serves a request before its surface does.

mod app;
mod dispatch;
mod health;
mod metrics;
mod params;
mod plain_http;
pub(crate) mod process;
mod state;
pub(crate) mod telemetry;
pub(crate) mod tls;

use std::net::SocketAddr;
use std::time::Duration;

use actix_service::{ServiceFactoryExt as _, fn_service};
use actix_web::dev::{Server, ServerHandle};
use actix_web::{App, HttpResponse, HttpServer, web};
use anyhow::Context;
use std::sync::Arc;

use app::http_service;
pub use params::ListenParams;
use plain_http::only_tls;
pub use state::ServerState;

/// A bound listener and its address.
pub struct Listener {
    /// The server. It runs until it is stopped.
    pub server: Server,
    /// The address, with the port that was assigned.
    pub address: SocketAddr,
}

fn socket(address: SocketAddr, stall_timeout: Duration) -> anyhow::Result<std::net::TcpListener> {
    use socket2::{Domain, Protocol, Socket, Type};
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    // Accepted connections inherit this: the kernel closes the connection of a client that reads nothing for this long.
    // It is cheaper than a timer of our own.
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(stall_timeout))?;
    socket.bind(&address.into()).with_context(|| format!("cannot listen on {address}"))?;
    socket.listen(4096)?;
    Ok(socket.into())
}

/// Binds the registry's listener.
pub fn bind(params: &ListenParams, state: web::Data<ServerState>) -> anyhow::Result<Listener> {
    let params = params.clone();
    let workers = match params.workers {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        workers => workers,
    };
    let server = Server::build()
        .workers(workers)
        .max_concurrent_connections((params.max_connections / workers).max(1))
        .shutdown_timeout(params.shutdown_timeout.as_secs())
        .disable_signals();
    let listener = socket(params.address, params.stall_timeout)?;
    let address = listener.local_addr()?;
    let stopping = server.graceful_shutdown_signal();
    let server = match &params.certificate {
        Some(certificate) => {
            let tls = Arc::clone(certificate).server_config()?;
            server.listen("registry", listener, move || {
                let http = http_service!(params, stopping, state).rustls_0_23(tls.clone());
                fn_service(only_tls).and_then(http.map_err(drop))
            })?
        }
        None => server.listen("registry", listener, move || http_service!(params, stopping, state).tcp())?,
    };
    Ok(Listener { server: server.run(), address })
}

/// Binds the listener of `/metrics`.
pub fn bind_metrics(address: SocketAddr, state: web::Data<ServerState>) -> anyhow::Result<Listener> {
    let server = HttpServer::new(move || App::new().app_data(state.clone()).route("/metrics", web::get().to(metrics)));
    let listener = socket(address, Duration::from_secs(60))?;
    let address = listener.local_addr()?;
    Ok(Listener { server: server.workers(1).disable_signals().listen(listener)?.run(), address })
}

async fn metrics(state: web::Data<ServerState>) -> HttpResponse {
    let figures = state.services.health().figures().await;
    let (rows, content) = (state.auth.cache_stats(), state.services.cache_lookups());
    match state.metrics.render(&figures, &rows, content) {
        Ok(text) => {
            HttpResponse::Ok().content_type("application/openmetrics-text; version=1.0.0; charset=utf-8").body(text)
        }
        Err(_) => HttpResponse::InternalServerError().finish(),
    }
}

/// Registers for the stop signals at once. The future waits for one of them, then lets running requests finish.
pub fn stop_on_signal(handle: ServerHandle, state: web::Data<ServerState>) -> anyhow::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping: no new connections, running requests may end");
        state.drain();
        handle.stop(true).await;
    })
}
