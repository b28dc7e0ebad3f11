//! The compared servers: starting them, and measuring their processor time and memory.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use roadstead_bench::wire::{Wire, oci};
use serde_json::Value;

/// A kind of server.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Kind {
    Roadstead,
    /// An earlier build of Roadstead. The environment variable `ROADSTEAD_BENCH_BEFORE` names its program.
    Before,
    Distribution3,
    Distribution2,
    Nginx,
}

impl Kind {
    pub const ALL: [Self; 5] = [Self::Roadstead, Self::Before, Self::Distribution3, Self::Distribution2, Self::Nginx];

    pub fn title(self) -> &'static str {
        match self {
            Self::Roadstead => "Roadstead",
            Self::Before => "Roadstead before",
            Self::Distribution3 => "distribution 3.1.1",
            Self::Distribution2 => "distribution 2.8.2",
            Self::Nginx => "nginx, static file",
        }
    }

    /// Its name on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Roadstead => "roadstead",
            Self::Before => "before",
            Self::Distribution3 => "distribution3",
            Self::Distribution2 => "distribution2",
            Self::Nginx => "nginx",
        }
    }

    /// Whether it is a build of Roadstead.
    pub fn is_ours(self) -> bool {
        matches!(self, Self::Roadstead | Self::Before)
    }

    /// Whether it accepts pushes.
    pub fn is_registry(self) -> bool {
        self != Self::Nginx
    }

    /// The path of its program, if it is installed.
    pub fn program(self, binary: &Path, tools: &Path) -> Option<PathBuf> {
        let candidates = match self {
            Self::Roadstead => vec![binary.to_owned()],
            Self::Before => std::env::var_os("ROADSTEAD_BENCH_BEFORE").map(PathBuf::from).into_iter().collect(),
            Self::Distribution3 => vec![tools.join("registry"), tools.join("bin/registry")],
            Self::Distribution2 => vec![tools.join("docker-registry"), "/usr/bin/docker-registry".into()],
            Self::Nginx => vec!["/usr/sbin/nginx".into(), "/usr/bin/nginx".into()],
        };
        candidates.into_iter().find(|path| path.is_file())
    }
}

/// A server that runs until it is dropped.
pub struct Server {
    pub kind: Kind,
    pub address: SocketAddr,
    /// Its directory, which is deleted at the end of the benchmark.
    pub directory: PathBuf,
    /// The time from the start of the process until it accepts connections.
    pub start_time: Duration,
    /// `Authorization` with user name and password, if the server authenticates.
    pub basic: Option<String>,
    child: Child,
}

/// The repository that all loads use.
pub const REPOSITORY: &str = "library/bench";

/// How long a server may take to start.
const START_TIMEOUT: Duration = Duration::from_secs(20);

/// Sleeps for this time, between two checks.
pub fn pause(duration: Duration) {
    let until = Instant::now() + duration;
    while let Some(left) = until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
        std::thread::park_timeout(left);
    }
}

fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

