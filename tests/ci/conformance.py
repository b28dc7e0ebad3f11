#!/usr/bin/env python3
"""Tests a running registry over HTTP for rules that the official conformance suite does not test.

    conformance.py URL USER PASSWORD REPOSITORY OTHER_REPOSITORY

It covers malformed names, digests, tags, ranges and manifests with their error codes; pages; content of docker; large
chunks; several clients at once. It is written from the text of the specification and uses only the standard library. It
prints one line for each failed check, with its last exchanges, and `N checks passed, N failed`. CHECK=text runs only the
checks whose name contains the text.
"""

import base64
import hashlib
import http.client
import json
import os
import re
import sys
import threading
import time
import traceback
import urllib.parse

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
OCI_EMPTY = "application/vnd.oci.empty.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
BYTES = "application/octet-stream"
MANIFESTS = ", ".join((OCI_MANIFEST, OCI_INDEX, DOCKER_MANIFEST, DOCKER_LIST))
CODES = set(
    "BLOB_UNKNOWN BLOB_UPLOAD_INVALID BLOB_UPLOAD_UNKNOWN DIGEST_INVALID MANIFEST_BLOB_UNKNOWN MANIFEST_INVALID"
    " MANIFEST_UNKNOWN NAME_INVALID NAME_UNKNOWN SIZE_INVALID UNAUTHORIZED DENIED UNSUPPORTED TOOMANYREQUESTS"
    # Not in the specification's table, but clients know these codes for these cases.
    " TAG_INVALID RANGE_INVALID MANIFEST_UNVERIFIED PAGINATION_NUMBER_INVALID".split()
)


# ---- the client ----


class Response:
    def __init__(self, raw, body):
        self.status, self.headers, self.body = raw.status, raw.headers, body

    def json(self):
        return json.loads(self.body)

    @property
    def codes(self):
        return [error["code"] for error in self.json()["errors"]]


class Client:
    """Keeps its connection; answers a Bearer challenge with a token for the scope of the challenge."""

    def __init__(self, url, user, password):
        self.url = url
        self.basic = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        self.tokens = {}
        self.seen = []
        self.local = threading.local()

    def connection(self, netloc):
        pool = self.local.__dict__.setdefault("pool", {})
        if netloc not in pool:
            pool[netloc] = http.client.HTTPConnection(netloc, timeout=60)
        return pool[netloc]

    def once(self, method, url, body, headers, chunked=False):
        parts = urllib.parse.urlsplit(url)
        target = parts.path + ("?" + parts.query if parts.query else "")
        connection = self.connection(parts.netloc)
        for last in (False, True):
            try:
                connection.request(method, target, iter([body]) if chunked else body, headers, encode_chunked=chunked)
                raw = connection.getresponse()
                break
            except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
                connection.close()
                if last:
                    raise
        response = Response(raw, raw.read())
        shown = {k: v for k, v in headers.items() if k != "Authorization"}
        text = repr(response.body[:300])
        self.seen.append(f"{method} {url} {shown}\n      -> {raw.status} {dict(raw.headers)} {text}")
        return response

    def request(self, method, path, body=None, headers=None, chunked=False, **query):
        url = urllib.parse.urljoin(self.url, path)
        if query:
            pairs = urllib.parse.urlencode([(k.replace("_", "-"), v) for k, v in query.items()], doseq=True)
            url += ("&" if "?" in url else "?") + pairs
        headers = dict(headers or {})
        if chunked:
            headers["Transfer-Encoding"] = "chunked"
        elif body is None and method in ("POST", "PUT", "PATCH"):
            headers["Content-Length"] = "0"
        key = (urllib.parse.urlsplit(url).path.split("/manifests/")[0].split("/blobs/")[0], method, query.get("from"))
        if key in self.tokens:
            headers["Authorization"] = self.tokens[key]
        response = self.once(method, url, body, headers, chunked)
        if response.status == 401:
            self.tokens[key] = headers["Authorization"] = self.answer(response.headers["WWW-Authenticate"])
            response = self.once(method, url, body, headers, chunked)
        if 400 <= response.status < 500 and method != "HEAD" and response.body:
            check_errors(response)
        return response

    def answer(self, challenge):
        kind, _, rest = challenge.partition(" ")
        if kind.lower() == "basic":
            return self.basic
        fields = dict(re.findall(r'(\w+)="([^"]*)"', rest))
        query = urllib.parse.urlencode(
            [("service", fields.get("service", ""))] + [("scope", s) for s in fields.get("scope", "").split() if s]
        )
        reply = self.once("GET", fields["realm"] + "?" + query, None, {"Authorization": self.basic})
        same(reply.status, 200)
        return "Bearer " + (reply.json().get("token") or reply.json()["access_token"])


