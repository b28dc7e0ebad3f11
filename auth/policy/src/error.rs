//! Why a policy document is refused.

/// The error of a refused document, as the cloud API returns it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct PolicyError {
    /// The whole error code, such as `InvalidParameter.StatementError`.
    pub code: &'static str,
    /// The fault and its place.
    pub message: String,
}

impl PolicyError {
    pub(super) fn new(fault: Fault, message: impl Into<String>) -> Self {
        Self { code: fault.code(), message: message.into() }
    }
}

/// The kinds of faults of a document.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fault {
    Document,
    Length,
    Version,
    Statement,
    Effect,
    Action,
    ActionNotExist,
    Resource,
    ResourceProject,
    ResourceRegion,
    ResourceService,
    ResourceUin,
    ResourceContent,
    /// A session policy names another account.
    GrantOther,
    Condition,
    ConditionType,
    ConditionContent,
    Principal,
}

impl Fault {
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::Document => "InvalidParameter.PolicyDocumentError",
            Self::Length => "InvalidParameter.PolicyDocumentLengthOverLimit",
            Self::Version => "InvalidParameter.VersionError",
            Self::Statement => "InvalidParameter.StatementError",
            Self::Effect => "InvalidParameter.EffectError",
            Self::Action => "InvalidParameter.ActionError",
            Self::ActionNotExist => "InvalidParameter.ActionNotExist",
            Self::Resource => "InvalidParameter.ResourceError",
            Self::ResourceProject => "InvalidParameter.ResourceProjectError",
            Self::ResourceRegion => "InvalidParameter.ResourceRegionError",
            Self::ResourceService => "InvalidParameter.ResourceServiceNotExist",
            Self::ResourceUin => "InvalidParameter.ResourceUinError",
            Self::ResourceContent => "InvalidParameter.ResourceContentError",
            Self::GrantOther => "InvalidParameter.GrantOtherResource",
            Self::Condition => "InvalidParameter.ConditionError",
            Self::ConditionType => "InvalidParameter.ConditionTypeError",
            Self::ConditionContent => "InvalidParameter.ConditionContentError",
            Self::Principal => "InvalidParameter.PrincipalError",
        }
    }
}

pub(super) type Result<T> = std::result::Result<T, PolicyError>;
