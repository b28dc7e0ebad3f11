//! Checks that files and functions are short, and that each file begins with a line that says what it is for.

use std::collections::BTreeSet;

use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use crate::exceptions::{LONG_FILES, LONG_FUNCTIONS};
use crate::none;
use crate::source::{File, trees};

const LINES_OF_A_FILE: usize = 400;
const LINES_OF_A_FUNCTION: usize = 40;
/// Tests may be longer, because a test is one sequence of steps.
const LINES_OF_A_TEST: usize = 80;

/// Checks that the violations that `breaks` finds are exactly those in `listed`.
fn as_listed(rule: &str, listed: &[(&str, &str)], breaks: impl Fn(&File) -> Vec<String>) {
    let found: BTreeSet<String> = trees().iter().flat_map(|tree| &tree.files).flat_map(breaks).collect();
    let known: BTreeSet<String> = listed.iter().map(|(name, _)| (*name).to_owned()).collect();
    let new = found.difference(&known).map(|name| format!("{name}: {rule}"));
    let gone =
        known.difference(&found).map(|name| format!("{name}: follows the rule now ({rule}): remove it from the list"));
    none(new.chain(gone).collect());
}

#[test]
fn files_have_400_lines_at_most() {
    as_listed("400 lines at most", LONG_FILES, |file| {
        if file.text.lines().count() > LINES_OF_A_FILE { vec![file.path.clone()] } else { Vec::new() }
    });
}

#[test]
fn files_begin_with_a_line_that_says_what_they_are_for() {
    as_listed("the first line is `//!`", &[], |file| {
        if file.text.starts_with("//! ") { Vec::new() } else { vec![file.path.clone()] }
    });
}

#[test]
fn functions_have_40_lines_at_most_and_tests_80() {
    as_listed("40 lines at most, 80 in tests", LONG_FUNCTIONS, |file| {
        let mut functions = Functions { path: &file.path, most: most_lines(&file.path), long: Vec::new() };
        functions.visit_file(&file.syntax);
        functions.long
    });
}

/// The functions of a file that are too long, as `path name`.
struct Functions<'a> {
    path: &'a str,
    most: usize,
    long: Vec<String>,
}

impl Functions<'_> {
    /// Counts from the line with `fn` to the closing brace.
    fn look(&mut self, signature: &syn::Signature, block: &syn::Block) {
        let lines = block.span().end().line + 1 - signature.span().start().line;
        if lines > self.most {
            self.long.push(format!("{} {}", self.path, signature.ident));
        }
    }
}

fn most_lines(path: &str) -> usize {
    let of_tests = path.starts_with("tests/")
        || path.contains("/tests/")
        || path.contains("/testkit/")
        || path.ends_with("tests.rs");
    if of_tests { LINES_OF_A_TEST } else { LINES_OF_A_FUNCTION }
}

impl<'ast> Visit<'ast> for Functions<'_> {
    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.look(&function.sig, &function.block);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.look(&function.sig, &function.block);
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast syn::TraitItemFn) {
        if let Some(block) = &function.default {
            self.look(&function.sig, block);
        }
        visit::visit_trait_item_fn(self, function);
    }
}
