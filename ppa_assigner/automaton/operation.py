"""What a worker waits for: the request that is under way, the write that is not settled, and the progress of a clean.

Rule: plain frozen values; a request's operation holds all that its answer is judged by.  The progress of a clean counts
what was seen and done since the record became dirty, by this daemon; a restart begins again.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime

from ..packages import SourcePackage
from ..port import Entry, PublishedVersion, Refused, Unknown
from ..record import Record
from .events import Assign, CheckBurnt, Command, Confirm, Inspect, LeadShown, LeaseShown, ListProcessors
from .group_commands import ClaimPpa, RollForward, TellLead
from .requests import Change, Setting
from .transitions import WriteReason


class ReadReason(enum.Enum):
    """What a read or a survey is for."""

    LOOK = "look"
    SETTLE = "settle"
    COMMAND = "command"
    FENCE = "fence"
    AGAIN = "again"
    TAKE_IN = "take in"


@dataclass(frozen=True, slots=True)
class Reading:
    """One read of the PPA is under way."""

    why: ReadReason
    command: Command | None = None
    round: int | None = None


@dataclass(frozen=True, slots=True)
class Writing:
    """The write in `pending` is under way."""


@dataclass(frozen=True, slots=True)
class CheckingContent:
    """Whether a free PPA is empty is being checked before it is lent."""

    command: Assign | ClaimPpa


@dataclass(frozen=True, slots=True)
class CheckingSource:
    """Whether the PPA ever had this source, or which versions of it, is being asked."""

    command: Assign | ClaimPpa | CheckBurnt
    source: SourcePackage


@dataclass(frozen=True, slots=True)
class CheckingFiles:
    """Which files this version of the source had is being asked."""

    command: Assign | ClaimPpa | CheckBurnt
    source: SourcePackage
    version: PublishedVersion


@dataclass(frozen=True, slots=True)
class CheckingPublished:
    """Whether a lease that is to end has published something is being asked."""

    reason: WriteReason
    command: Command | None = None


@dataclass(frozen=True, slots=True)
class Granting:
    """The uploader's right is being granted, before the lease is told."""

    command: Assign | Confirm | RollForward | TellLead
    fresh: bool
    told: LeaseShown | LeadShown  # once the right is given
    refused: Refused | None = None  # then a read shows whether the refusal was about the person or about the PPA


@dataclass(frozen=True, slots=True)
class Surveying:
    """What is in the PPA is being listed."""

    why: ReadReason
    command: Inspect | None = None


@dataclass(frozen=True, slots=True)
class ListingProcessors:
    """What the PPA builds for is being read."""

    command: ListProcessors


@dataclass(frozen=True, slots=True)
class Verifying:
    """A look of a clean is under way."""

    stage: CleanStage


@dataclass(frozen=True, slots=True)
class Purging:
    """A change of a clean is under way."""

    change: Change


@dataclass(frozen=True, slots=True)
class Creating:
    """The PPA is being created with this nonce in its record; or, once that had this outcome, read."""

    nonce: str
    outcome: Refused | Unknown | None = None


class DeletedReason(enum.Enum):
    """Why the deleted PPAs of this name are read: they tell whether the PPA that was known is one of them."""

    WRITE_BACK = "before what was lost is written back"
    SETTLE = "before it is written back once more, to settle the first write"
    GIVE_UP = "before the lease of a PPA that is gone is given up"
    CREATE = "before the PPA is created"
    TAKE_IN = "before a PPA without a record is taken in"
    PROOF = "before a PPA that a daemon made is proved clean"


@dataclass(frozen=True, slots=True)
class ReadingDeleted:
    """The deleted PPAs of this name are being read."""

    before: DeletedReason
    command: Command | None = None


@dataclass(frozen=True, slots=True)
class CheckingEnabled:
    """Whether the PPA is disabled is being asked; `refused` is the change, and the answer to it, that made us ask."""

    refused: tuple[Change, Refused] | None = None


@dataclass(frozen=True, slots=True)
class Removing:
    """The PPA itself is being deleted."""


Operation = (
    Reading
    | Writing
    | CheckingContent
    | CheckingSource
    | CheckingFiles
    | CheckingPublished
    | Granting
    | Surveying
    | ListingProcessors
    | Verifying
    | Purging
    | Creating
    | ReadingDeleted
    | CheckingEnabled
    | Removing
)


@dataclass(frozen=True, slots=True)
class LeadInquiry:
    """The lead is being read for this PPA, whose record had this nonce then.  At `due` (boot time) that took too
    long.
    """

    nonce: str
    due: float


