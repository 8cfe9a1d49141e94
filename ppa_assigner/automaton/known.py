"""What a worker knows of its PPA: one immutable value that the automaton is given and gives back.

Rule: nothing is known that is not in here, so a state can be compared, hashed and explored.  No clock, no I/O.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from datetime import datetime

from ..options import PoolOptions
from ..port import Build, Entry, Publication
from ..record import Record, State, Text
from ..reference import Reference
from ..views import Cleaning, Condition, Snapshot
from .events import Assign, Command, Confirm, Inspect

MAX_GAP_S = 60.0  # how much silence is granted beyond `idle` at the most, and how old `touched` may get
FENCE_S = 10.0  # a destructive request or a grant leaves only so soon after a read that showed our record
CLEANER_SILENCE_S = 300.0  # after so much silence another daemon's clean is taken over
CLEANER_TOUCH_S = 60.0
FORBIDDEN_S = 600.0  # how long a PPA that we may not write to is left in peace
UNMANAGED_S = 600.0  # how often a PPA that holds somebody's packages is looked into again


@dataclass(frozen=True, slots=True)
class Now:
    """The time an event is handled: `date` by Launchpad's clock (UTC), `boot` in seconds of the boot-time clock.

    `trusted` is false while Launchpad's clock is in doubt: then nothing expires (design, section 2).
    """

    date: datetime
    boot: float
    trusted: bool = True


_MILLISECONDS = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class Daemon:
    """This daemon: its name, when it started (milliseconds since 1970) and something random to tell twins apart."""

    name: str
    started: int
    salt: str

    @property
    def cleaner(self) -> str:
        """What it writes as `cleaner`."""
        return f"{self.name}/{self.started}-{self.salt}"

    def may_clean_after(self, cleaner: str | None) -> bool:
        """Whether the clean may be taken over at once: nobody's, our own, or that of an earlier run of this daemon."""
        if cleaner is None or cleaner == self.cleaner:
            return True
        name, _, rest = cleaner.rpartition("/")
        started = rest.partition("-")[0]
        return name == self.name and _MILLISECONDS.fullmatch(started) is not None and int(started) < self.started


class Purpose(enum.Enum):
    """Why a record is written."""

    TAKE_IN = "taken in"
    ADOPT = "adopted"
    ASSIGN = "assigned"
    RAISE = "told again"
    TOUCH = "touched"
    HOLD = "held"
    RELEASE = "released"
    GIVE_UP = "given up"
    SUPERSEDE = "superseded"
    EXPIRE = "expired"
    FOUND = "found not empty"
    QUARANTINE = "quarantined"
    RESUME = "resumed"
    CLAIM = "cleaning"
    FAIL = "clean failed"
    FREE = "proved clean"
    RESTORE = "restored"
    ROLLED_BACK = "rolled back"
    SETTLE = "settled"


_FREE, _USED, _DIRTY = State.FREE, State.USED, State.DIRTY
LEGAL: dict[Purpose, frozenset[tuple[State | None, State]]] = {
    Purpose.TAKE_IN: frozenset({(None, _DIRTY)}),
    Purpose.ADOPT: frozenset({(None, _DIRTY)}),
    Purpose.ASSIGN: frozenset({(_FREE, _USED)}),
    Purpose.RAISE: frozenset({(_USED, _USED)}),
    Purpose.TOUCH: frozenset({(_USED, _USED)}),
    Purpose.HOLD: frozenset({(_USED, _USED)}),
    Purpose.RELEASE: frozenset({(_USED, _DIRTY)}),
    Purpose.GIVE_UP: frozenset({(_USED, _DIRTY)}),
    Purpose.SUPERSEDE: frozenset({(_USED, _DIRTY)}),
    Purpose.EXPIRE: frozenset({(_USED, _DIRTY)}),
    Purpose.FOUND: frozenset({(_FREE, _DIRTY)}),
    Purpose.QUARANTINE: frozenset({(_FREE, _DIRTY), (_DIRTY, _DIRTY), (_USED, _USED)}),
    Purpose.RESUME: frozenset({(_DIRTY, _DIRTY), (_USED, _USED)}),
    Purpose.CLAIM: frozenset({(_DIRTY, _DIRTY)}),
    Purpose.FAIL: frozenset({(_DIRTY, _DIRTY)}),
    Purpose.FREE: frozenset({(_DIRTY, _FREE)}),
    # What stands on Launchpad is older than what is known: the states are those of the known record.
    Purpose.RESTORE: frozenset({(_USED, _USED), (_DIRTY, _DIRTY)}),
    Purpose.ROLLED_BACK: frozenset({(_FREE, _DIRTY)}),
    Purpose.SETTLE: frozenset({(_FREE, _FREE), (_USED, _USED), (_DIRTY, _DIRTY)}),
}
"""From which state to which each purpose may lead: the whole life of a PPA, held to at every write."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A nonce of ours that may come to stand; `meant` tells the intended record from one sent only to settle."""

    nonce: str
    meant: bool


