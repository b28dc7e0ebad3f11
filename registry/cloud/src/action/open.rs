//! Unsigned actions: their parameters contain the proof of who calls.

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

/// An unsigned request. Its sender is not known.
pub(crate) struct OpenCall<'a> {
    /// The state that all requests share.
    pub state: &'a ApiState,
    /// The state of the cloud API.
    pub cloud: &'a CloudState,
    /// The address of the client.
    pub address: IpAddr,
    /// The data for the audit log.
    pub subject: &'a Subject,
}

impl OpenCall<'_> {
    /// Records the account of the request, or the identity that was proved.
    pub(crate) fn note_identity(&self, identity: Arc<Identity>) {
        self.subject.note_identity(Some(identity));
    }

    /// Records the target of the request.
    pub(crate) fn note_target(&self, target: &str) {
        self.subject.note_target(target);
    }
}

/// An unsigned action. It may only do what its parameters prove.
pub(crate) trait OpenAction: DeserializeOwned + 'static {
    /// The row of the action in the table of actions.
    const ROW: &'static Row;
    /// The answer.
    type Output: Serialize;

    /// Runs the action. It must store nothing, because a dry run runs it too.
    async fn run(self, call: &OpenCall<'_>) -> CloudResult<Self::Output>;
}
