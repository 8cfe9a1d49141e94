"""One look at the uploads to a PPA: what is asked of Launchpad, and in which order.

Rule: no decision but what to ask next.  Sources before builds before binaries before indexes, the order in which
uploads go on, so that nothing is seen as built whose source was not.  A look that fails changes nothing that was
seen before.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TypeVar

from ..port import Unavailable
from ..publications import PUBLISHED, BinaryPublication, SeriesIndexes, SourceBuild, SourcePublication, TakenSpace
from ..reference import Reference
from ..upload_port import UploadReports
from .model import Goal, NamedSource, Observed, Overdue, SourceState, Wanted
from .verdict import BUILDS, BuildStage, judge

T = TypeVar("T")
K = TypeVar("K")

MOST_NAMES = 1000
"""Of one lease, of which anything is remembered: whoever asks may name what was never uploaded."""
SPACE_KEPT = timedelta(minutes=10)
"""For so long it is not asked again how full a PPA is."""
HIDDEN = timedelta(seconds=60)
"""How old the state of an unfinished build may be that a summary does not show."""


@dataclass(frozen=True, slots=True)
class FollowedLease:
    """The lease whose uploads are looked at.  `since`: when it began; `uploader`: who may upload, besides the owner."""

    lease: str
    ppa: Reference
    since: datetime
    uploader: str | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """What all who wait for one PPA ask together.  `overdue`: what should have appeared by now; `given_up`: those of it
    that whoever has the lease waited for.
    """

    wishes: frozenset[Wanted]
    overdue: frozenset[NamedSource] = frozenset()
    given_up: frozenset[NamedSource] = frozenset()

    def concerns(self, source: SourcePublication) -> bool:
        """Whether a source is asked about."""
        name = NamedSource(source.name, source.version)
        return any(not wanted.sources or name in wanted.sources for wanted in self.wishes)


@dataclass(frozen=True, slots=True)
class KnownBuilds:
    """All builds of a source as they were at `at`, when Launchpad's summary showed those of `shown`."""

    shown: tuple[SourceBuild, ...]
    all: tuple[SourceBuild, ...]
    at: datetime


@dataclass
class Known:
    """What the looks at one lease have shown so far.  For one thread at a time."""

    lease: FollowedLease
    observed: Observed | None = None
    refusals: dict[NamedSource, str | None] = field(default_factory=dict)
    """Why what did not appear must have been refused, where that was asked; None: not known."""
    space: TakenSpace | None = None
    space_at: datetime | None = None
    """How full the PPA was at that time, when something was lost."""
    builds: dict[int, KnownBuilds] = field(default_factory=dict)
    """By the number of the source's publication."""
    _indexes: dict[str, SeriesIndexes] = field(default_factory=dict)

    def is_built(self, number: int) -> bool:
        """Whether all builds of that source were successful: that does not change any more."""
        known = self.builds.get(number)
        return known is not None and bool(known.all) and all(map(_is_done, known.all))

    def has_all(self, number: int, shown: tuple[SourceBuild, ...], now: datetime) -> bool:
        """Whether all builds of that source are known, of which Launchpad shows these."""
        known = self.builds.get(number)
        if known is None or known.shown != shown:
            return False
        hidden = {one for one in known.all if not _is_done(one)} - set(shown)
        return not hidden or now - known.at < HIDDEN

    def forget_build(self, url: str) -> None:
        """A build is tried again: what was known of its source is old."""
        old = [number for number, known in self.builds.items() if any(one.url == url for one in known.all)]
        for number in old:
            del self.builds[number]


class UnseenError(Exception):
    """Launchpad gave no usable answer."""


def look(reports: UploadReports, known: Known, question: Question, now: datetime) -> Observed:
    """Look at everything anew.  Raises UnseenError."""
    lease = known.lease
    sources = _usable(reports.sources(lease.ppa, lease.since))
    concerned = [one for one in sources if one.active and question.concerns(one)]
    seen = Observed(lease.since, now, sources, _builds(reports, known, concerned, now))
    if _may_have_binaries(question, seen):
        seen = replace(seen, binaries=_usable(reports.binaries(lease.ppa, lease.since)))
    seen = look_at_indexes(reports, known, question, seen)
    _ask_for_refusals(reports, known, question, seen)
    return seen


