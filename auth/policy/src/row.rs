//! An action, as one row of the table of actions.

use super::class::Class;

/// A service that has actions.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Service {
    /// Access management.
    Cam,
    /// Continuous integration: triggers and builds.
    Ccb,
    /// The first names of the personal edition.
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

    /// Its name in policies and in the scope of credentials.
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

    /// Whether all its actions are known here. Of the others policies may name more, which are never asked about.
    pub const fn is_complete(self) -> bool {
        match self {
            Self::Cam | Self::Ccr | Self::Sts | Self::Tcr => true,
            Self::Ccb | Self::Ccs | Self::Tke => false,
        }
    }

    /// The version of its API. `None`: only policies know it.
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
pub enum Effect {
    /// It changes nothing.
    Reads,
    /// It changes something: it runs to its end although the connection is lost, and the audit log tells of it.
    Writes,
}

/// What an action is done to, as far as policies are asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum About {
    /// What the request names.
    Thing,
    /// Everything: only statements on everything allow it, whatever the request names.
    Everything,
    /// Nothing that belongs to anybody.
    Nothing,
    /// Repositories of the caller's account. It does not show those that a policy hides.
    Repositories,
    /// Repositories of the caller's account, and public ones. It does not show those that a policy hides.
    PublicRepositories,
}

/// An action.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Row {
    /// The service that it belongs to.
    pub service: Service,
    /// Its name.
    pub name: &'static str,
    /// What it asks for, apart from a good signature.
    pub class: Class,
    /// What it is done to.
    pub about: About,
    /// Whether it changes anything. `None`: the cloud API does not have it, and policies may speak of it.
    pub effect: Option<Effect>,
    /// `service:name`, and the same under `ccr`.
    pub(super) full: [&'static str; 2],
}

impl Row {
    /// `service:name`.
    pub const fn full_name(&self) -> &'static str {
        self.full[0]
    }

    /// Every name that policies know it by: an action of the personal edition counts under `ccr` too.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.full.into_iter().take(if self.is_personal() { 2 } else { 1 })
    }

    /// Whether it belongs to the personal edition of the registry.
    pub fn is_personal(&self) -> bool {
        self.service == Service::Tcr && self.name.ends_with("Personal")
    }
}
