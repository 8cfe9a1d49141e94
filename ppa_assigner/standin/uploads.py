"""Uploads: what somebody sends in, what waits accepted in the queue, and packages that simply come to be.

Versions that were once accepted are never accepted again, nor is another content of a file that is still kept, nor what
would take the archive beyond its size limit.
"""

# mypy: disallow-subclassing-any=False, disallow-untyped-decorators=False
# (zope and lazr.restful ship no types)

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zope.interface import implementer
from zope.security.interfaces import Unauthorized

from .access import EDIT
from .builds import BinaryPackageBuild, missing_builds
from .debs import deb
from .enums import BuildState, Pocket, PublishingStatus, UploadStatus
from .errors import RejectedError
from .interfaces import IPackageUpload
from .packages import ANY, INDEPENDENT, BinaryPackageRelease, PackageFile, SourcePackageRelease, WantedBinary
from .publications import BinaryPackagePublishingHistory, SourcePackagePublishingHistory
from .urls import Located
from .versions import compare

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .model import ArchiveLike
    from .people import DistroArchSeries, DistroSeries, Person

MIB = 2**20


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
            for package, built_at, build in upload.binaries:
                for place in [built_at] if package.specific else built_at.distroseries.architectures:
                    _publish_binary(archive, package, place, PublishingStatus.PENDING, build)
            upload.status = UploadStatus.DONE


@dataclass(frozen=True)
class SourceUpload:
    """A source that somebody sends in for a series, with what its .changes and .dsc say of it."""

    name: str
    version: str
    series: str
    files: tuple[PackageFile, ...] = ()
    architectures: tuple[str, ...] = ANY
    binaries: tuple[WantedBinary, ...] = ()


def dput(archive: ArchiveLike, sent: SourceUpload, signer: Person | None = None) -> None:
    """An upload as users make it; raises RejectedError with the reason, and nothing is left of it then. Without a
    signer, rights are not looked at."""
    series = archive._distribution._series.get(sent.series)
    refusal = _refusal(archive, sent, series, signer)
    if refusal is not None:
        raise RejectedError(refusal)
    name, version = sent.name, sent.version
    archive.ever_accepted[name, version] = f"{series.distribution.name}/{series.name}"
    creator = signer or archive._owner
    release = SourcePackageRelease(name, version, creator, sent.files, sent.architectures, sent.binaries)
    source = SourcePackagePublishingHistory(archive, PublishingStatus.PENDING, release, series)
    source.packageupload = PackageUpload(archive, series, release, UploadStatus.DONE)
    source.creator = source.package_signer = signer
    archive.sources.append(source)
    missing_builds(archive, release, series)


def _refusal(archive: ArchiveLike, sent: SourceUpload, series: Any, signer: Person | None) -> str | None:
    if series is None:
        return f"Unable to find distroseries: {sent.series}"
    refusal = archive.refuses(signer) if signer is not None else None
    refusal = refusal or _burnt_version(archive, sent) or _older(archive, sent, series) or _burnt_file(archive, sent)
    return refusal or _too_large(archive, sent)


def _burnt_version(archive: ArchiveLike, sent: SourceUpload) -> str | None:
    accepted = archive.ever_accepted.get((sent.name, sent.version))
    if accepted is None:
        return None
    return (
        f"The source {sent.name} - {sent.version} is already accepted in {accepted} and you cannot upload the same "
        "version within the same distribution. You have to modify the source version and re-upload."
    )


def _older(archive: ArchiveLike, sent: SourceUpload, series: DistroSeries) -> str | None:
    for other in archive.sources:
        newer = other.active and other.name == sent.name and other.place is series
        if newer and compare(sent.version, other.version) < 0:
            return f"Version older than that in the archive. {sent.version} <= {other.version}"
    return None


def _burnt_file(archive: ArchiveLike, sent: SourceUpload) -> str | None:
    """A file of a name that the archive has had, or the distribution's own one where it is an upstream tarball."""
    for file in sent.files:
        found = kept_file(archive, file)
        if found is not None and found[1].sha256 != file.sha256:
            where = f"File {file.name} already exists in {found[0]._displayname}"
            return f"{where}, but uploaded version has different contents."
    return None


