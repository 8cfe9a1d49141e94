"""What the API asks of the supervisor, and what the supervisor shows, as plain values.

Rule: the values are immutable and decide nothing; nothing here knows HTTP, threads or Launchpad.
"""

from __future__ import annotations

import enum
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any, ClassVar

from .history import PastLease
from .labels import NO_LABELS, PpaLabels
from .packages import SourcePackage
from .record import Record, State
from .reference import Reference
from .selectors import EVERYTHING, Selector
from .words import Condition as Condition, EndsBy as EndsBy


class Sight(enum.Enum):
    """How Launchpad answered when the PPA was read last; LASTING_… if all reads over a minute were answered so."""

    SHOWN = "shown"
    GONE = "gone, and perhaps only for a moment"
    LASTING_GONE = "gone for good"
    BARRED = "shown, and we may not write to it"
    DENIED = "not shown to us, and perhaps only for a moment"
    LASTING_DENIED = "not shown to us"


@dataclass(frozen=True, slots=True)
class Cleaning:
    """How far a clean is: how many things it found and deleted, and how many (`left`) it has still to delete."""

    step: str
    found: int
    deleted: int
    left: int
    since: datetime


@dataclass(frozen=True, slots=True)
class End:
    """When a lease ends by itself (UTC, by Launchpad's clock), and why."""

    at: datetime
    by: EndsBy


