//! The list of the actions of the cloud API. Their rows are in the table of the policy engine.

use super::action::registered::{OpenRun, Registered, Run};
use super::wire::code::Code;
use super::wire::error::CloudError;
use super::wire::language::Phrase;
use super::{cam, sts, tcr};

/// Every action, sorted by service and name.
pub(crate) static ACTIONS: &[Registered] = &[
    Registered::of::<cam::users::AddUser>(),
    Registered::looks_up::<cam::members::AddUserToGroup>(),
    Registered::of::<cam::attachments::AttachGroupPolicy>(),
    Registered::looks_up::<cam::attachments::AttachRolePolicy>(),
    Registered::of::<cam::attachments::AttachUserPolicy>(),
    Registered::of::<cam::keys::CreateAccessKey>(),
    Registered::of::<cam::groups::CreateGroup>(),
    Registered::of::<cam::providers::CreateOIDCConfig>(),
    Registered::of::<cam::policies::CreatePolicy>(),
    Registered::of::<cam::roles::CreateRole>(),
    Registered::of::<cam::keys::DeleteAccessKey>(),
    Registered::of::<cam::groups::DeleteGroup>(),
    Registered::of::<cam::providers::DeleteOIDCConfig>(),
    Registered::of::<cam::policies::DeletePolicy>(),
    Registered::looks_up::<cam::roles::DeleteRole>(),
    Registered::looks_up::<cam::boundaries::DeleteRolePermissionsBoundary>(),
    Registered::looks_up::<cam::users::DeleteUser>(),
    Registered::of::<cam::boundaries::DeleteUserPermissionsBoundary>(),
    Registered::of::<cam::audit::DescribeAuditLogs>(),
    Registered::of::<cam::providers::DescribeOIDCConfig>(),
    Registered::of::<cam::roles::DescribeRoleList>(),
    Registered::of::<cam::attachments::DetachGroupPolicy>(),
    Registered::looks_up::<cam::attachments::DetachRolePolicy>(),
    Registered::of::<cam::attachments::DetachUserPolicy>(),
    Registered::of::<cam::explain::ExplainAuthorization>(),
    Registered::of::<cam::groups::GetGroup>(),
    Registered::of::<cam::policies::GetPolicy>(),
    Registered::looks_up::<cam::roles::GetRole>(),
    Registered::looks_up::<cam::boundaries::GetRolePermissionBoundary>(),
    Registered::of::<cam::keys::GetSecurityLastUsed>(),
    Registered::looks_up::<cam::users::GetUser>(),
    Registered::of::<cam::account::GetUserAppId>(),
    Registered::of::<cam::boundaries::GetUserPermissionBoundary>(),
    Registered::of::<cam::keys::ListAccessKeys>(),
    Registered::of::<cam::attached::ListAttachedGroupPolicies>(),
    Registered::looks_up::<cam::attached::ListAttachedRolePolicies>(),
    Registered::of::<cam::attached::ListAttachedUserAllPolicies>(),
    Registered::of::<cam::attached::ListAttachedUserPolicies>(),
    Registered::of::<cam::policies::ListEntitiesForPolicy>(),
    Registered::of::<cam::groups::ListGroups>(),
    Registered::looks_up::<cam::members::ListGroupsForUser>(),
    Registered::of::<cam::policies::ListPolicies>(),
    Registered::of::<cam::users::ListUsers>(),
    Registered::of::<cam::members::ListUsersForGroup>(),
    Registered::looks_up::<cam::boundaries::PutRolePermissionsBoundary>(),
    Registered::of::<cam::boundaries::PutUserPermissionsBoundary>(),
    Registered::looks_up::<cam::members::RemoveUserFromGroup>(),
    Registered::of::<cam::keys::UpdateAccessKey>(),
    Registered::looks_up::<cam::roles::UpdateAssumeRolePolicy>(),
    Registered::of::<cam::groups::UpdateGroup>(),
    Registered::of::<cam::providers::UpdateOIDCConfig>(),
    Registered::looks_up::<cam::policies::UpdatePolicy>(),
    Registered::looks_up::<cam::users::UpdateUser>(),
    Registered::looks_up::<sts::role::AssumeRole>(),
    Registered::open::<sts::web_identity::AssumeRoleWithWebIdentity>(),
    Registered::of::<sts::caller::GetCallerIdentity>(),
    Registered::of::<sts::federation::GetFederationToken>(),
    Registered::of::<tcr::personal::favorites::BatchDeleteFavorRepositoryPersonal>(),
    Registered::of::<tcr::personal::images::BatchDeleteImagePersonal>(),
    Registered::of::<tcr::personal::repositories::BatchDeleteRepositoryPersonal>(),
    Registered::of::<tcr::enterprise::instances::CheckInstance>(),
    Registered::of::<tcr::enterprise::instances::CheckInstanceName>(),
    Registered::of::<tcr::personal::triggers::CreateApplicationTriggerPersonal>(),
    Registered::of::<tcr::personal::favorites::CreateFavorRepositoryPersonal>(),
    Registered::of::<tcr::personal::lifecycle::CreateImageLifecyclePersonal>(),
    Registered::of::<tcr::enterprise::instances::CreateInstance>(),
    Registered::of::<tcr::enterprise::tokens::CreateInstanceToken>(),
    Registered::of::<tcr::enterprise::namespaces::CreateNamespace>(),
    Registered::of::<tcr::personal::namespaces::CreateNamespacePersonal>(),
    Registered::of::<tcr::enterprise::repositories::CreateRepository>(),
    Registered::of::<tcr::personal::repositories::CreateRepositoryPersonal>(),
    Registered::of::<tcr::personal::users::CreateUserPersonal>(),
    Registered::of::<tcr::personal::triggers::DeleteApplicationTriggerPersonal>(),
    Registered::of::<tcr::enterprise::images::DeleteImage>(),
    Registered::of::<tcr::personal::lifecycle::DeleteImageLifecycleGlobalPersonal>(),
    Registered::of::<tcr::personal::lifecycle::DeleteImageLifecyclePersonal>(),
    Registered::of::<tcr::personal::images::DeleteImagePersonal>(),
    Registered::of::<tcr::enterprise::instances::DeleteInstance>(),
    Registered::of::<tcr::enterprise::tokens::DeleteInstanceToken>(),
    Registered::of::<tcr::enterprise::namespaces::DeleteNamespace>(),
    Registered::of::<tcr::personal::namespaces::DeleteNamespacePersonal>(),
    Registered::of::<tcr::enterprise::repositories::DeleteRepository>(),
    Registered::of::<tcr::personal::repositories::DeleteRepositoryPersonal>(),
    Registered::of::<tcr::enterprise::images::DeleteRepositoryTags>(),
    Registered::of::<tcr::personal::users::DescribeApplicationTokenPersonal>(),
    Registered::of::<tcr::personal::triggers::DescribeApplicationTriggerLogPersonal>(),
    Registered::of::<tcr::personal::triggers::DescribeApplicationTriggerPersonal>(),
    Registered::of::<tcr::personal::favorites::DescribeFavorRepositoryPersonal>(),
    Registered::of::<tcr::personal::images::DescribeImageFilterPersonal>(),
    Registered::of::<tcr::personal::lifecycle::DescribeImageLifecycleGlobalPersonal>(),
    Registered::of::<tcr::personal::lifecycle::DescribeImageLifecyclePersonal>(),
    Registered::of::<tcr::enterprise::images::DescribeImageManifests>(),
    Registered::of::<tcr::personal::images::DescribeImagePersonal>(),
    Registered::of::<tcr::enterprise::images::DescribeImages>(),
    Registered::of::<tcr::enterprise::instance_lists::DescribeInstanceStatus>(),
    Registered::of::<tcr::enterprise::tokens::DescribeInstanceToken>(),
    Registered::of::<tcr::enterprise::instance_lists::DescribeInstances>(),
    Registered::of::<tcr::personal::namespaces::DescribeNamespacePersonal>(),
    Registered::of::<tcr::enterprise::namespaces::DescribeNamespaces>(),
    Registered::of::<tcr::regions::DescribeRegions>(),
    Registered::of::<tcr::enterprise::repositories::DescribeRepositories>(),
    Registered::of::<tcr::personal::repository_lists::DescribeRepositoryAllPersonal>(),
    Registered::of::<tcr::personal::repository_lists::DescribeRepositoryFilterPersonal>(),
    Registered::of::<tcr::personal::repository_lists::DescribeRepositoryOwnerPersonal>(),
    Registered::of::<tcr::personal::repository_lists::DescribeRepositoryPersonal>(),
    Registered::of::<tcr::personal::users::DescribeUserPersonal>(),
    Registered::of::<tcr::personal::users::DescribeUserQuotaPersonal>(),
    Registered::of::<tcr::enterprise::images::DuplicateImage>(),
    Registered::of::<tcr::personal::images::DuplicateImagePersonal>(),
    Registered::of::<tcr::personal::lifecycle::ManageImageLifecycleGlobalPersonal>(),
    Registered::of::<tcr::personal::triggers::ModifyApplicationTriggerPersonal>(),
    Registered::of::<tcr::enterprise::instances::ModifyInstance>(),
    Registered::of::<tcr::enterprise::tokens::ModifyInstanceToken>(),
    Registered::of::<tcr::enterprise::namespaces::ModifyNamespace>(),
    Registered::of::<tcr::enterprise::repositories::ModifyRepository>(),
    Registered::of::<tcr::personal::repositories::ModifyRepositoryAccessPersonal>(),
    Registered::of::<tcr::personal::repositories::ModifyRepositoryInfoPersonal>(),
    Registered::of::<tcr::personal::users::ModifyUserPasswordPersonal>(),
    Registered::of::<tcr::personal::namespaces::ValidateNamespaceExistPersonal>(),
    Registered::of::<tcr::personal::repository_lists::ValidateRepositoryExistPersonal>(),
    Registered::of::<tcr::personal::users::ValidateUserPersonal>(),
];

