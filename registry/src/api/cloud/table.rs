//! Every action: one line each, sorted.

use super::action::{Registered, Run};
use super::code::Code;
use super::error::CloudError;
use super::language::Phrase;
use super::open::OpenRun;
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
    tcr::favorites::BatchDeleteFavorRepositoryPersonal,
    tcr::favorites::CreateFavorRepositoryPersonal,
    tcr::favorites::DescribeFavorRepositoryPersonal,
    tcr::images::BatchDeleteImagePersonal,
    tcr::images::DeleteImagePersonal,
    tcr::images::DescribeImageFilterPersonal,
    tcr::images::DescribeImagePersonal,
    tcr::images::DuplicateImagePersonal,
    tcr::instance_images::DeleteImage,
    tcr::instance_images::DeleteRepositoryTags,
    tcr::instance_images::DescribeImageManifests,
    tcr::instance_images::DescribeImages,
    tcr::instance_images::DuplicateImage,
    tcr::instance_lists::DescribeInstanceStatus,
    tcr::instance_lists::DescribeInstances,
    tcr::instance_namespaces::CreateNamespace,
    tcr::instance_namespaces::DeleteNamespace,
    tcr::instance_namespaces::DescribeNamespaces,
    tcr::instance_namespaces::ModifyNamespace,
    tcr::instance_repositories::CreateRepository,
    tcr::instance_repositories::DeleteRepository,
    tcr::instance_repositories::DescribeRepositories,
    tcr::instance_repositories::ModifyRepository,
    tcr::instance_tokens::CreateInstanceToken,
    tcr::instance_tokens::DeleteInstanceToken,
    tcr::instance_tokens::DescribeInstanceToken,
    tcr::instance_tokens::ModifyInstanceToken,
    tcr::instances::CheckInstance,
    tcr::instances::CheckInstanceName,
    tcr::instances::CreateInstance,
    tcr::instances::DeleteInstance,
    tcr::instances::ModifyInstance,
    tcr::lifecycle::CreateImageLifecyclePersonal,
    tcr::lifecycle::DeleteImageLifecycleGlobalPersonal,
    tcr::lifecycle::DeleteImageLifecyclePersonal,
    tcr::lifecycle::DescribeImageLifecycleGlobalPersonal,
    tcr::lifecycle::DescribeImageLifecyclePersonal,
    tcr::lifecycle::ManageImageLifecycleGlobalPersonal,
    tcr::namespaces::CreateNamespacePersonal,
    tcr::namespaces::DeleteNamespacePersonal,
    tcr::namespaces::DescribeNamespacePersonal,
    tcr::namespaces::ValidateNamespaceExistPersonal,
    tcr::regions::DescribeRegions,
    tcr::repositories::BatchDeleteRepositoryPersonal,
    tcr::repositories::CreateRepositoryPersonal,
    tcr::repositories::DeleteRepositoryPersonal,
    tcr::repositories::ModifyRepositoryAccessPersonal,
    tcr::repositories::ModifyRepositoryInfoPersonal,
    tcr::repository_lists::DescribeRepositoryAllPersonal,
    tcr::repository_lists::DescribeRepositoryFilterPersonal,
    tcr::repository_lists::DescribeRepositoryOwnerPersonal,
    tcr::repository_lists::DescribeRepositoryPersonal,
    tcr::repository_lists::ValidateRepositoryExistPersonal,
    tcr::triggers::CreateApplicationTriggerPersonal,
    tcr::triggers::DeleteApplicationTriggerPersonal,
    tcr::triggers::DescribeApplicationTriggerLogPersonal,
    tcr::triggers::DescribeApplicationTriggerPersonal,
    tcr::triggers::ModifyApplicationTriggerPersonal,
    tcr::users::CreateUserPersonal,
    tcr::users::DescribeApplicationTokenPersonal,
    tcr::users::DescribeUserPersonal,
    tcr::users::DescribeUserQuotaPersonal,
    tcr::users::ModifyUserPasswordPersonal,
    tcr::users::ValidateUserPersonal,
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
