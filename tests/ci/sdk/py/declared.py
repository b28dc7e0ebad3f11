"""What a client cannot say, or cannot hold when it is answered, and why. Anything else that one refuses fails the walk, and
so does an entry that turns out not to be so.

The names of a kind are actions, parameters (`Action.Parameter`) or fields of answers (`Action.Path.Field`); `*.Name` is a
parameter of that name of any action, `*` is everything.
"""

LIFECYCLE = {"CreateImageLifecyclePersonal", "DeleteImageLifecyclePersonal"}
# Actions that are this server's own, or that the cloud has taken out of the document.
OWN = LIFECYCLE | {
    "BatchDeleteFavorRepositoryPersonal", "CreateFavorRepositoryPersonal", "DescribeApplicationTokenPersonal",
    "DescribeAuditLogs", "DescribeRepositoryAllPersonal", "DescribeUserPersonal",
    "ExplainAuthorization", "ValidateUserPersonal",
}
OIDC = {"AssumeRoleWithWebIdentity", "CreateOIDCConfig", "DeleteOIDCConfig", "DescribeOIDCConfig", "UpdateOIDCConfig"}
# No action has a parameter of this name; the walk tries it with each.
COLOUR = {"*.Colour"}
# Every action has it, and hardly a structure.
DRY_RUN = {"CreateInstance.DryRun"}

DECLARED = {
    "python": {
        "action": ("the SDK has no such action; its call for any action makes the call", OWN | {"PaintTheHull"}),
        "parameter": ("the structure has no such parameter; its call for any action makes the call", COLOUR | DRY_RUN),
    },
    "go": {
        "action": ("the typed clients are of 2021; the newest SDK makes the call, with its typed client of STS or the one for all products",
                   OWN - LIFECYCLE | OIDC | {
                       "CheckInstance", "CreateAccessKey", "DeleteAccessKey", "DeleteRepositoryTags", "DescribeRegions", "DuplicateImage",
                       "GetCallerIdentity", "GetRolePermissionBoundary", "GetSecurityLastUsed", "GetUserAppId", "GetUserPermissionBoundary",
                       "ListAttachedUserAllPolicies", "ModifyInstance", "PaintTheHull", "UpdateAccessKey"}),
        "parameter": ("their structures have no such parameter; the client for all products makes the call", COLOUR | DRY_RUN | {
            "AddUserToGroup.Info", "CreateInstance.DeletionProtection", "CreateNamespace.CVEWhitelistItems", "CreatePolicy.Tags",
            "DeleteRepository.ForceDelete", "RemoveUserFromGroup.Info"}),
        "type": ("their structures have a number where the walk has a text",
                 {"CreateImageLifecyclePersonal.Val", "DescribeRepositoryOwnerPersonal.Limit"}),
        "empty": ("they leave out an empty text in a query and in a form, and an empty list everywhere", {
            "BatchDeleteImagePersonal.Tags", "DescribeFavorRepositoryPersonal.RepoName", "DescribeNamespacePersonal.Namespace",
            "ModifyRepositoryInfoPersonal.Description"}),
        "answer": ("their structures have no such field; the walk reads it as it came over the wire", {
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
        "transport": ("the client for all products puts the parameters into a JSON body and nowhere else", {"*"}),
        "parameter": ("the structures of STS have no such parameter", COLOUR),
    },
    "node": {
        "action": ("the client has no such method; its method for any action makes the call", OWN | {"PaintTheHull"}),
    },
    "tccli": {
        "action": ("it has no such command; the SDK below it makes the call", OWN | {"PaintTheHull"}),
        "required": ("it misses the parameter itself; with --cli-input-json it does not look", {
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
        "parameter": ("it has no such option; the SDK below it makes the call", DRY_RUN),
        "null": ("an argument has a value; --cli-input-json takes null", {"DescribeRepositoryOwnerPersonal.RepoName"}),
    },
}
