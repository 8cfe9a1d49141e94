"""Tokens that OIDC issuers sign: verified by keys that are read when a token needs them, while others are served.

Rule: for the event loop.  Only configured issuers are ever asked, each by one thread at a time and within a deadline;
who waits for that holds up nobody, and more than a bound do not wait.  An outage of an issuer is no refusal: 503.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from ..access import Caller, ClientConfig
from ..backoff import ISSUER_ANSWER_S
from ..identity import ClaimError, Claims, KeyCache, OidcRules, RefusedTokenError, head_of, verified
from ..identity.keys import IssuerKey, IssuerKeys
from ..issuer_http import IssuerAwayError, ReadKeys
from ..problems import Kind, Problem
from ..times import boottime

log = logging.getLogger(__name__)

MOST_WAITING = 1000
"""Requests that wait for the keys of one issuer."""
_THREAD_S = 5.0  # how much later than its deadline a reading is given up whose thread does not end


@dataclass(frozen=True, slots=True)
class VerifiedToken:
    """What a token of this issuer claims, all of it signed."""

    issuer: str
    claims: Claims

    def caller(self, clients: Iterable[ClientConfig]) -> Caller:
        """As whom its bearer calls: the first of these clients that it fits.

        Raises Problem: 401 where it is for another audience, 403 where its claims are not those of any.
        """
        known = [(client, client.oidc) for client in clients if client.oidc and client.oidc.issuer == self.issuer]
        for_us = [(client, rules) for client, rules in known if rules.is_for_us(self.claims)]
        if not for_us:
            raise _refused("it is for another audience")
        differing = [(client, rules.differing(self.claims)) for client, rules in for_us]
        fitting = next((client for client, claim in differing if claim is None), None)
        if fitting is None:
            said = "; ".join(f"of {client.name}, {claim} differs" for client, claim in differing)
            raise Problem(Kind.FORBIDDEN, f"the claims of this token are not those of any client: {said}")
        try:
            return fitting.caller_by(self.claims)
        except ClaimError as error:
            raise Problem(Kind.FORBIDDEN, f"this token cannot be used for client {fitting.name}: {error}") from None


class Issuers:
    """The issuers of all clients, and their keys."""

    def __init__(self, read: ReadKeys, now: Callable[[], float], boot: Callable[[], float] = boottime) -> None:
        """`read` reads the keys of an issuer, in a thread; `now` is the time that tokens are judged by (seconds since
        1970).
        """
        self._read, self._now, self._boot = read, now, boot
        self._known: dict[tuple[str, Path | None], _Issuer] = {}

    async def verified(self, token: str, rules: Iterable[OidcRules]) -> VerifiedToken:
        """What the token claims, if an issuer of these rules signed it.

        Raises Problem: 401 where it does not count, 503 where that cannot be told now.
        """
        trusted = {each.issuer: each.ca_file for each in rules}
        try:
            head = head_of(token)
            if head.issuer not in trusted:
                raise RefusedTokenError("it is of an issuer that is not configured here")
            key = await self._issuer(head.issuer, trusted[head.issuer]).key(head.kid)
            return VerifiedToken(head.issuer, verified(token, key, head.issuer, self._now()))
        except RefusedTokenError as error:
            raise _refused(str(error)) from None

    def keep(self, rules: Iterable[OidcRules]) -> None:
        """Forget the issuers that these rules do not have."""
        kept = {(each.issuer, each.ca_file) for each in rules}
        self._known = {key: issuer for key, issuer in self._known.items() if key in kept}

    def _issuer(self, name: str, ca_file: Path | None) -> _Issuer:
        found = self._known.get((name, ca_file))
        if found is None:
            found = _Issuer(name, lambda: self._read(name, ca_file), self._boot)
            self._known = {**self._known, (name, ca_file): found}
        return found


class _Issuer:
    """One issuer, and those who wait for its keys."""

    def __init__(self, name: str, read: Callable[[], IssuerKeys], boot: Callable[[], float]) -> None:
        self._name, self._read, self._boot = name, read, boot
        self._cache = KeyCache()
        self._reading: asyncio.Future[None] | None = None
        self._waiting = 0

    async def key(self, kid: str) -> IssuerKey:
        """The key of this id.  Raises RefusedTokenError where there is none, Problem 503 where that cannot be told."""
        now = self._boot()
        known = self._cache.key(kid, now)
        if known is not None:
            if self._cache.is_old(now):
                self._begin()
            return known
        reading = self._begin()
        if reading is not None:
            await self._ended(reading)
        known = self._cache.key(kid, self._boot())
        if known is not None:
            return known
        if self._reading is None and self._cache.trouble is None:
            raise RefusedTokenError("it is signed by a key that its issuer does not have")
        raise self._away(self._cache.trouble or "it does not answer in time")

    async def _ended(self, reading: asyncio.Future[None]) -> None:
        if self._waiting >= MOST_WAITING:
            raise self._away(f"{MOST_WAITING} requests wait for them")
        self._waiting += 1
        try:
            await asyncio.wait({reading}, timeout=ISSUER_ANSWER_S + _THREAD_S)
        finally:
            self._waiting -= 1

    def _away(self, why: str) -> Problem:
        detail = f"the keys of {self._name}, by which tokens are verified, cannot be read: {why}"
        return Problem(Kind.UNAVAILABLE, detail, retry_after=self._cache.again_in(self._boot()))

    def _begin(self) -> asyncio.Future[None] | None:
        """Have the keys read, unless that was tried just now; the reading that is under way, if one is."""
        if self._reading is None and not self._cache.again_in(self._boot()):
            loop = asyncio.get_running_loop()
            self._reading = loop.create_future()
            try:
                threading.Thread(target=self._work, args=(loop,), name="issuer", daemon=True).start()
            except (RuntimeError, MemoryError) as error:
                self._end(f"no thread can be started here: {error}")
        return self._reading

    def _work(self, loop: asyncio.AbstractEventLoop) -> None:
        outcome: IssuerKeys | str
        try:
            outcome = self._read()
        except IssuerAwayError as error:
            outcome = str(error)
        except Exception as error:
            log.exception("the keys of %s could not be read, by a bug", self._name)
            outcome = f"{type(error).__name__}, a bug of the daemon"
        with contextlib.suppress(RuntimeError):  # the loop is closed, so nothing waits any more
            loop.call_soon_threadsafe(self._end, outcome)

    def _end(self, outcome: IssuerKeys | str) -> None:
        reading, self._reading, before = self._reading, None, self._cache.trouble
        if isinstance(outcome, str):
            self._cache.failed(outcome, self._boot())
            if before is None:
                log.warning("the keys of %s cannot be read: %s", self._name, outcome)
        else:
            self._cache.told(outcome, self._boot())
            log.info("the keys of %s were read: %d", self._name, len(outcome))
        if reading is not None and not reading.done():
            reading.set_result(None)


def _refused(why: str) -> Problem:
    return Problem(Kind.UNAUTHORIZED, f"this token is refused: {why}")