/// Finds the unsigned action of this name and version.
pub(super) fn find_open(version: &str, name: &str) -> Option<(&'static Registered, OpenRun)> {
    let action =
        ACTIONS.iter().find(|action| action.row.name == name && action.row.service.version() == Some(version))?;
    match action.run {
        Run::Open(run) => Some((action, run)),
        Run::Signed(_) => None,
    }
}

/// Finds the action of this name and version. `service` is the service in the credential scope, if there is one.
pub(super) fn find(service: Option<&str>, version: &str, name: &str) -> Result<&'static Registered, CloudError> {
    let of_service = |action: &&Registered| service.is_none_or(|service| service == action.row.service.name());
    let mut named = ACTIONS.iter().filter(|action| action.row.name == name).filter(of_service).peekable();
    if named.peek().is_none() {
        let name: String = name.chars().take(100).collect();
        let message = Phrase::both(format!("there is no action {name}"), format!("没有接口 {name}"));
        return Err(CloudError::new(Code::InvalidAction, message));
    }
    named.find(|action| action.row.service.version() == Some(version)).ok_or_else(|| Code::NoSuchVersion.into())
}

#[cfg(test)]
mod tests {
    use roadstead_policy::{Row, Service, actions};

    use super::*;

    #[test]
    fn every_row_that_is_served_is_listed_once_in_order() {
        let mut served: Vec<&Row> = actions::all().filter(|row| row.kind.is_some()).collect();
        served.sort_by_key(|row| (row.service, row.name));
        assert_eq!(ACTIONS.iter().map(|action| action.row).collect::<Vec<_>>(), served);
    }

    #[test]
    fn an_action_is_found_in_its_version_only() {
        let code = |service, version, name| find(service, version, name).err().map(|error| error.code());
        let (cam, tcr) = (Service::Cam.version().unwrap(), Service::Tcr.version().unwrap());
        assert_eq!(code(Some("cam"), cam, "GetUserAppId"), None);
        assert_eq!(code(None, cam, "GetUserAppId"), None);
        assert_eq!(code(None, tcr, "GetUserAppId"), Some(Code::NoSuchVersion));
        assert_eq!(code(Some("tcr"), tcr, "GetUserAppId"), Some(Code::InvalidAction));
        assert_eq!(code(None, cam, "getUserAppId"), Some(Code::InvalidAction));
        assert_eq!(code(None, "", ""), Some(Code::InvalidAction));
    }
}
