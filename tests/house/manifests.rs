//! The commands of the documents work on the whole workspace: `cargo run`, and the build of the container image.

use crate::source::{members, read};

#[test]
fn cargo_run_starts_one_program() {
    let mut defaults = Vec::new();
    for member in members() {
        let run = default_run(&read(&format!("{member}/Cargo.toml")));
        defaults.extend(run.map(|run| format!("{member}: {run}")));
    }
    assert_eq!(defaults, ["registry: roadstead"], "`default-run` is needed in exactly one package");
}

fn default_run(manifest: &str) -> Option<String> {
    let line = manifest.lines().find(|line| line.starts_with("default-run = "))?;
    line.split('"').nth(1).map(str::to_owned)
}
