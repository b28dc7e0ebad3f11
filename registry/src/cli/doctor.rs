//! `roadstead doctor`: checks of an installation, printed one per line.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use clap::Args;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, LOCATION, WWW_AUTHENTICATE};
use reqwest::{Client, Method, StatusCode};
use roadstead_auth::{Caller, Identity, Scope, Sealer, Write};
use roadstead_config::Settings;
use roadstead_service::records::Account;
use roadstead_service::{AccountService, NameService};
use roadstead_storage::blob::BlobStore;
use roadstead_storage::meta::MetaStore;
use roadstead_types::{Algorithm, Clock, Digest, RegistryId, RepositoryName, SystemClock, media_types};
use serde_json::{Value, json};
use url::Url;

use super::{Context, Failure, Outcome, opened, print_json, print_line};
use crate::bootstrap;

#[derive(Args)]
pub struct DoctorArgs {
    /// URL to push and pull through; by default the setting server.external_url, or else the address to listen on
    #[arg(long)]
    url: Option<Url>,
}

/// The repository that the doctor pushes to and then removes, in a namespace of the owner account.
const REPOSITORY: &str = "roadstead-doctor";

/// The results of the checks. They are printed one by one, or together as JSON.
struct Report {
    json: bool,
    healthy: bool,
    checks: Vec<Value>,
}

impl Report {
    fn add(&mut self, name: &str, result: anyhow::Result<String>) -> anyhow::Result<()> {
        let ok = result.is_ok();
        self.healthy &= ok;
        let detail = result.unwrap_or_else(|error| format!("{error:#}"));
        if self.json {
            self.checks.push(json!({ "check": name, "ok": ok, "detail": detail }));
            return Ok(());
        }
        print_line(format_args!("{:6}  {name}: {detail}", if ok { "ok" } else { "FAILED" }))
    }
}

/// Runs `roadstead doctor`: prints one line per check, with exit code 1 if one fails.
pub async fn run(context: &Context, args: &DoctorArgs) -> Outcome {
    let settings = &context.settings;
    let mut report = Report { json: context.json, healthy: true, checks: Vec::new() };
    report.add("data directory", check_data_dir(settings))?;
    let store = bootstrap::open_existing_store(settings).await;
    report.add("blob store", check_store(&store).await)?;
    let meta = bootstrap::open_existing_meta(settings).await;
    let described = meta.as_ref().map(|m| format!("{}, schema up to date", m.engine()));
    report.add("database", described.map_err(|e| anyhow::anyhow!("{e:#}")))?;
    if let (Ok(meta), Ok(store)) = (&meta, &store) {
        report.add("collection", check_store_belongs(meta, &**store).await)?;
    }
    let sealer = match &meta {
        Ok(meta) => Some(bootstrap::open_sealer(settings, meta).await),
        Err(_) => None,
    };
    if let (Ok(meta), Some(sealer)) = (&meta, &sealer) {
        report.add("master key", check_sealer(meta, sealer).await)?;
    }
    let opened = meta.ok().zip(sealer.and_then(Result::ok));
    check_server(settings, args, opened, &mut report).await?;
    if context.json {
        print_json(&Value::from(report.checks))?;
    }
    if report.healthy { Ok(()) } else { Err(Failure::Failed(anyhow::anyhow!("some checks failed"))) }
}

/// Runs the checks that need a running server.
async fn check_server(
    settings: &Settings,
    args: &DoctorArgs,
    opened: Option<(MetaStore, Sealer)>,
    report: &mut Report,
) -> anyhow::Result<()> {
    let url = match &args.url {
        Some(url) => url.as_str().trim_end_matches('/').to_owned(),
        None => settings.url(),
    };
    let client = match Client::builder().timeout(Duration::from_secs(30)).build() {
        Ok(client) => client,
        Err(error) => return report.add("HTTP client", Err(error.into())),
    };
    report.add("clock", check_clock(&client, &url, settings.auth.leeway).await)?;
    match opened {
        Some(_) if settings.maintenance.readonly => {
            let untried = "not tried: the registry is read-only for maintenance (maintenance.readonly)";
            report.add("push and pull", Ok(untried.to_owned()))
        }
        Some((meta, sealer)) => {
            report.add("push and pull", push_and_pull(settings, &meta, sealer, &client, &url).await)
        }
        None => Ok(()),
    }
}

