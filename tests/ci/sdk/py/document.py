"""The error tables of the product document, action by action, in its spelling: all errors that a request can cause.

    document.py BACKEND HOST:PORT DIRECTORY

(The tables also have faults of the server and of its database, which no request causes.) An account may have one instance.
The account of `bare.json` has no registry password.
"""

import sys

import access
import caller
from personal import TRIGGER

NO_REPO, NO_USER = "ResourceNotFound.ErrNoRepo", "ResourceNotFound.ErrNoUser"
MISMATCH = "InvalidParameter.ErrNSMismatch"
DENIED, DENIED_SERVER = "InternalError.ErrUnauthorized", "InternalServerError.ErrUnauthorized"
RULE = {"Type": "keep_last_nums", "Val": 5}


def walk(c, n, theirs, bare):
    c.ok("tcr", "CreateNamespacePersonal", Namespace=n)
    c.ok("tcr", "CreateRepositoryPersonal", RepoName=f"{n}/one")
    c.ok("tcr", "CreateApplicationTriggerPersonal", RepoName=f"{n}/one", TriggerName=n, **TRIGGER)
    tables(c, n, theirs)
    registered(bare, n)
    denied(c, n)
    instances(c, n)
    c.ok("tcr", "DeleteRepositoryPersonal", RepoName=f"{n}/one")
    c.ok("tcr", "DeleteNamespacePersonal", Namespace=n)


def tables(c, n, theirs):
    none = f"{n}/none"
    for code, action, given in (
        (NO_REPO, "BatchDeleteImagePersonal", {"RepoName": none, "Tags": ["v1"]}),
        (NO_REPO, "CreateApplicationTriggerPersonal", {"RepoName": none, "TriggerName": "t", **TRIGGER}),
        ("InvalidParameter.ErrTriggerExist", "CreateApplicationTriggerPersonal", {"RepoName": f"{n}/one", "TriggerName": n, **TRIGGER}),
        (NO_REPO, "CreateImageLifecyclePersonal", {"RepoName": none, **RULE}),
        ("InvalidParameter.ErrNamespaceExist", "CreateNamespacePersonal", {"Namespace": theirs}),
        ("InvalidParameter.ErrNamespaceReserved", "CreateNamespacePersonal", {"Namespace": "qcloud"}),
        (MISMATCH, "CreateRepositoryPersonal", {"RepoName": f"{theirs}/new"}),
        ("InvalidParameter.ErrRepoExist", "CreateRepositoryPersonal", {"RepoName": f"{n}/one"}),
        ("MissingParameter.MissingParameter", "CreateUserPersonal", {}),
        ("InvalidParameter.ErrUserExist", "CreateUserPersonal", {"Password": "Another-12345"}),
        ("ResourceNotFound.ErrNoTrigger", "DeleteApplicationTriggerPersonal", {"TriggerName": f"{n}-none"}),
        (NO_REPO, "DeleteImageLifecyclePersonal", {"RepoName": none}),
        (NO_REPO, "DeleteImagePersonal", {"RepoName": none, "Tag": "v1"}),
        ("ResourceNotFound.ErrNoNamespace", "DeleteNamespacePersonal", {"Namespace": f"{n}-none"}),
        (NO_REPO, "DeleteRepositoryPersonal", {"RepoName": none}),
        (NO_REPO, "DescribeApplicationTriggerLogPersonal", {"RepoName": none}),
        (NO_REPO, "DescribeImageFilterPersonal", {"RepoName": none, "Tag": "v1"}),
        (NO_REPO, "DescribeImagePersonal", {"RepoName": none}),
        (NO_REPO, "DescribeRepositoryPersonal", {"RepoName": f"{theirs}/app"}),
        ("ResourceNotFound.ErrNoTag", "DuplicateImagePersonal", {"SrcImage": f"{n}/one:none", "DestImage": f"{n}/one:v1"}),
        (MISMATCH, "DuplicateImagePersonal", {"SrcImage": f"{n}/one:v1", "DestImage": f"{theirs}/app:v1"}),
        (NO_REPO, "ModifyApplicationTriggerPersonal", {"RepoName": none, "TriggerName": n}),
        (NO_REPO, "ModifyRepositoryAccessPersonal", {"RepoName": none, "Public": 1}),
        (MISMATCH, "ModifyRepositoryAccessPersonal", {"RepoName": f"{theirs}/app", "Public": 1}),
        (NO_REPO, "ModifyRepositoryInfoPersonal", {"RepoName": none, "Description": "x"}),
        (MISMATCH, "ModifyRepositoryInfoPersonal", {"RepoName": f"{theirs}/app", "Description": "x"}),
        (MISMATCH, "ValidateRepositoryExistPersonal", {"RepoName": f"{theirs}/app"}),
    ):
        c.err(code, "tcr", action, **given)


