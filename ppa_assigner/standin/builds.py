"""Builds: their states, who may cancel them, and which are made when a source comes into an archive.

No builder runs here; a build changes only when it is cancelled, retried, by a control command, or by the builders.
"""

# mypy: disallow-subclassing-any=False, disallow-untyped-decorators=False
# (zope and lazr.restful ship no types)

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from zope.interface import implementer
from zope.security.interfaces import Unauthorized

from .access import APPEND, EDIT, Principal, current
from .enums import FAILED_BUILDS, WAITING_BUILDS, BuildState, Pocket
from .errors import BadRequestError
from .interfaces import IBuild
from .urls import Located, server_root

if TYPE_CHECKING:
    from .model import ArchiveLike
    from .packages import SourcePackageRelease
    from .people import Distribution, DistroArchSeries, DistroSeries
    from .publications import PublishingHistory

QUEUED = (BuildState.NEEDSBUILD, BuildState.BUILDING)
RETRIED = (*FAILED_BUILDS, BuildState.SUPERSEDED, BuildState.CANCELLED)
LOGGED = (BuildState.FULLYBUILT, *FAILED_BUILDS)
SCORE = 2510


@implementer(IBuild)
class BinaryPackageBuild(Located):
    """A source that is, will be or was built for an architecture, in an archive."""

    pocket = Pocket.RELEASE
    external_dependencies = builder = duration = changesfile_url = buildinfo_url = None
    dependencies: str | None = None
    build_log_url: str | None = None
    upload_log_url: str | None = None
    date_started: datetime | None = None
    date_first_dispatched: datetime | None = None
    datebuilt: datetime | None = None

    def __init__(
        self, archive: ArchiveLike, release: SourcePackageRelease, place: DistroArchSeries, state: Any
    ) -> None:
        self.id, self.archive, self.release, self.place = archive.world.number(), archive, release, place
        self.buildstate = state
        self.datecreated = self.queued = archive.world.now()
        self.changed: datetime | None = None
        self.outcome: Any = None
        archive.builds.append(self)

    def __repr__(self) -> str:
        return "<BinaryPackageBuild object>"

    @property
    def path(self) -> str:
        """The address of the build, below its archive."""
        return f"{self.archive.path}/+build/{self.id}"

    @property
    def series(self) -> DistroSeries:
        """The series that the build is for."""
        return self.place.distroseries

    @property
    def distribution(self) -> Distribution:
        """The distribution that the build is for."""
        return self.series.distribution

    @property
    def arch_tag(self) -> str:
        """The architecture that the build is for."""
        return self.place.architecture_tag

    @property
    def source_package_name(self) -> str:
        """The name of the source."""
        return self.release.name

    @property
    def source_package_version(self) -> str:
        """The version of the source."""
        return self.release.version

    @property
    def title(self) -> str:
        """The title of the build's web page."""
        source = f"{self.release.name} {self.release.version}"
        return f"{self.arch_tag} build of {source} in {self.distribution.name} {self.series.name} RELEASE"

    @property
    def _sources(self) -> list[PublishingHistory]:
        return [
            s
            for s in self.archive.sources
            if s.place is self.series and (s.name, s.version) == (self.release.name, self.release.version)
        ]

    @property
    def source_is_active(self) -> bool:
        """Whether the source is still published."""
        return any(s.active for s in self._sources)

    @property
    def current_source_publication(self) -> PublishingHistory | None:
        """The publication of the source, if it is still active."""
        return next((s for s in reversed(self._sources) if s.active), None)

    @property
    def score(self) -> int | None:
        """The priority of a build that waits; None for any other."""
        return SCORE if self.buildstate is BuildState.NEEDSBUILD else None

    @property
    def can_be_cancelled(self) -> bool:
        """Whether the build waits or is running."""
        return self.buildstate in QUEUED

    @property
    def can_be_rescored(self) -> bool:
        """Whether the build waits."""
        return self.buildstate is BuildState.NEEDSBUILD

    @property
    def can_be_retried(self) -> bool:
        """Whether the build ended without success."""
        return self.buildstate in RETRIED

    def permits(self, permission: str, caller: Principal) -> bool:
        """Whether the caller has that permission: Edit is for those who may write to the archive or upload to it."""
        archive = self.archive
        if permission == EDIT:
            return archive.permits(EDIT, caller) or archive.permits(APPEND, caller)
        return archive.permits(permission, caller)

    def _require_edit(self, name: str) -> None:
        caller = current()
        if caller is not None and not self.permits(EDIT, caller):
            raise Unauthorized(self, name, EDIT)

    def cancel(self) -> None:
        """Cancel the build; does nothing when it cannot be cancelled. In a disabled PPA it is an error of the
        server.
        """
        self._require_edit("cancel")
        if not self.can_be_cancelled:
            return
        if not self.archive.enabled:
            raise AssertionError("Suspended builds cannot be cancelled.")
        if self.buildstate is BuildState.NEEDSBUILD:
            self.finish(BuildState.CANCELLED)
        else:
            self.buildstate = BuildState.CANCELLING

    def retry(self) -> None:
        """Build again; 400 when it cannot be retried."""
        self._require_edit("retry")
        if not self.can_be_retried:
            raise BadRequestError("Build cannot be retried.")
        self.start_over()

    def rescore(self, score: int) -> None:
        """Change the priority: 401, for only build administrators may."""
        if current() is not None:
            raise Unauthorized(self, "rescore", "launchpad.Admin")

    def start(self, at: datetime) -> None:
        """Build from then on."""
        self.buildstate, self.date_started, self.changed = BuildState.BUILDING, at, at
        self.date_first_dispatched = self.date_first_dispatched or at

    def start_over(self) -> None:
        """Wait to be built again; nothing is told of the time before."""
        self.buildstate, self.datebuilt, self.date_started = BuildState.NEEDSBUILD, None, None
        self.dependencies = self.build_log_url = self.upload_log_url = None
        self.queued, self.changed, self.outcome = self.archive.world.now(), None, None

    def finish(self, state: Any, at: datetime | None = None, dependencies: str | None = None, log: bool = True) -> None:
        """End the build in that state, now unless said; with a log, where builds of that state have one."""
        self.buildstate, self.datebuilt = state, at or self.archive.world.now()
        self.dependencies = dependencies
        self.build_log_url = f"{self.log_folder}/{self.log_name}" if log and state in LOGGED else None
        if state is BuildState.FAILEDTOUPLOAD and log:
            self.upload_log_url = f"{self.log_folder}/upload_{self.id}_log.txt"

    @property
    def unfinished(self) -> bool:
        """Whether the builders have something to do for it."""
        return self.buildstate in WAITING_BUILDS

    @property
    def log_folder(self) -> str:
        """The address of what lies beside the build's page."""
        return f"{server_root()}{self.path}/+files"

    @property
    def log_name(self) -> str:
        """The name of its log."""
        where = f"{self.distribution.name}-{self.series.name}-{self.arch_tag}"
        return f"buildlog_{where}.{self.release.name}_{self.release.version.rpartition(':')[2]}_BUILDING.txt.gz"

    @property
    def log(self) -> str:
        """What the log says."""
        ended = f"{self.title}: {self.buildstate.title}"
        return f"{ended}\n" + (f"Missing build dependencies: {self.dependencies}\n" if self.dependencies else "")


def missing_builds(
    archive: ArchiveLike, release: SourcePackageRelease, series: DistroSeries
) -> list[BinaryPackageBuild]:
    """Make the builds that a source needs and has not: one for each architecture that the archive builds for."""
    built = {b.distro_arch_series.architecture_tag for b in archive.binaries_of(release, series)}
    built |= {b.arch_tag for b in archive.builds_of(release, series)}
    return [
        BinaryPackageBuild(archive, release, series.arches[tag], BuildState.NEEDSBUILD)
        for tag in sorted(series.arches)
        if tag not in built
        and series.arches[tag].processor in archive._processors
        and release.needs_build(tag, series.arches[tag] is series.nominatedarchindep)
    ]


def is_building(archive: ArchiveLike, name: str, version: str) -> bool:
    """Whether builds of that version of a source are pending or running in the archive."""
    return any(
        (b.release.name, b.release.version) == (name, version) and b.buildstate in WAITING_BUILDS
        for b in archive.builds
    )
