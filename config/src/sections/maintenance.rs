//! `[maintenance]`: what rests while somebody works on the installation.

use crate::section::section;

section! {
    /// What rests while somebody works on the installation, for example while it is copied.
    pub struct Maintenance {
        /// Refuse everything that changes something: pushes, deletions, actions of the cloud API, commands that change names,
        /// accounts or keys. Pulls, sign-ins and temporary keys work. The jobs that remove something rest.
        pub readonly: bool = false,
        /// Remove uploads that were not finished in time, and what they stored.
        pub upload_purging: bool = true,
    }
}
