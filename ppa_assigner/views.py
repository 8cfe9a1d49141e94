"""What the daemon shows and is asked, as plain values: between the API above and the supervisor below.

Rule: immutable, without behaviour; nothing here knows HTTP, threads or Launchpad.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .record import Record
from .reference import Reference


class Condition(enum.Enum):
    """What the worker thinks of its PPA besides its state."""

    OK = "ok"
    UNMANAGED = "unmanaged"
    UNREADABLE = "unreadable"
    MISSING = "missing"
    UNREACHABLE = "unreachable"
    QUARANTINED = "quarantined"
    DUPLICATE = "duplicate"
    DISABLED = "disabled"

    __hash__ = object.__hash__  # see State


class Sight(enum.Enum):
    """How Launchpad answered when the PPA was read last; LASTING is what all reads said over a minute."""

    SHOWN = "shown"
    GONE = "gone, and perhaps only for a moment"
    LASTING_GONE = "gone for good"
    BARRED = "shown, and we may not write to it"
    DENIED = "not shown to us, and perhaps only for a moment"
    LASTING_DENIED = "not shown to us"


@dataclass(frozen=True, slots=True)
class Cleaning:
    """How far a clean is: how many things it found, deleted, and has still to delete (`left`)."""

    step: str
    found: int
    deleted: int
    left: int
    since: datetime


class EndsBy(enum.Enum):
    """What ends a lease that nobody ends: its fixed end, or silence."""

    UNTIL = "until"
    IDLE = "idle"


@dataclass(frozen=True, slots=True)
class End:
    """When a lease ends by itself (UTC, Launchpad's clock), and by what."""

    at: datetime
    by: EndsBy


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A PPA as its worker knew it last.  `seen`: when Launchpad last showed it (UTC, Launchpad's clock); `end`: that of
    its lease, None while it is not used; `over`: the last record of a lease that ended because its PPA was gone for
    good; `sent`: the record of a write of which nobody knows whether it was done.
    """

    ppa: Reference
    pool: str
    record: Record | None
    condition: Condition
    seen: datetime | None = None
    cleaning: Cleaning | None = None
    fault: str | None = None
    end: End | None = None
    web: str | None = None
    """The PPA's page for people, as Launchpad gave it."""
    sight: Sight = Sight.SHOWN
    over: Record | None = None
    sent: Record | None = None


@dataclass(frozen=True, slots=True)
class PoolView:
    """A pool in numbers; `oldest_wait` in seconds, None while nobody waits; `available` may be lent now."""

    pool: str
    states: Mapping[str, int]
    conditions: Mapping[str, int]
    waiting: int
    oldest_wait: float | None
    available: int = 0


@dataclass(frozen=True, slots=True)
class DaemonHealth:
    """The daemon itself: the time by Launchpad's clock; an alarm where that time is not believed; how many seconds ago
    the look began since which all PPAs were seen (None: never); its threads, those that hang, and how often one died.
    """

    now: datetime
    clock_alarm: bool
    looked: float | None
    workers: int
    stuck: int
    restarts: int


@dataclass(frozen=True, slots=True)
class LaunchpadStatus:
    """Whether Launchpad answers and takes our credentials, since when that is so, and why it does not."""

    ok: bool
    since: datetime
    why: str | None


@dataclass(frozen=True, slots=True)
class AssignRequest:
    """A client's request for a PPA; `wait`, `ttl` and `idle` in seconds, `by` the configured client that makes it."""

    owner: str
    pool: str
    request_id: str
    attempt: int = 0
    wait: float = 0.0
    ttl: float | None = None
    idle: float | None = None
    note: str | None = None
    ppa: Reference | None = None
    sources: tuple[tuple[str, str], ...] = ()
    uploader: str | None = None
    ticket: str | None = None
    by: str | None = None


@dataclass(frozen=True, slots=True)
class LeaseView:
    """A lease that its client may be told; `fresh`: this call made it; `end`: when it ends by itself."""

    ppa: Reference
    record: Record
    fresh: bool = False
    end: End | None = None


@dataclass(frozen=True, slots=True)
class ReleaseAction:
    """An operator ends a lease, no matter who holds it."""

    lease: str


@dataclass(frozen=True, slots=True)
class HoldAction:
    """An operator keeps the lease's PPA that many seconds longer, once."""

    lease: str
    seconds: float


@dataclass(frozen=True, slots=True)
class AdoptAction:
    """An operator takes in a PPA that is unmanaged or unreadable."""


@dataclass(frozen=True, slots=True)
class QuarantineAction:
    """An operator keeps a PPA from being cleaned and lent."""

    reason: str


@dataclass(frozen=True, slots=True)
class ResumeAction:
    """An operator takes a PPA out of quarantine."""


OperatorAction = ReleaseAction | HoldAction | AdoptAction | QuarantineAction | ResumeAction


@dataclass(frozen=True, slots=True)
class PpaEvent:
    """Something that happened to a PPA, numbered from 1 since the daemon started."""

    number: int
    at: datetime
    ppa: Reference
    kind: str
    data: Mapping[str, Any]
