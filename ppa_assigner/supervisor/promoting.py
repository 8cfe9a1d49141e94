"""Promote: what a lease's PPA holds is copied to a PPA that stays, with its binaries, and it is told how far that is.

Rule: only what is published, by the rule of all who wait for uploads; what is bound to fail is refused before anything
is copied.  Nothing is kept but when a copy was asked for last, which spares requests: asked again after a restart, it
sees the same.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial

from ..access import Caller
from ..archive_port import Copies
from ..backoff import FENCE_S, RETRY_AFTER_S
from ..packages import SourcePackage
from ..port import AccessDenied, Done, Entry, Gone, Launchpad, Refused
from ..problems import Kind, Problem
from ..publications import SourcePublication
from ..record import Record, State
from ..reference import Reference
from ..upload_port import UploadReports
from ..uploads.looks import FollowedLease, Known, Question, UnseenError, look
from ..uploads.model import Goal, NamedSource, Observed, Report, Wanted
from ..uploads.promotion import (
    Copy,
    CopyState,
    Promotion,
    WantedCopy,
    clashing,
    newer_there,
    progress,
    same_version,
    wanted_copies,
)
from ..uploads.verdict import judge
from ..views import PromoteRequest
from .events import Promotable, PromoteAsked
from .inquiries import Archives, Inquiries, Inquiry, go_on, known
from .shell import Shell

COPY_AGAIN_S = 600.0
GOES_ON_S = 600.0
"""For so long after its call was answered a promote with many sources goes on: whoever asks again finds it further."""
ASKED = "Launchpad was asked for the copy; its job shows nothing before it ran"


@dataclass(frozen=True, slots=True)
class _Lease:
    """The lease whose uploads are passed on."""

    id: str
    ppa: Reference
    record: Record
    private: bool


class Promoting:
    """Safe for threads; what it begins runs in the threads of `inquiries`."""

    def __init__(self, shell: Shell, inquiries: Inquiries, launchpad: Launchpad, archives: Archives | None) -> None:
        self._shell, self._inquiries = shell, inquiries
        self._launchpad, self._archives = launchpad, archives
        self._lock = threading.Lock()
        self._asked: dict[tuple[Reference, int, str], float] = {}

    def promote(self, lease: str, wanted: PromoteRequest, caller: Caller) -> Future[Promotion]:
        """Have the lease's uploads copied, or tell how far that is.  Raises Problem for a PPA that is lent itself."""
        where = self._shell.call(PromoteAsked, lease, wanted.to, caller)
        inquiry: Inquiry[Promotion] = self._inquiries.call()
        where.add_done_callback(partial(self._found, lease, wanted, inquiry))  # no thread waits: others need them
        return inquiry.future

    def _found(
        self, lease: str, wanted: PromoteRequest, inquiry: Inquiry[Promotion], where: Future[Promotable]
    ) -> None:
        if (problem := where.exception()) is not None:
            self._inquiries.end(inquiry, problem)
            return
        found = where.result()
        from_lease = _Lease(lease, found.ppa, found.record, found.private)
        self._inquiries.run(partial(self._promote, from_lease, wanted, inquiry), inquiry)

    @property
    def _reports(self) -> UploadReports:
        return _given(self._archives).uploads

    @property
    def _copies(self) -> Copies:
        return _given(self._archives).copies

    # -- in a thread of the inquiries -----------------------------------------------------------------------------

    def _promote(self, lease: _Lease, wanted: PromoteRequest, inquiry: Inquiry[Promotion]) -> Promotion:
        self._check_target(lease, wanted.to)
        published = Wanted(Goal.PUBLISHED, tuple(NamedSource(*one) for one in wanted.sources))
        seen = self._observed(lease, published)
        report = judge(published, seen)
        if not report.reached:
            raise _unfinished(report)
        copies = wanted_copies(report, seen.sources, wanted.series)
        if (clash := clashing(copies)) is not None:
            raise _clash(*clash)
        there = {name: self._there(wanted.to, name, inquiry) for name in sorted({copy.name for copy in copies})}
        for copy in copies:
            go_on(inquiry, GOES_ON_S)
            self._refuse_older(lease, copy, wanted.to, there[copy.name])
        done = list[Copy]()
        for copy in copies:
            go_on(inquiry, GOES_ON_S)
            done.append(self._followed(lease, copy, wanted.to, there[copy.name]))
        return Promotion(tuple(done))

    def _there(self, to: Reference, name: str, inquiry: Inquiry[Promotion]) -> tuple[SourcePublication, ...]:
        go_on(inquiry, GOES_ON_S)
        return known(self._copies.published(to, name))

    def _check_target(self, lease: _Lease, to: Reference) -> None:
        match self._launchpad.read(to):
            case Entry() as entry:
                if lease.private and not entry.private:
                    raise Problem(Kind.INVALID, f"to: {to} is public, and {lease.ppa} is private: nothing is disclosed")
            case Gone(reason=reason):
                raise Problem(Kind.INVALID, f"to: Launchpad has no PPA {to} ({reason})")
            case AccessDenied(reason=reason):
                raise Problem(Kind.FORBIDDEN, f"to: Launchpad does not show {to} to the daemon's account ({reason})")
            case away:
                known(away)

    def _observed(self, lease: _Lease, wanted: Wanted) -> Observed:
        followed = FollowedLease(lease.id, lease.ppa, lease.record.since)
        try:
            return look(
                self._reports, Known(followed), Question(frozenset({wanted})), self._shell.clock.now().date
            )  # fmt: skip
        except UnseenError as error:
            raise Problem(Kind.UNAVAILABLE, str(error), retry_after=RETRY_AFTER_S) from error

    def _refuse_older(self, lease: _Lease, copy: WantedCopy, to: Reference, there: Iterable[SourcePublication]) -> None:
        """Launchpad would take it and copy nothing, or put an older version into the indexes."""
        if (version := newer_there(copy, there)) is not None:
            raise Problem(Kind.NOT_NEWER, f"{to} has {copy.name} {version} in {copy.series}, newer than {copy.version}")
        same = same_version(copy, there)
        if same is None:
            return
        ours, theirs = (
            known(self._copies.files(ppa, number)) for ppa, number in ((lease.ppa, copy.number), (to, same.number))
        )
        other = SourcePackage(copy.name, copy.version, files=ours.files).conflict(theirs.files)
        if other is not None:
            raise Problem(Kind.NOT_NEWER, f"{to} has {copy} with another {other.name}: choose a new version")

    def _followed(self, lease: _Lease, copy: WantedCopy, to: Reference, there: Iterable[SourcePublication]) -> Copy:
        same = same_version(copy, there)
        if same is not None:
            return progress(copy, same, known(self._reports.binaries(to, same.created)))
        boot = self._shell.clock.boot()
        if not self._begun(to, copy, boot):
            return Copy(copy.name, copy.version, copy.series, CopyState.COPYING, ASKED)
        try:
            return self._ask(lease, copy, to, boot)
        except Problem:
            self._not_asked(to, copy)
            raise

    def _ask(self, lease: _Lease, copy: WantedCopy, to: Reference, boot: float) -> Copy:
        with self._shell.reading() as core:
            holding = core.registry.with_lease(lease.id)
        if holding is None or holding[1].state is not State.USED:
            raise Problem(Kind.LEASE_OVER, f"the lease of {lease.ppa} is over: what was in it is being deleted")
        source = (copy.name, copy.version)
        answer = self._copies.copy(source, lease.ppa, copy.from_series, to, copy.series, boot + FENCE_S)
        match answer:
            case Refused(reason=reason):
                self._not_asked(to, copy)
                return Copy(copy.name, copy.version, copy.series, CopyState.FAILED, f"Launchpad refuses it: {reason}")
            case Done():
                pass
            case away if not away.sent:
                raise Problem(Kind.UNAVAILABLE, away.reason, retry_after=away.retry_after or RETRY_AFTER_S)
        return Copy(copy.name, copy.version, copy.series, CopyState.COPYING, ASKED)

    def _begun(self, to: Reference, copy: WantedCopy, boot: float) -> bool:
        """Whether this call is the one to ask for the copy: of several at a time, and for a while, one is."""
        with self._lock:
            self._asked = {key: at for key, at in self._asked.items() if boot - at < COPY_AGAIN_S}
            key = (to, copy.number, copy.series)
            first = key not in self._asked
            self._asked.setdefault(key, boot)
        return first

    def _not_asked(self, to: Reference, copy: WantedCopy) -> None:
        with self._lock:
            self._asked.pop((to, copy.number, copy.series), None)


def _given(archives: Archives | None) -> Archives:
    if archives is None:
        raise Problem(Kind.UNAVAILABLE, "the daemon has no way to ask for copies")
    return archives


def _unfinished(report: Report) -> Problem:
    """What Launchpad would take, and never copy."""
    sources = [
        {"name": one.name, "version": one.version, "state": one.state.value, "why": one.why} for one in report.sources
    ]
    return Problem(Kind.UNFINISHED, f"not everything is published yet: {report.why}", unfinished=sources)


def _clash(one: WantedCopy, other: WantedCopy) -> Problem:
    """The older one would be superseded at once, or never be copied."""
    why = f"{one.name} {one.version} and {other.version} would both come into {one.series}: name one of them by sources"
    return Problem(Kind.NOT_NEWER, why)
