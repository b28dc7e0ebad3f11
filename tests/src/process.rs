//! The real executable.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, channel};

use crate::DEADLINE;

/// The `roadstead` executable.
#[derive(Clone, Debug)]
pub struct Binary {
    path: PathBuf,
}

impl Binary {
    /// The executable at `ROADSTEAD_TEST_BIN`, or else the one of this build, which is built now if it is missing.
    pub fn find() -> Self {
        static PATH: OnceLock<PathBuf> = OnceLock::new();
        let path = PATH.get_or_init(|| match std::env::var_os("ROADSTEAD_TEST_BIN") {
            Some(path) => PathBuf::from(path),
            None => build(),
        });
        Self { path: path.clone() }
    }

    /// The executable at `path`.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// A command on a data directory, without the `ROADSTEAD` variables of the caller's environment.
    pub fn command(&self, data_dir: &Path) -> Command {
        let mut command = Command::new(&self.path);
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("ROADSTEAD")) {
            command.env_remove(name);
        }
        command.env("ROADSTEAD_DATA_DIR", data_dir);
        // Passwords are cheap, because these tests do not measure their cost.
        command.env("ROADSTEAD__AUTH__ARGON2__MEMORY_KIB", "8").env("ROADSTEAD__AUTH__ARGON2__ITERATIONS", "1");
        command
    }

    /// Starts a server on a free port, and waits until it answers.
    pub fn serve(&self, data_dir: &Path, environment: &[(&str, &str)]) -> Server {
        let mut command = self.command(data_dir);
        command.args(["serve", "--listen", "127.0.0.1:0"]).envs(environment.iter().copied());
        Server::start(command)
    }
}

fn build() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let directory = test.parent().and_then(Path::parent).unwrap();
    // The command names both packages, so that cargo reuses the crates that it compiled for the tests.
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--quiet", "-p", "roadstead", "-p", "roadstead-tests", "--bin", "roadstead"]);
    if directory.file_name().is_some_and(|name| name == "release") {
        cargo.arg("--release");
    }
    let built = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).status().unwrap();
    assert!(built.success(), "cargo build -p roadstead failed");
    directory.join("roadstead")
}

/// Runs a command to its end.
pub(crate) fn output(command: &mut Command, stdin: &str) -> Output {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A command that reads nothing may have closed its input.
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    child.wait_with_output().unwrap()
}

/// A server in its own process, which is killed when this value is dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    url: String,
    output: Vec<String>,
    log: Receiver<String>,
}

impl Server {
    /// Starts `command` and waits for its line `listening on`.
    pub fn start(mut command: Command) -> Self {
        let command = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (tell, log) = channel();
        let mut stderr = child.stderr.take().unwrap();
        // Read the log all the time, so that the server never waits for a reader.
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            let _ = stderr.read_to_end(&mut bytes);
            tell.send(String::from_utf8_lossy(&bytes).into_owned())
        });
        let (mut output, mut url) = (Vec::new(), None);
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            url = line.strip_prefix("listening on ").map(str::to_owned);
            output.push(line);
            if url.is_some() {
                break;
            }
        }
        let Some(url) = url else {
            let status = child.wait().unwrap();
            panic!("the server ended with {status}: {}", log.recv().unwrap_or_default());
        };
        Self { child, url, output, log }
    }

    /// The address that it listens on.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The output until it was ready.
    pub fn output(&self) -> &[String] {
        &self.output
    }

    /// Sends a signal by its name, for example `TERM`.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").arg(format!("-{name}")).arg(self.child.id().to_string()).status();
        assert!(sent.unwrap().success());
    }

    /// Waits until it ends. Returns the exit status and the log.
    pub fn wait(mut self) -> (ExitStatus, String) {
        let status = self.child.wait().unwrap();
        (status, self.log.recv_timeout(DEADLINE).unwrap_or_default())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
