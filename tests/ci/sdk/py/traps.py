"""What a client does not forgive: envelopes, content types, clocks, signatures, odd parameters, the rate limit."""

import asyncio
import concurrent.futures
import json
import time

import requests
from tencentcloud.common import credential
from tencentcloud.common.common_client import CommonClient
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile

import caller


def code_of(call):
    try:
        call()
    except TencentCloudSDKException as error:
        return error.get_code()
    return None


def run(world, record):
    envelope(world, record)
    credentials(world, record)
    parameters(world, record)
    languages(world, record)
    clients(world, record)
    asyncio.run(asynchronous(world, record))
    hosts(world, record)


def envelope(world, record):
    """With any other status or content type the SDK loses the error, or takes it for an answer."""
    plain = requests.Session()
    plain.trust_env = False
    url = f"http://{world.endpoint}/"
    headers = {"X-TC-Action": "DescribeUserQuotaPersonal", "X-TC-Version": "2019-09-24", "X-TC-Timestamp": str(int(time.time()))}
    for what, send in (
        ("unsigned", lambda: plain.post(url, data="{}", headers={**headers, "Content-Type": "application/json"})),
        ("unsigned, told to skip", lambda: plain.post(url, data="{}", headers={**headers, "Content-Type": "application/json", "Authorization": "SKIP"})),
        ("nonsense", lambda: plain.post(url, data="\x00{", headers={**headers, "Content-Type": "application/json", "Authorization": "TC3-HMAC-SHA256 x"})),
        ("a query", lambda: plain.get(url + "?Action=DescribeUserQuotaPersonal&Version=2019-09-24")),
    ):
        answer = send()
        record.same(f"{what}: status and type", (answer.status_code, answer.headers.get("Content-Type")), (200, "application/json"))
        inside = answer.json().get("Response", {})
        record.true(f"{what}: a code, a message, an id", inside.get("Error", {}).get("Code") and inside["Error"].get("Message") and inside.get("RequestId"), answer.text)
    c = caller.Caller(record, world.endpoint, world.key)
    c.err("ResourceNotFound.ErrNoRepo", "tcr", "DescribeRepositoryPersonal", RepoName="library/not-there")


def credentials(world, record):
    for transport in caller.TRANSPORTS:
        wrong = caller.Caller(record, world.endpoint, (world.key[0], "x" * 32), transport)
        wrong.err("AuthFailure.SignatureFailure", "tcr", "DescribeUserQuotaPersonal")
        nobody = caller.Caller(record, world.endpoint, ("AKID" + "0" * 32, world.key[1]), transport)
        nobody.err("AuthFailure.SecretIdNotFound", "tcr", "DescribeUserQuotaPersonal")
        none = caller.Caller(record, world.endpoint, ("nonsense", world.key[1]), transport)
        none.err("AuthFailure.InvalidSecretId|AuthFailure.SecretIdNotFound", "tcr", "DescribeUserQuotaPersonal")
        late = caller.Caller(record, world.endpoint, world.key, transport)
        at(late, -3600, "AuthFailure.SignatureExpire")
        at(late, 3600, "AuthFailure.SignatureExpire")


def at(c, seconds, code):
    """The same call with the clock of the client moved."""
    real = time.time
    time.time = lambda: real() + seconds
    try:
        c.err(code, "tcr", "DescribeUserQuotaPersonal")
    finally:
        time.time = real


def parameters(world, record):
    for transport in caller.TRANSPORTS:
        c = caller.Caller(record, world.endpoint, world.key, transport)
        tcr = c.clients["tcr"]
        call = lambda action, params: code_of(lambda: tcr.call_json(action, params))  # noqa: E731
        record.same(f"an unknown parameter by {c.name}", call("DescribeUserQuotaPersonal", {"Colour": "red"}), "UnknownParameter")
        record.same(f"an unknown action by {c.name}", call("PaintTheHull", {}), "InvalidAction")
        record.same(f"null is absent by {c.name}", call("DescribeRepositoryOwnerPersonal", {"RepoName": None, "Limit": 5}), None)
        record.same(f"numbers as text by {c.name}", call("DescribeRepositoryOwnerPersonal", {"Limit": "5", "Offset": "0"}), None)
        c.ok("tcr", "DescribeInstances", AllRegion=False, Limit=20)
        c.ok("tcr", "DescribeInstances", AllRegion=True)
        c.err("MissingParameter|InvalidParameter|InvalidParameterValue", "tcr", "BatchDeleteImagePersonal", RepoName="library/x", Tags=[])
        many = [f"library/none-{i}" for i in range(12)]
        c.err("InternalError.ErrUnauthorized|ResourceNotFound.ErrNoRepo", "tcr", "BatchDeleteRepositoryPersonal", RepoNames=many)
    c = caller.Caller(record, world.endpoint, world.key)
    c.clients["tcr"]._apiVersion = "2018-01-01"
    c.err("NoSuchVersion", "tcr", "DescribeUserQuotaPersonal")
    client = caller.Caller(record, world.endpoint, world.key).clients["tcr"]
    record.same("a form of parts", code_of(lambda: client.call_json(
        "BatchDeleteImagePersonal", {"RepoName": "library/none", "Tags": ["v1"]}, options={"IsMultipart": True})), "ResourceNotFound.ErrNoRepo")
    record.true("no signature", (code_of(lambda: client.call_json("DescribeUserQuotaPersonal", {}, options={"SkipSign": True})) or "").startswith("AuthFailure."))


