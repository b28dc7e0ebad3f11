//! The listeners.

use std::net::SocketAddr;
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use actix_web::{App, HttpResponse, HttpServer, web};
use anyhow::Context;
use std::sync::Arc;

use crate::api::{ApiState, ConnectionLoad, entry};
use crate::listen_params::DISCONNECT_TIMEOUT;
pub use crate::listen_params::ListenParams;
use crate::tls_server;

/// A listener that is bound, and where.
pub struct Bound {
    /// Runs until it is stopped.
    pub server: Server,
    /// The address with the real port.
    pub address: SocketAddr,
}

fn socket(address: SocketAddr, stall_timeout: Duration) -> anyhow::Result<std::net::TcpListener> {
    use socket2::{Domain, Protocol, Socket, Type};
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    // Connections inherit it: a client that takes no bytes for so long is cut off by the kernel, which no timer of ours
    // could do as cheaply.
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(stall_timeout))?;
    socket.bind(&address.into()).with_context(|| format!("cannot listen on {address}"))?;
    socket.listen(4096)?;
    Ok(socket.into())
}

/// Binds the registry's listener.
pub fn bind(params: &ListenParams, state: web::Data<ApiState>) -> anyhow::Result<Bound> {
    let workers = match params.workers {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        workers => workers,
    };
    let listener = socket(params.address, params.stall_timeout)?;
    let address = listener.local_addr()?;
    let server = match &params.certificate {
        Some(certificate) => {
            tls_server::serve(params, workers, listener, Arc::clone(certificate).server_config()?, state)?
        }
        None => serve(params, workers, listener, state)?,
    };
    Ok(Bound { server, address })
}

fn serve(
    params: &ListenParams,
    workers: usize,
    listener: std::net::TcpListener,
    state: web::Data<ApiState>,
) -> std::io::Result<Server> {
    let server = HttpServer::new(move || App::new().app_data(state.clone()).default_service(web::to(entry)))
        .workers(workers)
        .max_connections((params.max_connections / workers).max(1))
        .client_request_timeout(params.header_timeout)
        .client_disconnect_timeout(DISCONNECT_TIMEOUT)
        .keep_alive(params.idle_timeout)
        .shutdown_timeout(params.shutdown_timeout.as_secs())
        .on_connect(|_, data| {
            data.insert(ConnectionLoad::default());
        })
        .disable_signals();
    Ok(server.listen(listener)?.run())
}

/// Binds the listener of `/metrics`.
pub fn bind_metrics(address: SocketAddr, state: web::Data<ApiState>) -> anyhow::Result<Bound> {
    let server = HttpServer::new(move || App::new().app_data(state.clone()).route("/metrics", web::get().to(metrics)));
    let listener = socket(address, Duration::from_secs(60))?;
    let address = listener.local_addr()?;
    Ok(Bound { server: server.workers(1).disable_signals().listen(listener)?.run(), address })
}

async fn metrics(state: web::Data<ApiState>) -> HttpResponse {
    let uploads = state.meta.count_uploads().await.ok();
    match state.metrics.render(uploads, &state.meta.pool_stats(), &state.auth.cache_stats()) {
        Ok(text) => {
            HttpResponse::Ok().content_type("application/openmetrics-text; version=1.0.0; charset=utf-8").body(text)
        }
        Err(_) => HttpResponse::InternalServerError().finish(),
    }
}

/// Waits for the signal to stop, then lets running requests end.
pub async fn stop_on_signal(handle: ServerHandle, state: web::Data<ApiState>) -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("stopping: no new connections, running requests may end");
    state.drain();
    handle.stop(true).await;
    Ok(())
}
