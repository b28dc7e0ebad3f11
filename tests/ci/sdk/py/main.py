"""Calls every action of the cloud API through an unmodified SDK, on each of its transports.

    main.py BACKEND HOST:PORT DIRECTORY

`BACKEND` is a name in `backends.py`. In the directory, `bootstrap.json` has the owner of a fresh server, and `other.json` the
output of `roadstead account create`. `ONLY=personal,access` runs only these parts, `TRANSPORT=0` only one transport.
"""

import os
import pathlib
import re
import sys
from types import SimpleNamespace

import access
import basics
import caller
import instances
import personal
import refusals
import traps


def actions():
    """Reads the names of all actions from the list in the document."""
    text = (pathlib.Path(__file__).parents[4] / "docs" / "CLOUD_API.md").read_text(encoding="utf-8")
    return re.findall(r"^\| `(\w+)` \|", text.split("<!-- actions: begin")[1].split("<!-- actions: end")[0], re.MULTILINE)


def main():
    name, endpoint, directory = sys.argv[1:]
    record = caller.start(name, endpoint)
    backend = record.backend
    login, key = caller.account(directory, "bootstrap")
    _, other_key = caller.account(directory, "other")
    world = SimpleNamespace(endpoint=endpoint, url=f"{backend.scheme}://{endpoint}", login=login, key=key)
    only = os.environ.get("ONLY", "personal,errors,access,refusals,instances,basics,traps,rate").split(",")
    whole = "ONLY" not in os.environ and "TRANSPORT" not in os.environ
    for number, transport in enumerate(backend.transports + backend.access_alone):
        if os.environ.get("TRANSPORT", str(number)) != str(number):
            continue
        c = caller.Caller(record, endpoint, key, transport)
        other = caller.Caller(record, endpoint, other_key, transport)
        parts = {
            "access": lambda: access.walk(world, c, f"w{number}"),
            "personal": lambda: personal.walk(world, c, f"walk{number}"),
            "errors": lambda: personal.errors(world, c, f"wrong{number}", other),
            "refusals": lambda: refusals.walk(world, c, f"w{number}"),
            "instances": lambda: instances.walk(world, c, f"w{number}"),
        }
        for part in ["access", "refusals"] if transport in backend.access_alone else parts:
            if part in only:
                parts[part]()
    if "basics" in only:
        basics.run(world, record)
        basics.unknown(world, record)
    if "traps" in only and name == "python":
        traps.run(world, record)
    if "rate" in only and name == "python":
        traps.rate(world, record, other_key)
    if whole:
        record.complete(actions())
    record.finish()


main()
