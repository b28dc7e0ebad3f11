"""Lists what each client cannot send or decode, and why. The suite fails if a client cannot do something else, and if a client
can do something that is listed.

The names of a kind are actions, parameters (`Action.Parameter`) or fields of answers (`Action.Path.Field`). `*.Name` means the
parameter of that name of any action, and `*` means everything.
"""

LIFECYCLE = {"CreateImageLifecyclePersonal", "DeleteImageLifecyclePersonal"}
# Actions that only this server has, or that the cloud has removed from the document.
OWN = LIFECYCLE | {
    "BatchDeleteFavorRepositoryPersonal", "CreateFavorRepositoryPersonal", "DescribeApplicationTokenPersonal",
    "DescribeAuditLogs", "DescribeRepositoryAllPersonal", "DescribeUserPersonal",
    "ExplainAuthorization", "ValidateUserPersonal",
}
OIDC = {"AssumeRoleWithWebIdentity", "CreateOIDCConfig", "DeleteOIDCConfig", "DescribeOIDCConfig", "UpdateOIDCConfig"}
# No action has this parameter; the suite sends it with each action.
COLOUR = {"*.Colour"}
# The server accepts it for every action, but almost no structure has it.
DRY_RUN = {"CreateInstance.DryRun"}

DECLARED = {
    "python": {
        "action": ("the SDK has no such action; the suite uses its method for any action", OWN | {"PaintTheHull"}),
        "parameter": ("the structure has no such parameter; the suite uses the method for any action", COLOUR | DRY_RUN),
    },
    "go": {
        "action": ("the typed clients are of 2021; the suite uses the newest SDK, with its typed client of STS or the one for all products",
                   OWN - LIFECYCLE | OIDC | {
                       "CheckInstance", "CreateAccessKey", "DeleteAccessKey", "DeleteRepositoryTags", "DescribeRegions", "DuplicateImage",
                       "GetCallerIdentity", "GetRolePermissionBoundary", "GetSecurityLastUsed", "GetUserAppId", "GetUserPermissionBoundary",
                       "ListAttachedUserAllPolicies", "ModifyInstance", "PaintTheHull", "UpdateAccessKey"}),
        "parameter": ("the structures have no such parameter; the suite uses the client for all products", COLOUR | DRY_RUN | {
            "AddUserToGroup.Info", "CreateInstance.DeletionProtection", "CreateNamespace.CVEWhitelistItems", "CreatePolicy.Tags",
            "DeleteRepository.ForceDelete", "RemoveUserFromGroup.Info"}),
        "type": ("the structures have a number where the suite sends a text",
                 {"CreateImageLifecyclePersonal.Val", "DescribeRepositoryOwnerPersonal.Limit"}),
        "empty": ("the clients leave out an empty text in a query and in a form, and an empty list everywhere", {
            "BatchDeleteImagePersonal.Tags", "DescribeFavorRepositoryPersonal.RepoName", "DescribeNamespacePersonal.Namespace",
            "ModifyRepositoryInfoPersonal.Description"}),
        "answer": ("the structures have no such field; the suite reads it from the raw answer", {
            "CheckInstanceName.DetailCode", "DescribeImageManifests.Labels", "DescribeImageManifests.Size",
            "DescribeImagePersonal.Data.TagInfo.Kind", "DescribeImages.ImageInfoList.Kind", "DescribeImages.ImageInfoList.KmsSignature",
            "DescribeInstances.Registries.AIFeature", "DescribeInstances.Registries.DeletionProtection",
            "DescribeInstances.Registries.EnableCosMAZ", "DescribeInstances.Registries.EnableCosVersioning",
            "DescribeNamespaces.NamespaceList.AutoScan", "DescribeNamespaces.NamespaceList.Metadata",
            "DescribeNamespaces.NamespaceList.PreventVUL", "DescribeNamespaces.NamespaceList.Severity",
            "DescribeNamespaces.NamespaceList.TagSpecification", "DescribeRoleList.List.RoleArn", "GetGroup.UserInfo.Remark",
            "GetRole.RoleInfo.RoleArn", "GetUser.RecentlyLoginIP", "GetUser.RecentlyLoginTime", "ListAccessKeys.AccessKeys.Description",
            "ListPolicies.List.AttachEntityBoundaryCount", "ListPolicies.List.AttachEntityCount", "ListPolicies.List.UpdateTime",
            "ListUsers.Data.NickName", "ListUsersForGroup.UserInfo.Remark"}),
    },
    "go-newest": {
        "transport": ("the client for all products sends parameters only as a JSON body", {"*"}),
        "parameter": ("the structures of STS have no such parameter", COLOUR),
    },
    "node": {
        "action": ("the client has no such method; the suite uses its method for any action", OWN | {"PaintTheHull"}),
    },
    "tccli": {
        "action": ("tccli has no such command; the suite uses the Python SDK", OWN | {"PaintTheHull"}),
        "required": ("tccli itself requires the parameter; with --cli-input-json it does not check", {
            "AssumeRole.RoleArn", "AssumeRoleWithWebIdentity.ProviderId", "BatchDeleteImagePersonal.Tags", "BatchDeleteRepositoryPersonal.RepoNames",
            "CreateApplicationTriggerPersonal.TriggerName", "CreateInstance.RegistryType", "CreateInstanceToken.RegistryId",
            "CreateNamespacePersonal.Namespace", "CreateOIDCConfig.IdentityUrl", "CreatePolicy.PolicyDocument", "CreateRepositoryPersonal.RepoName",
            "CreateUserPersonal.Password", "DeleteApplicationTriggerPersonal.TriggerName", "DeleteImagePersonal.Tag",
            "DeleteNamespacePersonal.Namespace", "DeleteOIDCConfig.Name", "DeleteRepositoryPersonal.RepoName", "DescribeFavorRepositoryPersonal.Limit",
            "DescribeImageFilterPersonal.Tag", "DescribeImageLifecyclePersonal.RepoName", "DescribeImagePersonal.RepoName",
            "DescribeInstanceStatus.RegistryIds", "DescribeNamespacePersonal.Namespace", "DescribeOIDCConfig.Name",
            "DescribeRepositoryPersonal.RepoName", "DuplicateImagePersonal.DestImage", "GetFederationToken.Policy", "ManageImageLifecycleGlobalPersonal.Type",
            "ModifyRepositoryAccessPersonal.RepoName", "ModifyRepositoryInfoPersonal.Description", "ModifyUserPasswordPersonal.Password",
            "UpdateOIDCConfig.IdentityUrl", "ValidateNamespaceExistPersonal.Namespace", "ValidateRepositoryExistPersonal.RepoName"}),
        "parameter": ("tccli has no such option; the suite uses the Python SDK", DRY_RUN),
        "null": ("an argument must have a value; --cli-input-json takes null", {"DescribeRepositoryOwnerPersonal.RepoName"}),
    },
}
