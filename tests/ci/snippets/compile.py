"""Makes one script that runs all code blocks of a document: compile.py DOCUMENT FOLDER

The line above each block is `<!-- test: NAME [HOW] -->`. A block without such a line is an error, so every block is tested.
The block is written to FOLDER/NAME.LANGUAGE (or FOLDER/NAME if NAME has this ending). FOLDER/script runs the blocks in order
in one shell:

  sh             is run; `fails`: must fail; `serve`: starts the server; `stopped`: is run while no server runs
  python go js   is saved under its NAME beside the data directory, and a later sh block runs it
  json           is a policy for CreatePolicy; `trust`: for CreateRole; an error code: is refused with that code
  toml           is checked as settings, and a server runs with them
  yaml           *-providers.yaml: is checked as kubelet would, and the provider runs with it; anything else is parsed
  nginx          is a server, or a location of one: nginx runs with it
  text           is the output of the block before; … stands for any text, and alone on a line for any lines

Blocks that cannot run here are in NOT_RUN with the reason. Their syntax is checked anyway.
"""

import pathlib
import re
import subprocess
import sys
import textwrap

NOT_RUN = {
    "image": "needs base images from another registry; the suite `deploy` makes the image that needs none",
    "architecture-crates": "a drawing",
    "architecture-graph": "a drawing",
    "kubelet-flags": "flags of kubelet, and there is no kubelet",
    "bench": "takes minutes; the suite `bench-smoke` runs its short form",
}
# The input for blocks that prompt for something.
TYPED = {"postgres": "database-password\\ndatabase-password\\n"}
HOW = {
    "sh": {"run", "fails", "serve", "stopped"},
    "python": {"save"},
    "go": {"save"},
    "js": {"save"},
    "json": {"policy", "trust"},
    "toml": {"settings"},
    "yaml": {"yaml"},
    "nginx": {"front"},
    "text": {"output"},
}
DEFAULT = {"sh": "run", "json": "policy", "text": "output"}
SUFFIX = {"python": "py"}


class Block:
    def __init__(self, line, name, how, language, text):
        self.line, self.name, self.how, self.language, self.text = line, name, how, language, text

    def file(self):
        suffix = SUFFIX.get(self.language, self.language)
        return self.name if self.name.endswith("." + suffix) else f"{self.name}.{suffix}"


def fault(path, line, text):
    sys.exit(f"{path}:{line}: {text}")


def blocks(path):
    """Returns the blocks of a document. Each must have a mark above it."""
    lines, found, at = path.read_text().splitlines(), [], 0
    while at < len(lines):
        fence = re.fullmatch(r"( *)(`{3,}|~{3,})\s*(\S*)", lines[at])
        at += 1
        if not fence:
            continue
        begin = at
        while at < len(lines) and lines[at].strip() != fence[2]:
            at += 1
        if at == len(lines):
            fault(path, begin, "the block does not end")
        mark = re.fullmatch(r" *<!-- test: (\S+)(?: (\S+))? -->", lines[begin - 2] if begin > 1 else "")
        if not mark:
            fault(path, begin, "a block without `<!-- test: NAME -->` above it: see tests/ci/snippets/compile.py")
        found.append(Block(begin, mark[1], mark[2], fence[3], textwrap.dedent("\n".join(lines[begin:at]) + "\n")))
        at += 1
    return found


def check(path, found):
    names = set()
    for block in found:
        if block.language not in HOW:
            fault(path, block.line, f"the test cannot handle a block of {block.language or 'no language'}")
        block.how = block.how or DEFAULT.get(block.language) or min(HOW[block.language])
        refused = block.language == "json" and re.fullmatch(r"[A-Z]\w+(\.\w+)?", block.how)
        if block.how not in HOW[block.language] and not refused:
            fault(path, block.line, f"a {block.language} block cannot be `{block.how}`")
        if block.name in names:
            fault(path, block.line, f"a second block {block.name}")
        names.add(block.name)
        later = "".join(b.text for b in found if b.language == "sh" and b.line > block.line and b.name not in NOT_RUN)
        if block.how == "save" and not re.search(r"go run \." if block.language == "go" else rf"\b{re.escape(block.file())}\b", later):
            fault(path, block.line, f"no later sh block runs {block.file()}")


def line_of(block, before):
    """Returns the part of the script for one block."""
    file = f"\"$BLOCKS\"/'{block.file()}'"
    if block.name in NOT_RUN:
        return f"syntax {block.language} {file}   # not run: {NOT_RUN[block.name]}\n"
    if block.how == "output":
        return f"output {file} \"$BLOCKS\"/'{before}.out'\n"
    if block.how == "save":
        return f"cp {file} .\n"
    if block.language != "sh":
        return f"{block.language}_block {file} '{block.how}'\n"
    if block.how == "serve":
        return f"serve_block {file}\n"
    if block.how == "fails":
        return f"fails_block {file} \"$BLOCKS\"/'{block.name}.out'\n"
    typed = f" < <(printf '{TYPED[block.name]}')" if block.name in TYPED else ""
    run = f"{{\n{block.text}}} >\"$BLOCKS\"/'{block.name}.out'{typed}\n"
    return f"server_stop\n{run}server_start\n" if block.how == "stopped" else run


def same_in_two_languages(one, two):
    """Checks that the blocks of two documents are equal, except for comments."""
    def plain(block):
        return block.name, block.how, block.language, re.sub(r"(^| )# .*", "", block.text, flags=re.M)
    a, b = ([plain(block) for block in blocks(path)] for path in (one, two))
    for left, right in zip(a, b):
        if left != right:
            sys.exit(f"{one} and {two} differ:\n{left}\n{right}")
    if len(a) != len(b):
        sys.exit(f"{one} has {len(a)} blocks, {two} has {len(b)}")


def main():
    if sys.argv[1] == "same":
        return same_in_two_languages(*map(pathlib.Path, sys.argv[2:]))
    if sys.argv[1] == "unused":
        seen = {block.name for name in sys.argv[2:] for block in blocks(pathlib.Path(name))}
        if NOT_RUN.keys() - seen or TYPED.keys() - seen:
            sys.exit(f"no such blocks: {(NOT_RUN.keys() | TYPED.keys()) - seen}")
        return None
    path, folder = map(pathlib.Path, sys.argv[1:])
    found = blocks(path)
    check(path, found)
    folder.mkdir(parents=True)
    script, before = "", ""
    for block in found:
        (folder / block.file()).write_text(block.text)
        if block.language == "sh":
            subprocess.run(["bash", "-n", folder / block.file()], check=True)
        script += f"\n: {path.name}:{block.line} {block.name}\n{line_of(block, before)}after '{block.name}'\n"
        before = before if block.language == "text" else block.name
    (folder / "script").write_text(script)
    return None


main()
