//! Parameters of the listeners.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::tls::Certificate;

/// How long closing a connection may take.
pub const DISCONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Parameters of the registry's listener.
#[derive(Clone)]
pub struct ListenParams {
    /// The address to listen on. Port 0 picks a free port.
    pub address: SocketAddr,
    /// The number of worker threads. 0 means one per core.
    pub workers: usize,
    /// The most open connections of the listener; its workers share them equally.
    pub max_connections: usize,
    /// How long a client may take to send its request line and headers.
    pub header_timeout: Duration,
    /// How long a connection may stay idle between requests.
    pub idle_timeout: Duration,
    /// How long running requests may continue after the stop signal.
    pub shutdown_timeout: Duration,
    /// How long a client may go without reading any byte of an answer.
    pub stall_timeout: Duration,
    /// The TLS certificate. Without one, the listener speaks plain HTTP.
    pub(crate) certificate: Option<Arc<Certificate>>,
}
