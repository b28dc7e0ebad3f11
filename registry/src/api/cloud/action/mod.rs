//! What an action is, and how one runs.

pub(crate) mod call;
pub(crate) mod open;
pub(crate) mod rate;
pub(crate) mod trace;

use futures::FutureExt;
use futures::future::LocalBoxFuture;
use roadstead_policy as policy;
use roadstead_storage::meta::dry_run;
use serde::Serialize;
use serde::de::DeserializeOwned;

use self::call::CloudCall;
use self::open::OpenRun;
use crate::api::cloud::catalog;
use crate::api::cloud::wire::code::Code;
use crate::api::cloud::wire::error::CloudError;
use crate::api::cloud::wire::params::Parameters;

/// The services that are served, each in one version.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Service {
    /// Access management.
    Cam,
    /// Temporary credentials.
    Sts,
    /// The container registry.
    Tcr,
}

impl Service {
    /// As it stands in credential scopes and policies.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Cam => "cam",
            Self::Sts => "sts",
            Self::Tcr => "tcr",
        }
    }

    /// The version of its API.
    pub(crate) const fn version(self) -> &'static str {
        match self {
            Self::Cam => "2019-01-16",
            Self::Sts => "2018-08-13",
            Self::Tcr => "2019-09-24",
        }
    }
}

/// Whether an action changes anything.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// It does not.
    Read,
    /// It does: it runs on its own, whatever becomes of the connection, and is written down in the audit log.
    Write,
}

/// What a caller must be allowed to do.
#[derive(Debug)]
pub(crate) enum Permission {
    /// Nothing: the signature is enough.
    Signed,
    /// Every one of these.
    Needs(Vec<policy::Request>),
    /// Every one of these, although the product document asks for the signature only; with `cloud_api.faithful` nothing.
    Hardened(Vec<policy::Request>),
    /// Every one of these in a session, which is limited to what its policies grant; without one the signature is enough.
    Listed(Vec<policy::Request>),
}

impl Permission {
    /// What it is about, as far as the policies are asked about something in particular.
    fn resources(&self) -> String {
        let (Self::Needs(requests) | Self::Hardened(requests) | Self::Listed(requests)) = self else {
            return String::new();
        };
        let mut resources: Vec<&str> =
            requests.iter().filter_map(|request| Some(request.resources().first()?.as_str())).collect();
        resources.dedup();
        resources.join(" ")
    }
}

/// An action: the type of its parameters, which knows what it needs and how it runs.
///
/// Parameters are declared as `#[derive(Deserialize)] #[serde(rename_all = "PascalCase", deny_unknown_fields)]`.
pub(crate) trait Action: DeserializeOwned + 'static {
    /// The service that it belongs to.
    const SERVICE: Service;
    /// Its name.
    const NAME: &'static str;
    /// Whether it changes anything.
    const KIND: Kind;
    /// What it answers, without the `RequestId`: an object with names in Pascal case, or [`NoOutput`].
    type Output: Serialize;

    /// What the caller must be allowed to do. Names are parsed here: what can be no name fails before it is authorized.
    fn permission(&self, call: &CloudCall<'_>) -> Result<Permission, CloudError>;

    /// Refuses a caller who lacks a right that depends on what the request names only indirectly, and that has to be looked
    /// up: a user by name, a role by number. What is not there is refused like what is not allowed, unless everything is.
    async fn authorize(&self, _: &CloudCall<'_>) -> Result<(), CloudError> {
        Ok(())
    }

    /// Runs it, for a caller who is allowed to do all of [`Self::permission`], and passed [`Self::authorize`].
    async fn run(self, call: &CloudCall<'_>) -> Result<Self::Output, CloudError>;

    /// What it is about, for the audit log: a repository, a user, an instance. No secrets.
    fn target(&self) -> String {
        String::new()
    }
}

/// The answer of actions that have nothing to tell.
#[derive(Serialize, Debug)]
pub(crate) struct NoOutput {}

type SignedRun = for<'a> fn(&'a CloudCall<'a>, &'a Parameters) -> LocalBoxFuture<'a, Result<Vec<u8>, CloudError>>;

/// How an action runs.
pub(crate) enum Run {
    /// For whoever signed it.
    Signed(SignedRun),
    /// For anybody: see [`OpenAction`](open::OpenAction).
    Open(OpenRun),
}

/// An action in the table.
pub(crate) struct Registered {
    /// The service that it belongs to.
    pub service: Service,
    /// Its name.
    pub name: &'static str,
    /// Whether it changes anything.
    pub kind: Kind,
    /// Runs it; gives the JSON of its output.
    pub run: Run,
    /// The names of its parameters.
    pub parameters: fn() -> &'static [&'static str],
}

impl Registered {
    pub(crate) const fn of<A: Action>() -> Self {
        Self {
            service: A::SERVICE,
            name: A::NAME,
            kind: A::KIND,
            run: Run::Signed(run::<A>),
            parameters: catalog::fields::<A>,
        }
    }
}

fn run<'a, A: Action>(
    call: &'a CloudCall<'a>,
    parameters: &'a Parameters,
) -> LocalBoxFuture<'a, Result<Vec<u8>, CloudError>> {
    async move {
        let action: A = parameters.parse()?;
        call.note_target(action.target());
        let permission = action.permission(call)?;
        if call.target.borrow().is_empty() {
            call.note_target(permission.resources());
        }
        call.authorize(&permission)?;
        call.refuse_denied::<A>()?;
        action.authorize(call).await?;
        if parameters.dry_run() {
            dry_run(action.run(call)).await?;
            // It came to its end without changing anything.
            return Err(Code::DryRunOperation.into());
        }
        let output = action.run(call).await?;
        serde_json::to_vec(&output).map_err(CloudError::internal)
    }
    .boxed_local()
}
