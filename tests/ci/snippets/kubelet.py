"""What kubelet would do with a CredentialProviderConfig: kubelet.py CONFIG.yaml BIN_DIR

Reads it as strictly as kubelet, then runs the provider with its settings and nothing else, with a request for an image of
each address that it is for, and prints the last answer.
"""

import json
import re
import subprocess
import sys

import yaml

# The fields of kubelet.config.k8s.io/v1 CredentialProvider: kubelet refuses a file with any other.
PROVIDER = {"name": str, "matchImages": list, "defaultCacheDuration": str, "apiVersion": str, "args": list, "env": list}
API = "credentialprovider.kubelet.k8s.io/v1"


def check(config):
    assert config["apiVersion"] == "kubelet.config.k8s.io/v1" and config["kind"] == "CredentialProviderConfig"
    assert set(config) == {"apiVersion", "kind", "providers"}
    for provider in config["providers"]:
        for field, value in provider.items():
            assert isinstance(value, PROVIDER[field]), field
        assert {"name", "matchImages", "defaultCacheDuration", "apiVersion"} <= set(provider)
        assert provider["apiVersion"] == API
        assert re.fullmatch(r"([0-9]+[hms])+", provider["defaultCacheDuration"])
        assert all(set(entry) == {"name", "value"} and isinstance(entry["value"], str) for entry in provider["env"])


def ask(provider, host, folder):
    """The answer of the provider, which has to be one that kubelet takes for this host."""
    request = {"apiVersion": API, "kind": "CredentialProviderRequest", "image": f"{host}/team/app:v1"}
    env = {entry["name"]: entry["value"] for entry in provider["env"]}
    done = subprocess.run([f"{folder}/{provider['name']}", *provider.get("args", [])], input=json.dumps(request), env=env, stdout=subprocess.PIPE, text=True, check=True)
    answer = json.loads(done.stdout)
    assert answer["apiVersion"] == API and answer["kind"] == "CredentialProviderResponse"
    assert list(answer["auth"]) == [host], answer["auth"].keys()
    return answer


def main():
    config = yaml.read(sys.argv[1])
    check(config)
    for provider in config["providers"]:
        for address in provider["matchImages"]:
            answer = ask(provider, address.replace("*", "team"), sys.argv[2])
    print(json.dumps(answer))


main()
