"""CAM and STS: sub-accounts, keys, groups, policies, roles, temporary keys, and the errors of each."""

import json
import urllib.parse

import oidc
from Crypto.PublicKey import RSA


def policy(*actions, resource="*", effect="allow", **more):
    return json.dumps({"version": "2.0", "statement": [{"effect": effect, "action": list(actions), "resource": resource, **more}]})


def trust(owner):
    return json.dumps({"version": "2.0", "statement": [
        {"effect": "allow", "action": "name/sts:AssumeRole", "principal": {"qcs": [f"qcs::cam::uin/{owner}:root"]}}]})


def ids(answer, *path, key):
    return [item.get(key) for item in answer.at(*path) or []]


def walk(world, c, n):
    me = c.ok("sts", "GetCallerIdentity")
    c.same("the owner", (me.get("AccountId"), me.get("UserId")), (world.login[0], world.login[0]))
    user = users(c, n)
    key = keys(c, user)
    group = groups(c, n, user)
    document = policies(world, c, n, user, group)
    temporary(world, c, n, user, key, document)
    boundary(c, user, document)
    reasons(c, user)
    c.ok("cam", "RemoveUserFromGroup", Info=[{"GroupId": group, "Uin": user}])
    c.ok("cam", "DeleteGroup", GroupId=group)
    c.ok("cam", "DeletePolicy", PolicyId=[document])
    c.err("OperationDenied.HaveKeys", "cam", "DeleteUser", Name=f"user-{n}")
    c.ok("cam", "DeleteUser", Name=f"user-{n}", Force=1)
    c.err("ResourceNotFound.UserNotExist", "cam", "GetUser", Name=f"user-{n}")


def users(c, n):
    made = c.ok("cam", "AddUser", Name=f"user-{n}", Remark="备注", ConsoleLogin=0, UseApi=1)
    c.true("a key comes with it", made.get("SecretId") and made.get("SecretKey"), str(dict(made)))
    user = made.get("Uin")
    got = c.ok("cam", "GetUser", Name=f"user-{n}")
    c.same("the user", (got.get("Uin"), got.get("Remark")), (user, "备注"))
    c.ok("cam", "UpdateUser", Name=f"user-{n}", Remark="changed")
    c.same("changed", c.ok("cam", "GetUser", Name=f"user-{n}").get("Remark"), "changed")
    c.true("listed", user in ids(c.ok("cam", "ListUsers"), "Data", key="Uin"))
    app = c.ok("cam", "GetUserAppId")
    c.true("an application id", app.get("AppId") and app.get("OwnerUin"), str(dict(app)))
    return user


def keys(c, user):
    first = ids(c.ok("cam", "ListAccessKeys", TargetUin=user), "AccessKeys", key="AccessKeyId")
    c.same("the key of the beginning", len(first), 1)
    made = c.ok("cam", "CreateAccessKey", TargetUin=user, Description="for-tests@1").get("AccessKey") or {}
    key = (made.get("AccessKeyId"), made.get("SecretAccessKey"))
    c.true("shown once", key[0] and key[1], str(made))
    c.err("OperationDenied.AccessKeyOverLimit", "cam", "CreateAccessKey", TargetUin=user)
    c.err("InvalidParameter.ParamError|InvalidParameter", "cam", "CreateAccessKey", TargetUin=user, Description="no spaces")
    mine = c.with_key(key)
    mine.same("the key works", mine.ok("sts", "GetCallerIdentity").get("UserId"), str(user))
    mine.ok("tcr", "CreateUserPersonal", Password="Another-12345")
    c.ok("cam", "UpdateAccessKey", AccessKeyId=key[0], Status="Inactive", TargetUin=user)
    mine.err("AuthFailure.SecretIdNotFound|AuthFailure.InvalidSecretId", "sts", "GetCallerIdentity")
    c.ok("cam", "UpdateAccessKey", AccessKeyId=key[0], Status="Active", TargetUin=user)
    mine.ok("sts", "GetCallerIdentity")
    c.ok("cam", "GetSecurityLastUsed", SecretIdList=[key[0]])
    if first:
        c.ok("cam", "DeleteAccessKey", AccessKeyId=first[0], TargetUin=user)
    c.err("ResourceNotFound.SecretNotExist|ResourceNotFound.NotFound|ResourceNotFound", "cam", "DeleteAccessKey",
          AccessKeyId="AKID00000000000000000000000000000000", TargetUin=user)
    return key


