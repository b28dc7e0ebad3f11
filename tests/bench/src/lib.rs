//! A client of registries that is cheap enough to drive a benchmark, and raw enough for fault tests. The benchmark is the
//! binary of this package.

#![deny(missing_docs)]

pub mod wire;
