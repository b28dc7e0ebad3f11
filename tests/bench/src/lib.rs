//! A client of registries for benchmarks and fault tests: it needs little processor time, and can break off requests.
//! The benchmark is the binary of this package.

#![deny(missing_docs)]

pub mod wire;
