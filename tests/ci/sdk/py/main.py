"""Every action of the cloud API through the unmodified Python SDK, on each of its six transports.

    main.py HOST:PORT bootstrap.json other.json

`bootstrap.json` is the owner of a fresh server, `other.json` the JSON of `roadstead account create`.
`ONLY=personal,access` runs some parts alone, `TRANSPORT=0` one transport.
"""

import json
import os
import sys
from types import SimpleNamespace

import access
import caller
import instances
import personal
import traps


def account(path):
    with open(path, encoding="utf-8") as file:
        given = json.load(file)
    return (given["username"], given["password"]), (given["secret_id"], given["secret_key"])


def main():
    endpoint, owner, stranger = sys.argv[1:]
    # The SDK uses a proxy even for the loopback unless host and port are named.
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = f"127.0.0.1,localhost,{endpoint},localhost:{endpoint.split(':')[1]}"
    record = caller.Record()
    login, key = account(owner)
    _, other_key = account(stranger)
    world = SimpleNamespace(endpoint=endpoint, login=login, key=key)
    only = os.environ.get("ONLY", "personal,errors,access,instances,traps,rate").split(",")
    for number, transport in enumerate(caller.TRANSPORTS):
        if os.environ.get("TRANSPORT", str(number)) != str(number):
            continue
        c = caller.Caller(record, endpoint, key, transport)
        other = caller.Caller(record, endpoint, other_key, transport)
        parts = {
            "personal": lambda: personal.walk(world, c, f"walk{number}"),
            "errors": lambda: personal.errors(world, c, f"wrong{number}", other),
            "access": lambda: access.walk(world, c, f"w{number}"),
            "instances": lambda: instances.walk(world, c, f"w{number}"),
        }
        for name, part in parts.items():
            if name in only:
                part()
    if "traps" in only:
        traps.run(world, record)
        traps.unknown(world, record)
    if "rate" in only:
        traps.rate(world, record, other_key)
    record.finish()


main()
