//! Counts the running requests of a connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use actix_web::HttpRequest;

/// The number of running requests of one connection. An HTTP/2 client can start any number of requests without reading
/// an answer.
#[derive(Clone, Default)]
pub struct ConnectionLoad(Arc<AtomicUsize>);

/// The most running requests of one connection.
const MAX_REQUESTS_OF_CONNECTION: usize = 128;

/// A running request. It is counted until it is dropped.
pub struct InFlight(Option<ConnectionLoad>);

impl InFlight {
    /// Counts a request for its connection.
    pub fn of(request: &HttpRequest) -> Self {
        let load = request.conn_data::<ConnectionLoad>().cloned();
        if let Some(load) = &load {
            load.0.fetch_add(1, Ordering::Relaxed);
        }
        Self(load)
    }

    /// Returns whether the connection has too many running requests.
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
