"""Uploads: what somebody sends in, what waits accepted in the queue, and packages that simply come to be.

Versions that were once accepted are never accepted again. No files, signatures or quota.
"""

# mypy: disallow-subclassing-any=False, disallow-untyped-decorators=False
# (zope and lazr.restful ship no types)

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zope.interface import implementer
from zope.security.interfaces import Unauthorized

from .access import EDIT
from .builds import BinaryPackageBuild, missing_builds
from .enums import BuildState, Pocket, PublishingStatus, UploadStatus
from .errors import RejectedError
from .interfaces import IPackageUpload
from .publications import (
    BinaryPackagePublishingHistory,
    BinaryPackageRelease,
    SourcePackagePublishingHistory,
    SourcePackageRelease,
)
from .urls import Located
from .versions import compare

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .model import ArchiveLike
    from .people import DistroArchSeries, DistroSeries, Person


@implementer(IPackageUpload)
class PackageUpload(Located):
    """An entry in the upload queue of a series."""

    pocket, component_name, section_name = Pocket.RELEASE, "main", "devel"
    contains_copy, changes_file_url = False, None

    def __init__(self, archive: ArchiveLike, series: DistroSeries, release: SourcePackageRelease, status: Any) -> None:
        self.archive, self.distroseries, self.release, self.status = archive, series, release, status
        self.id, self.date_created = archive.world.number(), archive.world.now()
        self.binaries: list[tuple[BinaryPackageRelease, DistroArchSeries, BinaryPackageBuild]] = []
        self.display_name = self.package_name = release.name
        self.display_version = self.package_version = release.version
        archive.uploads.append(self)

    def __repr__(self) -> str:
        return "<PackageUpload object>"

    @property
    def path(self) -> str:
        """The address of the upload, below its series."""
        return f"{self.distroseries.path}/+upload/{self.id}"

    @property
    def display_arches(self) -> str:
        """The architectures of the binaries in the upload, or `source`."""
        return ", ".join(place.architecture_tag for _, place, _ in self.binaries) or "source"

    @property
    def contains_source(self) -> bool:
        """Whether the upload holds a source."""
        return not self.binaries

    @property
    def contains_build(self) -> bool:
        """Whether the upload holds binaries."""
        return bool(self.binaries)

    def acceptFromQueue(self) -> None:
        """Accept the upload: 401, for there are no queue administrators here."""
        raise Unauthorized(self, "acceptFromQueue", EDIT)

    def rejectFromQueue(self, comment: str | None = None) -> None:
        """Reject the upload: 401, for there are no queue administrators here."""
        raise Unauthorized(self, "rejectFromQueue", EDIT)


def accept_uploads(archive: ArchiveLike) -> None:
    """Publish accepted binaries as pending, whether their source is still there or not."""
    for upload in archive.uploads:
        if upload.status is UploadStatus.ACCEPTED:
            for package, place, build in upload.binaries:
                _publish_binary(archive, package, place, PublishingStatus.PENDING, build)
            upload.status = UploadStatus.DONE


def dput(archive: ArchiveLike, name: str, version: str, series: DistroSeries, signer: Person | None = None) -> None:
    """An upload as users make it; raises RejectedError with the reason. Without a signer, rights are not looked at."""
    refusal = archive.refuses(signer) if signer is not None else None
    if refusal:
        raise RejectedError(refusal)
    accepted = archive.ever_accepted.get((name, version))
    if accepted is not None:
        raise RejectedError(
            f"The source {name} - {version} is already accepted in {accepted} and you cannot upload the same version "
            "within the same distribution. You have to modify the source version and re-upload."
        )
    for other in archive.sources:
        if other.active and other.name == name and other.place is series and compare(version, other.version) < 0:
            raise RejectedError(f"Version older than that in the archive. {version} <= {other.version}")
    archive.ever_accepted[name, version] = f"{series.distribution.name}/{series.name}"
    release = SourcePackageRelease(name, version, signer or archive._owner)
    source = SourcePackagePublishingHistory(archive, PublishingStatus.PENDING, release, series)
    source.packageupload = PackageUpload(archive, series, release, UploadStatus.DONE)
    source.creator = source.package_signer = signer
    archive.sources.append(source)
    missing_builds(archive, release, series)


