//! A running registry.

use std::net::SocketAddr;
use std::process::Output;
use std::sync::Arc;
use std::thread::JoinHandle;

use reqwest::Certificate;
use roadstead::bootstrap::{self, Parts};
use roadstead_auth::{Accounts, NewMainAccount};
use roadstead_config::{DatabaseLocation, FirstCredentials, Settings};
use roadstead_storage::blob::BlobStore;
use roadstead_storage::meta::{AccountStatus, Act, MetaStore};
use roadstead_storage::testkit::TestDatabase;
use roadstead_types::{AccountId, Clock, ManualClock, RegistryId, RepositoryName};
use tempfile::TempDir;

use crate::client::plain_http;
use crate::{Binary, Client, Cloud, Credentials, eventually, verify};

/// The password of the owner account in every registry of the harness.
pub const OWNER_PASSWORD: &str = "correct horse battery staple";

/// The name of the thread that runs the loops of a registry. Other threads serve requests.
pub const SERVER_THREAD: &str = "the registry";

/// Everything that survives a restart.
pub(crate) struct Stage {
    pub settings: Settings,
    pub bootstrap: FirstCredentials,
    pub clock: Arc<dyn Clock>,
    pub manual: Option<Arc<ManualClock>>,
    pub store: Option<Arc<dyn BlobStore>>,
    pub database: Option<TestDatabase>,
    pub data: TempDir,
}

/// The thread that serves.
struct Running {
    address: SocketAddr,
    metrics: Option<SocketAddr>,
    first_start: Option<String>,
    stop: Box<dyn FnOnce(bool) + Send>,
    thread: JoinHandle<()>,
}

/// A registry that serves on a free port. Its data is checked when it is dropped.
pub struct TestRegistry {
    stage: Stage,
    running: Option<Running>,
    meta: MetaStore,
    accounts: Accounts,
    owner: String,
    http: reqwest::Client,
}

/// An account, and how to call the registry as it.
#[derive(Clone, Debug)]
pub struct Account {
    /// The id of its row.
    pub id: AccountId,
    /// Its user name.
    pub uin: String,
    /// Its password.
    pub password: String,
    /// A caller with its Basic credentials.
    pub basic: Client,
    /// A caller of the cloud API with its access key.
    pub cloud: Cloud,
}

impl Running {
    fn start(stage: &Stage) -> Self {
        let (settings, chosen) = (stage.settings.clone(), stage.bootstrap.clone());
        let parts = Parts { clock: Arc::clone(&stage.clock), store: stage.store.clone() };
        let (tell, told) = std::sync::mpsc::channel();
        let thread = std::thread::Builder::new().name(SERVER_THREAD.to_owned()).spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            tokio::task::LocalSet::new().block_on(&runtime, async move {
                let registry = match bootstrap::build(&settings, &chosen, parts).await {
                    Ok(registry) => registry,
                    Err(error) => return tell.send(Err(error)).unwrap(),
                };
                let ready = move |registry: &bootstrap::Registry| {
                    let handle = registry.bound.server.handle();
                    let stop: Box<dyn FnOnce(bool) + Send> = Box::new(move |graceful| drop(handle.stop(graceful)));
                    let (address, metrics) = (registry.bound.address, registry.metrics.as_ref().map(|m| m.address));
                    tell.send(Ok((address, metrics, registry.first_start.clone(), stop))).unwrap();
                };
                bootstrap::run(registry, ready).await.unwrap();
            });
        });
        let thread = thread.unwrap();
        let (address, metrics, first_start, stop) = told.recv().expect("the server thread panicked").unwrap();
        Self { address, metrics, first_start, stop, thread }
    }

    fn stop(self, graceful: bool) {
        (self.stop)(graceful);
        self.thread.join().expect("the server thread panicked");
    }
}

