"""Tests a server with small quotas, with the spelling and the permissions of the product document.

    strict.py BACKEND HOST:PORT DIRECTORY

Quotas: 2 namespaces, 2 repositories, 1 trigger, 1 instance.
"""

import sys

import caller
import personal


def quotas(c, n):
    """Fills the quotas. The account has the namespace `library` already."""
    c.ok("tcr", "CreateNamespacePersonal", Namespace=n)
    c.err("LimitExceeded.ErrNamespaceMaxLimit", "tcr", "CreateNamespacePersonal", Namespace=f"{n}-more")
    c.ok("tcr", "CreateRepositoryPersonal", RepoName=f"{n}/one")
    c.ok("tcr", "CreateRepositoryPersonal", RepoName=f"{n}/two")
    c.err("LimitExceeded.ErrRepoMaxLimit", "tcr", "CreateRepositoryPersonal", RepoName=f"{n}/three")
    c.ok("tcr", "CreateApplicationTriggerPersonal", RepoName=f"{n}/one", TriggerName=n, **personal.TRIGGER)
    c.err("LimitExceeded.ErrTriggerMaxLimit", "tcr", "CreateApplicationTriggerPersonal", RepoName=f"{n}/one", TriggerName=f"{n}2", **personal.TRIGGER)
    limits = {limit["Type"]: limit["Value"] for limit in c.ok("tcr", "DescribeUserQuotaPersonal").at("Data", "LimitInfo") or []}
    c.true("the quotas are the ones that are set", sorted(limits.values())[:3] == [1, 2, 2], str(limits))
    one = c.ok("tcr", "CreateInstance", RegistryName=f"only-{n}", RegistryType="basic").get("RegistryId")
    c.err("InternalError.ErrorOverLimit", "tcr", "CreateInstance", RegistryName=f"two-{n}", RegistryType="basic")
    c.ok("tcr", "DeleteInstance", RegistryId=one)


def spelling(c, n, theirs):
    """The codes are those of the tables of the document."""
    c.err("InvalidParameter.ErrNSMismatch", "tcr", "CreateRepositoryPersonal", RepoName=f"{theirs}/x")
    c.err("InvalidParameter.ErrNSMismatch", "tcr", "ValidateRepositoryExistPersonal", RepoName=f"{theirs}/x")
    c.err("InternalServerError.ErrUnauthorized|ResourceNotFound.ErrNoRepo", "tcr", "DeleteRepositoryPersonal", RepoName=f"{theirs}/x")


def nobody(c, n):
    """A sub-account without a registry password is not a user yet. Without a policy it may do what needs only a signature."""
    made = c.ok("cam", "AddUser", Name=f"nobody-{n}", UseApi=1)
    sub = c.with_key((made.get("SecretId"), made.get("SecretKey")))
    sub.err("AuthFailure.UnauthorizedOperation", "tcr", "CreateNamespacePersonal", Namespace=f"{n}-sub")
    sub.err("InternalServerError.ErrUnauthorized", "tcr", "DeleteRepositoryPersonal", RepoName=f"{n}/one")
    sub.err("UnauthorizedOperation", "tcr", "CreateInstance", RegistryName=f"sub-{n}", RegistryType="basic")
    sub.err("AuthFailure.UnauthorizedOperation", "tcr", "ManageImageLifecycleGlobalPersonal", Type="global_keep_last_nums", Val=1)
    # For the other actions the document requires only a signature, and so does this server.
    sub.ok("tcr", "ModifyRepositoryInfoPersonal", RepoName=f"{n}/one", Description="by anybody")
    sub.err("ResourceNotFound.ErrNoUser", "tcr", "ModifyUserPasswordPersonal", Password="Another-12345")
    sub.ok("tcr", "CreateUserPersonal", Password="Another-12345")
    sub.err("InvalidParameter.ErrUserExist", "tcr", "CreateUserPersonal", Password="Another-12345")
    sub.ok("tcr", "DescribeNamespacePersonal", Namespace="", Limit=10, Offset=0)
    c.ok("cam", "DeleteUser", Name=f"nobody-{n}", Force=1)


def clean_up(c, n):
    c.ok("tcr", "DeleteApplicationTriggerPersonal", TriggerName=n)
    c.ok("tcr", "BatchDeleteRepositoryPersonal", RepoNames=[f"{n}/one", f"{n}/two"])
    c.ok("tcr", "DeleteNamespacePersonal", Namespace=n)


def main():
    name, endpoint, directory = sys.argv[1:]
    record = caller.start(name, endpoint)
    (_, key), (_, other) = caller.account(directory, "bootstrap"), caller.account(directory, "other")
    caller.Caller(record, endpoint, other).ok("tcr", "CreateNamespacePersonal", Namespace="theirs")
    for number, transport in enumerate(record.backend.transports):
        c, n = caller.Caller(record, endpoint, key, transport), f"strict{number}"
        quotas(c, n)
        spelling(c, n, "theirs")
        nobody(c, n)
        clean_up(c, n)
    record.finish()


main()
