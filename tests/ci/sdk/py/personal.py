"""TCR, personal edition: the success of every action, and every error code of its table that a caller can cause."""

import images

TRIGGER = {
    "InvokeMethod": "taglist", "InvokeExpr": "v1;v2", "ClusterId": "cls-abcdefgh", "Namespace": "default",
    "WorkloadType": "Deployment", "WorkloadName": "web", "ContainerName": "app", "ClusterRegion": 1,
}


def names(answer, *path, key="RepoName"):
    return [item.get(key) for item in answer.at(*path) or []]


def walk(world, c, n):
    """All actions of a main account, in a namespace of its own."""
    namespaces(c, n)
    repositories(c, n)
    digest = images.push(world.url, world.login, f"{n}/app", "v1", f"hello {n}")
    for tag, text in (("v2", "two"), ("v3", "three"), ("v4", "four"), ("v5", "five")):
        images.push(world.url, world.login, f"{n}/app", tag, f"{text} {n}")
    tags(world, c, n, digest)
    lifecycle(c, n)
    triggers(world, c, n)
    favourites(c, n)
    user(world, c)
    clean_up(c, n)


def namespaces(c, n):
    c.ok("tcr", "CreateNamespacePersonal", Namespace=n)
    found = c.ok("tcr", "ValidateNamespaceExistPersonal", Namespace=n)
    c.same("the namespace exists", found.at("Data", "IsExist"), True)
    absent = c.ok("tcr", "ValidateNamespaceExistPersonal", Namespace=f"{n}-none")
    c.same("another one does not", absent.at("Data"), {"IsExist": False, "IsPreserved": False})
    listed = c.ok("tcr", "DescribeNamespacePersonal", Namespace=n, Limit=10, Offset=0)
    c.same("it is listed", names(listed, "Data", "NamespaceInfo", key="Namespace"), [n])
    c.same("and counted", listed.at("Data", "NamespaceCount"), 1)
    everything = c.ok("tcr", "DescribeNamespacePersonal", Namespace="", Limit=100, Offset=0)
    c.true("an empty filter lists all", "library" in names(everything, "Data", "NamespaceInfo", key="Namespace"))


def repositories(c, n):
    c.ok("tcr", "CreateRepositoryPersonal", RepoName=f"{n}/app", Public=0, Description="名称 <&> + = ~ *")
    c.ok("tcr", "CreateRepositoryPersonal", RepoName=f"{n}/open", Public=1)
    c.ok("tcr", "CreateRepositoryPersonal", RepoName=f"{n}/plain")
    c.same("a repository is there", c.ok("tcr", "ValidateRepositoryExistPersonal", RepoName=f"{n}/app").at("Data", "IsExist"), True)
    c.same("another is not", c.ok("tcr", "ValidateRepositoryExistPersonal", RepoName=f"{n}/none").at("Data", "IsExist"), False)
    one = c.ok("tcr", "DescribeRepositoryPersonal", RepoName=f"{n}/app").get("Data") or {}
    c.same("its description came through", one.get("Description"), "名称 <&> + = ~ *")
    c.same("it is private", one.get("Public"), 0)
    c.ok("tcr", "ModifyRepositoryAccessPersonal", RepoName=f"{n}/app", Public=1)
    c.same("it is public now", c.ok("tcr", "DescribeRepositoryPersonal", RepoName=f"{n}/app").at("Data", "Public"), 1)
    c.ok("tcr", "ModifyRepositoryAccessPersonal", RepoName=f"{n}/app", Public=0)
    c.ok("tcr", "ModifyRepositoryInfoPersonal", RepoName=f"{n}/app", Description="")
    c.same("an empty description is one", c.ok("tcr", "DescribeRepositoryPersonal", RepoName=f"{n}/app").at("Data", "Description"), "")
    owned = c.ok("tcr", "DescribeRepositoryOwnerPersonal", Offset=0, Limit=100, RepoName=f"{n}/")
    c.true("owned ones are listed", set(names(owned, "Data", "RepoInfo")) >= {f"{n}/app", f"{n}/open"}, str(owned)[:300])
    c.ok("tcr", "DescribeRepositoryOwnerPersonal")
    for public, expected in ((1, [f"{n}/open"]), (0, [f"{n}/app", f"{n}/plain"])):
        some = c.ok("tcr", "DescribeRepositoryFilterPersonal", Namespace=n, Public=public, Limit=50, Offset=0)
        c.same(f"filtered by Public={public}", sorted(names(some, "Data", "RepoInfo")), expected)
    page = c.ok("tcr", "DescribeRepositoryFilterPersonal", Namespace=n, Limit=1, Offset=1)
    c.same("a page of one", (len(page.at("Data", "RepoInfo") or []), page.at("Data", "TotalCount")), (1, 3))


