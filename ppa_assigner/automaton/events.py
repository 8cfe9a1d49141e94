"""What can happen to a worker's PPA (events), and what is to be done (effects); what a caller is told is in `outcomes`.

Rule: plain frozen values; carrying an effect out adds nothing to what it means.  What is asked of Launchpad is in
`requests`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ..options import PoolOptions
from ..packages import SourcePackage
from ..port import (
    ActAnswer,
    ArchiveSettings,
    Content,
    Deleted,
    Entry,
    Lane,
    Leftovers,
    NewContent,
    PublishedVersion,
    PublishedVersions,
    ReadAnswer,
    SourceFiles,
    WriteAnswer,
)
from ..record import Rank, Record, State
from ..reference import Reference
from ..views import AssignRequest, Cleaning, PpaAction, SnapshotAddress
from .outcomes import (
    DEADLINE_EXCEEDED as DEADLINE_EXCEEDED,
    Committed as Committed,
    ContentShown as ContentShown,
    Denied as Denied,
    LeadGone as LeadGone,
    LeadShown as LeadShown,
    LeaseShown as LeaseShown,
    MemberShown as MemberShown,
    Outcome as Outcome,
    ProcessorsShown as ProcessorsShown,
    RecordShown as RecordShown,
    Refusal as Refusal,
)
from .requests import Request

LaunchpadAnswer = (
    ReadAnswer
    | WriteAnswer
    | ActAnswer
    | NewContent
    | Content
    | ArchiveSettings
    | Leftovers
    | Deleted
    | PublishedVersions
    | SourceFiles
    | tuple[str, ...]
    | bool
)

# -- events: from the look, the clock and Launchpad -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Looked:
    """What a bulk look that started at `started` (boot time, seconds) showed of this PPA; None: it was not listed.

    `round` names the round of looks whose end is waited for; it is passed on in `RoundDone`.  `hidden`: whether the PPA
    was not shown to anonymous readers; None: that was not asked, or says nothing.
    """

    entry: Entry | None
    started: float
    round: int
    hidden: bool | None = None


@dataclass(frozen=True, slots=True)
class LookFailed:
    """A bulk look was not answered, or was refused."""

    reason: str
    round: int


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed."""


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Two leases of one request with equal attempts stand (`found`), or no longer do: shown, and neither is ended."""

    found: bool


@dataclass(frozen=True, slots=True)
class Abandoned:
    """Nobody waits any more for the search of the command with this token."""

    token: int


@dataclass(frozen=True, slots=True)
class Reconfigured:
    """The pool of the PPA, or the pool's options, changed."""

    pool: str
    options: PoolOptions


@dataclass(frozen=True, slots=True)
class Answered:
    """Launchpad's answer to the one request that was under way."""

    value: LaunchpadAnswer


@dataclass(frozen=True, slots=True)
class CheckLead:
    """The lead of this PPA's claim or lease may not show its group any more: it is to be read.  Nothing rests on it."""


@dataclass(frozen=True, slots=True)
class LeadRead:
    """What came of a read of the lead that began after this worker asked for it, while its own record had this
    `nonce`.  A `Denied` decides nothing.
    """

    nonce: str
    outcome: LeadShown | LeadGone | Denied


# -- commands: events that somebody waits for ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """An event that a caller waits for: `token` names the caller; after `deadline` (boot time, seconds) nobody
    waits.
    """

    token: int
    deadline: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Taking(Command):
    """A step towards a lease: where it cannot be done here, the outcome is LOST or CLAIMED, and another PPA is to be
    tried.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Assign(Taking):
    """Lend this PPA as `wish` says, if it is free and empty and can take the sources, as far as its past decides that.
    What the wish left to the pool is the pool's.  `left` are the sources that are still to be asked for while the
    record has this `nonce`; None: all.  Of the first of them, `unread` are the versions whose files are still to be
    read.  A group's claim on the PPA gives way to a lower `rank` where the PPA is the group's lead.
    """

    lease: str
    wish: AssignRequest
    left: tuple[SourcePackage, ...] | None = None
    unread: tuple[PublishedVersion, ...] = ()
    nonce: str | None = None
    rank: Rank | None = None

    @property
    def sources(self) -> tuple[SourcePackage, ...]:
        """What is to be uploaded."""
        return self.wish.sources


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckBurnt(Command):
    """Whether this PPA can take `sources`, as far as its past decides that, in any state; nothing is changed.  `left`
    and `unread` as in Assign.  `lane`: by which connections Launchpad is asked.
    """

    sources: tuple[SourcePackage, ...]
    left: tuple[SourcePackage, ...] | None = None
    unread: tuple[PublishedVersion, ...] = ()
    lane: Lane = Lane.ASSIGN


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirm(Command):
    """Whether the lease of this wish is still here.  Asked of Launchpad; a higher attempt is written before it is
    told.
    """

    wish: AssignRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Touch(Command):
    """Proof of life; with `ttl` (seconds) the end moves to now + ttl."""

    lease: str
    ttl: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Release(Command):
    """End the lease; repeatable while the PPA remembers it."""

    lease: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveUp(Command):
    """End a lease that nobody was told of: only while the record has the very nonce of its assignment."""

    lease: str
    nonce: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Supersede(Command):
    """End a lease whose request has another lease with a higher attempt than this one's."""

    lease: str
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadNow(Command):
    """Read the PPA by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operate(Command):
    """Carry out an operator's action.  (A release is a Release, whoever asks for it.)"""

    act: PpaAction


@dataclass(frozen=True, slots=True, kw_only=True)
class ListProcessors(Command):
    """List what the PPA builds for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspect(Command):
    """List what a clean would delete."""


Event = Looked | LookFailed | Tick | Duplicate | Abandoned | Reconfigured | CheckLead | LeadRead | Answered | Command

# -- effects ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reply:
    """Give the caller with this `token` the outcome."""

    token: int
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Requeue:
    """Put a command into the mailbox again: it came while an outcome was unknown, or others that came meanwhile go
    first.
    """

    command: Command


@dataclass(frozen=True, slots=True)
class RoundDone:
    """This PPA was read in, or after, that round of looks, or (`reason`) could not be."""

    round: int
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Transition:
    """The state or lease of the record changed: for the log and the event stream.  `before` is None for a new record.
    `lasted`: how long the last state lasted, in seconds; `tries`: how many cleans had failed by then; `first`: nothing
    changed, the PPA was seen for the first time since this daemon serves it; `gone`: the PPA is gone for good, and this
    was its last record; `left`: where what the lease had that is over stays readable.
    """

    before: State | None
    record: Record
    why: str
    at: datetime
    lasted: float | None = None
    tries: int = 0
    first: bool = False
    gone: bool = False
    left: SnapshotAddress | None = None


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something that needs a person's attention, in one sentence."""

    text: str


@dataclass(frozen=True, slots=True)
class Progress:
    """A clean began its next step: for the event stream."""

    cleaning: Cleaning


@dataclass(frozen=True, slots=True)
class AskLead:
    """Have the lead's worker read its PPA from now on (`ReadLead`), and give the outcome back as a `LeadRead` with this
    nonce.
    """

    lead: Reference
    nonce: str


Effect = Request | Reply | Requeue | RoundDone | Transition | Progress | Alarm | AskLead
