"""Stands in for kubelet: kubelet.py CONFIG.yaml BIN_DIR

Reads a CredentialProviderConfig as strictly as kubelet. Then it runs the provider with exactly the environment of the config,
once for each address in `matchImages`, and prints the last answer.
"""

import json
import re
import subprocess
import sys

import yaml

# The fields of kubelet.config.k8s.io/v1 CredentialProvider: kubelet refuses a file with another field.
PROVIDER = {"name": str, "matchImages": list, "defaultCacheDuration": str, "apiVersion": str, "args": list, "env": list, "tokenAttributes": dict}
TOKEN = {"serviceAccountTokenAudience": str, "cacheType": str, "requireServiceAccount": bool,
         "requiredServiceAccountAnnotationKeys": list, "optionalServiceAccountAnnotationKeys": list}
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
        check_token(provider.get("tokenAttributes"))
        assert all(set(entry) == {"name", "value"} and isinstance(entry["value"], str) for entry in provider["env"])


def check_token(attributes):
    """Checks the settings for the token of the service account, as kubelet does."""
    if attributes is None:
        return
    assert {"serviceAccountTokenAudience", "cacheType", "requireServiceAccount"} <= set(attributes)
    assert all(isinstance(value, TOKEN[field]) for field, value in attributes.items())
    assert attributes["cacheType"] in ("Token", "ServiceAccount")


def service_account(attributes):
    """Returns the fields of a request for the service account `default` of the namespace `default`."""
    audience = attributes["serviceAccountTokenAudience"]
    made = subprocess.run(["kubectl", "create", "token", "default", "--audience", audience], stdout=subprocess.PIPE, text=True, check=True)
    return {"serviceAccountToken": made.stdout.strip(), "serviceAccountAnnotations": {}}


def ask(provider, host, folder):
    """Runs the provider and returns its answer. Checks that kubelet would accept the answer for this host."""
    request = {"apiVersion": API, "kind": "CredentialProviderRequest", "image": f"{host}/team/app:v1"}
    if "tokenAttributes" in provider:
        request |= service_account(provider["tokenAttributes"])
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
