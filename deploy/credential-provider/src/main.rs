//! An exec credential provider for kubelet (`credentialprovider.kubelet.k8s.io/v1`): kubelet writes a request to
//! standard input, and this program writes the credentials for the registry of the image to standard output.
//!
//! The credentials are a token that the cloud API issues for an access key or for the token of a service account, or a
//! user name and password from files. Settings come from the environment, see [`settings`]. On failure the program
//! writes one line without secrets to standard error and exits with 1.

mod cloud;
mod protocol;
mod settings;
mod sign;

use std::io::{Read, Write};
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};
use protocol::{Credentials, Request};
use settings::{Settings, Source};

/// The most bytes of a request that are read. Kubelet sends less.
const LARGEST_REQUEST: u64 = 1 << 20;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // If standard error is closed, the message cannot be shown.
            let _ = writeln!(std::io::stderr(), "roadstead-credential-provider: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<()> {
    let mut text = String::new();
    std::io::stdin().take(LARGEST_REQUEST).read_to_string(&mut text).context("cannot read the request")?;
    let request = Request::parse(&text)?;
    let settings = Settings::load(&|name| std::env::var(name).ok())?;
    settings.check_registry(request.registry())?;
    let credentials = match &settings.source {
        Source::Fixed { username, password } => Credentials {
            username: username.clone(),
            password: password.clone(),
            lifetime: settings.cache.unwrap_or_default(),
        },
        Source::Cloud(access) => {
            let mut credentials = cloud::credentials(access, &request, now()).await?;
            if let Some(cache) = settings.cache {
                credentials.lifetime = credentials.lifetime.min(cache);
            }
            credentials
        }
    };
    let answer = request.answer(&credentials)?;
    std::io::stdout().write_all(answer.as_bytes()).context("cannot write the answer")
}

/// Reads the wall clock, which signatures and expiry times need.
#[expect(
    clippy::disallowed_methods,
    reason = "the program reads the clock once; other functions take the time as a parameter"
)]
fn now() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}
