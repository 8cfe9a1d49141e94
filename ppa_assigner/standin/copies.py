"""Copies between archives: at once by syncSource, later by the jobs that copyPackage queues.

A job looks at rights and conflicts when it runs, not when it was queued, and lands even if its source is gone by then.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .access import current_person
from .builds import is_building, missing_builds
from .enums import Pocket, PublishingStatus, by_title
from .errors import BadRequestError, MissingError
from .publications import BinaryPackagePublishingHistory, SourcePackagePublishingHistory

if TYPE_CHECKING:
    from .builds import BinaryPackageBuild
    from .model import ArchiveLike, PersonLike, WorldLike
    from .packages import SourcePackageRelease
    from .people import DistroSeries


@dataclass
class CopyJob:
    """A copy that was asked for and has not run."""

    target: ArchiveLike
    requester: PersonLike
    source: SourcePackagePublishingHistory
    series: DistroSeries | None
    with_binaries: bool


class Destination:
    """The part of an archive that is the target of copies."""

    world: WorldLike

    def binaries_of(
        self: Any, release: SourcePackageRelease, series: DistroSeries
    ) -> list[BinaryPackagePublishingHistory]:
        """Publications of what was built from a source, in a series."""
        return [
            b for b in self.binaries if b.package.release is release and b.distro_arch_series.distroseries is series
        ]

    def builds_of(self: Any, release: SourcePackageRelease, series: DistroSeries) -> list[BinaryPackageBuild]:
        """Builds of a source in a series that were not given up."""
        return [b for b in self.builds if b.release is release and b.series is series and not b.can_be_retried]

    def copyPackage(
        self: Any,
        source_name: str,
        version: str,
        from_archive: ArchiveLike,
        to_pocket: str,
        to_series: str | None = None,
        include_binaries: bool | None = False,
        **more: Any,
    ) -> None:
        """Queue a copy. 404 for unknown names, 400 without rights; a token that only reads is good enough."""
        source = _find(self, source_name, version, from_archive)
        pocket = _pocket(to_pocket)
        series = self._distribution.find(to_series) if to_series else None
        person = current_person()
        if person is None:
            raise BadRequestError("Cannot check copy permissions (no requester).")
        refusal = self.refuses(person, pocket)
        if refusal:
            raise BadRequestError(refusal)
        self.world.copy_jobs.append(CopyJob(self, person, source, series, bool(include_binaries)))

    def syncSource(
        self: Any,
        source_name: str,
        version: str,
        from_archive: ArchiveLike,
        to_pocket: str,
        to_series: str | None = None,
        include_binaries: bool | None = False,
    ) -> None:
        """Copy at once. 401 without Append, 404 for unknown names, 400 for conflicts."""
        self.require_append("syncSource")
        source = _find(self, source_name, version, from_archive)
        series = self._distribution.find(to_series) if to_series else None
        refusal = self.refuses(current_person(), _pocket(to_pocket)) or copy(
            CopyJob(self, current_person(), source, series, bool(include_binaries))  # type: ignore[arg-type]  # Append: not None
        )
        if refusal:
            raise BadRequestError(refusal)


def run_copies(world: WorldLike) -> None:
    """Run the queued copies; a job that is refused copies nothing and is dropped."""
    jobs, world.copy_jobs[:] = list(world.copy_jobs), []
    for job in jobs:
        if job.target.refuses(job.requester) is None:
            copy(job)


def copy(job: CopyJob) -> str | None:
    """Run a copy; returns why not, if it is refused."""
    target, source = job.target, job.source
    series = job.series or source.distro_series
    conflict = _conflict(target, source, series)
    if conflict:
        return f"{source._display_name} ({conflict} in the destination archive for {series.name})"
    if job.with_binaries and not source.siblings():
        return f"{source._display_name} (source has no binaries to be copied)"
    target.sources.append(
        _copied(SourcePackagePublishingHistory(target, PublishingStatus.PENDING, source.release, series), job)
    )
    if job.with_binaries:
        _copy_binaries(job, series)
    missing_builds(target, source.release, series)
    return None


def _conflict(target: ArchiveLike, source: SourcePackagePublishingHistory, series: DistroSeries) -> str | None:
    if is_building(target, source.name, source.version):
        return "same version already building"
    for other in target.sources:
        if other.active and other.name == source.name and other.place is series and other.version == source.version:
            return "same version already published"
    return None


def _copy_binaries(job: CopyJob, series: DistroSeries) -> None:
    seen = set()
    for binary in job.source.siblings():
        tag = binary.distro_arch_series.architecture_tag
        if (binary.package, tag) in seen or tag not in series.arches:
            continue
        seen.add((binary.package, tag))
        made = BinaryPackagePublishingHistory(job.target, PublishingStatus.PENDING, binary.package, series.arches[tag])
        made.build = binary.build
        job.target.binaries.append(_copied(made, job))


def _copied(made: Any, job: CopyJob) -> Any:
    made.creator, made.copied_from_archive = job.requester, job.source.archive
    return made


def _pocket(title: str) -> Any:
    try:
        return by_title(Pocket, title)
    except KeyError:
        raise MissingError(f"No such pocket: '{title}'.") from None


def _find(target: ArchiveLike, name: str, version: str, archive: ArchiveLike) -> SourcePackagePublishingHistory:
    if not target.world.knows_source(name):
        raise MissingError(f"No such source package: '{name}'.")
    for source in reversed(archive.sources):
        if isinstance(source, SourcePackagePublishingHistory) and (source.name, source.version) == (name, version):
            return source
    raise BadRequestError(f"{name} is not published in {archive._displayname}.")
