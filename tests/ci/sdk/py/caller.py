"""Calls through the unmodified Python SDK, and a record of what came of them.

A `Caller` is one credential on one transport. `ok` expects an answer and checks its fields against the models of the
SDK; `err` expects an error code. Neither raises: a suite runs to its end and says everything that is wrong at once.
"""

import inspect
import json
import re
import sys
import time
import traceback

from tencentcloud.cam.v20190116 import cam_client, models as cam_models
from tencentcloud.common import credential
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.sts.v20180813 import models as sts_models, sts_client
from tencentcloud.tcr.v20190924 import models as tcr_models, tcr_client

SERVICES = {
    "tcr": (tcr_client.TcrClient, tcr_models),
    "cam": (cam_client.CamClient, cam_models),
    "sts": (sts_client.StsClient, sts_models),
}
TRANSPORTS = [(sign, method) for sign in ("TC3-HMAC-SHA256", "HmacSHA256", "HmacSHA1") for method in ("POST", "GET")]


class Record:
    """What every call of a run came to."""

    def __init__(self):
        self.passed = 0
        self.failed = []
        self.succeeded = set()
        self.refused = set()

    def good(self):
        self.passed += 1

    def bad(self, what, detail):
        place = next((f for f in inspect.stack()[1:] if not f.filename.endswith("caller.py")), None)
        where = f"{place.filename.rsplit('/', 1)[-1]}:{place.lineno}" if place else "?"
        self.failed.append(f"{where}: {what}: {detail}")

    def same(self, what, got, expected):
        if got == expected:
            self.good()
        else:
            self.bad(what, f"expected {expected!r}, got {got!r}")

    def true(self, what, condition, detail=""):
        if condition:
            self.good()
        else:
            self.bad(what, detail or "is not so")

    def finish(self):
        for line in self.failed:
            print("FAILED", line)
        actions = {name for name, _ in self.succeeded}
        print(f"{self.passed} checks passed, {len(self.failed)} failed; {len(actions)} actions answered, "
              f"{len(self.succeeded)} pairs of action and transport; "
              f"{len(self.refused)} of action, code and transport")
        sys.exit(1 if self.failed else 0)


class Answer(dict):
    """The inside of `Response`. `answer.at("Data", "RepoInfo", 0)` is None where something is missing."""

    def at(self, *path):
        value = self
        for key in path:
            try:
                value = value[key]
            except (KeyError, IndexError, TypeError):
                return None
        return value


def model_types(model):
    """The properties of a model of the SDK, and the type that its documentation gives each."""
    types = {}
    for name, member in inspect.getmembers(model, lambda m: isinstance(m, property)):
        found = re.search(r":rtype: (.+)", member.__doc__ or "")
        types[name] = found.group(1).strip() if found else "?"
    return types


def misfits(models, type_name, value, path):
    """Where a value of the wire is not what the SDK's model says. Typed clients of other languages would fail there."""
    if value is None:
        return []
    of = re.match(r"list of (.+)", type_name)
    if of:
        if not isinstance(value, list):
            return [f"{path} is no list"]
        return [wrong for i, item in enumerate(value) for wrong in misfits(models, of.group(1), item, f"{path}[{i}]")]
    structure = re.search(r"models\.(\w+)`", type_name)
    if structure:
        if not isinstance(value, dict):
            return [f"{path} is no object"]
        types = model_types(getattr(models, structure.group(1)))
        wrong = []
        for key, item in value.items():
            if key in types:
                wrong += misfits(models, types[key], item, f"{path}.{key}")
            else:
                wrong.append(f"{path}.{key} is unknown to the SDK")
        return wrong
    wanted = {"str": str, "int": int, "bool": bool, "float": (int, float)}.get(type_name)
    if wanted is None or (isinstance(value, wanted) and not (wanted is int and isinstance(value, bool))):
        return []
    return [f"{path} is {value!r}, not {type_name}"]


class Caller:
    def __init__(self, record, endpoint, key, transport=TRANSPORTS[0], language="en-US"):
        self.record, self.endpoint, self.transport = record, endpoint, transport
        http = HttpProfile(protocol="http", endpoint=endpoint, reqMethod=transport[1], reqTimeout=30)
        profile = ClientProfile(signMethod=transport[0], httpProfile=http, language=language)
        # (The SDK wants something where an earlier call did not give a key.)
        self.key = credential.Credential(*(part or "none" for part in key))
        self.clients = {}
        for name, (client, _) in SERVICES.items():
            self.clients[name] = client(self.key, "ap-guangzhou", profile)
        self.name = f"{transport[0]} {transport[1]}"

    def with_key(self, key):
        return Caller(self.record, self.endpoint, key, self.transport)

    def raw(self, service, action, params):
        """One call: through the model when the SDK has one, else through `call_json`. The inside of `Response`."""
        client, (_, models) = self.clients[service], SERVICES[service]
        method = getattr(client, action, None)
        if method is None:
            return Answer(client.call_json(action, params)["Response"])
        request = getattr(models, action + "Request")()
        request.from_json_string(json.dumps(params))
        bodies, plain = [], client.call
        client.call = lambda *args, **kwargs: bodies.append(plain(*args, **kwargs)) or bodies[-1]
        try:
            method(request)
        finally:
            client.call = plain
        return Answer(json.loads(bodies[-1])["Response"])

    def patient(self, service, action, params):
        """A call that waits for its turn: this suite is faster than twenty calls a second."""
        for _ in range(50):
            try:
                return self.raw(service, action, params)
            except TencentCloudSDKException as error:
                if error.get_code() != "RequestLimitExceeded":
                    raise
                time.sleep(0.05)
        return self.raw(service, action, params)

    def describe(self, service, action, params):
        return f"{service} {action} {json.dumps(params, ensure_ascii=False)[:160]} by {self.name}"

    def ok(self, service, action, **params):
        what = self.describe(service, action, params)
        try:
            answer = self.patient(service, action, params)
        except TencentCloudSDKException as error:
            self.record.bad(what, f"{error.get_code()}: {error.get_message()}")
            return Answer()
        except Exception:  # A fault of the suite or of the client: say where.
            self.record.bad(what, traceback.format_exc(limit=3))
            return Answer()
        response = getattr(SERVICES[service][1], action + "Response", None)
        wrong = []
        if response is not None:
            wrong = misfits(SERVICES[service][1], f"models.{action}Response`", dict(answer), "Response")
        if not answer.get("RequestId"):
            wrong.append("no RequestId")
        if wrong:
            self.record.bad(what, "; ".join(wrong[:6]))
        else:
            self.record.good()
            self.record.succeeded.add((f"{service} {action}", self.name))
        return answer

    def err(self, codes, service, action, **params):
        codes = codes.split("|")
        what = self.describe(service, action, params)
        try:
            answer = self.patient(service, action, params)
        except TencentCloudSDKException as error:
            if error.get_code() not in codes:
                self.record.bad(what, f"expected {'|'.join(codes)}, got {error.get_code()}: {error.get_message()}")
            elif not error.get_request_id():
                self.record.bad(what, f"{error.get_code()} has no RequestId")
            else:
                self.record.good()
                self.record.refused.add((f"{service} {action}", error.get_code(), self.name))
            return
        except Exception:
            self.record.bad(what, traceback.format_exc(limit=3))
            return
        self.record.bad(what, f"expected {'|'.join(codes)}, got an answer: {str(dict(answer))[:200]}")

    def same(self, what, got, expected):
        self.record.same(f"{what} by {self.name}", got, expected)

    def true(self, what, condition, detail=""):
        self.record.true(f"{what} by {self.name}", condition, detail)
