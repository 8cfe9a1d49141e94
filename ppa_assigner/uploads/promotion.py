"""What passing uploads on to another PPA means: which copies are wanted, how far each is, and what is in the way.

Rule: pure.  A copy that Launchpad has taken shows nothing before its job ran, and one that fails never does, so what is
bound to fail is found before it is asked for (docs/explanation/launchpad.md#copies-with-binaries).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from debian.debian_support import NativeVersion

from ..publications import BinaryPublication, SourcePublication
from ..words import CopyState as CopyState
from .model import Report


@dataclass(frozen=True, slots=True)
class WantedCopy:
    """A source that is to be copied with its binaries, from a series of the leased PPA to one of the other."""

    number: int
    name: str
    version: str
    from_series: str
    series: str
    binaries: tuple[BinaryPublication, ...]

    def __str__(self) -> str:
        return f"{self.name} {self.version} in {self.series}"


@dataclass(frozen=True, slots=True)
class Copy:
    """What became of one, and why it is no further."""

    name: str
    version: str
    series: str
    state: CopyState
    why: str


@dataclass(frozen=True, slots=True)
class Promotion:
    """What became of all of them."""

    copies: tuple[Copy, ...]

    @property
    def state(self) -> CopyState:
        """Failed if one is, published when all are."""
        states = {copy.state for copy in self.copies}
        return next((one for one in (CopyState.FAILED, CopyState.COPYING) if one in states), CopyState.PUBLISHED)


def wanted_copies(
    report: Report, sources: Iterable[SourcePublication], series: Sequence[str]
) -> tuple[WantedCopy, ...]:
    """The copies that lead to these series (none: to the series that each source is in) from what is published.

    One for each version of a source and series that it leads to, however many series it is in: Launchpad makes it once.
    """
    numbers = {(one.name, one.version, one.series): one.number for one in sources if one.active}
    copies = [
        WantedCopy(numbers[one.name, one.version, one.series], one.name, one.version, one.series, to, one.binaries)
        for one in report.sources
        if one.series is not None
        for to in (series or (one.series,))
    ]
    chosen: dict[tuple[str, str, str], WantedCopy] = {}
    for copy in sorted(copies, key=_preference):
        chosen[copy.name, copy.version, copy.series] = copy
    return tuple(copy for copy in dict.fromkeys(copies) if copy in chosen.values())


def _preference(copy: WantedCopy) -> tuple[bool, int, int]:
    """Where the same is in several series: best from the one that it leads to, then from that with the most binaries,
    then the latest.
    """
    return copy.from_series == copy.series, len(copy.binaries), copy.number


def clashing(copies: Iterable[WantedCopy]) -> tuple[WantedCopy, WantedCopy] | None:
    """Two of them that cannot both be made: versions of one source that lead to one series."""
    first: dict[tuple[str, str], WantedCopy] = {}
    for copy in copies:
        other = first.setdefault((copy.name, copy.series), copy)
        if other.version != copy.version:
            return other, copy
    return None


def same_version(copy: WantedCopy, there: Iterable[SourcePublication]) -> SourcePublication | None:
    """The publication that the copy leads to, if it is there."""
    found = (one for one in there if one.active and one.series == copy.series and one.version == copy.version)
    return next(found, None)


def newer_there(copy: WantedCopy, there: Iterable[SourcePublication]) -> str | None:
    """The version that the other PPA has in that series and that is newer, if any."""
    versions = (one.version for one in there if one.active and one.series == copy.series)
    return next((version for version in versions if NativeVersion(version) > NativeVersion(copy.version)), None)


def progress(copy: WantedCopy, there: SourcePublication, binaries: Iterable[BinaryPublication]) -> Copy:
    """How far a copy is whose source is `there`, with these active binaries in the other PPA.  In another series some
    architectures may be missing; each package is needed once at the least.
    """
    ours = [one for one in binaries if one.series == copy.series and one.source == copy.name]
    out = {(one.name, one.version, one.arch) for one in ours if one.is_published}
    needed = {(one.name, one.version, one.arch) for one in copy.binaries}
    if copy.series != copy.from_series:
        waiting = {(one.name, one.version, one.arch) for one in ours if not one.is_published}
        names = {key[:2] for key in needed}
        missing = {key for key in needed if key[:2] not in {one[:2] for one in out}} | {
            key for key in waiting if key[:2] in names
        }
    else:
        missing = needed - out
    if not there.is_published:
        return Copy(copy.name, copy.version, copy.series, CopyState.COPYING, f"{copy} is to be published")
    if missing:
        name, _, arch = min(missing)
        return Copy(copy.name, copy.version, copy.series, CopyState.COPYING, f"{name} for {arch} is to be published")
    return Copy(copy.name, copy.version, copy.series, CopyState.PUBLISHED, f"{copy} is published")
