//! `[metrics]`: the listener for Prometheus.

use std::net::SocketAddr;

use crate::section::section;

section! {
    /// Metrics for Prometheus.
    pub struct Metrics {
        /// Address and port of a listener that answers only `/metrics`. Without it there are no metrics.
        pub listen: Option<SocketAddr> = None,
    }
}
