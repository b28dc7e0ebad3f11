"""An identity provider with a temporary key, like that of a Kubernetes cluster.

    oidc.py KEY.pem keys                         prints its public key for IdentityKey; makes the key if it is missing
    oidc.py KEY.pem token ISSUER AUDIENCE SUBJECT [SECONDS]   prints a token of a service account
"""

import base64
import json
import pathlib
import sys
import time

from Crypto.Hash import SHA256
from Crypto.PublicKey import RSA
from Crypto.Signature import pkcs1_15


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value):
    return encode(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def keys(key):
    jwk = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "throwaway", "n": number(key.n), "e": number(key.e)}
    return base64.b64encode(json.dumps({"keys": [jwk]}).encode()).decode()


def token(key, issuer, audience, subject, seconds=600):
    now = int(time.time())
    header = {"alg": "RS256", "kid": "throwaway"}
    claims = {"iss": issuer, "aud": [audience], "sub": subject, "iat": now, "nbf": now, "exp": now + seconds}
    signed = ".".join(encode(json.dumps(part).encode()) for part in (header, claims))
    return signed + "." + encode(pkcs1_15.new(key).sign(SHA256.new(signed.encode())))


def main():
    path, what, *rest = sys.argv[1:]
    file = pathlib.Path(path)
    if not file.exists():
        file.write_bytes(RSA.generate(2048).export_key())
    key = RSA.import_key(file.read_bytes())
    if what == "keys":
        print(keys(key))
    else:
        issuer, audience, subject, *seconds = rest
        print(token(key, issuer, audience, subject, *map(int, seconds)))


if __name__ == "__main__":
    main()
