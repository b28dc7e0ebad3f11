//! Access management: `cam`, version 2019-01-16.
//!
//! The target of an action is a user (`uin/U`), a group (`groupid/N`), a policy (`policyid/N`), a role (`roleName/R`),
//! or nothing in particular. An action with two targets, such as a policy and the user that it is attached to, needs
//! the permission for both.
//!
//! A request can name a thing in a different way than policies do, for example a user by name or a role by number. Then
//! the thing is looked up before the permission for it is checked. A missing thing needs the permission for all things.

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
