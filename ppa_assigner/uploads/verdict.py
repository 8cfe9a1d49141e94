"""What was seen of uploads means this: `judge`.

Rule: pure, and the rules are the tables `BUILDS`, `STEPS` and `ENDS`, one line each.  What was not seen is "not yet",
never a failure, but for what did not appear in time (docs/explanation/uploads.md).
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from ..publications import BinaryPublication, SourceBuild, SourcePublication, TakenSpace
from .model import OVER, Goal, NamedSource, Observed, Overdue, Report, SourceReport, SourceState, Wanted

MIB = 2**20
NEARLY = 0.8
"""The share of its size limit from which on a PPA may be too full: what was to come is not known, and all that is taken
is not counted.
"""
HELP = timedelta(minutes=30)
"""For so long after a source was published, a build that waits for a dependency may still find it."""


class BuildStage(enum.Enum):
    """What the state of a build means."""

    GOING = "going"
    DONE = "done"
    FAILED = "failed"
    WAITING = "waiting for a dependency"


BUILDS: Mapping[str, BuildStage] = {
    "Needs building": BuildStage.GOING,
    "Currently building": BuildStage.GOING,
    "Gathering build output": BuildStage.GOING,
    "Uploading build": BuildStage.GOING,
    "Cancelling build": BuildStage.GOING,
    "Successfully built": BuildStage.DONE,
    "Dependency wait": BuildStage.WAITING,
    "Failed to build": BuildStage.FAILED,
    "Failed to upload": BuildStage.FAILED,
    "Chroot problem": BuildStage.FAILED,
    "Build for superseded Source": BuildStage.FAILED,
    "Cancelled build": BuildStage.FAILED,
}
"""Launchpad's states of a build (docs/explanation/uploads.md#builds).  One that is not here is still going."""

CHROOT_PROBLEM, FAILED_TO_BUILD = "Chroot problem", "Failed to build"


def judge(wanted: Wanted, seen: Observed) -> Report:
    """Whether what is wanted is reached, can still be, and what each source is."""
    facts = _facts(wanted, seen)
    reports = {fact: fact.report() for fact in facts}
    unmet = [reports[fact] for fact in facts if not REACHED[wanted.goal](fact)]
    reached = bool(facts) and not unmet
    ended = [one for one in unmet if one.state in OVER]
    return Report(
        goal=wanted.goal,
        reached=reached,
        final=reached or bool(ended) or (not facts and None in seen.overdue),
        why=_why(wanted, seen, reached, ended, unmet),
        sources=tuple(reports.values()),
        retry=() if ended else tuple(build.url for fact in facts for build in fact.worth_another_try),
    )


def lost_builder(build: SourceBuild) -> bool:
    """Whether a build failed for no reason of its source: a chroot problem, or a builder that was lost, which leaves no
    log (docs/explanation/uploads.md#lost-builders).
    """
    return build.state == CHROOT_PROBLEM or (build.state == FAILED_TO_BUILD and build.log is None)


