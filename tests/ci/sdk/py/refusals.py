"""Error codes of access management, STS and instances that the other files do not cover."""

import access
import oidc
from Crypto.PublicKey import RSA

NAMED = "InvalidParameter"


def walk(world, c, n):
    """Runs in the account of the test; `n` makes its names unique."""
    user = c.ok("cam", "AddUser", Name=f"refused-{n}", UseApi=1)
    uin, key = user.get("Uin"), (user.get("SecretId"), user.get("SecretKey"))
    policy = c.ok("cam", "CreatePolicy", PolicyName=f"refused-{n}", PolicyDocument=access.policy("cam:*", "sts:*")).get("PolicyId")
    users(c, n, uin)
    groups(c, n, uin)
    policies(c, n, uin, policy)
    keys(world, c, n, uin, c.with_key(key), policy)
    roles(world, c, n)
    sessions(world, c, n)
    providers(c, n)
    c.ok("cam", "DeleteUser", Name=f"refused-{n}", Force=1)
    c.ok("cam", "DeletePolicy", PolicyId=[policy])


def users(c, n, uin):
    c.err(f"{NAMED}.UserNameIllegal", "cam", "AddUser", Name="two words")
    c.err(f"{NAMED}.PasswordViolatedRules", "cam", "AddUser", Name=f"weak-{n}", ConsoleLogin=1, Password="short")
    c.err(f"{NAMED}.PasswordViolatedRules", "cam", "UpdateUser", Name=f"refused-{n}", Password="short")
    c.err(f"{NAMED}.ParamError", "cam", "AddUser", Name=f"long-{n}", Remark="x" * 600)
    c.err("ResourceNotFound.UserNotExist", "cam", "UpdateUser", Name=f"nobody-{n}", Remark="x")
    c.err(f"{NAMED}.UserNotExist", "cam", "CreateAccessKey", TargetUin=999999999999)


def groups(c, n, uin):
    c.err(f"{NAMED}.UserUinAndUinNotAllNull", "cam", "ListGroupsForUser")
    made = [c.ok("cam", "CreateGroup", GroupName=f"full-{n}-{i}").get("GroupId") for i in range(11)]
    c.err(f"{NAMED}.GroupNotExist|ResourceNotFound.GroupNotExist", "cam", "AddUserToGroup", Info=[{"GroupId": 999999999, "Uin": uin}])
    c.err("ResourceNotFound.UserNotExist", "cam", "AddUserToGroup", Info=[{"GroupId": made[0], "Uin": 999999999999}])
    c.err("ResourceNotFound.GroupNotExist", "cam", "UpdateGroup", GroupId=999999999, Remark="x")
    c.err("ResourceNotFound.GroupNotExist", "cam", "DeleteGroup", GroupId=999999999)
    c.err("ResourceNotFound.GroupNotExist", "cam", "ListUsersForGroup", GroupId=999999999)
    c.ok("cam", "AddUserToGroup", Info=[{"GroupId": group, "Uin": uin} for group in made[:10]])
    c.err(f"{NAMED}.UserGroupFull", "cam", "AddUserToGroup", Info=[{"GroupId": made[10], "Uin": uin}])
    for group in made:
        c.ok("cam", "DeleteGroup", GroupId=group)


def policies(c, n, uin, policy):
    good = access.policy("ccr:pull")
    for code, text in (
        ("ConditionError", access.policy("ccr:pull", condition="x")),
        ("ResourceProjectError", access.policy("ccr:pull", resource="qcs:id/1:ccr:::repo/*")),
        ("ResourceRegionError", access.policy("ccr:pull", resource="qcs::ccr:SH::repo/*")),
        ("ResourceServiceNotExist", access.policy("ccr:pull", resource="qcs::CCR:::repo/*")),
    ):
        c.err(f"{NAMED}.{code}", "cam", "CreatePolicy", PolicyName=f"bad-{n}", PolicyDocument=text)
    twice, many = [{"Key": "k", "Value": "v"}] * 2, [{"Key": f"k{i}", "Value": "v"} for i in range(51)]
    c.err(f"{NAMED}.TagParamError", "cam", "CreatePolicy", PolicyName=f"bad-{n}", PolicyDocument=good, Tags=twice)
    c.err(f"{NAMED}.TagLimitExceeded", "cam", "CreatePolicy", PolicyName=f"bad-{n}", PolicyDocument=good, Tags=many)
    c.err(f"{NAMED}.ScopeError", "cam", "ListPolicies", Scope="Harbour")
    c.err(f"{NAMED}.SearchKeywordLengthError", "cam", "ListPolicies", Keyword="k" * 129)
    c.err(f"{NAMED}.EntityFilterError", "cam", "ListEntitiesForPolicy", PolicyId=policy, EntityFilter="Ships")
    c.err(f"{NAMED}.PolicyIdError", "cam", "ListEntitiesForPolicy", PolicyId=987654321)
    c.err(f"{NAMED}.PolicyIdError", "cam", "UpdatePolicy", PolicyId=419084, Description="ours")
    c.err(f"{NAMED}.PolicyIdNotExist", "cam", "UpdatePolicy", PolicyId=987654321, Description="nobody's")
    c.ok("cam", "PutUserPermissionsBoundary", TargetUin=uin, PolicyId=policy)
    c.err("FailedOperation.Unmodifiable", "cam", "DeletePolicy", PolicyId=[policy])
    c.ok("cam", "DeleteUserPermissionsBoundary", TargetUin=uin)


