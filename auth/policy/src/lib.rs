//! The policy engine: evaluates documents in the policy language of Cloud Access Management (CAM).
//!
//! There is no I/O and no clock. [`Policy::parse`] makes a [`Policy`] from a new text, and [`Policy::stored`] from
//! one that is read back. [`op`] tells the actions and resources of an operation, and [`decide`] returns the decision
//! with its reason.
//!
//! # Invariants
//!
//! * **A denial wins** over every allowance, wherever either of them stands.
//! * **Doubt is a denial.** If something cannot be decided (a condition on an absent key, an unknown operator), an
//!   `allow` statement does not apply and a `deny` statement does.
//! * **Nothing is ignored.** A misspelt element, action, resource type or key is an error in a new document:
//!   otherwise it could make a denial void.
//! * **`ccr` and `tcr` are one service** for resources, and every operation of the personal edition is checked under
//!   its names in both families of actions.
//!
//! # To add an operation
//!
//! Add the rows of its actions to [`actions`] and a function to [`op`]. The tests look it up by name for the vectors
//! in `vectors.json`.

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
pub use reader::{Author, Use};
pub use request::{NameRequest, Request};
pub use row::{About, ActionKind, Row, Service};
pub use trust::Principal;
