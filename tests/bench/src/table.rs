//! The measured figures, and the table of them.

use std::collections::HashMap;

use crate::contender::Kind;

/// A row of the table: one kind of figure.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Row {
    pub name: &'static str,
    pub unit: &'static str,
    /// Whether a larger figure is better.
    pub more: bool,
}

const fn more(name: &'static str, unit: &'static str) -> Row {
    Row { name, unit, more: true }
}

const fn less(name: &'static str, unit: &'static str) -> Row {
    Row { name, unit, more: false }
}

pub const MANIFEST_BY_TAG: Row = more("manifest GET by tag, 32 connections", "/s");
pub const MANIFEST_CPU: Row = less("  processor time of the server, each", "us");
pub const MANIFEST_BY_DIGEST: Row = more("manifest GET by digest, 32 connections", "/s");
pub const MANIFEST_HEAD: Row = more("manifest HEAD by tag, 32 connections", "/s");
pub const TOKEN_CHECK: Row = more("`GET /v2/` (token check), 32 connections", "/s");
pub const TAG_LIST: Row = more("page of 100 tags, 32 connections", "/s");
pub const REFERRERS: Row = more("list of 10 referrers, 32 connections", "/s");
pub const TOKEN_ISSUE: Row = more("token issue, 32 connections", "/s");
pub const MANIFEST_BY_POLICY: Row = more("manifest GET by tag, 200 policy statements", "/s");
pub const POLICY_CPU: Row = less("  processor time of the server, with policies", "us");
pub const POLICY_COST: Row = less("  slower than a main account, by turns with policies", "%");
pub const POLICY_CPU_COST: Row = less("  more processor time than for it, with policies", "%");
pub const CLOUD_IDENTITY: Row = more("cloud API, GetUserAppId, 32 connections", "/s");
pub const CLOUD_READ: Row = more("cloud API, DescribeRepositoryPersonal, 32 connections", "/s");
pub const SMALL_BLOB: Row = more("4 KiB blob GET, 32 connections", "/s");
pub const BLOB_HEAD: Row = more("blob HEAD, 32 connections", "/s");
pub const BLOB_GET: Row = more("256 MiB blob GET, 8 connections", "MB/s");
pub const BLOB_GET_CPU: Row = less("  processor time of the server", "s/GB");
pub const BLOB_PUT: Row = more("256 MiB monolithic blob PUT, 1 connection", "MB/s");
pub const BLOB_PUT_CPU: Row = less("  processor time of the server", "s per GB");
pub const BLOB_PUT_PARALLEL: Row = more("256 MiB monolithic blob PUT, 4 connections", "MB/s");
pub const IMAGES: Row = more("small images pushed, 16 clients", "/s");
pub const IMAGES_CPU: Row = less("  processor time of the server, each", "ms");
pub const PUSH_BUSY: Row = less("99 of 100 pushes, 8 clients, while 100,000 tags are deleted", "ms");
pub const PUSH_QUIET: Row = less("  while nothing is deleted", "ms");
pub const DELETION: Row = less("  answer to the deletion", "ms");
pub const IDLE_MEMORY: Row = less("resident memory, idle", "MiB");
pub const PULL_MEMORY: Row = less("peak resident memory, 256 pulls of 1 GB at once", "MiB");
pub const PULL_ANON: Row = less("  of that anonymous", "MiB");
pub const PUSH_MEMORY: Row = less("peak resident memory, 64 pushes at once", "MiB");
pub const PUSH_ANON: Row = less("  anonymous, then", "MiB");
pub const START: Row = less("start until it answers", "ms");

/// All rows, in the order of the table.
pub const ROWS: [Row; 32] = [
    MANIFEST_BY_TAG,
    MANIFEST_CPU,
    MANIFEST_BY_DIGEST,
    MANIFEST_HEAD,
    TOKEN_CHECK,
    TAG_LIST,
    REFERRERS,
    TOKEN_ISSUE,
    MANIFEST_BY_POLICY,
    POLICY_CPU,
    POLICY_COST,
    POLICY_CPU_COST,
    CLOUD_IDENTITY,
    CLOUD_READ,
    SMALL_BLOB,
    BLOB_HEAD,
    BLOB_GET,
    BLOB_GET_CPU,
    BLOB_PUT,
    BLOB_PUT_CPU,
    BLOB_PUT_PARALLEL,
    IMAGES,
    IMAGES_CPU,
    PUSH_BUSY,
    PUSH_QUIET,
    DELETION,
    IDLE_MEMORY,
    PULL_MEMORY,
    PULL_ANON,
    PUSH_MEMORY,
    PUSH_ANON,
    START,
];

/// Every figure of every round.
#[derive(Default)]
pub struct Figures(HashMap<(Row, Kind), Vec<f64>>);

impl Figures {
    pub fn add(&mut self, row: Row, kind: Kind, figure: f64) {
        self.0.entry((row, kind)).or_default().push(figure);
    }

    fn median(&self, row: Row, kind: Kind) -> Option<f64> {
        let mut figures = self.0.get(&(row, kind))?.clone();
        figures.sort_by(f64::total_cmp);
        let middle = figures.len() / 2;
        let lower = if figures.len() % 2 == 0 { middle - 1 } else { middle };
        Some((figures[lower] + figures[middle]) / 2.0)
    }

    /// A table in Markdown with medians. The figures of peers also show how many times better Roadstead is.
    pub fn table(&self, kinds: &[Kind]) -> String {
        let mut text = String::from("| work |");
        kinds.iter().for_each(|kind| text.push_str(&format!(" {} |", kind.title())));
        text.push_str("\n|---|");
        kinds.iter().for_each(|_| text.push_str("---:|"));
        for row in ROWS {
            if kinds.iter().all(|kind| self.median(row, *kind).is_none()) {
                continue;
            }
            text.push_str(&format!("\n| {} |", row.name));
            for kind in kinds {
                text.push_str(&format!(" {} |", self.cell(row, *kind)));
            }
        }
        text.push('\n');
        text
    }

    fn cell(&self, row: Row, kind: Kind) -> String {
        let Some(figure) = self.median(row, kind) else { return "-".to_owned() };
        let ours = self.median(row, Kind::Roadstead).filter(|_| kind != Kind::Roadstead);
        let ratio = ours.map(|ours| if row.more { ours / figure } else { figure / ours }).filter(|r| r.is_finite());
        let ratio = ratio.map_or(String::new(), |ratio| format!(" ({})", times(ratio)));
        format!("{} {}{ratio}", number(figure), row.unit)
    }
}

fn times(ratio: f64) -> String {
    if ratio >= 10.0 { format!("{ratio:.0} x") } else { format!("{ratio:.2} x") }
}

/// A number with three significant digits or no decimals, and with commas between thousands.
fn number(figure: f64) -> String {
    if figure < 10.0 {
        return format!("{figure:.2}");
    }
    if figure < 100.0 {
        return format!("{figure:.1}");
    }
    let digits = format!("{figure:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
