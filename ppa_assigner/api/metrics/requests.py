"""The metrics of requests, to assign a PPA and to Launchpad: how many, how they ended, how long they took.

Rule: counts requests and makes none.  A refused assign is a normal result: it is logged, but not as an error.  `writes`
keeps the outcomes of a compare-and-swap apart, as far as the answer's status tells them
(docs/explanation/protocol.md#outcomes-of-a-write).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Collection
from http import HTTPStatus
from typing import Protocol

from prometheus_client import CollectorRegistry, Counter, Histogram

from ...journal import about, named
from ...port import Lane
from ...problems import Kind, Problem
from ...views import AssignRequest, LeaseView
from ..long_poll import ClientGoneError
from .labels import OTHERS, POOL, PoolLabels, forget

log = logging.getLogger(__name__)

CREATED, AGAIN, HUNG_UP, BUG = "created", "again", "client-gone", Kind.INTERNAL.value
ASSIGN_OUTCOMES = (
    CREATED, AGAIN, HUNG_UP, BUG, Kind.NONE_FREE.value, Kind.ALL_BURNT.value, Kind.SUPERSEDED.value,
    Kind.UNAVAILABLE.value, Kind.REQUEST_ID_TAKEN.value, Kind.UNKNOWN_POOL.value, Kind.UNKNOWN_PPA.value,
    Kind.NO_MATCH.value, Kind.TOO_MANY_WANTED.value, Kind.ORIG_DIFFERS.value,
    Kind.INVALID.value, Kind.UNAUTHORIZED.value,
)  # fmt: skip
TIMED = (CREATED, AGAIN, Kind.NONE_FREE.value)
"""The outcomes whose times are series from the start."""
_BY_OUTCOME = (POOL, "outcome")
_ASSIGN_BUCKETS_S = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 1800.0, 3600.0)
_BUCKETS_S = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
WRITTEN, GONE, CONFLICT, REFUSED, UNKNOWN, NOT_SENT = "written", "gone", "conflict", "refused", "unknown", "not-sent"
WRITE_OUTCOMES = (WRITTEN, GONE, CONFLICT, REFUSED, UNKNOWN, NOT_SENT)
NO_ANSWER = "no-answer"
_RETURNED = 209  # lazr.restful's answer to a write
_ANSWERED = {"GET": HTTPStatus.OK.value, "POST": HTTPStatus.OK.value, "PATCH": _RETURNED}
_BY_STATUS = {
    _RETURNED: WRITTEN,
    HTTPStatus.NOT_FOUND: GONE,
    HTTPStatus.GONE: GONE,
    HTTPStatus.PRECONDITION_FAILED: CONFLICT,
}


class AssignMetrics:
    """The metrics of assigns.  For the event loop of the server only."""

    def __init__(self, registry: CollectorRegistry, pools: PoolLabels) -> None:
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
            buckets=_ASSIGN_BUCKETS_S, registry=registry,
        )  # fmt: skip

    def begin(self, pools: Collection[str]) -> None:
        """Add the series of these pools at 0, so that the first assign of each kind is an increase."""
        for pool in pools:
            self._retries.labels(pool)
            for outcome in ASSIGN_OUTCOMES:
                self._ended.labels(pool, outcome)
            for outcome in TIMED:
                self._seconds.labels(pool, outcome)

    def end(self, pools: Collection[str]) -> None:
        """Remove the series of these pools."""
        for metric, names in ((self._ended, _BY_OUTCOME), (self._seconds, _BY_OUTCOME), (self._retries, (POOL,))):
            forget(metric, names, pools)

    async def counted(self, wish: AssignRequest, lending: Awaitable[LeaseView]) -> LeaseView:
        """Count an assign, and pass on its result.  Raises what `lending` does."""
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

    def _count(self, wish: AssignRequest, outcome: str, seconds: float) -> None:
        pool = OTHERS if outcome == Kind.UNKNOWN_POOL.value else self._pools.label(wish.pool)
        self._ended.labels(pool, outcome).inc()
        self._seconds.labels(pool, outcome).observe(seconds)
        if wish.attempt > 0:
            self._retries.labels(pool).inc()


def _tell(wish: AssignRequest, problem: Problem) -> None:
    facts = about(owner=wish.owner, request_id=wish.request_id)
    whose = named(owner=wish.owner, request=wish.request_id)
    log.info("%s: %s%s", problem.kind.value, problem.detail, whose, extra=facts)


class LaunchpadRequest(Protocol):
    """A finished request to Launchpad: `outcome` is the HTTP status, `not-sent` or `no-answer`."""

    @property
    def method(self) -> str: ...
    @property
    def lane(self) -> Lane: ...
    @property
    def outcome(self) -> int | str: ...
    @property
    def seconds(self) -> float: ...


class LaunchpadMetrics:
    """The metrics of a daemon's requests to Launchpad.  Safe for threads."""

    def __init__(self) -> None:
        self._requests = Counter(
            "ppa_assigner_launchpad_requests", "Requests to Launchpad, by the status of the answer",
            ["method", "status"], registry=None,
        )  # fmt: skip
        self._seconds = Histogram(
            "ppa_assigner_launchpad_request_seconds", "Time to the end of Launchpad's answer", ["method", "lane"],
            buckets=_BUCKETS_S, registry=None,
        )  # fmt: skip
        self._writes = Counter(
            "ppa_assigner_launchpad_writes", "Conditional writes, by outcome", ["outcome"], registry=None
        )
        for outcome in WRITE_OUTCOMES:
            self._writes.labels(outcome)
        for method, good in _ANSWERED.items():
            for status in (good, NO_ANSWER, NOT_SENT):
                self._requests.labels(method, str(status))
            for lane in Lane:
                self._seconds.labels(method, lane.value)

    def register(self, registry: CollectorRegistry) -> None:
        """Add these metrics to a registry."""
        for metric in (self._requests, self._seconds, self._writes):
            registry.register(metric)

    def on_request(self, request: LaunchpadRequest) -> None:
        """Count a finished request."""
        self._requests.labels(request.method, str(request.outcome)).inc()
        self._seconds.labels(request.method, request.lane.value).observe(request.seconds)
        if request.method == "PATCH":
            self._writes.labels(outcome_of(request.outcome)).inc()


def outcome_of(status: int | str) -> str:
    """The outcome of a write, as far as the status of the response tells it."""
    if not isinstance(status, int):
        return NOT_SENT if status == NOT_SENT else UNKNOWN
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    return REFUSED if HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR else UNKNOWN