def _too_large(archive: ArchiveLike, sent: SourceUpload) -> str | None:
    """What it would take up beyond the limit: the files of all publications that were not removed from disk count."""
    limit = archive._authorized_size
    if limit is None:
        return None
    files = {(file.name, file.sha256): file.size for file in (*_files_on_disk(archive), *sent.files)}
    if (size := sum(files.values())) <= limit * MIB:
        return None
    return f"PPA exceeded its size limit ({size / MIB:.2f} of {limit:.2f} MiB)."


def _files_on_disk(archive: ArchiveLike) -> Iterator[PackageFile]:
    for publication in (*archive.sources, *archive.binaries):
        if publication._date_removed is not None:
            continue
        if isinstance(publication, BinaryPackagePublishingHistory):
            yield deb(publication.package)
        else:
            yield from publication.release.files


def kept_file(archive: ArchiveLike, wanted: PackageFile) -> tuple[ArchiveLike, PackageFile] | None:
    """The file of that name whose content is still kept for the archive, with the archive that has it."""
    primary = archive._distribution.main_archive
    for place in (archive, primary) if wanted.is_orig and primary is not archive else (archive,):
        for source in reversed(place.sources):
            for file in source.release.files:
                if file.name == wanted.name and place.world.keeps(source.release):
                    return place, file
    return None


def add_source(
    archive: ArchiveLike,
    name: str,
    version: str,
    series: DistroSeries,
    status: Any = PublishingStatus.PUBLISHED,
    binaries: Iterable[dict[str, Any]] = (),
    files: tuple[PackageFile, ...] = (),
) -> None:
    """A source and its binaries come to be, no questions asked; a source that is in the series already is left alone,
    and one that is in the archive keeps its files.

    A binary is {"name", "arch": tag or "all", "series": [names], "status", "version", "debug": with a -dbgsym package}.
    """
    release = _release(archive, name, version, files)
    if not any(s.place is series and s.name == name and s.version == version for s in archive.sources):
        archive.sources.append(SourcePackagePublishingHistory(archive, status, release, series))
    for wanted in binaries:
        _appear_binary(archive, release, series, status, wanted)


def accept_binary(archive: ArchiveLike, name: str, version: str, binary: str, arch: str | None = None) -> None:
    """End the build of a source and accept its binary; the publisher has not seen it yet."""
    source = next(s for s in archive.sources if (s.name, s.version) == (name, version))
    assert isinstance(source, SourcePackagePublishingHistory)  # noqa: S101 - tells mypy what the list holds
    place = source.distro_series.arches[arch] if arch else source.distro_series.nominatedarchindep
    assert place is not None  # noqa: S101 - every series of a world has one
    build = _build(archive, source.release, place)
    upload = PackageUpload(archive, source.distro_series, source.release, UploadStatus.ACCEPTED)
    package = BinaryPackageRelease(binary, version, source.release, arch=place.architecture_tag)
    upload.binaries.append((package, place, build))


def add_build(
    archive: ArchiveLike, name: str, version: str, series: DistroSeries, state: Any, arch: str | None
) -> BinaryPackageBuild:
    """Add a build in that state, and its source if that does not exist."""
    add_source(archive, name, version, series)
    place = series.arches[arch] if arch else series.nominatedarchindep
    assert place is not None  # noqa: S101 - every series of a world has one
    return BinaryPackageBuild(archive, _release(archive, name, version), place, state)


def _release(
    archive: ArchiveLike, name: str, version: str, files: tuple[PackageFile, ...] = ()
) -> SourcePackageRelease:
    for source in archive.sources:
        if isinstance(source, SourcePackagePublishingHistory) and (source.name, source.version) == (name, version):
            return source.release
    return SourcePackageRelease(name, version, archive._owner, files)


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
    nominated = series.nominatedarchindep
    arch = wanted.get("arch") or (nominated.architecture_tag if nominated else INDEPENDENT)
    package = BinaryPackageRelease(wanted["name"], version, release, specific, False, arch, wanted.get("depends", ""))
    symbols = BinaryPackageRelease(f"{wanted['name']}-dbgsym", version, release, specific, True, arch)
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
