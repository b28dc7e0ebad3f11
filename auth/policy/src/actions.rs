//! The one table of actions that policies may name and the cloud API offers.
//!
//! Each action is one row. Known names, classes, vetoes and explanations are derived from the rows, and so are the
//! catalogue and the document of the cloud API. To add an action, add its row here, its type to the cloud API, and
//! the type to the list of the cloud API.

use super::class::Class;
use super::row::{About, Row, Service};

macro_rules! rows {
    (@kind reads) => { Some($crate::ActionKind::Reads) };
    (@kind writes) => { Some($crate::ActionKind::Writes) };
    (@row $module:ident $service:ident $name:ident $class:ident $about:ident $kind:expr) => {
        #[doc = concat!("`", stringify!($module), ":", stringify!($name), "`.")]
        pub static $name: Row = Row {
            service: Service::$service,
            name: stringify!($name),
            class: Class::$class,
            about: About::$about,
            kind: $kind,
            full: [
                concat!(stringify!($module), ":", stringify!($name)),
                concat!("ccr:", stringify!($name)),
            ],
        };
    };
    ($(
        $module:ident $service:ident {
            $($name:ident: $kind:ident $class:ident $about:ident;)*
        } {
            $($known:ident)*
        }
    )*) => {
        $(
            #[doc = concat!("The actions of `", stringify!($module), "`.")]
            #[expect(non_upper_case_globals, reason = "a row has the name of its action")]
            pub mod $module {
                use super::{About, Class, Row, Service};

                $(rows!(@row $module $service $name $class $about rows!(@kind $kind));)*
                $(rows!(@row $module $service $known Checked Thing None);)*
            }
        )*

        static SERVICES: &[&[&Row]] = &[$(&[$(&$module::$name,)* $(&$module::$known,)*],)*];
    };
}

/// Returns the row of an action by its service and name.
pub fn find(service: &str, name: &str) -> Option<&'static Row> {
    all().find(|row| row.service.name() == service && row.name == name)
}

/// Returns every row, service by service.
pub fn all() -> impl Iterator<Item = &'static Row> {
    SERVICES.iter().copied().flatten().copied()
}

