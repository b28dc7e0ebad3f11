"""Checks that a file is YAML for a cluster: yaml.py FILE. (Uses helm as the parser, which another suite needs anyway.)"""

import json
import pathlib
import subprocess
import sys
import tempfile


def read(path):
    """Returns the content of the file as JSON values."""
    with tempfile.TemporaryDirectory() as folder:
        chart = pathlib.Path(folder)
        (chart / "templates").mkdir()
        (chart / "Chart.yaml").write_text("apiVersion: v2\nname: read\nversion: 1.0.0\n")
        (chart / "file.yaml").write_text(pathlib.Path(path).read_text())
        (chart / "templates" / "out.yaml").write_text('{{ .Files.Get "file.yaml" | fromYaml | toJson }}\n')
        out = subprocess.run(["helm", "template", folder], check=True, capture_output=True, text=True).stdout
    value = json.loads(next(line for line in out.splitlines() if line.startswith("{")))
    if "Error" in value:
        sys.exit(f"{path}: {value['Error']}")
    return value


if __name__ == "__main__":
    found = read(sys.argv[1])
    if not {"apiVersion", "kind"} <= found.keys():
        sys.exit(f"{sys.argv[1]} is not an object of a cluster")
