"""The waiting line: who asked for a PPA, since when, and how far each wish is.

Rule: first come, first served per pool; two connections with one request id share one place, which is lost when the
last is gone.  Plain data and pure choices; the supervisor's lock is around all of it.
"""

from __future__ import annotations

import enum
import random
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from .problems import Problem
from .record import Record, State
from .reference import Reference
from .views import Condition, Lent, Snapshot, Wish


class Stage(enum.Enum):
    """How far a wish is."""

    SEARCHING = "searching"  # does its request have a lease already?  Not known before a look is over
    WAITING = "waiting"  # in the line
    ASSIGNING = "assigning"  # bound to one PPA, whose worker writes
    CONFIRMING = "confirming"  # bound to the PPA that seems to hold its lease
    UNCLAIMED = "unclaimed"  # it has a lease, and nobody was there to be told


@dataclass(eq=False, slots=True)
class Call:
    """One connection's ask.  `until` (boot time) ends its waiting in the line, `deadline` ends everything."""

    wish: Wish
    until: float
    deadline: float
    future: Future[Lent] = field(default_factory=Future)
    asked: Asked | None = None


@dataclass(frozen=True, slots=True)
class Avoided:
    """A PPA is passed by while its record has this nonce, until a boot time."""

    nonce: str | None
    until: float


def nonce_of(snapshot: Snapshot) -> str | None:
    """What changes with each write."""
    return snapshot.record.nonce if snapshot.record is not None else None


@dataclass(eq=False, slots=True)
class Asked:
    """A wish, until it is answered.  `first` is its place in the line: seconds since 1970, Launchpad's clock."""

    wish: Wish
    attempt: int
    first: float
    number: int
    lease: str
    stage: Stage = Stage.SEARCHING
    calls: list[Call] = field(default_factory=list)
    told: list[Call] = field(default_factory=list)
    bound: Reference | None = None
    token: int = 0
    lost: int = 0
    in_doubt: bool = False
    outage: str | None = None
    avoided: dict[Reference, Avoided] = field(default_factory=dict)
    abandoned: bool = False
    withdrawn: list[Future[Any]] = field(default_factory=list)
    result: Record | None = None
    give_up_at: float = 0.0

    @property
    def place(self) -> tuple[float, int]:
        """What the line is ordered by."""
        return self.first, self.number

    def same_wisher(self, wish: Wish) -> bool:
        """Whether this is the same owner, client and pool."""
        mine = self.wish
        return (mine.owner, mine.by, mine.pool) == (wish.owner, wish.by, wish.pool)

    def avoids(self, snapshot: Snapshot, boot: float) -> bool:
        """Whether this PPA has just disappointed this wish, and has not changed since."""
        avoided = self.avoided.get(snapshot.ppa)
        return avoided is not None and avoided.nonce == nonce_of(snapshot) and boot < avoided.until

    @property
    def deadline(self) -> float:
        """When the last of its calls must be answered (boot time)."""
        return max((call.deadline for call in self.calls), default=0.0)


def answer(call: Call, result: Lent | Problem) -> None:
    """End the call, unless its connection ended it."""
    if call.future.done() or not call.future.set_running_or_notify_cancel():
        return
    if isinstance(result, Problem):
        call.future.set_exception(result)
    else:
        call.future.set_result(result)


def free_for_anyone(snapshot: Snapshot) -> bool:
    """Whether the PPA may be lent as far as is known."""
    record = snapshot.record
    return record is not None and record.state is State.FREE and snapshot.condition is Condition.OK


def choose(asked: Asked, candidates: Iterable[Snapshot], rng: random.Random, boot: float) -> Snapshot | None:
    """The PPA that has been free longest; after a lost race a random one, for two daemons that both take the longest
    collide at every burst.
    """
    fit = [c for c in candidates if asked.wish.ppa in (None, c.ppa) and not asked.avoids(c, boot)]
    if not fit:
        return None
    return rng.choice(fit) if asked.lost else min(fit, key=_free_since)


def _free_since(snapshot: Snapshot) -> tuple[Any, Reference]:
    return (snapshot.record.since if snapshot.record else None), snapshot.ppa


def in_line(wishes: Iterable[Asked], pool: str) -> list[Asked]:
    """Those who wait in this pool, in the order of their places."""
    waiting = (a for a in wishes if a.stage in (Stage.WAITING, Stage.SEARCHING) and a.wish.pool == pool)
    return sorted(waiting, key=lambda asked: asked.place)


def position(line: Sequence[Asked], asked: Asked) -> int:
    """Its place in the line, from 1; that of one who is not in it is behind all who came before."""
    return 1 + sum(other.place < asked.place for other in line if other is not asked)
