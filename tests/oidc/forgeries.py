"""All that a forger, or a wrong issuer, may send, by name; and why each is refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import NamedTuple

import jwt

from .tokens import ISSUER, NOW, by_hand, claims, ec_key, key_set, listed, public_pem, rsa_key, tampered, token

HS = {"alg": "HS256", "typ": "JWT", "kid": "k1"}
FOREVER = NOW + 10**9
KEYS = key_set(
    listed("k1"),
    listed("es", ec_key()),
    listed("ps", rsa_key("ps"), alg="PS256"),
    {"kid": "oct", "kty": "oct", "k": "c2VjcmV0", "alg": "HS256"},
    listed("enc", rsa_key("enc"), use="enc"),
    listed("short", rsa_key("short", 1024)),
)
"""What the issuer says its keys are: the last three are none to verify signatures with."""


class Forgery(NamedTuple):
    """A token, and what is said of it."""

    make: Callable[[], str]
    why: str


FORGERIES: Mapping[str, Forgery] = {
    "none as algorithm": Forgery(lambda: by_hand({"alg": "none", "kid": "k1"}, claims()), "its algorithm"),
    "none in capitals": Forgery(lambda: by_hand({"alg": "NONE", "kid": "k1"}, claims()), "its algorithm"),
    "the public key as a secret": Forgery(lambda: by_hand(HS, claims(), public_pem()), "its algorithm"),
    "an empty secret": Forgery(lambda: by_hand(HS, claims(), b""), "its algorithm"),
    "a secret of the key set": Forgery(lambda: by_hand({**HS, "kid": "oct"}, claims(), b"secret"), "key"),
    "another algorithm than the key's kind": Forgery(
        lambda: token(key=ec_key(), algorithm="ES256", kid="k1"), "its algorithm"
    ),
    "another algorithm than the key is for": Forgery(
        lambda: token(key=rsa_key("ps"), algorithm="RS256", kid="ps"), "its algorithm"
    ),
    "another key": Forgery(lambda: token(key=rsa_key("two")), "its signature"),
    "a changed claim": Forgery(lambda: tampered(token()), "its signature"),
    "no signature": Forgery(lambda: token().rpartition(".")[0] + ".", "its signature"),
    "a key for encryption": Forgery(lambda: token(key=rsa_key("enc"), kid="enc"), "key"),
    "a short key": Forgery(lambda: token(key=rsa_key("short", 1024), kid="short"), "key"),
    "an unknown key": Forgery(lambda: token(kid="k9"), "key"),
    "no key named": Forgery(lambda: token(kid=None), "by which key"),
    "a key in the token": Forgery(lambda: token(key=rsa_key("two"), headers={"jwk": listed("k1")}), "its signature"),
    "an extension that must be known": Forgery(lambda: token(headers={"crit": ["x"], "x": 1}), "not a signed token"),
    "expired": Forgery(lambda: token(claims(NOW - 1000)), "expired"),
    "expired by the leeway": Forgery(lambda: token(claims(exp=NOW - 30)), "expired"),
    "not valid yet": Forgery(lambda: token(claims(nbf=NOW + 31)), "nbf"),
    "issued in the future": Forgery(lambda: token(claims(iat=NOW + 31)), "iat"),
    "another issuer": Forgery(lambda: token(claims(issuer="https://elsewhere.example")), "issuer"),
    "an issuer that begins alike": Forgery(lambda: token(claims(issuer=f"{ISSUER}.evil.example")), "issuer"),
    "issuers in a list": Forgery(lambda: signed(json.dumps({**claims(), "iss": [ISSUER]}).encode()), "iss"),
    "no iss": Forgery(lambda: token({**claims(iss=None)}), "iss"),
    "no aud": Forgery(lambda: token(claims(aud=None)), "aud"),
    "no exp": Forgery(lambda: token(claims(exp=None)), "exp"),
    "no iat": Forgery(lambda: token(claims(iat=None)), "iat"),
    "a text as exp": Forgery(lambda: by_hand_signed('"exp": "9999999999"'), "exp"),
    "true as exp": Forgery(lambda: by_hand_signed('"exp": true'), "exp"),
    "exp twice": Forgery(lambda: by_hand_signed(f'"exp": 1, "exp": {FOREVER}'), "not a signed token"),
    "no end of time": Forgery(lambda: by_hand_signed('"exp": Infinity'), "not a signed token"),
    "a list of claims": Forgery(lambda: signed(b"[]"), "not a signed token"),
    "two parts": Forgery(lambda: "ey.ey", "not a signed token"),
    "encrypted": Forgery(lambda: "ey.ey.ey.ey.ey", "not a signed token"),
    "too long": Forgery(lambda: token(claims(filler="x" * 16384)), "too long"),
    "another audience": Forgery(lambda: token(claims(aud="pypi")), "audience"),
    "another audience beside ours": Forgery(lambda: token(claims(aud=["ppa-assigner", "pypi"])), "audience"),
    "an audience that begins alike": Forgery(lambda: token(claims(aud="ppa-assigner.evil")), "audience"),
    "no audience at all": Forgery(lambda: token(claims(aud=[])), "audience"),
}
GOOD: Mapping[str, Callable[[], str]] = {
    "as it should be": token,
    "an audience in a list": lambda: token(claims(aud=["ppa-assigner"])),
    "without nbf": lambda: token(claims(nbf=None)),
    "of a curve": lambda: token(key=ec_key(), algorithm="ES256", kid="es"),
    "of the key's own algorithm": lambda: token(key=rsa_key("ps"), algorithm="PS256", kid="ps"),
    "with another hash": lambda: token(algorithm="RS512"),
    "just expired": lambda: token(claims(exp=NOW - 29)),
    "of a clock that is ahead": lambda: token(claims(iat=NOW + 30, nbf=NOW + 30)),
}
"""Tokens that are let in."""


def signed(body: bytes) -> str:
    """Any body, signed by the issuer's own key."""
    made: str = jwt.PyJWS().encode(body, rsa_key(), algorithm="RS256", headers={"kid": "k1"})
    return made


def by_hand_signed(exp: str) -> str:
    """Claims with this in place of `exp`, signed by the issuer's own key."""
    rest = json.dumps(claims(exp=None))
    return signed(f"{rest[:-1]}, {exp}}}".encode())