def add_source(
    archive: ArchiveLike,
    name: str,
    version: str,
    series: DistroSeries,
    status: Any = PublishingStatus.PUBLISHED,
    binaries: Iterable[dict[str, Any]] = (),
) -> None:
    """A source and its binaries come to be, no questions asked; a source that is in the series already is left alone.

    A binary is {"name", "arch": tag or "all", "series": [names], "status", "version", "debug": with a -dbgsym package}.
    """
    release = _release(archive, name, version)
    if not any(s.place is series and s.name == name and s.version == version for s in archive.sources):
        archive.sources.append(SourcePackagePublishingHistory(archive, status, release, series))
    for wanted in binaries:
        _appear_binary(archive, release, series, status, wanted)


def accept_binary(archive: ArchiveLike, name: str, version: str, binary: str) -> None:
    """End the build of a source and accept its binary; the publisher has not seen it yet."""
    source = next(s for s in archive.sources if (s.name, s.version) == (name, version))
    assert isinstance(source, SourcePackagePublishingHistory)  # noqa: S101 - tells mypy what the list holds
    place = source.distro_series.nominatedarchindep
    assert place is not None  # noqa: S101 - every series of a world has one
    build = _build(archive, source.release, place)
    upload = PackageUpload(archive, source.distro_series, source.release, UploadStatus.ACCEPTED)
    upload.binaries.append((BinaryPackageRelease(binary, version, source.release), place, build))


def add_build(
    archive: ArchiveLike, name: str, version: str, series: DistroSeries, state: Any, arch: str | None
) -> BinaryPackageBuild:
    """Add a build in that state, and its source if that does not exist."""
    add_source(archive, name, version, series)
    place = series.arches[arch] if arch else series.nominatedarchindep
    assert place is not None  # noqa: S101 - every series of a world has one
    return BinaryPackageBuild(archive, _release(archive, name, version), place, state)


def _release(archive: ArchiveLike, name: str, version: str) -> SourcePackageRelease:
    for source in archive.sources:
        if isinstance(source, SourcePackagePublishingHistory) and (source.name, source.version) == (name, version):
            return source.release
    return SourcePackageRelease(name, version, archive._owner)


def _build(archive: ArchiveLike, release: SourcePackageRelease, place: DistroArchSeries) -> BinaryPackageBuild:
    builds: list[BinaryPackageBuild] = archive.builds
    for build in builds:
        if build.release is release and build.place is place:
            return build
    return BinaryPackageBuild(archive, release, place, BuildState.FULLYBUILT)


def _appear_binary(
    archive: ArchiveLike, release: SourcePackageRelease, series: DistroSeries, status: Any, wanted: Any
) -> None:
    specific, debug = wanted.get("arch") != "all", bool(wanted.get("debug"))
    version = wanted.get("version") or release.version
    package = BinaryPackageRelease(wanted["name"], version, release, specific)
    symbols = BinaryPackageRelease(f"{wanted['name']}-dbgsym", version, release, specific, debug=True)
    for where in wanted.get("series") or [series]:
        home = where.arches[wanted["arch"]] if specific and wanted.get("arch") else where.nominatedarchindep
        build = _build(archive, release, home)
        for place in [home] if specific else where.architectures:
            for each in [package, symbols] if debug else [package]:
                _publish_binary(archive, each, place, wanted.get("status") or status, build)


def _publish_binary(
    archive: ArchiveLike, package: BinaryPackageRelease, place: DistroArchSeries, status: Any, build: BinaryPackageBuild
) -> None:
    binary = BinaryPackagePublishingHistory(archive, status, package, place)
    binary.build = build
    archive.binaries.append(binary)
