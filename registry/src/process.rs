//! What a process sets for itself before it does anything else.

use rustix::fs::Mode;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit, umask};

/// Files are for this user alone, and as many may be open as the system allows.
pub fn prepare() {
    umask(Mode::RWXG | Mode::RWXO);
    let limit = getrlimit(Resource::Nofile);
    // A server holds a file for each connection and each transfer; the soft limit of a shell is meant for other programs.
    // Where it cannot be raised, the server runs with fewer.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
}
