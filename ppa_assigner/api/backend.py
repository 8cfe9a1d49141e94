"""What the API needs of the supervisor: the interface between HTTP and the decisions.

Rule: no call here waits; whatever takes time is a future, which ends by itself within the deadline of its call, with
a result or with a Problem.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import Future
from typing import Protocol, TypeVar

from ..access import Caller
from ..packages import SourcePackage
from ..port import Content
from ..reference import Reference
from ..selectors import Selector
from ..uploads import Enough, FollowedLease, Retrying, Waiting
from ..uploads.model import NamedSource, Wanted
from ..uploads.promotion import Promotion
from ..views import (
    AptSource,
    AssignRequest,
    DaemonHealth,
    LaunchpadStatus,
    LeaseView,
    OperatorAction,
    PastLeaseView,
    PoolView,
    PpaEvent,
    PromoteRequest,
    Snapshot,
    UploadCheck,
    WaitingView,
)


class Call(Protocol):
    """One pending request for a PPA, on one connection."""

    @property
    def future(self) -> Future[LeaseView]:
        """Completes with the lease or a Problem."""


class Events(Protocol):
    """The events since the daemon started, of which only the last ones are kept."""

    @property
    def run(self) -> str:
        """Identifies this start of the daemon: event numbers of another start mean nothing in this one."""

    @property
    def newest(self) -> int:
        """The number of the last event; 0 before the first."""

    def since(self, number: int, limit: int | None = None) -> tuple[list[PpaEvent], int]:
        """The first `limit` events that are still kept and come after this number, and the number to ask with next
        time.
        """

    def subscribe(self, follower: Callable[[PpaEvent], None]) -> Callable[[], None]:
        """Call `follower` with each new event, from any thread; call what is returned to end that."""


class Uploads(Protocol):
    """What becomes of uploads.  No call waits; what takes time are the futures of what is returned."""

    def ask(self, lease: FollowedLease, wanted: Wanted, appear: float, enough: Enough, *, holder: bool) -> Waiting:
        """Begin to wait until a report is `enough`; what has not appeared within `appear` seconds is given up, of which
        all are told if the call is of whoever may end the lease (`holder`).  `leave` must follow.
        """

    def leave(self, lease: str, waiting: Waiting) -> None:
        """The call is over."""

    def retry(self, lease: FollowedLease, sources: Iterable[NamedSource] = ()) -> Retrying:
        """Have builds tried again that failed for a lost builder."""


C = TypeVar("C", bound=Call)


class Backend(Protocol[C]):
    """The supervisor, safe for threads.  Each call may raise a Problem at once."""

    @property
    def events(self) -> Events:
        """The log of events."""

    def assign(self, wish: AssignRequest) -> C:
        """Request a PPA."""

    def hang_up(self, call: C) -> None:
        """The connection of this call is gone, and no byte of the response was passed to it."""

    def compare_origs(self, sources: tuple[SourcePackage, ...]) -> Future[None]:
        """Whether the distribution has other upstream tarballs under these names: a Problem then; within moments."""

    def check_upload(self, sources: tuple[SourcePackage, ...], pool: str | None) -> Future[UploadCheck]:
        """What would become of an upload of these sources to PPAs of this pool, or of any."""

    def apt_source(self, lease: LeaseView, series: tuple[str, ...]) -> Future[AptSource]:
        """What apt needs to read a lease's PPA: these series, or those that have something."""

    def promote(self, lease: str, wanted: PromoteRequest, caller: Caller) -> Future[Promotion]:
        """Have what a lease holds copied to another PPA, or tell how far that is."""

    def withdraw(self, request_id: str, caller: Caller) -> Future[list[Snapshot]]:
        """End a request, and release what it got."""

    def touch(self, lease: str, ttl: float | None, caller: Caller) -> Future[LeaseView]:
        """Count a sign of life of the lease's owner; with `ttl` (seconds) the end moves."""

    def release(self, lease: str, caller: Caller) -> Future[Snapshot]:
        """End a lease."""

    def lease(self, lease: str) -> Future[LeaseView]:
        """What is known of a lease."""

    def operate(self, ppa: Reference, act: OperatorAction, caller: Caller) -> Future[Snapshot]:
        """Carry out an operator's action."""

    def content(self, ppa: Reference) -> Future[Content]:
        """What a clean of the PPA would delete."""

    def history(self, ppa: Reference) -> Future[list[PastLeaseView]]:
        """The leases that a PPA had before, the newest first."""

    def snapshots(self) -> Sequence[Snapshot]:
        """All PPAs as they are known now."""

    def snapshot(self, ppa: Reference) -> Snapshot:
        """One PPA as it is known now."""

    def find_out(self, select: Selector) -> None:
        """Have what a selector asks about be known to later lists, where Launchpad has to be asked for it."""

    def pool_names(self) -> Collection[str]:
        """The names of the pools that are configured now."""

    def pools(self) -> Sequence[PoolView]:
        """All pools in numbers."""

    def line(self, pool: str | None) -> Sequence[WaitingView]:
        """Those who wait, of one pool or of all, in the order in which they are served."""

    def health(self) -> DaemonHealth:
        """The daemon itself, in numbers."""

    def launchpad(self) -> LaunchpadStatus:
        """Whether Launchpad answers, since when, and why not."""

    def unready(self) -> str | None:
        """Why nothing can be lent yet; None once the first look at all PPAs is over."""