def tags(world, c, n, digest):
    repo = f"{n}/app"
    listed = c.ok("tcr", "DescribeImagePersonal", RepoName=repo, Offset=0, Limit=20)
    c.same("the tags", sorted(names(listed, "Data", "TagInfo", key="TagName")), ["v1", "v2", "v3", "v4", "v5"])
    c.same("their number", listed.at("Data", "TagCount"), 5)
    one = c.ok("tcr", "DescribeImagePersonal", RepoName=repo, Tag="v1").at("Data", "TagInfo", 0) or {}
    c.same("what the image is for", (one.get("Architecture"), one.get("OS")), ("amd64", "linux"))
    c.true("its size", (one.get("SizeByte") or 0) > 0, str(one))
    copied = c.ok("tcr", "DuplicateImagePersonal", SrcImage=f"{repo}:v1", DestImage=f"{repo}:copy")
    c.same("the copy is the same image", copied.at("Data", "Digest"), digest)
    c.ok("tcr", "DuplicateImagePersonal", SrcImage=f"{repo}:v1", DestImage=f"{n}/copied:v1")
    same = c.ok("tcr", "DescribeImageFilterPersonal", RepoName=repo, Tag="v1")
    c.true("the copy is found", any("copy" in image for image in same.at("Data", "SameImages") or []), str(same))
    c.same("and can be pulled", images.status(world.url, world.login, "GET", f"{repo}/manifests/copy"), 200)
    c.ok("tcr", "DeleteImagePersonal", RepoName=repo, Tag="copy")
    c.same("and no more", images.status(world.url, world.login, "GET", f"{repo}/manifests/copy"), 404)
    c.ok("tcr", "BatchDeleteImagePersonal", RepoName=repo, Tags=["v4", "v5"])
    left = c.ok("tcr", "DescribeImagePersonal", RepoName=repo)
    c.same("the tags that are left", sorted(names(left, "Data", "TagInfo", key="TagName")), ["v1", "v2", "v3"])


def lifecycle(c, n):
    repo = f"{n}/app"
    c.ok("tcr", "CreateImageLifecyclePersonal", RepoName=repo, Type="keep_last_nums", Val=50)
    rule = c.ok("tcr", "DescribeImageLifecyclePersonal", RepoName=repo).at("Data", "StrategyInfo", 0) or {}
    c.same("the rule", (rule.get("Type"), rule.get("Value")), ("keep_last_nums", 50))
    c.ok("tcr", "CreateImageLifecyclePersonal", RepoName=repo, Type="keep_last_days", Val=300)
    c.ok("tcr", "DeleteImageLifecyclePersonal", RepoName=repo)
    c.same("it is gone", c.ok("tcr", "DescribeImageLifecyclePersonal", RepoName=repo).at("Data", "TotalCount"), 0)
    c.ok("tcr", "ManageImageLifecycleGlobalPersonal", Type="global_keep_last_nums", Val=1000)
    rule = c.ok("tcr", "DescribeImageLifecycleGlobalPersonal").at("Data", "StrategyInfo", 0) or {}
    c.same("the global rule", (rule.get("Type"), rule.get("Value")), ("global_keep_last_nums", 1000))
    c.ok("tcr", "DeleteImageLifecycleGlobalPersonal")
    c.same("it is gone", c.ok("tcr", "DescribeImageLifecycleGlobalPersonal").at("Data", "TotalCount"), 0)


