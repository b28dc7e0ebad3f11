//! `[maintenance]`: switches for maintenance.

use crate::section::section;

section! {
    /// Switches for maintenance, for example while the installation is copied.
    pub struct Maintenance {
        /// Refuse every change: pushes, deletions, actions of the cloud API that change something, and commands that
        /// change something, `garbage-collect` among them. Pulls, sign-ins, temporary keys and `migrate` still work.
        /// A sign-in gives no refresh token, and a refresh token gives no next one. No jobs run.
        pub readonly: bool = false,
        /// Delete uploads that were not finished in time, and the bytes that they stored.
        pub upload_purging: bool = true,
    }
}
