"""What a worker knows of its PPA: one immutable value that the automaton is given and gives back.

Rule: nothing is known that is not in here, so a state can be compared, hashed and explored.  No clock, no I/O.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from ..options import PoolOptions
from ..port import Entry
from ..record import Record, State, Text
from ..reference import Reference
from ..views import Cleaning, Condition, End, Sight, Snapshot, snapshot_in
from .events import Command, Effect
from .now import end_of
from .operation import CleanProgress, CleanStep, Creating, LeadInquiry, Operation, PendingWrite
from .reachability import SEEN, Absent, Reach, ReadDenied, Seen

_MILLISECONDS = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class Daemon:
    """This daemon: its name, when it started (milliseconds since 1970), and a random salt that tells two daemons of one
    name apart.
    """

    name: str
    started: int
    salt: str

    @property
    def cleaner(self) -> str:
        """What this daemon writes as `cleaner`."""
        return f"{self.name}/{self.started}-{self.salt}"

    def may_clean_after(self, cleaner: str | None) -> bool:
        """Whether a clean may be taken over at once: if nobody cleans, or this daemon does, or an earlier run of it."""
        if cleaner is None or cleaner == self.cleaner:
            return True
        name, _, rest = cleaner.rpartition("/")
        started = rest.partition("-")[0]
        return name == self.name and _MILLISECONDS.fullmatch(started) is not None and int(started) < self.started


AHEAD = "its times lie ahead of Launchpad's clock and of this host's: a clock that was wrong wrote them"
IN_DOUBT = "Launchpad's answer to a write was lost; it is being settled"
BROUGHT_BACK = "an old or foreign description was put back; the next look decides what is done about it"
OCCUPIED = "it has no record, and packages in it: left alone until it is empty, or adopted"
DENIED = (
    "Launchpad does not show it to us ({reason}): have the daemon's account join ~{owner}, and if the PPA is private, "
    "log in with --level WRITE_PRIVATE; `ppa-assigner doctor` tells which"
)
FORBIDDEN_BECAUSE = (
    "may not be written ({reason}): have the daemon's account join ~{owner}; `ppa-assigner doctor` tells more"
)
GONE_FOR_GOOD = "it is gone: {reason}"
DISABLED = (
    "it is disabled on Launchpad, and nothing can be deleted or uploaded there: enable it on its +edit page, or take "
    "it off the list"
)


NO_TEXT = Text(None)
FileDigests = frozenset[tuple[int, int]]
"""Of files: digests of the name and of the content."""


@dataclass(frozen=True, slots=True)
class WorkerState:
    """All that a worker knows of its PPA.  Give it to `step` and keep what comes back."""

    ppa: Reference
    pool: str
    options: PoolOptions
    daemon: Daemon
    seed: str
    draws: int = 0  # how many nonces were drawn from the seed
    snapshots: str | None = None  # where what a lease had stays readable; None: nowhere

    # what was seen of it
    entry: Entry | None = None  # as the last answer showed it, for the next write
    text: Text = NO_TEXT  # what stands in it, as far as is known
    parsed: tuple[str | None, Text] = (None, NO_TEXT)  # the description that was parsed last, and what it says
    highest: Record | None = None  # the newest record that was read or confirmed
    floor: int = 0  # the highest serial of the PPAs of this name that are gone
    seen: datetime | None = None  # when it was seen last, by Launchpad's clock
    asof: float = float("-inf")  # a look that began before this boot time may show less than is known
    basis: float = float("-inf")  # the boot time at which the request left on whose answer this rests
    unchanged: float = float("-inf")  # the boot time since which the record has been seen unchanged
    suspect: int = 0  # how many looks in a row showed the record rolled back
    ahead: bool = False  # the times of the record lie ahead of both clocks

    # whether it can be reached and written
    reach: Reach = SEEN  # how the last answer about it was
    silent: str | None = None  # why Launchpad does not answer since
    vanished: bool = False  # it was gone since it was last shown: what comes back may be another PPA
    make: bool = False  # it is to be created now, once, for its pool grows
    uncreated: str | None = None  # why Launchpad would not create it
    forbidden: str | None = None  # why Launchpad would not let us write
    refusals: int = 0  # how often in a row Launchpad would not let us write
    disabled: bool = False  # nothing can be uploaded or deleted in it

    # its lease, and what may be lent
    heard: datetime | None = None  # silence counts from then on: earlier nobody could be heard
    heard_at: float = 0.0  # the boot time of `heard`
    over: Record | None = None  # the record of the lease that ended with its PPA
    duplicate: bool = False  # the request has another lease with the same attempt
    verified: float | None = None  # the boot time at which the last look began that found it empty
    burnt: frozenset[int] = frozenset()  # digests of source versions that were published here
    files: tuple[tuple[int, FileDigests], ...] = ()  # digests of some of them, and of their files
    occupied: bool = False  # it has no record, and something is in it
    untaken: str | None = None  # why it is not taken in though it is empty
    deleting: bool = False  # it is to be deleted once it is discarded

    # what is under way
    operation: Operation | None = None  # the request whose answer comes next
    pending: PendingWrite | None = None  # the write whose outcome is not known yet
    waiting: tuple[Command, ...] = ()  # commands that came meanwhile
    inquiry: LeadInquiry | None = None  # about the lead, whose answer may come at any time
    ask_again: float = float("-inf")  # the boot time of the next one that nobody asks for
    void_claim: str | None = None  # the nonce of the record whose claim binds nobody
    abandoned: tuple[int, ...] = ()  # tokens of the last searches that nobody waits for any more
    clean: CleanProgress | None = None  # of the dirty record
    failures: int = 0  # how often in a row Launchpad failed in its own work
    not_before: float = float("-inf")  # the boot time before which its own work waits

    @property
    def record(self) -> Record | None:
        """The record as last seen or confirmed."""
        return self.text.record

    @property
    def state(self) -> State | None:
        """The state in the record; None without a readable one."""
        return self.text.record.state if self.text.record else None

    @property
    def in_doubt(self) -> bool:
        """Whether the outcome of a write is unknown even after a first look for it: then the state of the PPA is
        unknown.
        """
        return self.pending is not None and self.pending.unsettled and self.pending.reads > 0

    @property
    def sight(self) -> Sight:
        """How the last read of the PPA was answered, and whether that is believed."""
        match self.reach:
            case Absent(final=final):
                return Sight.LASTING_GONE if final else Sight.GONE
            case ReadDenied(streak=streak):
                return Sight.LASTING_DENIED if streak.lasting else Sight.DENIED
        return Sight.BARRED if self.forbidden is not None else Sight.SHOWN

    @property
    def shown(self) -> bool:
        """Whether the last answer about the PPA showed it, or there was none yet."""
        return isinstance(self.reach, Seen)

    @property
    def condition(self) -> Condition:
        """The condition of the PPA apart from its state; where there are several, the gravest."""
        return self._trouble[0]

    @property
    def fault(self) -> str | None:
        """Why the condition is not ok, for people."""
        return self._trouble[1]

    @property
    def _trouble(self) -> tuple[Condition, str | None]:
        """The condition, and why it is not ok: what is asked first is the gravest."""
        if isinstance(self.reach, Absent):
            return Condition.MISSING, self._why_absent(self.reach)
        if (why := self.barred or self._why_unreachable) is not None:
            return Condition.UNREACHABLE, why
        return self._trouble_shown if self.entry is not None else (Condition.UNREACHABLE, self._trouble_shown[1])

    @property
    def _trouble_shown(self) -> tuple[Condition, str | None]:
        if self.suspect or self.text.fault is not None:
            return Condition.UNREADABLE, BROUGHT_BACK if self.suspect else self.text.fault
        if (record := self.text.record) is None:
            return Condition.UNMANAGED, OCCUPIED if self.occupied else self.untaken
        return (Condition.DISABLED, DISABLED) if self.disabled else self._trouble_of(record)

    def _trouble_of(self, record: Record) -> tuple[Condition, str | None]:
        why = AHEAD if self.ahead else record.fault or record.why
        if self.duplicate and record.state is State.USED:
            return Condition.DUPLICATE, why
        if record.quarantined is not None and record.state is not State.USED:
            return Condition.QUARANTINED, why
        return Condition.OK, why

    @property
    def barred(self) -> str | None:
        """Why Launchpad does not let us read or write the PPA, and what to do about that; None if it does."""
        if isinstance(self.reach, ReadDenied):
            return DENIED.format(reason=self.reach.reason, owner=self.ppa.owner)
        return self.forbidden

    @property
    def _why_unreachable(self) -> str | None:
        if self.silent is not None:
            return self.silent
        return IN_DOUBT if self.in_doubt else None

    def _why_absent(self, last: Absent) -> str:
        if self.uncreated is not None:
            return self.uncreated
        return GONE_FOR_GOOD.format(reason=last.reason) if last.final else last.reason

    def snapshot(self) -> Snapshot:
        """What the rest of the daemon may see of the PPA."""
        condition, fault = self._trouble
        left = snapshot_in(self.snapshots, self.ppa, self.record) if self.snapshots is not None else None
        return Snapshot(
            self.ppa, self.pool, self.record, condition, self.seen, self.cleaning, fault, self.end,
            self.entry.web if self.entry is not None else None, self.sight, self.over,
            self.pending.record if self.pending is not None and self.in_doubt else None,
            private=self.entry.private if self.entry is not None else None,
            left=left, occupied=self.record is None and self.occupied, making=self.making,
            uncreated=self.uncreated is not None,
        )  # fmt: skip

    @property
    def making(self) -> bool:
        """Whether it is not known yet what becomes of its creation for a pool that grows."""
        return self.record is None and (self.make or isinstance(self.operation, Creating))

    @property
    def end(self) -> End | None:
        """When the lease ends if nobody touches it, as far as this daemon knows.  Silence does not count while the PPA
        cannot be reached; it counts from when it can be again.
        """
        if self.state is not State.USED:
            return None
        return end_of(self.record, self.heard, silence_counts=self.shown and self.silent is None)

    @property
    def cleaning(self) -> Cleaning | None:
        """The progress of this daemon's clean, for people; None if there is none."""
        clean = self._cleaning
        return Cleaning(clean.step.words, clean.found, clean.deleted, clean.left, clean.since) if clean else None

    @property
    def cleaning_step(self) -> CleanStep | None:
        """What this daemon's clean does now; None if there is none."""
        clean = self._cleaning
        return clean.step if clean is not None else None

    @property
    def _cleaning(self) -> CleanProgress | None:
        """The clean that goes on: in quarantine nothing is done."""
        record = self.text.record
        goes_on = record is not None and record.state is State.DIRTY and record.quarantined is None
        return self.clean if goes_on else None


Step = tuple[WorkerState, list[Effect]]
"""What is known next, and what is to be done: what every decision of the automaton gives."""
