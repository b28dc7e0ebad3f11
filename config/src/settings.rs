//! All settings together.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use crate::{
    Audit, Auth, Cache, CloudApi, Database, Entry, Error, Gc, Instances, Jobs, Key, Kind, Limits, Log, Maintenance,
    Metrics, Origin, Personal, Quotas, Secret, Server, Storage,
    section::{Setting, section},
    sections::Invalid,
};

section! {
    /// Every setting of a Roadstead process.
    pub struct Settings {
        /// The directory for all data, unless another setting names a different place.
        pub data_dir: PathBuf = PathBuf::from("./data"),
        /// `[server]`
        pub server: Server = Server::default(),
        /// `[storage]`
        pub storage: Storage = Storage::default(),
        /// `[database]`
        pub database: Database = Database::default(),
        /// `[auth]`
        pub auth: Auth = Auth::default(),
        /// `[audit]`
        pub audit: Audit = Audit::default(),
        /// `[cloud_api]`
        pub cloud_api: CloudApi = CloudApi::default(),
        /// `[limits]`
        pub limits: Limits = Limits::default(),
        /// `[personal]`
        pub personal: Personal = Personal::default(),
        /// `[quotas]`
        pub quotas: Quotas = Quotas::default(),
        /// `[instances]`
        pub instances: Instances = Instances::default(),
        /// `[gc]`
        pub gc: Gc = Gc::default(),
        /// `[maintenance]`
        pub maintenance: Maintenance = Maintenance::default(),
        /// `[jobs]`
        pub jobs: Jobs = Jobs::default(),
        /// `[log]`
        pub log: Log = Log::default(),
        /// `[metrics]`
        pub metrics: Metrics = Metrics::default(),
        /// `[cache]`
        pub cache: Cache = Cache::default(),
    }
}

/// The place of the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DatabaseLocation {
    /// A URL from the settings, or from the file that they name. It may hold a password.
    Given(Secret),
    /// An SQLite database in this file below the data directory. A missing file is created.
    Kept(PathBuf),
}

/// The source of the key that seals secrets in the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MasterKey {
    /// The settings, or the file that they name.
    Given(Key),
    /// The output of this program, called with these arguments.
    Printed(Vec<String>),
    /// This file below the data directory. A missing file is created.
    Kept(PathBuf),
}

impl Settings {
    /// Refuses values that make no sense, alone or together. [`Settings::load`] calls it already; call it again after
    /// a program has changed settings.
    ///
    /// # Errors
    /// [`Error::BadValue`], whose origin is [`Origin::Default`] because settings do not remember theirs.
    pub fn validate(&self) -> Result<(), Error> {
        self.check().map_err(|(key, problem)| Error::BadValue { key, origin: Origin::Default, problem })
    }

    /// Returns the first invalid value, by its full key.
    pub(crate) fn check(&self) -> Result<(), (String, String)> {
        let within = |section: &'static str| move |(key, problem): Invalid| (format!("{section}.{key}"), problem);
        if self.data_dir.as_os_str().is_empty() {
            return Err(("data_dir".to_owned(), "must not be empty".to_owned()));
        }
        self.server.validate().map_err(within("server"))?;
        self.storage.validate().map_err(within("storage"))?;
        self.database.validate().map_err(within("database"))?;
        self.auth.validate().map_err(within("auth"))?;
        self.audit.validate().map_err(within("audit"))?;
        self.limits.validate().map_err(within("limits"))?;
        self.instances.validate().map_err(within("instances"))?;
        self.gc.validate().map_err(within("gc"))?;
        self.jobs.validate().map_err(within("jobs"))?;
        self.log.validate().map_err(within("log"))?;
        if self.metrics.listen == Some(self.server.listen) && self.server.listen.port() != 0 {
            return Err(("metrics.listen".to_owned(), "must not be the address of `server.listen`".to_owned()));
        }
        Ok(())
    }

    /// Returns the directory of the file store.
    pub fn storage_root(&self) -> PathBuf {
        self.storage.fs.root.clone().unwrap_or_else(|| self.data_dir.join("storage"))
    }

    /// Returns the place of the database: the one in the settings, or a file below the data directory.
    pub fn database_location(&self) -> DatabaseLocation {
        match &self.database.url {
            Some(url) => DatabaseLocation::Given(url.clone()),
            None => DatabaseLocation::Kept(self.data_dir.join("roadstead.db")),
        }
    }

    /// Returns the key that seals secrets in the database, or its source.
    pub fn master_key(&self) -> MasterKey {
        match &self.auth.master_key {
            Some(key) => MasterKey::Given(key.clone()),
            None if !self.auth.master_key_command.is_empty() => {
                MasterKey::Printed(self.auth.master_key_command.clone())
            }
            None => MasterKey::Kept(self.data_dir.join("master.key")),
        }
    }

    /// Returns the URL for clients, as far as the settings decide it: `external_url`, or the address of the listener.
    pub fn url(&self) -> String {
        self.url_at(self.server.listen)
    }

    /// Returns the same for a listener that is bound to `address`. Nobody can connect to an address that stands for
    /// all addresses, so it is replaced by the local one.
    pub fn url_at(&self, address: SocketAddr) -> String {
        match &self.server.external_url {
            Some(url) => url.as_str().trim_end_matches('/').to_owned(),
            None => {
                let scheme = if self.server.tls.cert.is_some() { "https" } else { "http" };
                match address.ip() {
                    IpAddr::V4(ip) if ip.is_unspecified() => format!("{scheme}://127.0.0.1:{}", address.port()),
                    IpAddr::V6(ip) if ip.is_unspecified() => format!("{scheme}://localhost:{}", address.port()),
                    _ => format!("{scheme}://{address}"),
                }
            }
        }
    }

    /// Returns every setting with its present value, in the order of the reference. Secrets are redacted.
    pub fn entries(&self) -> Vec<Entry> {
        self.outline().into_iter().filter(|entry| entry.kind != Kind::Section).collect()
    }

    /// Returns sections and settings, in the order of the reference.
    pub(crate) fn outline(&self) -> Vec<Entry> {
        let mut entries = Vec::new();
        self.describe(String::new(), String::new(), &mut entries);
        entries
    }
}
