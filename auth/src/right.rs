//! The rights that a proof can be of.

mod sealed {
    pub trait Sealed {}
}

/// What a proof allows. The marker types of this module implement it, and nothing else can.
pub trait Right: sealed::Sealed + Send + Sync + 'static {
    /// Whether it lets its holder change something.
    const CHANGES: bool;
}

/// A right to the content of one repository, which a token scope can cover: [`Pull`], [`Push`], [`Delete`] and [`Probe`].
pub trait ContentRight: Right {
    /// The name of the right.
    const NAME: RightName;
}

/// Whether an operation only reads what belongs to somebody, or changes it: [`Read`] and [`Write`].
pub trait Effect: Right {}

/// The name of a [`ContentRight`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum RightName {
    /// Read manifests, blobs, tags and referrers.
    Pull,
    /// Write blobs, manifests and tags.
    Push,
    /// Delete them.
    Delete,
    /// Ask whether they are there (`HEAD`): whoever may pull may, and whoever may push, because a push begins so.
    Probe,
}

impl RightName {
    /// Every right.
    pub const ALL: [Self; 4] = [Self::Pull, Self::Push, Self::Delete, Self::Probe];

    /// The name in lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pull => "pull",
            Self::Push => "push",
            Self::Delete => "delete",
            Self::Probe => "probe",
        }
    }

    /// The actions of a token scope that cover this right, any one of which suffices. The first is the one that a
    /// challenge asks for.
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
    /// The right to ask whether something is there: see [`RightName::Probe`].
    Probe: ContentRight = RightName::Probe, changes false;
    /// The right to an operation that changes nothing.
    Read: Effect, changes false;
    /// The right to an operation that changes something.
    Write: Effect, changes true;
}
