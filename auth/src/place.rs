//! The places in which rights are proved.

use std::sync::Arc;

use roadstead_types::{
    AccountId, InstanceId, NamespaceId, NamespaceName, RegistryId, RepositoryId, RepositoryName, Tag,
};

use crate::permissions::Permissions;

/// The content of one repository, whose rows the authorizer has looked up.
#[derive(Clone, Debug)]
pub struct Repository {
    pub(crate) registry: RegistryId,
    pub(crate) name: RepositoryName,
    pub(crate) id: Option<RepositoryId>,
    pub(crate) namespace: NamespaceId,
    pub(crate) owner: AccountId,
    /// The only tags that may be deleted.
    pub(crate) tags: Option<Arc<[Tag]>>,
}

/// A main account, with everything that belongs to it.
#[derive(Clone, Debug)]
pub struct Account {
    pub(crate) permissions: Permissions,
}

/// One namespace of a main account, by its name. It need not exist.
#[derive(Clone, Debug)]
pub struct Namespace {
    pub(crate) permissions: Permissions,
    pub(crate) registry: RegistryId,
    pub(crate) name: NamespaceName,
}

/// One repository of a main account, by its name. It need not exist.
#[derive(Clone, Debug)]
pub struct OwnRepository {
    pub(crate) permissions: Permissions,
    pub(crate) registry: RegistryId,
    pub(crate) name: RepositoryName,
}

/// One enterprise instance of a main account, by its id. It need not exist.
#[derive(Clone, Debug)]
pub struct Instance {
    pub(crate) permissions: Permissions,
    pub(crate) id: InstanceId,
}

/// The whole installation, across all owners.
#[derive(Clone, Copy, Debug)]
pub struct System;

mod sealed {
    pub trait Sealed {}
}

/// A place in the main account of the holder of a proof. Services look only among the things of this account.
pub trait Owned: sealed::Sealed {
    /// Returns the permissions of the holder in its main account.
    #[doc(hidden)]
    fn permissions(&self) -> &Permissions;
}

macro_rules! owned {
    ($($name:ident)*) => {$(
        impl sealed::Sealed for $name {}
        impl Owned for $name {
            fn permissions(&self) -> &Permissions {
                &self.permissions
            }
        }
    )*};
}

owned!(Account Namespace OwnRepository Instance);