@dataclass(frozen=True, slots=True)
class Flight:
    """A write that is under way, or whose outcome is not settled (`unsettled`).

    `sent` is all that may come to stand in place of `base`; `record` is what was meant.
    """

    purpose: Purpose
    base: Entry
    record: Record
    sent: tuple[Sent, ...]
    command: Command | None = None
    unsettled: bool = False
    reads: int = 0
    due: float = 0.0


class Why(enum.Enum):
    """What a read or a survey is for."""

    LOOK = "look"
    SETTLE = "settle"
    COMMAND = "command"
    FENCE = "fence"
    TAKE_IN = "take in"
    CLEAN = "clean"


@dataclass(frozen=True, slots=True)
class Reading:
    """Doing: one read."""

    why: Why
    command: Command | None = None
    round: int | None = None


@dataclass(frozen=True, slots=True)
class Writing:
    """Doing: the write in `flight`."""


@dataclass(frozen=True, slots=True)
class Verifying:
    """Doing: looking whether a free PPA is empty before it is lent."""

    command: Assign


@dataclass(frozen=True, slots=True)
class Granting:
    """Doing: giving the uploader his right before the lease is told."""

    command: Assign | Confirm
    fresh: bool


@dataclass(frozen=True, slots=True)
class Surveying:
    """Doing: listing what is in the PPA."""

    why: Why
    command: Inspect | None = None


@dataclass(frozen=True, slots=True)
class Emptying:
    """Doing: one request of a clean that changes something."""

    what: Publication | Build | str


Doing = Reading | Writing | Verifying | Granting | Surveying | Emptying


@dataclass(frozen=True, slots=True)
class Clean:
    """How far this daemon is with emptying a dirty PPA; `since` is its record's.

    Boot times: `fence`, `quiet_from`, `survey_at`, and `paused_until` before which only the cleaner is touched.
    `asked` are the addresses of what was deleted or cancelled since the last failure.
    """

    since: datetime
    quiet_from: float
    fence: float = float("-inf")
    revoked: bool = False
    todo: tuple[Publication | Build, ...] = ()
    asked: frozenset[str] = frozenset()
    survey_at: float = float("-inf")
    paused_until: float = float("-inf")
    step: str = "looking"
    found: int = 0
    deleted: int = 0
    left: int = 0


NO_TEXT = Text(None)


@dataclass(frozen=True, slots=True)
class Known:
    """All that a worker knows.  Give it to `step` and keep what comes back."""

    ppa: Reference
    pool: str
    options: PoolOptions
    daemon: Daemon
    seed: str
    heard: datetime | None = None  # silence before that is not counted: nobody could be heard
    draws: int = 0
    entry: Entry | None = None
    text: Text = NO_TEXT
    highest: Record | None = None
    asof: float = float("-inf")  # what is known is no older than this boot time
    seen: datetime | None = None
    absent: str | None = None
    forbidden: str | None = None  # why Launchpad would not let us write
    unreachable: str | None = None
    occupied: bool = False
    duplicate: bool = False
    suspect: int = 0  # looks in a row that showed it rolled back
    verified: float | None = None  # boot time before the last look that found it empty
    doing: Doing | None = None
    flight: Flight | None = None
    waiting: tuple[Command, ...] = ()
    clean: Clean | None = None
    failures: int = 0
    not_before: float = float("-inf")

    @property
    def record(self) -> Record | None:
        """The record as last seen or confirmed."""
        return self.text.record

    @property
    def state(self) -> State | None:
        """The state in the record; None without a readable one."""
        return self.text.record.state if self.text.record else None

    @property
    def condition(self) -> Condition:
        """What is thought of the PPA beside its state, the gravest first."""
        record = self.text.record
        if self.absent is not None or self.forbidden is not None:
            return Condition.MISSING
        if self.unreachable is not None or self.entry is None:
            return Condition.UNREACHABLE
        if self.text.fault is not None or self.suspect:
            return Condition.UNREADABLE
        if record is None:
            return Condition.UNMANAGED
        if self.duplicate and record.state is State.USED:
            return Condition.DUPLICATE
        if record.quarantined is not None and record.state is not State.USED:
            return Condition.QUARANTINED
        return Condition.OK

    @property
    def fault(self) -> str | None:
        """Why the condition is not ok, for people."""
        record = self.text.record
        return (
            self.absent or self.forbidden or self.unreachable or self.text.fault or (record.fault if record else None)
        )

    def snapshot(self) -> Snapshot:
        """What anybody may see of it at any time."""
        clean = self.clean if self.state is State.DIRTY else None
        cleaning = Cleaning(clean.step, clean.found, clean.deleted, clean.left, clean.since) if clean else None
        return Snapshot(self.ppa, self.pool, self.record, self.condition, self.seen, cleaning, self.fault)
