//! `[metrics]`: the listener for Prometheus.

use std::net::SocketAddr;

use crate::section::section;

section! {
    /// Figures for Prometheus.
    pub struct Metrics {
        /// Address and port of the listener that answers `/metrics`, and nothing else. Without it there is none.
        pub listen: Option<SocketAddr> = None,
    }
}
