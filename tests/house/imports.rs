//! Finds which files of a crate need each other, by their `use` lines.
//!
//! A path leads to the file that defines the name. `pub use` lines on the way are followed; they do not count as needs
//! of their own file. Code under `#[cfg(test)]` does not count.

use std::collections::{BTreeMap, BTreeSet};

use syn::visit::{self, Visit};
use syn::{Attribute, ItemMod, ItemUse, UseTree, Visibility};

use crate::source::Tree;

/// The path of a module below the root of its crate. The path of the root is empty.
type Module = Vec<String>;

/// One name of a `use` line: its path, and the imported name. `None` means all names (`*`).
#[derive(Clone)]
struct Import {
    path: Vec<String>,
    name: Option<String>,
}

#[derive(Default)]
struct Imports {
    private: Vec<Import>,
    public: Vec<Import>,
}

pub struct Graph {
    modules: BTreeMap<Module, Imports>,
    own_name: String,
}

impl Graph {
    pub fn of(tree: &Tree) -> Self {
        let modules = tree.files.iter().map(|file| (module(&tree.folder, &file.path), Imports::read(&file.syntax)));
        Self { modules: modules.collect(), own_name: tree.name.clone() }
    }

    /// All pairs of a file and a file that it needs, as modules.
    pub fn needs(&self) -> BTreeSet<(Module, Module)> {
        let mut needs = BTreeSet::new();
        for (module, imports) in &self.modules {
            for import in &imports.private {
                let target = self.resolve(module, &import.path, 0);
                needs.extend(target.filter(|target| target != module).map(|target| (module.clone(), target)));
            }
        }
        needs
    }

    /// The module that defines the target of `path`, as written in `from`. `None` if it is in another crate.
    fn resolve(&self, from: &Module, path: &[String], depth: usize) -> Option<Module> {
        let (mut at, rest) = self.start(from, path)?;
        for (i, segment) in rest.iter().enumerate() {
            let child = [at.as_slice(), std::slice::from_ref(segment)].concat();
            if self.modules.contains_key(&child) {
                at = child;
            } else {
                return Some(self.reexported(&at, &rest[i..], depth).unwrap_or(at));
            }
        }
        Some(at)
    }

    /// The module where a path begins, and the rest of the path.
    fn start<'a>(&self, from: &Module, path: &'a [String]) -> Option<(Module, &'a [String])> {
        let first = path.first()?;
        match first.as_str() {
            "crate" => Some((Module::new(), &path[1..])),
            name if name == self.own_name => Some((Module::new(), &path[1..])),
            "self" => Some((from.clone(), &path[1..])),
            "super" => {
                let supers = path.iter().take_while(|segment| *segment == "super").count();
                Some((from.get(..from.len().checked_sub(supers)?)?.to_vec(), &path[supers..]))
            }
            _ => {
                let child = [from.as_slice(), std::slice::from_ref(first)].concat();
                self.modules.contains_key(&child).then(|| (from.clone(), path))
            }
        }
    }

    /// Follows the `pub use` line of `at` that exports the first name of `rest`.
    fn reexported(&self, at: &Module, rest: &[String], depth: usize) -> Option<Module> {
        if depth > 8 {
            return None;
        }
        let imports = self.modules.get(at)?;
        let named = imports.public.iter().find(|import| import.name.as_ref() == rest.first())?;
        let path = [named.path.as_slice(), &rest[1..]].concat();
        self.resolve(at, &path, depth + 1)
    }
}

/// `auth/src/signature/mod.rs` below `auth/src` is `signature`.
fn module(folder: &str, path: &str) -> Module {
    let below = path
        .strip_prefix(folder)
        .expect("the file must be in the folder")
        .trim_start_matches('/')
        .trim_end_matches(".rs");
    let mut module: Module = below.split('/').map(str::to_owned).collect();
    if matches!(module.last().map(String::as_str), Some("mod" | "lib" | "main")) {
        module.pop();
    }
    module
}

impl Imports {
    fn read(file: &syn::File) -> Self {
        let mut imports = Self::default();
        if !file.attrs.iter().any(is_for_tests) {
            imports.visit_file(file);
        }
        imports
    }
}

impl<'ast> Visit<'ast> for Imports {
    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        if item.attrs.iter().any(is_for_tests) {
            return;
        }
        let into = if matches!(item.vis, Visibility::Inherited) { &mut self.private } else { &mut self.public };
        spread(&item.tree, &mut Vec::new(), into);
    }

    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        if !item.attrs.iter().any(is_for_tests) {
            visit::visit_item_mod(self, item);
        }
    }
}

fn is_for_tests(attribute: &Attribute) -> bool {
    let syn::Meta::List(list) = &attribute.meta else { return false };
    list.path.is_ident("cfg") && list.tokens.to_string() == "test"
}

/// Expands a `use` tree: `a::{b, c::*}` is `a::b` and all of `a::c`.
fn spread(tree: &UseTree, before: &mut Vec<String>, found: &mut Vec<Import>) {
    match tree {
        UseTree::Path(path) => {
            before.push(path.ident.to_string());
            spread(&path.tree, before, found);
            before.pop();
        }
        UseTree::Name(name) if name.ident == "self" => {
            found.push(Import { path: before.clone(), name: before.last().cloned() })
        }
        UseTree::Name(name) => found.push(import(before, &name.ident, &name.ident)),
        UseTree::Rename(rename) => found.push(import(before, &rename.ident, &rename.rename)),
        UseTree::Glob(_) => found.push(Import { path: before.clone(), name: None }),
        UseTree::Group(group) => group.items.iter().for_each(|tree| spread(tree, before, found)),
    }
}

fn import(before: &[String], ident: &syn::Ident, name: &syn::Ident) -> Import {
    let path = before.iter().cloned().chain([ident.to_string()]).collect();
    Import { path, name: Some(name.to_string()) }
}