impl Server {
    /// Starts a server with its data below `directory`, which may have data already.
    pub fn start(kind: Kind, program: &Path, directory: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(directory)?;
        let log = File::options().create(true).append(true).open(directory.join("log"))?;
        let mut command = Command::new(program);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).process_group(0);
        command.env_remove("RUST_LOG").env("OTEL_TRACES_EXPORTER", "none");
        // Distribution reads every such variable as a setting, also those for clients.
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("REGISTRY_")) {
            command.env_remove(name);
        }
        let began = Instant::now();
        let (child, address) = match kind {
            Kind::Roadstead | Kind::Before => start_roadstead(&mut command, directory)?,
            Kind::Distribution2 | Kind::Distribution3 => {
                let address = free_address()?;
                let config = directory.join("config.yml");
                fs::write(&config, distribution_config(address, &directory.join("data")))?;
                (command.arg("serve").arg(config).spawn()?, address)
            }
            Kind::Nginx => {
                let address = free_address()?;
                let config = directory.join("nginx.conf");
                fs::create_dir_all(directory.join("files"))?;
                fs::write(&config, nginx_config(address, directory))?;
                (command.arg("-c").arg(config).args(["-g", "daemon off;"]).spawn()?, address)
            }
        };
        let mut server =
            Self { kind, address, directory: directory.to_owned(), start_time: Duration::ZERO, basic: None, child };
        server.wait()?;
        server.start_time = began.elapsed();
        if kind.is_ours() {
            let made = directory.join("data/bootstrap.json");
            let made: Value = serde_json::from_slice(&fs::read(made)?)?;
            let text = |member: &str| made[member].as_str().unwrap_or_default();
            server.basic = Some(oci::basic(text("username"), text("password")));
        }
        Ok(server)
    }

    /// Waits until the server accepts connections.
    fn wait(&mut self) -> anyhow::Result<()> {
        let deadline = Instant::now() + START_TIMEOUT;
        while TcpStream::connect(self.address).is_err() {
            if self.child.try_wait()?.is_some() || Instant::now() > deadline {
                bail!("{} does not start: see {}", self.kind.title(), self.directory.join("log").display());
            }
            pause(Duration::from_millis(1));
        }
        Ok(())
    }

    /// A fresh bearer token as an `Authorization` header, if the server authenticates.
    pub fn authorization(&self) -> anyhow::Result<Option<String>> {
        let Some(basic) = &self.basic else { return Ok(None) };
        let scope = format!("repository:{REPOSITORY}:pull,push");
        Ok(Some(oci::bearer(self.address, basic, &[&scope]).context("no token")?))
    }

    /// A client of the server.
    pub fn client(&self) -> anyhow::Result<Wire> {
        Ok(Wire::new(self.address, self.authorization()?.as_deref()))
    }

    /// The processes of the server.
    fn processes(&self) -> Vec<u32> {
        let own = self.child.id();
        let children = fs::read_to_string(format!("/proc/{own}/task/{own}/children")).unwrap_or_default();
        let children = children.split_ascii_whitespace().filter_map(|pid| pid.parse().ok());
        std::iter::once(own).chain(children).collect()
    }

    /// The processor time that it has used so far, in seconds.
    pub fn cpu_seconds(&self) -> f64 {
        /// The unit of the times in /proc (`USER_HZ`), on every Linux.
        const TICKS: f64 = 100.0;
        let ticks = |pid: u32| -> f64 {
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            // The name in brackets may have any characters. User and system time are the 12th and 13th field after it.
            let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
            fields.split_ascii_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum()
        };
        self.processes().into_iter().map(ticks).sum::<f64>() / TICKS
    }

    /// The sum of a field of the status of its processes, in MiB: `VmHWM`, `VmRSS`, `RssAnon`.
    pub fn memory(&self, key: &str) -> f64 {
        let kib = |pid: u32| -> f64 {
            let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
            let line = status.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
            line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0.0)
        };
        self.processes().into_iter().map(kib).sum::<f64>() / 1024.0
    }

    /// Resets the peak of its memory.
    pub fn reset_peak(&self) {
        for pid in self.processes() {
            let _ = fs::write(format!("/proc/{pid}/clear_refs"), "5");
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // nginx stops its workers when it is asked to stop.
        let asked = Command::new("kill").arg(self.child.id().to_string()).status();
        let deadline = Instant::now() + Duration::from_secs(3);
        while asked.is_ok() && Instant::now() < deadline && matches!(self.child.try_wait(), Ok(None)) {
            pause(Duration::from_millis(10));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn start_roadstead(command: &mut Command, directory: &Path) -> anyhow::Result<(Child, SocketAddr)> {
    let data = directory.join("data");
    command.arg("serve").arg("--data-dir").arg(data).args(["--listen", "127.0.0.1:0"]);
    // Without this setting, the limit of calls would be measured.
    command.env("ROADSTEAD__CLOUD_API__REQUESTS_PER_SECOND", "0");
    let mut child = command.stdout(Stdio::piped()).spawn()?;
    let output = child.stdout.take().context("no standard output")?;
    for line in BufReader::new(output).lines() {
        if let Some(address) = line?.strip_prefix("listening on http://") {
            return Ok((child, address.parse()?));
        }
    }
    let _ = child.wait();
    bail!("Roadstead does not start: see {}", directory.join("log").display())
}

/// The example of its documentation, without a log of requests and without authentication.
fn distribution_config(address: SocketAddr, data: &Path) -> String {
    format!(
        "version: 0.1\nlog:\n  level: error\n  accesslog:\n    disabled: true\nstorage:\n  cache:\n    blobdescriptor: \
         inmemory\n  delete:\n    enabled: true\n  filesystem:\n    rootdirectory: {}\nhttp:\n  addr: {address}\n  \
         secret: bench\n",
        data.display()
    )
}

fn nginx_config(address: SocketAddr, directory: &Path) -> String {
    let at = directory.display();
    format!(
        "worker_processes auto;\npid {at}/pid;\nerror_log {at}/error.log;\nevents {{}}\nhttp {{\n  access_log off;\n  \
         sendfile on;\n  keepalive_requests 100000000;\n  client_body_temp_path {at}/1;\n  proxy_temp_path {at}/2;\n  \
         fastcgi_temp_path {at}/3;\n  uwsgi_temp_path {at}/4;\n  scgi_temp_path {at}/5;\n  server {{ listen {address}; \
         root {at}/files; }}\n}}\n"
    )
}
