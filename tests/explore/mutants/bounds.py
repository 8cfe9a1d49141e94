"""What the scenes of many mutants have in common.

Rule: plain values.
"""

from __future__ import annotations

from ppa_assigner.options import PoolOptions

from ..scene import Scene

SMALL = ("ask", "go", "look", "time", "hear", "restart", "release")
TWO = (0.0, 0.0)
QUICK = PoolOptions(settle=0.0, verify_age=0.0)


def only(*more: str, less: tuple[str, ...] = ()) -> frozenset[str]:
    """The small moves, with these and without those."""
    return frozenset({*SMALL, *more}) - {*less}


RACE = Scene("two ask two daemons for one PPA", waits=TWO, attempts=1, only=only(less=("release", "time")))
