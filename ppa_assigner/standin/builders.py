"""Builders: builds that go through their states by the stand-in's clock, and end as rules say.

Off until a control command switches it on: then nothing is built but what is put into a state. What is built waits
accepted in the queue for the publisher. A run does all that was due by then, however long ago the last one was.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from .enums import BuildState, PublishingStatus, UploadStatus, by_title
from .packages import INDEPENDENT, BinaryPackageRelease
from .uploads import PackageUpload
from .versions import satisfies

if TYPE_CHECKING:
    from .builds import BinaryPackageBuild
    from .model import WorldLike
    from .packages import SourcePackageRelease, WantedBinary

ENDS = (
    BuildState.FULLYBUILT,
    BuildState.FAILEDTOBUILD,
    BuildState.MANUALDEPWAIT,
    BuildState.CHROOTWAIT,
    BuildState.FAILEDTOUPLOAD,
    BuildState.CANCELLED,
)
UPLOADED = (BuildState.FULLYBUILT, BuildState.FAILEDTOUPLOAD)
RELATION = re.compile(r"\s*(\S+?)\s*(?:\((<<|<=|=|>=|>>)\s*([^)\s]+)\s*\))?\s*")


@dataclass
class BuildRule:
    """How the builds end that fit: of that PPA, source, version, series and architecture, where these are given; the
    first `times` of them (None: all).

    `state` is the title of the last state, `dependencies` what a dependency wait waits for; `log`: whether there is a
    log of it. With `waits_for` (`NAME (>= VERSION)`) it is a dependency wait for that until such a binary is published
    in the same PPA, series and architecture, and only then the rule's `state`. `queue` and `take` are seconds in place
    of those that all builds wait and take.
    """

    state: str = "Successfully built"
    ppa: str | None = None
    source: str | None = None
    version: str | None = None
    series: str | None = None
    arch: str | None = None
    dependencies: str | None = None
    waits_for: str | None = None
    log: bool = True
    queue: float | None = None
    take: float | None = None
    times: int | None = None
    id: int = 0
    met: int = 0

    def __post_init__(self) -> None:
        if by_title(BuildState, self.state) not in ENDS:
            raise ValueError(f"a build ends in one of {', '.join(state.title for state in ENDS)}")
        if self.waits_for is not None and RELATION.fullmatch(self.waits_for) is None:
            raise ValueError("waits_for must be NAME or NAME (>= VERSION)")

    def fits(self, build: BinaryPackageBuild) -> bool:
        """Whether it says how that build ends."""
        return (
            (self.times is None or self.met < self.times)
            and self.ppa in (None, build.archive.reference)
            and self.source in (None, build.release.name)
            and self.version in (None, build.release.version)
            and self.series in (None, build.series.name)
            and self.arch in (None, build.arch_tag)
        )

    def show(self) -> dict[str, Any]:
        """The rule and how many builds met it, for the control interface."""
        return {each.name: getattr(self, each.name) for each in fields(self)}


USUAL = BuildRule()


@dataclass
class Building:
    """How builds go: seconds that each waits, is built, and is uploaded, by the stand-in's clock; and the rules."""

    on: bool = False
    queue: float = 2.0
    take: float = 5.0
    upload: float = 1.0
    rules: list[BuildRule] = field(default_factory=list)
    ids: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def add(self, **what: Any) -> BuildRule:
        """Add a rule; the newest one that fits decides. Raises KeyError, TypeError or ValueError for nonsense."""
        rule = BuildRule(**what)
        rule.id = next(self.ids)
        self.rules.insert(0, rule)
        return rule

    def rule(self, build: BinaryPackageBuild) -> BuildRule:
        """What says how a build ends."""
        return next((rule for rule in self.rules if rule.fits(build)), USUAL)