def check_errors(response):
    """Checks that the JSON body of a 4xx has the form of the specification."""
    if "json" not in (response.headers["Content-Type"] or ""):
        return
    errors = response.json()["errors"]
    assert errors, "an empty list of errors"
    for error in errors:
        assert error["code"] in CODES, f"error code {error['code']} is none of the specification's"
        assert isinstance(error.get("message", ""), str)


# ---- assertions ----


def same(got, expected):
    assert got == expected, f"expected {expected!r}, got {got!r}"


def one_of(got, *expected):
    assert got in expected, f"expected one of {expected!r}, got {got!r}"


def expect(response, status, code=None):
    statuses = status if isinstance(status, tuple) else (status,)
    one_of(response.status, *statuses)
    if code:
        assert code in response.codes, f"expected the code {code}, got {response.codes}"
    return response


# ---- content ----

CHECKS = []


def check(*variants):
    """Registers a check. A check with variants runs once for each variant."""

    def register(function):
        for variant in variants or [None]:
            name = function.__name__.replace("_", " ") + (f" [{variant}]" if variant else "")
            CHECKS.append((name, lambda f=function, v=variant: f(v) if v else f()))
        return function

    return register


ALGORITHMS = ("sha256", "sha512")


def digest_of(data, algorithm="sha256"):
    return f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}"


def fresh(size=512):
    return os.urandom(size)


def descriptor(kind, data, algorithm="sha256"):
    return {"mediaType": kind, "digest": digest_of(data, algorithm), "size": len(data)}


def dump(value):
    return json.dumps(value).encode()


def blob_url(repo, digest):
    return f"/v2/{repo}/blobs/{digest}"


def manifest_url(repo, reference):
    return f"/v2/{repo}/manifests/{reference}"


def upload(repo=None, **query):
    """Starts an upload and returns its address."""
    response = expect(C.request("POST", f"/v2/{repo or R1}/blobs/uploads/", **query), 202)
    return response.headers["Location"]


def put_blob(data, algorithm="sha256", repo=None):
    digest = digest_of(data, algorithm)
    response = C.request("PUT", upload(repo), data, {"Content-Type": BYTES}, digest=digest)
    committed(response, data, digest)
    return digest


def committed(response, data, digest):
    """Checks that a blob was stored: the answer has its address and digest, and the blob can be read there."""
    expect(response, 201)
    same(response.headers["Docker-Content-Digest"], digest)
    same(expect(C.request("GET", response.headers["Location"]), 200).body, data)


def readable(repo, data, digest):
    head = expect(C.request("HEAD", blob_url(repo, digest)), 200)
    get = expect(C.request("GET", blob_url(repo, digest)), 200)
    same(get.body, data)
    for response in (head, get):
        same(response.headers["Content-Length"], str(len(data)))
        same(response.headers["Docker-Content-Digest"], digest)


def delete_blob(digest, repo=None):
    repo = repo or R1
    expect(C.request("DELETE", blob_url(repo, digest)), 202)
    expect(C.request("GET", blob_url(repo, digest)), 404, "BLOB_UNKNOWN")
    expect(C.request("HEAD", blob_url(repo, digest)), 404)


def put_manifest(reference, body, repo=None, kind=None, **query):
    kind = kind or json.loads(body).get("mediaType", OCI_MANIFEST)
    return C.request("PUT", manifest_url(repo or R1, reference), body, {"Content-Type": kind}, **query)


