"""The answer to /metrics: assembles what the modules beside it tell, and counts the answers of the API itself.

Rule: each application has a registry of its own.  State is read from memory at each scrape; only what passes (requests,
responses, transitions) is counted here.  Labels are few whatever happens: no PPA, no owner, no lease is one (`pool` is
bounded by `labels`).
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from prometheus_client import CollectorRegistry, Counter, GCCollector, Histogram, PlatformCollector, ProcessCollector
from prometheus_client.core import Metric
from prometheus_client.exposition import generate_latest
from starlette.responses import Response

from ..backend import Backend
from .collectors import StateCollector
from .labels import PoolLabels
from .requests import AssignMetrics, LaunchpadMetrics
from .transitions import TransitionMetrics

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_BUCKETS_S = (0.005, 0.02, 0.1, 0.5, 2.0, 10.0, 60.0, 600.0, 3600.0)


class _Registry(CollectorRegistry):
    """A registry without the `_created` series, which would double the output."""

    def collect(self) -> Iterable[Metric]:
        for family in super().collect():
            family.samples = [sample for sample in family.samples if not sample.name.endswith("_created")]
            yield family


class Metrics:
    """All metrics of an application.  `traffic`: those of the same daemon's requests to Launchpad."""

    def __init__(self, backend: Backend[Any], traffic: LaunchpadMetrics | None = None) -> None:
        registry = self._registry = _Registry()
        pools = self._pools = PoolLabels(backend.pool_names)
        self._served: frozenset[str] = frozenset()
        registry.register(StateCollector(backend, pools))
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        GCCollector(registry=registry)
        (traffic or LaunchpadMetrics()).register(registry)
        self.assigns = AssignMetrics(registry, pools)
        self._transitions = TransitionMetrics(registry, pools)
        backend.events.subscribe(self._transitions.happened)
        self._follow()
        self._requests = Counter(
            "ppa_assigner_http_requests", "Answers of the API", ["method", "route", "status"], registry=registry
        )
        self._seconds = Histogram(
            "ppa_assigner_http_seconds", "Time to an answer's end", ["route"], buckets=_BUCKETS_S, registry=registry
        )
        self.in_flight = 0

    @contextmanager
    def request(self) -> Iterator[float]:
        """Count a request as under way within the block; gives the time at which it began."""
        self.in_flight += 1
        try:
            yield time.monotonic()
        finally:
            self.in_flight -= 1

    def answered(self, method: str, route: str, status: int, began: float) -> None:
        """Count a finished request; `route` is the path with the names of its parameters."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(time.monotonic() - began)

    def _follow(self) -> None:
        """Add and remove the series of pools that the configuration gained and lost."""
        before, self._served = self._served, frozenset(self._pools.configured())
        for counting in (self.assigns, self._transitions):
            counting.begin(self._served - before)
            counting.end(before - self._served)

    def answer(self) -> Response:
        """The response to a scrape."""
        self._follow()
        return Response(generate_latest(self._registry), headers={"Content-Type": CONTENT_TYPE})
