//! A call that has been allowed.

use std::ops::Deref;

use super::call::CloudCall;

/// A call whose caller has the rights that the action takes. A proof of them that services take belongs here.
#[derive(Debug)]
pub(crate) struct Allowed<'a>(&'a CloudCall<'a>);

impl<'a> Allowed<'a> {
    /// Called where an action runs, when its rights have been checked.
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