def unknown(world, record):
    """No action takes a parameter that it does not know, however it is sent."""
    actions = sorted({action for action, _ in record.succeeded})
    for transport in caller.TRANSPORTS:
        c = caller.Caller(record, world.endpoint, world.key, transport)
        for service, action in (name.split(" ") for name in actions):
            call = lambda: c.clients[service].call_json(action, {"Colour": "red"})  # noqa: E731
            code = code_of(call)
            if code == "RequestLimitExceeded":
                time.sleep(1)
                code = code_of(call)
            record.same(f"an unknown parameter of {action} by {c.name}", code, "UnknownParameter")


def languages(world, record):
    said = {}
    for language in ("zh-CN", "en-US"):
        try:
            caller.Caller(record, world.endpoint, world.key, language=language).raw("tcr", "DescribeRepositoryPersonal", {"RepoName": "library/none"})
        except TencentCloudSDKException as error:
            said[language] = error.get_message()
    record.true("two languages", len(set(said.values())) == 2, str(said))
    record.true("Chinese is Chinese", any("\u4e00" <= ch <= "\u9fff" for ch in said.get("zh-CN", "")), str(said))


def clients(world, record):
    """The client for all products, an action in lower case, unsigned payloads, and an endpoint with a scheme."""
    http = HttpProfile(protocol="http", endpoint=world.endpoint)
    profile = ClientProfile(httpProfile=http)
    key = credential.Credential(*world.key)
    common = CommonClient("tcr", "2019-09-24", key, "", profile)
    record.same("the common client", code_of(lambda: common.call_json("describeUserQuotaPersonal", {})["Response"]["Data"]), None)
    profile.unsignedPayload = True
    unsigned = CommonClient("tcr", "2019-09-24", key, "", profile)
    record.same("an unsigned payload", code_of(lambda: unsigned.call_json("DescribeUserQuotaPersonal", {})["Response"]["Data"]), None)


async def asynchronous(world, record):
    from tencentcloud.tcr.v20190924 import models, tcr_client_async

    for sign, method in caller.TRANSPORTS:
        http = HttpProfile(protocol="http", endpoint=world.endpoint, reqMethod=method)
        profile = ClientProfile(signMethod=sign, httpProfile=http)
        what = f"the async client, {sign} {method}"
        async with tcr_client_async.TcrClient(credential.Credential(*world.key), "ap-guangzhou", profile) as client:
            try:
                request = models.DescribeInstancesRequest()
                request.AllRegion, request.Limit = True, 20
                answer = await client.DescribeInstances(request)
                record.true(what, answer.TotalCount is not None)
            except TencentCloudSDKException as error:
                record.bad(what, str(error))
            try:
                request = models.DescribeRepositoryPersonalRequest()
                request.RepoName = "library/not-there"
                await client.DescribeRepositoryPersonal(request)
                record.bad(what, "an error passed for an answer")
            except TencentCloudSDKException as error:
                record.same(what, error.get_code(), "ResourceNotFound.ErrNoRepo")


def hosts(world, record):
    """The signature covers the Host header, whatever it says."""
    port = world.endpoint.rsplit(":", 1)[1]
    for endpoint in (f"localhost:{port}", f"LOCALHOST:{port}"):
        caller.Caller(record, endpoint, world.key).ok("tcr", "DescribeUserQuotaPersonal")


def rate(world, record, key):
    """Twenty a second: the twenty-first is refused in an answer with status 200, and the account of somebody else is not."""
    c = caller.Caller(record, world.endpoint, key)
    codes = []

    def one(_):
        return code_of(lambda: caller.Caller(record, world.endpoint, key).raw("tcr", "DescribeUserQuotaPersonal", {}))

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        codes = list(pool.map(one, range(80)))
    record.true("too many calls are refused", "RequestLimitExceeded" in codes, json.dumps({str(k): codes.count(k) for k in set(codes)}))
    record.true("and not all of them", codes.count(None) >= 20, str(codes.count(None)))
    record.true("for no other reason", set(codes) <= {None, "RequestLimitExceeded"}, str(set(codes)))
    caller.Caller(record, world.endpoint, world.key).ok("tcr", "DescribeUserQuotaPersonal")
    time.sleep(1.1)
    c.ok("tcr", "DescribeUserQuotaPersonal")
