"""The limits of an account: how many things it may have, and how many requests it may make. The server takes one request a second.

    limits.py BACKEND HOST:PORT DIRECTORY

The API makes the first thing of each kind; copies of its row fill the account up to the limit.
"""

import contextlib
import sqlite3
import sys

import access
import caller
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException

COUNT = "WITH RECURSIVE count(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM count WHERE i < {most}) "
FILL = (
    (999, """INSERT INTO accounts (uin, name, owner_id, created_at)
             SELECT 900000000000 + i, name || i, owner_id, created_at FROM count, accounts WHERE name = 'limits'"""),
    (1, """INSERT INTO cam_users (account_id) SELECT id FROM accounts WHERE id NOT IN (SELECT account_id FROM cam_users)
           AND owner_id IS NOT NULL"""),
    (299, """INSERT INTO cam_groups (id, owner_id, name, remark, created_at)
             SELECT 900000 + i, owner_id, name || i, '', created_at FROM count, cam_groups WHERE name = 'limits'"""),
    (100, """INSERT INTO cam_group_members (group_id, account_id, created_at)
             SELECT g.id, a.id, 0 FROM count, cam_groups g, accounts a WHERE g.name = 'limits' AND a.name = 'limits' || i"""),
    (1499, """INSERT INTO cam_policies (id, owner_id, name, description, document, canonical, created_at, updated_at)
              SELECT 900000000 + i, owner_id, name || i, '', document, canonical, 0, 0 FROM count, cam_policies WHERE name = 'limits'"""),
    (200, """INSERT INTO cam_attachments (owner_id, policy_id, custom_id, user_id, operator_uin, created_at)
             SELECT a.owner_id, 900000000 + i, 900000000 + i, a.id, '', 0 FROM count, accounts a WHERE a.name = 'limits'"""),
    (999, """INSERT INTO cam_roles (id, owner_id, name, description, trust, trust_canonical, session_duration, created_at, updated_at)
             SELECT id + 1000 + i, owner_id, name || i, '', trust, trust_canonical, 7200, 0, 0 FROM count, cam_roles
             WHERE name = 'limits'"""),
)


def fill(c, path, uin):
    """Makes a user, a group, a policy and a role with the API, and fills up the account. Returns user, group and policy."""
    user = c.ok("cam", "AddUser", Name="limits").get("Uin")
    group = c.ok("cam", "CreateGroup", GroupName="limits").get("GroupId")
    policy = c.ok("cam", "CreatePolicy", PolicyName="limits", PolicyDocument=access.policy("ccr:pull")).get("PolicyId")
    c.ok("cam", "CreateRole", RoleName="limits", PolicyDocument=access.trust(uin))
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        for most, text in FILL:
            database.execute(COUNT.format(most=most) + text)
    return user, group, policy


def full(c, uin, user, group, policy):
    document = access.policy("ccr:pull")
    for code, action, given in (
        ("InvalidParameter.SubUserFull", "AddUser", {"Name": "more"}),
        ("InvalidParameter.GroupFull", "CreateGroup", {"GroupName": "more"}),
        ("InvalidParameter.GroupUserFull", "AddUserToGroup", {"Info": [{"GroupId": group, "Uin": user}]}),
        ("FailedOperation.PolicyFull", "CreatePolicy", {"PolicyName": "more", "PolicyDocument": document}),
        ("InvalidParameter.AttachmentFull", "AttachUserPolicy", {"PolicyId": policy, "AttachUin": user}),
        ("InvalidParameter.RoleFull", "CreateRole", {"RoleName": "more", "PolicyDocument": access.trust(uin)}),
    ):
        c.err(code, "cam", action, **given)


def rate(c):
    """The second request within a second is refused. (On a slow machine, a later one.)"""
    codes = set()
    for _ in range(20):
        try:
            c.raw("tcr", "DescribeUserQuotaPersonal", {})
        except TencentCloudSDKException as error:
            codes.add(error.get_code())
            break
    c.same("too many calls", codes, {"RequestLimitExceeded"})
    c.ok("tcr", "DescribeUserQuotaPersonal")


def main():
    name, endpoint, directory = sys.argv[1:]
    record = caller.start(name, endpoint)
    (uin, _), key = caller.account(directory, "other")
    made = None
    for transport in record.backend.transports:
        c = caller.Caller(record, endpoint, key, transport)
        made = made or fill(c, f"{directory}/roadstead.db", uin)
        full(c, uin, *made)
        rate(c)
    record.finish()


main()