class Content:
    """Blobs and manifests of a test image, in the order in which they are pushed."""

    def __init__(self, algorithm="sha256"):
        self.algorithm, self.blobs, self.manifests, self.tags, self.referrers = algorithm, [], [], {}, []

    def blob(self, kind, content=None, **more):
        content = fresh() if content is None else content
        self.blobs.append(content)
        return dict(descriptor(kind, content, self.algorithm), **more)

    def manifest(self, value, tag=None, subject=None, **more):
        if subject:
            value["subject"] = {k: subject[k] for k in ("mediaType", "digest", "size")}
        value.update(more)
        body = dump(value)
        made = descriptor(value["mediaType"], body, self.algorithm)
        self.manifests.append(body)
        if tag:
            self.tags[tag] = body
        if subject:
            listed = dict(made, annotations=value.get("annotations"))
            listed["artifactType"] = value.get("artifactType") or value.get("config", {}).get("mediaType")
            self.referrers.append((subject["digest"], listed))
        return made

    def image(self, tag=None, layers=2, architecture="amd64", kind=OCI_MANIFEST, **more):
        config = dump({"architecture": architecture, "os": "linux", "rootfs": {"type": "layers", "diff_ids": []}, "salt": fresh(8).hex()})
        value = {"schemaVersion": 2, "mediaType": kind, "config": self.blob(OCI_CONFIG, config)}
        value["layers"] = [self.blob(OCI_LAYER) for _ in range(layers)]
        made = self.manifest(value, tag, **more)
        return dict(made, platform={"os": "linux", "architecture": architecture})

    def artifact(self, tag=None, kind="application/vnd.example.one", **more):
        value = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "artifactType": kind, "config": self.blob(OCI_EMPTY, b"{}"), "layers": [self.blob(kind)]}
        return self.manifest(value, tag, **more)

    def index(self, tag=None, children=None, kind=OCI_INDEX, **more):
        if children is None:
            children = [self.image(architecture=a) for a in ("amd64", "arm64")]
        return self.manifest({"schemaVersion": 2, "mediaType": kind, "manifests": children}, tag, **more)


def build(kind):
    c = Content()
    if kind == "image":
        c.image("image")
    elif kind == "docker image":
        c.image("docker", kind=DOCKER_MANIFEST)
    elif kind == "docker list":
        c.index("docker-list", [c.image(kind=DOCKER_MANIFEST)], kind=DOCKER_LIST)
    elif kind == "large manifest":
        c.image("large", annotations={f"large-{i}": "A" * 10000 for i in range(390)})
    elif kind == "empty index":
        c.index("empty", [])
    elif kind == "artifact without layers":
        empty = c.blob(OCI_EMPTY, b"{}")
        c.manifest({"schemaVersion": 2, "mediaType": OCI_MANIFEST, "artifactType": "application/vnd.example.one", "config": empty, "layers": [empty]}, "bare")
    elif kind == "no mediaType":
        body = {"schemaVersion": 2, "config": c.blob(OCI_CONFIG), "layers": [c.blob(OCI_LAYER)]}
        c.manifests.append(dump(body))
        c.tags["untyped"] = c.manifests[-1]
    else:
        raise ValueError(kind)
    return c


SHAPES = "docker image,docker list,large manifest,empty index,artifact without layers,no mediaType".split(",")


# ---- the checks ----


@check()
def repository_that_does_not_exist():
    repo, digest = R1 + "-none", digest_of(fresh())
    for reference in ("latest", digest):
        expect(C.request("GET", manifest_url(repo, reference)), 404)
        expect(C.request("HEAD", manifest_url(repo, reference)), 404)
    expect(C.request("GET", blob_url(repo, digest)), 404)
    expect(C.request("GET", f"/v2/{repo}/tags/list"), 404, "NAME_UNKNOWN")
    expect(C.request("DELETE", manifest_url(repo, digest)), 404)
    # The referrers API never answers 404, because clients would read that as "not supported".
    empty_referrers(repo, digest)


def empty_referrers(repo, digest):
    response = expect(C.request("GET", f"/v2/{repo}/referrers/{digest}"), 200)
    same(response.headers["Content-Type"], OCI_INDEX)
    body = response.json()
    same((body["schemaVersion"], body["mediaType"], body["manifests"]), (2, OCI_INDEX, []))


@check(*ALGORITHMS)
def blob_that_does_not_exist(algorithm):
    digest = digest_of(fresh(), algorithm)
    expect(C.request("GET", blob_url(R1, digest)), 404, "BLOB_UNKNOWN")
    expect(C.request("HEAD", blob_url(R1, digest)), 404)
    expect(C.request("DELETE", blob_url(R1, digest)), 404)


