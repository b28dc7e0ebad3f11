//! The answer of the TLS listener to clients that speak plain HTTP.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// How long a client may take to send its first byte, and how long closing a plain HTTP connection may take.
const PATIENCE: Duration = Duration::from_secs(3);
/// The most bytes that are read from a plain HTTP connection. With unread bytes left, the kernel would reset the
/// connection and the answer would be lost.
const MOST_UNREAD: u64 = 64 << 10;
const HTTPS_ONLY: &[u8] =
    b"HTTP/1.0 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n\
    The client sent an HTTP request to an HTTPS server: use https:// in its address.\n";

/// Lets a connection pass if its first byte is that of a TLS handshake. A plain HTTP request starts with a letter
/// instead.
pub async fn only_tls(mut stream: TcpStream) -> Result<TcpStream, ()> {
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
