//! How many requests of one connection are being answered.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use actix_web::HttpRequest;

/// Requests of one connection that are being answered. HTTP/2 lets a client start any number of them, and leave every
/// answer untaken.
#[derive(Clone, Default)]
pub struct ConnectionLoad(Arc<AtomicUsize>);

/// The most requests of one connection at once.
const MAX_REQUESTS_OF_CONNECTION: usize = 128;

/// One request, as long as it is being answered.
pub struct InFlight(Option<ConnectionLoad>);

impl InFlight {
    /// Counts a request as one of its connection.
    pub fn of(request: &HttpRequest) -> Self {
        let load = request.conn_data::<ConnectionLoad>().cloned();
        if let Some(load) = &load {
            load.0.fetch_add(1, Ordering::Relaxed);
        }
        Self(load)
    }

    /// Whether the connection has too many of them.
    pub fn is_too_many(&self) -> bool {
        self.0.as_ref().is_some_and(|load| load.0.load(Ordering::Relaxed) > MAX_REQUESTS_OF_CONNECTION)
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        if let Some(load) = &self.0 {
            load.0.fetch_sub(1, Ordering::Relaxed);
        }
    }
}
