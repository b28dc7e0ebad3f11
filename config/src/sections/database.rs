//! `[database]`: where the metadata is kept.

use std::{path::PathBuf, time::Duration};

use super::{Invalid, above_zero, seconds};
use crate::{Secret, section::section};

section! {
    /// The database, which holds everything except the bytes of blobs.
    pub struct Database {
        /// `sqlite:PATH` or `postgres://USER:PASSWORD@HOST/NAME`; percent-encode special characters. Without it, SQLite
        /// in the file `roadstead.db` below `data_dir`.
        pub url: Option<Secret> = None,
        /// File with the URL, in place of `url`. Not every user may be able to read it.
        pub url_file: Option<PathBuf> = None,
        /// The most connections that are open at the same time.
        pub max_connections: u32 = 16,
        /// How long a statement waits for the writer of SQLite or for a free connection.
        #[serde(with = "humantime_serde")]
        pub busy_timeout: Duration = seconds(10),
    }
}

impl Database {
    pub(crate) fn validate(&self) -> Result<(), Invalid> {
        const SCHEMES: [&str; 3] = ["sqlite:", "postgres://", "postgresql://"];
        if let Some(url) = &self.url {
            let after = SCHEMES.iter().find_map(|scheme| url.expose().strip_prefix(scheme));
            if after.is_none_or(str::is_empty) {
                return Err(("url", "must be sqlite:PATH or postgres://...".to_owned()));
            }
        }
        above_zero(&[("max_connections", self.max_connections == 0), ("busy_timeout", self.busy_timeout.is_zero())])
    }
}