def triggers(world, c, n):
    repo, name = f"{n}/app", f"trigger-{n}"
    c.ok("tcr", "CreateApplicationTriggerPersonal", RepoName=repo, TriggerName=name, **TRIGGER)
    one = c.ok("tcr", "DescribeApplicationTriggerPersonal", RepoName=repo, TriggerName=name).at("Data", "TriggerInfo", 0) or {}
    c.same("the trigger", (one.get("TriggerName"), (one.get("InvokePara") or {}).get("ServiceName")), (name, "web"))
    c.ok("tcr", "ModifyApplicationTriggerPersonal", RepoName=repo, TriggerName=name, NewTriggerName=f"{name}-new", InvokeMethod="all")
    listed = c.ok("tcr", "DescribeApplicationTriggerPersonal")
    c.true("it has a new name", f"{name}-new" in names(listed, "Data", "TriggerInfo", key="TriggerName"))
    images.push(world.url, world.login, repo, "fire", f"fire {n}")
    c.ok("tcr", "DescribeApplicationTriggerLogPersonal", RepoName=repo, Offset=0, Limit=10, Order="desc")
    c.ok("tcr", "DescribeApplicationTriggerLogPersonal")
    c.ok("tcr", "DeleteApplicationTriggerPersonal", TriggerName=f"{name}-new")


def favourites(c, n):
    c.ok("tcr", "CreateFavorRepositoryPersonal", RepoName=f"{n}/open")
    mine = c.ok("tcr", "DescribeFavorRepositoryPersonal", RepoName=n, Limit=20, Offset=0)
    c.same("a favourite", names(mine, "Data", "RepoInfo"), [f"{n}/open"])
    c.same("is one", c.ok("tcr", "DescribeRepositoryPersonal", RepoName=f"{n}/open").at("Data", "IsUserFavor"), True)
    c.ok("tcr", "BatchDeleteFavorRepositoryPersonal", Favors=[{"RepoName": f"{n}/open"}])
    c.same("no more", c.ok("tcr", "DescribeFavorRepositoryPersonal", RepoName="", Limit=20, Offset=0).at("Data", "TotalCount"), 0)


def user(world, c):
    limits = c.ok("tcr", "DescribeUserQuotaPersonal").at("Data", "LimitInfo") or []
    c.true("quotas are listed", all(isinstance(limit["Value"], int) for limit in limits) and limits)
    c.ok("tcr", "ModifyUserPasswordPersonal", Password=world.login[1])
    c.same("the password works", images.status(world.url, world.login, "GET", ""), 200)
    c.same("who it is", c.ok("tcr", "DescribeUserPersonal").at("Data", "Username"), world.login[0])
    c.ok("tcr", "ValidateUserPersonal")
    token = c.ok("tcr", "DescribeApplicationTokenPersonal").at("Data", "ApplicationToken")
    c.same("the token works", images.status(world.url, (world.login[0], token or "?"), "GET", ""), 200)
    c.ok("tcr", "DescribeRepositoryAllPersonal", Limit=10, Offset=0)
    c.ok("tcr", "DescribeRegions")


def clean_up(c, n):
    c.ok("tcr", "DeleteRepositoryPersonal", RepoName=f"{n}/app")
    c.ok("tcr", "BatchDeleteRepositoryPersonal", RepoNames=[f"{n}/open", f"{n}/plain"])
    c.same("they are gone", c.ok("tcr", "ValidateRepositoryExistPersonal", RepoName=f"{n}/app").at("Data", "IsExist"), False)
    c.ok("tcr", "DeleteRepositoryPersonal", RepoName=f"{n}/copied")
    c.ok("tcr", "DeleteNamespacePersonal", Namespace=n)
    c.same("it is gone", c.ok("tcr", "ValidateNamespaceExistPersonal", Namespace=n).at("Data", "IsExist"), False)


NO_REPO = "ResourceNotFound.ErrNoRepo"
NO_USER = "ResourceNotFound.ErrNoUser"
MISMATCH = "InvalidParameter.ErrNSMisMatch"
# The code does not tell whether the thing is missing or belongs to somebody else.
FOREIGN = f"InternalError.ErrUnauthorized|{NO_REPO}"


def errors(world, c, n, other):
    """`other` calls as another main account, which has the namespace `{n}-other` with a private repository."""
    theirs = f"{n}-other/app"
    other.ok("tcr", "CreateNamespacePersonal", Namespace=f"{n}-other")
    other.ok("tcr", "CreateRepositoryPersonal", RepoName=theirs)
    c.ok("tcr", "CreateNamespacePersonal", Namespace=n)
    c.ok("tcr", "CreateRepositoryPersonal", RepoName=f"{n}/app")
    missing_parameters(c, n)
    absent_things(c, n)
    foreign_things(c, n, theirs)
    conflicts(c, n, other)
    bad_values(c, n)
    c.ok("tcr", "DeleteRepositoryPersonal", RepoName=f"{n}/app")
    c.ok("tcr", "DeleteNamespacePersonal", Namespace=n)
    other.ok("tcr", "DeleteRepositoryPersonal", RepoName=theirs)
    other.ok("tcr", "DeleteNamespacePersonal", Namespace=f"{n}-other")


