"""The clients that the walk can go with: one call of one SDK, as it comes from its registry.

A backend is one client program; `connect` gives a client with one credential on one transport. A client's `call` is the
way that the makers of the SDK meant, with a method and a structure for each action. Where that way has no room for what
the walk wants to say, it raises `Unfit` before anything is sent, and `instead` is the SDK's own way round. What is unfit
must be in `declared.py`. What the server refuses is a `TencentCloudSDKException`, whatever the client.
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
    """The client cannot say it: `kind` is a key of `declared.py`, `what` the action or a parameter of it."""

    def __init__(self, kind, what):
        super().__init__(f"{kind} {what}")
        self.kind, self.what = kind, what


class Python:
    """The Python SDK, in this process."""

    name, scheme = "python", "http"
    # Where everything runs, where access management and STS do alone, and where unknown parameters can be sent.
    transports, access_alone, unknown = TRANSPORTS, [], TRANSPORTS
    # Whether its clock can be made wrong: `ahead` of a client, in seconds. (A program in Go asks the kernel.)
    clock = True

    def connect(self, endpoint, key, transport, language):
        return PythonClient(endpoint, key, transport, language, self.scheme)

    def close(self):
        """Nothing runs beside this process."""


@contextlib.contextmanager
def clock(ahead):
    """The clock of this process is wrong by so many seconds."""
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
        """Through the model. The inside of `Response` as it came, and nothing that the model has lost."""
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
    """A program that answers one line of JSON for each that it reads."""

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
    """What the clients in programs of their own have in common: the credential goes with each call."""

    ahead = 0

    def __init__(self, backend, endpoint, key, transport, language):
        self.backend, self.transport = backend, transport
        self.common = {"endpoint": endpoint, "key": [*key, ""][:3], "language": language}

    def ask(self, worker, service, action, params, transport=None, **more):
        return worker.ask(service=service, action=action, params=params, transport=transport or self.transport,
                          ahead=self.ahead, **self.common, **more)


def lost(typed, wire, path):
    """Where the typed answer has nothing for what came over the wire (but an empty list). What it has must be the same."""
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
    """The typed clients of the Go SDK; beside them its newest generation."""

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
        """The newest generation: its typed client of STS on the same transport, for all else the client for all products."""
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
    """The newest generation alone. (Of its typed modules, the module proxy serves only STS.)"""

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
    """The SDK of Node.js. Its structures are types of TypeScript only: at run time it takes any parameter."""

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
    """The command line. It signs with TC3, sends with POST, and speaks TLS only."""

    name, scheme = "tccli", "https"
    # (It takes no parameter that it does not know.)
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
        """What it takes in no way, the SDK below it sends; the rest it reads from a file without looking at it."""
        if kind in ("action", "parameter"):
            return self.sdk.instead(kind, service, action, params)
        return self.ask(self.backend.worker, service, action, params, common=True)["wire"], []

    def unsigned(self, service, action, params):
        """It has a list of the actions that need no signature."""
        return self.call(service, action, params)[0]


BACKENDS = {backend.name: backend for backend in (Python, Go, GoNewest, Node, Tccli)}
