"""The waiting line: who asked for a PPA, since when, and how far each wish is.

Rule: first come, first served per pool; two connections with one request id share one place, which is lost when the
last is gone.  Plain data and pure choices; the supervisor's lock is around all of it.
"""

from __future__ import annotations

import enum
import random
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from ..backoff import SEARCH_TURN_S
from ..problems import Problem
from ..record import Record, State
from ..reference import Reference
from ..views import AssignRequest, Condition, LeaseView, Snapshot
from .keys import Key, key_of
from .timer import Timed

StateOf = tuple[tuple[State | None, str | None], Condition]


class Stage(enum.Enum):
    """How far a wish is."""

    SEARCHING = "searching"  # does its request have a lease already?  Not known before a look is over
    WAITING = "waiting"  # in the line
    ASSIGNING = "assigning"  # bound to one PPA, whose worker writes
    CONFIRMING = "confirming"  # bound to the PPA that seems to hold its lease


IN_LINE = frozenset({Stage.SEARCHING, Stage.WAITING})
"""Those who stand in the line: bound to no PPA."""


@dataclass(eq=False, slots=True)
class Call:
    """One connection's ask.  `until` (boot time) ends its waiting in the line, `deadline` ends everything."""

    wish: AssignRequest
    until: float
    deadline: float
    future: Future[LeaseView] = field(default_factory=Future)
    asked: Asked | None = None
    timers: list[Timed] = field(default_factory=list)
    claim: Claim | None = None


@dataclass(eq=False, slots=True)
class Claim:
    """A lease that was made here, and the connections that were told of it and have not hung up before a byte."""

    ppa: Reference
    record: Record
    calls: set[Call] = field(default_factory=set)
    over: bool = False
    giving_up: bool = False
    timed: Timed | None = None


@dataclass(frozen=True, slots=True)
class Avoided:
    """A PPA is passed by while its record has this nonce, until a boot time."""

    nonce: str | None
    until: float


def nonce_of(snapshot: Snapshot) -> str | None:
    """What changes with each write."""
    return snapshot.record.nonce if snapshot.record is not None else None


def state_of(snapshot: Snapshot) -> StateOf:
    """What does not change while the same lease goes on, or the same clean: what was asked of it holds so long."""
    record = snapshot.record
    return (record.state, record.lease) if record is not None else (None, None), snapshot.condition


@dataclass(eq=False, slots=True)
class Asked:
    """A wish, until it is answered.  `first` is its place in the line: seconds since 1970, Launchpad's clock.

    `searched` is the attempt for which it is known that no other lease was there; `search` counts the searches.
    `assign` is the command that is to lend it the PPA that it is `bound` to.  `burnt` are the PPAs that cannot
    take its sources, and what they had; `tracing` those that are asked, by which command; `traced` in which state the
    others answered, or failed to; `questions` how many that took at the most; `hope` one that may be waited for.
    """

    wish: AssignRequest
    attempt: int
    first: float
    number: int
    lease: str = ""
    stage: Stage = Stage.SEARCHING
    calls: list[Call] = field(default_factory=list)
    bound: Reference | None = None
    assign: int = 0
    searched: int = -1
    search: int = 0
    search_since: float = 0.0
    lost: int = 0
    outage: str | None = None
    avoided: dict[Reference, Avoided] = field(default_factory=dict)
    burnt: dict[Reference, str] = field(default_factory=dict)
    tracing: dict[Reference, int] = field(default_factory=dict)
    traced: dict[Reference, StateOf] = field(default_factory=dict)
    questions: int = 0
    hope: Reference | None = None
    abandoned: bool = False
    withdrawn: list[Callable[[bool], None]] = field(default_factory=list)

    @property
    def place(self) -> tuple[float, int]:
        """What the line is ordered by."""
        return self.first, self.number

    @property
    def key(self) -> Key:
        """What it is found by."""
        return key_of(self.wish)

    def same_wisher(self, wish: AssignRequest) -> bool:
        """Whether this is the same owner, client and pool."""
        mine = self.wish
        return (mine.owner, mine.by, mine.pool) == (wish.owner, wish.by, wish.pool)

    def keeps_its_turn(self, boot: float) -> bool:
        """Whether those behind it in the line wait for its search to end: for a moment only."""
        return self.stage is Stage.SEARCHING and boot < self.search_since + SEARCH_TURN_S

    def may_wait(self, boot: float) -> bool:
        """Whether any of its calls has time left to let others go first."""
        return any(call.until > boot for call in self.calls)

    def avoids(self, snapshot: Snapshot, boot: float) -> bool:
        """Whether this PPA has just disappointed this wish, and has not changed since."""
        avoided = self.avoided.get(snapshot.ppa)
        return avoided is not None and avoided.nonce == nonce_of(snapshot) and boot < avoided.until

    @property
    def deadline(self) -> float:
        """When the last of its calls must be answered (boot time)."""
        return max((call.deadline for call in self.calls), default=0.0)


def settle(future: Future[Any], result: Any) -> None:
    """End a future with a result or a Problem, unless whoever waited for it ended it."""
    if future.done() or not future.set_running_or_notify_cancel():
        return
    if isinstance(result, Problem):
        future.set_exception(result)
    else:
        future.set_result(result)


def choose(asked: Asked, candidates: Iterable[Snapshot], rng: random.Random, boot: float) -> Snapshot | None:
    """The first that fits of these, which are those that have been free longest first; after a lost race a random one,
    for two daemons that both take the longest collide at every burst.
    """
    wanted = (c for c in candidates if asked.wish.ppa in (None, c.ppa) and c.ppa not in asked.burnt)
    fit = (c for c in wanted if not asked.avoids(c, boot))
    if not asked.lost:
        return next(fit, None)
    return rng.choice(found) if (found := list(fit)) else None