def missing_parameters(c, n):
    for action, given in (
        ("BatchDeleteImagePersonal", {"RepoName": f"{n}/app"}), ("BatchDeleteRepositoryPersonal", {}),
        ("CreateApplicationTriggerPersonal", {"RepoName": f"{n}/app"}), ("CreateImageLifecyclePersonal", {"RepoName": f"{n}/app"}),
        ("CreateNamespacePersonal", {}), ("CreateRepositoryPersonal", {}), ("DeleteApplicationTriggerPersonal", {}),
        ("DeleteImageLifecyclePersonal", {}), ("DeleteImagePersonal", {"RepoName": f"{n}/app"}),
        ("DeleteNamespacePersonal", {}), ("DeleteRepositoryPersonal", {}),
        ("DescribeFavorRepositoryPersonal", {"RepoName": ""}), ("DescribeImageFilterPersonal", {"RepoName": f"{n}/app"}),
        ("DescribeImageLifecyclePersonal", {}), ("DescribeImagePersonal", {}), ("DescribeNamespacePersonal", {"Limit": 1}),
        ("DescribeRepositoryPersonal", {}), ("DuplicateImagePersonal", {"SrcImage": f"{n}/app:v1"}),
        ("ManageImageLifecycleGlobalPersonal", {"Val": 1}), ("ModifyApplicationTriggerPersonal", {}),
        ("ModifyRepositoryAccessPersonal", {}), ("ModifyRepositoryInfoPersonal", {"RepoName": f"{n}/app"}),
        ("ModifyUserPasswordPersonal", {}), ("ValidateNamespaceExistPersonal", {}), ("ValidateRepositoryExistPersonal", {}),
    ):
        c.err("MissingParameter", "tcr", action, **given)
    c.err("MissingParameter.MissingParameter|MissingParameter", "tcr", "CreateUserPersonal")


def absent_things(c, n):
    none = f"{n}/none"
    c.err(NO_REPO, "tcr", "BatchDeleteImagePersonal", RepoName=none, Tags=["v1"])
    c.err(NO_REPO, "tcr", "CreateApplicationTriggerPersonal", RepoName=none, TriggerName="t", **TRIGGER)
    c.err(NO_REPO, "tcr", "CreateImageLifecyclePersonal", RepoName=none, Type="keep_last_nums", Val=5)
    c.err(NO_REPO, "tcr", "DeleteImageLifecyclePersonal", RepoName=none)
    c.err(NO_REPO, "tcr", "DeleteImagePersonal", RepoName=none, Tag="v1")
    c.err(NO_REPO, "tcr", "DeleteRepositoryPersonal", RepoName=none)
    c.err(NO_REPO, "tcr", "DescribeApplicationTriggerLogPersonal", RepoName=none)
    c.err(NO_REPO, "tcr", "DescribeImageFilterPersonal", RepoName=none, Tag="v1")
    c.err(NO_REPO, "tcr", "DescribeImagePersonal", RepoName=none)
    c.err(NO_REPO, "tcr", "DescribeRepositoryPersonal", RepoName=none)
    c.err(NO_REPO, "tcr", "ModifyRepositoryAccessPersonal", RepoName=none, Public=1)
    c.err(NO_REPO, "tcr", "ModifyRepositoryInfoPersonal", RepoName=none, Description="x")
    c.err("ResourceNotFound.ErrNoTrigger", "tcr", "DeleteApplicationTriggerPersonal", TriggerName=f"none-{n}")
    c.err("ResourceNotFound.ErrNoTag|ResourceNotFound.ErrNoRepo", "tcr", "DuplicateImagePersonal",
          SrcImage=f"{n}/app:none", DestImage=f"{n}/app:v1")
    c.err("ResourceNotFound.ErrNoNamespace|InternalError.ErrUnauthorized", "tcr", "DeleteNamespacePersonal", Namespace=f"{n}-none")


