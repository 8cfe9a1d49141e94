"""How a call is tried again: how long, when the next try is, and what each request of one assign asks for.

Rule: measured by the monotonic clock; every pause ends within the budget.  The line is stored nowhere but in the
tickets that clients hold, so a long wait is asked for in short ones, each of which brings a fresh ticket: the first
after a second, the others after a minute.  Whatever ends the daemon, the ticket is then much younger than the ten
minutes after which it is void.  Between two of them the daemon keeps the place for a moment, for a client that comes
back at once.  Nothing here sends anything.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from ..backoff import CALL, Backoff
from .errors import AssignerError, Document, NoneFree, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..documents import Wish

INTERRUPTIBLE = True
"""A signal may end a command's wait anywhere in this module: what it locks, it locks by a `with`."""

REQUESTS = 1_000_000
"""More than one wish ever sends."""
MOST_ATTEMPTS = 2**53 // REQUESTS - 1
"""The daemon counts requests to 2**53, as JSON's numbers do."""
LONGEST_WAIT_S = 10 * 366 * 86400.0
FIRST_WAIT_S = 1.0
WAIT_S = 60.0
_EARLY_S = 0.05  # how much sooner an answer may come than the wait that was asked for, and still be its end


class RetryBudget:
    """A budget of seconds for tries of one call, from now on.  `maybe_done`: a try may have had its effect."""

    def __init__(self, seconds: float, *, read: float, bounded: bool = False, backoff: Backoff = CALL) -> None:
        """`read` is how long one answer may take; when `bounded`, no longer than what is left of the budget.
        `backoff` is between two tries unless the daemon asks for more.
        """
        self._end = time.monotonic() + seconds
        self._read = read
        self._bounded = bounded
        self._backoff, self._failures = backoff, 0
        self.maybe_done = False

    @property
    def read(self) -> float:
        """How long the next answer may take, in seconds."""
        return max(0.1, min(self._read, self._left())) if self._bounded else self._read

    @property
    def is_over(self) -> bool:
        """Whether the budget is used up."""
        return self._left() <= 0

    def pause(self, retry_after: float | None = None) -> bool:
        """Wait before the next try, as long as the daemon asked for if the budget allows; False when it is used up."""
        left = self._left()
        if left <= 0:
            return False
        time.sleep(min(left, max(retry_after or 0.0, self._next_pause())))
        return True

    def _next_pause(self) -> float:
        from random import SystemRandom  # the numbers of `random` are the program's own: it may have seeded them

        pause = self._backoff.pause(self._failures, SystemRandom().random())
        self._failures += 1
        return pause

    def _left(self) -> float:
        return self._end - time.monotonic()


class AssignAttempts:
    """A wish that is counted: each request has an `attempt` higher than the one before.  `wait` is the whole wait.

    Invariant: the caller counts calls, so each attempt of a call is higher than all of the calls before, however long
    those waited: else what they got would count as newer, and this one as superseded
    (docs/explanation/protocol.md#attempts).
    """

    def __init__(self, owner: str | None, wish: Wish) -> None:
        """Raises UsageError."""
        import uuid

        body: Document = _said({"owner": owner, **wish})
        if (wants := body.get("want")) is not None:
            body["want"] = [_said(one) for one in wants]
        body["request_id"] = body.get("request_id") or str(uuid.uuid4())
        attempt, wait = body.pop("attempt", 0), body.pop("wait", 0.0)
        if not 0 <= attempt <= MOST_ATTEMPTS:
            raise UsageError(f"attempt must be a whole number from 0 to {MOST_ATTEMPTS}")
        if not 0 <= wait <= LONGEST_WAIT_S:
            raise UsageError("wait must be a number of seconds, 0 or more, and at most ten years")
        self._attempt, self.wait = attempt * REQUESTS, float(wait)
        if sources := body.pop("sources", None):
            body["sources"] = list(sources)
        self._body = body
        self._ends = time.monotonic() + self.wait
        self._answer_due = 0.0

    def next_request(self) -> Document:
        """The body of the next request."""
        now = time.monotonic()
        wait = min(max(0.0, self._ends - now), WAIT_S if "ticket" in self._body else FIRST_WAIT_S)
        self._answer_due = now + wait - _EARLY_S
        request = self._body | {"attempt": self._attempt, "wait": wait}
        self._attempt += 1
        return request

    def failed(self, error: AssignerError) -> None:
        """Note the error that came instead of a lease: keep its ticket for the next request, and give it the request
        id.
        """
        error.problem.setdefault("request_id", self._body["request_id"])
        if ticket := error.problem.get("ticket"):
            self._body["ticket"] = ticket

    def is_over(self, error: AssignerError) -> bool:
        """Whether there is nothing more to wait for.  (Of a daemon that does not answer, nobody knows.)"""
        hopeless = error.slug == "all-burnt" or (error.slug == "quota" and error.problem.get("position") is None)
        return isinstance(error, NoneFree) and (hopeless or self._ends <= time.monotonic())

    def may_go_on(self, error: AssignerError) -> bool:
        """Whether to ask again at once: the daemon waited as long as it was asked to, and keeps the place a moment."""
        return isinstance(error, NoneFree) and time.monotonic() >= self._answer_due


def _said(wish: Mapping[str, Any]) -> Document:
    """What it says: None leaves it to the daemon, as if it were absent."""
    return {key: value for key, value in wish.items() if value is not None}
