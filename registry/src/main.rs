//! The `roadstead` binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    roadstead::cli::main()
}
