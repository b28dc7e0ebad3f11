//! The rights that can be proved.

mod sealed {
    pub trait Sealed {}
}

/// A right that can be proved. Only the marker types of this module implement it.
pub trait Right: sealed::Sealed + Send + Sync + 'static {
    /// Whether the right allows changes.
    const CHANGES: bool;
}

/// A right to the content of one repository. A token scope can cover it: [`Pull`], [`Push`], [`Delete`] and
/// [`Probe`].
pub trait ContentRight: Right {
    /// The name of the right.
    const NAME: RightName;
}

/// The mode of an operation on something of a main account: [`Read`] or [`Write`].
pub trait Mode: Right {}

/// The name of a [`ContentRight`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum RightName {
    /// Read manifests, blobs, tags and referrers.
    Pull,
    /// Write blobs, manifests and tags.
    Push,
    /// Delete blobs, manifests and tags.
    Delete,
    /// Ask whether they exist (`HEAD`). Callers who may pull or push may do so, because a push begins with such
    /// requests.
    Probe,
}

impl RightName {
    /// Every right.
    pub const ALL: [Self; 4] = [Self::Pull, Self::Push, Self::Delete, Self::Probe];

    /// Returns the name in lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pull => "pull",
            Self::Push => "push",
            Self::Delete => "delete",
            Self::Probe => "probe",
        }
    }

    /// Returns the actions of a token scope that cover this right. Any one of them suffices. A challenge asks for the
    /// first.
    pub const fn covering(self) -> &'static [&'static str] {
        match self {
            Self::Pull => &["pull", "*"],
            Self::Push => &["push", "*"],
            Self::Delete => &["delete", "*"],
            Self::Probe => &["pull", "push", "*"],
        }
    }
}

macro_rules! rights {
    ($($(#[$doc:meta])* $name:ident: $kind:ident $(= $value:expr)?, changes $changes:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name;
        impl sealed::Sealed for $name {}
        impl Right for $name {
            const CHANGES: bool = $changes;
        }
        impl $kind for $name {
            $(const NAME: RightName = $value;)?
        }
    )*};
}

rights! {
    /// The right to read: see [`RightName::Pull`].
    Pull: ContentRight = RightName::Pull, changes false;
    /// The right to write: see [`RightName::Push`].
    Push: ContentRight = RightName::Push, changes true;
    /// The right to delete: see [`RightName::Delete`].
    Delete: ContentRight = RightName::Delete, changes true;
    /// The right to ask whether something exists: see [`RightName::Probe`].
    Probe: ContentRight = RightName::Probe, changes false;
    /// The right to an operation that changes nothing.
    Read: Mode, changes false;
    /// The right to look something up by the names of a request, before the right to it is known.
    Find: Mode, changes false;
    /// The right to an operation that changes something.
    Write: Mode, changes true;
}
