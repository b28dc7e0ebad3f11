//! The kinds of things in the registry, and the things that have a limit.

use std::fmt;

/// A kind of thing in the registry, for example in an error.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Thing {
    /// A main account, or any account.
    Account,
    /// A sub-account.
    User,
    /// A group of sub-accounts.
    Group,
    /// A policy.
    Policy,
    /// A role.
    Role,
    /// An identity provider.
    Provider,
    /// An access key of the cloud API.
    AccessKey,
    /// A registry password.
    Password,
    /// A key that signs tokens.
    SigningKey,
    /// Secrets that are kept sealed.
    SealedSecret,
    /// An instance of the enterprise edition.
    Instance,
    /// The id of an instance.
    InstanceId,
    /// A long-term token of an instance.
    InstanceToken,
    /// A namespace.
    Namespace,
    /// A repository.
    Repository,
    /// A manifest.
    Manifest,
    /// A tag.
    Tag,
    /// A blob.
    Blob,
    /// An upload session.
    Upload,
    /// The bytes of an upload in the blob store.
    StagedUpload,
    /// An application trigger.
    Trigger,
    /// A job: work in the background.
    Job,
    /// The mark that ties a blob store to its database.
    StoreId,
}

impl Thing {
    /// The word for it in a message.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::User => "user",
            Self::Group => "group",
            Self::Policy => "policy",
            Self::Role => "role",
            Self::Provider => "identity provider",
            Self::AccessKey => "access key",
            Self::Password => "password",
            Self::SigningKey => "signing key",
            Self::SealedSecret => "sealed secret",
            Self::Instance => "instance",
            Self::InstanceId => "instance id",
            Self::InstanceToken => "instance token",
            Self::Namespace => "namespace",
            Self::Repository => "repository",
            Self::Manifest => "manifest",
            Self::Tag => "tag",
            Self::Blob => "blob",
            Self::Upload => "upload",
            Self::StagedUpload => "staged upload",
            Self::Trigger => "trigger",
            Self::Job => "job",
            Self::StoreId => "store id",
        }
    }
}

impl fmt::Display for Thing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Things whose number is limited.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Counted {
    /// Namespaces of a main account, or of an instance.
    Namespaces,
    /// Repositories of a main account in the personal edition.
    Repositories,
    /// Application triggers of a main account.
    Triggers,
    /// Instances of a main account.
    Instances,
    /// Long-term tokens of an account for an instance.
    InstanceTokens,
    /// Sub-accounts of a main account.
    Users,
    /// Groups of a main account.
    Groups,
    /// Groups that a sub-account is in.
    GroupsOfUser,
    /// Sub-accounts in a group.
    UsersOfGroup,
    /// Policies that a main account made.
    Policies,
    /// Policies that are attached to one user, group or role.
    Attachments,
    /// Roles of a main account.
    Roles,
    /// Access keys of an account.
    AccessKeys,
    /// Identity providers of a main account.
    Providers,
    /// Tags of one policy or role.
    ResourceTags,
}

impl Counted {
    /// The words for it in a message.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Namespaces => "namespaces",
            Self::Repositories => "repositories",
            Self::Triggers => "triggers",
            Self::Instances => "instances",
            Self::InstanceTokens => "instance tokens",
            Self::Users => "sub-accounts",
            Self::Groups => "groups",
            Self::GroupsOfUser => "groups of a user",
            Self::UsersOfGroup => "users of a group",
            Self::Policies => "policies",
            Self::Attachments => "attachments",
            Self::Roles => "roles",
            Self::AccessKeys => "access keys",
            Self::Providers => "identity providers",
            Self::ResourceTags => "tags of a resource",
        }
    }
}

impl fmt::Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}
