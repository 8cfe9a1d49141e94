"""The public keys of an issuer, as its key set (RFC 7517) says them, and where its discovery document says that is.

Rule: a key is good for the algorithms of its kind alone, and only public keys are read, so that no token can choose
another way to verify it.  What is not understood in a set is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from .. import strict_json

if TYPE_CHECKING:
    from jwt import PyJWK

LARGEST_BYTES = 256 * 1024
"""Of a discovery document or a key set."""
MOST_KEYS = 100
LEAST_RSA_BITS = 2048
RSA = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
_OF_CURVE = {"P-256": ("ES256",), "P-384": ("ES384",), "P-521": ("ES512",), "Ed25519": ("EdDSA",)}
_KINDS = {"RSA", "EC", "OKP"}


class UnusableDocumentError(Exception):
    """What an issuer published cannot be used; the text says why."""


@dataclass(frozen=True, slots=True)
class IssuerKey:
    """A public key, and the algorithms that it is good for."""

    algorithms: tuple[str, ...]
    value: PyJWK


IssuerKeys = Mapping[str, IssuerKey]
"""Keys by their ids (`kid`)."""


def key_set_address(data: bytes, issuer: str) -> str:
    """Where the discovery document of this issuer says that its keys are.  Raises UnusableDocumentError."""
    document = _document(data)
    if document.get("issuer") != issuer:
        raise UnusableDocumentError("its discovery document is another issuer's")
    address = document.get("jwks_uri")
    if not isinstance(address, str) or not address.isascii() or not address.isprintable():
        raise UnusableDocumentError("its discovery document does not say where its keys are")
    parts = urlsplit(address)
    if parts.scheme != "https" or not parts.hostname or "@" in parts.netloc:
        raise UnusableDocumentError("its discovery document says that its keys are somewhere else than at https://")
    return address


def keys_in(data: bytes) -> IssuerKeys:
    """The keys of a set.  Raises UnusableDocumentError for one that has none that can be used."""
    listed = _document(data).get("keys")
    if not isinstance(listed, list) or len(listed) > MOST_KEYS:
        raise UnusableDocumentError(f"its key set is not a list of at most {MOST_KEYS} keys")
    found: dict[str, IssuerKey] = {}
    for each in listed:
        for kid, key in _key(each):
            found.setdefault(kid, key)
    if not found:
        raise UnusableDocumentError("its key set has no key that can be used")
    return found


def _key(listed: object) -> Iterator[tuple[str, IssuerKey]]:
    """The key, if it is one to verify signatures with."""
    from jwt import PyJWK, PyJWTError

    if not isinstance(listed, dict) or listed.get("kty") not in _KINDS or not isinstance(listed.get("kid"), str):
        return
    if listed.get("use", "sig") != "sig" or "d" in listed:
        return
    algorithms = _algorithms(listed)
    if not algorithms:
        return
    try:
        key = PyJWK(listed, algorithms[0])
    except (PyJWTError, ValueError, TypeError):
        return
    if listed["kty"] != "RSA" or key.key.key_size >= LEAST_RSA_BITS:
        yield listed["kid"], IssuerKey(algorithms, key)


def _algorithms(listed: Mapping[str, Any]) -> tuple[str, ...]:
    """Those of the kind of key, or the one of these that it is said to be for."""
    curve = listed.get("crv")
    possible = RSA if listed["kty"] == "RSA" else _OF_CURVE.get(curve, ()) if isinstance(curve, str) else ()
    said = listed.get("alg")
    return possible if said is None else tuple(each for each in possible if each == said)


def _document(data: bytes) -> dict[str, Any]:
    try:
        document = strict_json.loads(data.decode())
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise UnusableDocumentError("what it answers is not a JSON object")
    return document
