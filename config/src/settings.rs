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

/// Where the database is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DatabaseLocation {
    /// The URL of the settings, or of the file that they name. It may hold a password.
    Given(Secret),
    /// A SQLite database in this file below the data directory; to be made if it is missing.
    Kept(PathBuf),
}

/// Where the key comes from that seals secrets in the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MasterKey {
    /// From the settings, or from the file that they name.
    Given(Key),
    /// From what this program prints; its arguments follow it.
    Printed(Vec<String>),
    /// From this file below the data directory; to be made if it is missing.
    Kept(PathBuf),
}

impl Settings {
    /// Refuses values that make no sense, each alone or together. [`Settings::load`] has done this already; it is
    /// for settings that a program changed afterwards.
    ///
    /// # Errors
    /// [`Error::BadValue`], whose origin is [`Origin::Default`] because settings do not remember theirs.
    pub fn validate(&self) -> Result<(), Error> {
        self.check().map_err(|(key, problem)| Error::BadValue { key, origin: Origin::Default, problem })
    }

    /// The first value that does not do, by its full key.
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

    /// Directory of the file store.
    pub fn storage_root(&self) -> PathBuf {
        self.storage.fs.root.clone().unwrap_or_else(|| self.data_dir.join("storage"))
    }

    /// The database: as the settings say, or a file of its own beside the data.
    pub fn database_location(&self) -> DatabaseLocation {
        match &self.database.url {
            Some(url) => DatabaseLocation::Given(url.clone()),
            None => DatabaseLocation::Kept(self.data_dir.join("roadstead.db")),
        }
    }

    /// The key that seals secrets in the database, or where it comes from.
    pub fn master_key(&self) -> MasterKey {
        match &self.auth.master_key {
            Some(key) => MasterKey::Given(key.clone()),
            None if !self.auth.master_key_command.is_empty() => {
                MasterKey::Printed(self.auth.master_key_command.clone())
            }
            None => MasterKey::Kept(self.data_dir.join("master.key")),
        }
    }

    /// The URL that clients see, as far as the settings alone decide it: `external_url`, or the listener's address.
    pub fn url(&self) -> String {
        self.url_at(self.server.listen)
    }

    /// The same for a listener that is bound to `address`. An address that means all of them is no place to connect to: this
    /// machine's own stands for it.
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

    /// Every setting with the value in force, secrets redacted, in the order of the reference.
    pub fn entries(&self) -> Vec<Entry> {
        self.outline().into_iter().filter(|entry| entry.kind != Kind::Section).collect()
    }

    /// Sections and settings, in the order of the reference.
    pub(crate) fn outline(&self) -> Vec<Entry> {
        let mut entries = Vec::new();
        self.describe(String::new(), String::new(), &mut entries);
        entries
    }
}
