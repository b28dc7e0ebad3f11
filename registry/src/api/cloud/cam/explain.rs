//! Why somebody may do something, or may not.

use std::net::IpAddr;

use roadstead_policy::explain::Question;
use roadstead_policy::op::{self, CamResource};
use roadstead_types::Uin;
use serde::{Deserialize, Serialize};

use crate::api::cloud::action::call::CloudCall;
use crate::api::cloud::action::{Action, Kind, Permission, Service};
use crate::api::cloud::wire::code::Code;
use crate::api::cloud::wire::error::CloudError;
use roadstead_service::explain::{Explanation, explain};

/// Whether a user of the caller's account may do something, and which statement of which policy decides.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct ExplainAuthorization {
    /// The user; without it the caller.
    target_uin: Option<u64>,
    /// What the user would do, such as `ccr:push` or `push`.
    operation: String,
    /// What it would be done to: `NAMESPACE/NAME[:TAG]`, `NAMESPACE`, six pieces, or `*`.
    resource: Option<String>,
    /// The instance that the resource is in, when it is not in six pieces.
    registry_id: Option<String>,
    /// Where the request would come from; without it where this one comes from.
    source_ip: Option<String>,
}

/// See [`ExplainAuthorization`].
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Answer {
    allowed: bool,
    /// `allow`, `explicitDeny` or `implicitDeny`.
    effect: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy_id: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy_name: Option<String>,
    /// Counted from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    statement_index: Option<usize>,
    reason: String,
}

impl From<Explanation> for Answer {
    fn from(explanation: Explanation) -> Self {
        let effect = explanation.effect();
        let (policy, statement_index) =
            explanation.statement.map_or((None, None), |statement| (statement.policy, Some(statement.index)));
        let (policy_id, policy_name) = policy.unzip();
        let Explanation { allowed, reason, .. } = explanation;
        Self { allowed, effect, policy_id, policy_name, statement_index, reason }
    }
}

impl ExplainAuthorization {
    fn user(&self, call: &CloudCall<'_>) -> Result<Uin, CloudError> {
        let Some(number) = self.target_uin else { return Ok(call.identity().uin.clone()) };
        Uin::from_number(number).map_err(|_| Code::ResourceNotFoundUserNotExist.into())
    }
}

impl Action for ExplainAuthorization {
    const SERVICE: Service = Service::Cam;
    const NAME: &'static str = "ExplainAuthorization";
    const KIND: Kind = Kind::Read;
    type Output = Answer;

    fn permission(&self, call: &CloudCall<'_>) -> Result<Permission, CloudError> {
        let user = self.user(call)?;
        Ok(Permission::Needs(vec![op::cam(Self::NAME, CamResource::User(&user))]))
    }

    async fn run(self, call: &CloudCall<'_>) -> Result<Answer, CloudError> {
        let (user, meta) = (self.user(call)?, call.meta());
        let account = match user == call.identity().owner_uin {
            true => meta.account(call.owner()).await?,
            false => meta.user_by_uin(call.owner(), &user).await?.map(|user| user.account),
        };
        let account = account.ok_or(Code::ResourceNotFoundUserNotExist)?;
        let resource = self.resource.as_deref().unwrap_or("*");
        let owner = &call.identity().owner_uin;
        let question = Question::new(&self.operation, resource, self.registry_id.as_deref(), owner);
        let invalid = |message: String| CloudError::new(Code::InvalidParameterValue, message);
        let question = question.map_err(|e| invalid(e.to_string()))?;
        let address = match &self.source_ip {
            None => call.caller.address(),
            Some(text) => text.parse::<IpAddr>().map_err(|_| invalid(format!("{text:?} is no address")))?,
        };
        let faithful = call.settings().faithful;
        Ok(explain(call.meta(), call.auth(), &account, &question, address, faithful).await?.into())
    }
}