def groups(c, n, user):
    group = c.ok("cam", "CreateGroup", GroupName=f"group-{n}", Remark="g").get("GroupId")
    c.ok("cam", "UpdateGroup", GroupId=group, Remark="h")
    c.same("nobody is in it", c.ok("cam", "ListUsersForGroup", GroupId=group).get("TotalNum"), 0)
    c.ok("cam", "AddUserToGroup", Info=[{"GroupId": group, "Uin": user}])
    got = c.ok("cam", "GetGroup", GroupId=group)
    c.same("the group", (got.get("GroupName"), got.get("Remark"), got.get("GroupNum")), (f"group-{n}", "h", 1))
    c.true("listed", group in ids(c.ok("cam", "ListGroups", Page=1, Rp=200), "GroupInfo", key="GroupId"))
    c.same("its member", ids(c.ok("cam", "ListUsersForGroup", GroupId=group), "UserInfo", key="Uin"), [user])
    c.same("the member's group", ids(c.ok("cam", "ListGroupsForUser", SubUin=user), "GroupInfo", key="GroupId"), [group])
    c.err("InvalidParameter.GroupNameInUse|FailedOperation.GroupNameInUse", "cam", "CreateGroup", GroupName=f"group-{n}")
    c.err("ResourceNotFound.GroupNotExist|InvalidParameter.GroupNotExist", "cam", "GetGroup", GroupId=999999999)
    return group


def policies(world, c, n, user, group):
    name, text = f"policy-{n}", policy("ccr:pull", resource=f"qcs::ccr:::repo/{n}/*")
    document = c.ok("cam", "CreatePolicy", PolicyName=name, PolicyDocument=text, Description="d").get("PolicyId")
    got = c.ok("cam", "GetPolicy", PolicyId=document)
    c.same("the policy", (got.get("PolicyName"), got.get("Type")), (name, 1))
    c.same("its document", json.loads(got.get("PolicyDocument") or "null"), json.loads(text))
    c.ok("cam", "UpdatePolicy", PolicyId=document, PolicyDocument=policy("ccr:*", "tcr:*"))
    c.ok("cam", "UpdatePolicy", PolicyId=document, Description="changed")
    c.same("described", c.ok("cam", "GetPolicy", PolicyId=document).get("Description"), "changed")
    preset = c.ok("cam", "GetPolicy", PolicyId=419084)
    c.same("a preset", (preset.get("PolicyName"), preset.get("Type")), ("QcloudCCRReadOnlyAccess", 2))
    c.true("listed", document in ids(c.ok("cam", "ListPolicies", Rp=200, Page=1, Scope="Local"), "List", key="PolicyId"))
    c.true("presets too", 419082 in ids(c.ok("cam", "ListPolicies", Rp=200, Page=1, Scope="QCS"), "List", key="PolicyId"))
    everything = ids(c.ok("cam", "ListPolicies", Scope="All"), "List", key="PolicyId")
    c.true("both", document in everything and 419082 in everything, str(everything))
    c.ok("cam", "AttachUserPolicy", PolicyId=document, AttachUin=user)
    c.ok("cam", "AttachUserPolicy", PolicyId=document, AttachUin=user)
    c.ok("cam", "AttachGroupPolicy", PolicyId=419084, AttachGroupId=group)
    c.same("attached", ids(c.ok("cam", "ListAttachedUserPolicies", TargetUin=user, Page=1, Rp=20), "List", key="PolicyId"), [document])
    c.same("attached to the group", ids(c.ok("cam", "ListAttachedGroupPolicies", TargetGroupId=group), "List", key="PolicyId"), [419084])
    everything = c.ok("cam", "ListAttachedUserAllPolicies", TargetUin=user, Rp=20, Page=1, AttachType=0)
    c.same("both ways", sorted(ids(everything, "PolicyList", key="PolicyId"), key=int), sorted([str(document), "419084"], key=int))
    entities = c.ok("cam", "ListEntitiesForPolicy", PolicyId=document, EntityFilter="All")
    c.same("its entities", [(e.get("Uin"), e.get("RelatedType")) for e in entities.get("List") or []], [(user, 1)])
    c.ok("cam", "DetachGroupPolicy", PolicyId=419084, DetachGroupId=group)
    c.ok("cam", "DetachGroupPolicy", PolicyId=419084, DetachGroupId=group)
    c.ok("cam", "DetachUserPolicy", PolicyId=document, DetachUin=user)
    c.ok("cam", "AttachUserPolicy", PolicyId=document, AttachUin=user)
    policy_errors(c, n, user, document)
    return document


