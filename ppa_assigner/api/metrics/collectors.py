"""The metrics of state: PPAs, the waiting line and the daemon, as they are when they are scraped.

Rule: read from memory, cheaply also for a thousand PPAs; nothing is kept.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from ... import __version__
from ...record import State
from ...views import DaemonHealth, PoolView
from ..backend import Backend
from .labels import PoolLabels


class StateCollector(Collector):
    """Reads the supervisor's state at each scrape."""

    def __init__(self, backend: Backend[Any], pools: PoolLabels) -> None:
        self._backend = backend
        self._pools = pools

    def collect(self) -> Iterable[Metric]:
        """Called by the registry at each scrape."""
        health = self._backend.health()
        yield from _pools(self._backend.pools())
        yield self._ages(health)
        yield from _daemon(health)
        up = self._backend.launchpad().ok
        yield _gauge("ppa_assigner_launchpad_up", "Whether Launchpad answers and takes our credentials", up)
        yield _gauge("ppa_assigner_ready", "Whether the first look is done", self._backend.unready() is None)
        yield InfoMetricFamily("ppa_assigner", "This program", value={"version": __version__})

    def describe(self) -> Iterable[Metric]:
        """Empty, so that the registry does not collect to learn the names: the backend need not be ready yet."""
        return ()

    def _ages(self, health: DaemonHealth) -> Metric:
        """The age of the oldest PPA in each state: shows what is stuck while it is stuck."""
        began: dict[tuple[str, State], Any] = {}
        for snapshot in self._backend.snapshots():
            if (record := snapshot.record) is not None:
                key = (self._pools.label(snapshot.pool), record.state)
                if key not in began or record.since < began[key]:
                    began[key] = record.since
        told = GaugeMetricFamily(
            "ppa_assigner_oldest_state_seconds", "How long the PPA that is longest in this state has been in it",
            labels=["pool", "state"],
        )  # fmt: skip
        for (pool, state), since in sorted(began.items(), key=lambda item: (item[0][0], item[0][1].value)):
            told.add_metric([pool, state.value], max(0.0, (health.now - since).total_seconds()))
        return told


def _pools(views: Iterable[PoolView]) -> Iterator[Metric]:
    states = GaugeMetricFamily("ppa_assigner_ppas", "PPAs by state", labels=["pool", "state"])
    conditions = GaugeMetricFamily("ppa_assigner_conditions", "PPAs by condition", labels=["pool", "condition"])
    available = GaugeMetricFamily("ppa_assigner_available", "PPAs that may be lent now", labels=["pool"])
    waiting = GaugeMetricFamily("ppa_assigner_waiting", "Requests in the line", labels=["pool"])
    oldest = GaugeMetricFamily("ppa_assigner_oldest_wait_seconds", "Longest wait in the line", labels=["pool"])
    for view in views:
        for state, count in view.states.items():
            states.add_metric([view.pool, state], count)
        for condition, count in view.conditions.items():
            conditions.add_metric([view.pool, condition], count)
        available.add_metric([view.pool], view.available)
        waiting.add_metric([view.pool], view.waiting)
        oldest.add_metric([view.pool], view.oldest_wait or 0.0)
    yield from (states, conditions, available, waiting, oldest)


def _daemon(health: DaemonHealth) -> Iterator[Metric]:
    yield _gauge("ppa_assigner_workers", "Threads, one per PPA", health.workers)
    yield _gauge(
        "ppa_assigner_workers_stuck", "PPAs whose thread turns no more, died or could not be started", health.stuck
    )
    yield CounterMetricFamily(
        "ppa_assigner_worker_restarts", "Threads that died of a bug and were replaced", health.restarts
    )
    yield _gauge(
        "ppa_assigner_launchpad_clock_alarm", "Whether time is not believed: no lease ends by it",
        health.clock_alarm,
    )  # fmt: skip
    yield _gauge(
        "ppa_assigner_last_look_timestamp_seconds",
        "When the look began that all PPAs were seen in or after; 0: there was none yet",
        0.0 if health.looked is None else time.time() - health.looked,  # absent it would be missed by no alert
    )


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=float(value))