def registered(bare, n):
    """A caller without a registry password is not a user yet."""
    for action, given in (
        ("CreateApplicationTriggerPersonal", {"RepoName": f"{n}/one", "TriggerName": "t", **TRIGGER}),
        ("CreateNamespacePersonal", {"Namespace": f"{n}-bare"}),
        ("DeleteApplicationTriggerPersonal", {"TriggerName": n}),
        ("DeleteNamespacePersonal", {"Namespace": f"{n}-bare"}),
        ("DescribeApplicationTriggerPersonal", {}),
        ("DescribeNamespacePersonal", {"Namespace": n, "Limit": 10, "Offset": 0}),
        ("ModifyApplicationTriggerPersonal", {"TriggerName": n}),
        ("ModifyUserPasswordPersonal", {"Password": "Another-12345"}),
    ):
        bare.err(NO_USER, "tcr", action, **given)


def denied(c, n):
    """A sub-account without an allowance, and then one with a denial of everything."""
    made = c.ok("cam", "AddUser", Name=f"denied-{n}", UseApi=1)
    sub = c.with_key((made.get("SecretId"), made.get("SecretKey")))
    for action, given in (
        ("BatchDeleteRepositoryPersonal", {"RepoNames": [f"{n}/one"]}),
        ("CreateImageLifecyclePersonal", {"RepoName": f"{n}/one", **RULE}),
        ("DeleteImagePersonal", {"RepoName": f"{n}/one", "Tag": "v1"}),
        ("DeleteNamespacePersonal", {"Namespace": n}),
        ("DeleteRepositoryPersonal", {"RepoName": f"{n}/one"}),
    ):
        sub.err(DENIED_SERVER, "tcr", action, **given)
    document = c.ok("cam", "CreatePolicy", PolicyName=f"denied-{n}", PolicyDocument=access.policy("*", effect="deny")).get("PolicyId")
    c.ok("cam", "AttachUserPolicy", PolicyId=document, AttachUin=made.get("Uin"))
    sub.err(DENIED, "tcr", "DescribeImagePersonal", RepoName=f"{n}/one")
    sub.err(DENIED, "tcr", "DescribeImageFilterPersonal", RepoName=f"{n}/one", Tag="v1")
    sub.err("UnauthorizedOperation", "tcr", "DescribeInstances")
    c.ok("cam", "DeletePolicy", PolicyId=[document])
    c.ok("cam", "DeleteUser", Name=f"denied-{n}", Force=1)


def instances(c, n):
    one = c.ok("tcr", "CreateInstance", RegistryName=f"own-{n}", RegistryType="basic").get("RegistryId")
    made = c.ok("cam", "AddUser", Name=f"outside-{n}", UseApi=1)
    sub = c.with_key((made.get("SecretId"), made.get("SecretKey")))
    session = c.ok("sts", "GetFederationToken", Name="own", Policy=access.policy("*"))
    session = c.with_key(access.credentials(session))
    for by, code, action, given in (
        (c, "InternalError.ErrConflict", "CreateInstance", {"RegistryName": "registry", "RegistryType": "basic"}),
        (c, "InternalError.ErrorConflict", "CreateInstance", {"RegistryName": f"own-{n}", "RegistryType": "basic"}),
        (c, "InternalError.ErrorOverLimit", "CreateInstance", {"RegistryName": f"more-{n}", "RegistryType": "basic"}),
        (c, "InvalidParameter", "CreateInstance", {"RegistryName": "-", "RegistryType": "basic"}),
        (sub, "UnauthorizedOperation", "CreateInstance", {"RegistryName": f"more-{n}", "RegistryType": "basic"}),
        (c, "InvalidParameter", "CreateInstanceToken", {"RegistryId": "own"}),
        (session, "UnsupportedOperation", "CreateInstanceToken", {"RegistryId": one, "TokenType": "longterm"}),
        (sub, "UnauthorizedOperation", "CreateInstanceToken", {"RegistryId": one}),
        (c, "InvalidParameter", "DescribeInstanceStatus", {"RegistryIds": ["own"]}),
        (sub, "UnauthorizedOperation", "DescribeInstanceStatus", {"RegistryIds": [one]}),
        (c, "InvalidParameter", "DescribeInstances", {"Filters": [{"Name": "Colour", "Values": ["red"]}]}),
    ):
        by.err(code, "tcr", action, **given)
    c.ok("cam", "DeleteUser", Name=f"outside-{n}", Force=1)
    c.ok("tcr", "DeleteInstance", RegistryId=one)


def main():
    name, endpoint, directory = sys.argv[1:]
    record = caller.start(name, endpoint)
    _, other = caller.account(directory, "other")
    other = caller.Caller(record, endpoint, other)
    other.ok("tcr", "CreateNamespacePersonal", Namespace="theirs")
    other.ok("tcr", "CreateRepositoryPersonal", RepoName="theirs/app")
    for number, transport in enumerate(record.backend.transports):
        c, bare = (caller.Caller(record, endpoint, caller.account(directory, who)[1], transport) for who in ("bootstrap", "bare"))
        walk(c, f"table{number}", "theirs", bare)
    record.finish()


main()
