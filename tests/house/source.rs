//! Reads and parses the files of all crates of the workspace.

use std::path::{Path, PathBuf};

/// One file of Rust.
pub struct File {
    /// The path below the top of the repository, with `/`.
    pub path: String,
    pub text: String,
    pub syntax: syn::File,
}

/// One library or program, from `lib.rs` or `main.rs` down, or one folder of tests.
pub struct Tree {
    /// The folder of its root file, below the top of the repository.
    pub folder: String,
    /// The name in `use` lines of other crates: `roadstead_auth`.
    pub name: String,
    pub files: Vec<File>,
}

fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the top of the repository")
}

/// The text of a file below the top of the repository.
pub fn read(path: &str) -> String {
    std::fs::read_to_string(top().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The folder of each crate of the workspace.
pub fn members() -> Vec<String> {
    let manifest = read("Cargo.toml");
    let members = manifest.lines().find(|line| line.starts_with("members = ")).expect("`members` on one line");
    members.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The `src` folder of each crate, and each folder of black-box tests.
pub fn trees() -> Vec<Tree> {
    let mut folders: Vec<String> = members().into_iter().map(|member| format!("{member}/src")).collect();
    folders.retain(|folder| top().join(folder).is_dir());
    folders.push("tests/house".to_owned());
    for entry in std::fs::read_dir(top().join("tests/tests")).expect("tests/tests") {
        let entry = entry.expect("an entry of tests/tests");
        if entry.path().join("main.rs").is_file() {
            folders.push(format!("tests/tests/{}", entry.file_name().to_string_lossy()));
        }
    }
    let trees: Vec<Tree> = folders.into_iter().map(tree).collect();
    assert!(trees.iter().map(|tree| tree.files.len()).sum::<usize>() > 300, "files are missing");
    trees
}

fn tree(folder: String) -> Tree {
    let mut paths = Vec::new();
    walk(&top().join(&folder), &mut paths);
    paths.sort();
    let files = paths.iter().map(|path| file(path)).collect();
    Tree { name: crate_name(&folder), folder, files }
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.expect("an entry of a source folder").path();
        if path.is_dir() {
            walk(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

fn file(path: &Path) -> File {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let syntax = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let path = path.strip_prefix(top()).expect("below the top of the repository").to_string_lossy().replace('\\', "/");
    File { path, text, syntax }
}

/// The name in the manifest of the crate. Empty for a folder of tests, which no crate imports.
fn crate_name(folder: &str) -> String {
    let Some(member) = folder.strip_suffix("/src") else { return String::new() };
    let manifest = std::fs::read_to_string(top().join(member).join("Cargo.toml")).expect("the crate's Cargo.toml");
    let line = manifest.lines().find(|line| line.starts_with("name = ")).expect("the crate's name");
    line.split('"').nth(1).expect("a quoted name").replace('-', "_")
}
