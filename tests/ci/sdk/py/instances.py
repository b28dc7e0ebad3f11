"""TCR, enterprise instances: instances, tokens, namespaces, repositories, images."""

import json

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
    inside_images(world, c, n, i, {"RegistryId": i, "NamespaceName": "team", "RepositoryName": "web/app"})
    c.err("ResourceInUse", "tcr", "DeleteNamespace", RegistryId=i, NamespaceName="team")
    c.err("ResourceInUse", "tcr", "DeleteRepository", RegistryId=i, NamespaceName="team", RepositoryName="web/app", ForceDelete=False)
    c.ok("tcr", "DeleteRepository", RegistryId=i, NamespaceName="team", RepositoryName="web/app", ForceDelete=True)
    c.ok("tcr", "DeleteNamespace", RegistryId=i, NamespaceName="team")


def inside_images(world, c, n, i, here):
    host = f"inst-{n}.localhost:{world.endpoint.split(':')[1]}"
    token = c.ok("tcr", "CreateInstanceToken", RegistryId=i)
    digest = images.push(world.url, (token.get("Username"), token.get("Token")), "team/web/app", "v1", f"inside {n}", host)
    listed = c.ok("tcr", "DescribeImages", **here)
    c.same("an image", [(image.get("ImageVersion"), image.get("Digest")) for image in listed.get("ImageInfoList") or []], [("v1", digest)])
    manifest = c.ok("tcr", "DescribeImageManifests", ImageVersion="v1", **here)
    c.same("its manifest", json.loads(manifest.get("Manifest") or "{}").get("schemaVersion"), 2)
    c.ok("tcr", "DuplicateImage", RegistryId=i, SourceNamespace="team", SourceRepo="web/app", SourceReference="v1",
         DestinationNamespace="team", DestinationRepo="web/app", DestinationTag="v2")
    c.same("two", c.ok("tcr", "DescribeImages", **here).get("TotalCount"), 2)
    c.ok("tcr", "DeleteImage", ImageVersion="v2", **here)
    c.ok("tcr", "DuplicateImage", RegistryId=i, SourceNamespace="team", SourceRepo="web/app", SourceReference="v1",
         DestinationNamespace="team", DestinationRepo="web/app", DestinationTag="v3")
    c.ok("tcr", "DeleteRepositoryTags", Tags=["v3"], **here)
    c.err("InternalError.ErrorTcrResourceConflict", "tcr", "DuplicateImage", RegistryId=i, SourceNamespace="team", SourceRepo="web/app",
          SourceReference="v1", DestinationNamespace="team", DestinationRepo="web/app", DestinationTag="v1")
    c.same("one again", names(c.ok("tcr", "DescribeImages", **here), "ImageInfoList", key="ImageVersion"), ["v1"])


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
    c.err(value, "tcr", "DescribeInstances", Limit=201)
    tags = {"ResourceType": "instance", "Tags": [{"Key": f"k{n}", "Value": "v"} for n in range(11)]}
    c.err("InvalidParameter.ErrorTagOverLimit", "tcr", "CreateInstance", RegistryName="tagged", RegistryType="basic", TagSpecification=tags)
    c.err("InvalidParameter.ErrTooLarge", "tcr", "CreateNamespace", RegistryId=i, NamespaceName="listed", IsPublic=False,
          CVEWhitelistItems=[{"CVEID": f"CVE-2026-{n}"} for n in range(101)])
    c.err("DryRunOperation", "tcr", "CreateInstance", RegistryName="dry-run", RegistryType="basic", DryRun=True)
