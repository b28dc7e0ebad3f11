//! Users, groups, policies and roles that requests name, and the permission checks for them.

use roadstead_auth::Mode;
use roadstead_policy::op::CamResource;
use roadstead_policy::{Request, Row};
use roadstead_service::Error;
use roadstead_service::cam::{CamService, RoleInfo, RoleRef, UserRef};
use roadstead_service::records::{Holder, User};
use roadstead_types::{GroupId, PolicyId, Thing, Uin};

use crate::action::{Allowed, CloudCall, Permitted};
use crate::wire::code::Code;
use crate::wire::error::{CloudError, CloudResult};
use crate::wire::language::Phrase;

pub(super) fn service<'a>(call: &CloudCall<'a>) -> &'a CamService {
    call.services().cam()
}

/// Returns a reference to a user. The uin takes precedence over the uid.
pub(super) fn user_ref(uin: Option<u64>, uid: Option<u64>) -> CloudResult<UserRef<'static>> {
    match (uin, uid) {
        (Some(uin), _) => Ok(UserRef::Uin(uin)),
        (None, Some(uid)) => Ok(UserRef::Uid(uid)),
        (None, None) => Err(Code::InvalidParameterUserUinAndUinNotAllNull.into()),
    }
}

/// Returns the request for an action on the user with this uin.
pub(super) fn on_user(row: &'static Row, uin: u64) -> Request {
    match Uin::from_number(uin) {
        Ok(uin) => row.on_cam(CamResource::User(&uin)),
        Err(_) => row.on_everything(),
    }
}

/// Returns the request for an action on a group.
pub(super) fn on_group(row: &'static Row, group: GroupId) -> Request {
    row.on_cam(CamResource::Group(group.get()))
}

/// Returns the request for an action on a policy.
pub(super) fn on_policy(row: &'static Row, policy: PolicyId) -> Request {
    row.on_cam(CamResource::Policy(policy.get()))
}

/// Converts a number for the database. A number that is too large becomes 0, which nothing has.
fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(0)
}

/// Converts a number for an answer.
pub(super) fn answered(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

/// Converts a uin for an answer.
pub(super) fn uin_number(uin: &Uin) -> u64 {
    uin.as_str().parse().unwrap_or(0)
}

/// Converts the id of a policy in a request.
pub(super) fn policy_id(id: u64) -> PolicyId {
    PolicyId::new(number(id))
}

/// Converts the id of a group in a request.
pub(super) fn group_id(id: u64) -> GroupId {
    GroupId::new(number(id))
}

/// Looks up the user, for a caller who may do the action to it.
pub(super) async fn user(call: &CloudCall<'_>, row: &'static Row, user: UserRef<'_>) -> CloudResult<Permitted<User>> {
    let found = service(call).find_user(&call.finding(), user).await?;
    let request = row.on_cam(found.as_ref().map_or(CamResource::All, |user| CamResource::User(&user.account.uin)));
    call.grant(request, found).await?.ok_or(Error::Unknown(Thing::User).into())
}

/// Looks up the role, for a caller who may do the action to it. The number takes precedence over the name.
pub(super) async fn role(
    call: &CloudCall<'_>,
    row: &'static Row,
    id: Option<&str>,
    name: Option<&str>,
) -> CloudResult<Permitted<RoleInfo>> {
    let role = match (id, name) {
        (Some(id), _) => RoleRef::Id(id),
        (None, Some(name)) => RoleRef::Name(name),
        (None, None) => return Err(wrong("either the id or the name of the role is needed")),
    };
    let found = service(call).find_role(&call.finding(), role).await?;
    let request = row.on_cam(found.as_ref().map_or(CamResource::All, |found| CamResource::Role(&found.role.name)));
    call.grant(request, found).await?.ok_or(Error::Unknown(Thing::Role).into())
}

/// Looks up the id of the policy, for a caller who may do the action to it. The number takes precedence over the name.
pub(super) async fn policy(
    call: &CloudCall<'_>,
    row: &'static Row,
    id: Option<u64>,
    name: Option<&str>,
) -> CloudResult<Permitted<PolicyId>> {
    let found = match (id, name) {
        (Some(id), _) => Some(policy_id(id)),
        (None, Some(name)) => service(call).find_policy(&call.finding(), name).await?,
        (None, None) => return Err(wrong("either the PolicyId or the PolicyName is needed")),
    };
    let request = row.on_cam(found.map_or(CamResource::All, |id| CamResource::Policy(id.get())));
    call.grant(request, found).await?.ok_or(Error::Unknown(Thing::Policy).into())
}

/// Returns the sub-account with this uin, as a holder of policies.
pub(super) async fn user_holder<E: Mode>(call: &Allowed<'_, E>, uin: u64) -> CloudResult<Holder> {
    let user = service(call).user(&call.account(), UserRef::Uin(uin)).await?;
    Ok(Holder::User(user.account.id))
}

/// Returns the id if there is one, or else the name, for the audit log.
pub(super) fn either(id: Option<&str>, name: Option<&str>) -> String {
    id.or(name).unwrap_or_default().to_owned()
}

/// Reports a parameter with a wrong value.
pub(super) fn wrong(message: impl Into<Phrase>) -> CloudError {
    CloudError::new(Code::InvalidParameterParamError, message)
}

/// Reads a parameter that must be 0 or 1.
pub(super) fn flag(name: &str, value: Option<u64>) -> CloudResult<Option<bool>> {
    match value {
        None => Ok(None),
        Some(0) => Ok(Some(false)),
        Some(1) => Ok(Some(true)),
        Some(_) => Err(wrong(format!("{name} must be 0 or 1"))),
    }
}
