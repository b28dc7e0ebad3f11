//! Compares Roadstead with its peers on this machine, and prints one table (`docs/PERFORMANCE.md`).
//!
//!     cargo build --profile dist && cargo run --release -p roadstead-bench [-- OPTIONS]
//!
//!     --quick          little work in one round, to check the benchmark itself
//!     --only WORD      only rows whose name contains the word; may be repeated
//!     --peers WORDS    only these peers: before, distribution3, distribution2, nginx, separated by commas; or none
//!     --rounds N       N rounds instead of three
//!
//! It only measures: no figure makes it fail. All servers do each kind of work in turn, in every round. The table has
//! medians, because figures drift.

mod cloud;
mod contender;
mod deletion;
mod load;
mod table;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use cloud::{Cloud, DESCRIBE_REPOSITORY, GET_USER_APP_ID};
use contender::{Kind, REPOSITORY, Server, pause};
use load::{Content, Prepared, Size};
use serde_json::json;
use table::{Figures, Row};

struct Options {
    size: Size,
    only: Vec<String>,
    kinds: Vec<Kind>,
}

const FULL: Size = Size {
    rounds: 3,
    time: Duration::from_secs(3),
    blob: 256 << 20,
    puts: 3,
    huge: 1 << 30,
    read: 64 << 20,
    pulls: 256,
    pushes: 64,
    tags: 1000,
    doomed: 100_000,
};

const QUICK: Size = Size {
    rounds: 1,
    time: Duration::from_secs(1),
    blob: 32 << 20,
    puts: 1,
    huge: 64 << 20,
    read: 8 << 20,
    pulls: 32,
    pushes: 8,
    tags: 110,
    doomed: 2000,
};

fn options() -> anyhow::Result<Options> {
    let mut options = Options { size: FULL, only: Vec::new(), kinds: Kind::ALL.to_vec() };
    let mut arguments = std::env::args().skip(1);
    let mut rounds = None;
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().with_context(|| format!("{argument} needs a value"));
        match argument.as_str() {
            "--quick" => options.size = QUICK,
            "--only" => options.only.push(value()?),
            "--rounds" => rounds = Some(value()?.parse().context("--rounds needs a number")?),
            "--peers" => {
                let peers = value()?;
                options.kinds.retain(|kind| *kind == Kind::Roadstead || peers.split(',').any(|p| p == kind.word()));
            }
            _ => bail!("unknown option {argument}"),
        }
    }
    options.size.rounds = rounds.unwrap_or(options.size.rounds);
    Ok(options)
}

/// One server with the targets of its loads. It is restarted in between.
struct Contender {
    program: PathBuf,
    directory: PathBuf,
    server: Server,
    prepared: Prepared,
}

struct Race {
    options: Options,
    content: Content,
    contenders: Vec<Contender>,
    figures: Figures,
}

impl Options {
    fn wanted(&self, row: Row) -> bool {
        self.only.is_empty() || self.only.iter().any(|word| row.name.contains(word.as_str()))
    }
}

impl Race {
    fn rates(&mut self) -> anyhow::Result<()> {
        let Self { options, contenders, figures, .. } = self;
        let rows = [
            table::MANIFEST_BY_TAG,
            table::MANIFEST_BY_DIGEST,
            table::MANIFEST_HEAD,
            table::TOKEN_CHECK,
            table::TAG_LIST,
            table::REFERRERS,
            table::TOKEN_ISSUE,
            table::SMALL_BLOB,
            table::BLOB_HEAD,
        ];
        for row in rows.into_iter().filter(|row| options.wanted(*row)) {
            for contender in &*contenders {
                let Some((method, target)) = request(row, contender) else { continue };
                let auth = match row {
                    table::TOKEN_ISSUE => contender.server.basic.clone(),
                    _ => contender.server.authorization()?,
                };
                let (server, auth) = (&contender.server, auth.as_deref());
                let cpu = server.cpu_seconds();
                let rate = match method {
                    "HEAD" => load::heads(server, &target, auth, options.size.time)?,
                    _ => load::gets(server, &target, auth, options.size.time)?,
                };
                figures.add(row, server.kind, rate);
                if row == table::MANIFEST_BY_TAG {
                    let each = micros_each(server.cpu_seconds() - cpu, rate, options.size.time);
                    figures.add(table::MANIFEST_CPU, server.kind, each);
                }
            }
        }
        Ok(())
    }

