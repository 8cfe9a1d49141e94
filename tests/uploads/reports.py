"""A Launchpad of uploads in memory: it says what a test wants, and writes down what it is asked."""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from ppa_assigner.port import ActAnswer, Done, Moment, Unavailable
from ppa_assigner.publications import (
    BinaryPublication,
    SeriesIndexes,
    SourceBuild,
    SourcePublication,
    TakenSpace,
)
from ppa_assigner.reference import Reference
from ppa_assigner.uploads.model import NamedSource
from ppa_assigner.uploads.verdict import BUILDS, BuildStage

from .seen import GOING, SINCE

NEVER_SHOWN = ("Cancelled build", "Build for superseded Source")


@dataclass
class MemoryReports:
    """Implements upload_port.UploadReports.  `down`: why it does not answer, `fails`: which calls never do; `gate`:
    each call waits for it.
    """

    uploaded: dict[NamedSource, list[SourceBuild]] = field(default_factory=dict)
    published: list[BinaryPublication] = field(default_factory=list)
    indexed: list[BinaryPublication] = field(default_factory=list)
    refused: dict[NamedSource, str] = field(default_factory=dict)
    status: dict[NamedSource, str] = field(default_factory=dict)
    space: TakenSpace | None = None
    fails: frozenset[str] = frozenset()
    down: str | None = None
    asked: list[str] = field(default_factory=list)
    retried: list[str] = field(default_factory=list)
    uploaders: list[str | None] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)
    waiting: int = 0

    def __post_init__(self) -> None:
        self.gate.set()

    def sources(self, ppa: Reference, since: datetime) -> tuple[SourcePublication, ...] | Unavailable:
        """All of them, in noble."""
        found = tuple(
            SourcePublication(number, one.name, one.version, "noble", self.status.get(one, "Published"), SINCE)
            for number, one in enumerate(self.uploaded)
        )
        return self.answer("sources") or found

    def builds(self, ppa: Reference, numbers: Collection[int]) -> Mapping[int, tuple[SourceBuild, ...]] | Unavailable:
        """Those of the sources with these numbers."""
        builds = list(self.uploaded.values())
        return self.answer("builds") or {number: self._summary(builds[number]) for number in numbers}

    def _summary(self, builds: Sequence[SourceBuild]) -> tuple[SourceBuild, ...]:
        """Those that make the status: what goes on, else what failed, else what is done."""
        for stage in (BuildStage.GOING, BuildStage.WAITING, BuildStage.FAILED, BuildStage.DONE):
            if found := [one for one in builds if BUILDS[one.state] is stage and one.state not in NEVER_SHOWN]:
                return tuple(found)
        return ()

    def all_builds(self, ppa: Reference, number: int) -> tuple[SourceBuild, ...] | Unavailable:
        """All of a source."""
        return self.answer("all builds") or tuple(list(self.uploaded.values())[number])

    def binaries(self, ppa: Reference, since: datetime) -> tuple[BinaryPublication, ...] | Unavailable:
        """All of them."""
        return self.answer("binaries") or tuple(self.published)

    def indexes(
        self, ppa: Reference, series: str, arches: Collection[str], kept: SeriesIndexes
    ) -> SeriesIndexes | Unavailable:
        """What is indexed."""
        found = {
            arch: frozenset((one.name, one.version) for one in self.indexed if one.arch == arch) for arch in arches
        }
        return self.answer("indexes") or SeriesIndexes(found)

    def refusal(
        self, ppa: Reference, source: str, version: str, since: datetime, uploader: str | None
    ) -> str | Unavailable | None:
        """Why it was refused."""
        self.uploaders.append(uploader)
        return self.answer("refusal") or self.refused.get(NamedSource(source, version))

    def taken_space(self, ppa: Reference) -> TakenSpace | Unavailable | None:
        """As a test says."""
        return self.answer("space") or self.space

    def signing_key(self, ppa: Reference) -> str | Unavailable | None:
        """None yet."""
        return self.answer("signing key")

    def retry(self, build: str, not_after: float) -> ActAnswer:
        """Written down; the build begins anew."""
        self.retried.append(build)
        if "retry" in self.fails:
            return Unavailable("503")
        for name, builds in self.uploaded.items():
            self.uploaded[name] = [replace(one, state=GOING) if one.url == build else one for one in builds]
        return Done(Moment(datetime.now(UTC), 0.0, 0.0))

    def answer(self, what: str) -> Unavailable | None:
        self.waiting += 1
        assert self.gate.wait(30)
        self.waiting -= 1
        self.asked.append(what)
        down = "503" if what in self.fails else self.down
        return Unavailable(down) if down is not None else None
