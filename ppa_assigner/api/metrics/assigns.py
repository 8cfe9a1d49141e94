"""How the calls for a PPA end, and how long they take.

Rule: a refusal is an answer like any other: a line of the log for whoever wonders, no error.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Collection

from prometheus_client import CollectorRegistry, Counter, Histogram

from ...journal import about, quoted
from ...problems import Kind, Problem
from ...views import Lent, Wish
from ..waiting import ClientGoneError
from .labels import OTHERS, POOL, Pools, forget

log = logging.getLogger(__name__)

CREATED, AGAIN, HUNG_UP, BUG = "created", "again", "client-gone", Kind.INTERNAL.value
OUTCOMES = (
    CREATED, AGAIN, HUNG_UP, BUG, Kind.NONE_FREE.value, Kind.ALL_BURNT.value, Kind.SUPERSEDED.value,
    Kind.UNAVAILABLE.value, Kind.REQUEST_ID_TAKEN.value, Kind.UNKNOWN_POOL.value, Kind.UNKNOWN_PPA.value,
    Kind.INVALID.value, Kind.UNAUTHORIZED.value,
)  # fmt: skip
TIMED = (CREATED, AGAIN, Kind.NONE_FREE.value)
"""Whose times are told from the start."""
_BY_OUTCOME = (POOL, "outcome")
_BUCKETS_S = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 1800.0, 3600.0)


class Assigns:
    """One daemon's.  Used in the loop of its server."""

    def __init__(self, registry: CollectorRegistry, pools: Pools) -> None:
        self._pools = pools
        self._ended = Counter(
            "ppa_assigner_assigns", "Calls for a PPA, by how they ended", _BY_OUTCOME, registry=registry
        )
        self._retries = Counter(
            "ppa_assigner_assign_retries", "Calls for a PPA that were a client's second or later attempt", [POOL],
            registry=registry,
        )  # fmt: skip
        self._seconds = Histogram(
            "ppa_assigner_assign_seconds", "Time to the answer, waiting in the line included", _BY_OUTCOME,
            buckets=_BUCKETS_S, registry=registry,
        )  # fmt: skip

    def begin(self, pools: Collection[str]) -> None:
        """These are served: a first call of each kind is to be an increase."""
        for pool in pools:
            self._retries.labels(pool)
            for outcome in OUTCOMES:
                self._ended.labels(pool, outcome)
            for outcome in TIMED:
                self._seconds.labels(pool, outcome)

    def end(self, pools: Collection[str]) -> None:
        """These are served no more."""
        for metric, names in ((self._ended, _BY_OUTCOME), (self._seconds, _BY_OUTCOME), (self._retries, (POOL,))):
            forget(metric, names, pools)

    async def counted(self, wish: Wish, lending: Awaitable[Lent]) -> Lent:
        """What is lent.  Raises what `lending` does."""
        began, outcome = time.monotonic(), BUG
        try:
            lent = await lending
            outcome = CREATED if lent.fresh else AGAIN
        except Problem as problem:
            outcome = problem.kind.value
            _tell(wish, problem)
            raise
        except ClientGoneError:
            outcome = HUNG_UP
            raise
        finally:
            self._count(wish, outcome, time.monotonic() - began)
        return lent

    def _count(self, wish: Wish, outcome: str, seconds: float) -> None:
        pool = OTHERS if outcome == Kind.UNKNOWN_POOL.value else self._pools.label(wish.pool)
        self._ended.labels(pool, outcome).inc()
        self._seconds.labels(pool, outcome).observe(seconds)
        if wish.attempt > 0:
            self._retries.labels(pool).inc()


def _tell(wish: Wish, problem: Problem) -> None:
    facts = about(owner=wish.owner, request_id=wish.request_id)
    whose = f"owner={quoted(wish.owner)} request={quoted(wish.request_id)}"
    log.info("%s: %s %s", problem.kind.value, problem.detail, whose, extra=facts)
