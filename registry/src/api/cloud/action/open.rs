//! Actions that nobody signs: what proves who asks is among their parameters.

use std::cell::RefCell;
use std::net::IpAddr;

use futures::FutureExt;
use futures::future::LocalBoxFuture;
use roadstead_auth::Identity;
use roadstead_storage::meta::AuditEvent;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::trace::Trace;
use super::{Kind, Registered, Run, Service};
use crate::api::cloud::catalog;
use crate::api::cloud::wire::code::Code;
use crate::api::cloud::wire::error::CloudError;
use crate::api::cloud::wire::params::Parameters;
use crate::api::dispatch::ApiState;

/// A request that nobody signed. It does not say who sends it.
pub(crate) struct OpenCall<'a> {
    /// What the process serves with.
    pub state: &'a ApiState,
    /// Where it comes from.
    pub address: IpAddr,
    /// What the audit log is to know.
    pub(crate) trace: &'a Trace,
}

impl OpenCall<'_> {
    /// Says in which account it is, or who it was found to be.
    pub(crate) fn note_identity(&self, identity: std::sync::Arc<Identity>) {
        *self.trace.identity.borrow_mut() = Some(identity);
    }

    /// Says what it is about.
    pub(crate) fn note_target(&self, target: &str) {
        note(&self.trace.target, target);
    }
}

fn note(target: &RefCell<String>, text: &str) {
    *target.borrow_mut() = text.chars().take(AuditEvent::MAX_TEXT).collect();
}

/// An action that nobody signs. Nothing is allowed by it that its own parameters do not prove.
pub(crate) trait OpenAction: DeserializeOwned + 'static {
    /// The service that it belongs to.
    const SERVICE: Service;
    /// Its name.
    const NAME: &'static str;
    /// Whether it changes anything.
    const KIND: Kind;
    /// What it answers.
    type Output: Serialize;

    /// Runs it. It stores nothing: a dry run runs it too.
    async fn run(self, call: &OpenCall<'_>) -> Result<Self::Output, CloudError>;
}

/// Runs an action that nobody signed.
pub(crate) type OpenRun =
    for<'a> fn(&'a OpenCall<'a>, &'a Parameters) -> LocalBoxFuture<'a, Result<Vec<u8>, CloudError>>;

impl Registered {
    pub(crate) const fn open<A: OpenAction>() -> Self {
        let run = Run::Open(run::<A>);
        Self { service: A::SERVICE, name: A::NAME, kind: A::KIND, run, parameters: catalog::fields::<A> }
    }
}

fn run<'a, A: OpenAction>(
    call: &'a OpenCall<'a>,
    parameters: &'a Parameters,
) -> LocalBoxFuture<'a, Result<Vec<u8>, CloudError>> {
    async move {
        let action: A = parameters.parse()?;
        let output = action.run(call).await?;
        if parameters.dry_run() {
            return Err(Code::DryRunOperation.into());
        }
        serde_json::to_vec(&output).map_err(CloudError::internal)
    }
    .boxed_local()
}