def foreign_things(c, n, theirs):
    c.err(FOREIGN, "tcr", "BatchDeleteImagePersonal", RepoName=theirs, Tags=["v1"])
    # (The table of this action has no code for a missing repository; it answers like the action for one repository.)
    c.err(FOREIGN, "tcr", "BatchDeleteRepositoryPersonal", RepoNames=[theirs])
    c.err(FOREIGN, "tcr", "CreateImageLifecyclePersonal", RepoName=theirs, Type="keep_last_nums", Val=5)
    c.err(FOREIGN, "tcr", "DeleteImagePersonal", RepoName=theirs, Tag="v1")
    c.err(FOREIGN, "tcr", "DeleteRepositoryPersonal", RepoName=theirs)
    c.err(FOREIGN, "tcr", "DescribeImagePersonal", RepoName=theirs)
    c.err(FOREIGN, "tcr", "DescribeImageFilterPersonal", RepoName=theirs, Tag="v1")
    c.err(NO_REPO, "tcr", "DescribeRepositoryPersonal", RepoName=theirs)
    c.err("ResourceNotFound.ErrNoNamespace|InternalError.ErrUnauthorized", "tcr", "DeleteNamespacePersonal", Namespace=theirs.split("/")[0])
    c.err(MISMATCH, "tcr", "CreateRepositoryPersonal", RepoName=theirs + "2")
    c.err(f"{MISMATCH}|{NO_REPO}", "tcr", "ModifyRepositoryAccessPersonal", RepoName=theirs, Public=1)
    c.err(f"{MISMATCH}|{NO_REPO}", "tcr", "ModifyRepositoryInfoPersonal", RepoName=theirs, Description="x")
    c.err(MISMATCH, "tcr", "ValidateRepositoryExistPersonal", RepoName=theirs)
    c.err(f"{MISMATCH}|ResourceNotFound.ErrNoTag", "tcr", "DuplicateImagePersonal", SrcImage=f"{n}/app:v1", DestImage=f"{theirs}:v1")


def conflicts(c, n, other):
    c.err("InvalidParameter.ErrNamespaceExist", "tcr", "CreateNamespacePersonal", Namespace=n)
    c.err("InvalidParameter.ErrNamespaceExist", "tcr", "CreateNamespacePersonal", Namespace=f"{n}-other")
    other.err("InvalidParameter.ErrNamespaceReserved|InvalidParameter.ErrNamespaceExist", "tcr", "CreateNamespacePersonal", Namespace="library")
    c.err("InvalidParameter.ErrRepoExist", "tcr", "CreateRepositoryPersonal", RepoName=f"{n}/app")
    c.err("InvalidParameter.ErrUserExist", "tcr", "CreateUserPersonal", Password="Another-12345")
    c.err("ResourceInUse", "tcr", "DeleteNamespacePersonal", Namespace=n)
    c.ok("tcr", "CreateApplicationTriggerPersonal", RepoName=f"{n}/app", TriggerName=f"twice-{n}", **TRIGGER)
    c.err("InvalidParameter.ErrTriggerExist", "tcr", "CreateApplicationTriggerPersonal", RepoName=f"{n}/app", TriggerName=f"twice-{n}", **TRIGGER)
    c.ok("tcr", "DeleteApplicationTriggerPersonal", TriggerName=f"twice-{n}")


def bad_values(c, n):
    value = "InvalidParameterValue|InvalidParameter"
    c.err(value, "tcr", "CreateNamespacePersonal", Namespace="UPPER case")
    c.err(value + "|" + MISMATCH, "tcr", "CreateRepositoryPersonal", RepoName="no-slash")
    c.err(value, "tcr", "CreateImageLifecyclePersonal", RepoName=f"{n}/app", Type="keep_for_ever", Val=5)
    c.err(value, "tcr", "ManageImageLifecycleGlobalPersonal", Type="keep_last_nums", Val=5)
    c.err(value, "tcr", "DescribeRepositoryOwnerPersonal", Offset=-1)
    c.err(value, "tcr", "DescribeRepositoryOwnerPersonal", Limit=101)
    c.err("InvalidParameter|InvalidParameterValue", "tcr", "CreateImageLifecyclePersonal", RepoName=f"{n}/app", Type="keep_last_nums", Val="many")
    c.err(value, "tcr", "CreateApplicationTriggerPersonal", RepoName=f"{n}/app", TriggerName="t", **(TRIGGER | {"InvokeMethod": "sometimes"}))