def patch(location, data, first, **more):
    headers = {"Content-Type": BYTES, "Content-Range": f"{first}-{first + len(data) - 1}"}
    return C.request("PATCH", location, data, headers, **more)


def in_chunks(algorithm, announce, size=3 * 1024 - 5, step=1024):
    """The PUT sends the last chunk."""
    data = fresh(size)
    digest = digest_of(data, algorithm)
    location = upload(**({"digest_algorithm": algorithm} if announce else {}))
    for first in range(0, size - step, step):
        part = data[first : first + step]
        location = expect(patch(location, part, first), 202).headers["Location"]
        status = expect(C.request("GET", location), 204)
        same(status.headers["Range"], f"0-{first + len(part) - 1}")
    first += step
    headers = {"Content-Type": BYTES, "Content-Range": f"{first}-{size - 1}"}
    committed(C.request("PUT", location, data[first:], headers, digest=digest), data, digest)
    readable(R1, data, digest)
    expect(C.request("GET", location), 404, "BLOB_UPLOAD_UNKNOWN")
    delete_blob(digest)


@check(*ALGORITHMS)
def blob_in_chunks_whose_algorithm_was_not_announced(algorithm):
    in_chunks(algorithm, False)


@check(*ALGORITHMS)
def blob_in_large_chunks(algorithm):
    in_chunks(algorithm, True, size=25_000_000, step=9_999_991)


@check()
def blob_streamed_into_put():
    data = fresh(300_000)
    digest = digest_of(data)
    committed(C.request("PUT", upload(), data, {"Content-Type": BYTES}, chunked=True, digest=digest), data, digest)


@check(*ALGORITHMS)
def mounted_blob_outlives_its_source(algorithm):
    data = fresh()
    digest = put_blob(data, algorithm, R2)
    committed(C.request("POST", f"/v2/{R1}/blobs/uploads/", mount=digest, **{"from": R2}), data, digest)
    delete_blob(digest, R2)
    readable(R1, data, digest)
    delete_blob(digest)


@check()
def upload_that_does_not_exist():
    location = upload()
    path = urllib.parse.urlsplit(location).path
    unknown = path.rsplit("/", 1)[0] + "/00000000-0000-4000-8000-000000000000"
    expect(C.request("GET", unknown), 404, "BLOB_UPLOAD_UNKNOWN")
    expect(patch(unknown, fresh(), 0), 404)


@check("sha256:short", "sha256:" + "A" * 64, "md5:" + "0" * 32, "nonsense", "sha256:" + "g" * 64)
def digest_that_is_none(digest):
    expect(C.request("PUT", upload(), fresh(), {"Content-Type": BYTES}, digest=digest), 400, "DIGEST_INVALID")
    one_of(C.request("POST", f"/v2/{R1}/blobs/uploads/", fresh(), {"Content-Type": BYTES}, digest=digest).status, 400, 202)
    one_of(C.request("GET", blob_url(R1, digest)).status, 400, 404)
    expect(C.request("GET", f"/v2/{R1}/referrers/{digest}"), 400)


@check()
def upload_closed_without_a_digest():
    expect(C.request("PUT", upload(), fresh(), {"Content-Type": BYTES}), 400, "DIGEST_INVALID")


@check("0-x", "x-511", "5", "9-3", "0-99999")
def content_range_that_is_none(value):
    response = C.request("PATCH", upload(), fresh(), {"Content-Type": BYTES, "Content-Range": value})
    one_of(response.status, 400, 416)


@check(*ALGORITHMS)
def ranges_of_a_blob(algorithm):
    data = fresh(2048)
    url = blob_url(R1, put_blob(data, algorithm))
    for asked, first, last in (
        ("0-0", 0, 0),
        ("-5000", 0, 2047),
        ("2000-9999", 2000, 2047),
        ("0-2047", 0, 2047),
    ):
        part = expect(C.request("GET", url, headers={"Range": f"bytes={asked}"}), 206)
        same(part.body, data[first : last + 1])
        same(part.headers["Content-Length"], str(last - first + 1))
        one_of(part.headers["Content-Range"], f"bytes {first}-{last}/2048", f"bytes {first}-{last}/*")
    beyond = C.request("GET", url, headers={"Range": "bytes=2048-"})
    same((beyond.status, beyond.headers["Content-Range"]), (416, "bytes */2048"))
    # Unknown units and forms are ignored.
    for asked in ("lines=1-2", "bytes=9-3", "bytes=x"):
        response = C.request("GET", url, headers={"Range": asked})
        assert (response.status, response.body) == (200, data) or response.status == 416, (asked, response.status)


