"""What the daemon shows and is asked, in plain values: between the API above and the supervisor below.

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
    """How far a clean is; `left` is None-free: what was found and is not deleted yet."""

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
    """A PPA as its worker knew it last; `seen` is when Launchpad last showed it (UTC, Launchpad's clock); `end` is that
    of its lease, None while it is not used; `over` is the last record of a lease that ended because its PPA was gone
    for good; `sent` is what a write makes of it of which nobody knows whether it was done.
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
    """Its page for people, as Launchpad told it."""
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
class Health:
    """The daemon itself: the time by Launchpad's clock, and whether it is not believed, an alarm; how many seconds
    ago the look began that all PPAs were seen in or after (None: never); its threads, and how often one died.
    """

    now: datetime
    clock_alarm: bool
    looked: float | None
    workers: int
    stuck: int
    restarts: int


@dataclass(frozen=True, slots=True)
class Reachable:
    """Whether Launchpad answers and takes our credentials, since when that is so, and why it does not."""

    ok: bool
    since: datetime
    why: str | None


@dataclass(frozen=True, slots=True)
class Wish:
    """A client's ask for a PPA; `wait`, `ttl` and `idle` in seconds."""

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
class Lent:
    """A lease that may be told; `fresh`: this call made it; `end`: as in Snapshot."""

    ppa: Reference
    record: Record
    fresh: bool = False
    end: End | None = None


@dataclass(frozen=True, slots=True)
class ReleaseAct:
    """End the lease, whoever holds it."""

    lease: str


@dataclass(frozen=True, slots=True)
class HoldAct:
    """Keep the lease's PPA that many seconds longer, once."""

    lease: str
    seconds: float


@dataclass(frozen=True, slots=True)
class AdoptAct:
    """Take in a PPA that is unmanaged or unreadable."""


@dataclass(frozen=True, slots=True)
class QuarantineAct:
    """Keep it from being cleaned and lent."""

    reason: str


@dataclass(frozen=True, slots=True)
class ResumeAct:
    """Take it out of quarantine."""


Act = ReleaseAct | HoldAct | AdoptAct | QuarantineAct | ResumeAct


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a PPA, numbered from 1 since the daemon started."""

    number: int
    at: datetime
    ppa: Reference
    kind: str
    data: Mapping[str, Any]
