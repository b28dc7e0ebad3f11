"""Makes one call and prints the answer as JSON: call.py HOST:PORT KEY.json SERVICE ACTION PARAMETERS"""

import json
import os
import sys

import caller


def main():
    endpoint, path, service, action, params = sys.argv[1:]
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = endpoint
    with open(path, encoding="utf-8") as file:
        key = json.load(file)
    c = caller.Caller(caller.Record(), endpoint, (key["secret_id"], key["secret_key"]))
    print(json.dumps(c.raw(service, action, json.loads(params))))


main()
