//! Rules of the house about the source itself: no circles of imports, short files and functions, a first line that
//! says what a file is for. `exceptions` lists what is not so yet; an entry that is no longer needed fails as well.

#![expect(clippy::expect_used, clippy::panic, reason = "a test: to panic is how it tells")]

mod circles;
mod exceptions;
mod imports;
mod shape;
mod source;

/// Fails with all the complaints at once, one a line.
fn none(complaints: Vec<String>) {
    assert!(complaints.is_empty(), "\n  {}\n", complaints.join("\n  "));
}
