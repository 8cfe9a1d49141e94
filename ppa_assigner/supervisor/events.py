"""What the machine is told, and what it has done about it: plain values.

Rule: an event tells what happened, with all that only the one who saw it knows; an effect says what is to be done, and
nothing here does it.  What the machine tells itself, now or at a time, is in `steps`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..access import Caller
from ..automaton import Now, WorkerState
from ..automaton.events import Event as WorkerEvent, Looked, LookFailed, Outcome
from ..config import Settings
from ..problems import Problem
from ..record import Record
from ..reference import Reference
from ..views import AssignRequest, OperatorAction, Snapshot, SourceCheck
from .names import NamesFound
from .requests import CallId, Key

LookEvent = Looked | LookFailed


@dataclass(frozen=True, slots=True)
class Instant:
    """When an event is handled: `boot` by the boot-time clock, `epoch` in seconds since 1970 by Launchpad's, `time` for
    what the automaton's rules say; `drawn` is what was drawn by lot for this event.
    """

    boot: float
    epoch: float
    time: Now
    drawn: int


# -- calls of the API --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Asked:
    """A PPA is asked for."""

    call: CallId
    wish: AssignRequest


@dataclass(frozen=True, slots=True)
class HungUp:
    """The connection of this assign is gone before any byte of its answer was handed to it."""

    call: CallId


@dataclass(frozen=True, slots=True)
class WithdrawAsked:
    """A request is to end, with what it got; an `operator`'s that has none of this id means those of others."""

    call: CallId
    key: Key
    operator: bool


@dataclass(frozen=True, slots=True)
class TouchAsked:
    """A sign of life of a lease's owner; with `ttl` (seconds) the end moves."""

    call: CallId
    lease: str
    ttl: float | None
    caller: Caller


@dataclass(frozen=True, slots=True)
class ReleaseAsked:
    """A lease is to end."""

    call: CallId
    lease: str
    caller: Caller


@dataclass(frozen=True, slots=True)
class LeaseAsked:
    """What is known of a lease?"""

    call: CallId
    lease: str


@dataclass(frozen=True, slots=True)
class OperatorActed:
    """An operator's action on a PPA that is served."""

    call: CallId
    ppa: Reference
    act: OperatorAction


@dataclass(frozen=True, slots=True)
class ContentAsked:
    """What would a clean of this PPA delete?"""

    call: CallId
    ppa: Reference


@dataclass(frozen=True, slots=True)
class PromoteAsked:
    """What a lease holds is to be copied to another PPA, once it is known where it is."""

    call: CallId
    lease: str
    to: Reference
    caller: Caller


@dataclass(frozen=True, slots=True)
class Promotable:
    """Where that lease is, with its record; `private`: nothing of it may be disclosed."""

    ppa: Reference
    record: Record
    private: bool


@dataclass(frozen=True, slots=True)
class InquiryBegan:
    """Something is asked of Launchpad that no worker answers; `within` bounds how long it may take, in seconds."""

    call: CallId
    within: float | None = None


@dataclass(frozen=True, slots=True)
class InquiryEnded:
    """Its result, or the Problem that came of it."""

    call: CallId
    result: Any


@dataclass(frozen=True, slots=True)
class CheckAsked:
    """What would become of an upload to the PPAs of this pool, or of all pools?"""

    call: CallId
    pool: str | None


@dataclass(frozen=True, slots=True)
class SourcesChecked:
    """All that concerns no single PPA is known of an upload."""

    call: CallId
    checks: tuple[SourceCheck, ...]


CallEvent = (
    Asked | WithdrawAsked | TouchAsked | ReleaseAsked | LeaseAsked | OperatorActed | ContentAsked | PromoteAsked
    | InquiryBegan | CheckAsked
)  # fmt: skip
"""Those that open a call."""


# -- what workers and looks tell ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Changed:
    """A PPA is now this.  Its worker heard its lease's owner last at `heard_at` (boot time); `foreign` is its text, if
    that holds a record of a version unknown here; `shown`: an answer has shown it.
    """

    snapshot: Snapshot
    heard_at: float = 0.0
    foreign: str | None = None
    shown: bool = True


