//! Access management: `cam`, version 2019-01-16.
//!
//! What an action is about is a user (`uin/U`), a group (`groupid/N`), a policy (`policyid/N`), a role (`roleName/R`), or
//! nothing in particular. An action about two things, such as a policy and whom it is attached to, needs the right to both.
//! Where a request names a thing otherwise than resources do (a user by name, a role by number), the thing is looked up first
//! and the right to it is checked then; what is not there is answered for like the right to everything.

pub(super) mod account;
pub(super) mod attached;
pub(super) mod attachments;
pub(super) mod audit;
pub(super) mod boundaries;
mod error;
pub(super) mod explain;
pub(super) mod groups;
pub(super) mod keys;
pub(super) mod members;
pub(super) mod policies;
pub(super) mod providers;
pub(super) mod roles;
pub(super) mod users;

use roadstead_policy::op;
use roadstead_policy::op::CamResource;
use roadstead_storage::meta::{Holder, User};
use roadstead_types::{GroupId, PolicyId, Uin};

use super::action::Permission;
use super::action::call::CloudCall;
use super::wire::code::Code;
use super::wire::error::CloudError;
use super::wire::language::Phrase;
use super::wire::page::Page;
use roadstead_service::cam::{CamService, Error, RoleInfo, RoleRef, UserRef};

/// Makes an action of its parameters: its name, kind and output, what it needs, what it is about, how it runs. What it needs
/// is a [`Permission`], or a list of [`Subject`]s that are to be looked up.
macro_rules! cam_action {
    ($name:ident: $kind:ident -> $output:ty, look up $subjects:expr, $target:expr, $run:path) => {
        cam_action!(@ $name, $kind, $output, $target, $run, {
            fn permission(
                &self,
                _: &$crate::api::cloud::action::call::CloudCall<'_>,
            ) -> Result<$crate::api::cloud::action::Permission, $crate::api::cloud::wire::error::CloudError> {
                Ok($crate::api::cloud::action::Permission::Signed)
            }

            async fn authorize(
                &self,
                call: &$crate::api::cloud::action::call::CloudCall<'_>,
            ) -> Result<(), $crate::api::cloud::wire::error::CloudError> {
                let subjects: fn(&Self) -> Vec<$crate::api::cloud::cam::Subject<'_>> = $subjects;
                $crate::api::cloud::cam::authorize(call, Self::NAME, subjects(self)).await
            }
        });
    };
    ($name:ident: $kind:ident -> $output:ty, $permission:expr, $target:expr, $run:path) => {
        cam_action!(@ $name, $kind, $output, $target, $run, {
            fn permission(
                &self,
                _: &$crate::api::cloud::action::call::CloudCall<'_>,
            ) -> Result<$crate::api::cloud::action::Permission, $crate::api::cloud::wire::error::CloudError> {
                let needed: fn(&Self) -> $crate::api::cloud::action::Permission = $permission;
                Ok(needed(self))
            }
        });
    };
    (@ $name:ident, $kind:ident, $output:ty, $target:expr, $run:path, { $($rights:tt)* }) => {
        impl $crate::api::cloud::action::Action for $name {
            const SERVICE: $crate::api::cloud::action::Service = $crate::api::cloud::action::Service::Cam;
            const NAME: &'static str = stringify!($name);
            const KIND: $crate::api::cloud::action::Kind = $crate::api::cloud::action::Kind::$kind;
            type Output = $output;

            $($rights)*

            async fn run(
                self,
                call: &$crate::api::cloud::action::call::CloudCall<'_>,
            ) -> Result<$output, $crate::api::cloud::wire::error::CloudError> {
                $run(self, call).await
            }

            fn target(&self) -> String {
                let target: fn(&Self) -> String = $target;
                target(self)
            }
        }
    };
}
use cam_action;

/// What an action is about, in the words of its request.
enum Subject<'a> {
    /// A user by name.
    User(&'a str),
    /// A user by uin or by the other number.
    UserNumber { uin: Option<u64>, uid: Option<u64> },
    /// Whoever has the keys.
    Keys(Option<u64>),
    /// A group.
    Group(u64),
    /// A policy by number or by name.
    Policy(Option<u64>, Option<&'a str>),
    /// A role by number or by name.
    Role(Option<&'a str>, Option<&'a str>),
}

/// Refuses a caller who is not allowed to do `action` to all of the subjects.
async fn authorize(call: &CloudCall<'_>, action: &str, subjects: Vec<Subject<'_>>) -> Result<(), CloudError> {
    for subject in subjects {
        match subject {
            Subject::User(name) => drop(allowed_user(call, action, UserRef::Name(name)).await?),
            Subject::UserNumber { uin, uid } => drop(allowed_user(call, action, user_ref(uin, uid)?).await?),
            Subject::Keys(target) => call.permissions.check(&user_request(action, keys::holder_uin(call, target)?))?,
            Subject::Group(id) => allow(call, action, CamResource::Group(number(id)))?,
            Subject::Policy(id, name) => drop(allowed_policy(call, action, id, name).await?),
            Subject::Role(id, name) => drop(allowed_role(call, action, id, name).await?),
        }
    }
    Ok(())
}

/// A user by its numbers. The uin comes before the other one.
fn user_ref<'a>(uin: Option<u64>, uid: Option<u64>) -> Result<UserRef<'a>, CloudError> {
    match (uin, uid) {
        (Some(uin), _) => Ok(UserRef::Uin(uin)),
        (None, Some(uid)) => Ok(UserRef::Uid(uid)),
        (None, None) => Err(Code::InvalidParameterUserUinAndUinNotAllNull.into()),
    }
}

fn service<'a>(call: &CloudCall<'a>) -> &'a CamService {
    call.services().cam()
}

