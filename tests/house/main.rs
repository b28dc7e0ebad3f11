//! Checks rules about the source itself: no circles of imports, short files and functions, a first line that says what
//! a file is for, manifests with which the first commands of the documents work. `exceptions` lists known violations;
//! an entry that is no longer needed fails too.

#![expect(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod circles;
mod exceptions;
mod imports;
mod manifests;
mod shape;
mod source;

/// Fails with all complaints, one on each line.
fn none(complaints: Vec<String>) {
    assert!(complaints.is_empty(), "\n  {}\n", complaints.join("\n  "));
}
