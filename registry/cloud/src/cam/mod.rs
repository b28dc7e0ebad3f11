//! Access management: `cam`, version 2019-01-16.
//!
//! An action is about a user (`uin/U`), a group (`groupid/N`), a policy (`policyid/N`), a role (`roleName/R`), or nothing in
//! particular. An action about two things, such as a policy and a user that it is attached to, needs the right to both.
//! Where a request names a thing otherwise than resources do (a user by name, a role by number), the thing is looked up first
//! and then the right to it is checked. A thing that does not exist takes the right to everything.

pub(super) mod account;
pub(super) mod attached;
pub(super) mod attachments;
pub(super) mod audit;
pub(super) mod boundaries;
pub(super) mod explain;
mod group_member;
pub(super) mod groups;
pub(super) mod keys;
pub(super) mod members;
pub(super) mod policies;
pub(super) mod providers;
pub(super) mod roles;
mod things;
pub(super) mod users;