def policy_errors(c, n, user, document):
    c.err("FailedOperation.PolicyNameInUse", "cam", "CreatePolicy", PolicyName=f"policy-{n}", PolicyDocument=policy("ccr:pull"))
    two = '{"version":"2.0","statement":[{"effect":"allow","action":["ccr:pull"]%s}]}'
    for code, text in (
        ("PolicyDocumentError", "{"), ("PolicyDocumentError", '{"version":"2.0","statement":[ // x\n]}'),
        ("VersionError", policy("ccr:pull").replace("2.0", "1.0")), ("StatementError", '{"version":"2.0","statement":[]}'),
        ("EffectError", policy("ccr:pull", effect="Allow")), ("ActionError", policy("pull")),
        ("ActionNotExist", policy("ccr:fly")), ("ResourceError", two % ""),
        ("ResourceContentError", policy("ccr:pull", resource="qcs::ccr:::repo/${namespace}/*")),
        ("ResourceUinError", policy("ccr:pull", resource="qcs::ccr::uin/200000000002:repo/*")),
        ("ConditionTypeError", policy("ccr:pull", condition={"geo_equal": {"qcs:ip": "CN"}})),
        ("ConditionContentError", policy("ccr:pull", condition={"ip_equal": {"qcs:ip": "10.0.0.0/33"}})),
        ("PrincipalError", policy("ccr:pull", principal={"qcs": [":root"]})),
        ("PolicyDocumentLengthOverLimit", policy("ccr:pull", resource=["qcs::ccr:::repo/ns/*"] * 400)),
    ):
        c.err(f"InvalidParameter.{code}", "cam", "CreatePolicy", PolicyName=f"bad-{n}", PolicyDocument=text)
    c.err("InvalidParameter.PolicyNameError", "cam", "CreatePolicy", PolicyName="a b", PolicyDocument=policy("ccr:pull"))
    c.err("InvalidParameter.DescriptionLengthOverlimit", "cam", "CreatePolicy", PolicyName=f"bad-{n}",
          PolicyDocument=policy("ccr:pull"), Description="d" * 301)
    c.err("MissingParameter", "cam", "CreatePolicy", PolicyName=f"bad-{n}")
    gone = "InvalidParameter.PolicyIdNotExist|ResourceNotFound.PolicyIdNotFound|InvalidParameter.PolicyIdError"
    c.err(gone, "cam", "GetPolicy", PolicyId=987654321)
    c.err(gone, "cam", "AttachUserPolicy", PolicyId=987654321, AttachUin=user)
    c.err("ResourceNotFound.UserNotExist|InvalidParameter.AttachmentFull|InvalidParameter.UserNotExist", "cam", "AttachUserPolicy",
          PolicyId=document, AttachUin=999999999999)
    c.err("InvalidParameter.SubUserNameInUse|FailedOperation.SubUserNameInUse|InvalidParameter.SubUserFull|InvalidParameter.UserNameInUse",
          "cam", "AddUser", Name=f"user-{n}")
    c.err("ResourceNotFound.UserNotExist", "cam", "DeleteUser", Name=f"nobody-{n}")