@dataclass(frozen=True, slots=True)
class Replied:
    """A worker's answer to a command."""

    ppa: Reference
    token: int
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class LeadWanted:
    """The worker of a PPA, whose record has this nonce, has to know the record of its lead as it is from now on."""

    ppa: Reference
    lead: Reference
    nonce: str


@dataclass(frozen=True, slots=True)
class LookDone:
    """A PPA is known as of that round of looks, or (`reason`) is not."""

    ppa: Reference
    number: int
    reason: str | None


@dataclass(frozen=True, slots=True)
class ProcessorsWanted:
    """Somebody lists what is selected by what PPAs build for."""


@dataclass(frozen=True, slots=True)
class LookBegins:
    """A round of looks is about to begin."""


@dataclass(frozen=True, slots=True)
class NamesSeen:
    """Which names of growing ranges that owner has, as a look of that round showed it, or (`reason`) did not."""

    owner: str
    number: int
    found: NamesFound | None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class LookSaw:
    """What a look saw of a PPA."""

    ppa: Reference
    look: LookEvent


@dataclass(frozen=True, slots=True)
class Started:
    """The worker that was to be started runs, with this seed."""

    ppa: Reference
    seed: str


@dataclass(frozen=True, slots=True)
class NotStarted:
    """It could not be started: no thread, no memory."""

    known: WorkerState
    error: str


@dataclass(frozen=True, slots=True)
class Died:
    """A worker ended of a bug, and this is what it knew."""

    known: WorkerState
    error: str


# -- the daemon --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Configured:
    """These settings hold from now on."""

    settings: Settings


@dataclass(frozen=True, slots=True)
class TimePassed:
    """Time has passed: the first thing that is due is done."""


@dataclass(frozen=True, slots=True)
class Stopping:
    """The daemon is being stopped: no more requests, and those who wait are answered."""


@dataclass(frozen=True, slots=True)
class Closed:
    """No answer will come any more."""


Event = (
    CallEvent | HungUp | InquiryEnded | SourcesChecked | ProcessorsWanted | Changed | Replied
    | LeadWanted | LookDone | LookBegins | LookSaw | NamesSeen | Started | NotStarted | Died | Configured | TimePassed
    | Stopping | Closed
)  # fmt: skip


# -- effects -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Send:
    """Put this into the mailbox of the PPA's worker."""

    ppa: Reference
    event: WorkerEvent


@dataclass(frozen=True, slots=True)
class AnswerCall:
    """The call ends with this result, or with this Problem."""

    call: CallId
    result: Any


@dataclass(frozen=True, slots=True)
class Refuse:
    """The call of this event is not taken at all."""

    problem: Problem


@dataclass(frozen=True, slots=True)
class LookSoon:
    """Begin a round of looks as soon as may be."""


@dataclass(frozen=True, slots=True)
class Poll:
    """This round of looks has begun: look at these, and at the names of these ranges of growing pools, by owner; of the
    owners in `listed` by a listing, however much that costs.
    """

    number: int
    ppas: tuple[Reference, ...]
    ranges: Mapping[str, tuple[tuple[Reference, ...], ...]] = field(default_factory=dict)
    listed: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Start:
    """Start a worker that knows this, with a seed of its own; `Started` or `NotStarted` follows."""

    known: WorkerState


@dataclass(frozen=True, slots=True)
class LetGo:
    """Stop the worker of a PPA that is not served any more."""

    ppa: Reference


@dataclass(frozen=True, slots=True)
class Note:
    """Write down what is new about this PPA."""

    snapshot: Snapshot


@dataclass(frozen=True, slots=True)
class Warn:
    """Tell the people who changed the configuration."""

    text: str


@dataclass(frozen=True, slots=True)
class Say:
    """A line of the log."""

    level: int
    text: str
    ppa: Reference | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """Something could not be handled, of a bug: only what it was, and nothing else, is not done."""

    what: object
    error: Exception


Effect = Send | AnswerCall | Refuse | LookSoon | Poll | Start | LetGo | Note | Warn | Say | Failed
