"""Pushes small images with the registry API, because the SDK has no call for that."""

import gzip
import hashlib
import io
import json
import tarfile

import requests


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def push(server, login, repository, tag, text, host=None):
    """Pushes an image with one layer that holds the text. Returns the digest of its manifest."""
    url, session = f"{server}/v2/{repository}", requests.Session()
    session.auth, session.trust_env = login, False
    if host:
        session.headers["Host"] = host
    inside = io.BytesIO()
    with tarfile.open(fileobj=inside, mode="w") as tar:
        info = tarfile.TarInfo("etc/motd")
        info.size = len(text.encode())
        tar.addfile(info, io.BytesIO(text.encode()))
    layer = gzip.compress(inside.getvalue(), mtime=0)
    config = json.dumps({
        "created": "2026-01-01T00:00:00Z", "architecture": "amd64", "os": "linux", "author": "roadstead",
        "docker_version": "20.10", "config": {"Cmd": ["/none"], "Labels": {"made-by": "roadstead-tests"}},
        "rootfs": {"type": "layers", "diff_ids": [digest(inside.getvalue())]},
    }).encode()
    for data in (layer, config):
        answer = session.post(f"{url}/blobs/uploads/?digest={digest(data)}", data=data,
                              headers={"Content-Type": "application/octet-stream"})
        if answer.status_code == 202:
            place = answer.headers["Location"]
            place = place if place.startswith("http") else server + place
            answer = session.put(place + ("&" if "?" in place else "?") + "digest=" + digest(data), data=data)
        assert answer.status_code == 201, (answer.status_code, answer.text)
    kind = "application/vnd.docker.distribution.manifest.v2+json"
    manifest = json.dumps({
        "schemaVersion": 2, "mediaType": kind,
        "config": {"mediaType": "application/vnd.docker.container.image.v1+json", "size": len(config), "digest": digest(config)},
        "layers": [{"mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip", "size": len(layer), "digest": digest(layer)}],
    }).encode()
    answer = session.put(f"{url}/manifests/{tag}", data=manifest, headers={"Content-Type": kind})
    assert answer.status_code == 201, (answer.status_code, answer.text)
    return digest(manifest)


def status(server, login, method, path):
    session = requests.Session()
    session.auth, session.trust_env = login, False
    return session.request(method, f"{server}/v2/{path}",
                           headers={"Accept": "application/vnd.docker.distribution.manifest.v2+json"}).status_code
