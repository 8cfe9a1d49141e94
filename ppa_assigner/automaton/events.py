"""What can happen to a worker's PPA (events), what a caller is told (outcomes), and what is to be done (effects).

Rule: plain frozen values; carrying an effect out adds nothing to what it means.  What is asked of Launchpad is in
`requests`.
"""

from __future__ import annotations

import enum
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

# -- outcomes: what a command's caller is told ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LeaseShown:
    """The lease in this record is the caller's; Launchpad showed it after the call came."""

    record: Record
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class RecordShown:
    """Done, or nothing needed to be done: this is the record now (None: there is no readable one)."""

    record: Record | None


@dataclass(frozen=True, slots=True)
class Committed:
    """The lead of a group is used, with its `members`: a lease, and told once all members are used too.  `sent`: the
    boot time at which the write left (None: before that is known); `latest`: when the lease ends at the latest.
    """

    record: Record
    sent: float | None
    latest: datetime


@dataclass(frozen=True, slots=True)
class LeadShown:
    """This is the record of the PPA, by a read that began after the command came.  `latest`: when a lease in it ends at
    the latest, holds included.
    """

    record: Record
    latest: datetime


@dataclass(frozen=True, slots=True)
class LeadGone:
    """The PPA is gone for good, and with it the group that it led."""


@dataclass(frozen=True, slots=True)
class MemberShown:
    """The lease is a member's of the group in this record, which was read after the command came: its lead decides.
    The same is to be asked of the lead, for the lease that its record has while that is of this group.
    """

    record: Record


@dataclass(frozen=True, slots=True)
class ContentShown:
    """What is in the PPA."""

    content: Content


@dataclass(frozen=True, slots=True)
class ProcessorsShown:
    """What the PPA builds for, by name."""

    names: tuple[str, ...]


class Refusal(enum.Enum):
    """Why a command was not carried out.  LOST: the PPA is not free after all, try another one.  ELSEWHERE: this lease
    or request is not here.  UNTOLD: the lease stands, and may not be told yet.  BURNT: the PPA had one of the sources,
    or another file of a name that one of them has: the detail names it.  CLAIMED: a group claims the PPA, and the claim
    stands.
    """

    LOST = "lost"
    ELSEWHERE = "elsewhere"
    OVER = "over"
    SUPERSEDED = "superseded"
    TAKEN = "taken"
    WRONG_STATE = "wrong-state"
    INVALID = "invalid"
    OUTAGE = "outage"
    IN_DOUBT = "in-doubt"
    UNTOLD = "untold"
    BURNT = "burnt"
    CLAIMED = "claimed"


@dataclass(frozen=True, slots=True)
class Denied:
    """The command was not carried out.  IN_DOUBT is not final: another outcome follows once the write is settled."""

    why: Refusal
    detail: str = ""


Outcome = (
    LeaseShown | RecordShown | ContentShown | ProcessorsShown | Committed | LeadShown | LeadGone | MemberShown | Denied
)
DEADLINE_EXCEEDED = "deadline exceeded"
"""The detail of a refusal because nobody waits for the outcome any more."""

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
