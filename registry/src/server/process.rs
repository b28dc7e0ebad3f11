//! Process-wide settings, applied before anything else runs.

use rustix::fs::Mode;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit, umask};

/// Makes new files private to this user, and raises the limit of open files to the maximum that the system allows.
pub fn prepare() {
    umask(Mode::RWXG | Mode::RWXO);
    let limit = getrlimit(Resource::Nofile);
    // A server holds one file per connection and per transfer, more than the soft limit of a shell allows. If the limit
    // cannot be raised, the server runs with the lower one.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
}
