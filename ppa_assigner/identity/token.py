"""Tokens (JWT, RFC 7519, as RFC 8725 says to treat them): which of them count, and what they claim.

Rule: nothing of a token counts before its signature was verified, but for which key that is to be done with; and that
is one of the configured issuer's.  The time is the caller's: no clock is read here.
"""

from __future__ import annotations

import base64
import math
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from .. import strict_json
from .claims import Claims
from .keys import IssuerKey

if TYPE_CHECKING:
    from jwt import PyJWS

LEEWAY_S = 30.0
"""How far the clocks of the issuer and of the daemon may be apart."""
LONGEST = 16 * 1024
"""Of a token, in characters."""
PARTS = 3
REQUIRED = ("iss", "aud", "exp", "iat")
NOT_A_TOKEN = "it is not a signed token"  # noqa: S105 - a text for people


class RefusedTokenError(Exception):
    """A token does not count; the text says why, to be said after "this token is refused: "."""


class TokenHead(NamedTuple):
    """What a token says of itself, unverified: by which key it is signed, and who issued it."""

    kid: str
    issuer: str


def looks_like(token: str) -> bool:
    """Return whether it has the form of a signed token, as none of our own tokens has."""
    return token.count(".") == PARTS - 1 and token.startswith("ey")


def head_of(token: str) -> TokenHead:
    """What a token says of itself.  Raises RefusedTokenError."""
    if len(token) > LONGEST:
        raise RefusedTokenError("it is too long")
    parts = token.split(".")
    if len(parts) != PARTS:
        raise RefusedTokenError(NOT_A_TOKEN)
    kid, issuer = _part(parts[0]).get("kid"), _part(parts[1]).get("iss")
    if not isinstance(issuer, str):
        raise RefusedTokenError("it lacks iss, its issuer")
    if not isinstance(kid, str):
        raise RefusedTokenError("it does not say by which key it is signed (kid)")
    return TokenHead(kid, issuer)


def _part(text: str) -> Claims:
    """A part of a token, as it is read to find its key: what of it counts is read by the library, once that is known,
    which takes as long as to verify the signature.
    """
    try:
        return _claims(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
    except ValueError:
        raise RefusedTokenError(NOT_A_TOKEN) from None


def verified(token: str, key: IssuerKey, issuer: str, now: float) -> Claims:
    """The claims of a token that this issuer's key signed, and that counts now (seconds since 1970).

    Whom it is for is not looked at.  Raises RefusedTokenError.
    """
    claims = _signed(token, key)
    for name in REQUIRED:
        if name not in claims:
            raise RefusedTokenError(f"it lacks {name}")
    if claims["iss"] != issuer:
        raise RefusedTokenError("it is of another issuer")
    _check_times(claims, now)
    return claims


def _signed(token: str, key: IssuerKey) -> Claims:
    from jwt import InvalidAlgorithmError, InvalidSignatureError, PyJWTError

    try:
        said = _library().decode_complete(token, key.value.key, algorithms=key.algorithms)
    except InvalidAlgorithmError:
        raise RefusedTokenError("its algorithm is not one of its key") from None
    except InvalidSignatureError:
        raise RefusedTokenError("its signature is not that of its issuer's key") from None
    except (PyJWTError, ValueError, TypeError):
        raise RefusedTokenError(NOT_A_TOKEN) from None
    return _claims(said["payload"])


@cache
def _library() -> PyJWS:
    """Made once: that takes as long as to verify a signature."""
    from jwt import PyJWS

    return PyJWS()


def _check_times(claims: Claims, now: float) -> None:
    if now >= _time(claims, "exp") + LEEWAY_S:
        raise RefusedTokenError("it is expired")
    if "nbf" in claims and now < _time(claims, "nbf") - LEEWAY_S:
        raise RefusedTokenError("it is not valid yet (nbf)")
    if now < _time(claims, "iat") - LEEWAY_S:
        raise RefusedTokenError("it was issued in the future (iat)")


def _time(claims: Claims, name: str) -> float:
    value = claims[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise RefusedTokenError(f"its {name} is not a time")
    return value


def _claims(payload: bytes) -> Claims:
    try:
        claims = strict_json.loads(payload.decode())
    except (ValueError, RecursionError):
        raise RefusedTokenError(NOT_A_TOKEN) from None
    if not isinstance(claims, dict):
        raise RefusedTokenError(NOT_A_TOKEN)
    return claims
