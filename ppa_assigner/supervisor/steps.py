"""What the machine tells itself: steps that follow from an event, at once or at a time, and what waits for an outcome.

Rule: plain values; which function takes which step is in the tables of `machine`.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..automaton import WorkerState
from ..automaton.events import Outcome
from ..record import Record
from ..reference import Reference
from ..views import Snapshot
from .requests import CallId, ClaimId, Key, RequestId
from .timers import Failures

# -- steps, most of which may be due at a time -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Match:
    """See who of this pool gets which PPA."""

    pool: str


@dataclass(frozen=True, slots=True)
class Decide:
    """Nothing binds this request to a PPA any more."""

    request: RequestId


@dataclass(frozen=True, slots=True)
class Learnt:
    """More is known of a request that waits."""

    request: RequestId


@dataclass(frozen=True, slots=True)
class TimeIsUp:
    """The wait or the deadline of this call is over."""

    request: RequestId
    call: CallId


@dataclass(frozen=True, slots=True)
class WaitsAreOver:
    """Something is decided: those of this pool whose wait is over and who waited for that are answered."""

    pool: str


@dataclass(frozen=True, slots=True)
class TryAgain:
    """A PPA was passed by for long enough."""

    request: RequestId


@dataclass(frozen=True, slots=True)
class TurnIsOver:
    """One of this pool was searched for too long: those behind it go on."""

    pool: str


@dataclass(frozen=True, slots=True)
class SearchAgain:
    """This search saw not every PPA: another look may."""

    request: RequestId
    search: int


@dataclass(frozen=True, slots=True)
class Found:
    """This search is over: it is known what the request has."""

    request: RequestId
    search: int


@dataclass(frozen=True, slots=True)
class LookNow:
    """Look at all PPAs."""


@dataclass(frozen=True, slots=True)
class PlaceIsOver:
    """Nobody came back to the place that was kept for this request."""

    request: RequestId


@dataclass(frozen=True, slots=True)
class ClaimIsDue:
    """Somebody is told of this lease by now, or nobody was for long."""

    claim: ClaimId


@dataclass(frozen=True, slots=True)
class Relabelled:
    """PPAs of this pool have other labels than before, or there are others."""

    pool: str


@dataclass(frozen=True, slots=True)
class AskOn:
    """There is room for those who were to ask more PPAs what they had."""


@dataclass(frozen=True, slots=True)
class Pursue:
    """See what those of this pool may hope for that name sources."""

    pool: str


@dataclass(frozen=True, slots=True)
class CallIsLate:
    """The deadline of a call is over."""

    call: CallId


@dataclass(frozen=True, slots=True)
class CallLooks:
    """Have another look for the lease of a call."""

    call: CallId


@dataclass(frozen=True, slots=True)
class WithdrawalLooks:
    """Have another look for what a withdrawn request got."""

    call: CallId


@dataclass(frozen=True, slots=True)
class Settled:
    """A request that this call withdraws is ended; `certain`: what it got is known."""

    call: CallId
    certain: bool


@dataclass(frozen=True, slots=True)
class CheckIsOver:
    """What is known by now of an upload is told."""

    call: CallId


@dataclass(frozen=True, slots=True)
class TryRelease:
    """Try to carry out a release that was put off."""

    ppa: Reference
    number: int


@dataclass(frozen=True, slots=True)
class Replace:
    """Another worker is to follow the one that is gone, which knew this."""

    known: WorkerState


@dataclass(frozen=True, slots=True)
class Compare:
    """A PPA is now used for the request of this key, or remembers it (None: of nobody's): is that lent twice?"""

    ppa: Reference
    key: Key | None


@dataclass(frozen=True, slots=True)
class ReleaseSeen:
    """A PPA is now this: is a release of it put off?"""

    snapshot: Snapshot


@dataclass(frozen=True, slots=True)
class Remember:
    """A PPA has this record: what does it say of the request of this key, which it was written for?"""

    key: Key
    record: Record


@dataclass(frozen=True, slots=True)
class GoOn:
    """Something is known of this PPA, or done with it: whom does that serve?"""

    ppa: Reference


@dataclass(frozen=True, slots=True)
class Came:
    """This outcome is for that."""

    waits: object
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class RoundOver:
    """The round that this waited for is over, and failed for these."""

    waits: object
    failed: Failures


# -- what waits for a round --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Readiness:
    """The daemon, at the end of each round."""


@dataclass(frozen=True, slots=True)
class Search:
    """A request that is searched for."""

    request: RequestId
    search: int


@dataclass(frozen=True, slots=True)
class CallSearch:
    """A call whose lease is searched for."""

    call: CallId


@dataclass(frozen=True, slots=True)
class WithdrawalSearch:
    """A call that withdraws a request whose leases are searched for."""

    call: CallId


# -- what waits for an outcome -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Assigns:
    """A request is to get this PPA."""

    request: RequestId
    ppa: Reference


@dataclass(frozen=True, slots=True)
class Confirms:
    """A request is to be told of the lease that it seems to have there."""

    request: RequestId
    ppa: Reference


@dataclass(frozen=True, slots=True)
class AsksBurnt:
    """Can this PPA take what a request is to upload?"""

    request: RequestId
    ppa: Reference


@dataclass(frozen=True, slots=True)
class ListsProcessors:
    """What does this PPA build for?"""

    ppa: Reference


@dataclass(frozen=True, slots=True)
class GivesUp:
    """A lease that nobody was told of is to end."""

    claim: ClaimId


@dataclass(frozen=True, slots=True)
class Serves:
    """A call about a lease or a PPA."""

    call: CallId
    ppa: Reference


@dataclass(frozen=True, slots=True)
class Withdraws:
    """The release of what a withdrawn request got."""

    call: CallId
    ppa: Reference


@dataclass(frozen=True, slots=True)
class Checks:
    """One source of an upload, at one PPA."""

    call: CallId
    number: int
    ppa: Reference


@dataclass(frozen=True, slots=True)
class ReleasesLater:
    """A release that was put off."""

    ppa: Reference
    number: int


@dataclass(frozen=True, slots=True)
class ReadsHigher:
    """Does the higher of two leases of one request still stand?"""

    low: Snapshot
    high: Snapshot


@dataclass(frozen=True, slots=True)
class Supersedes:
    """The lower of two leases of one request is to end; nobody waits for that."""


# -- of pools that grow ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class GrowthLook:
    """Once all that a look showed was looked at: does this pool need one more?"""

    pool: str


@dataclass(frozen=True, slots=True)
class Discards:
    """A PPA that is worn is marked to be discarded."""

    ppa: Reference
