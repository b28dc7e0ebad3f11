//! Explains why an account may do something or not.

use std::net::IpAddr;

use roadstead_auth::{Identity, Read};
use roadstead_policy::actions::cam;
use roadstead_policy::explain::Question;
use roadstead_policy::op::CamResource;
use roadstead_service::explain::Explanation;
use roadstead_types::Uin;
use serde::{Deserialize, Serialize};

use crate::action::{Action, Allowed, Needs, action};
use crate::wire::code::Code;
use crate::wire::error::{CloudError, CloudResult};

/// Explains whether a user of the caller's account may do something, and which statement of which policy decides.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct ExplainAuthorization {
    /// The user. Without it, the caller.
    target_uin: Option<u64>,
    /// The action of the user, such as `ccr:push` or `push`.
    operation: String,
    /// The resource of the action: `NAMESPACE/NAME[:TAG]`, `NAMESPACE`, six pieces, or `*`.
    resource: Option<String>,
    /// The instance of the resource, if the resource is not written in six pieces.
    registry_id: Option<String>,
    /// The address that the request would come from. Without it, that of this request.
    source_ip: Option<String>,
}

/// The answer to [`ExplainAuthorization`].
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
    /// The index of the statement, starting at 0.
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

impl Action for ExplainAuthorization {
    action! { cam::ExplainAuthorization: Read, (Uin, Question, Option<IpAddr>) => Answer }
    fn check(self, by: &Identity) -> CloudResult<Self::Checked> {
        let invalid = |message: String| CloudError::new(Code::InvalidParameterValue, message);
        let user = match self.target_uin {
            None => by.uin.clone(),
            Some(number) => Uin::from_number(number).map_err(|_| Code::ResourceNotFoundUserNotExist)?,
        };
        let resource = self.resource.as_deref().unwrap_or("*");
        let question = Question::new(&self.operation, resource, self.registry_id.as_deref(), &by.owner_uin);
        let address = self.source_ip.map(|text| text.parse().map_err(|_| invalid(format!("{text:?} is no address"))));
        Ok((user, question.map_err(|error| invalid(error.to_string()))?, address.transpose()?))
    }
    fn needs((user, ..): &Self::Checked) -> Needs {
        Self::ROW.on_cam(CamResource::User(user)).into()
    }
    async fn run((user, question, address): Self::Checked, call: Allowed<'_, Read>) -> CloudResult<Answer> {
        let address = address.unwrap_or(call.caller.address());
        Ok(call.services().explain().of_user(&call.account(), &user, &question, address).await?.into())
    }
}