# -- one source ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """What was seen of one source.  `builds` and `binaries` are those for the wanted architectures `arches`; `helped`:
    another source is on its way that a dependency wait may wait for, `retriable`: one has come.
    """

    source: NamedSource
    publication: SourcePublication | None
    builds: tuple[SourceBuild, ...] = ()
    binaries: tuple[BinaryPublication, ...] = ()
    arches: tuple[str, ...] = ()
    overdue: Overdue | None = None
    helped: bool = False
    retriable: bool = False
    indexed: frozenset[tuple[str, str, str, str]] = frozenset()

    @property
    def there(self) -> bool:
        """Launchpad has accepted it."""
        return self.publication is not None

    @property
    def withdrawn(self) -> bool:
        """It was superseded or deleted."""
        return self.publication is not None and not self.publication.active

    @property
    def begun(self) -> bool:
        """It has builds, or binaries that were copied with it, for every wanted architecture."""
        return bool(self.builds or (self.binaries and {one.arch for one in self.binaries} >= set(self.arches)))

    @property
    def all_built(self) -> bool:
        """Each build that it needs was successful."""
        return self.begun and all(_stage(build) is BuildStage.DONE for build in self.builds)

    @property
    def all_published(self) -> bool:
        """The source, something for each wanted architecture and something of each build are published, and nothing of
        it is still to be.
        """
        built_by = {_last(one.build) for one in self.binaries if one.build is not None}
        needed = {_last(build.url) for build in self.builds if build.arch in self.arches}
        return (
            self.publication is not None
            and self.publication.active
            and all(one.is_published for one in self.binaries)
            and bool(self.arches)
            and {one.arch for one in self.binaries} >= set(self.arches)
            and (not built_by or built_by >= needed)
        )

    @property
    def all_indexed(self) -> bool:
        """The indexes that apt reads have all of its binaries."""
        return {(one.series, one.arch, one.name, one.version) for one in self.binaries} <= self.indexed

    def failed(self) -> SourceBuild | None:
        """The first build that failed, or waits for something that nobody brings."""
        hopeless = (BuildStage.FAILED,) if self.helped else (BuildStage.FAILED, BuildStage.WAITING)
        return next((build for build in self.builds if _stage(build) in hopeless), None)

    @property
    def worth_another_try(self) -> list[SourceBuild]:
        """Builds that wait for a dependency that may be there now."""
        return [build for build in self.builds if self.retriable and _stage(build) is BuildStage.WAITING]

    def report(self) -> SourceReport:
        """The source as it is told: the first of `ENDS` that is so, else the last step that it has reached."""
        ended = next(((state, why) for test, state, why in ENDS if test(self)), None)
        state, why = ended or next((state, why) for test, state, why in STEPS if test(self))
        series = self.publication.series if self.publication is not None else None
        return SourceReport(
            self.source.name, self.source.version, series, state, why(self), self.builds, self.binaries
        )  # fmt: skip


Test = Callable[[SourceFacts], object]
Words = Callable[[SourceFacts], str]

ENDS: Sequence[tuple[Test, SourceState, Words]] = (
    (lambda f: not f.there and f.overdue and f.overdue.refusal, SourceState.REJECTED, lambda f: _refusal(f)),
    (lambda f: not f.there and f.overdue, SourceState.LOST, lambda f: _lost(f)),
    (lambda f: f.withdrawn, SourceState.FAILED, lambda f: _withdrawn(f)),
    (lambda f: f.failed(), SourceState.FAILED, lambda f: _failed_build(f)),
)
"""Why a source gets no further; the first that is so."""

STEPS: Sequence[tuple[Test, SourceState, Words]] = (
    (lambda f: not f.there, SourceState.ABSENT, lambda f: f"{f.source} has not appeared yet"),
    (lambda f: not f.begun, SourceState.ACCEPTED, lambda f: f"{f.source} has no builds yet"),
    (lambda f: not f.all_built, SourceState.BUILDING, lambda f: _unbuilt(f)),
    (lambda f: not f.all_published, SourceState.BUILT, lambda f: _unpublished(f)),
    (lambda f: not f.all_indexed, SourceState.PUBLISHED, lambda f: f"{f.source} is published; {_unindexed(f)}"),
    (lambda f: f.all_indexed, SourceState.INSTALLABLE, lambda f: f"{f.source} can be installed"),
)
"""How far a source is: up to the first step that it has not made."""

REACHED: Mapping[Goal, Test] = {
    Goal.ACCEPTED: lambda f: f.there,
    Goal.BUILT: lambda f: f.there and f.all_built,
    Goal.PUBLISHED: lambda f: f.there and f.all_built and f.all_published,
    Goal.INSTALLABLE: lambda f: f.there and f.all_built and f.all_published and f.all_indexed,
}
"""What each goal takes."""


# -- all sources --------------------------------------------------------------------------------------------------


def _facts(wanted: Wanted, seen: Observed) -> list[SourceFacts]:
    counted = _counted(wanted, seen)
    hope = {one: _may_help(one, publication, seen) for one, publication in counted}
    brought = {one: _has_brought(one, seen) for one, _ in counted}
    return [
        _facts_of(one, publication, wanted, seen,
                  helped=any(yes for other, yes in hope.items() if other != one),
                  retriable=any(yes for other, yes in brought.items() if other != one))
        for one, publication in counted
    ]  # fmt: skip


def _counted(wanted: Wanted, seen: Observed) -> list[tuple[NamedSource, SourcePublication | None]]:
    """The sources that count: the named ones, created since the lease began; without names all that are active."""
    latest: dict[tuple[NamedSource, str], SourcePublication] = {}
    for one in sorted(seen.sources, key=lambda one: (one.active, one.created, one.number)):
        if one.created >= seen.since:
            latest[NamedSource(one.name, one.version), one.series] = one
    there = sorted(latest.items())
    if not wanted.sources:
        return [(source, one) for (source, _), one in there if one.active]
    named: dict[NamedSource, list[SourcePublication]] = {name: [] for name in wanted.sources}
    for (source, _), one in there:
        if source in named:
            named[source].append(one)
    counted: list[tuple[NamedSource, SourcePublication | None]] = []
    for name, found in named.items():
        counted += [(name, one) for one in found] or [(name, None)]
    return counted


def _facts_of(
    source: NamedSource,
    publication: SourcePublication | None,
    wanted: Wanted,
    seen: Observed,
    *,
    helped: bool,
    retriable: bool,
) -> SourceFacts:
    if publication is None:
        return SourceFacts(source, None, overdue=seen.overdue.get(source))
    builds, binaries = seen.builds.get(publication.number, ()), _binaries(source, seen, publication.series)
    arches = wanted.arches or tuple(dict.fromkeys(one.arch for one in builds or binaries))
    return SourceFacts(
        source, publication, _relevant(builds, arches), tuple(one for one in binaries if one.arch in arches), arches,
        helped=helped, retriable=retriable, indexed=seen.indexed,
    )  # fmt: skip


def _relevant(builds: Sequence[SourceBuild], arches: Iterable[str]) -> tuple[SourceBuild, ...]:
    """The builds for these architectures; all where one of them has none, whose packages another's build makes
    (docs/explanation/uploads.md#architecture-independent-packages).
    """
    ours = tuple(build for build in builds if build.arch in arches)
    return ours if {build.arch for build in ours} >= set(arches) else tuple(builds)


def _binaries(source: NamedSource, seen: Observed, series: str | None = None) -> list[BinaryPublication]:
    """The active binaries of a source, but debug symbols, which have an index of their own or none."""
    return [
        one
        for one in seen.binaries
        if (one.source, one.source_version) == (source.name, source.version) and series in (None, one.series)
        if not one.debug
    ]


def _may_help(source: NamedSource, publication: SourcePublication | None, seen: Observed) -> bool:
    """Whether this source is on its way, or has come a short while ago, so that another may wait for it."""
    if publication is None:
        return source not in seen.overdue
    if not publication.active:
        return False
    builds = seen.builds.get(publication.number, ())
    out = {_last(one.build) or one.arch for one in _binaries(source, seen) if one.is_published}
    unpublished = (b for b in builds if _stage(b) is BuildStage.DONE and not out & {_last(b.url), b.arch})
    going = not builds or any(_stage(build) is BuildStage.GOING for build in builds)
    return going or any(unpublished) or _has_brought(source, seen)


def _has_brought(source: NamedSource, seen: Observed) -> bool:
    """Whether something of this source was published a short while ago."""
    times = [one.published for one in _binaries(source, seen) if one.is_published and one.published is not None]
    return bool(times) and seen.at - max(times) < HELP


def _stage(build: SourceBuild) -> BuildStage:
    return BUILDS.get(build.state, BuildStage.GOING)


def _last(url: str | None) -> str:
    """The number at the end of a build's address, which may be written in several ways."""
    return (url or "").rstrip("/").rpartition("/")[2]


# -- words --------------------------------------------------------------------------------------------------------


def _why(
    wanted: Wanted, seen: Observed, reached: bool, ended: Sequence[SourceReport], unmet: Sequence[SourceReport]
) -> str:
    if reached:
        return f"{wanted.goal.value}: all that was waited for"
    if not unmet:
        return "no source was uploaded in time" if None in seen.overdue else "no source has appeared yet"
    first, *others = ended or unmet
    return first.why + (f" (and {len(others)} more)" if others else "")


def _refusal(facts: SourceFacts) -> str:
    why = facts.overdue.refusal if facts.overdue is not None else None
    return f"{facts.source} was rejected: {why}"


def _lost(facts: SourceFacts) -> str:
    space = facts.overdue.space if facts.overdue is not None else None
    return (
        f"{facts.source} did not appear, and Launchpad leaves no trace of an upload that it rejects: read the mail that"
        f" it sent to who signed it. A signature cannot be checked here{_space(space) if space is not None else ''}"
    )


def _space(space: TakenSpace) -> str:
    taken = f"at least {space.at_least / MIB:,.1f} of {space.limit:,} MiB"
    if space.at_least >= NEARLY * space.limit * MIB:
        return f". The PPA may be full: {taken} are taken, by deleted packages too until Launchpad removes their files"
    return f". Of what the PPA may hold, {taken} are taken"


def _withdrawn(facts: SourceFacts) -> str:
    if facts.publication is None:
        raise AssertionError(f"{facts.source} is not there")
    return f"{facts.source} is {facts.publication.status.lower()}"


def _failed_build(facts: SourceFacts) -> str:
    build = facts.failed()
    if build is None:
        raise AssertionError(f"no build of {facts.source} failed")
    if _stage(build) is BuildStage.WAITING:
        needed = build.waits_for or "a dependency"
        return f"{facts.source}: the build for {build.arch} waits for {needed}, which nothing here brings"
    return f"{facts.source}: {build.state} for {build.arch}" + (f": {build.log}" if build.log else "")


def _unbuilt(facts: SourceFacts) -> str:
    left = [build for build in facts.builds if _stage(build) is not BuildStage.DONE]
    return f"{facts.source} is being built: " + ", ".join(f"{one.arch} ({one.state})" for one in left)


def _unpublished(facts: SourceFacts) -> str:
    there = {one.arch for one in facts.binaries if one.is_published}
    missing = sorted(set(facts.arches) - there)
    return f"{facts.source} is built and not published yet" + (f" for {', '.join(missing)}" if missing else "")


def _unindexed(facts: SourceFacts) -> str:
    missing = [
        one for one in facts.binaries if (one.series, one.arch, one.name, one.version) not in facts.indexed
    ]  # fmt: skip
    return f"the index for {missing[0].arch} does not have {missing[0].name} yet"