    /// The loads for Roadstead only: the cloud API and policies.
    fn cloud(&mut self) -> anyhow::Result<()> {
        let Self { options, contenders, figures, .. } = self;
        let time = options.size.time;
        for contender in contenders.iter().filter(|contender| contender.server.kind.is_ours()) {
            let (server, kind) = (&contender.server, contender.server.kind);
            let cloud = Cloud::new(server)?;
            if options.wanted(table::MANIFEST_BY_POLICY) {
                let tokens = [server.authorization()?.context("no authorization")?, cloud.sub_account(200)?];
                let [(own, own_cpu), (rate, cpu)] = by_turns(server, &contender.prepared.by_tag, &tokens, time)?;
                figures.add(table::MANIFEST_BY_POLICY, kind, rate);
                figures.add(table::POLICY_CPU, kind, cpu);
                figures.add(table::POLICY_COST, kind, 100.0 * (1.0 - rate / own));
                figures.add(table::POLICY_CPU_COST, kind, 100.0 * (cpu / own_cpu - 1.0));
            }
            if options.wanted(table::CLOUD_IDENTITY) {
                figures.add(table::CLOUD_IDENTITY, kind, cloud.rate(GET_USER_APP_ID, &json!({}), time)?);
            }
            if options.wanted(table::CLOUD_READ) {
                let parameters = json!({ "RepoName": REPOSITORY });
                figures.add(table::CLOUD_READ, kind, cloud.rate(DESCRIBE_REPOSITORY, &parameters, time)?);
            }
        }
        Ok(())
    }

    fn bytes(&mut self) -> anyhow::Result<()> {
        let Self { options, contenders, figures, content } = self;
        let size = options.size;
        for contender in contenders.iter().filter(|_| options.wanted(table::BLOB_GET)) {
            let moved = load::blob_get(&contender.server, &contender.prepared.blob, size.time)?;
            figures.add(table::BLOB_GET, contender.server.kind, moved.rate());
            figures.add(table::BLOB_GET_CPU, contender.server.kind, moved.cost());
        }
        let puts = options.wanted(table::BLOB_PUT);
        for contender in contenders.iter().filter(|c| puts && c.server.kind.is_registry()) {
            let kind = contender.server.kind;
            let moved = load::blob_put(&contender.server, content, 1, size.puts)?;
            figures.add(table::BLOB_PUT, kind, moved.rate());
            figures.add(table::BLOB_PUT_CPU, kind, moved.cost());
            let moved = load::blob_put(&contender.server, content, 4, 1)?;
            figures.add(table::BLOB_PUT_PARALLEL, kind, moved.rate());
        }
        let images = options.wanted(table::IMAGES);
        for contender in contenders.iter().filter(|c| images && c.server.kind.is_registry()) {
            let (server, cpu) = (&contender.server, contender.server.cpu_seconds());
            let rate = load::small_images(server, size.time)?;
            figures.add(table::IMAGES, server.kind, rate);
            let each = (server.cpu_seconds() - cpu) * 1e3 / (rate * size.time.as_secs_f64());
            figures.add(table::IMAGES_CPU, server.kind, each);
        }
        Ok(())
    }

    /// Pushes while a repository with very many tags is deleted.
    fn deletion(&mut self) -> anyhow::Result<()> {
        let Self { options, contenders, figures, .. } = self;
        let wanted = options.wanted(table::PUSH_BUSY);
        for contender in contenders.iter().filter(|c| wanted && c.server.kind.is_ours()) {
            let kind = contender.server.kind;
            let figure = deletion::pushes(&contender.server, options.size.doomed, options.size.time)?;
            figures.add(table::PUSH_BUSY, kind, figure.busy);
            figures.add(table::PUSH_QUIET, kind, figure.quiet);
            figures.add(table::DELETION, kind, figure.answer);
        }
        Ok(())
    }

    /// Restarts each server on its present data, and measures its memory.
    fn memory(self, tell: &mut impl FnMut(&str)) -> anyhow::Result<Self> {
        let Self { options, content, contenders, mut figures } = self;
        let wanted = options.only.is_empty() || options.only.iter().any(|word| word == "memory");
        let mut fresh = Vec::new();
        for contender in contenders {
            if !wanted || !contender.server.kind.is_registry() {
                fresh.push(contender);
                continue;
            }
            let Contender { program, directory, server, prepared } = contender;
            let kind = server.kind;
            drop(server);
            let server = Server::start(kind, &program, &directory)?;
            figures.add(table::START, kind, server.start_time.as_secs_f64() * 1000.0);
            pause(Duration::from_millis(500));
            figures.add(table::IDLE_MEMORY, kind, server.memory("VmRSS"));
            if let Some(huge) = &prepared.huge {
                let (peak, anonymous) = load::pull_memory(&server, huge, &options.size)?;
                figures.add(table::PULL_MEMORY, kind, peak);
                figures.add(table::PULL_ANON, kind, anonymous);
            }
            let (peak, anonymous) = load::push_memory(&server, &content, &options.size)?;
            figures.add(table::PUSH_MEMORY, kind, peak);
            figures.add(table::PUSH_ANON, kind, anonymous);
            tell(&format!("memory of {}", kind.title()));
            fresh.push(Contender { program, directory, server, prepared });
        }
        Ok(Self { options, content, contenders: fresh, figures })
    }
}