@check()
def same_blob_from_eight_clients_at_once():
    data = fresh(1_000_000)
    digest, answers = digest_of(data), []
    locations = [upload() for _ in range(8)]

    def send(location):
        answers.append(C.request("PUT", location, data, {"Content-Type": BYTES}, digest=digest).status)

    threads = [threading.Thread(target=send, args=(location,)) for location in locations]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    same(answers, [201] * 8)
    readable(R1, data, digest)


def push(content):
    for data in content.blobs:
        put_blob(data, content.algorithm)
    tags = {body: tag for tag, body in content.tags.items()}
    subjects = {listed["digest"]: subject for subject, listed in content.referrers}
    for body in content.manifests:
        digest = digest_of(body, content.algorithm)
        response = expect(put_manifest(tags.get(body, digest), body), 201)
        same(response.headers["Docker-Content-Digest"], digest)
        same(response.headers["OCI-Subject"], subjects.get(digest))
        same(expect(C.request("GET", response.headers["Location"], headers={"Accept": MANIFESTS}), 200).body, body)


def read_back(content):
    listed = expect(C.request("GET", f"/v2/{R1}/tags/list"), 200).json()
    same(listed["name"], R1)
    for tag in content.tags:
        assert tag in listed["tags"], f"the tag {tag} is not listed"
    references = [(tag, body) for tag, body in content.tags.items()]
    references += [(digest_of(body, content.algorithm), body) for body in content.manifests]
    for reference, body in references:
        kind = json.loads(body).get("mediaType", OCI_MANIFEST)
        digest = digest_of(body, content.algorithm)
        for method in ("GET", "HEAD"):
            for accept in (MANIFESTS, kind):
                response = expect(C.request(method, manifest_url(R1, reference), headers={"Accept": accept}), 200)
                same(response.headers["Content-Type"], kind)
                same(response.headers["Content-Length"], str(len(body)))
                same(response.headers["Docker-Content-Digest"], digest)
                same(response.body, body if method == "GET" else b"")
        expect(C.request("GET", manifest_url(R1, reference)), 200)


def referrers(digest, **query):
    """Reads all pages of the referrers list."""
    path, found, headers = f"/v2/{R1}/referrers/{digest}", [], None
    while path:
        response = expect(C.request("GET", path, **query), 200)
        same(response.headers["Content-Type"], OCI_INDEX)
        body = response.json()
        same((body["schemaVersion"], body["mediaType"]), (2, OCI_INDEX))
        found += body["manifests"]
        headers = headers or response.headers
        path, query = next_page(response), {}
    return found, headers


def next_page(response):
    link = response.headers["Link"]
    match = re.fullmatch(r'<([^>]+)>; *rel="?next"?', link) if link else None
    assert not link or match, f"a Link of another form: {link}"
    return match and match.group(1)


def plain(entry):
    return {key: value for key, value in entry.items() if value is not None}


def check_referrers(content):
    for subject in {subject for subject, _ in content.referrers}:
        expected = [plain(entry) for to, entry in content.referrers if to == subject]
        found, _ = referrers(subject)
        order = lambda entry: entry["digest"]
        same(sorted(found, key=order), sorted(expected, key=order))
        for kind in {entry["artifactType"] for entry in expected if "artifactType" in entry}:
            found, headers = referrers(subject, artifactType=kind)
            one_of("artifactType", *re.split(r", *", headers["OCI-Filters-Applied"] or ""))
            same(sorted(found, key=order), sorted((e for e in expected if e.get("artifactType") == kind), key=order))
        same(referrers(subject, artifactType="application/nothing")[0], [])