// The first list of a service holds the actions of the cloud API: their kind, their class and the thing that they
// act on. The second list holds actions that only policies know.
rows! {
    cam Cam {
        AddUser: writes Checked Thing;
        AddUserToGroup: writes Checked Thing;
        AttachGroupPolicy: writes Checked Thing;
        AttachRolePolicy: writes Checked Thing;
        AttachUserPolicy: writes Checked Thing;
        CreateAccessKey: writes Checked Thing;
        CreateGroup: writes Checked Thing;
        CreateOIDCConfig: writes Checked Thing;
        CreatePolicy: writes Checked Thing;
        CreateRole: writes Checked Thing;
        DeleteAccessKey: writes Checked Thing;
        DeleteGroup: writes Checked Thing;
        DeleteOIDCConfig: writes Checked Thing;
        DeletePolicy: writes Checked Thing;
        DeleteRole: writes Checked Thing;
        DeleteRolePermissionsBoundary: writes Checked Thing;
        DeleteUser: writes Checked Thing;
        DeleteUserPermissionsBoundary: writes Checked Thing;
        DescribeAuditLogs: reads Checked Thing;
        DescribeOIDCConfig: reads Checked Thing;
        DescribeRoleList: reads Checked Thing;
        DetachGroupPolicy: writes Checked Thing;
        DetachRolePolicy: writes Checked Thing;
        DetachUserPolicy: writes Checked Thing;
        ExplainAuthorization: reads Checked Thing;
        GetGroup: reads Checked Thing;
        GetPolicy: reads Checked Thing;
        GetRole: reads Checked Thing;
        GetRolePermissionBoundary: reads Checked Thing;
        GetSecurityLastUsed: reads Checked Thing;
        GetUser: reads Checked Thing;
        GetUserAppId: reads Signed Nothing;
        GetUserPermissionBoundary: reads Checked Thing;
        ListAccessKeys: reads Checked Thing;
        ListAttachedGroupPolicies: reads Checked Thing;
        ListAttachedRolePolicies: reads Checked Thing;
        ListAttachedUserAllPolicies: reads Checked Thing;
        ListAttachedUserPolicies: reads Checked Thing;
        ListEntitiesForPolicy: reads Checked Thing;
        ListGroups: reads Checked Thing;
        ListGroupsForUser: reads Checked Thing;
        ListPolicies: reads Checked Thing;
        ListUsers: reads Checked Thing;
        ListUsersForGroup: reads Checked Thing;
        PutRolePermissionsBoundary: writes Checked Thing;
        PutUserPermissionsBoundary: writes Checked Thing;
        RemoveUserFromGroup: writes Checked Thing;
        UpdateAccessKey: writes Checked Thing;
        UpdateAssumeRolePolicy: writes Checked Thing;
        UpdateGroup: writes Checked Thing;
        UpdateOIDCConfig: writes Checked Thing;
        UpdatePolicy: writes Checked Thing;
        UpdateUser: writes Checked Thing;
    } {
        AddCollaborator
        AttachRolePolicies
        AttachUserPolicies
        BuildDataFlowAuthToken
        ConsumeCustomMFAToken
        CreateMessageReceiver
        CreatePolicyVersion
        CreateSAMLProvider
        CreateServiceLinkedRole
        CreateUserOIDCConfig
        CreateUserSAMLConfig
        DeletePolicyVersion
        DeleteSAMLProvider
        DeleteServiceLinkedRole
        DescribeSafeAuthFlag
        DescribeSafeAuthFlagColl
        DescribeSafeAuthFlagIntl
        DescribeSubAccounts
        DescribeUserOIDCConfig
        DescribeUserSAMLConfig
        DetachRolePolicies
        DetachUserPolicies
        DisableUserSSO
        GetAccountSummary
        GetCustomMFATokenInfo
        GetPolicyVersion
        GetSAMLProvider
        GetServiceLinkedRoleDeletionStatus
        ListCollaborators
        ListPoliciesGrantingServiceAccess
        ListPolicyVersions
        ListReceiver
        ListSAMLProviders
        ListWeChatWorkSubAccounts
        PassRole
        SetDefaultPolicyVersion
        SetMfaFlag
        TagRole
        UntagRole
        UpdateRoleConsoleLogin
        UpdateRoleDescription
        UpdateRoleSessionDuration
        UpdateSAMLProvider
        UpdateUserOIDCConfig
        UpdateUserSAMLConfig
    }
    // Triggers and builds are also known under `tcr` and `ccr`.
    ccb Ccb {} {
        CreateApplicationTriggerPersonal
        CreateImageBuildPersonal
        DeleteApplicationTriggerPersonal
        DescribeApplicationTriggerLogPersonal
        DescribeApplicationTriggerPersonal
        DescribeImageBuildPersonal
        DescribeImageBuildTaskLogInfoPersonal
        DescribeImageBuildTaskLogPersonal
        ModifyApplicationTriggerPersonal
        ModifyImageBuildPersonal
    }
    ccr Ccr {
    } {
        BatchDeleteRepository
        BatchDeleteTag
        CreateCCRNamespace
        CreateRepository
        DeleteRepository
        DeleteTag
        DeleteUserNamespace
        GetUserRepositoryList
        pull
        push
    }
    // The actions of the registry on clusters. `ccs` is the older name of `tke`.
    ccs Ccs {} {
        ModifyClusterServiceImage
        RedeployClusterService
    }
    tke Tke {} {
        ModifyClusterServiceImage
        RedeployClusterService
    }
    sts Sts {
        AssumeRole: writes Checked Thing;
        AssumeRoleWithWebIdentity: writes Unsigned Nothing;
        GetCallerIdentity: reads Signed Nothing;
        GetFederationToken: writes Checked Thing;
    } {
        AssumeRoleWithSAML
        GetSessionToken
        QueryApiKey
    }
    tcr Tcr {
        BatchDeleteFavorRepositoryPersonal: writes Signed Thing;
        BatchDeleteImagePersonal: writes Checked Thing;
        BatchDeleteRepositoryPersonal: writes Checked Thing;
        CheckInstance: reads Checked Thing;
        CheckInstanceName: reads Signed Thing;
        CreateApplicationTriggerPersonal: writes Hardened Everything;
        CreateFavorRepositoryPersonal: writes Signed PublicRepositories;
        CreateImageLifecyclePersonal: writes Hardened Thing;
        CreateInstance: writes Checked Thing;
        CreateInstanceToken: writes Checked Thing;
        CreateNamespace: writes Checked Thing;
        CreateNamespacePersonal: writes Checked Thing;
        CreateRepository: writes Checked Thing;
        CreateRepositoryPersonal: writes Checked Thing;
        CreateUserPersonal: writes Signed Thing;
        DeleteApplicationTriggerPersonal: writes Hardened Everything;
        DeleteImage: writes Checked Thing;
        DeleteImageLifecycleGlobalPersonal: writes Checked Everything;
        DeleteImageLifecyclePersonal: writes Hardened Thing;
        DeleteImagePersonal: writes Checked Thing;
        DeleteInstance: writes Checked Thing;
        DeleteInstanceToken: writes Checked Thing;
        DeleteNamespace: writes Checked Thing;
        DeleteNamespacePersonal: writes Checked Thing;
        DeleteRepository: writes Checked Thing;
        DeleteRepositoryPersonal: writes Checked Thing;
        DeleteRepositoryTags: writes Checked Thing;
        DescribeApplicationTokenPersonal: writes Signed Thing;
        DescribeApplicationTriggerLogPersonal: reads Hardened Everything;
        DescribeApplicationTriggerPersonal: reads Hardened Everything;
        DescribeFavorRepositoryPersonal: reads Signed Thing;
        DescribeImageFilterPersonal: reads Signed PublicRepositories;
        DescribeImageLifecycleGlobalPersonal: reads Signed Thing;
        DescribeImageLifecyclePersonal: reads Signed Repositories;
        DescribeImageManifests: reads Checked Thing;
        DescribeImagePersonal: reads Signed PublicRepositories;
        DescribeImages: reads Checked Thing;
        DescribeInstanceStatus: reads Checked Thing;
        DescribeInstanceToken: reads Checked Thing;
        DescribeInstances: reads Signed Thing;
        DescribeNamespacePersonal: reads Signed Thing;
        DescribeNamespaces: reads Checked Thing;
        DescribeRegions: reads Signed Thing;
        DescribeRepositories: reads Checked Thing;
        DescribeRepositoryAllPersonal: reads Signed Thing;
        DescribeRepositoryFilterPersonal: reads Signed Repositories;
        DescribeRepositoryOwnerPersonal: reads Signed Repositories;
        DescribeRepositoryPersonal: reads Signed PublicRepositories;
        DescribeUserPersonal: writes Signed Thing;
        DescribeUserQuotaPersonal: reads Signed Thing;
        DuplicateImage: writes Checked Thing;
        DuplicateImagePersonal: writes Checked Thing;
        ManageImageLifecycleGlobalPersonal: writes Checked Everything;
        ModifyApplicationTriggerPersonal: writes Hardened Everything;
        ModifyInstance: writes Checked Thing;
        ModifyInstanceToken: writes Checked Thing;
        ModifyNamespace: writes Checked Thing;
        ModifyRepository: writes Checked Thing;
        ModifyRepositoryAccessPersonal: writes Hardened Thing;
        ModifyRepositoryInfoPersonal: writes Hardened Thing;
        ModifyUserPasswordPersonal: writes Signed Thing;
        ValidateNamespaceExistPersonal: reads Signed Nothing;
        ValidateRepositoryExistPersonal: reads Signed Repositories;
        ValidateUserPersonal: reads Signed Thing;
    } {
        CreateGCJob
        CreateImageAccelerationService
        CreateImageBuildPersonal
        CreateImmutableTagRules
        CreateInstanceCustomizedDomain
        CreateInternalEndpointDns
        CreateMultipleSecurityPolicy
        CreateReplicationInstance
        CreateSecurityPolicy
        CreateServiceAccount
        CreateSignature
        CreateSignaturePolicy
        CreateTagRetentionExecution
        CreateTagRetentionRule
        CreateWebhookTrigger
        DeleteAIModel
        DeleteFavorRepositoryPersonal
        DeleteImageAccelerateService
        DeleteImmutableTagRules
        DeleteInstanceCustomizedDomain
        DeleteInternalEndpointDns
        DeleteMultipleSecurityPolicy
        DeleteReplicationInstance
        DeleteReplicationRule
        DeleteSecurityPolicy
        DeleteServiceAccount
        DeleteSignaturePolicy
        DeleteSkill
        DeleteTagRetentionRule
        DeleteWebhookTrigger
        DescribeAIModelVersionDetail
        DescribeChartDownloadInfo
        DescribeDockerHubImagePersonal
        DescribeDockerHubRepositoryInfoPersonal
        DescribeDockerHubRepositoryPersonal
        DescribeExternalEndpointStatus
        DescribeGCJobs
        DescribeImageAccelerateService
        DescribeImageBuildPersonal
        DescribeImageBuildTaskLogInfoPersonal
        DescribeImageBuildTaskLogPersonal
        DescribeImmutableTagRules
        DescribeInstanceAllNamespaces
        DescribeInstanceCustomizedDomain
        DescribeInternalEndpointDnsStatus
        DescribeInternalEndpoints
        DescribeReplicationExecutions
        DescribeReplicationInstanceCreateTasks
        DescribeReplicationInstanceSyncStatus
        DescribeReplicationInstances
        DescribeReplicationPolicies
        DescribeReplicationTasks
        DescribeSecurityPolicies
        DescribeServiceAccounts
        DescribeSkillDetail
        DescribeSkillDownloadInfo
        DescribeSourceCodeAuthPersonal
        DescribeSourceCodeAuthUserInfoPersonal
        DescribeSourceCodeRepositoryBranchPersonal
        DescribeSourceCodeRepositoryPersonal
        DescribeTagRetentionExecution
        DescribeTagRetentionExecutionTask
        DescribeTagRetentionRules
        DescribeWebhookTrigger
        DescribeWebhookTriggerLog
        DownloadHelmChart
        ListAIModelVersions
        ListAIModels
        ListSkillVersions
        ListSkills
        ManageExternalEndpoint
        ManageInternalEndpoint
        ManageReplication
        ModifyImageBuildPersonal
        ModifyImmutableTagRules
        ModifyInstanceStorage
        ModifyReplication
        ModifySecurityPolicy
        ModifyServiceAccount
        ModifyServiceAccountPassword
        ModifyTagRetentionRule
        ModifyWebhookTrigger
        PullRepository
        PullRepositoryPersonal
        PushRepository
        PushRepositoryPersonal
        RenewInstance
        TerminateGCJob
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_sorted_and_found_by_their_names() {
        for service in Service::ALL {
            let rows = || all().filter(move |row| row.service == service);
            for served in [true, false] {
                let names: Vec<_> = rows().filter(|row| row.kind.is_some() == served).map(|row| row.name).collect();
                assert!(names.is_sorted(), "{service:?} {names:?}");
            }
            for row in rows() {
                assert_eq!(find(service.name(), row.name), Some(row));
                assert_eq!(row.full_name(), format!("{}:{}", service.name(), row.name));
                assert!(row.kind.is_none() || service.version().is_some(), "{}", row.name);
            }
        }
        assert_eq!(tcr::DescribeImagePersonal.names().collect::<Vec<_>>().len(), 2);
        assert_eq!(tcr::DescribeImages.names().collect::<Vec<_>>(), ["tcr:DescribeImages"]);
    }

    #[test]
    fn what_the_signature_is_enough_for_is_about_the_caller_or_hides_what_it_may_not_show() {
        for row in all().filter(|row| row.class == Class::Signed && row.service != Service::Tcr) {
            assert_eq!(row.about, About::Nothing, "{}", row.name);
        }
    }
}
