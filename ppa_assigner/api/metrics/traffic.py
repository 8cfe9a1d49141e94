"""Requests to Launchpad: how many, how they ended, how long they took.

Rule: it is told of requests and asks for none.  `writes` keeps the outcomes of a compare-and-swap apart, as far as the
answer's status tells them (docs/explanation/protocol.md#outcomes-of-a-write).
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Protocol

from prometheus_client import CollectorRegistry, Counter, Histogram

from ...port import Lane

_BUCKETS_S = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
WRITTEN, GONE, CONFLICT, REFUSED, UNKNOWN, NOT_SENT = "written", "gone", "conflict", "refused", "unknown", "not-sent"
OUTCOMES = (WRITTEN, GONE, CONFLICT, REFUSED, UNKNOWN, NOT_SENT)
NO_ANSWER = "no-answer"
_RETURNED = 209  # lazr.restful's answer to a write
_ANSWERED = {"GET": HTTPStatus.OK.value, "POST": HTTPStatus.OK.value, "PATCH": _RETURNED}
_BY_STATUS = {
    _RETURNED: WRITTEN,
    HTTPStatus.NOT_FOUND: GONE,
    HTTPStatus.GONE: GONE,
    HTTPStatus.PRECONDITION_FAILED: CONFLICT,
}


class Request(Protocol):
    """One request: `outcome` is the HTTP status, or `not-sent` or `no-answer`."""

    @property
    def method(self) -> str: ...
    @property
    def lane(self) -> Lane: ...
    @property
    def outcome(self) -> int | str: ...
    @property
    def seconds(self) -> float: ...


class Traffic:
    """One daemon's.  Safe for threads."""

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
        for outcome in OUTCOMES:
            self._writes.labels(outcome)
        for method, good in _ANSWERED.items():
            for status in (good, NO_ANSWER, NOT_SENT):
                self._requests.labels(method, str(status))
            for lane in Lane:
                self._seconds.labels(method, lane.value)

    def register(self, registry: CollectorRegistry) -> None:
        """Tell it there."""
        for metric in (self._requests, self._seconds, self._writes):
            registry.register(metric)

    def seen(self, request: Request) -> None:
        """A request is over."""
        self._requests.labels(request.method, str(request.outcome)).inc()
        self._seconds.labels(request.method, request.lane.value).observe(request.seconds)
        if request.method == "PATCH":
            self._writes.labels(outcome_of(request.outcome)).inc()


def outcome_of(status: int | str) -> str:
    """What the answer to a write says of it."""
    if not isinstance(status, int):
        return NOT_SENT if status == NOT_SENT else UNKNOWN
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    return REFUSED if HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR else UNKNOWN
