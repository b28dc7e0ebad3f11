//! A log that nobody reads.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::process::{Child, Stdio};
use std::time::Duration;

use roadstead_tests::Binary;

struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Sends so many requests on one connection, and returns the answers.
fn ask(address: &str, target: &str, count: usize) -> String {
    let mut connection = TcpStream::connect(address).unwrap();
    connection.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let mut sender = connection.try_clone().unwrap();
    let request = format!("GET {target} HTTP/1.1\r\nHost: {address}\r\n\r\n");
    let sending = std::thread::spawn(move || {
        (0..count).for_each(|_| sender.write_all(request.as_bytes()).unwrap());
        sender.shutdown(Shutdown::Write).unwrap();
    });
    let mut answers = String::new();
    connection.read_to_string(&mut answers).unwrap();
    sending.join().unwrap();
    answers
}

#[test]
fn a_server_whose_log_nobody_reads_goes_on() {
    let data = tempfile::tempdir().unwrap();
    let mut command = Binary::find().command(data.path());
    command.args(["serve", "--listen", "127.0.0.1:0"]).env("ROADSTEAD__METRICS__LISTEN", "127.0.0.1:0");
    let command = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut server = Killed(command.spawn().unwrap());
    let mut lines = Vec::new();
    for line in BufReader::new(server.0.stdout.as_mut().unwrap()).lines() {
        lines.push(line.unwrap());
        if lines.last().is_some_and(|line| line.starts_with("listening")) {
            break;
        }
    }
    let address = |name: &str| {
        let line = lines.iter().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("{lines:?}"));
        line.trim_start_matches(" on http://").trim_end_matches("/metrics").to_owned()
    };
    let (server, metrics) = (address("listening"), address("metrics"));
    // One line each: more than the queue and the pipe hold.
    let answers = ask(&server, "/v2/", 24_000);
    assert_eq!(answers.matches("HTTP/1.1 401").count(), 24_000);
    assert!(ask(&server, "/healthz", 1).starts_with("HTTP/1.1 200"));
    let text = ask(&metrics, "/metrics", 1);
    let dropped = text.lines().find_map(|line| line.strip_prefix("roadstead_log_lines_dropped ")).unwrap();
    assert!(dropped.parse::<u64>().unwrap() > 0, "{dropped}");
}