def temporary(world, c, n, user, key, document):
    owner, name = world.login[0], f"role-{n}"
    role = c.ok("cam", "CreateRole", RoleName=name, PolicyDocument=trust(owner), Description="r", SessionDuration=7200).get("RoleId")
    got = c.ok("cam", "GetRole", RoleName=name).get("RoleInfo") or {}
    c.same("the role", (got.get("RoleId"), got.get("RoleName")), (role, name))
    c.true("listed", role in ids(c.ok("cam", "DescribeRoleList", Page=1, Rp=200), "List", key="RoleId"))
    c.ok("cam", "UpdateAssumeRolePolicy", RoleName=name, PolicyDocument=trust(owner))
    c.ok("cam", "AttachRolePolicy", PolicyId=document, AttachRoleName=name)
    c.same("its policy", ids(c.ok("cam", "ListAttachedRolePolicies", Page=1, Rp=20, RoleName=name), "List", key="PolicyId"), [document])
    c.ok("cam", "PutRolePermissionsBoundary", RoleId=role, PolicyId=document)
    c.same("the boundary of the role", c.ok("cam", "GetRolePermissionBoundary", RoleId=role).get("PolicyId"), document)
    c.ok("cam", "DeleteRolePermissionsBoundary", RoleId=role)
    arn = f"qcs::cam::uin/{owner}:roleName/{name}"
    session = c.ok("sts", "AssumeRole", RoleArn=arn, RoleSessionName="session-1", DurationSeconds=1800)
    t = c.with_key(credentials(session))
    who = t.ok("sts", "GetCallerIdentity")
    t.same("a role", who.get("Type"), "CAMRole")
    t.ok("tcr", "DescribeInstances")
    t.err("AuthFailure.UnauthorizedOperation", "cam", "ListUsers")
    federated(c, n, document)
    vouched(world, c, n, document)
    # A sub-account needs two things: the role trusts it, and a policy of its own allows it to take the role.
    mine = c.with_key(key)
    mine.err("AuthFailure.UnauthorizedOperation|UnauthorizedOperation", "sts", "AssumeRole", RoleArn=arn, RoleSessionName="session-2")
    mine.err("AuthFailure.UnauthorizedOperation", "cam", "ListUsers")
    mine.err("AuthFailure.UnauthorizedOperation", "cam", "AddUser", Name="x")
    c.err("ResourceNotFound.RoleNotFound",
          "sts", "AssumeRole", RoleArn=f"qcs::cam::uin/{owner}:roleName/none", RoleSessionName="session-3")
    forged = c.with_key((*credentials(session)[:2], "not-the-token"))
    forged.err("AuthFailure.TokenFailure", "sts", "GetCallerIdentity")
    c.ok("cam", "DetachRolePolicy", PolicyId=document, DetachRoleName=name)
    c.ok("cam", "DeleteRole", RoleName=name)
    t.err("AuthFailure.TokenFailure|AuthFailure.UnauthorizedOperation|AuthFailure.SecretIdNotFound", "tcr", "CreateNamespacePersonal", Namespace=f"{n}-r")
    c.err("InvalidParameter.RoleNotExist|ResourceNotFound.RoleNotExist", "cam", "GetRole", RoleName=name)


def vouched(world, c, n, document):
    """A caller takes a role with a token of an identity provider, and gets a docker password for the session."""
    owner, name, key = world.login[0], f"oidc-{n}", RSA.generate(2048)
    issuer, audience, subject = "https://cluster.example.com", "registry", "system:serviceaccount:shop:puller"
    config = {"Name": name, "IdentityUrl": issuer, "IdentityKey": oidc.keys(key), "ClientId": [audience]}
    c.ok("cam", "CreateOIDCConfig", **config)
    c.err("InvalidParameter.IdentityNameInUse", "cam", "CreateOIDCConfig", **config)
    c.err("InvalidParameterValue", "cam", "UpdateOIDCConfig", **config, AutoRotateKey=1)
    c.ok("cam", "UpdateOIDCConfig", **config, Description="of a cluster", AutoRotateKey=0)
    told = c.ok("cam", "DescribeOIDCConfig", Name=name)
    c.same("the provider", [told.get(field) for field in config], list(config.values()))
    statement = {"effect": "allow", "action": "name/sts:AssumeRoleWithWebIdentity",
                 "principal": {"federated": [f"qcs::cam::uin/{owner}:oidc-provider/{name}"]},
                 "condition": {"string_equal": {"oidc:sub": subject, "oidc:aud": audience}}}
    text = json.dumps({"version": "2.0", "statement": [statement]})
    role = c.ok("cam", "CreateRole", RoleName=name, PolicyDocument=text).get("RoleId")
    c.same("the role by its id", c.ok("cam", "GetRole", RoleId=role).at("RoleInfo", "RoleName"), name)
    c.ok("cam", "UpdateAssumeRolePolicy", RoleId=role, PolicyDocument=text)
    c.ok("cam", "AttachRolePolicy", PolicyId=document, AttachRoleId=role)
    c.same("and its policy", ids(c.ok("cam", "ListAttachedRolePolicies", Page=1, Rp=20, RoleId=role), "List", key="PolicyId"), [document])
    ask = {"ProviderId": name, "RoleArn": f"qcs::cam::uin/{owner}:roleName/{name}", "RoleSessionName": "node-1"}
    good = oidc.token(key, issuer, audience, subject)
    t = c.with_key(credentials(c.ok("sts", "AssumeRoleWithWebIdentity", **ask, WebIdentityToken=good)))
    t.same("a role", t.ok("sts", "GetCallerIdentity").get("Type"), "CAMRole")
    t.true("a password", t.ok("tcr", "DescribeApplicationTokenPersonal").at("Data", "ApplicationToken"))
    t.err("AuthFailure.UnauthorizedOperation", "cam", "ListUsers")
    if c.transport[0].startswith("TC3"):
        call = c.client.unsigned("sts", "AssumeRoleWithWebIdentity", {**ask, "WebIdentityToken": good})
        c.true("without a signature", call.get("Credentials"), str(call))
    for wrong in (oidc.token(key, issuer, audience, "somebody"), oidc.token(RSA.generate(2048), issuer, audience, subject)):
        c.err("InvalidParameter.WebIdentityTokenError", "sts", "AssumeRoleWithWebIdentity", **ask, WebIdentityToken=wrong)
    c.ok("cam", "DeleteOIDCConfig", Name=name)
    t.err("AuthFailure.TokenFailure", "sts", "GetCallerIdentity")
    c.err("ResourceNotFound.IdentityNotExist", "cam", "DescribeOIDCConfig", Name=name)
    c.ok("cam", "DetachRolePolicy", PolicyId=document, DetachRoleId=role)
    c.ok("cam", "DeleteRole", RoleId=role)


