//! A row of the table of actions.

use super::class::Class;

/// A service that has actions.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Service {
    /// Access management.
    Cam,
    /// Continuous integration: triggers and builds.
    Ccb,
    /// The older names of actions of the personal edition.
    Ccr,
    /// Clusters, by an older name.
    Ccs,
    /// Temporary credentials.
    Sts,
    /// The container registry.
    Tcr,
    /// Clusters.
    Tke,
}

impl Service {
    /// Every service.
    pub const ALL: [Self; 7] = [Self::Cam, Self::Ccb, Self::Ccr, Self::Ccs, Self::Sts, Self::Tcr, Self::Tke];

    /// Returns its name in policies and in the scope of credentials.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cam => "cam",
            Self::Ccb => "ccb",
            Self::Ccr => "ccr",
            Self::Ccs => "ccs",
            Self::Sts => "sts",
            Self::Tcr => "tcr",
            Self::Tke => "tke",
        }
    }

    /// Tells whether all its actions are known here. Policies may name further actions of the other services.
    pub const fn is_complete(self) -> bool {
        match self {
            Self::Cam | Self::Ccr | Self::Sts | Self::Tcr => true,
            Self::Ccb | Self::Ccs | Self::Tke => false,
        }
    }

    /// Returns the version of its API. `None` if only policies know the service.
    pub const fn version(self) -> Option<&'static str> {
        match self {
            Self::Cam => Some("2019-01-16"),
            Self::Ccb | Self::Ccr | Self::Ccs | Self::Tke => None,
            Self::Sts => Some("2018-08-13"),
            Self::Tcr => Some("2019-09-24"),
        }
    }
}

/// Whether an action changes anything.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ActionKind {
    /// It changes nothing.
    Reads,
    /// It changes something. It runs to its end even if the connection is lost, and the audit log records it.
    Writes,
}

/// The thing that an action acts on, as far as policies are concerned.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum About {
    /// The thing that the request names.
    Thing,
    /// Everything: only statements on everything allow it, whatever the request names.
    Everything,
    /// Nothing that belongs to anybody.
    Nothing,
    /// Repositories of the caller's account, without those that a policy hides.
    Repositories,
    /// Repositories of the caller's account and public ones, without those that a policy hides.
    PublicRepositories,
}

/// An action.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Row {
    /// The service that it belongs to.
    pub service: Service,
    /// Its name.
    pub name: &'static str,
    /// The right that it needs besides a valid signature.
    pub class: Class,
    /// The thing that it acts on.
    pub about: About,
    /// Whether it changes anything. `None` if the cloud API does not have it and only policies know it.
    pub kind: Option<ActionKind>,
    /// `service:name`, and the same under `ccr`.
    pub(super) full: [&'static str; 2],
}

impl Row {
    /// Returns `service:name`.
    pub const fn full_name(&self) -> &'static str {
        self.full[0]
    }

    /// Returns every name that policies know it by. An action of the personal edition also has one under `ccr`.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.full.into_iter().take(if self.is_personal() { 2 } else { 1 })
    }

    /// Tells whether it belongs to the personal edition of the registry.
    pub fn is_personal(&self) -> bool {
        self.service == Service::Tcr && self.name.ends_with("Personal")
    }
}
