"""Authentication: who calls, by token, and how often; without clients, that the call is for this host.

Rule: decided from the head of a request alone, before anything of its body is read.  What a caller may do with a lease
is decided in `access`.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import ipaddress
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from starlette.types import Scope

from ..access import EVERYBODY, Caller, ClientConfig, Role
from ..config import RATE
from ..identity import OidcRules
from ..identity.token import looks_like
from ..problems import Kind, Problem
from ..supervisor.lease_tokens import LeaseTokens
from .oidc import Issuers, VerifiedToken
from .rate_limit import RateLimiter

OPEN_PATHS = frozenset({"/", "/healthz", "/readyz", "/problems"})
"""Paths that show no data and need no token."""
OPEN_PREFIXES = ("/static/", "/problems/")
"""Below them are the files of which the page at `/` is made, and what a problem's `type` means: no data either."""
UNCOUNTED = frozenset({"/", "/healthz", "/readyz", "/metrics"})
"""Monitoring is let in even where a client exceeds its rate."""
_OF_A_LEASE = re.compile(
    r"POST /v1/leases/[^/]+/touch|(GET|HEAD) /v1/leases/[^/]+/uploads|DELETE /v1/leases/[^/]+", re.DOTALL
)
"""What may be called with the token of a lease."""
VERIFIED = "verified"
"""In the state of a request: what the token claims that an issuer signed."""
_AUTHORITY = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^\s:@/\[\]]+)(?::(?P<port>[0-9]{1,5}))?")
_PORTS = {"http": 80, "https": 443}


class Authenticator:
    """Knows the configured clients, which may be replaced at any time, from any thread."""

    def __init__(
        self,
        clients: Sequence[ClientConfig] = (),
        rate: float = RATE,
        promote_to: Sequence[str] = (),
        *,
        issuers: Issuers,
        lease_tokens: LeaseTokens,
    ) -> None:
        """`rate`: requests per second that each client may sustain.  `promote_to`: where everybody may have packages
        copied who calls while there are no clients.  `issuers` verifies the tokens of those of clients,
        `lease_tokens` reads those of leases.
        """
        self._clients, self._issuers, self._lease_tokens = tuple(clients), issuers, lease_tokens
        self._everybody = replace(EVERYBODY, promote_to=tuple(promote_to))
        self._limiter = RateLimiter(rate)
        self._inside: dict[asyncio.Future[Problem], Scope] = {}

    @property
    def open(self) -> bool:
        """Whether no clients are configured: then everybody who reaches the daemon is an operator."""
        return not self._clients

    @property
    def asks_issuers(self) -> bool:
        """Whether a client is known by the tokens of an issuer, which may be away."""
        return any(_rules(self._clients))

    def set_clients(self, clients: Sequence[ClientConfig], rate: float = RATE, promote_to: Sequence[str] = ()) -> bool:
        """Let these in from now on, at this rate.  Returns whether they differ from those before."""
        before, self._clients = self._clients, tuple(clients)
        self._issuers.keep(_rules(self._clients))
        self._everybody = replace(EVERYBODY, promote_to=tuple(promote_to))
        if rate != self._limiter.per_second:
            self._limiter = RateLimiter(rate)
        return before != self._clients

    async def caller(self, scope: Scope) -> Caller | None:
        """Who makes this request; None at a path that needs no token.  Waits where keys of an issuer must be read.

        Raises Problem: 401 without a known token; 403 for a token of an issuer that is no client's, and when, without
        clients, a page of another site may be behind it; 429 when it calls too often; 503 where an issuer is away.
        """
        found = self._found(scope)
        if isinstance(found, str):
            verified = scope["state"][VERIFIED] = await self._issuers.verified(found, _rules(self._clients))
            found = verified.caller(self._clients)
        if found is not None and scope["path"] not in UNCOUNTED:
            self._count(found)
        return found

    def check(self, scope: Scope) -> None:
        """Raises Problem when the client of this request, which was let in, would not be let in as the same now.  An
        issuer's token that is over meanwhile is still its.
        """
        found, before = self._found(scope), caller(scope)
        if isinstance(found, str):
            verified: VerifiedToken = scope["state"][VERIFIED]
            found = verified.caller(self._clients)
        if found is not None and found.name not in (None, before.name):
            raise Problem(Kind.UNAUTHORIZED, "this token belongs to another client now")

    @contextlib.contextmanager
    def revoked(self, scope: Scope) -> Iterator[asyncio.Future[Problem]]:
        """A future that completes with a Problem as soon as `check` would raise one.  Raises it if it would already."""
        future: asyncio.Future[Problem] = asyncio.get_running_loop().create_future()
        self._inside[future] = scope
        try:
            self.check(scope)  # after it was put there: no change of the clients falls in between
            yield future
        finally:
            del self._inside[future]

    def look_again(self) -> None:
        """Call in the loop after the clients were replaced: completes the futures of those no longer let in."""
        for future, scope in self._inside.items():
            problem = self._refused(scope)
            if problem is not None and not future.done():
                future.set_result(problem)

    def _refused(self, scope: Scope) -> Problem | None:
        try:
            self.check(scope)
        except Problem as problem:
            return problem
        return None

    def _count(self, found: Caller) -> None:
        seconds = self._limiter.take(found.name)
        if seconds:
            told = f"more than {self._limiter.per_second:g} requests a second"
            raise Problem(Kind.TOO_MANY, f"{found.name or 'everybody together'}: {told}", retry_after=seconds)

    def _found(self, scope: Scope) -> Caller | str | None:
        """Who makes this request; the token where an issuer's keys must tell that."""
        clients = self._clients
        if not clients:
            _check_local(scope)
            return self._everybody
        if scope["path"] in OPEN_PATHS or scope["path"].startswith(OPEN_PREFIXES):
            return None
        token = _token(scope)
        known = _known(clients, token)
        if known is not None:
            return known
        text = token.decode("latin-1")
        if (lease := self._lease_tokens.read(text)) is not None:
            if not _OF_A_LEASE.fullmatch(f"{scope['method']} {scope['path']}"):
                raise Problem(Kind.FORBIDDEN, "the token of a lease is for touch, uploads and release of it alone")
            return lease.caller()
        if self.asks_issuers and looks_like(text):
            return text
        raise Problem(Kind.UNAUTHORIZED, "this token is not known here")


