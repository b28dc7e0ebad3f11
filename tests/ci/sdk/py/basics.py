"""Errors that every client must get: wrong keys, wrong clocks, odd parameters, unknown names, two languages."""

import caller
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException


def run(world, record):
    for transport in record.backend.transports:
        credentials(world, record, transport)
        c = caller.Caller(record, world.endpoint, world.key, transport)
        parameters(c)
        sizes(c)
    languages(world, record)


def credentials(world, record, transport):
    wrong = caller.Caller(record, world.endpoint, (world.key[0], "x" * 32), transport)
    wrong.err("AuthFailure.SignatureFailure", "tcr", "DescribeUserQuotaPersonal")
    nobody = caller.Caller(record, world.endpoint, ("AKID" + "0" * 32, world.key[1]), transport)
    nobody.err("AuthFailure.SecretIdNotFound", "tcr", "DescribeUserQuotaPersonal")
    none = caller.Caller(record, world.endpoint, ("nonsense", world.key[1]), transport)
    none.err("AuthFailure.InvalidSecretId|AuthFailure.SecretIdNotFound", "tcr", "DescribeUserQuotaPersonal")
    for ahead in (-3600, 3600) if record.backend.clock else ():
        late = caller.Caller(record, world.endpoint, world.key, transport)
        late.client.ahead = ahead
        late.err("AuthFailure.SignatureExpire", "tcr", "DescribeUserQuotaPersonal")


def parameters(c):
    c.err("InvalidAction", "tcr", "PaintTheHull")
    c.ok("tcr", "DescribeRepositoryOwnerPersonal", RepoName=None, Limit=5)
    c.ok("tcr", "DescribeRepositoryOwnerPersonal", Limit="5", Offset="0")
    c.ok("tcr", "DescribeInstances", AllRegion=False, Limit=20)
    c.ok("tcr", "DescribeInstances", AllRegion=True)
    odd = [{"Name": "RegistryName", "Values": ["a b", "名称+/=&%~*'()!<>"]}]
    c.same("nothing has that name", c.ok("tcr", "DescribeInstances", Registryids=["tcr-00000001", "tcr-00000002"],
                                         AllRegion=True, Filters=odd).get("TotalCount"), 0)
    c.err("MissingParameter|InvalidParameter|InvalidParameterValue", "tcr", "BatchDeleteImagePersonal", RepoName="library/x", Tags=[])
    many = [f"library/none-{i}" for i in range(12)]
    c.err("InternalError.ErrUnauthorized|ResourceNotFound.ErrNoRepo", "tcr", "BatchDeleteRepositoryPersonal", RepoNames=many)


def sizes(c):
    """A query, a form and a JSON body have different limits of size."""
    sign, method = c.transport
    most = 32 << 10 if method == "GET" else 10 << 20 if sign.startswith("TC3") else 1 << 20
    c.err("RequestSizeLimitExceeded", "tcr", "ModifyRepositoryInfoPersonal", RepoName="library/none", Description="x" * most)


def unknown(world, record):
    """Every action refuses unknown parameters, on every transport."""
    actions = sorted({action for action, _ in record.succeeded})
    for transport in record.backend.unknown:
        c = caller.Caller(record, world.endpoint, world.key, transport)
        for service, action in (name.split(" ") for name in actions):
            c.err("UnknownParameter", service, action, Colour="red")


def languages(world, record):
    said = {}
    for language in ("zh-CN", "en-US"):
        try:
            caller.Caller(record, world.endpoint, world.key, language=language).raw("tcr", "DescribeRepositoryPersonal", {"RepoName": "library/none"})
        except TencentCloudSDKException as error:
            said[language] = error.get_message()
    record.true("two languages", len(set(said.values())) == 2, str(said))
    record.true("Chinese is Chinese", any("\u4e00" <= ch <= "\u9fff" for ch in said.get("zh-CN", "")), str(said))
