"""One lease whose uploads are followed: who waits for what, what was seen, and when to look again.

Rule: no threads and no I/O; the follower's lock is around all of it, but for the look itself.  What is remembered
can be lost: a daemon that was restarted sees the same, and only counts anew since when something was asked for.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import Future, InvalidStateError
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from ..publications import SourceBuild
from . import cadence
from .looks import FollowedLease, Known, Question, only_indexes_missing, overdue, remember
from .model import NamedSource, Observed, Report, SourceReport, SourceState, Wanted
from .verdict import judge, lost_builder

LINGER_S = 1800.0
"""For so long after the last call it is remembered when something was first asked for."""
MOST_UNSEEN = 50
"""Sources of one lease that did not appear of which that is told to all: as many as a call may name."""
RETRY_S = 120.0
"""Between two requests to retry one build: Launchpad may not see what was published at once."""

T = TypeVar("T")
Enough = Callable[[Report], bool]
"""Whether a waiter has waited long enough for this report."""


@dataclass(eq=False)
class Waiting:
    """One call that waits.  `appear`: seconds after which what has not appeared is given up; `holder`: whether it is
    of whoever has the lease, or of an operator.

    `looked` ends with the first look since it came, whatever came of it; `done` with a report that is `enough`, or a
    Problem.  `report` is the last one, None where no look succeeded yet: then `trouble` says why.
    """

    wanted: Wanted
    appear: float
    enough: Enough
    holder: bool = True
    looked: Future[None] = field(default_factory=Future)
    done: Future[Report] = field(default_factory=Future)
    report: Report | None = None
    trouble: str | None = None

    def told(self, report: Report) -> None:
        """A look succeeded, and means this."""
        self.report, self.trouble = report, None
        _settle(self.looked, None)
        if self.enough(report):
            _settle(self.done, report)

    def failed(self, trouble: str) -> None:
        """A look failed."""
        if self.report is None:
            self.trouble = trouble
            _settle(self.looked, None)

    def over(self, problem: Exception) -> None:
        """There is nothing more to wait for."""
        _fail(self.done, problem)
        _settle(self.looked, None)


@dataclass(eq=False)
class Retrying:
    """A call to have builds of these sources tried again (none: of all) that failed for a lost builder."""

    sources: tuple[NamedSource, ...]
    done: Future[tuple[tuple[NamedSource, SourceBuild], ...]] = field(default_factory=Future)

    def tried(self, builds: tuple[tuple[NamedSource, SourceBuild], ...]) -> None:
        """These builds are tried again."""
        _settle(self.done, builds)

    def over(self, problem: Exception) -> None:
        """It is not done."""
        _fail(self.done, problem)


class Following:
    """What is known of one lease's uploads.  Times are of the boot-time clock, in seconds."""

    def __init__(self, lease: FollowedLease) -> None:
        self.known = Known(lease)
        self.waiting: set[Waiting] = set()
        self.retrying: list[Retrying] = []
        self.looking = False
        self.due = 0.0
        self.latest_call = 0.0
        self._asked: dict[bool, dict[NamedSource | None, float]] = {True: {}, False: {}}  # by whether of the holder
        self._newest = 0.0
        self._whole = float("-inf")  # when the last look at everything began
        self._index_alone = False  # whether only the index was missing then
        self._seen: Question | None = None  # what the last look was about
        self._retried: dict[str, float] = {}
        self._states: dict[tuple[str, str, str], str] = {}
        self._unseen: set[NamedSource] = set()

    @property
    def lease(self) -> FollowedLease:
        """The lease."""
        return self.known.lease

    # -- calls --------------------------------------------------------------------------------------------------------

    def join(self, waiting: Waiting, now: float) -> None:
        """Somebody begins to wait: what was seen a moment ago is told at once.  To be called before anything else
        knows of the call.
        """
        self.latest_call = now
        for name in self._names(waiting.wanted):
            if name not in (asked := self._asked[waiting.holder]):
                self._newest = now
                remember(asked, name, now)
        self.waiting.add(waiting)
        if self._answers(waiting, now):
            waiting.told(self.report(waiting, now))
        else:
            self.due = now
        self.due = min(self.due, self._next_overdue(now))

    def leave(self, waiting: Waiting) -> None:
        """Somebody waits no longer."""
        self.waiting.discard(waiting)

    def forgettable(self, now: float) -> bool:
        """Whether nobody has asked for so long that all of it may be forgotten."""
        return not (self.waiting or self.retrying or self.looking) and now - self.latest_call > LINGER_S

    @property
    def calls(self) -> tuple[Waiting | Retrying, ...]:
        """All calls that have no answer yet."""
        return (*self.waiting, *self.retrying)

    @property
    def wanted(self) -> bool:
        """Whether a look is worth it."""
        return bool(self.waiting or self.retrying)

    def report(self, waiting: Waiting, now: float) -> Report:
        """What was seen last means this to somebody who waits."""
        if self.known.observed is None:
            raise AssertionError(f"{self.lease.ppa} was not looked at yet")
        late = self._late(waiting.wanted, waiting.appear, now)
        return judge(waiting.wanted, replace(self.known.observed, overdue=overdue(self.known, late)))

    # -- looks --------------------------------------------------------------------------------------------------------

    def question(self, now: float) -> Question:
        """What to look for."""
        late = [name for one in self.waiting for name in self._late(one.wanted, one.appear, now)]
        wishes = {one.wanted for one in self.waiting} | {Wanted(sources=one.sources) for one in self.retrying}
        held = [name for one in self.waiting if one.holder for name in self._late(one.wanted, one.appear, now)]
        return Question(frozenset(wishes), _named(late), _named(held))

    def covered(self, question: Question, began: float) -> list[Waiting]:
        """Those who wait for what a look was about that began then.  Who came while it was under way may ask for
        builds, or for reasons, that it did not ask Launchpad for: these would look as if there were none.
        """
        return [one for one in self.waiting if self._covers(question, one, began)]

    def index_alone(self, question: Question, now: float) -> Observed | None:
        """What was seen, where a look at the indexes is enough this time; None: look at everything."""
        seen = self.known.observed
        if seen is None or self.retrying or self._seen is None or not question.wishes <= self._seen.wishes:
            return None
        fresh = now - self._whole < cadence.interval(now - self._newest, index_only=False)
        return seen if fresh and only_indexes_missing(question, seen) else None

    def looked(self, question: Question, seen: Observed, began: float, *, whole: bool) -> None:
        """A look that began then succeeded."""
        self.known.observed, self._seen = seen, question
        self._whole = began if whole else self._whole
        self._index_alone = only_indexes_missing(question, seen)
        self.due = began + cadence.interval(began - self._newest, index_only=self._index_alone)
        self.due = min(self.due, self._next_overdue(began))
        if len(self.covered(question, began)) < len(self.waiting):
            self.due = began

    def failed(self, began: float) -> None:
        """A look that began then failed, as one at an index does while that is being written."""
        self.due = began + cadence.interval(began - self._newest, index_only=self._index_alone)

    def taken(self, retrying: Collection[Retrying]) -> None:
        """These calls are answered now; those that came during the look need one of their own."""
        self.retrying = [one for one in self.retrying if one not in retrying]
        self.due = self._whole if self.retrying else self.due

    def to_retry(self, reports: Collection[Report], now: float) -> list[str]:
        """The builds to be tried again now, for dependencies that came."""
        urls = {url for report in reports for url in report.retry}
        return sorted(url for url in urls if now - self._retried.get(url, float("-inf")) >= RETRY_S)

    def retried(self, url: str, now: float) -> None:
        """A build was asked to be tried again: what was seen is old."""
        self._retried[url] = self.due = now
        self._whole = float("-inf")
        self.known.forget_build(url)

    def lost_builders(self, sources: Collection[NamedSource]) -> list[tuple[NamedSource, SourceBuild]]:
        """The builds of these sources (none: of all) that failed for no reason of the source."""
        if self.known.observed is None:
            return []
        found = judge(Wanted(sources=tuple(sources)), self.known.observed).sources
        return [
            (NamedSource(one.name, one.version), build) for one in found for build in one.builds if lost_builder(build)
        ]  # fmt: skip

    def changes(self, question: Question) -> list[tuple[str | None, SourceReport]]:
        """The sources whose state is another than at the last look, each with the state before.  Who may look at a
        lease may name what was never uploaded, so of that nothing is told but what its holder has given up.
        """
        if self.known.observed is None:
            return []
        wishes = {Wanted(sources=wanted.sources) for wanted in question.wishes}
        seen = replace(self.known.observed, overdue=overdue(self.known, question.given_up))
        found = {_key(one): one for wanted in wishes for one in judge(wanted, seen).sources}
        return [change for _, one in sorted(found.items()) if (change := self._change(one)) is not None]

    def _change(self, found: SourceReport) -> tuple[str | None, SourceReport] | None:
        if found.state is SourceState.ABSENT:
            return None
        if found.series is None and not self._tellable(NamedSource(found.name, found.version)):
            return None
        before = self._states.get(_key(found)) or self._states.get((found.name, found.version, ""))
        if before == found.state.value:
            return None
        remember(self._states, _key(found), found.state.value)
        return before, found

    def _tellable(self, source: NamedSource) -> bool:
        """Whether it may be told that this did not appear: of so many of a lease and no more."""
        if len(self._unseen) < MOST_UNSEEN:
            self._unseen.add(source)
        return source in self._unseen

    # -- time ---------------------------------------------------------------------------------------------------------

    def _answers(self, waiting: Waiting, now: float) -> bool:
        """Whether what was seen last is young enough, and about all that is asked."""
        if self.known.observed is None or self._seen is None or now >= self.due:
            return False
        if any(name is not None and name not in self.known.refusals for name in self._absent_and_late(waiting, now)):
            return False
        return waiting.wanted in self._seen.wishes

    def _covers(self, question: Question, waiting: Waiting, began: float) -> bool:
        late = {name for name in self._late(waiting.wanted, waiting.appear, began) if name is not None}
        return waiting.wanted in question.wishes and late <= question.overdue

    def _absent_and_late(self, waiting: Waiting, now: float) -> list[NamedSource | None]:
        seen = self.known.observed.sources if self.known.observed is not None else ()
        there = {NamedSource(one.name, one.version) for one in seen}
        return [name for name in self._late(waiting.wanted, waiting.appear, now) if name not in there]

    def _late(self, wanted: Wanted, appear: float, now: float) -> list[NamedSource | None]:
        return [name for name in self._names(wanted) if now - self._since(name, now) >= appear]

    def _since(self, name: NamedSource | None, now: float) -> float:
        """Since when it is asked for."""
        return min((asked[name] for asked in self._asked.values() if name in asked), default=now)

    def _next_overdue(self, now: float) -> float:
        """When the next of what is waited for should have appeared."""
        moments = [
            self._since(name, now) + one.appear for one in self.waiting for name in self._names(one.wanted)
        ]  # fmt: skip
        return min((moment for moment in moments if moment > now), default=float("inf"))

    def _names(self, wanted: Wanted) -> tuple[NamedSource | None, ...]:
        return wanted.sources or (None,)


def _named(names: Iterable[NamedSource | None]) -> frozenset[NamedSource]:
    return frozenset(name for name in names if name is not None)


def _key(report: SourceReport) -> tuple[str, str, str]:
    """What tells sources apart; without a series it did not appear."""
    return report.name, report.version, report.series or ""


def _settle(future: Future[T], result: T) -> None:
    if not future.done():
        with contextlib.suppress(InvalidStateError):  # another thread was faster
            future.set_result(result)


def _fail(future: Future[Any], problem: Exception) -> None:
    if not future.done():
        with contextlib.suppress(InvalidStateError):
            future.set_exception(problem)
