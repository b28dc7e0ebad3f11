"""TCR, enterprise instances: instances, tokens, namespaces, repositories, images."""

import images


def names(answer, *path, key):
    return [item.get(key) for item in answer.at(*path) or []]


def walk(world, c, n):
    name = f"inst-{n}"
    c.ok("tcr", "CheckInstanceName", RegistryName=name)
    made = c.ok("tcr", "CreateInstance", RegistryName=name, RegistryType="basic", DeletionProtection=False,
                TagSpecification={"ResourceType": "instance", "Tags": [{"Key": "k", "Value": "值"}]})
    i = made.get("RegistryId")
    c.err("InternalError.ErrorConflict|InvalidParameter.ErrorNameExists", "tcr", "CreateInstance", RegistryName=name, RegistryType="basic")
    status = c.ok("tcr", "DescribeInstanceStatus", RegistryIds=[i])
    c.same("it runs", status.at("RegistryStatusSet", 0, "Status"), "Running")
    listed = c.ok("tcr", "DescribeInstances", Registryids=[i], Offset=0, Limit=20, AllRegion=True)
    c.same("it is listed", names(listed, "Registries", key="RegistryName"), [name])
    some = c.ok("tcr", "DescribeInstances", Filters=[{"Name": "RegistryName", "Values": [name, "名称+/=&%~*"]}])
    c.same("it is found", names(some, "Registries", key="RegistryId"), [i])
    c.ok("tcr", "CheckInstance", RegistryId=i)
    c.ok("tcr", "ModifyInstance", RegistryId=i, DeletionProtection=True)
    c.err("ResourceInUse|OperationDenied|UnsupportedOperation|FailedOperation.PreconditionFailed", "tcr", "DeleteInstance", RegistryId=i, DeleteBucket=True)
    c.ok("tcr", "ModifyInstance", RegistryId=i, RegistryType="premium", DeletionProtection=False)
    tokens(world, c, n, i)
    inside(world, c, n, i)
    errors(c, i)
    c.ok("tcr", "DeleteInstance", RegistryId=i, DeleteBucket=True)
    gone = c.ok("tcr", "DescribeInstances", Registryids=[i])
    c.true("it is gone", not gone.get("Registries") or gone.at("Registries", 0, "Status") == "Deleting", str(dict(gone)))


def tokens(world, c, n, i):
    short = c.ok("tcr", "CreateInstanceToken", RegistryId=i)
    c.true("a temporary one", short.get("Username") and short.get("Token") and (short.get("ExpTime") or 0) > 1_600_000_000_000, str(dict(short)))
    long = c.ok("tcr", "CreateInstanceToken", RegistryId=i, TokenType="longterm", Desc="for ci")
    listed = c.ok("tcr", "DescribeInstanceToken", RegistryId=i, Limit=20, Offset=0)
    c.true("listed", long.get("TokenId") in names(listed, "Tokens", key="Id"), str(dict(listed)))
    c.ok("tcr", "ModifyInstanceToken", RegistryId=i, TokenId=long.get("TokenId"), Enable=False)
    c.ok("tcr", "ModifyInstanceToken", RegistryId=i, TokenId=long.get("TokenId"), Enable=True)
    c.ok("tcr", "ModifyInstanceToken", RegistryId=i, TokenId=long.get("TokenId"), Desc="changed", ModifyFlag=1)
    c.ok("tcr", "DeleteInstanceToken", RegistryId=i, TokenId=long.get("TokenId"))


def inside(world, c, n, i):
    c.ok("tcr", "CreateNamespace", RegistryId=i, NamespaceName="team", IsPublic=False)
    c.same("a namespace", names(c.ok("tcr", "DescribeNamespaces", RegistryId=i, NamespaceName="team"), "NamespaceList", key="Name"), ["team"])
    c.ok("tcr", "ModifyNamespace", RegistryId=i, NamespaceName="team", IsPublic=True)
    c.same("public", c.ok("tcr", "DescribeNamespaces", RegistryId=i).at("NamespaceList", 0, "Public"), True)
    c.ok("tcr", "CreateRepository", RegistryId=i, NamespaceName="team", RepositoryName="web/app", BriefDescription="b", Description="d")
    listed = c.ok("tcr", "DescribeRepositories", RegistryId=i, NamespaceName="team")
    c.same("a repository", len(listed.get("RepositoryList") or []), 1)
    c.ok("tcr", "ModifyRepository", RegistryId=i, NamespaceName="team", RepositoryName="web/app", BriefDescription="b2", Description="d2")
    c.ok("tcr", "DescribeImages", RegistryId=i, NamespaceName="team", RepositoryName="web/app")
    c.ok("tcr", "DeleteRepository", RegistryId=i, NamespaceName="team", RepositoryName="web/app")
    c.ok("tcr", "DeleteNamespace", RegistryId=i, NamespaceName="team")


def errors(c, i):
    value = "InvalidParameter|InvalidParameterValue|InvalidParameter.ErrorTcrInvalidParameter"
    c.err("MissingParameter", "tcr", "CreateInstance", RegistryName="x")
    c.err(value + "|InvalidParameter.ErrorRegistryName|InvalidParameter.ErrorNameIllegal", "tcr", "CreateInstance", RegistryName="No Name!", RegistryType="basic")
    c.err(value, "tcr", "CreateInstance", RegistryName="fine-name", RegistryType="huge")
    c.err("MissingParameter", "tcr", "CreateInstanceToken")
    gone = "ResourceNotFound.TcrResourceNotFound|ResourceNotFound|UnauthorizedOperation|InternalError.ErrNotExist|InvalidParameter"
    c.err(gone, "tcr", "CreateInstanceToken", RegistryId="tcr-00000000")
    c.err("MissingParameter", "tcr", "DescribeInstanceStatus")
    c.err(gone, "tcr", "DescribeInstanceStatus", RegistryIds=["tcr-00000000"])
    c.err(gone, "tcr", "CreateNamespace", RegistryId="tcr-00000000", NamespaceName="team", IsPublic=False)
    c.err(gone, "tcr", "DeleteNamespace", RegistryId=i, NamespaceName="none")
    c.err(gone, "tcr", "DeleteImage", RegistryId=i, NamespaceName="none", RepositoryName="x", ImageVersion="v1")
    c.err(gone, "tcr", "DescribeImageManifests", RegistryId=i, NamespaceName="none", RepositoryName="x", ImageVersion="v1")
    c.err(value, "tcr", "DescribeInstances", Limit=101)
