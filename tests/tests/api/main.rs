//! Black-box tests of the HTTP surface: one module for each part of the URL space, and some for topics that concern all
//! parts.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod base;
mod blobs;
mod catalog;
mod chunks;
mod cli;
mod cli_names;
mod cli_output;
mod drain;
mod first_start;
mod forwarded;
mod fuzz;
mod gone;
mod http;
mod jobs;
mod jwt;
mod limits;
mod manifests;
mod master_key;
mod matrix;
mod migrate;
mod mounts;
mod names;
mod operate;
mod postgres;
mod races;
mod readonly;
mod referrers;
mod resets;
mod restart;
mod revocation;
mod tags;
mod throttle;
mod tls;
mod token;
mod uploads;
mod wrong_directory;