@dataclass(frozen=True, slots=True)
class SnapshotAddress:
    """Where what a lease had stays readable: the PPA as it was `at` a time."""

    at: datetime
    url: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A PPA as its worker knew it last.

    `seen`: when Launchpad last showed it (UTC, by Launchpad's clock).
    `end`: when its lease ends, None while it is not used.
    `over`: the last record of a lease that ended because the PPA was gone for good.
    `left`: where what its last lease had stays readable, while its dirty record tells.
    `sent`: the record of a write of which it is not known whether it was done.
    `private`: its indexes are shown to subscribers only; None: Launchpad has not told.
    `occupied`: it has no record, and somebody's packages are in it.  `making`: it is being created, for its pool grows;
    `uncreated`: Launchpad refused that.
    `labels`: as far as they are known to whoever shows it; a worker knows none.
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
    left: SnapshotAddress | None = None
    private: bool | None = None
    occupied: bool = False
    labels: PpaLabels = NO_LABELS
    making: bool = False
    uncreated: bool = False


@dataclass(frozen=True, slots=True)
class PoolView:
    """A pool in numbers.

    `oldest_wait` is in seconds, and None while nobody waits; `available` is how many PPAs may be lent now; `labels` are
    those of the configuration for all its PPAs.
    """

    pool: str
    states: Mapping[str, int]
    conditions: Mapping[str, int]
    waiting: int
    oldest_wait: float | None
    available: int = 0
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WantedView:
    """What a request wants: how many PPAs of a pool, and (`select`) which labels they must have."""

    pool: str
    count: int = 1
    select: str | None = None


@dataclass(frozen=True, slots=True)
class WaitingView:
    """A request that waits in the line of a pool: `since` when (UTC, by Launchpad's clock), at which place, and `why`,
    for people.
    """

    request_id: str
    owner: str
    pool: str
    want: tuple[WantedView, ...]
    since: datetime
    priority: int
    position: int
    why: str


@dataclass(frozen=True, slots=True)
class DaemonHealth:
    """How the daemon itself is.

    `now` is the time by Launchpad's clock, and `clock_alarm` says that this time is not believed.
    `looked`: how many seconds ago the look began since which every PPA was seen, None if there is none.
    `workers`, `stuck`, `restarts`: how many threads there are, how many of them hang, and how often one died.
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
class Want:
    """So many PPAs of a pool, with labels that are selected."""

    pool: str
    select: Selector = EVERYTHING
    count: int = 1


@dataclass(frozen=True, slots=True)
class AssignRequest:
    """A client's request for a PPA; durations are in seconds, and `by` is the configured client that makes it."""

    owner: str
    pool: str
    request_id: str
    attempt: int = 0
    wait: float = 0.0
    ttl: float | None = None
    idle: float | None = None
    note: str | None = None
    ppa: Reference | None = None
    select: Selector = EVERYTHING
    want: tuple[Want, ...] = ()
    """What is wanted in all, where that is more than one PPA: `pool` is that of the first."""
    sources: tuple[SourcePackage, ...] = ()
    uploader: str | None = None
    ticket: str | None = None
    priority: int = 0
    by: str | None = None
    spent: float = 0.0
    """How many seconds of the call's time are gone already."""

    @property
    def many(self) -> int:
        """How many PPAs it is for."""
        return sum(want.count for want in self.want) or 1

    @property
    def by_pool(self) -> Mapping[str, int]:
        """How many PPAs of each pool it is for."""
        if not self.want:
            return {self.pool: 1}
        counts: Counter[str] = Counter()
        for want in self.want:
            counts[want.pool] += want.count
        return counts

    @property
    def wanted(self) -> str | None:
        """What tells `want` from any other, however long it is; None without one."""
        if not self.want:
            return None
        asked = "\n".join(f"{want.count} {want.pool}:{want.select}" for want in self.want)
        return sha256(asked.encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class OrigConflict:
    """An upstream tarball that differs from the one that the primary archive has, which is at `url`."""

    file: str
    sha256: str
    url: str


@dataclass(frozen=True, slots=True)
class SourceCheck:
    """What is known before its upload of a source: whether its `series` takes uploads (None: that is not known, or none
    is named), its component in the primary archive, an upstream tarball that is refused everywhere, and which PPAs had
    what that keeps them from taking it (`burnt`).
    """

    source: SourcePackage
    known: bool | None
    component: str | None
    orig: OrigConflict | None
    burnt: Mapping[Reference, str]

    @property
    def hopeless(self) -> bool:
        """Whether no PPA takes it, whatever any of them had."""
        return self.known is False or self.orig is not None


@dataclass(frozen=True, slots=True)
class UploadCheck:
    """What would become of an upload of these sources: the PPAs that take all of them, as far as is known, and those
    that could not be asked, and why.
    """

    sources: tuple[SourceCheck, ...]
    takes: tuple[Reference, ...]
    unknown: Mapping[Reference, str]

    @property
    def accepted(self) -> bool:
        """Whether there is a PPA that takes all of it."""
        return bool(self.takes) and not any(source.hopeless for source in self.sources)


@dataclass(frozen=True, slots=True)
class AptSource:
    """What apt needs to read a PPA at `uri`: its series (`suites`), and the public `key` that signs them; None:
    Launchpad has made none yet.  `snapshot`: where what is published now stays readable; None: nothing keeps it.
    """

    ppa: Reference
    private: bool
    uri: str
    suites: tuple[str, ...]
    key: str | None
    snapshot: SnapshotAddress | None


@dataclass(frozen=True, slots=True)
class PastLeaseView:
    """A lease of a PPA that is over, as Launchpad remembers it."""

    lease: PastLease
    snapshot: SnapshotAddress | None


@dataclass(frozen=True, slots=True)
class PromoteRequest:
    """Which sources (name, version; none: all) of a lease are to be copied to which PPA, and to which series (none: the
    one that each source is in).
    """

    to: Reference
    sources: tuple[tuple[str, str], ...] = ()
    series: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LeaseView:
    """A lease as its client is told of it.

    `fresh` says whether this call made the lease; `end` is when it ends by itself; `left` is where what it had stays
    readable, once it is over; `members` are the other leases of its group, where it leads one.
    """

    ppa: Reference
    record: Record
    fresh: bool = False
    end: End | None = None
    left: SnapshotAddress | None = None
    members: tuple[LeaseView, ...] = ()


@dataclass(frozen=True, slots=True)
class ReleaseAction:
    """The request of an operator to end a lease, no matter who holds it."""

    lease: str


@dataclass(frozen=True, slots=True)
class HoldAction:
    """The request of an operator to keep the PPA of a lease `seconds` longer, which is possible once."""

    lease: str
    seconds: float


@dataclass(frozen=True, slots=True)
class AdoptAction:
    """The request of an operator to take in a PPA that is unmanaged or unreadable."""


@dataclass(frozen=True, slots=True)
class QuarantineAction:
    """The request of an operator to keep a PPA from being cleaned and lent."""

    reason: str


@dataclass(frozen=True, slots=True)
class ResumeAction:
    """The request of an operator to take a PPA out of quarantine."""


@dataclass(frozen=True, slots=True)
class DiscardAction:
    """The request to discard a PPA at its next clean, and if `delete` to have Launchpad delete it then.  `lent`: also
    one that is lent, after its lease.
    """

    UNSAID: ClassVar[str] = "an operator said so"
    reason: str
    delete: bool = False
    lent: bool = True


PpaAction = HoldAction | AdoptAction | QuarantineAction | ResumeAction | DiscardAction
"""What operators alone may do."""
OperatorAction = ReleaseAction | PpaAction


@dataclass(frozen=True, slots=True)
class PpaEvent:
    """Something that happened to a PPA, numbered from 1 since the daemon started."""

    number: int
    at: datetime
    ppa: Reference
    kind: str
    data: Mapping[str, Any]


def snapshot_in(template: str | None, ppa: Reference, record: Record | None) -> SnapshotAddress | None:
    """Where what the lease in this dirty record had is readable."""
    if record is None or record.state is not State.DIRTY or not record.published:
        return None
    return snapshot_address(template, ppa, record.since)


def snapshot_address(template: str | None, ppa: Reference, at: datetime) -> SnapshotAddress | None:
    """Where the PPA is readable as it was then; None where nothing keeps that."""
    if template is None:
        return None
    parts = {"owner": ppa.owner, "name": ppa.name, "at": at.strftime("%Y%m%dT%H%M%SZ")}
    return SnapshotAddress(at, re.sub(r"\{(owner|name|at)\}", lambda match: parts[match[1]], template))
