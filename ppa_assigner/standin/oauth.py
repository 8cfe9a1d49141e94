"""OAuth: access tokens, who a request comes from by its Authorization header, and how a program obtains a token.

Signatures are PLAINTEXT only, which is what launchpadlib sends. A program asks for a request token, a person decides on
it (the control command `authorise`), the program exchanges it. The pages for that are the web site's, not the web
service's; here they are at the root of the same address. Request tokens do not run out.
"""

from __future__ import annotations

import json
import re
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from .access import Principal

if TYPE_CHECKING:
    from .messages import HttpRequest
    from .model import WorldLike
    from .people import Person


class TokenRefusedError(Exception):
    """The token is refused: 401 with this text."""


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
        """Register a token."""
        self._tokens[token.key] = token
        self._consumers.add(token.consumer)
        return token

    def of(self, name: str) -> Token | None:
        """The newest token of a person."""
        found = [t for t in self._tokens.values() if t.person.name == name]
        return found[-1] if found else None

    def caller(self, header: str | None, request: int = 0) -> Principal:
        """The caller whose token an Authorization header holds; raises TokenRefusedError."""
        if not header:
            return Principal(request=request)
        kind, _, rest = header.partition(" ")
        if kind != "OAuth":
            raise TokenRefusedError("Unknown access token.")
        fields = _fields(rest)
        key = fields.get("oauth_token", "")
        if not key:
            return Principal(request=request)
        token = self._check(key, fields)
        return Principal(token.person, token.level, request, token.consumer)

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


ASK, DECIDE, EXCHANGE = "/+request-token", "/+authorize-token", "/+access-token"
PAGES = (ASK, DECIDE, EXCHANGE)
DECLINED = "UNAUTHORIZED"


@dataclass
class RequestToken:
    """A request for a token, waiting for a person; `level` None: nobody has decided yet."""

    consumer: str
    key: str = field(default_factory=lambda: secrets.token_hex(10))
    secret: str = field(default_factory=lambda: secrets.token_hex(20))
    person: Person | None = None
    level: str | None = None


class RefusedError(Exception):
    """The request is answered with this status and text."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class RequestTokens:
    """All request tokens of a world that were not exchanged. Only under the world's lock."""

    def __init__(self) -> None:
        self._tokens: dict[str, RequestToken] = {}

    def decide(self, key: str, person: Person, level: str) -> None:
        """Record a person's decision; KeyError for a token that does not exist."""
        token = self._tokens[key]
        if token.level is not None:
            raise ValueError("somebody decided on it already")
        token.person, token.level = person, level

    def ask(self, form: dict[str, str]) -> RequestToken:
        """Make a new request token, for any consumer."""
        consumer = form.get("oauth_consumer_key")
        if not consumer or not _signed(form, ""):
            raise RefusedError(401, "Invalid OAuth signature.")
        token = RequestToken(consumer)
        self._tokens[token.key] = token
        return token

    def show(self, form: dict[str, str]) -> str:
        """The page on which a person would decide."""
        token = self._tokens.get(form.get("oauth_token", ""))
        if token is None:
            raise RefusedError(404, "There is no such request.")
        return f"{token.consumer} wants access. Decide with the control command authorise, request_token {token.key}."

    def exchange(self, form: dict[str, str]) -> Token:
        """Exchange a request token for the access token; the request token is then gone."""
        token = self._tokens.get(form.get("oauth_token", ""))
        if token is None or token.consumer != form.get("oauth_consumer_key"):
            raise RefusedError(401, "No request token specified.")
        if not _signed(form, token.secret):
            raise RefusedError(401, "Invalid OAuth signature.")
        if token.level is None or token.person is None:
            raise RefusedError(401, "Request token has not yet been reviewed. Try again later.")
        if token.level == DECLINED:
            raise RefusedError(403, "End-user refused to authorize request token.")
        del self._tokens[token.key]
        return Token(token.person, token.consumer, secrets.token_hex(10), secrets.token_hex(20), token.level)


def _signed(form: dict[str, str], secret: str) -> bool:
    return form.get("oauth_signature_method") == "PLAINTEXT" and form.get("oauth_signature") == f"&{secret}"


def serve(world: WorldLike, request: HttpRequest) -> tuple[int, str] | None:
    """Status and text of one of these pages; None for any other address.  Only under the world's lock."""
    parts = urlsplit(request.target)
    if parts.path not in PAGES:
        return None
    form = {name: values[-1] for name, values in parse_qs(f"{parts.query}&{request.body.decode('latin-1')}").items()}
    try:
        return 200, _page(world, parts.path, form, request)
    except RefusedError as refusal:
        return refusal.status, str(refusal)


def _page(world: WorldLike, path: str, form: dict[str, str], request: HttpRequest) -> str:
    if path == DECIDE:
        shown: str = world.waiting.show(form)
        return shown
    if request.method != "POST":
        raise RefusedError(405, "Only POST.")
    if path == ASK:
        return _shown(world.waiting.ask(form), request)
    return _shown(world.tokens.add(world.waiting.exchange(form)), request)


def _shown(token: RequestToken | Token, request: HttpRequest) -> str:
    pair = {"oauth_token": token.key, "oauth_token_secret": token.secret}
    if request.headers.get("accept") == "application/json":
        return json.dumps(pair | {"oauth_token_consumer": token.consumer})
    return urlencode(pair)