def remove(content):
    for tag, body in content.tags.items():
        expect(C.request("DELETE", manifest_url(R1, tag)), 202)
        expect(C.request("GET", manifest_url(R1, tag)), 404, "MANIFEST_UNKNOWN")
        expect(C.request("HEAD", manifest_url(R1, tag)), 404)
        expect(C.request("HEAD", manifest_url(R1, digest_of(body, content.algorithm))), 200)
        assert tag not in (C.request("GET", f"/v2/{R1}/tags/list").json()["tags"] or [])
    # Delete parents before their children, as a careful client does.
    for body in reversed(content.manifests):
        digest = digest_of(body, content.algorithm)
        expect(C.request("DELETE", manifest_url(R1, digest)), 202)
        expect(C.request("GET", manifest_url(R1, digest)), 404, "MANIFEST_UNKNOWN")
        expect(C.request("DELETE", manifest_url(R1, digest)), 404)
    for subject, _ in content.referrers:
        same(referrers(subject)[0], [])
    for data in {bytes(data) for data in content.blobs}:
        delete_blob(digest_of(data, content.algorithm))


@check(*SHAPES)
def content_of_this_shape(kind):
    content = build(kind)
    push(content)
    read_back(content)
    check_referrers(content)
    remove(content)


@check()
def content_type_with_parameters():
    content = build("image")
    for data in content.blobs:
        put_blob(data)
    (body,) = content.manifests
    expect(put_manifest("charset", body, kind=OCI_MANIFEST + "; charset=utf-8"), 201)
    same(C.request("GET", manifest_url(R1, "charset")).headers["Content-Type"], OCI_MANIFEST)


@check(*ALGORITHMS)
def manifest_with_another_digest(algorithm):
    content = build("image")
    for data in content.blobs:
        put_blob(data)
    expect(put_manifest(digest_of(fresh(), algorithm), content.manifests[0]), 400, "DIGEST_INVALID")


@check("layer", "config", "child")
def manifest_that_names_what_is_not_there(part):
    content = build("image")
    for data in content.blobs:
        put_blob(data)
    value = json.loads(content.manifests[0])
    if part == "layer":
        value["layers"].append(descriptor(OCI_LAYER, fresh()))
    elif part == "config":
        value["config"] = descriptor(OCI_CONFIG, fresh())
    else:
        value = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [descriptor(OCI_MANIFEST, fresh())]}
    expect(put_manifest("incomplete", dump(value)), (400, 404), "MANIFEST_BLOB_UNKNOWN")
    expect(C.request("GET", manifest_url(R1, "incomplete")), 404)


@check("{", "[]", "\"text\"", '{"schemaVersion": 1}', "\u0000", "{}")
def manifest_that_is_none(text):
    expect(put_manifest("broken", text.encode(), kind=OCI_MANIFEST), 400, "MANIFEST_INVALID")


@check()
def manifest_of_another_type_than_it_says():
    content = build("image")
    for data in content.blobs:
        put_blob(data)
    expect(put_manifest("liar", content.manifests[0], kind=OCI_INDEX), 400, "MANIFEST_INVALID")


@check()
def manifest_that_is_too_large():
    value = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [], "annotations": {"a": "A" * 40_000_000}}
    try:
        expect(put_manifest("huge", dump(value)), 413)
    except (BrokenPipeError, ConnectionResetError):
        pass  # refused before the body was sent: some HTTP libraries report that as a broken connection
    C.local.pool.clear()


@check("." + "a", "a" * 129, "a b", "a%2Fb", "-a", "ä")
def tag_that_is_none(tag):
    content = Content()
    content.index(children=[])
    one_of(put_manifest(urllib.parse.quote(tag, safe="%"), content.manifests[0]).status, 400, 404)


@check()
def longest_tag():
    content = Content()
    content.index(children=[])
    tag = "A" * 128
    expect(put_manifest(tag, content.manifests[0]), 201)
    expect(C.request("GET", manifest_url(R1, tag)), 200)
    expect(C.request("DELETE", manifest_url(R1, tag)), 202)


@check("UPPER/case", "library/.hidden", "library/a__", "library/a..b", "library/-a", "library/%2e%2e")
def repository_name_that_is_none(name):
    one_of(C.request("GET", f"/v2/{name}/tags/list").status, 400, 404)
    one_of(C.request("POST", f"/v2/{name}/blobs/uploads/").status, 400, 404)


