//! Requests that an ordinary HTTP client cannot send, because it cleans up paths and does not stop in the middle.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::{Answer, DEADLINE};

/// A connection that sends bytes unchanged.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
}

impl Connection {
    /// Connects.
    pub async fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream }
    }

    /// Sends bytes. Ignores a closed connection: the answer shows it.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.stream.write_all(bytes.as_ref()).await;
    }

    /// Reads until the other side closes the connection. A reset after the answer counts as closing.
    pub async fn receive(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let read = tokio::time::timeout(DEADLINE, self.stream.read_to_end(&mut bytes)).await;
        let _ = read.expect("the connection stays open");
        bytes
    }

    /// Reads the head of the next answer, up to its empty line.
    pub async fn head(&mut self) -> String {
        let mut bytes = Vec::new();
        while !bytes.ends_with(b"\r\n\r\n") {
            let read = tokio::time::timeout(DEADLINE, self.stream.read_u8()).await;
            let Ok(byte) = read.expect("no answer") else { break };
            bytes.push(byte);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// Sends one request with this target, exactly as it is written, and `headers` (each line with its `\r\n`).
pub async fn request(address: SocketAddr, method: &str, target: &str, headers: &str) -> Answer {
    let mut connection = Connection::open(address).await;
    let head = format!("{method} {target} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{headers}\r\n");
    connection.send(head).await;
    parse(format!("{method} {target:?}"), &connection.receive().await)
}

/// Parses an answer that ends with its connection. Status 0 means that the connection was closed without an answer.
pub fn parse(request: String, bytes: &[u8]) -> Answer {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
    let Some(end) = end else {
        return Answer { request, status: 0, headers: reqwest::header::HeaderMap::new(), body: bytes.to_vec().into() };
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
    let headers = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| {
            let name = reqwest::header::HeaderName::from_bytes(name.as_bytes()).unwrap();
            (name, reqwest::header::HeaderValue::from_str(value.trim()).unwrap())
        })
        .collect();
    Answer { request, status, headers, body: bytes[end + 4..].to_vec().into() }
}
