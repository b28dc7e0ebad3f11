//! `[maintenance]`: switches for maintenance.

use crate::section::section;

section! {
    /// Switches for maintenance, for example while the installation is copied.
    pub struct Maintenance {
        /// Refuse every change: pushes, deletions, actions of the cloud API that change something, commands that change
        /// names, accounts or keys. Pulls, sign-ins and temporary keys still work. No jobs run.
        pub readonly: bool = false,
        /// Delete uploads that were not finished in time, and the bytes that they stored.
        pub upload_purging: bool = true,
    }
}
