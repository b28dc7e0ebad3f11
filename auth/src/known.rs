//! Rows and credentials in the form in which caches keep them.

use std::sync::Arc;

use roadstead_storage::meta::Repository;
use roadstead_types::{AccountId, NamespaceId, RepositoryId, Timestamp};
use zeroize::Zeroizing;

use crate::identity::Identity;
use crate::session::Bound;
use crate::signature::tc3::DerivedKeys;

/// A value, and the time when it was read.
#[derive(Clone, Debug)]
pub(crate) struct Cached<V> {
    pub value: V,
    pub at: Timestamp,
}

/// A cached account.
#[derive(Clone, Debug)]
pub(crate) struct KnownAccount {
    pub identity: Arc<Identity>,
    /// Whether the account and its main account are active.
    pub active: bool,
}

/// A cached namespace.
#[derive(Clone, Debug)]
pub(crate) struct KnownNamespace {
    pub id: NamespaceId,
    pub owner: AccountId,
    pub since: Timestamp,
    /// Its own tags and those of its instance, each as `key&value`.
    pub tags: Arc<[String]>,
}

/// A cached repository, or the cached namespace in which one could be made.
#[derive(Clone, Debug)]
pub(crate) struct KnownRepository {
    pub namespace: KnownNamespace,
    pub repository: Option<(RepositoryId, bool)>,
}

impl KnownRepository {
    /// Makes it of a row, if the row is in this namespace.
    pub(crate) fn of(namespace: KnownNamespace, repository: Option<&Repository>) -> Option<Self> {
        let fits = repository.is_none_or(|repository| repository.namespace == namespace.id);
        fits.then(|| Self { namespace, repository: repository.map(|repository| (repository.id, repository.public)) })
    }
}

/// A cached access key with its opened secret.
pub(crate) struct KnownKey {
    pub account: AccountId,
    /// The main account of `account`.
    pub owner: AccountId,
    pub active: bool,
    pub secret: Zeroizing<Vec<u8>>,
    pub derived: DerivedKeys,
}

/// The content of an opened token.
pub(crate) struct OpenedToken {
    pub secret_id: String,
    pub secret_key: Zeroizing<String>,
    pub bound: Bound,
}

/// A remembered correct password.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KnownPassword {
    pub account: AccountId,
    pub credential_version: i64,
    /// When it was verified.
    pub since: Timestamp,
    pub until: Timestamp,
}
