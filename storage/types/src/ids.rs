//! Identifiers: row ids, account numbers, access key ids, instance ids and upload ids.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

macro_rules! row_ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub struct $name(i64);

        impl $name {
            /// The id of the row numbered `row`.
            pub const fn new(row: i64) -> Self {
                Self(row)
            }

            /// The number of the row.
            pub const fn get(self) -> i64 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0)
            }
        }
    )*};
}

row_ids! {
    /// A registry: the personal edition, or an enterprise instance. Everything belongs to one.
    RegistryId;
    /// An account.
    AccountId;
    /// A namespace, the first part of a repository's name.
    NamespaceId;
    /// A repository. If it is deleted and made again, it has another id.
    RepositoryId;
    /// A stored blob. If its content is deleted and uploaded again, it has another id.
    BlobId;
    /// A manifest in a repository.
    ManifestId;
    /// A tag. If it is deleted and pushed again, it has another id.
    TagId;
    /// An application trigger.
    TriggerId;
    /// A group of sub-accounts.
    GroupId;
    /// A policy: a preset one, or one that an account made.
    PolicyId;
    /// A role.
    RoleId;
    /// An identity provider. If it is deleted and made again, it has another id.
    ProviderId;
    /// A job: work in the background.
    JobId;
}

impl RegistryId {
    /// The personal edition. It answers on every host that belongs to no instance.
    pub const PERSONAL: Self = Self(1);
    /// The place of deleted repositories until everything in them has gone. It has no host.
    pub const CONDEMNED: Self = Self(0);
}

/// Why a text is not a valid id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Not a uin.
    #[error("a uin is 12 decimal digits, the first not 0")]
    Uin,
    /// Not a secret id.
    #[error("a secret id is AKID and 32 letters or digits")]
    SecretId,
    /// Not an upload id.
    #[error("not an upload id")]
    UploadId,
    /// Not the id of an instance.
    #[error("the id of an instance is tcr- and 8 lower-case letters or digits")]
    InstanceId,
}

/// The public number of an account: 12 decimal digits, the first not 0. It is also the user name for `docker login`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Uin(String);

impl Uin {
    /// The smallest uin.
    pub const MIN: u64 = 100_000_000_000;
    /// The greatest uin.
    pub const MAX: u64 = 999_999_999_999;

    /// Returns the uin with this value, if it is in range.
    pub fn from_number(number: u64) -> Result<Self, IdError> {
        if (Self::MIN..=Self::MAX).contains(&number) { Ok(Self(number.to_string())) } else { Err(IdError::Uin) }
    }

    /// The twelve digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Uin {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let digits = text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0');
        if digits { Ok(Self(text.to_owned())) } else { Err(IdError::Uin) }
    }
}

impl fmt::Display for Uin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The public half of an access key: `AKID` and 32 letters or digits.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SecretId(String);

impl SecretId {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SecretId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let fits = text.len() == 36 && text.starts_with("AKID") && text.bytes().all(|b| b.is_ascii_alphanumeric());
        if fits { Ok(Self(text.to_owned())) } else { Err(IdError::SecretId) }
    }
}

impl fmt::Display for SecretId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The public id of an enterprise instance: `tcr-` and 8 lower-case letters or digits.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct InstanceId(String);

impl InstanceId {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Makes a random id, which may be taken.
    pub fn random() -> Self {
        let mut text = String::from("tcr-");
        let alphabet = b"abcdefghijklmnopqrstuvwxyz0123456789";
        text.extend((0..8).map(|_| char::from(alphabet[rand::random_range(0..alphabet.len())])));
        Self(text)
    }
}

impl FromStr for InstanceId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let rest = text.strip_prefix("tcr-").ok_or(IdError::InstanceId)?;
        let fits = rest.len() == 8 && rest.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        if fits { Ok(Self(text.to_owned())) } else { Err(IdError::InstanceId) }
    }
}

impl fmt::Display for InstanceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The id of an upload session: random and unguessable.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct UploadId(Uuid);

impl UploadId {
    /// Makes a new id.
    pub fn random() -> Self {
        Self(Uuid::new_v4())
    }
}

impl FromStr for UploadId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        // Accepts only the hyphenated lower-case form, so that an id has one spelling.
        let uuid = Uuid::try_parse(text).map_err(|_| IdError::UploadId)?;
        if uuid.to_string() == text { Ok(Self(uuid)) } else { Err(IdError::UploadId) }
    }
}

impl fmt::Display for UploadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl PolicyId {
    /// The last number of preset policies. Policies that accounts made have greater numbers.
    pub const LAST_PRESET: Self = Self::new(200_000_000);

    /// Tells whether an account made the policy with this number.
    pub const fn is_custom(self) -> bool {
        self.get() > Self::LAST_PRESET.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_one_spelling() {
        for bad in ["", "1234567890", "01234567890", "012345678901", "1234567890123", "12345678901a", "+12345678901"] {
            assert!(bad.parse::<Uin>().is_err(), "{bad:?}");
        }
        assert_eq!(Uin::from_number(Uin::MIN).unwrap().as_str(), "100000000000");
        assert!(Uin::from_number(Uin::MIN - 1).is_err() && Uin::from_number(Uin::MAX + 1).is_err());
        let secret = format!("AKID{}", "z".repeat(32));
        assert_eq!(secret.parse::<SecretId>().unwrap().to_string(), secret);
        for bad in
            [&secret[1..], &secret[..35], &secret.to_lowercase(), &format!("{secret}z"), &secret.replace('z', "-")]
        {
            assert!(bad.parse::<SecretId>().is_err(), "{bad:?}");
        }
        let instance = InstanceId::random();
        assert_eq!(instance.to_string().parse(), Ok(instance));
        for bad in
            ["", "tcr-", "tcr-abcdefg", "tcr-abcdefghi", "tcr-ABCDEFGH", "tcr_abcdefgh", "abcdefgh", "tcr-abc/efgh"]
        {
            assert!(bad.parse::<InstanceId>().is_err(), "{bad:?}");
        }
        let upload = UploadId::random();
        assert_eq!(upload.to_string().parse(), Ok(upload));
        let text = upload.to_string();
        for bad in [text.to_uppercase() + " ", text.replace('-', ""), format!("{{{text}}}"), format!("urn:uuid:{text}")]
        {
            assert!(bad.parse::<UploadId>().is_err(), "{bad:?}");
        }
    }
}
