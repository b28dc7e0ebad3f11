//! The TLS listener: the one of actix-web, with an answer for clients that speak plain HTTP to it.

use std::net::TcpListener;
use std::time::Duration;

use actix_http::HttpService;
use actix_service::{IntoServiceFactory as _, ServiceFactoryExt as _, fn_service, map_config};
use actix_web::dev::{AppConfig, Server};
use actix_web::{App, web};
use rustls::ServerConfig;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::api::{ApiState, ConnectionLoad, entry};
use crate::listen_params::{DISCONNECT_TIMEOUT, ListenParams};

/// How long a client may take for its first byte, and for the end of a connection that it opened by mistake.
const PATIENCE: Duration = Duration::from_secs(3);
/// How many bytes of such a connection are read. Unread bytes would make the kernel reset it, and the answer would be lost.
const MOST_UNREAD: u64 = 64 << 10;
const HTTPS_ONLY: &[u8] =
    b"HTTP/1.0 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n\
    The client sent an HTTP request to an HTTPS server: use https:// in its address.\n";

/// Serves on a listener that is bound.
pub fn serve(
    params: &ListenParams,
    workers: usize,
    listener: TcpListener,
    config: ServerConfig,
    state: web::Data<ApiState>,
) -> std::io::Result<Server> {
    let (idle, header, shutdown) = (params.idle_timeout, params.header_timeout, params.shutdown_timeout.as_secs());
    let builder = Server::build().workers(workers).shutdown_timeout(shutdown).disable_signals();
    let builder = builder.max_concurrent_connections((params.max_connections / workers).max(1));
    let stopping = builder.graceful_shutdown_signal();
    let serving = builder.listen("registry", listener, move || {
        let app = App::new().app_data(state.clone()).default_service(web::to(entry)).into_factory();
        let stopping = stopping.clone();
        let http = HttpService::build()
            .graceful_shutdown_signal(move || {
                let stopping = stopping.clone();
                async move { stopping.notified().await }
            })
            .keep_alive(idle)
            .client_request_timeout(header)
            .client_disconnect_timeout(DISCONNECT_TIMEOUT)
            .on_connect_ext(|_: &_, data| {
                data.insert(ConnectionLoad::default());
            })
            .finish(map_config(app, |()| AppConfig::default()))
            .rustls_0_23(config.clone());
        fn_service(only_tls).and_then(http.map_err(drop))
    })?;
    Ok(serving.run())
}

/// Lets a connection through that begins as TLS does. A request begins with a letter.
async fn only_tls(mut stream: TcpStream) -> Result<TcpStream, ()> {
    let mut first = [0];
    let peeked = tokio::time::timeout(PATIENCE, stream.peek(&mut first)).await;
    if !matches!(peeked, Ok(Ok(1))) {
        return Err(());
    }
    if !first[0].is_ascii_alphabetic() {
        return Ok(stream);
    }
    let answered = tokio::time::timeout(PATIENCE, answer(&mut stream)).await;
    if let Ok(Err(error)) = answered {
        tracing::debug!(error = %error, "a client that spoke plain HTTP was not answered");
    }
    Err(())
}

async fn answer(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(HTTPS_ONLY).await?;
    stream.shutdown().await?;
    tokio::io::copy(&mut stream.take(MOST_UNREAD), &mut tokio::io::sink()).await?;
    Ok(())
}
