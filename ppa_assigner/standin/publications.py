"""Publications: a source or a binary in a series of an archive, and how one is deleted.

Deleting changes the status at once and nothing else; indexes and files are the business of publisher and death row.
"""

# mypy: disallow-subclassing-any=False, disallow-untyped-decorators=False
# (zope and lazr.restful ship no types)

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from zope.interface import implementer
from zope.security.interfaces import Unauthorized

from .access import APPEND, Guarded, Principal, current, current_person
from .debs import deb, deb_name
from .enums import ACTIVE, Pocket, PublishingStatus
from .errors import BadRequestError
from .interfaces import IBinaryPackagePublishingHistory, ISourcePackagePublishingHistory
from .listing import Listing
from .urls import Located, server_root

if TYPE_CHECKING:
    from .model import ArchiveLike, BuildLike, PackageUploadLike, PersonLike
    from .packages import BinaryPackageRelease, PackageFile, SourcePackageRelease
    from .people import DistroArchSeries, DistroSeries


class PublishingHistory(Located):
    """A publication: what those of sources and binaries have in common."""

    status: Guarded[Any] = Guarded()
    display_name: Guarded[str] = Guarded()
    date_created: Guarded[datetime] = Guarded()
    date_published: Guarded[datetime | None] = Guarded()
    date_made_pending: Guarded[datetime | None] = Guarded()
    date_superseded: Guarded[datetime | None] = Guarded()
    scheduled_deletion_date: Guarded[datetime | None] = Guarded()
    date_removed: Guarded[datetime | None] = Guarded()
    removed_by: Guarded[Any] = Guarded()
    removal_comment: Guarded[str | None] = Guarded()

    _date_published: datetime | None = None
    _date_made_pending: datetime | None = None
    _date_superseded: datetime | None = None
    _scheduled_deletion_date: datetime | None = None
    _date_removed: datetime | None = None
    _removed_by: PersonLike | None = None
    _removal_comment: str | None = None
    component_name, section_name, pocket = "main", "devel", Pocket.RELEASE
    copied_from_archive: ArchiveLike | None = None
    creator: PersonLike | None = None
    step = ""
    place: Any = None
    name, version = "", ""

    def __init__(self, archive: ArchiveLike, status: Any) -> None:
        self.archive, self._status = archive, status
        self.id, self._date_created = archive.world.number(), archive.world.now()
        if status is not PublishingStatus.PENDING:
            self._date_published = self._date_created
        if status not in ACTIVE:
            self._date_superseded = self._date_created

    def __repr__(self) -> str:
        return f"<{type(self).__name__} object>"

    @property
    def path(self) -> str:
        """The address of the publication, below its archive."""
        return f"{self.archive.path}/{self.step}/{self.id}"

    @property
    def active(self) -> bool:
        """Whether the publication is Pending or Published."""
        return self._status in ACTIVE

    def permits(self, permission: str, caller: Principal) -> bool:
        """Whether the caller has that permission on the archive."""
        return self.archive.permits(permission, caller)

    def requestDeletion(self, removal_comment: str | None = None) -> None:
        """Delete the publication, in any status, again and again: the last comment stays. 401 without Append."""
        caller = current()
        if caller is not None and not self.archive.permits(APPEND, caller):
            raise Unauthorized(self, "api_requestDeletion", "launchpad.Edit")
        self.delete(current_person(), removal_comment)

    def delete(self, by: PersonLike | None, comment: str | None) -> None:
        """Delete the publication at once, with what goes with it."""
        self.mark_deleted(by, comment)

    def mark_deleted(self, by: PersonLike | None, comment: str | None) -> None:
        """Delete this publication alone."""
        self._status, self._date_superseded = PublishingStatus.DELETED, self.archive.world.now()
        self._removed_by, self._removal_comment = by, comment


