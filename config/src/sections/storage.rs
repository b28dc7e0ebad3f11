//! `[storage]`: where the bytes of blobs are kept.

use std::{path::PathBuf, time::Duration};

use serde::Deserialize;

use super::{DAY, Invalid, above_zero, seconds};
use crate::{
    section::{Kind, section, value},
    size::ByteSize,
};

/// Where the bytes of blobs are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Driver {
    /// Files below `storage.fs.root`.
    Fs,
    /// The memory of this process; gone when it ends.
    Memory,
}

value! {
    Driver, Kind::Choice(&["fs", "memory"]), |driver| match driver {
        Driver::Fs => "fs".to_owned(),
        Driver::Memory => "memory".to_owned(),
    };
}

section! {
    /// The blob store and the uploads into it.
    pub struct Storage {
        /// Where blobs are kept: in files, or in the memory of the process (for trials and tests: they are gone when it
        /// ends).
        pub driver: Driver = Driver::Fs,
        /// The file store.
        pub fs: Fs = Fs::default(),
        /// An unfinished upload is deleted this long after its last byte.
        #[serde(with = "humantime_serde")]
        pub upload_ttl: Duration = seconds(DAY),
        /// Bytes that all uploads together may hold in memory. All downloads together have the same budget. Transfers
        /// wait when it is used up.
        pub buffer_budget: ByteSize = ByteSize::mib(48),
    }
}

section! {
    /// The file store.
    pub struct Fs {
        /// Directory of the blobs; without it, `storage` below `data_dir`.
        pub root: Option<PathBuf> = None,
    }
}

impl Storage {
    /// The smallest budget with which an upload makes progress.
    const LEAST_BUDGET: ByteSize = ByteSize::mib(1);

    pub(crate) fn validate(&self) -> Result<(), Invalid> {
        if self.buffer_budget < Self::LEAST_BUDGET {
            return Err(("buffer_budget", format!("must be at least {}", Self::LEAST_BUDGET)));
        }
        above_zero(&[("upload_ttl", self.upload_ttl.is_zero())])
    }
}