async fn check_store_belongs(meta: &MetaStore, store: &dyn BlobStore) -> anyhow::Result<String> {
    Ok(match roadstead_gc::belongs(meta, store).await? {
        true => "the blob store belongs to the database",
        false => "the blob store is empty and belongs to no database yet",
    }
    .to_owned())
}

async fn check_store(store: &anyhow::Result<Arc<dyn BlobStore>>) -> anyhow::Result<String> {
    let store = store.as_ref().map_err(|error| anyhow::anyhow!("{error:#}"))?;
    store.ping().await?;
    Ok("can be written".to_owned())
}

async fn check_sealer(meta: &MetaStore, sealer: &anyhow::Result<Sealer>) -> anyhow::Result<String> {
    let sealer = sealer.as_ref().map_err(|error| anyhow::anyhow!("{error:#}"))?;
    match roadstead_auth::opens(meta, sealer).await? {
        Some(true) => Ok("opens the secrets in the database".to_owned()),
        Some(false) => bail!("the secrets in the database are sealed with another key"),
        None => Ok("nothing is sealed yet".to_owned()),
    }
}

fn check_data_dir(settings: &Settings) -> anyhow::Result<String> {
    let dir = &settings.data_dir;
    ensure!(dir.is_dir(), "{} is not a directory; `roadstead serve` makes it", dir.display());
    let probe = dir.join(".doctor");
    std::fs::write(&probe, b"probe").with_context(|| format!("cannot write to {}", dir.display()))?;
    std::fs::remove_file(&probe)?;
    Ok(format!("{} can be written", dir.display()))
}

/// Compares the clocks of this machine and the server. Tokens work while they differ by `leeway` at most.
async fn check_clock(client: &Client, url: &str, leeway: Duration) -> anyhow::Result<String> {
    let response = client.get(format!("{url}/v2/")).send().await.with_context(|| format!("cannot reach {url}"))?;
    let date = response.headers().get("date").and_then(|d| d.to_str().ok()).context("the answer has no Date")?;
    let theirs = httpdate::parse_http_date(date)?.duration_since(std::time::UNIX_EPOCH)?.as_secs();
    let ours = u64::try_from(SystemClock.now().as_secs())?;
    let skew = theirs.abs_diff(ours);
    ensure!(skew <= leeway.as_secs(), "this clock and the server's differ by {skew} s; tokens will be refused");
    Ok(format!("differs by {skew} s from the server's"))
}

struct Session<'a> {
    client: &'a Client,
    url: &'a str,
    repository: &'a RepositoryName,
    token: String,
}

impl Session<'_> {
    async fn send(
        &self,
        method: Method,
        target: &str,
        content_type: &str,
        body: Vec<u8>,
        expected: StatusCode,
    ) -> anyhow::Result<reqwest::Response> {
        let target = Url::parse(self.url)?.join(target)?;
        let request = self.client.request(method.clone(), target.clone()).header(CONTENT_TYPE, content_type);
        let request = request.header(AUTHORIZATION, format!("Bearer {}", self.token)).body(body);
        let response = request.send().await?;
        let status = response.status();
        if status != expected {
            let text = response.text().await.unwrap_or_default();
            bail!("{method} {target} answered {status} where {expected} was expected: {text}");
        }
        Ok(response)
    }
}

/// Signs in at the server behind the URL. The token is made here, from the database, for the host name that this server
/// announces.
async fn sign_in<'a>(
    (settings, meta, sealer): (&Settings, &MetaStore, Sealer),
    client: &'a Client,
    url: &'a str,
    owner: &Account,
    repository: &'a RepositoryName,
) -> anyhow::Result<Session<'a>> {
    let response = client.get(format!("{url}/v2/")).send().await?;
    ensure!(response.status() == StatusCode::UNAUTHORIZED, "{url}/v2/ answered {}", response.status());
    let challenge = response.headers().get(WWW_AUTHENTICATE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let part = |name: &str| challenge.split_once(&format!("{name}=\"")).and_then(|(_, rest)| rest.split('"').next());
    let realm = part("realm").context("the challenge names no realm")?;
    let service = part("service").context("the challenge names no service")?;
    let token = client.get(realm).query(&[("service", service)]).send().await;
    let token = token.with_context(|| format!("cannot reach {realm}, where clients get their tokens"))?;
    ensure!(token.status().is_success(), "{realm} answered {}", token.status());
    let auth = bootstrap::open_auth(settings, meta, sealer, Arc::new(SystemClock)).await?;
    let identity = Identity::of_main(owner).context("the owner account is a sub-account")?;
    let caller = Caller::identified(
        Some(Arc::new(identity)),
        None,
        Arc::new(roadstead_auth::Client::at(Ipv4Addr::LOCALHOST.into())),
    );
    let scope = Scope::parse(&format!("repository:{repository}:pull,push,delete"));
    let issued = auth.issue(RegistryId::PERSONAL, &caller, service, &[scope]).await?;
    Ok(Session { client, url, repository, token: issued.token })
}

