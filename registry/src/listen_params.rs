//! How the listeners listen.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::tls::Certificate;

/// How long the end of a connection may take.
pub const DISCONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How the registry listens.
#[derive(Clone)]
pub struct ListenParams {
    /// Where; port 0 takes a free one.
    pub address: SocketAddr,
    /// Threads that serve; 0 is one per core.
    pub workers: usize,
    /// Connections of one worker at most.
    pub max_connections: usize,
    /// How long a client may take for its request line and headers.
    pub header_timeout: Duration,
    /// How long a connection may idle between requests.
    pub idle_timeout: Duration,
    /// How long running requests may take after the signal to stop.
    pub shutdown_timeout: Duration,
    /// The longest time in which a client must take some bytes of an answer.
    pub stall_timeout: Duration,
    /// The certificate; without one the listener speaks plain HTTP.
    pub(crate) certificate: Option<Arc<Certificate>>,
}
