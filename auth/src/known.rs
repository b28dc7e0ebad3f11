//! Rows and credentials as the caches keep them.

use std::sync::Arc;

use roadstead_storage::meta::Repository;
use roadstead_types::{AccountId, NamespaceId, RepositoryId, Timestamp};
use zeroize::Zeroizing;

use crate::identity::Identity;
use crate::session::Bound;
use crate::signature::tc3::DerivedKeys;

/// A value, and when it was read.
#[derive(Clone, Debug)]
pub(crate) struct Read<V> {
    pub value: V,
    pub at: Timestamp,
}

/// An account as the caches keep it.
#[derive(Clone, Debug)]
pub(crate) struct KnownAccount {
    pub identity: Arc<Identity>,
    /// Whether the account and its main account are active.
    pub active: bool,
}

/// A namespace as the caches keep it.
#[derive(Clone, Debug)]
pub(crate) struct KnownNamespace {
    pub id: NamespaceId,
    pub owner: AccountId,
    pub since: Timestamp,
    /// Its tags and those of its instance, each as `key&value`.
    pub tags: Arc<[String]>,
}

/// A repository, or the place for one, as the caches keep it.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub namespace: KnownNamespace,
    pub repository: Option<(RepositoryId, bool)>,
}

impl Place {
    /// The place of a row, if it is in this namespace.
    pub(crate) fn of(namespace: KnownNamespace, repository: Option<&Repository>) -> Option<Self> {
        let fits = repository.is_none_or(|repository| repository.namespace == namespace.id);
        fits.then(|| Self { namespace, repository: repository.map(|repository| (repository.id, repository.public)) })
    }
}

/// An access key as the caches keep it: its secret has been opened.
pub(crate) struct KnownKey {
    pub account: AccountId,
    /// The main account of `account`.
    pub owner: AccountId,
    pub active: bool,
    pub secret: Zeroizing<Vec<u8>>,
    pub derived: DerivedKeys,
}

/// A token that was opened.
pub(crate) struct OpenedToken {
    pub secret_id: String,
    pub secret_key: Zeroizing<String>,
    pub bound: Bound,
}

/// A password that was right.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KnownPassword {
    pub account: AccountId,
    pub credential_version: i64,
    /// When it was verified.
    pub since: Timestamp,
    pub until: Timestamp,
}