def caller(scope: Scope) -> Caller:
    """Who makes the request that was let in."""
    found: Caller = scope["state"]["caller"]
    return found


def operator(scope: Scope) -> Caller:
    """Who makes this request, if it is an operator.  Raises Problem `forbidden`."""
    found = caller(scope)
    if found.role is not Role.OPERATOR:
        raise Problem(Kind.FORBIDDEN, "only an operator may do that")
    return found


def loopback_name(host: str) -> bool:
    """Whether a host name or address (IPv6 in brackets) can only mean this host: localhost, 127.0.0.0/8, [::1]."""
    if host.lower().removesuffix(".") == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return address.is_loopback and (address.version == 6) == host.startswith("[")


def _token(scope: Scope) -> bytes:
    values = _headers(scope, b"authorization")
    if not values:
        raise Problem(Kind.UNAUTHORIZED, "a token is needed: Authorization: Bearer TOKEN")
    scheme, _, token = values[0].strip().partition(b" ")
    if len(values) > 1 or scheme.lower() != b"bearer" or not token.strip():
        raise Problem(Kind.UNAUTHORIZED, "one header of this form is needed: Authorization: Bearer TOKEN")
    return token.strip()


def _rules(clients: Iterable[ClientConfig]) -> Iterator[OidcRules]:
    """By which tokens of issuers some of them are known."""
    return (client.oidc for client in clients if client.oidc is not None)


def _known(clients: Iterable[ClientConfig], token: bytes) -> Caller | None:
    """Compare with all clients, each in constant time, so that the time taken tells nothing about the tokens."""
    digest = hashlib.sha256(token).hexdigest().encode()
    known = ((client, client.token_sha256) for client in clients if client.token_sha256 is not None)
    found = [client for client, sha256 in known if hmac.compare_digest(sha256.lower().encode(), digest)]
    return found[0].caller() if found else None


def _check_local(scope: Scope) -> None:
    """A page of another site can make a browser on this host call the daemon (DNS rebinding, forms), but cannot forge
    these two headers.  A browser cannot reach a Unix socket, but a proxy in front of one passes both on.
    """
    hosts, origins = _headers(scope, b"host"), _headers(scope, b"origin")
    if len(hosts) != 1 or not _is_loopback(hosts[0]):
        raise Problem(Kind.FORBIDDEN, "the Host header must name this host: localhost, 127.0.0.1 or [::1]")
    if any(not _own_origin(origin, hosts[0], _schemes(scope)) for origin in origins):
        raise Problem(Kind.FORBIDDEN, "pages of other sites, and of other ports, may not call this daemon")


def _is_loopback(authority: bytes) -> bool:
    match = _AUTHORITY.fullmatch(authority.decode("latin-1"))
    return match is not None and loopback_name(match["host"])


def _schemes(scope: Scope) -> tuple[str, ...]:
    """The schemes of the daemon's own pages; a proxy in front of a Unix socket may speak either."""
    server = scope.get("server")
    return (scope["scheme"],) if server is not None and server[1] is not None else tuple(_PORTS)


def _own_origin(origin: bytes, host: bytes, schemes: Sequence[str]) -> bool:
    """Whether an Origin is the daemon itself: some name of this host and the port that was called, since any other port
    may serve somebody else's page.  `host`, the Host header, names this host.
    """
    scheme, _, authority = origin.decode("latin-1").partition("://")
    match = _AUTHORITY.fullmatch(authority)
    if match is None or scheme not in schemes or not loopback_name(match["host"]):
        return False
    return _port(authority, scheme) == _port(host.decode("latin-1"), scheme)


def _port(authority: str, scheme: str) -> int:
    match = _AUTHORITY.fullmatch(authority)
    return int(match["port"]) if match is not None and match["port"] else _PORTS[scheme]


def _headers(scope: Scope, name: bytes) -> list[bytes]:
    return [value for key, value in scope["headers"] if key == name]
