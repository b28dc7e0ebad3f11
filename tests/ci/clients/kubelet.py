"""The tested blocks of docs/KUBERNETES.md, each into a file of its name, and whether kubelet would take the configurations.

    kubelet.py KUBERNETES.md FOLDER HOST:PORT

YAML is read by helm, which is installed for another suite.
"""

import json
import pathlib
import re
import subprocess
import sys
import textwrap

# The fields of kubelet.config.k8s.io/v1 CredentialProvider: kubelet refuses a file with any other.
PROVIDER = {"name": str, "matchImages": list, "defaultCacheDuration": str, "apiVersion": str, "args": list, "env": list}


def blocks(text):
    for found in re.finditer(r"^( *)<!-- test: (\S+) -->\n *```\w*\n(.*?)^ *```$", text, re.M | re.S):
        yield found.group(2), textwrap.dedent(found.group(3))


def read_yaml(folder, name):
    chart = folder / (name + ".chart")
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: read\nversion: 1.0.0\n")
    (chart / "file.yaml").write_text((folder / name).read_text())
    (chart / "templates" / "out.yaml").write_text('{{ .Files.Get "file.yaml" | fromYaml | toJson }}\n')
    out = subprocess.run(["helm", "template", str(chart)], check=True, capture_output=True, text=True).stdout
    return json.loads(next(line for line in out.splitlines() if line.startswith("{")))


def check_config(name, config):
    assert config["apiVersion"] == "kubelet.config.k8s.io/v1" and config["kind"] == "CredentialProviderConfig", name
    assert set(config) == {"apiVersion", "kind", "providers"}, name
    for provider in config["providers"]:
        for field, value in provider.items():
            assert isinstance(value, PROVIDER[field]), (name, field)
        assert {"name", "matchImages", "defaultCacheDuration", "apiVersion"} <= set(provider), name
        assert provider["apiVersion"] == "credentialprovider.kubelet.k8s.io/v1", name
        assert re.fullmatch(r"([0-9]+[hms])+", provider["defaultCacheDuration"]), name
        assert all(set(entry) == {"name", "value"} and isinstance(entry["value"], str) for entry in provider["env"]), name


def main():
    document, folder = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    folder.mkdir()
    seen = []
    for name, text in blocks(document.read_text()):
        (folder / name).write_text(text)
        seen.append(name)
        if name.endswith("-providers.yaml"):
            check_config(name, read_yaml(folder, name))
        elif name.endswith(".yaml"):
            assert read_yaml(folder, name)["kind"], name
    assert len(seen) >= 5, seen


main()
