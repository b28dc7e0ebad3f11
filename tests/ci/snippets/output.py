"""Checks that a program printed what its document shows: output.py SHOWN PRINTED

`…` stands for any text in a line, and alone on a line for any number of lines.
"""

import pathlib
import re
import sys


def pattern(shown):
    lines = [r"(?:.*\n)*" if line.strip() == "…" else ".*".join(map(re.escape, line.rstrip().split("…"))) + "[ \r]*\n" for line in shown]
    return "".join(lines)


def main():
    shown, printed = (pathlib.Path(name).read_text() for name in sys.argv[1:])
    if not re.fullmatch(pattern(shown.splitlines()), printed.rstrip() + "\n"):
        sys.exit(f"shown:\n{shown}\nprinted:\n{printed}")


main()
