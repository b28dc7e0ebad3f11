//! `[quotas]`: how much an account of the personal edition may have.

use crate::section::section;

section! {
    /// What an account of the personal edition may have, its sub-accounts included. `roadstead account quota` sets something
    /// else for one account.
    pub struct Quotas {
        /// Namespaces.
        pub namespaces: u32 = 10,
        /// Repositories, in all of its namespaces together.
        pub repositories: u32 = 100,
        /// Triggers.
        pub triggers: u32 = 10,
        /// Names that nobody may take for a namespace. `roadstead namespace create --reserved` may.
        pub reserved_namespaces: Vec<String> = ["library", "qcloud", "tencentyun"].map(str::to_owned).to_vec(),
    }
}
