//! The container registry: `tcr`, version 2019-09-24.
