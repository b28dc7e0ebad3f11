//! What the actions of the cloud API ask for, apart from a good signature.

/// What must be allowed for an action of the cloud API to run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Class {
    /// Nothing, not even a signature: what proves who asks is among the parameters.
    Unsigned,
    /// Nothing: the signature is enough.
    Signed,
    /// The action, although the product document asks for the signature only; nothing with `cloud_api.faithful`.
    Hardened,
    /// The action: policies are asked in any case.
    Checked,
}

impl Class {
    /// Whether no policy is asked.
    pub fn is_free(self, faithful: bool) -> bool {
        matches!(self, Self::Unsigned | Self::Signed) || (faithful && self == Self::Hardened)
    }
}
