"""Tokens as an issuer makes them, and as forgers do: keys, claims, and what can be wrong with them.

Rule: what is signed here is signed by PyJWT where PyJWT signs such a thing, and by hand where it refuses to.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import warnings
from collections.abc import Mapping
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

ISSUER = "https://issuer.example"
AUDIENCE = "ppa-assigner"
NOW = 1_796_000_000
JOB: Mapping[str, Any] = {
    "repository": "acme/hello",
    "repository_id": "1296269",
    "ref": "refs/heads/main",
    "run_id": "77",
    "run_attempt": "1",
    "check_run_id": "4711",
    "secret_claim": "nobody-asked-for-this",
}
"""What tokens of GitHub say of a job, and a claim that no configuration names."""


@cache
def rsa_key(name: str = "one", bits: int = 2048) -> rsa.RSAPrivateKey:
    """A key, the same for the same name."""
    return rsa.generate_private_key(65537, bits)


@cache
def ec_key(name: str = "one") -> ec.EllipticCurvePrivateKey:
    """A key, the same for the same name."""
    return ec.generate_private_key(ec.SECP256R1())


def listed(kid: str, key: Any = None, **more: Any) -> dict[str, Any]:
    """A public key as a key set has it."""
    public = (key or rsa_key()).public_key()
    kind: Any = jwt.algorithms.RSAAlgorithm if isinstance(public, rsa.RSAPublicKey) else jwt.algorithms.ECAlgorithm
    found: dict[str, Any] = kind.to_jwk(public, as_dict=True)
    return {"kid": kid, "use": "sig", **found, **more}


def key_set(*keys: dict[str, Any]) -> bytes:
    """The document."""
    return json.dumps({"keys": list(keys)}).encode()


def claims(now: float = NOW, issuer: str = ISSUER, **more: Any) -> dict[str, Any]:
    """Those of a job's token, five minutes long; None takes one away."""
    standard = {"iss": issuer, "aud": AUDIENCE, "sub": "repo:acme@1/hello@2", "jti": "x"}
    times = {"iat": int(now), "nbf": int(now) - 5, "exp": int(now) + 300}
    found = {**standard, **times, **JOB, **more}
    return {name: value for name, value in found.items() if value is not None}


def token(body: Mapping[str, Any] | None = None, *, key: Any = None, kid: str | None = "k1", **how: Any) -> str:
    """A token with these claims."""
    headers = {"kid": kid} if kid is not None else {}
    algorithm = how.pop("algorithm", "RS256")
    said = dict(claims() if body is None else body)
    with warnings.catch_warnings(action="ignore"):  # of keys that are too short
        made: str = jwt.encode(
            said, key or rsa_key(), algorithm=algorithm, headers={**headers, **how.pop("headers", {})}
        )
    return made


def by_hand(header: Mapping[str, Any], body: Mapping[str, Any] | bytes, secret: bytes | None = None) -> str:
    """A token with any header, signed by a secret or not at all."""
    said = body if isinstance(body, bytes) else json.dumps(body).encode()
    text = f"{encoded(json.dumps(header).encode())}.{encoded(said)}"
    signature = b"" if secret is None else hmac.new(secret, text.encode(), hashlib.sha256).digest()
    return f"{text}.{encoded(signature)}"


def public_pem(key: Any = None) -> bytes:
    """The public key as a file has it."""
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    pem: bytes = (key or rsa_key()).public_key().public_bytes(serialization.Encoding.PEM, form)
    return pem


def tampered(text: str) -> str:
    """The same signature under another run."""
    head, body, signature = text.split(".")
    said = json.loads(base64.urlsafe_b64decode(body + "=="))
    return f"{head}.{encoded(json.dumps({**said, 'run_id': '78'}).encode())}.{signature}"


def encoded(data: bytes) -> str:
    """As tokens have it."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
