"""/metrics: the pools, the line and the traffic, for Prometheus.

Rule: pools are read when they are asked for, from memory; nothing here is kept but counts of requests.  Each
application has a registry of its own.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from prometheus_client import CollectorRegistry, Counter, GCCollector, Histogram, PlatformCollector, ProcessCollector
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector
from starlette.responses import Response

from .. import __version__
from .backend import Backend

_BUCKETS_S = (0.005, 0.02, 0.1, 0.5, 2.0, 10.0, 60.0, 600.0, 3600.0)


class Pools(Collector):
    """The pools as they are when somebody asks."""

    def __init__(self, backend: Backend[Any]) -> None:
        self._backend = backend

    def collect(self) -> Iterable[GaugeMetricFamily | InfoMetricFamily]:
        """Called by the registry for each answer."""
        states = GaugeMetricFamily("ppa_assigner_ppas", "PPAs by state", labels=["pool", "state"])
        conditions = GaugeMetricFamily("ppa_assigner_conditions", "PPAs by condition", labels=["pool", "condition"])
        waiting = GaugeMetricFamily("ppa_assigner_waiting", "Requests in the line", labels=["pool"])
        oldest = GaugeMetricFamily("ppa_assigner_oldest_wait_seconds", "Longest wait in the line", labels=["pool"])
        for view in self._backend.pools():
            for state, count in view.states.items():
                states.add_metric([view.pool, state], count)
            for condition, count in view.conditions.items():
                conditions.add_metric([view.pool, condition], count)
            waiting.add_metric([view.pool], view.waiting)
            oldest.add_metric([view.pool], view.oldest_wait or 0.0)
        ready = GaugeMetricFamily("ppa_assigner_ready", "Whether the first look is done")
        ready.add_metric([], float(self._backend.unready() is None))
        version = InfoMetricFamily("ppa_assigner", "This program", value={"version": __version__})
        return (states, conditions, waiting, oldest, ready, version)

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Nothing is collected to find out the names: the backend need not be ready yet."""
        return ()


class Metrics:
    """Counts requests, and tells all there is."""

    def __init__(self, backend: Backend[Any]) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(Pools(backend))
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)
        GCCollector(registry=self._registry)
        self._requests = Counter(
            "ppa_assigner_http_requests", "Answers", ["method", "route", "status"], registry=self._registry
        )
        self._seconds = Histogram(
            "ppa_assigner_http_seconds", "Time to an answer's end", ["route"], buckets=_BUCKETS_S,
            registry=self._registry,
        )  # fmt: skip
        self.in_flight = 0

    @contextmanager
    def request(self) -> Iterator[float]:
        """While a request is on its way; gives when it began."""
        self.in_flight += 1
        try:
            yield time.monotonic()
        finally:
            self.in_flight -= 1

    def answered(self, method: str, route: str, status: int, began: float) -> None:
        """A request is over; `route` is the path with the names of its parameters."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(time.monotonic() - began)

    def answer(self) -> Response:
        """The text that Prometheus reads."""
        return Response(generate_latest(self._registry), headers={"Content-Type": CONTENT_TYPE_LATEST})