def look_at_indexes(reports: UploadReports, known: Known, question: Question, seen: Observed) -> Observed:
    """Look at the indexes alone, of what is published.  Raises UnseenError."""
    done = (SourceState.PUBLISHED, SourceState.INSTALLABLE)
    asked = [judge(wanted, seen).sources for wanted in question.wishes if wanted.goal is Goal.INSTALLABLE]
    rows = {row for sources in asked for one in sources if one.state in done for row in one.binaries}
    packages = {
        (series, arch): found
        for series in sorted({row.series for row in rows})
        for arch, found in _index(reports, known, series, {r.arch for r in rows if r.series == series}).items()
    }
    return replace(seen, indexed=frozenset(filter(None, (_listed(row, packages) for row in rows))))


def only_indexes_missing(question: Question, seen: Observed) -> bool:
    """Whether nothing that is asked about is missing but in the indexes."""
    missing = [wanted for wanted in question.wishes if not judge(wanted, seen).reached]
    return bool(missing) and all(
        wanted.goal is Goal.INSTALLABLE and judge(replace(wanted, goal=Goal.PUBLISHED), seen).reached
        for wanted in missing
    )


def overdue(known: Known, names: Collection[NamedSource | None]) -> Mapping[NamedSource | None, Overdue]:
    """What did not appear in time, with what is known of why."""
    return {name: Overdue(known.refusals.get(name) if name is not None else None, known.space) for name in names}


def _builds(
    reports: UploadReports, known: Known, sources: Collection[SourcePublication], now: datetime
) -> Mapping[int, tuple[SourceBuild, ...]]:
    """All builds of these sources; those of a source that was built are not asked for again."""
    numbers = {one.number for one in sources}
    asked = sorted(number for number in numbers if not known.is_built(number))
    shown = _usable(reports.builds(known.lease.ppa, asked)) if asked else {}
    for number, builds in sorted(shown.items()):
        if not known.has_all(number, builds, now):
            everything = {one.url: one for one in (*_usable(reports.all_builds(known.lease.ppa, number)), *builds)}
            known.builds[number] = KnownBuilds(builds, tuple(everything.values()), now)
    return {number: known.builds[number].all for number in numbers if number in known.builds}


def _is_done(build: SourceBuild) -> bool:
    return BUILDS.get(build.state) is BuildStage.DONE


def _may_have_binaries(question: Question, seen: Observed) -> bool:
    """Whether a source is built, or may have been copied with its binaries, which then has no builds here."""
    reports = [one for wanted in question.wishes for one in judge(wanted, seen).sources]
    published = {(one.name, one.version) for one in seen.sources if one.status == PUBLISHED}
    return any(
        one.state is SourceState.BUILT
        or (one.state is SourceState.ACCEPTED and (one.name, one.version) in published)
        for one in reports
    )  # fmt: skip


def _index(
    reports: UploadReports, known: Known, series: str, arches: set[str]
) -> Mapping[str, frozenset[tuple[str, str]]]:
    found = _usable(reports.indexes(known.lease.ppa, series, arches, known._indexes.get(series, SeriesIndexes())))
    known._indexes[series] = found
    return found.packages


def _listed(
    row: BinaryPublication, packages: Mapping[tuple[str, str], frozenset[tuple[str, str]]]
) -> tuple[str, str, str, str] | None:
    there = (row.name, row.version) in packages.get((row.series, row.arch), frozenset())
    return (row.series, row.arch, row.name, row.version) if there else None


def _ask_for_refusals(reports: UploadReports, known: Known, question: Question, seen: Observed) -> None:
    """Why what did not appear in time must have been refused, asked once for each; or may have been."""
    lost = False
    there = {NamedSource(one.name, one.version) for one in seen.sources}
    lease = known.lease
    for name in sorted(question.overdue - there - known.refusals.keys()):
        asked = reports.refusal(lease.ppa, name.name, name.version, lease.since, lease.uploader)
        remember(known.refusals, name, _usable(asked))
        lost |= known.refusals[name] is None
    if lost:
        _ask_for_space(reports, known, seen.at)


def _ask_for_space(reports: UploadReports, known: Known, now: datetime) -> None:
    """How full the PPA is, which costs many requests: not again for a while, and nothing else depends on it."""
    if known.space_at is None or now - known.space_at >= SPACE_KEPT:
        found = reports.taken_space(known.lease.ppa)
        known.space, known.space_at = None if isinstance(found, Unavailable) else found, now


def remember(known: dict[K, T], key: K, value: T) -> None:
    """Keep a value, and no more than so many: the oldest goes."""
    known[key] = value
    while len(known) > MOST_NAMES:
        del known[next(iter(known))]


def _usable(answer: T | Unavailable) -> T:
    if isinstance(answer, Unavailable):
        raise UnseenError(answer.reason)
    return answer