/// Measures requests a second, and microseconds of processor time for each request, with each of two tokens. The tokens
/// take turns of a second, because the speed of the machine changes from minute to minute.
fn by_turns(server: &Server, target: &str, tokens: &[String; 2], time: Duration) -> anyhow::Result<[(f64, f64); 2]> {
    const TURN: Duration = Duration::from_secs(1);
    let turns = 2 * u32::try_from(time.as_secs()).context("too long")?.max(1);
    let mut sums = [(0.0, 0.0); 2];
    for turn in 0..turns {
        // The order of the tokens alternates too.
        let order = if turn % 2 == 0 { [0, 1] } else { [1, 0] };
        for which in order {
            let cpu = server.cpu_seconds();
            let rate = load::gets(server, target, Some(&tokens[which]), TURN)?;
            sums[which].0 += rate;
            sums[which].1 += server.cpu_seconds() - cpu;
        }
    }
    let turns = f64::from(turns);
    Ok(sums.map(|(rates, cpu)| (rates / turns, micros_each(cpu, rates / turns, TURN.mul_f64(turns)))))
}

/// Microseconds of processor time for each request, from the total, the rate and the duration.
fn micros_each(cpu_seconds: f64, rate: f64, time: Duration) -> f64 {
    cpu_seconds * 1e6 / (rate * time.as_secs_f64())
}

/// The request of a row, if the server supports it.
fn request(row: Row, contender: &Contender) -> Option<(&'static str, String)> {
    let (prepared, kind) = (&contender.prepared, contender.server.kind);
    let ours = kind.is_ours();
    let request = match row {
        table::MANIFEST_BY_TAG => ("GET", prepared.by_tag.clone()),
        table::MANIFEST_BY_DIGEST => ("GET", prepared.by_digest.clone()),
        table::MANIFEST_HEAD => ("HEAD", prepared.by_tag.clone()),
        table::SMALL_BLOB => ("GET", prepared.small_blob.clone()),
        table::BLOB_HEAD => ("HEAD", prepared.small_blob.clone()),
        table::TOKEN_CHECK if kind.is_registry() => ("GET", "/v2/".to_owned()),
        table::TAG_LIST if kind.is_registry() => ("GET", format!("/v2/{REPOSITORY}/tags/list?n=100")),
        table::REFERRERS if ours => ("GET", prepared.subject.clone()),
        table::TOKEN_ISSUE if ours => {
            let address = contender.server.address;
            ("GET", format!("/service/token?service={address}&scope=repository:{REPOSITORY}:pull"))
        }
        _ => return None,
    };
    Some(request)
}

fn target_directory() -> PathBuf {
    let given = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    given.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target"))
}

fn contenders(options: &Options, content: &Content, directory: &Path) -> anyhow::Result<Vec<Contender>> {
    let target = target_directory();
    let binary = std::env::var_os("ROADSTEAD_TEST_BIN").map_or(target.join("dist/roadstead"), PathBuf::from);
    let tools = std::env::var_os("ROADSTEAD_TOOLS").map_or(target.join("tools"), PathBuf::from);
    let mut contenders = Vec::new();
    for kind in &options.kinds {
        let Some(program) = kind.program(&binary, &tools) else {
            if *kind == Kind::Roadstead {
                bail!("{} is missing: run cargo build --profile dist", binary.display());
            }
            continue;
        };
        let directory = directory.join(kind.word());
        let server = Server::start(*kind, &program, &directory)?;
        let prepared = load::prepare(&server, content, &options.size);
        let prepared = prepared.with_context(|| format!("cannot prepare {}", kind.title()))?;
        contenders.push(Contender { program, directory, server, prepared });
    }
    Ok(contenders)
}

fn main() -> anyhow::Result<()> {
    let options = options()?;
    let directory = tempfile::Builder::new().prefix("roadstead-bench").tempdir()?;
    let mut tell = |line: &str| {
        // A closed standard error does not stop the benchmark.
        let _ = writeln!(std::io::stderr(), "{line}");
    };
    let content = Content::new(options.size.blob);
    let contenders = contenders(&options, &content, directory.path())?;
    let kinds: Vec<Kind> = contenders.iter().map(|c| c.server.kind).collect();
    let mut race = Race { options, content, contenders, figures: Figures::default() };
    let mut limits = Vec::new();
    for round in 1..=race.options.size.rounds {
        tell(&format!("round {round}"));
        race.rates()?;
        race.cloud()?;
        tell("requests");
        race.bytes()?;
        tell("bytes");
        race.deletion()?;
        tell("deletion");
        limits.push(load::limits(&race.content, directory.path())?);
        race = race.memory(&mut tell)?;
        // Who writes first finds an idle disk, or the writes of the one before. Each server is first in turn.
        race.contenders.rotate_left(1);
    }
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", race.figures.table(&kinds))?;
    for (hashing, writing) in limits {
        writeln!(out, "limits: SHA-256 on one core {hashing:.0} MB/s, write and fsync {writing:.0} MB/s")?;
    }
    Ok(())
}
