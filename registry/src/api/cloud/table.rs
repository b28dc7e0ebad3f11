//! Every action: one line each, sorted.

use super::action::open::OpenRun;
use super::action::{Registered, Run};
use super::wire::code::Code;
use super::wire::error::CloudError;
use super::wire::language::Phrase;
use super::{cam, sts, tcr};

macro_rules! actions {
    (@ $action:ty) => { Registered::of::<$action>() };
    (@ $action:ty, unsigned) => { Registered::open::<$action>() };
    ($($action:ty $(: $how:ident)?,)*) => {
        /// Every action, in the order of services and names.
        pub(crate) static ACTIONS: &[Registered] = &[$(actions!(@ $action $(, $how)?),)*];
    };
}

actions! {
    cam::account::GetUserAppId,
    cam::attached::ListAttachedGroupPolicies,
    cam::attached::ListAttachedRolePolicies,
    cam::attached::ListAttachedUserAllPolicies,
    cam::attached::ListAttachedUserPolicies,
    cam::attachments::AttachGroupPolicy,
    cam::attachments::AttachRolePolicy,
    cam::attachments::AttachUserPolicy,
    cam::attachments::DetachGroupPolicy,
    cam::attachments::DetachRolePolicy,
    cam::attachments::DetachUserPolicy,
    cam::audit::DescribeAuditLogs,
    cam::boundaries::DeleteRolePermissionsBoundary,
    cam::boundaries::DeleteUserPermissionsBoundary,
    cam::boundaries::GetRolePermissionBoundary,
    cam::boundaries::GetUserPermissionBoundary,
    cam::boundaries::PutRolePermissionsBoundary,
    cam::boundaries::PutUserPermissionsBoundary,
    cam::explain::ExplainAuthorization,
    cam::groups::CreateGroup,
    cam::groups::DeleteGroup,
    cam::groups::GetGroup,
    cam::groups::ListGroups,
    cam::groups::UpdateGroup,
    cam::keys::CreateAccessKey,
    cam::keys::DeleteAccessKey,
    cam::keys::GetSecurityLastUsed,
    cam::keys::ListAccessKeys,
    cam::keys::UpdateAccessKey,
    cam::members::AddUserToGroup,
    cam::members::ListGroupsForUser,
    cam::members::ListUsersForGroup,
    cam::members::RemoveUserFromGroup,
    cam::policies::CreatePolicy,
    cam::policies::DeletePolicy,
    cam::policies::GetPolicy,
    cam::policies::ListEntitiesForPolicy,
    cam::policies::ListPolicies,
    cam::policies::UpdatePolicy,
    cam::providers::CreateOIDCConfig,
    cam::providers::DeleteOIDCConfig,
    cam::providers::DescribeOIDCConfig,
    cam::providers::UpdateOIDCConfig,
    cam::roles::CreateRole,
    cam::roles::DeleteRole,
    cam::roles::DescribeRoleList,
    cam::roles::GetRole,
    cam::roles::UpdateAssumeRolePolicy,
    cam::users::AddUser,
    cam::users::DeleteUser,
    cam::users::GetUser,
    cam::users::ListUsers,
    cam::users::UpdateUser,
    sts::caller::GetCallerIdentity,
    sts::federation::GetFederationToken,
    sts::role::AssumeRole,
    sts::web_identity::AssumeRoleWithWebIdentity: unsigned,
    tcr::personal::favorites::BatchDeleteFavorRepositoryPersonal,
    tcr::personal::favorites::CreateFavorRepositoryPersonal,
    tcr::personal::favorites::DescribeFavorRepositoryPersonal,
    tcr::personal::images::BatchDeleteImagePersonal,
    tcr::personal::images::DeleteImagePersonal,
    tcr::personal::images::DescribeImageFilterPersonal,
    tcr::personal::images::DescribeImagePersonal,
    tcr::personal::images::DuplicateImagePersonal,
    tcr::enterprise::images::DeleteImage,
    tcr::enterprise::images::DeleteRepositoryTags,
    tcr::enterprise::images::DescribeImageManifests,
    tcr::enterprise::images::DescribeImages,
    tcr::enterprise::images::DuplicateImage,
    tcr::enterprise::instance_lists::DescribeInstanceStatus,
    tcr::enterprise::instance_lists::DescribeInstances,
    tcr::enterprise::namespaces::CreateNamespace,
    tcr::enterprise::namespaces::DeleteNamespace,
    tcr::enterprise::namespaces::DescribeNamespaces,
    tcr::enterprise::namespaces::ModifyNamespace,
    tcr::enterprise::repositories::CreateRepository,
    tcr::enterprise::repositories::DeleteRepository,
    tcr::enterprise::repositories::DescribeRepositories,
    tcr::enterprise::repositories::ModifyRepository,
    tcr::enterprise::tokens::CreateInstanceToken,
    tcr::enterprise::tokens::DeleteInstanceToken,
    tcr::enterprise::tokens::DescribeInstanceToken,
    tcr::enterprise::tokens::ModifyInstanceToken,
    tcr::enterprise::instances::CheckInstance,
    tcr::enterprise::instances::CheckInstanceName,
    tcr::enterprise::instances::CreateInstance,
    tcr::enterprise::instances::DeleteInstance,
    tcr::enterprise::instances::ModifyInstance,
    tcr::personal::lifecycle::CreateImageLifecyclePersonal,
    tcr::personal::lifecycle::DeleteImageLifecycleGlobalPersonal,
    tcr::personal::lifecycle::DeleteImageLifecyclePersonal,
    tcr::personal::lifecycle::DescribeImageLifecycleGlobalPersonal,
    tcr::personal::lifecycle::DescribeImageLifecyclePersonal,
    tcr::personal::lifecycle::ManageImageLifecycleGlobalPersonal,
    tcr::personal::namespaces::CreateNamespacePersonal,
    tcr::personal::namespaces::DeleteNamespacePersonal,
    tcr::personal::namespaces::DescribeNamespacePersonal,
    tcr::personal::namespaces::ValidateNamespaceExistPersonal,
    tcr::regions::DescribeRegions,
    tcr::personal::repositories::BatchDeleteRepositoryPersonal,
    tcr::personal::repositories::CreateRepositoryPersonal,
    tcr::personal::repositories::DeleteRepositoryPersonal,
    tcr::personal::repositories::ModifyRepositoryAccessPersonal,
    tcr::personal::repositories::ModifyRepositoryInfoPersonal,
    tcr::personal::repository_lists::DescribeRepositoryAllPersonal,
    tcr::personal::repository_lists::DescribeRepositoryFilterPersonal,
    tcr::personal::repository_lists::DescribeRepositoryOwnerPersonal,
    tcr::personal::repository_lists::DescribeRepositoryPersonal,
    tcr::personal::repository_lists::ValidateRepositoryExistPersonal,
    tcr::personal::triggers::CreateApplicationTriggerPersonal,
    tcr::personal::triggers::DeleteApplicationTriggerPersonal,
    tcr::personal::triggers::DescribeApplicationTriggerLogPersonal,
    tcr::personal::triggers::DescribeApplicationTriggerPersonal,
    tcr::personal::triggers::ModifyApplicationTriggerPersonal,
    tcr::personal::users::CreateUserPersonal,
    tcr::personal::users::DescribeApplicationTokenPersonal,
    tcr::personal::users::DescribeUserPersonal,
    tcr::personal::users::DescribeUserQuotaPersonal,
    tcr::personal::users::ModifyUserPasswordPersonal,
    tcr::personal::users::ValidateUserPersonal,
}

