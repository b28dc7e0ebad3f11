//! A call that was authorized.

use std::ops::Deref;

use super::call::CloudCall;

/// A call whose caller has the permissions that the action needs. Proofs for services belong in this type.
#[derive(Debug)]
pub(crate) struct Allowed<'a>(&'a CloudCall<'a>);

impl<'a> Allowed<'a> {
    /// Creates the proof. Call this only after the permissions were checked.
    pub(super) fn new(call: &'a CloudCall<'a>) -> Self {
        Self(call)
    }
}

impl<'a> Deref for Allowed<'a> {
    type Target = CloudCall<'a>;

    fn deref(&self) -> &CloudCall<'a> {
        self.0
    }
}
