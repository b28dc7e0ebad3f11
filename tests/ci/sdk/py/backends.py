"""The clients that run the cases. Each is an unmodified SDK from its package registry.

A backend is one client program; `connect` returns a client with one credential on one transport. A client's `call` uses the
usual interface of the SDK, with a method and a structure for each action. If a call does not fit into the structure, `call`
raises `Unfit` before it sends anything; then `instead` uses the SDK's interface for any action. Every unfit call must be in
`declared.py`. An error of the server is a `TencentCloudSDKException`, with every client.
"""

import contextlib
import inspect
import json
import os
import pathlib
import subprocess
import sys
import time

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


class Unfit(Exception):
    """The client cannot make this call. `kind` is a key of `declared.py`, `what` the action or one of its parameters."""

    def __init__(self, kind, what):
        super().__init__(f"{kind} {what}")
        self.kind, self.what = kind, what


class Python:
    """The Python SDK, in this process."""

    name, scheme = "python", "http"
    # Transports for all cases, transports for access management and STS only, transports that can send unknown parameters.
    transports, access_alone, unknown = TRANSPORTS, [], TRANSPORTS
    # Whether a test can shift the clock of the client, by `ahead` seconds. (Not in Go, which asks the kernel.)
    clock = True

    def connect(self, endpoint, key, transport, language):
        return PythonClient(endpoint, key, transport, language, self.scheme)

    def close(self):
        """Does nothing: this backend has no process of its own."""


@contextlib.contextmanager
def clock(ahead):
    """Shifts the clock of this process by `ahead` seconds."""
    real = time.time
    time.time = lambda: real() + ahead
    try:
        yield
    finally:
        time.time = real


class PythonClient:
    ahead = 0

    def __init__(self, endpoint, key, transport, language, scheme):
        http = HttpProfile(protocol=scheme, endpoint=endpoint, reqMethod=transport[1], reqTimeout=30)
        profile = ClientProfile(signMethod=transport[0], httpProfile=http, language=language)
        key = credential.Credential(*key)
        self.clients = {name: client(key, "ap-guangzhou", profile) for name, (client, _) in SERVICES.items()}

    def call(self, service, action, params):
        """Calls through the model. Returns the content of `Response` as received, and no lost fields."""
        client, (_, models) = self.clients[service], SERVICES[service]
        method = getattr(client, action, None)
        if method is None:
            raise Unfit("action", action)
        request = getattr(models, action + "Request")()
        for name in params:
            if not isinstance(inspect.getattr_static(request, name, None), property):
                raise Unfit("parameter", f"{action}.{name}")
        request.from_json_string(json.dumps(params))
        bodies, plain = [], client.call
        client.call = lambda *args, **kwargs: bodies.append(plain(*args, **kwargs)) or bodies[-1]
        try:
            with clock(self.ahead):
                method(request)
        finally:
            client.call = plain
        return json.loads(bodies[-1])["Response"], []

    def instead(self, kind, service, action, params):
        return self.clients[service].call_json(action, params)["Response"], []

    def unsigned(self, service, action, params):
        return self.clients[service].call_json(action, params, options={"SkipSign": True})["Response"]


class Worker:
    """A program that reads lines of JSON and answers each with a line of JSON."""

    def __init__(self, *command, **environment):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ | environment)

    def ask(self, **question):
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.process.args[0]} is gone: {self.process.wait()}")
        answer = json.loads(line)
        if "unfit" in answer:
            raise Unfit(answer["unfit"], answer["what"])
        if "code" in answer:
            raise TencentCloudSDKException(answer["code"], answer["message"], answer["requestId"])
        if "fault" in answer:
            raise RuntimeError(answer["fault"])
        return answer

    def close(self):
        self.process.stdin.close()
        self.process.wait(30)


class WorkerClient:
    """A client in a program of its own. The credential goes with each call."""

    ahead = 0

    def __init__(self, backend, endpoint, key, transport, language):
        self.backend, self.transport = backend, transport
        self.common = {"endpoint": endpoint, "key": [*key, ""][:3], "language": language}

    def ask(self, worker, service, action, params, transport=None, **more):
        return worker.ask(service=service, action=action, params=params, transport=transport or self.transport,
                          ahead=self.ahead, **self.common, **more)


def lost(typed, wire, path):
    """Returns the fields of the wire that the typed answer lacks, except empty lists. The fields that it has must be equal."""
    if isinstance(typed, dict) and isinstance(wire, dict):
        if set(typed) - set(wire):
            raise RuntimeError(f"{path}: {sorted(set(typed) - set(wire))} did not come over the wire")
        return [gone for key, value in wire.items() if value not in (None, [])
                for gone in (lost(typed[key], value, f"{path}.{key}") if key in typed else [f"{path}.{key}"])]
    if isinstance(typed, list) and isinstance(wire, list) and len(typed) == len(wire):
        return sorted({gone for pair in zip(typed, wire) for gone in lost(*pair, path)})
    if typed != wire or isinstance(typed, bool) != isinstance(wire, bool):
        raise RuntimeError(f"{path}: {wire!r} came, the typed answer says {typed!r}")
    return []


