"""Rate limits: requests per second of each client, and requests at once, of each kind and of each client.

Rule: one client's rate costs no other client anything.  Clients that wait for a PPA cannot crowd out those that have
one: touches and releases have a share of their own, and no client alone can take the whole share of a kind.  For the
event loop of the server only; times are monotonic.
"""

from __future__ import annotations

import contextlib
import enum
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from ..problems import Kind, Problem

BURST_S = 20.0
"""A client that was idle may send at once as many requests as its rate allows in this time."""
_LIFE = re.compile(r"/v1/leases/[^/]*/touch|/v1/leases(/[^/]*)?|/v1/ppas/.*/release")


class RateLimiter:
    """Limits each client's requests per second, by its name; None is everybody where no clients are configured."""

    def __init__(self, per_second: float, now: Callable[[], float] = time.monotonic) -> None:
        self.per_second = per_second
        self._now = now
        self._spent: dict[str | None, float] = {}  # the time until which the client's rate is used up

    def take(self, name: str | None) -> float:
        """Count a request.  Gives 0, or the seconds after which the next one may come: then it was not counted."""
        now = self._now()
        paid = max(now, self._spent.get(name, now)) + 1 / self.per_second
        excess = paid - now - BURST_S
        if excess > 1e-9:  # more than a rounding error
            return excess
        self._spent[name] = paid
        return 0.0


class RequestClass(enum.Enum):
    """The kinds of requests: in words for people, and the shares of the limit for all clients and for one client."""

    WAIT = ("requests for a PPA", 1 / 2, 1 / 4)
    LIFE = ("touches and releases", 1 / 8, 1 / 16)
    FOLLOW = ("streams of events", 1 / 8, 1 / 10)
    OTHER = ("other requests", 1 / 4, 1 / 8)

    def __init__(self, words: str, share: float, each: float) -> None:
        self.words, self.share, self.each = words, share, each


class ConcurrencyLimiter:
    """Limits the requests at once to `most`, which may be changed at any time."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._all: Counter[RequestClass] = Counter()
        self._of: Counter[tuple[RequestClass, str]] = Counter()

    @property
    def under_way(self) -> Mapping[tuple[RequestClass, str], int]:
        """How many requests of each kind and client there are; of none, nothing is kept."""
        return self._of

    @contextlib.contextmanager
    def slot(self, use: RequestClass, who: str) -> Iterator[None]:
        """Count a request as under way within the block.  Raises Problem `too-many-requests`."""
        if self._all[use] >= max(1, int(self.most * use.share)):
            raise Problem(Kind.TOO_MANY, f"too many {use.words} are under way")
        if self._of[use, who] >= max(1, int(self.most * use.each)):
            raise Problem(Kind.TOO_MANY, f"{who}: too many {use.words} of one client are under way")
        self._all[use] += 1
        self._of[use, who] += 1
        try:
            yield
        finally:
            self._all[use] -= 1
            self._of[use, who] -= 1
            if not self._of[use, who]:
                del self._of[use, who]


def classify(method: str, path: str) -> RequestClass:
    """The kind of a request."""
    if (method, path) == ("POST", "/v1/leases"):
        return RequestClass.WAIT
    if path == "/v1/events":
        return RequestClass.FOLLOW
    return RequestClass.LIFE if method in ("POST", "DELETE") and _LIFE.fullmatch(path) else RequestClass.OTHER
