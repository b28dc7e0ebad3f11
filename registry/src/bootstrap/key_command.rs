//! Reads the master key from a program, for example one that asks a key management service.

use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, anyhow, bail, ensure};
use roadstead_config::Key;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::Command;
use zeroize::Zeroizing;

/// How long the program may run.
pub(super) const TIME_LIMIT: Duration = Duration::from_secs(30);
/// The most bytes that the program may print: a key in base64 and surrounding white space.
const MOST_OUTPUT: usize = 4096;
/// The most bytes of standard error that an error message quotes.
const MOST_COMPLAINTS: usize = 2048;

/// Runs a program with its arguments, without a shell, and reads the key from its standard output. Standard output is
/// never logged or shown.
pub(super) async fn read(command: &[String], limit: Duration) -> anyhow::Result<Key> {
    let (program, arguments) = command.split_first().context("auth.master_key_command is empty")?;
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    // The settings of this server include passwords, so the program does not inherit them.
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.as_encoded_bytes().starts_with(b"ROADSTEAD_")) {
        command.env_remove(name);
    }
    run(command, limit).await.with_context(|| format!("auth.master_key_command: {program}"))
}

async fn run(mut command: Command, limit: Duration) -> anyhow::Result<Key> {
    let mut child = command.spawn().context("cannot be run")?;
    let stdout = child.stdout.take().context("has no standard output")?;
    let stderr = child.stderr.take().context("has no standard error")?;
    // The capacity exceeds the most bytes that are read: a growing vector would leave unwiped copies in memory.
    let mut printed = Zeroizing::new(Vec::with_capacity(2 * MOST_OUTPUT));
    let mut complaints = Vec::new();
    let all = async {
        tokio::try_join!(read_key(stdout, &mut printed), read_complaints(stderr, &mut complaints))?;
        Ok::<ExitStatus, anyhow::Error>(child.wait().await?)
    };
    let ended = tokio::time::timeout(limit, all).await;
    // Dropping the future kills the program.
    let Ok(status) = ended else {
        bail!("has not ended after {}{}", humantime::format_duration(limit), shown(&complaints))
    };
    let status = status?;
    ensure!(status.success(), "failed with {status}{}", shown(&complaints));
    let printed = &printed[..];
    Key::from_contents(printed).map_err(|expected| anyhow!("printed {} bytes, {expected}", printed.len()))
}

async fn read_key(stdout: impl AsyncRead + Unpin, printed: &mut Vec<u8>) -> anyhow::Result<()> {
    stdout.take(MOST_OUTPUT as u64 + 1).read_to_end(printed).await?;
    ensure!(printed.len() <= MOST_OUTPUT, "prints more than {MOST_OUTPUT} bytes: that is no key");
    Ok(())
}

/// Reads standard error to its end, so that the program never blocks on a full pipe, and keeps the beginning.
async fn read_complaints(mut stderr: impl AsyncRead + Unpin, kept: &mut Vec<u8>) -> anyhow::Result<()> {
    let mut chunk = [0; 1024];
    loop {
        match stderr.read(&mut chunk).await {
            Ok(0) => return Ok(()),
            Ok(count) => {
                let room = MOST_COMPLAINTS.saturating_sub(kept.len());
                kept.extend_from_slice(&chunk[..count.min(room)]);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Formats standard error of the program as one line.
fn shown(complaints: &[u8]) -> String {
    let text = String::from_utf8_lossy(complaints);
    let line: Vec<&str> =
        text.split(|c: char| c.is_control() || c.is_whitespace()).filter(|word| !word.is_empty()).collect();
    if line.is_empty() { String::new() } else { format!(": {}", line.join(" ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str) -> Vec<String> {
        ["sh", "-c", script].map(str::to_owned).into()
    }

    async fn problem(script: &str) -> String {
        format!("{:#}", read(&sh(script), TIME_LIMIT).await.unwrap_err())
    }

    #[tokio::test]
    async fn a_program_prints_a_key() {
        for script in [
            "printf kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk",
            "echo a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s=",
            "head -c 1000000 /dev/zero >&2; echo; echo a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s=",
        ] {
            assert_eq!(read(&sh(script), TIME_LIMIT).await.unwrap().expose(), &[b'k'; 32], "{script}");
        }
    }

    #[tokio::test]
    async fn a_program_that_fails_is_quoted_but_for_what_it_prints() {
        let problem = problem("printf HIDDEN; printf 'no such key:\\n\\033[1m  denied' >&2; exit 3").await;
        assert_eq!(problem, "auth.master_key_command: sh: failed with exit status: 3: no such key: [1m denied");
    }

    #[tokio::test]
    async fn what_is_no_key_is_not_shown() {
        for (script, what) in [
            ("printf HIDDEN", "printed 6 bytes, expected 32 bytes, or the base64 of 32 bytes"),
            ("echo kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk", "printed 33 bytes, "),
            ("true", "printed 0 bytes, "),
            ("exec cat /dev/zero", "prints more than 4096 bytes"),
        ] {
            let problem = problem(script).await;
            assert!(problem.starts_with("auth.master_key_command: sh: ") && problem.contains(what), "{problem}");
            assert!(!problem.contains("HIDDEN"), "{problem}");
        }
        let missing = read(&["/nowhere/program".to_owned()], TIME_LIMIT).await.unwrap_err();
        assert!(format!("{missing:#}").starts_with("auth.master_key_command: /nowhere/program: cannot be run"));
        assert!(read(&[], TIME_LIMIT).await.is_err());
    }

    #[tokio::test]
    async fn a_program_that_does_not_end_is_not_waited_for() {
        for script in ["exec sleep 1000", "exec >&- 2>&-; exec sleep 1000", "printf k; exec sleep 1000"] {
            let problem = format!("{:#}", read(&sh(script), Duration::from_millis(50)).await.unwrap_err());
            assert_eq!(problem, "auth.master_key_command: sh: has not ended after 50ms");
        }
    }
}
