"""Uploads as they are seen, for tests of what that means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from ppa_assigner.publications import BinaryPublication, SourceBuild, SourcePublication
from ppa_assigner.uploads.model import Goal, NamedSource, Observed, Overdue, Report, SourceState, Wanted

SINCE = datetime(2026, 11, 25, 12, tzinfo=UTC)
NOW = SINCE + timedelta(hours=2)
GOING, DONE, WAITING = "Currently building", "Successfully built", "Dependency wait"
FINAL = ("Failed to build", "Failed to upload", "Chroot problem", "Cancelled build", "Build for superseded Source")
HELLO, LIBFOO = NamedSource("hello", "1.0"), NamedSource("libfoo", "2:3-1")
PUBLISHED = Wanted(Goal.PUBLISHED, (HELLO,))
BOTH = Wanted(Goal.PUBLISHED, (HELLO, LIBFOO))


def build_url(source: NamedSource, arch: str) -> str:
    """The address of a build."""
    return f"https://api.launchpad.example/devel/~o/+archive/ubuntu/p/+build/{source.name}-{arch}"


def build(source: NamedSource, arch: str, state: str, waits_for: str | None = None) -> SourceBuild:
    """A build of a source."""
    return SourceBuild(build_url(source, arch), arch, state, f"https://log.example/{source.name}/{arch}", waits_for)


def binary(
    source: NamedSource,
    arch: str,
    *,
    by: str | None = None,
    status: str = "Published",
    at: datetime = NOW,
    name: str | None = None,
) -> BinaryPublication:
    """A binary of a source for an architecture, made by the build for it or for another (`by`)."""
    return BinaryPublication(
        name or source.name, source.version, "noble", arch, source.name, source.version, status, at,
        build_url(source, by or arch),
    )  # fmt: skip


def observed(
    builds: Mapping[NamedSource, Sequence[SourceBuild]],
    binaries: Sequence[BinaryPublication] = (),
    *,
    indexed: Sequence[BinaryPublication] = (),
    overdue: Mapping[NamedSource | None, Overdue] | None = None,
    created: datetime = SINCE,
    status: str = "Published",
) -> Observed:
    """These sources in one series, with their builds and binaries."""
    sources = [
        SourcePublication(number, one.name, one.version, "noble", status, created)
        for number, one in enumerate(builds, 1)
    ]
    return Observed(
        SINCE, NOW, tuple(sources), {number: tuple(builds[one]) for number, one in enumerate(builds, 1)},
        tuple(binaries), frozenset((one.series, one.arch, one.name, one.version) for one in indexed), overdue or {},
    )  # fmt: skip


def state(report: Report, source: NamedSource = HELLO) -> SourceState:
    """The state of a source in a report."""
    return next(one.state for one in report.sources if one.name == source.name)


def not_yet(report: Report) -> bool:
    """Whether it may still be reached."""
    return not (report.reached or report.final)


def failed(report: Report) -> bool:
    """Whether it can no longer be reached."""
    return report.final and not report.reached
