//! Actions that nobody signs: what proves who asks is among their parameters.

use std::net::IpAddr;
use std::sync::Arc;

use roadstead_auth::Identity;
use roadstead_policy::Row;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::subject::Subject;
use crate::state::CloudState;
use crate::wire::error::CloudResult;
use roadstead_http::ApiState;

/// A request that nobody signed. It does not say who sends it.
pub(crate) struct OpenCall<'a> {
    /// What the process serves with.
    pub state: &'a ApiState,
    /// What the cloud API keeps from one request to the next.
    pub cloud: &'a CloudState,
    /// Where it comes from.
    pub address: IpAddr,
    /// What the audit log is to know.
    pub subject: &'a Subject,
}

impl OpenCall<'_> {
    /// Says in which account it is, or who it was found to be.
    pub(crate) fn note_identity(&self, identity: Arc<Identity>) {
        self.subject.note_identity(Some(identity));
    }

    /// Says what it is about.
    pub(crate) fn note_target(&self, target: &str) {
        self.subject.note_target(target);
    }
}

/// An action that nobody signs. Nothing is allowed by it that its own parameters do not prove.
pub(crate) trait OpenAction: DeserializeOwned + 'static {
    /// Its row in the table of actions.
    const ROW: &'static Row;
    /// What it answers.
    type Output: Serialize;

    /// Runs it. It stores nothing: a dry run runs it too.
    async fn run(self, call: &OpenCall<'_>) -> CloudResult<Self::Output>;
}