@check()
def tag_that_moves():
    content = Content()
    first, second = content.image(), content.image()
    push(content)
    for body in content.manifests:
        expect(put_manifest("moving", body), 201)
        same(C.request("HEAD", manifest_url(R1, "moving")).headers["Docker-Content-Digest"], digest_of(body))
    for made in (first, second):
        expect(C.request("HEAD", manifest_url(R1, made["digest"])), 200)
    # Deleting a manifest deletes the tags that point at it.
    expect(C.request("DELETE", manifest_url(R1, second["digest"])), 202)
    expect(C.request("GET", manifest_url(R1, "moving")), 404)


@check()
def tags_in_pages():
    repo = R1 + "-tags"
    body = dump({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": []})
    tags = ["1", "10", "2", "A", "Z", "_x", "a", "a-b", "a.b", "aB", "b", "v1.0", "v1.0-rc.1", "zz"]
    for tag in reversed(tags):
        expect(put_manifest(tag, body, repo), 201)
    url = f"/v2/{repo}/tags/list"
    listed = C.request("GET", url).json()["tags"]
    assert listed in (sorted(tags), sorted(tags, key=str.lower)), listed
    for n in (1, 2, 5, len(tags), 1000):
        found, path, query = [], url, {"n": n}
        while path:
            response = expect(C.request("GET", path, **query), 200)
            page = response.json()["tags"]
            assert len(page) <= n, f"{len(page)} tags in a page of {n}"
            path, query = next_page(response), {}
            assert len(page) == n or not path, "a page that is not full, and yet not the last"
            found += page
        same(found, listed)
    none = expect(C.request("GET", url, n=0), 200)
    same((none.json()["tags"], none.headers["Link"]), ([], None))
    for i, last in enumerate(listed):
        same(C.request("GET", url, last=last).json()["tags"] or [], listed[i + 1 :])
        same(C.request("GET", url, last=last, n=2).json()["tags"] or [], listed[i + 1 : i + 3])
    # A missing tag still marks a place in the order.
    same(C.request("GET", url, last="a-a").json()["tags"], [t for t in listed if t > "a-a"])
    one_of(C.request("GET", url, n="x").status, 400, 200)
    one_of(C.request("GET", url, n=-1).status, 400, 200)
    for tag in tags:
        expect(C.request("DELETE", manifest_url(repo, tag)), 202)
    one_of(C.request("GET", url).json()["tags"], [], None)


@check()
def referrers_come_and_go():
    content = Content()
    subject = content.image("subject")
    push(content)
    empty_referrers(R1, subject["digest"])
    for i in range(30):
        content.artifact(subject=subject, annotations={"n": str(i)})
    for data in content.blobs:
        put_blob(data)
    for body in content.manifests[1:]:
        same(expect(put_manifest(digest_of(body), body), 201).headers["OCI-Subject"], subject["digest"])
    check_referrers(content)
    gone = content.referrers.pop(7)[1]
    expect(C.request("DELETE", manifest_url(R1, gone["digest"])), 202)
    check_referrers(content)
    # If the subject is deleted and pushed again, its referrers are still known.
    expect(C.request("DELETE", manifest_url(R1, subject["digest"])), 202)
    expect(put_manifest(subject["digest"], content.manifests[0]), 201)
    check_referrers(content)
    # Referrers belong to one repository only.
    same(C.request("GET", f"/v2/{R2}/referrers/{subject['digest']}").json()["manifests"], [])


# ---- the run ----


def main():
    failed = 0
    started = time.monotonic()
    chosen = [(name, run) for name, run in CHECKS if os.environ.get("CHECK", "") in name]
    for name, run in chosen:
        C.seen.clear()
        C.local.__dict__.pop("pool", None)
        try:
            run()
        except Exception as error:  # noqa: BLE001: any error means that the check failed
            failed += 1
            where = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == __file__]
            print(f"FAILED {name}: {type(error).__name__}: {str(error)[:500]}")
            print("   at " + " < ".join(f"{f.name}:{f.lineno}" for f in reversed(where)))
            for exchange in C.seen[-3:]:
                print("   " + exchange[:1200])
    print(f"{len(chosen) - failed} checks passed, {failed} failed ({time.monotonic() - started:.1f} s)")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    C = Client(sys.argv[1].rstrip("/"), sys.argv[2], sys.argv[3])
    R1, R2 = sys.argv[4], sys.argv[5]
    main()