/// The action of this name and version, if it is one that nobody signs.
pub(super) fn find_open(version: &str, name: &str) -> Option<(&'static Registered, OpenRun)> {
    let action = ACTIONS.iter().find(|action| action.name == name && action.service.version() == version)?;
    match action.run {
        Run::Open(run) => Some((action, run)),
        Run::Signed(_) => None,
    }
}

/// The action of this name and version; `service` is what the credential scope names, if there is one.
pub(super) fn find(service: Option<&str>, version: &str, name: &str) -> Result<&'static Registered, CloudError> {
    let of_service = |action: &&Registered| service.is_none_or(|service| service == action.service.name());
    let mut named = ACTIONS.iter().filter(|action| action.name == name).filter(of_service).peekable();
    if named.peek().is_none() {
        let name: String = name.chars().take(100).collect();
        let message = Phrase::both(format!("there is no action {name}"), format!("没有接口 {name}"));
        return Err(CloudError::new(Code::InvalidAction, message));
    }
    named.find(|action| action.service.version() == version).ok_or_else(|| Code::NoSuchVersion.into())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::action::Service;
    use super::*;

    #[test]
    fn every_action_is_there_once() {
        let names: BTreeSet<_> = ACTIONS.iter().map(|action| (action.service.name(), action.name)).collect();
        assert_eq!(names.len(), ACTIONS.len());
    }

    #[test]
    fn an_action_is_found_in_its_version_only() {
        let code = |service, version, name| find(service, version, name).err().map(|error| error.code());
        let (cam, tcr) = (Service::Cam.version(), Service::Tcr.version());
        assert_eq!(code(Some("cam"), cam, "GetUserAppId"), None);
        assert_eq!(code(None, cam, "GetUserAppId"), None);
        assert_eq!(code(None, tcr, "GetUserAppId"), Some(Code::NoSuchVersion));
        assert_eq!(code(Some("tcr"), tcr, "GetUserAppId"), Some(Code::InvalidAction));
        assert_eq!(code(None, cam, "getUserAppId"), Some(Code::InvalidAction));
        assert_eq!(code(None, "", ""), Some(Code::InvalidAction));
    }
}
