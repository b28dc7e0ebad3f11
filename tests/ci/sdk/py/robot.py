"""Makes a sub-account with one policy: robot.py HOST:PORT bootstrap.json NAME ACTION[,ACTION...] [RESOURCE] [EFFECT]

Prints its uin, access key and registry password as JSON. With an empty ACTION it gets no policy, and `preset:ID` attaches a
preset policy. ACTION may also be a whole document in braces.
"""

import json
import os
import secrets
import sys

import caller


def main():
    endpoint, path, name, actions, *rest = sys.argv[1:]
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = endpoint
    with open(path, encoding="utf-8") as file:
        owner = json.load(file)
    root = caller.Caller(caller.Record(), endpoint, (owner["secret_id"], owner["secret_key"]))
    made = root.raw("cam", "AddUser", {"Name": name, "UseApi": 1})
    key = (made["SecretId"], made["SecretKey"])
    policy = None
    if actions.startswith("preset:"):
        policy = int(actions.removeprefix("preset:"))
    elif actions:
        document = actions
        if not actions.startswith("{"):
            resource, effect = (rest + ["*", "allow"][len(rest):])[:2]
            document = json.dumps({"version": "2.0", "statement": [{"effect": effect, "action": actions.split(","), "resource": resource}]})
        policy = root.raw("cam", "CreatePolicy", {"PolicyName": name, "PolicyDocument": document})["PolicyId"]
    if policy is not None:
        root.raw("cam", "AttachUserPolicy", {"PolicyId": policy, "AttachUin": made["Uin"]})
    password = "Aa1-" + secrets.token_hex(6)
    root.with_key(key).raw("tcr", "CreateUserPersonal", {"Password": password})
    print(json.dumps({"uin": str(made["Uin"]), "username": str(made["Uin"]), "secret_id": key[0], "secret_key": key[1], "password": password}))


main()