/// Returns the name of the doctor's repository.
async fn repository_of(names: &NameService, owner: &Account) -> anyhow::Result<RepositoryName> {
    let own = names.namespaces(&super::system(), Some(owner.id), None, 1).await?;
    let first = own.first().context("the owner account has no namespace: `roadstead namespace create` makes one")?;
    Ok(format!("{}/{REPOSITORY}", first.name).parse()?)
}

/// Pushes and pulls, then removes the pushed content, and also the repository unless it existed before.
async fn push_and_pull(
    settings: &Settings,
    meta: &MetaStore,
    sealer: Sealer,
    client: &Client,
    url: &str,
) -> anyhow::Result<String> {
    let (names, system) = (bootstrap::open_names(settings, meta), super::system::<Write>());
    let owner = opened::owner(&AccountService::new(meta.clone())).await?;
    let name = repository_of(&names, &owner).await?;
    let session = sign_in((settings, meta, sealer), client, url, &owner, &name).await?;
    let before = names.repository(&system, &name).await?;
    let outcome = round_trip(&session).await;
    if let (None, Some((made, _))) = (before, names.repository(&system, &name).await?) {
        let act = super::operator_act(settings, None, "repository.delete", name.as_str());
        names.delete_repository(&system, &act, &made).await?;
    }
    outcome?;
    Ok(format!("through {url}"))
}

async fn round_trip(session: &Session<'_>) -> anyhow::Result<()> {
    let content = format!("{{\"checked\":\"{:032x}\"}}", rand::random::<u128>()).into_bytes();
    let digest = Digest::of(Algorithm::Sha256, &content);
    let octets = "application/octet-stream";
    let repository = session.repository;
    let start = format!("/v2/{repository}/blobs/uploads/");
    let started = session.send(Method::POST, &start, octets, Vec::new(), StatusCode::ACCEPTED).await?;
    let location = started.headers().get(LOCATION).and_then(|l| l.to_str().ok()).context("no Location")?.to_owned();
    let put = format!("{location}?digest={digest}");
    session.send(Method::PUT, &put, octets, content.clone(), StatusCode::CREATED).await?;
    let manifest = format!(
        "{{\"schemaVersion\":2,\"mediaType\":\"{}\",\"artifactType\":\"application/vnd.roadstead.doctor\",\
         \"config\":{{\"mediaType\":\"{}\",\"digest\":\"{digest}\",\"size\":{}}},\"layers\":[]}}",
        media_types::OCI_IMAGE,
        media_types::OCI_EMPTY,
        content.len(),
    );
    let manifest_digest = Digest::of(Algorithm::Sha256, manifest.as_bytes());
    let at = format!("/v2/{repository}/manifests/{manifest_digest}");
    session.send(Method::PUT, &at, media_types::OCI_IMAGE, manifest.clone().into_bytes(), StatusCode::CREATED).await?;
    let pulled = session.send(Method::GET, &at, octets, Vec::new(), StatusCode::OK).await?.bytes().await?;
    ensure!(pulled == manifest.as_bytes(), "the manifest came back changed");
    let blob = format!("/v2/{repository}/blobs/{digest}");
    let pulled = session.send(Method::GET, &blob, octets, Vec::new(), StatusCode::OK).await?.bytes().await?;
    ensure!(pulled == content, "the blob came back changed");
    session.send(Method::DELETE, &at, octets, Vec::new(), StatusCode::ACCEPTED).await?;
    session.send(Method::DELETE, &blob, octets, Vec::new(), StatusCode::ACCEPTED).await?;
    Ok(())
}