class Go:
    """The typed clients of the Go SDK, and its newest version for calls that do not fit."""

    name, scheme = "go", "http"
    transports, access_alone, unknown, clock = TRANSPORTS, [], TRANSPORTS[:1], False

    def __init__(self):
        tools = os.environ["TOOLS"]
        self.typed = Worker(f"{tools}/sdk-go-typed")
        self.newest = Worker(f"{tools}/sdk-go-common")

    def connect(self, *given):
        return GoClient(self, *given)

    def close(self):
        self.typed.close()
        self.newest.close()


class GoClient(WorkerClient):
    def call(self, service, action, params):
        return self.decoded(self.backend.typed, service, action, params)

    def decoded(self, worker, service, action, params):
        answer = self.ask(worker, service, action, params)
        return answer["wire"], lost(answer["response"], answer["wire"], action)

    def instead(self, kind, service, action, params):
        """Uses the newest version: its typed client of STS on the same transport, or else the client for all products."""
        try:
            return self.decoded(self.backend.newest, service, action, params)
        except Unfit:
            return self.common_client(service, action, params)

    def common_client(self, service, action, params):
        answer = self.ask(self.backend.newest, service, action, params, transport=TRANSPORTS[0], common=True)
        return answer["wire"], []

    def unsigned(self, service, action, params):
        return self.ask(self.backend.newest, service, action, params, unsigned=True)["wire"]


class GoNewest(Go):
    """Only the newest version. (Of its typed modules, the module proxy serves only STS.)"""

    name = "go-newest"
    transports, access_alone = TRANSPORTS[:1], TRANSPORTS[1:]

    def connect(self, *given):
        return GoNewestClient(self, *given)


class GoNewestClient(GoClient):
    def call(self, service, action, params):
        if service == "sts":
            return self.decoded(self.backend.newest, service, action, params)
        if self.transport != TRANSPORTS[0]:
            raise Unfit("transport", action)
        return self.common_client(service, action, params)

    def instead(self, kind, service, action, params):
        return self.common_client(service, action, params)


class Node:
    """The SDK of Node.js. Its structures exist only in TypeScript: at run time it takes any parameter."""

    name, scheme = "node", "http"
    transports, access_alone, unknown, clock = TRANSPORTS, [], TRANSPORTS, True

    def __init__(self):
        here = pathlib.Path(__file__).parent
        self.worker = Worker("node", f"{here.parent}/js/worker.js", NODE_PATH=f"{os.environ['TOOLS']}/sdk-node/node_modules")

    def connect(self, *given):
        return NodeClient(self, *given)

    def close(self):
        self.worker.close()


class NodeClient(WorkerClient):
    def call(self, service, action, params):
        return self.ask(self.backend.worker, service, action, params)["wire"], []

    def instead(self, kind, service, action, params):
        return self.ask(self.backend.worker, service, action, params, common=True)["wire"], []

    def unsigned(self, service, action, params):
        return self.ask(self.backend.worker, service, action, params, unsigned=True)["wire"]


class Tccli:
    """The command line tccli. It signs with TC3, sends POST, and uses TLS only."""

    name, scheme = "tccli", "https"
    # (tccli refuses unknown parameters.)
    transports, access_alone, unknown, clock = TRANSPORTS[:1], [], [], True

    def __init__(self):
        self.worker = Worker(sys.executable, f"{pathlib.Path(__file__).parent}/tccli_worker.py")

    def connect(self, *given):
        return TccliClient(self, *given)

    def close(self):
        self.worker.close()


class TccliClient(WorkerClient):
    def __init__(self, backend, endpoint, key, transport, language):
        super().__init__(backend, endpoint, key, transport, language)
        self.sdk = PythonClient(endpoint, key, transport, language, backend.scheme)

    def call(self, service, action, params):
        return self.ask(self.backend.worker, service, action, params)["wire"], []

    def instead(self, kind, service, action, params):
        """Uses the Python SDK for unknown actions and parameters. Otherwise tccli reads the call from a file, unchecked."""
        if kind in ("action", "parameter"):
            return self.sdk.instead(kind, service, action, params)
        return self.ask(self.backend.worker, service, action, params, common=True)["wire"], []

    def unsigned(self, service, action, params):
        """tccli itself knows which actions need no signature."""
        return self.call(service, action, params)[0]


BACKENDS = {backend.name: backend for backend in (Python, Go, GoNewest, Node, Tccli)}
