//! The rights that actions of the cloud API need besides a valid signature.

/// The right that an action of the cloud API needs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Class {
    /// None, not even a signature: the parameters prove the identity of the caller.
    Unsigned,
    /// None: a signature is enough.
    Signed,
    /// The action itself, although the product document asks for the signature only. With `cloud_api.faithful`, none.
    Hardened,
    /// The action itself: policies are always evaluated.
    Checked,
}

impl Class {
    /// Tells whether the action needs no right by policies.
    pub fn is_free(self, faithful: bool) -> bool {
        matches!(self, Self::Unsigned | Self::Signed) || (faithful && self == Self::Hardened)
    }
}
