"""Makes calls with tccli: each line of standard input is a call, each line of standard output its result. (backends.py is the
other end.)

It runs the `main` of tccli with the arguments that a user would type. All commands run in one process and share one list of
the cloud's services, because the start and that list take nine tenths of the time of a command.
"""

import io
import json
import os
import re
import sys
import tempfile

from backends import clock

OUT = os.fdopen(os.dup(1), "w", encoding="utf-8")
from tccli import command, main  # noqa: E402 (The import changes standard output.)

COMMANDS = command.CLICommand()

REFUSED = re.compile(r"\[TencentCloudSDKException\] code:(\S+) message:(.*) requestId:([0-9a-f-]+)\s*\Z", re.DOTALL)
# The messages of tccli before it sends anything, and their kinds in declared.py.
UNFIT = (
    ("required", re.compile(r"error: the following arguments are required: --(\w+)")),
    ("type", re.compile(r"error: argument --(\w+): invalid")),
    ("parameter", re.compile(r"Unknown options: --(\w+)")),
)


class Kept(io.BytesIO):
    """A buffer that stays open. tccli wraps the buffer of standard output anew each time, and a dropped wrapper closes it."""

    def close(self):
        pass


def commands():
    """The commands of all services. Those of the three tested services are made anew, as in a new process."""
    COMMANDS._get_command_map().update((name, command.ServiceCommand(name)) for name in ("tcr", "cam", "sts"))
    return COMMANDS


main.CLICommand = commands


def arguments(params):
    for name, value in params.items():
        yield f"--{name}"
        yield value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def run(question, given):
    """Runs one command. Returns its status, its standard output and its standard error."""
    # (Name and value in one word, because a secret may begin with a hyphen.)
    key = [f"{name}={value}" for name, value in zip(("--secretId", "--secretKey", "--token"), question["key"]) if value]
    sys.argv = ["tccli", question["service"], question["action"], *given, *key, "--endpoint", question["endpoint"],
                "--region", "ap-guangzhou", "--language", question["language"]]
    written, errors, before = Kept(), io.StringIO(), (sys.stdout, sys.stderr)
    sys.stdout, sys.stderr = io.TextIOWrapper(written, encoding="utf-8"), errors
    try:
        with clock(question["ahead"]):
            status = main.main()
    except SystemExit as end:
        status = end.code
    finally:
        sys.stdout.flush()
        sys.stdout, sys.stderr = before
    return status, written.getvalue().decode(), errors.getvalue()


def answer(question):
    action, params = question["action"], question["params"]
    absent = next((name for name, value in params.items() if value is None), None)
    if absent and not question.get("common"):
        return {"unfit": "null", "what": f"{action}.{absent}"}
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        given = arguments(params)
        if question.get("common"):
            json.dump(params, file)
            file.flush()
            given = ["--cli-input-json", f"file://{file.name}"]
        status, out, errors = run(question, given)
    if status == 0:
        return {"wire": json.loads(out)}
    refused = REFUSED.search(errors)
    if refused:
        return dict(zip(("code", "message", "requestId"), refused.groups()))
    if "Invalid choice" in errors:
        return {"unfit": "action", "what": action}
    for kind, pattern in UNFIT:
        found = pattern.search(errors)
        if found:
            return {"unfit": kind, "what": f"{action}.{found[1]}"}
    return {"fault": f"status {status}: {errors[-500:]}"}


for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), file=OUT, flush=True)
