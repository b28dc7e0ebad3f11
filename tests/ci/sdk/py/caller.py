"""Calls through an unmodified SDK, and records the results.

A `Caller` is one credential on one transport. `ok` expects an answer, and checks its fields against the models of the Python
SDK. `err` expects an error code. Neither raises: a suite runs to its end and reports all failures together.
"""

import inspect
import json
import os
import re
import sys
import time
import traceback

from backends import BACKENDS, Python, SERVICES, TRANSPORTS, Unfit
from declared import DECLARED
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException


class Record:
    """The results of all calls of a run."""

    def __init__(self, backend=None):
        self.backend = backend or Python()
        self.declared = {kind: names for kind, (_, names) in DECLARED.get(self.backend.name, {}).items()}
        self.unfit = {}
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

    def note(self, kind, what):
        """Records that the client cannot send or decode something. Fails if `declared.py` does not have it."""
        names = self.declared.get(kind, ())
        name = next((name for name in (what, "*", "*." + what.rsplit(".", 1)[-1]) if name in names), None)
        if name is None:
            self.bad(what, f"the client cannot do this ({kind}), and declared.py does not say so")
        else:
            self.unfit[kind, name] = self.unfit.get((kind, name), 0) + 1

    def complete(self, actions):
        """Checks at the end that every action was answered, and that the client needed every entry of `declared.py`."""
        for action in sorted(set(actions) - {name.split(" ")[1] for name, _ in self.succeeded}):
            self.bad(action, "never answered")
        for kind, names in self.declared.items():
            for name in sorted(set(names) - {name for of, name in self.unfit if of == kind}):
                self.bad(name, f"declared.py says that the client cannot do this ({kind}), but it can")

    def finish(self):
        self.backend.close()
        for line in self.failed:
            print("FAILED", line)
        actions = {name for name, _ in self.succeeded}
        print(f"{self.backend.name}: {self.passed} checks passed, {len(self.failed)} failed; {len(actions)} actions answered, "
              f"{len(self.succeeded)} pairs of action and transport; "
              f"{len(self.refused)} of action, code and transport")
        for kind, (reason, names) in DECLARED.get(self.backend.name, {}).items():
            times = sum(count for (of, _), count in self.unfit.items() if of == kind)
            if times:
                print(f"  {times} times, {kind} ({len(names)} declared): {reason}")
        sys.exit(1 if self.failed else 0)


class Answer(dict):
    """The content of `Response`. `answer.at("Data", "RepoInfo", 0)` is None if a part of the path is missing."""

    def at(self, *path):
        value = self
        for key in path:
            try:
                value = value[key]
            except (KeyError, IndexError, TypeError):
                return None
        return value


def model_types(model):
    """The properties of a model of the SDK, with their types from its documentation."""
    types = {}
    for name, member in inspect.getmembers(model, lambda m: isinstance(m, property)):
        found = re.search(r":rtype: (.+)", member.__doc__ or "")
        types[name] = found.group(1).strip() if found else "?"
    return types


def misfits(models, type_name, value, path):
    """Returns where a value differs from the model of the SDK. Typed clients of other languages would fail there."""
    if value is None:
        return []
    of = re.match(r"list of (.+)", type_name)
    if of:
        if not isinstance(value, list):
            return [f"{path} is not a list"]
        return [wrong for i, item in enumerate(value) for wrong in misfits(models, of.group(1), item, f"{path}[{i}]")]
    structure = re.search(r"models\.(\w+)`", type_name)
    if structure:
        if not isinstance(value, dict):
            return [f"{path} is not an object"]
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


def start(backend, endpoint):
    """Starts the backend with this name, and returns the record of the run."""
    # The SDKs use a proxy even for the loopback address, unless NO_PROXY has host and port.
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = f"127.0.0.1,localhost,{endpoint},localhost:{endpoint.split(':')[1]}"
    return Record(BACKENDS[backend]())


def account(directory, name):
    """Reads login and access key of the account in `NAME.json`."""
    with open(f"{directory}/{name}.json", encoding="utf-8") as file:
        given = json.load(file)
    return (given["username"], given["password"]), (given["secret_id"], given["secret_key"])


class Caller:
    def __init__(self, record, endpoint, key, transport=TRANSPORTS[0], language="en-US"):
        self.record, self.endpoint, self.transport = record, endpoint, transport
        # The SDKs need some text, also if an earlier call returned no key.
        self.client = record.backend.connect(endpoint, [part or "none" for part in key], transport, language)
        self.name = self.way = f"{transport[0]} {transport[1]}"

    def with_key(self, key):
        return Caller(self.record, self.endpoint, key, self.transport)

    def raw(self, service, action, params):
        """Makes one call, by the usual interface of the client or by the declared other way. Returns the content of `Response`."""
        self.way = self.name
        try:
            answer, gone = self.client.call(service, action, params)
        except Unfit as unfit:
            self.record.note(unfit.kind, unfit.what)
            self.way = f"{self.name}, not the usual way"
            answer, gone = self.client.instead(unfit.kind, service, action, params)
        for path in gone:
            self.record.note("answer", path)
        return Answer(answer)

    def patient(self, service, action, params):
        """Makes a call, and waits when the limit of 20 calls a second is reached."""
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
        except Exception:  # A fault of the suite or of the client: report where.
            self.record.bad(what, traceback.format_exc(limit=3))
            return Answer()
        response = getattr(SERVICES[service][1], action + "Response", None) if self.record.backend.name == Python.name else None
        wrong = []
        if response is not None:
            wrong = misfits(SERVICES[service][1], f"models.{action}Response`", dict(answer), "Response")
        if not answer.get("RequestId"):
            wrong.append("no RequestId")
        if wrong:
            self.record.bad(what, "; ".join(wrong[:6]))
        else:
            self.record.good()
            self.record.succeeded.add((f"{service} {action}", self.way))
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
                self.record.refused.add((f"{service} {action}", error.get_code(), self.way))
            return
        except Exception:
            self.record.bad(what, traceback.format_exc(limit=3))
            return
        self.record.bad(what, f"expected {'|'.join(codes)}, got an answer: {str(dict(answer))[:200]}")

    def same(self, what, got, expected):
        self.record.same(f"{what} by {self.name}", got, expected)

    def true(self, what, condition, detail=""):
        self.record.true(f"{what} by {self.name}", condition, detail)