/// The right to an action that is about nothing in particular.
fn on_all(action: &str) -> Permission {
    Permission::Needs(vec![op::cam(action, CamResource::All)])
}

/// The right to an action about the user with this uin.
fn on_user(action: &str, uin: u64) -> Permission {
    Permission::Needs(vec![user_request(action, uin)])
}

/// The right to an action about a group.
fn on_group(action: &str, group: u64) -> Permission {
    Permission::Needs(vec![op::cam(action, CamResource::Group(number(group)))])
}

/// The right to an action about a policy.
fn on_policy(action: &str, policy: u64) -> Permission {
    Permission::Needs(vec![policy_request(action, policy)])
}

fn user_request(action: &str, uin: u64) -> roadstead_policy::Request {
    match Uin::from_number(uin) {
        Ok(uin) => op::cam(action, CamResource::User(&uin)),
        Err(_) => op::cam(action, CamResource::All),
    }
}

fn policy_request(action: &str, policy: u64) -> roadstead_policy::Request {
    op::cam(action, CamResource::Policy(number(policy)))
}

/// A number as the store has it; 0, which nothing has, for one that it cannot have.
fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(0)
}

/// A number as it is answered.
fn answered(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

fn uin_number(uin: &Uin) -> u64 {
    uin.as_str().parse().unwrap_or(0)
}

fn policy_id(id: u64) -> PolicyId {
    PolicyId::new(number(id))
}

fn group_id(id: u64) -> GroupId {
    GroupId::new(number(id))
}

/// Refuses a caller who is not allowed to do this to what was found.
fn allow(call: &CloudCall<'_>, action: &str, resource: CamResource<'_>) -> Result<(), CloudError> {
    Ok(call.permissions.check(&op::cam(action, resource))?)
}

/// The user, for a caller who is allowed to do `action` to it.
async fn allowed_user(call: &CloudCall<'_>, action: &str, user: UserRef<'_>) -> Result<User, CloudError> {
    let found = service(call).find_user(call.identity(), user).await?;
    let resource = found.as_ref().map_or(CamResource::All, |user| CamResource::User(&user.account.uin));
    allow(call, action, resource)?;
    found.ok_or_else(|| Error::UserUnknown.into())
}

/// The role, for a caller who is allowed to do `action` to it. The number comes before the name.
async fn allowed_role(
    call: &CloudCall<'_>,
    action: &str,
    id: Option<&str>,
    name: Option<&str>,
) -> Result<RoleInfo, CloudError> {
    let role = match (id, name) {
        (Some(id), _) => RoleRef::Id(id),
        (None, Some(name)) => RoleRef::Name(name),
        (None, None) => return Err(wrong("either the id or the name of the role is needed")),
    };
    let found = service(call).find_role(call.identity(), role).await?;
    let resource = found.as_ref().map_or(CamResource::All, |found| CamResource::Role(&found.role.name));
    allow(call, action, resource)?;
    found.ok_or_else(|| Error::RoleUnknown.into())
}

/// The number of the policy, for a caller who is allowed to do `action` to it. The number comes before the name.
async fn allowed_policy(
    call: &CloudCall<'_>,
    action: &str,
    id: Option<u64>,
    name: Option<&str>,
) -> Result<PolicyId, CloudError> {
    let found = match (id, name) {
        (Some(id), _) => Some(policy_id(id)),
        (None, Some(name)) => service(call).find_policy(call.identity(), name).await?,
        (None, None) => return Err(wrong("either the PolicyId or the PolicyName is needed")),
    };
    allow(call, action, found.map_or(CamResource::All, |id| CamResource::Policy(id.get())))?;
    found.ok_or_else(|| Error::PolicyUnknown.into())
}

/// The sub-account with this uin, whom the caller is known to be allowed to work on.
async fn holder_user(call: &CloudCall<'_>, uin: u64) -> Result<Holder, CloudError> {
    let user = service(call).user(call.identity(), UserRef::Uin(uin)).await?;
    Ok(Holder::User(user.account.id))
}

/// Refuses temporary credentials: what lasts is not made with what ends, be it a key, or whom somebody is trusted as.
fn lasting_only(call: &CloudCall<'_>) -> Result<(), CloudError> {
    if call.identity().session.is_none() { Ok(()) } else { Err(Code::AuthFailureUnauthorizedOperation.into()) }
}

fn wrong(message: impl Into<Phrase>) -> CloudError {
    CloudError::new(Code::InvalidParameterParamError, message)
}

/// A parameter that is 0 or 1.
fn flag(name: &str, value: Option<u64>) -> Result<Option<bool>, CloudError> {
    match value {
        None => Ok(None),
        Some(0) => Ok(Some(false)),
        Some(1) => Ok(Some(true)),
        Some(_) => Err(wrong(format!("{name} must be 0 or 1"))),
    }
}

/// How many there are, and those of one page.
fn paged<T>(all: Vec<T>, page: Page) -> (u64, impl Iterator<Item = T>) {
    let total = u64::try_from(all.len()).unwrap_or(u64::MAX);
    let offset = usize::try_from(page.offset).unwrap_or(usize::MAX);
    (total, all.into_iter().skip(offset).take(usize::try_from(page.limit).unwrap_or(usize::MAX)))
}
