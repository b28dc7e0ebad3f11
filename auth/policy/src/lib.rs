//! The policy engine: documents in the policy language of Cloud Access Management (CAM), and what they allow.
//!
//! Pure: no I/O and no clock. A [`Policy`] is made from a text, by [`Policy::parse`] when somebody writes it and by
//! [`Policy::stored`] when it is read back. [`op`] says which actions and resources an operation is checked as, and
//! [`decide`] answers, with the reason.
//!
//! # What must hold
//!
//! * **A denial wins** over every allowance, wherever either of them stands.
//! * **Doubt is a denial.** What cannot be decided (a condition on an absent key, an operator that is not known) makes
//!   an `allow` statement say nothing and a `deny` statement apply.
//! * **Nothing is ignored.** A misspelt element, action, resource type or key of a document is an error when it is
//!   written: otherwise it would turn a denial into nothing.
//! * **`ccr` and `tcr` are one service** as far as resources go, and every operation of the personal edition is checked
//!   under its names in both families of actions.
//!
//! # To add an operation
//!
//! Add the rows of its actions to [`actions`] and a function to [`op`]; the vectors in `vectors.json` take it up by name in
//! the tests.

#![deny(missing_docs)]

mod action;
pub mod actions;
mod class;
mod compare;
mod condition;
mod context;
mod decide;
mod document;
mod error;
pub mod explain;
mod glob;
mod json;
mod known;
mod names;
pub mod op;
pub mod presets;
mod reader;
pub mod regions;
mod request;
mod resource;
mod row;
mod statement;
mod trust;
mod value;

#[cfg(test)]
mod tests;

pub use class::Class;
pub use context::Context;
pub use decide::Matches;
pub use decide::{Decision, Document, Documents, Layer, Reason, decide};
pub use document::{MAX_DOCUMENT_CHARACTERS, Parsed, Policy};
pub use error::PolicyError;
pub use known::is_known_action;
pub use reader::{Author, Use};
pub use request::{NameRequest, Request};
pub use row::{About, Effect, Row, Service};
pub use trust::Principal;
