//! What an instance is made of.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use roadstead_types::{
    AccountId, InstanceId, InstanceName, NameRule, NamespaceId, NamespaceName, RegistryId, RepositoryId,
    RepositoryName, Timestamp,
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

/// A text names no edition.
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

/// Whether an instance serves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum InstanceStatus {
    /// It does.
    Running,
    /// Its content is being deleted, and no host leads to it.
    Deleting,
}

/// How an instance is paid for. Nothing follows from it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Payment {
    /// In advance, for a time that ends.
    pub prepaid: bool,
    /// 0: renewed by hand, 1: by itself, 2: not at all.
    pub renew_flag: i64,
    /// When that time ends.
    pub expires_at: Option<Timestamp>,
}

/// A key and a value that somebody has put on something.
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
    /// The registry that it is.
    pub registry: RegistryId,
    /// Its public id.
    pub id: InstanceId,
    /// Its name, a part of its host.
    pub name: InstanceName,
    /// The main account that it belongs to.
    pub owner: AccountId,
    /// Its edition.
    pub edition: Edition,
    /// Whether it serves.
    pub status: InstanceStatus,
    /// How it is paid for.
    pub payment: Payment,
    /// It cannot be deleted.
    pub deletion_protection: bool,
    /// Versions of objects are wanted.
    pub versioning: bool,
    /// Several zones are wanted.
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
    /// How it is paid for.
    pub payment: Payment,
    /// It cannot be deleted.
    pub deletion_protection: bool,
    /// Versions of objects are wanted.
    pub versioning: bool,
    /// Several zones are wanted.
    pub multi_zone: bool,
    /// Its tags.
    pub tags: &'a [ResourceTag],
}

/// What changes in an instance; `None` stays as it is.
#[derive(Clone, Copy, Default, Debug)]
pub struct InstanceChange {
    /// Its edition.
    pub edition: Option<Edition>,
    /// Whether it cannot be deleted.
    pub deletion_protection: Option<bool>,
    /// Whether versions of objects are wanted.
    pub versioning: Option<bool>,
}

/// A long-term password for docker, good for one instance.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InstanceToken {
    /// The number of its row, which no other token ever has.
    pub row: i64,
    /// Its public id.
    pub id: String,
    /// The instance that it is for.
    pub registry: RegistryId,
    /// Who made it: whoever has it acts as this account.
    pub account: AccountId,
    /// The version of the account's credentials under which it was made; under another one it is void.
    pub credential_version: i64,
    /// The SHA-256 of its secret.
    pub hash: Vec<u8>,
    /// What it is for.
    pub description: String,
    /// Whether it may be used.
    pub enabled: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// A token to be stored.
#[derive(Clone, Copy, Debug)]
pub struct NewInstanceToken<'a> {
    /// Its public id.
    pub id: &'a str,
    /// The instance that it is for.
    pub registry: RegistryId,
    /// Who makes it.
    pub account: AccountId,
    /// The version of the account's credentials.
    pub credential_version: i64,
    /// The SHA-256 of its secret.
    pub hash: &'a [u8],
    /// What it is for.
    pub description: &'a str,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// What a namespace of an instance has besides its name.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct NamespaceSettings {
    /// Everybody may read what is in it.
    pub public: bool,
    /// What is pushed is to be scanned.
    pub auto_scan: bool,
    /// Images with vulnerabilities are to be refused.
    pub prevent_vulnerable: bool,
    /// From which severity on: `low`, `medium`, `high`, or empty.
    pub severity: String,
    /// Ids of vulnerabilities that do not count.
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
    /// What else it has.
    pub settings: NamespaceSettings,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What is said about a repository.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Texts {
    /// In a few words.
    pub brief: String,
    /// At length.
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
    /// What is said about it.
    pub texts: Texts,
    /// When it was made.
    pub created_at: Timestamp,
    /// When something was last pushed to it, or deleted from it.
    pub updated_at: Timestamp,
}

/// The order of a list of repositories.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum RepositoryOrder {
    /// By name, in the order of its bytes.
    #[default]
    Name,
    /// By name, the last one first.
    NameDescending,
    /// The one that was made last comes first.
    Newest,
    /// The one that was last pushed to comes first.
    LastChanged,
}

/// Which repositories of an instance are wanted.
#[derive(Clone, Copy, Default, Debug)]
pub struct RepositoryQuery<'a> {
    /// Those of this namespace.
    pub namespace: Option<NamespaceId>,
    /// Those whose name, without the namespace, contains this.
    pub contains: &'a str,
    /// Only those whose names meet this rule.
    pub shows: &'a NameRule,
    /// In which order.
    pub order: RepositoryOrder,
    /// How many to leave out.
    pub offset: u32,
    /// How many at most.
    pub limit: u32,
}
