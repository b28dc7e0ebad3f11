"""Cases that only the Python SDK can test: envelopes, its other clients, host names, the rate limit."""

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
    parameters(world, record)
    clients(world, record)
    asyncio.run(asynchronous(world, record))
    hosts(world, record)


def envelope(world, record):
    """Checks status and content type: with others the SDK loses the error, or takes it for an answer."""
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


def parameters(world, record):
    """An unknown version, a multipart form, and no signature."""
    c = caller.Caller(record, world.endpoint, world.key)
    c.client.clients["tcr"]._apiVersion = "2018-01-01"
    c.err("NoSuchVersion", "tcr", "DescribeUserQuotaPersonal")
    client = caller.Caller(record, world.endpoint, world.key).client.clients["tcr"]
    record.same("a form of parts", code_of(lambda: client.call_json(
        "BatchDeleteImagePersonal", {"RepoName": "library/none", "Tags": ["v1"]}, options={"IsMultipart": True})), "ResourceNotFound.ErrNoRepo")
    record.true("no signature", (code_of(lambda: client.call_json("DescribeUserQuotaPersonal", {}, options={"SkipSign": True})) or "").startswith("AuthFailure."))


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
    """The signature covers the Host header, with any value."""
    port = world.endpoint.rsplit(":", 1)[1]
    for endpoint in (f"localhost:{port}", f"LOCALHOST:{port}"):
        caller.Caller(record, endpoint, world.key).ok("tcr", "DescribeUserQuotaPersonal")


def rate(world, record, key):
    """The limit is 20 a second: request 21 is refused in an answer with status 200, and another account is not affected."""
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
