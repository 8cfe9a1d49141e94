"""Tokens: who a request comes from, told from its Authorization header as Launchpad does.

Signatures are PLAINTEXT only, which is what launchpadlib sends.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

from .access import Caller

if TYPE_CHECKING:
    from .people import Person


class TokenRefusedError(Exception):
    """Answered with 401 and this text."""


@dataclass
class Token:
    """An access token."""

    person: Person
    consumer: str
    key: str
    secret: str
    level: str
    expired: bool = False


class Tokens:
    """All access tokens and the consumers that they are for."""

    def __init__(self) -> None:
        self._tokens: dict[str, Token] = {}
        self._consumers: set[str] = set()

    def add(self, token: Token) -> Token:
        """Know a token from now on."""
        self._tokens[token.key] = token
        self._consumers.add(token.consumer)
        return token

    def of(self, name: str) -> Token | None:
        """The newest token of a person."""
        found = [t for t in self._tokens.values() if t.person.name == name]
        return found[-1] if found else None

    def caller(self, header: str | None, request: int = 0) -> Caller:
        """Who sends that header; raises TokenRefusedError."""
        if not header:
            return Caller(request=request)
        kind, _, rest = header.partition(" ")
        if kind != "OAuth":
            raise TokenRefusedError("Unknown access token.")
        fields = _fields(rest)
        key = fields.get("oauth_token", "")
        if not key:
            return Caller(request=request)
        token = self._check(key, fields)
        return Caller(token.person, token.level, request, token.consumer)

    def _check(self, key: str, fields: dict[str, str]) -> Token:
        consumer = fields.get("oauth_consumer_key", "")
        if consumer not in self._consumers:
            raise TokenRefusedError(f"Unknown consumer ({consumer}).")
        token = self._tokens.get(key)
        if token is None or token.consumer != consumer:
            raise TokenRefusedError(f"Unknown access token ({key}).")
        if fields.get("oauth_signature", "") != f"&{token.secret}":
            raise TokenRefusedError("Invalid signature.")
        if token.expired:
            raise TokenRefusedError(f"Expired token ({key}).")
        if token.person.suspended:
            raise TokenRefusedError("Inactive account.")
        return token


def _fields(text: str) -> dict[str, str]:
    pairs = re.findall(r'([\w-]+)\s*=\s*(?:"([^"]*)"|([^,\s]*))', text)
    return {name: unquote(quoted or bare) for name, quoted, bare in pairs}
