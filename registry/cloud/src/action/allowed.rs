//! A call that was authorized.

use std::ops::Deref;

use roadstead_auth::place::{Account, Instance, Namespace, OwnRepository};
use roadstead_auth::{Access, Granted, Mode};
use roadstead_types::{InstanceId, NamespaceName, RegistryId, RepositoryName};

use super::call::CloudCall;

/// A call whose caller has the rights that the action needs, with the proof of them. Services take the proof.
#[derive(Debug)]
pub(crate) struct Allowed<'a, E> {
    call: &'a CloudCall<'a>,
    granted: Granted<E>,
}

impl<'a, E: Mode> Allowed<'a, E> {
    /// Joins a call with what the authorizer made for it.
    pub(super) fn new(call: &'a CloudCall<'a>, granted: Granted<E>) -> Self {
        Self { call, granted }
    }

    /// Returns the right in the main account of the caller.
    pub(crate) fn account(&self) -> Access<E, Account> {
        self.granted.account()
    }

    /// Returns the right in a namespace of the personal edition.
    pub(crate) fn namespace(&self, name: &NamespaceName) -> Access<E, Namespace> {
        self.granted.namespace(RegistryId::PERSONAL, name)
    }

    /// Returns the right in a repository of the personal edition.
    pub(crate) fn repository(&self, name: &RepositoryName) -> Access<E, OwnRepository> {
        self.granted.repository(RegistryId::PERSONAL, name)
    }

    /// Returns the right in an instance.
    pub(crate) fn instance(&self, id: &InstanceId) -> Access<E, Instance> {
        self.granted.instance(id)
    }
}

impl<'a, E> Deref for Allowed<'a, E> {
    type Target = CloudCall<'a>;

    fn deref(&self) -> &CloudCall<'a> {
        self.call
    }
}
