//! What a main account has to manage access with: sub-accounts, groups, policies, roles, and who has which policy.
//!
//! Whatever changes here takes the row of the main account as its lock first ([`lock_owner`]): of two changes to one main
//! account the second sees all of the first, so that limits and references need no other care.

mod documents;

pub use documents::{StoredPolicies, StoredPolicy};