def keys(world, c, n, uin, mine, policy):
    """Keys of others, used by the owner and by a sub-account that may do everything except delete keys."""
    c.err("OperationDenied.UinNotMatch", "cam", "DeleteAccessKey", AccessKeyId=world.key[0], TargetUin=uin)
    c.ok("cam", "AttachUserPolicy", PolicyId=policy, AttachUin=uin)
    mine.err("OperationDenied.SubUin", "cam", "ListAccessKeys", TargetUin=int(world.login[0]))
    but = c.ok("cam", "CreatePolicy", PolicyName=f"keys-{n}", PolicyDocument=access.policy("cam:DeleteAccessKey", effect="deny")).get("PolicyId")
    c.ok("cam", "AttachUserPolicy", PolicyId=but, AttachUin=uin)
    c.ok("cam", "AddUser", Name=f"keyed-{n}", UseApi=1)
    mine.err("UnauthorizedOperation.DeleteApiKey", "cam", "DeleteUser", Name=f"keyed-{n}", Force=1)
    c.ok("cam", "DeleteUser", Name=f"keyed-{n}", Force=1)
    c.ok("cam", "DeletePolicy", PolicyId=[but])


def roles(world, c, n):
    trust = access.trust(world.login[0])
    c.err(f"{NAMED}.RoleNameError", "cam", "CreateRole", RoleName="two words", PolicyDocument=trust)
    role = c.ok("cam", "CreateRole", RoleName=f"refused-{n}", PolicyDocument=trust).get("RoleId")
    c.err(f"{NAMED}.RoleNameInUse", "cam", "CreateRole", RoleName=f"refused-{n}", PolicyDocument=trust)
    c.err(f"{NAMED}.RoleNotExist", "cam", "DeleteRole", RoleName=f"nobody-{n}")
    c.err(f"{NAMED}.RoleNotExist", "cam", "UpdateAssumeRolePolicy", RoleName=f"nobody-{n}", PolicyDocument=trust)
    nobody = '{"version":"2.0","statement":[{"effect":"allow","action":"name/sts:AssumeRole"}]}'
    c.err(f"{NAMED}.PrincipalError", "cam", "UpdateAssumeRolePolicy", RoleId=role, PolicyDocument=nobody)
    ask = {"RoleArn": f"qcs::cam::uin/{world.login[0]}:roleName/refused-{n}", "RoleSessionName": "session"}
    c.err(f"{NAMED}.OverTimeError", "sts", "AssumeRole", **ask, DurationSeconds=9_999_999)
    c.err(f"{NAMED}.ParamError", "sts", "AssumeRole", RoleArn=ask["RoleArn"], RoleSessionName="two words")
    session = c.with_key(access.credentials(c.ok("sts", "AssumeRole", **ask)))
    session.err(f"{NAMED}.AccessKeyNotSupport", "sts", "AssumeRole", **ask)
    c.ok("cam", "DeleteRole", RoleId=role)


def sessions(world, c, n):
    """Policies of temporary keys have their own codes."""
    for code, text in (
        ("StrategyFormatError", "{"), ("StrategyInvalid", access.policy("ccr:pull", effect="Allow")),
        ("ResouceError", access.policy("ccr:pull", resource="qcs::ccr:SH::repo/*")),
        ("GrantOtherResource", access.policy("ccr:pull", resource="qcs::ccr::uin/200000000002:repo/*")),
        ("PolicyTooLong", access.policy("ccr:pull", resource=["qcs::ccr:::repo/ns/*"] * 400)),
    ):
        c.err(f"{NAMED}.{code}", "sts", "GetFederationToken", Name="fed", Policy=text)


def providers(c, n):
    good = {"Name": f"refused-{n}", "IdentityUrl": "https://cluster.example.com", "ClientId": ["registry"],
            "IdentityKey": oidc.keys(RSA.generate(2048))}
    value = "InvalidParameterValue"
    for code, wrong in (
        (f"{value}.NameError", {"Name": "two words"}), (f"{value}.IdentityUrlError", {"IdentityUrl": "http://cluster.example.com"}),
        (f"{value}.IdentityKeyError", {"IdentityKey": "bm9uZQ=="}), (f"{NAMED}.ParamError", {"ClientId": [f"c{i}" for i in range(21)]}),
    ):
        c.err(code, "cam", "CreateOIDCConfig", **{**good, **wrong})
    absent = "ResourceNotFound.IdentityNotExist"
    c.err(absent, "cam", "UpdateOIDCConfig", **good)
    c.err(absent, "cam", "DeleteOIDCConfig", Name=good["Name"])
    for action in ("CreateOIDCConfig", "UpdateOIDCConfig", "DescribeOIDCConfig", "DeleteOIDCConfig"):
        c.err("MissingParameter", "cam", action)
    c.err("MissingParameter", "sts", "AssumeRoleWithWebIdentity", RoleSessionName="session")
    names = [f"full-{n}-{i}" for i in range(51)]
    for name in names[:50]:
        c.ok("cam", "CreateOIDCConfig", **{**good, "Name": name})
    c.err("LimitExceeded.IdentityFull", "cam", "CreateOIDCConfig", **{**good, "Name": names[50]})
    for name in names[:50]:
        c.ok("cam", "DeleteOIDCConfig", Name=name)
