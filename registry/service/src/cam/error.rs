use roadstead_policy::PolicyError;
use roadstead_types::{Counted, Thing};

/// What access management answers.
pub type Result<T> = std::result::Result<T, Error>;

/// Why access management did not do what was asked. What belongs to another main account is unknown.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such sub-account.
    #[error("user unknown")]
    UserUnknown,
    /// There is no such group.
    #[error("group unknown")]
    GroupUnknown,
    /// There is no such policy.
    #[error("policy unknown")]
    PolicyUnknown,
    /// There is no such role.
    #[error("role unknown")]
    RoleUnknown,
    /// There is no such identity provider.
    #[error("identity provider unknown")]
    ProviderUnknown,
    /// There is no such access key.
    #[error("access key unknown")]
    KeyUnknown,
    /// The access key belongs to another account of the same main account.
    #[error("access key of another")]
    KeyOfAnother,
    /// Only the main account itself may work on its keys.
    #[error("keys of the main account")]
    KeysOfOwner,
    /// There is a sub-account of this name.
    #[error("user name taken")]
    UserNameTaken,
    /// There is a group of this name.
    #[error("group name taken")]
    GroupNameTaken,
    /// There is a policy of this name.
    #[error("policy name taken")]
    PolicyNameTaken,
    /// There is a role of this name.
    #[error("role name taken")]
    RoleNameTaken,
    /// There is an identity provider of this name.
    #[error("identity provider name taken")]
    ProviderNameTaken,
    /// There are as many as there may be.
    #[error("no more than {most} {what}")]
    Full {
        /// What is counted.
        what: Counted,
        /// How many there may be.
        most: u64,
    },
    /// The sub-account still has access keys.
    #[error("user has access keys")]
    UserHasKeys,
    /// The policy bounds somebody.
    #[error("policy is a boundary")]
    PolicyIsBoundary,
    /// A preset policy cannot be changed.
    #[error("policy is preset")]
    PolicyIsPreset,
    /// This can be no name of a sub-account.
    #[error("user name: {0}")]
    UserName(String),
    /// This can be no password.
    #[error("password: {0}")]
    Password(String),
    /// This can be no name of a policy.
    #[error("policy name")]
    PolicyName,
    /// This can be no name of a role.
    #[error("role name")]
    RoleName,
    /// This can be no name of an identity provider.
    #[error("identity provider name")]
    ProviderName,
    /// This can be no issuer.
    #[error("identity provider URL")]
    ProviderUrl,
    /// These are no public keys.
    #[error("identity provider keys: {0}")]
    ProviderKeys(String),
    /// The description is too long.
    #[error("description")]
    Description,
    /// A tag is wrong.
    #[error("tag: {0}")]
    Tag(String),
    /// There are too many tags.
    #[error("too many tags")]
    TooManyTags,
    /// Another parameter is wrong.
    #[error("{0}")]
    Parameter(String),
    /// The document of a policy is wrong.
    #[error(transparent)]
    Document(#[from] PolicyError),
    /// Anything else that the store says.
    #[error("store failure")]
    Storage(#[source] roadstead_storage::Error),
    /// Anything else.
    #[error("failure")]
    Other(#[source] roadstead_auth::Error),
}

impl From<roadstead_storage::Error> for Error {
    fn from(error: roadstead_storage::Error) -> Self {
        use roadstead_storage::Error as E;
        match error {
            E::Stale(Thing::User) => Self::UserUnknown,
            E::Stale(Thing::Group) => Self::GroupUnknown,
            E::Stale(Thing::Policy) => Self::PolicyUnknown,
            E::Stale(Thing::Role) => Self::RoleUnknown,
            E::Stale(Thing::Provider) => Self::ProviderUnknown,
            E::Conflict(Thing::Account) => Self::UserNameTaken,
            E::Conflict(Thing::Group) => Self::GroupNameTaken,
            E::Conflict(Thing::Policy) => Self::PolicyNameTaken,
            E::Conflict(Thing::Role) => Self::RoleNameTaken,
            E::Conflict(Thing::Provider) => Self::ProviderNameTaken,
            E::InUse(Thing::User) => Self::UserHasKeys,
            E::InUse(Thing::Policy) => Self::PolicyIsBoundary,
            E::LimitReached { what, limit } => Self::Full { what, most: limit },
            other => Self::Storage(other),
        }
    }
}

impl From<roadstead_auth::Error> for Error {
    fn from(error: roadstead_auth::Error) -> Self {
        use roadstead_auth::Error as E;
        match error {
            E::Storage(error) => error.into(),
            rules @ E::NameRules => Self::UserName(rules.to_string()),
            rules @ E::PasswordRules => Self::Password(rules.to_string()),
            other => Self::Other(other),
        }
    }
}