impl TestRegistry {
    pub(crate) async fn start(stage: Stage) -> Self {
        let running = Running::start(&stage);
        let meta = bootstrap::open_existing_meta(&stage.settings).await.unwrap();
        let sealer = bootstrap::open_sealer(&stage.settings, &meta).await.unwrap();
        let accounts = bootstrap::open_accounts(&stage.settings, &meta, sealer, Arc::clone(&stage.clock));
        let owner = meta.list_accounts(None, 1).await.unwrap()[0].uin.as_str().to_owned();
        Self { stage, running: Some(running), meta, accounts, owner, http: plain_http() }
    }

    fn running(&self) -> &Running {
        self.running.as_ref().expect("the registry has been stopped")
    }

    /// The address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.running().address
    }

    /// The address of `/metrics`, if `metrics.listen` is set.
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.running().metrics
    }

    /// The message of the first start for the operator.
    pub fn first_start(&self) -> Option<&str> {
        self.running().first_start.as_deref()
    }

    /// `http://host:port`, or `https://`.
    pub fn url(&self) -> String {
        let scheme = if self.stage.settings.server.tls.cert.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address())
    }

    /// The settings that it runs with.
    pub fn settings(&self) -> &Settings {
        &self.stage.settings
    }

    /// Its clock, which the test can move.
    pub fn clock(&self) -> &ManualClock {
        self.stage.manual.as_deref().expect("this registry has the clock of the machine")
    }

    /// The metadata, as another process sees and changes it.
    pub fn meta(&self) -> &MetaStore {
        &self.meta
    }

    /// The clock's time.
    pub fn now(&self) -> roadstead_types::Timestamp {
        self.stage.clock.now()
    }

    /// The blob store, as another process sees it.
    pub async fn store(&self) -> Arc<dyn BlobStore> {
        match &self.stage.store {
            Some(store) => Arc::clone(store),
            None => bootstrap::open_store(&self.stage.settings).await.unwrap(),
        }
    }

    fn client(&self, credentials: Credentials) -> Client {
        let mut client = Client::with_http(self.http.clone(), &self.url(), credentials);
        if self.stage.settings.server.external_url.is_some() {
            let url = self.stage.settings.url();
            url.split_once("://").unwrap().1.clone_into(&mut client.service);
        }
        client
    }

    /// Makes its clients trust only this certificate.
    pub fn trust(&mut self, pem: &[u8]) {
        let builder = reqwest::Client::builder().tls_certs_only([Certificate::from_pem(pem).unwrap()]).no_proxy();
        self.http = builder.pool_max_idle_per_host(0).build().unwrap();
    }

    /// A caller without credentials.
    pub fn anonymous(&self) -> Client {
        self.client(Credentials::None)
    }

    /// The owner account, with its password. It has the namespace `library`.
    pub fn owner(&self) -> Client {
        self.basic(&self.owner, OWNER_PASSWORD)
    }

    /// The user name of the owner account.
    pub fn owner_name(&self) -> &str {
        &self.owner
    }

    /// A caller with this user name and password.
    pub fn basic(&self, username: &str, password: &str) -> Client {
        self.client(Credentials::Basic(username.to_owned(), password.to_owned()))
    }

    /// A caller with this token.
    pub fn bearer(&self, token: &str) -> Client {
        self.client(Credentials::Bearer(token.to_owned()))
    }

    /// The owner account as a caller of the cloud API, with the key of the first start.
    pub fn cloud(&self) -> Cloud {
        let path = self.stage.settings.data_dir.join("bootstrap.json");
        let record: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        self.cloud_with(record["secret_id"].as_str().unwrap(), record["secret_key"].as_str().unwrap())
    }

    /// A caller of the cloud API with this key.
    pub fn cloud_with(&self, secret_id: &str, secret_key: &str) -> Cloud {
        let key = (secret_id.to_owned(), secret_key.to_owned());
        Cloud::new(self.http.clone(), self.url(), Arc::clone(&self.stage.clock), key)
    }

    /// Makes an account, and a namespace of the same name for it.
    pub async fn account(&self, name: &str) -> Account {
        let password = format!("password of {name}");
        let made = self
            .accounts
            .create(&self.act(), &NewMainAccount { password: Some(&password), ..NewMainAccount::named(name) })
            .await
            .unwrap();
        let id = made.account.id;
        self.namespace(name, id).await;
        let uin = made.account.uin.as_str().to_owned();
        let basic = self.basic(&uin, &password);
        let cloud = self.cloud_with(made.secret_id.as_str(), &made.secret_key);
        Account { id, uin, password, basic, cloud }
    }

    /// An act of the server, for changes that a test makes.
    pub fn act(&self) -> Act {
        roadstead_storage::testkit::act(self.stage.clock.clone())
    }

    /// The service that makes accounts, as the command line uses it.
    pub fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    /// Makes a namespace.
    pub async fn namespace(&self, name: &str, owner: AccountId) {
        self.meta.create_namespace(&self.act(), RegistryId::PERSONAL, &name.parse().unwrap(), owner).await.unwrap();
    }

    /// Sets the password of an account, as another process would.
    pub async fn set_password(&self, account: AccountId, password: &str) {
        self.accounts.set_password(&self.act(), account, password).await.unwrap();
    }

    /// Disables or enables an account, as another process would.
    pub async fn set_status(&self, account: AccountId, status: AccountStatus) {
        assert!(self.meta.set_account_status(&self.act(), account, status).await.unwrap());
    }

    /// Makes a repository public or private, as another process would, and waits until the server has seen the change.
    pub async fn set_public(&self, repository: &str, public: bool) {
        let name: RepositoryName = repository.parse().unwrap();
        let row = self.meta.repository(RegistryId::PERSONAL, &name).await.unwrap().expect("the repository exists");
        assert!(self.meta.set_visibility(&self.act(), row.id, public).await.unwrap());
        let status = if public { 200 } else { 401 };
        let anonymous = self.anonymous();
        let target = format!("/v2/{repository}/tags/list");
        eventually("the visibility is seen", async || (anonymous.get(&target).await.status == status).then_some(()))
            .await;
    }

    /// Stops the server and starts it again over the same data, on another port.
    pub async fn restart(&mut self) {
        self.stop(true);
        self.running = Some(Running::start(&self.stage));
    }

    /// Restarts the server with other settings.
    pub async fn restart_with(&mut self, change: impl FnOnce(&mut Settings)) {
        change(&mut self.stage.settings);
        self.restart().await;
    }

    /// Stops the server. If `graceful`, running requests may finish.
    pub fn stop(&mut self, graceful: bool) {
        if let Some(running) = self.running.take() {
            running.stop(graceful);
        }
    }

    /// Runs a command of the real executable on the data of this registry.
    pub fn command(&self, arguments: &[&str], stdin: &str) -> Output {
        let mut command = Binary::find().command(&self.stage.settings.data_dir);
        if let DatabaseLocation::Given(url) = self.stage.settings.database_location() {
            command.env("ROADSTEAD__DATABASE__URL", url.expose());
        }
        crate::process::output(command.args(arguments), stdin)
    }

    /// Stops the server and checks the data that it leaves behind. Dropping the registry does the same.
    pub fn finish(self) {
        drop(self);
    }
}

impl Drop for TestRegistry {
    fn drop(&mut self) {
        let failing = std::thread::panicking();
        if let Some(running) = self.running.take() {
            (running.stop)(false);
            let joined = running.thread.join();
            assert!(failing || joined.is_ok(), "the server thread panicked");
        }
        if !failing {
            let (settings, store) = (self.stage.settings.clone(), self.stage.store.clone());
            // Uses another thread, because this runs inside the runtime of the test.
            let verified = std::thread::spawn(move || verify::blocking(&settings, store)).join();
            if let Err(panic) = verified {
                std::panic::resume_unwind(panic);
            }
        }
        let _ = (&self.stage.database, &self.stage.data);
    }
}
