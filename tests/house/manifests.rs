//! The commands of the documents work on the whole workspace: `cargo run`, and the build of the container image.

use std::collections::BTreeSet;

use crate::none;
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

/// Cargo reads the manifests of all members, also to build one of them.
#[test]
fn the_container_build_gets_every_member() {
    let text = read(".dockerignore");
    let let_through: BTreeSet<&str> = text.lines().filter_map(|line| line.strip_prefix('!')).collect();
    let seen = |member: &str| {
        let mut folders = member.match_indices('/').map(|(at, _)| &member[..at]).chain([member]);
        folders.any(|folder| let_through.contains(folder))
    };
    let hidden = members().into_iter().filter(|member| !seen(member));
    none(hidden.map(|member| format!(".dockerignore does not let {member} through")).collect());
}
