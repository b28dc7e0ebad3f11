//! `[quotas]`: how much an account of the personal edition may have.

use crate::section::section;

section! {
    /// What an account of the personal edition may have, together with its sub-accounts. `roadstead account quota`
    /// changes the limits of one account.
    pub struct Quotas {
        /// Namespaces.
        pub namespaces: u32 = 10,
        /// Repositories, in all namespaces of the account together.
        pub repositories: u32 = 100,
        /// Triggers.
        pub triggers: u32 = 10,
        /// Names that no account may choose for a namespace. Only `roadstead namespace create --reserved` takes them.
        pub reserved_namespaces: Vec<String> = ["library", "qcloud", "tencentyun"].map(str::to_owned).to_vec(),
    }
}
