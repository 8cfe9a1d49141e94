"""The metrics of what happened to PPAs: transitions, how long each state lasted, failed cleans, alarms.

Rule: a follower of the events: quick, and it never waits.  Several daemons with the same PPAs each count what they see:
`why="seen"` are the transitions that another one, or a person, made.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram

from ...automaton.rollback import GONE
from ...automaton.transitions import LEGAL
from ...record import State
from ...views import PpaEvent
from .labels import POOL, PoolLabels, forget

_BUCKETS_S = (10.0, 60.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0, 14400.0, 28800.0, 86400.0, 259200.0, 604800.0)
_TRIES = (1.0, 2.0, 3.0, 5.0, 10.0)
NEW = "none"
"""The label `from` of a PPA that had no record, and `to` of one that is gone."""
MOVES = sorted(
    [(state.value, NEW, GONE) for state in State]
    + [
        (before.value if before is not None else NEW, after.value, reason.value)
        for reason, moves in LEGAL.items()
        for before, after in moves
        if before is not after
    ]
)
"""From, to and why, of all that this daemon may do."""
_MOVE, _STATE = (POOL, "from", "to", "why"), (POOL, "state")


class TransitionMetrics:
    """One daemon's."""

    def __init__(self, registry: CollectorRegistry, pools: PoolLabels) -> None:
        self._pools = pools
        self._moves = Counter(
            "ppa_assigner_transitions", "Moves of PPAs from state to state", _MOVE,
            registry=registry,
        )  # fmt: skip
        self._lasted = Histogram(
            "ppa_assigner_state_seconds", "How long a state lasted that ended: used is a lease, dirty a clean",
            _STATE, buckets=_BUCKETS_S, registry=registry,
        )  # fmt: skip
        self._tries = Histogram(
            "ppa_assigner_clean_tries", "Tries that a clean took that came to its end", [POOL], buckets=_TRIES,
            registry=registry,
        )  # fmt: skip
        self._failures = Counter("ppa_assigner_clean_failures", "Tries of a clean that failed", [POOL],
                                 registry=registry)  # fmt: skip
        self._alarms = Counter("ppa_assigner_alarms", "Alarms that were raised about a PPA", registry=registry)

    def begin(self, pools: Collection[str]) -> None:
        """Add the series of these pools at 0, so that the first transition of each kind is an increase."""
        for pool in pools:
            self._failures.labels(pool)
            self._tries.labels(pool)
            for state in State:
                self._lasted.labels(pool, state.value)
            for before, after, why in MOVES:
                self._moves.labels(pool, before, after, why)

    def end(self, pools: Collection[str]) -> None:
        """Remove the series of these pools."""
        forget(self._moves, _MOVE, pools)
        forget(self._lasted, _STATE, pools)
        for metric in (self._failures, self._tries):
            forget(metric, (POOL,), pools)

    def happened(self, event: PpaEvent) -> None:
        """Count an event."""
        match event.kind:
            case "transition":
                self._moved(event.data)
            case "failure":
                self._failures.labels(self._pools.label(event.data.get("pool"))).inc()
            case "alarm":
                self._alarms.inc()

    def _moved(self, data: Mapping[str, Any]) -> None:
        """Count a transition.  The first sight of a PPA is not one: else each restart would count all PPAs."""
        if data.get("first"):
            return
        pool, before, after = self._pools.label(data.get("pool")), data.get("from"), data["to"]
        self._moves.labels(pool, before or NEW, after or NEW, data.get("why", "")).inc()
        if before is not None and before != after and data.get("lasted") is not None:
            self._lasted.labels(pool, before).observe(data["lasted"])
        if (before, after) == (State.DIRTY.value, State.FREE.value):
            self._tries.labels(pool).observe(data.get("tries", 0) + 1)
