//! The files of one crate do not import each other in a circle, so each can be read after the files that it needs.

use std::collections::BTreeSet;

use petgraph::algo::tarjan_scc;
use petgraph::graphmap::DiGraphMap;

use crate::exceptions::{CIRCLES, Circle};
use crate::imports::Graph;
use crate::none;
use crate::source::{Tree, trees};

/// The circles of a crate, each as a set of files below the folder of the crate.
fn circles(tree: &Tree) -> Vec<BTreeSet<String>> {
    let needs = Graph::of(tree).needs();
    let names: BTreeSet<(String, String)> = needs.iter().map(|(from, to)| (from.join("/"), to.join("/"))).collect();
    let graph: DiGraphMap<&str, ()> = names.iter().map(|(from, to)| (from.as_str(), to.as_str())).collect();
    let circles = tarjan_scc(&graph).into_iter().filter(|files| files.len() > 1);
    circles.map(|files| files.into_iter().map(shown).collect()).collect()
}

/// The name of a module for messages. The root of a crate has none, so it is `(root)`.
fn shown(module: &str) -> String {
    if module.is_empty() { "(root)".to_owned() } else { module.to_owned() }
}

#[test]
fn files_do_not_import_each_other_in_a_circle() {
    let mut complaints = Vec::new();
    let mut met = BTreeSet::new();
    for tree in trees() {
        for files in circles(&tree) {
            let listed = CIRCLES.iter().find(|known| known.folder == tree.folder && files.contains(known.with));
            met.extend(listed.map(|known| (known.folder, known.with)));
            complaints.extend(complaint(&tree.folder, &files, listed));
        }
    }
    for gone in CIRCLES.iter().filter(|known| !met.contains(&(known.folder, known.with))) {
        complaints.push(format!("{}: no circle with {} any more: remove it from the list", gone.folder, gone.with));
    }
    none(complaints);
}

fn complaint(folder: &str, files: &BTreeSet<String>, listed: Option<&Circle>) -> Option<String> {
    let (allowed, reason) = listed.map_or((0, "not listed"), |known| (known.files, known.reason));
    let names = files.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    let found = files.len();
    (found > allowed)
        .then(|| format!("{folder}: a circle of {found} files, at most {allowed} are allowed ({reason}): {names}"))
}