class CleanStage(enum.Enum):
    """What a clean looks at next, in this order.  What a look finds is changed before the next look; from STILL on a
    look begins after the quiet window, and what it finds leads back to CONTENT.
    """

    RIGHTS = "upload rights"
    """Who may upload, before anything else."""
    CONTENT = "content"
    """What is active or on its way, until nothing is."""
    SETTINGS = "settings"
    """What differs from the baseline."""
    STILL = "content after the quiet window"
    """Whether it stayed empty, before the looks that take longer."""
    DISK = "disk"
    """What is not removed from the disk."""
    INDEX = "indexes"
    """What the indexes still name."""
    AGAIN = "rights and settings once more"
    """Whether anything was changed meanwhile."""
    LAST = "content once more"
    """If there is none, the PPA is free."""


PROOF = frozenset({CleanStage.STILL, CleanStage.DISK, CleanStage.INDEX, CleanStage.AGAIN, CleanStage.LAST})


class Doing(enum.Enum):
    """What a clean does or waits for.  The values are how people are told, with what it is in place of `{}`."""

    LOOKING = "looking"
    LOOKING_AGAIN = "looking once more"
    TAKING_RIGHTS = "taking upload rights away"
    RESTORING = "restoring its settings"
    DELETING = "deleting"
    AWAITING = "waiting for {}"
    AWAITING_QUIET = "waiting for the quiet window to end"
    AWAITING_LAUNCHPAD = "waiting for Launchpad: {}"
    AWAITING_DISK = "waiting for the disk: {}"
    AWAITING_INDEXES = "waiting for the indexes: {}"
    PAUSING = "waiting after failure {}"


@dataclass(frozen=True, slots=True)
class CleanStep:
    """What a clean does now, and what (`of`) it does that with, or waits for."""

    doing: Doing
    of: str = ""

    @property
    def words(self) -> str:
        """The step for people."""
        return self.doing.value.format(self.of)


LOOKING, QUIET = CleanStep(Doing.LOOKING), CleanStep(Doing.AWAITING_QUIET)
TAKING_RIGHTS, RESTORING = CleanStep(Doing.TAKING_RIGHTS), CleanStep(Doing.RESTORING)


@dataclass(frozen=True, slots=True)
class CleanProgress:
    """How far a clean is.  `since` is the time of the dirty record.  Boot times: `quiet_from`, from which the quiet
    window counts; `fence`, the last read that showed our record; `look_at`, the earliest next look; `paused_until`,
    before which only the cleaner is touched.

    `todo` are the changes to make now.  Since the last failure: `asked` are the deletions and cancellations that were
    answered, `did` the changes of rights and settings and the cancellations, `waited` the answered cancellations whose
    build was still there afterwards, `unanswered` how often in a row the first of `todo` was not answered, `unseen` how
    often in a row a look was not, `erred` how many of these were errors of Launchpad's own.

    In the whole clean: `sticky` are the changes that failed, which are tried last; `left_out` the settings that
    Launchpad would not make; `seen` the addresses of all publications that were found, `left` how many of them are
    still there.  Of a PPA that a daemon made: `past_known`, whether the deleted ones of its name were read, and
    `fresh_until`, the boot time before which it needs no quiet window.
    """

    since: datetime
    quiet_from: float
    stage: CleanStage
    todo: tuple[Change, ...] = ()
    fence: float = float("-inf")
    look_at: float = float("-inf")
    paused_until: float = float("-inf")
    asked: frozenset[Change] = frozenset()
    did: tuple[Change, ...] = ()
    waited: frozenset[Change] = frozenset()
    unanswered: int = 0
    unseen: int = 0
    erred: int = 0
    sticky: frozenset[Change] = frozenset()
    left_out: frozenset[Setting] = frozenset()
    step: CleanStep = LOOKING
    seen: frozenset[str] = frozenset()
    left: int = 0
    past_known: bool = False
    fresh_until: float = float("-inf")

    @property
    def found(self) -> int:
        """How many publications were found so far."""
        return len(self.seen)

    @property
    def deleted(self) -> int:
        """How many of the publications that were found are gone."""
        return len(self.seen) - self.left


@dataclass(frozen=True, slots=True)
class Candidate:
    """A nonce that may come to stand; `intended` tells the intended record from one that was sent only to settle."""

    nonce: str
    intended: bool


@dataclass(frozen=True, slots=True)
class PendingWrite:
    """A write that is under way, or whose outcome is not settled (`unsettled`).

    `candidates` are all that may come to stand in place of `base`; `record` is the intended one.  `under_way` is the
    latest boot time at which one of their requests may have been under way.
    """

    reason: WriteReason
    base: Entry
    record: Record
    candidates: tuple[Candidate, ...]
    command: Command | None = None
    unsettled: bool = False
    reads: int = 0
    due: float = 0.0
    under_way: float = float("inf")
