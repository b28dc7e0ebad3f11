//! The data of instances.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use roadstead_types::{
    AccountId, InstanceId, InstanceName, NameRule, NamespaceId, NamespaceName, RegistryId, RepositoryId,
    RepositoryName, Timestamp, Window,
};

/// The edition of an instance.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Edition {
    /// `basic`
    Basic,
    /// `standard`
    Standard,
    /// `premium`
    Premium,
}

impl Edition {
    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Basic => "basic",
            Self::Standard => "standard",
            Self::Premium => "premium",
        }
    }
}

impl fmt::Display for Edition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text names no edition.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("an edition is basic, standard or premium")]
pub struct EditionError;

impl FromStr for Edition {
    type Err = EditionError;

    fn from_str(text: &str) -> Result<Self, EditionError> {
        let all = [Self::Basic, Self::Standard, Self::Premium];
        all.into_iter().find(|edition| edition.as_str() == text).ok_or(EditionError)
    }
}

/// The payment of an instance. It has no effect.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Payment {
    /// Whether it is paid in advance, for a limited time.
    pub prepaid: bool,
    /// 0: renewed by hand, 1: by itself, 2: not at all.
    pub renew_flag: i64,
    /// The end of that time.
    pub expires_at: Option<Timestamp>,
}

/// A key and a value attached to a resource.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct ResourceTag {
    /// The key.
    pub key: String,
    /// The value.
    pub value: String,
}

/// An enterprise instance.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Instance {
    /// Its registry.
    pub registry: RegistryId,
    /// Its public id.
    pub id: InstanceId,
    /// Its name, a part of its host.
    pub name: InstanceName,
    /// The main account that it belongs to.
    pub owner: AccountId,
    /// Its edition.
    pub edition: Edition,
    /// Its payment.
    pub payment: Payment,
    /// Whether it is protected from deletion.
    pub deletion_protection: bool,
    /// Whether versions of objects are wanted.
    pub versioning: bool,
    /// Whether several zones are wanted.
    pub multi_zone: bool,
    /// Its tags.
    pub tags: Vec<ResourceTag>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// An instance to be made.
#[derive(Clone, Copy, Debug)]
pub struct NewInstance<'a> {
    /// Its public id.
    pub id: &'a InstanceId,
    /// Its name.
    pub name: &'a InstanceName,
    /// The main account that it belongs to.
    pub owner: AccountId,
    /// Its edition.
    pub edition: Edition,
    /// Its payment.
    pub payment: Payment,
    /// Whether it is protected from deletion.
    pub deletion_protection: bool,
    /// Whether versions of objects are wanted.
    pub versioning: bool,
    /// Whether several zones are wanted.
    pub multi_zone: bool,
    /// Its tags.
    pub tags: &'a [ResourceTag],
}

/// Changes of an instance. `None` leaves a value as it is.
#[derive(Clone, Copy, Default, Debug)]
pub struct InstanceChange {
    /// Its edition.
    pub edition: Option<Edition>,
    /// Whether it is protected from deletion.
    pub deletion_protection: Option<bool>,
    /// Whether versions of objects are wanted.
    pub versioning: Option<bool>,
}

/// A long-term password for docker, valid in one instance.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InstanceToken {
    /// The number of its row, which is never used for another token.
    pub row: i64,
    /// Its public id.
    pub id: String,
    /// The instance that it is for.
    pub registry: RegistryId,
    /// The account that made it. A client with the token acts as this account.
    pub account: AccountId,
    /// The version of the account's credentials when it was made. Under another version it is void.
    pub credential_version: i64,
    /// The SHA-256 of its secret.
    pub hash: Vec<u8>,
    /// Its description.
    pub description: String,
    /// Whether it may be used.
    pub enabled: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it expires.
    pub expires_at: Timestamp,
}

/// A token to be stored.
#[derive(Clone, Copy, Debug)]
pub struct NewInstanceToken<'a> {
    /// Its public id.
    pub id: &'a str,
    /// The instance that it is for.
    pub registry: RegistryId,
    /// The account that makes it.
    pub account: AccountId,
    /// The version of the account's credentials.
    pub credential_version: i64,
    /// The SHA-256 of its secret.
    pub hash: &'a [u8],
    /// Its description.
    pub description: &'a str,
    /// When it expires.
    pub expires_at: Timestamp,
}

/// The settings of a namespace of an instance.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct NamespaceSettings {
    /// Whether everybody may read its content.
    pub public: bool,
    /// Whether pushed images are to be scanned.
    pub auto_scan: bool,
    /// Whether images with vulnerabilities are to be refused.
    pub prevent_vulnerable: bool,
    /// The lowest severity that counts: `low`, `medium`, `high`, or empty.
    pub severity: String,
    /// Ids of ignored vulnerabilities.
    pub ignored: Vec<String>,
    /// Its tags.
    pub tags: Vec<ResourceTag>,
}

/// A namespace of an instance.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InstanceNamespace {
    /// The id of its row.
    pub id: NamespaceId,
    /// Its name.
    pub name: NamespaceName,
    /// Its settings.
    pub settings: NamespaceSettings,
    /// When it was made.
    pub created_at: Timestamp,
}

/// The descriptions of a repository.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Texts {
    /// The short description.
    pub brief: String,
    /// The long description.
    pub description: String,
}

/// A repository of an instance.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InstanceRepository {
    /// The id of its row.
    pub id: RepositoryId,
    /// Its whole name.
    pub name: RepositoryName,
    /// Whether everybody may read it.
    pub public: bool,
    /// Its descriptions.
    pub texts: Texts,
    /// When it was made.
    pub created_at: Timestamp,
    /// The time of the last push or deletion in it.
    pub updated_at: Timestamp,
}

/// The order of a list of repositories.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum RepositoryOrder {
    /// By name, in byte order.
    #[default]
    Name,
    /// By name, in reverse byte order.
    NameDescending,
    /// The last made one first.
    Newest,
    /// The last pushed one first.
    LastChanged,
}

/// A filter for repositories of an instance.
#[derive(Clone, Copy, Default, Debug)]
pub struct RepositoryQuery<'a> {
    /// Only repositories of this namespace.
    pub namespace: Option<NamespaceId>,
    /// Only repositories whose name, without the namespace, contains this.
    pub contains: &'a str,
    /// Only repositories whose names meet this rule.
    pub shows: &'a NameRule,
    /// The order.
    pub order: RepositoryOrder,
    /// The part of the list to return.
    pub window: Window,
}