def run_builders(world: WorldLike) -> None:
    """What is being cancelled is cancelled; waiting builds of sources that are no longer there are given up; and where
    builds go by themselves, what is due is done."""
    for archive in world.archives():
        for build in archive.builds:
            if build.buildstate is BuildState.CANCELLING:
                build.finish(BuildState.CANCELLED)
            elif build.buildstate is BuildState.NEEDSBUILD and not build.source_is_active:
                build.finish(BuildState.SUPERSEDED)
            elif world.building.on and build.unfinished:
                _advance(world, build)


def retry_waiting(world: WorldLike) -> None:
    """Build again what waits for something that is there by now, as Launchpad does every now and then."""
    for archive in world.archives():
        for build in archive.builds:
            waits = build.buildstate is BuildState.MANUALDEPWAIT and build.dependencies
            if waits and all(_is_there(build, each) for each in waits.split(",")):
                build.start_over()


def _advance(world: WorldLike, build: BinaryPackageBuild) -> None:
    now = world.now()
    while build.unfinished and (due := _due(world.building, build)) <= now:
        if build.buildstate is BuildState.NEEDSBUILD:
            if not build.archive.enabled:
                return
            build.start(due)
        elif build.buildstate is BuildState.UPLOADING:
            _end(build, build.outcome or USUAL, due)
        else:
            _built(world.building, build, due)


def _due(building: Building, build: BinaryPackageBuild) -> datetime:
    """When the build leaves the state that it is in."""
    rule = building.rule(build)
    if build.buildstate is BuildState.NEEDSBUILD:
        return build.queued + timedelta(seconds=building.queue if rule.queue is None else rule.queue)
    start = build.changed or build.queued
    if build.buildstate is BuildState.UPLOADING:
        return start + timedelta(seconds=building.upload)
    return start + timedelta(seconds=building.take if rule.take is None else rule.take)


def _built(building: Building, build: BinaryPackageBuild, at: datetime) -> None:
    rule = building.rule(build)
    if rule.waits_for is not None and not _is_there(build, rule.waits_for):
        build.finish(BuildState.MANUALDEPWAIT, at, dependencies=rule.waits_for, log=rule.log)
        return
    rule.met += 1
    if by_title(BuildState, rule.state) in UPLOADED:
        build.buildstate, build.changed, build.outcome = BuildState.UPLOADING, at, rule
    else:
        _end(build, rule, at)


def _end(build: BinaryPackageBuild, rule: BuildRule, at: datetime) -> None:
    state = by_title(BuildState, rule.state)
    build.finish(state, at, dependencies=rule.dependencies, log=rule.log)
    if state is BuildState.FULLYBUILT:
        accept(build)


def accept(build: BinaryPackageBuild) -> None:
    """Accept the binaries of a build; the publisher has not seen them yet."""
    archive, place, release = build.archive, build.place, build.release
    upload = PackageUpload(archive, build.series, release, UploadStatus.ACCEPTED)
    for binary in release.makes():
        if binary.independent and place.is_nominated_arch_indep:
            made = [_binary(release, binary, INDEPENDENT)]
        elif binary.built_for(place.architecture_tag):
            made = _specific(build, binary)
        else:
            made = []
        upload.binaries += [(package, place, build) for package in made]


def _specific(build: BinaryPackageBuild, binary: WantedBinary) -> list[BinaryPackageRelease]:
    release, tag = build.release, build.place.architecture_tag
    made = [_binary(release, binary, tag)]
    if build.archive._build_debug_symbols:
        made.append(BinaryPackageRelease(f"{binary.name}-dbgsym", release.version, release, True, True, tag))
    return made


def _binary(release: SourcePackageRelease, binary: WantedBinary, arch: str) -> BinaryPackageRelease:
    specific = arch != INDEPENDENT
    return BinaryPackageRelease(binary.name, release.version, release, specific, False, arch, binary.depends)


def _is_there(build: BinaryPackageBuild, wanted: str) -> bool:
    found = RELATION.fullmatch(wanted)
    if found is None:
        return False
    name, relation, version = found.groups()
    return any(
        binary.name == name
        and binary.place is build.place
        and binary._status is PublishingStatus.PUBLISHED
        and (relation is None or satisfies(binary.version, relation, version))
        for binary in build.archive.binaries
    )
