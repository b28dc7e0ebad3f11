//! The `roadstead` executable for tests: it stops at a chosen point, where the test kills it.

use std::process::ExitCode;

use roadstead_storage::testkit::{Point, stop_at};

fn main() -> ExitCode {
    let given = |name: &str| std::env::var(name).unwrap_or_default();
    match given("STOP_AT").as_str() {
        "before-commit" => stop_at(Point::BeforeCommit, &given("STOP_OP"), given("STOP_SIGN").into()),
        "after-commit" => stop_at(Point::AfterCommit, &given("STOP_OP"), given("STOP_SIGN").into()),
        _ => {}
    }
    roadstead::cli::main()
}