@implementer(ISourcePackagePublishingHistory)
class SourcePackagePublishingHistory(PublishingHistory):
    """The publication of a source in a series."""

    step = "+sourcepub"
    package_signer: PersonLike | None = None
    sponsor = None
    packageupload: PackageUploadLike | None = None

    def __init__(self, archive: ArchiveLike, status: Any, release: SourcePackageRelease, series: DistroSeries) -> None:
        super().__init__(archive, status)
        self.release, self.place, self.distro_series = release, series, series
        self.name = self.source_package_name = release.name
        self.version = self.source_package_version = release.version
        self._display_name = f"{release.name} {release.version} in {series.name}"
        self.package_creator = self.package_maintainer = release.creator

    def delete(self, by: PersonLike | None, comment: str | None) -> None:
        """Delete the source and the active binaries built from it in the same archive, series and pocket."""
        self.mark_deleted(by, comment)
        for binary in self.siblings():
            if binary.active:
                binary.mark_deleted(by, comment)

    def siblings(self) -> list[BinaryPackagePublishingHistory]:
        """Binaries built from this source, published in the same series."""
        return [
            b
            for b in self.archive.binaries
            if isinstance(b, BinaryPackagePublishingHistory)
            and b.package.release is self.release
            and b.distro_arch_series.distroseries is self.distro_series
        ]

    def getPublishedBinaries(self, active_binaries_only: bool | None = True) -> Listing:
        """The binaries built from this source, in the same series."""
        return Listing([b for b in self.siblings() if b.active or not active_binaries_only])

    def relevant_builds(self) -> list[BuildLike]:
        """The builds of this source in its series, by architecture: those of the archive, and those elsewhere whose
        binaries were copied here."""
        own = [b for b in self.archive.builds if b.release is self.release and b.series is self.distro_series]
        copied = {b.build.id: b.build for b in self.siblings() if b.build is not None}
        others = [b for b in copied.values() if b.archive is not self.archive and b.series is self.distro_series]
        return sorted([*own, *others], key=lambda build: build.arch_tag)

    def getBuilds(self) -> Listing:
        """The builds of this source in the same archive and series."""
        return Listing([b for b in self.archive.builds if b.release is self.release and b.series is self.distro_series])

    def sourceFileUrls(self, include_meta: bool | None = False) -> list[Any]:
        """The addresses of the source's files, `include_meta`: {"url", "size", "sha256"}; none once the content is
        no longer kept."""
        files = self.release.files if self.archive.world.keeps(self.release) else ()
        root = f"{server_root()}{self.archive.path}/+sourcefiles/{quote(self.name)}/{quote(self.version)}"
        found = [(f"{root}/{quote(file.name)}", file) for file in files]
        return [_meta(url, file) for url, file in found] if include_meta else [url for url, _ in found]

    def binaryFileUrls(self) -> list[str]:
        """The addresses of the files of the binaries that were built from it in the same series."""
        return sorted({url for binary in self.siblings() for url in binary.binaryFileUrls()})


@implementer(IBinaryPackagePublishingHistory)
class BinaryPackagePublishingHistory(PublishingHistory):
    """The publication of a binary in a series for one architecture; one for all architectures has one for each."""

    step = "+binarypub"
    priority_name, phased_update_percentage = "OPTIONAL", None
    build: BuildLike | None = None

    def __init__(
        self, archive: ArchiveLike, status: Any, package: BinaryPackageRelease, place: DistroArchSeries
    ) -> None:
        super().__init__(archive, status)
        self.package, self.place, self.distro_arch_series = package, place, place
        self.name = self.binary_package_name = package.name
        self.version = self.binary_package_version = package.version
        self.source_package_name, self.source_package_version = package.release.name, package.release.version
        self.architecture_specific, self.is_debug = package.specific, package.debug
        where = f"{place.distroseries.name} {place.architecture_tag}"
        self._display_name = f"{package.name} {package.version} in {where}"

    def requestDeletion(self, removal_comment: str | None = None) -> None:
        """Delete the binary; 400 for debug symbols, which are deleted with their package."""
        super().requestDeletion(removal_comment)

    def binaryFileUrls(self, include_meta: bool | None = False) -> list[Any]:
        """The address of the binary's file, `include_meta`: {"url", "size", "sha1", "sha256"}."""
        url = f"{server_root()}{self.archive.path}/+files/{quote(deb_name(self.package))}"
        return [_meta(url, deb(self.package), "sha1")] if include_meta else [url]

    def delete(self, by: PersonLike | None, comment: str | None) -> None:
        """Delete this binary alone, and its debug symbols."""
        if self.is_debug:
            raise BadRequestError("Cannot delete ddeb publications directly; delete the corresponding deb instead.")
        self.mark_deleted(by, comment)
        for other in self.archive.binaries:
            if other.name == f"{self.name}-dbgsym" and other.place is self.place and other.version == self.version:
                other.mark_deleted(by, comment)


def _meta(url: str, file: PackageFile, *more: str) -> dict[str, Any]:
    sums = {name: hashlib.new(name, file.content or b"").hexdigest() for name in more}
    return {"url": url, "size": file.size, **sums, "sha256": file.sha256}