def federated(c, n, document):
    text = policy("tcr:DescribeInstances", "ccr:pull", "sts:*")
    for document in (text, urllib.parse.quote(text)):
        token = c.ok("sts", "GetFederationToken", Name="fed", Policy=document, DurationSeconds=1800)
        f = c.with_key(credentials(token))
        f.ok("sts", "GetCallerIdentity")
        f.err("AuthFailure.UnauthorizedOperation", "tcr", "CreateNamespacePersonal", Namespace=f"{n}-f")
        f.err("AuthFailure.UnauthorizedOperation", "cam", "ListUsers")
        f.err("FailedOperation.TempKeyNotAllowed|UnauthorizedOperation|AuthFailure.UnauthorizedOperation", "sts", "GetFederationToken", Name="fed", Policy=text)
    c.err("InvalidParameter.StrategyFormatError|InvalidParameter.PolicyDocumentError|InvalidParameter.PolicyTooLong|InvalidParameter", "sts",
          "GetFederationToken", Name="fed", Policy="{")
    c.err("MissingParameter", "sts", "GetFederationToken", Name="fed")
    c.err("MissingParameter", "sts", "AssumeRole", RoleSessionName="x")


def credentials(answer):
    given = answer.get("Credentials") or {}
    return given.get("TmpSecretId") or "AKIDnone", given.get("TmpSecretKey") or "none", given.get("Token") or "none"


def boundary(c, user, document):
    c.ok("cam", "PutUserPermissionsBoundary", TargetUin=user, PolicyId=document)
    got = c.ok("cam", "GetUserPermissionBoundary", TargetUin=user)
    c.same("the boundary", got.get("PolicyId"), document)
    c.ok("cam", "DeleteUserPermissionsBoundary", TargetUin=user)


def reasons(c, user):
    """Actions that only this server has: explanations of decisions, and the audit log."""
    allowed = c.ok("cam", "ExplainAuthorization", TargetUin=user, Operation="pull", Resource="library/app")
    c.same("pulling is allowed", allowed.get("Allowed"), True)
    denied = c.ok("cam", "ExplainAuthorization", TargetUin=user, Operation="cam:AddUser")
    c.same("making users is not", denied.get("Allowed"), False)
    c.true("and it is said why", denied.get("Reason"), str(dict(denied)))
    events = c.ok("cam", "DescribeAuditLogs", Limit=20).get("Events") or []
    c.true("what was done is in the log", events and all(event.get("Action") and event.get("Uin") for event in events), str(events)[:300])
