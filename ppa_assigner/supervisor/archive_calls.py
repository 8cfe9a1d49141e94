"""The calls about archives: what may be uploaded, how apt reads a lease's PPA, what a PPA had, and promote.

Rule: what takes time is read from Launchpad by the threads of `inquiries`, and nothing here changes a lease.  Nothing
is refused but for what was read.  Of what was read only upstream tarballs are kept, for an hour, since many jobs upload
revisions of one upstream version.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from ..access import Caller
from ..backoff import ORIGS_S
from ..clock import LaunchpadClock
from ..config import LaunchpadSettings, Settings
from ..config.addresses import private_archive_root
from ..history import past_leases
from ..packages import SourcePackage, upstream_of
from ..port import Lane, Launchpad
from ..problems import Kind, Problem
from ..reference import Reference
from ..upload_port import UploadReports
from ..uploads.promotion import Promotion
from ..views import (
    AptSource,
    LeaseView,
    OrigConflict,
    PastLeaseView,
    PromoteRequest,
    SourceCheck,
    UploadCheck,
    snapshot_address,
)
from .events import CheckAsked, SourcesChecked
from .inquiries import Archives, Inquiries, Inquiry, go_on, known
from .promoting import Promoting
from .shell import Shell

DISTRIBUTION = "ubuntu"
ORIGS_KEPT_S = 3600.0
KEPT = 1000
VERSIONS = 3  # of one upstream version, the newest ones: revisions share the tarball


@dataclass(frozen=True, slots=True)
class _Tarball:
    sha256: str
    url: str


Tarballs = Mapping[str, _Tarball]


class Origs:
    """The upstream tarballs of a distribution, by name.  Safe for threads."""

    def __init__(self, launchpad: Launchpad, boot: Callable[[], float]) -> None:
        self._launchpad = launchpad
        self._boot = boot
        self._kept: OrderedDict[tuple[str, str], tuple[float, Tarballs]] = OrderedDict()
        self._lock = threading.Lock()

    def compare(self, sources: Iterable[SourcePackage], inquiry: Inquiry[None]) -> None:
        """Raises Problem `orig-differs` for the first tarball that differs, or `launchpad-unavailable`."""
        for source in sources:
            go_on(inquiry)
            if (conflict := self.conflict(source)) is not None:
                raise differs(conflict)

    def conflict(self, source: SourcePackage) -> OrigConflict | None:
        """The first of its upstream tarballs that differs from the distribution's.  Raises Problem."""
        if not source.origs:
            return None
        theirs = self._tarballs(source)
        for ours in source.origs:
            other = theirs.get(ours.name)
            if other is not None and other.sha256 != ours.sha256:
                return OrigConflict(ours.name, other.sha256, other.url)
        return None

    def _tarballs(self, source: SourcePackage) -> Tarballs:
        key, now = (source.name, source.upstream), self._boot()
        with self._lock:
            kept = self._kept.get(key)
        if kept is not None and now - kept[0] < ORIGS_KEPT_S:
            return kept[1]
        found = self._read(source)
        with self._lock:
            self._kept[key] = (now, found)
            self._kept.move_to_end(key)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return found

    def _read(self, source: SourcePackage) -> Tarballs:
        versions = known(self._launchpad.source_versions(DISTRIBUTION, source.name, Lane.FOLLOW)).versions
        related = [one for one in versions if upstream_of(one.version) == source.upstream]
        found: dict[str, _Tarball] = {}
        for one in related[:VERSIONS]:
            if {file.name for file in source.origs} <= found.keys():
                break
            files = known(self._launchpad.source_files(one.url, Lane.FOLLOW))
            for file in files.files:
                found.setdefault(file.name, _Tarball(file.sha256, files.urls[file.name]))
        return found


def differs(conflict: OrigConflict) -> Problem:
    """The problem of an upload that Launchpad refuses everywhere."""
    detail = (
        f"{conflict.file}: {DISTRIBUTION} has it with other content, and Launchpad takes no other; build the source"
        f" package with {conflict.url}"
    )
    return Problem(Kind.ORIG_DIFFERS, detail, file=conflict.file, sha256=conflict.sha256, url=conflict.url)


class Checking:
    """Without `archives` neither series nor component are known."""

    def __init__(self, origs: Origs, archives: Archives | None) -> None:
        self._origs, self._primary = origs, archives.primary if archives is not None else None

    def facts(self, sources: Iterable[SourcePackage], call: Inquiry[UploadCheck]) -> tuple[SourceCheck, ...]:
        """What is known of each.  Raises Problem."""
        return tuple([self._fact(source, call) for source in sources])

    def _fact(self, source: SourcePackage, call: Inquiry[UploadCheck]) -> SourceCheck:
        go_on(call)
        takes_uploads = component = None
        if self._primary is not None and source.series is not None:
            series = known(self._primary.series(DISTRIBUTION))
            takes_uploads = series.get(source.series, False) if series else None
            if takes_uploads:
                component = known(self._primary.component(DISTRIBUTION, source.name, source.series))
        return SourceCheck(source, takes_uploads, component, self._origs.conflict(source), {})


_NOTHING = "series: nothing has come to {ppa} yet that would tell it; say which series is meant"


class AptSources:
    """`settings` say where apt finds public PPAs, and where they stay readable as they were."""

    def __init__(self, clock: LaunchpadClock, archives: Archives | None, settings: LaunchpadSettings) -> None:
        self._clock, self._archives, self._settings = clock, archives, settings

    def read(self, ppa: Reference, since: datetime, series: tuple[str, ...], *, private: bool) -> AptSource:
        """Of these series, or of those in which something came since then: one request, or two.  Raises Problem."""
        if self._archives is None:
            raise AssertionError("no archives were given")
        reports = self._archives.uploads
        suites = series or _with_content(reports, ppa, since)
        if not suites:
            raise Problem(Kind.INVALID, _NOTHING.format(ppa=ppa))
        public = self._settings.archive_root
        root = private_archive_root(public) if private else public
        uri = f"{root}{ppa.owner}/{ppa.name}/{ppa.distribution}"
        key = known(reports.signing_key(ppa))
        return AptSource(
            ppa, private, uri, suites, key, snapshot_address(self._settings.snapshots, ppa, self._clock.now().date)
        )


def _with_content(reports: UploadReports, ppa: Reference, since: datetime) -> tuple[str, ...]:
    found = known(reports.sources(ppa, since))
    return tuple(sorted({one.series for one in found if one.active}))


class PastLeases:
    """`snapshots`: where a PPA is readable as it was, with {owner}, {name} and {at} in it; None: nowhere."""

    def __init__(self, archives: Archives | None, snapshots: str | None) -> None:
        self._archives, self._snapshots = archives, snapshots

    def of(self, ppa: Reference) -> list[PastLeaseView]:
        """The leases of a PPA that published something, the newest first.  Raises Problem."""
        if self._archives is None:
            raise Problem(Kind.UNAVAILABLE, "the daemon has no way to read the past of a PPA")
        found = past_leases(known(self._archives.histories.past_sources(ppa)))
        return [
            PastLeaseView(one, snapshot_address(self._snapshots, ppa, one.until) if one.published else None)
            for one in found
        ]


class ArchiveCalls:
    """The part of the supervisor that answers them; without `archives` most of them are answered 503."""

    def __init__(self, shell: Shell, settings: Settings, launchpad: Launchpad, archives: Archives | None) -> None:
        self._shell, self._settings = shell, settings
        self._inquiries = Inquiries(shell)
        self._comparing = Inquiries(shell)  # who asks for a PPA never waits behind copies and histories
        self._copying = Inquiries(shell)  # a promote may take minutes
        self._origs = Origs(launchpad, shell.clock.boot)
        self._checking = Checking(self._origs, archives)
        self._apt_sources = AptSources(shell.clock, archives, settings.launchpad)
        self._past_leases = PastLeases(archives, settings.launchpad.snapshots)
        self._promoting = Promoting(shell, self._copying, launchpad, archives)

    def compare_origs(self, sources: tuple[SourcePackage, ...]) -> Future[None]:
        """Raises in the future what is wrong with upstream tarballs that are to be uploaded."""
        inquiry: Inquiry[None] = self._comparing.call(ORIGS_S)
        self._comparing.run(partial(self._origs.compare, sources, inquiry), inquiry)
        return inquiry.future

    def check_upload(self, sources: tuple[SourcePackage, ...], pool: str | None) -> Future[UploadCheck]:
        """What would become of an upload.  Raises Problem for an unknown pool."""
        if pool is not None and pool not in self._settings.pools:
            raise Problem(Kind.UNKNOWN_POOL, f"there is no pool {pool!r}")
        number, future = self._shell.ask(CheckAsked, pool)
        inquiry: Inquiry[UploadCheck] = Inquiry(self._shell, number, future)
        self._inquiries.run(partial(self._checking.facts, sources, inquiry), inquiry, SourcesChecked)
        return future

    def apt_source(self, lease: LeaseView, series: tuple[str, ...]) -> Future[AptSource]:
        """What apt needs to read a lease's PPA: these series, or those in which something came since it began."""
        wanted = partial(self._apt_sources.read, lease.ppa, lease.record.since, series)
        with self._shell.reading() as core:
            private = core.served(lease.ppa).told.private
        return self._inquiries.ask(partial(wanted, private=private))

    def history(self, ppa: Reference) -> Future[list[PastLeaseView]]:
        """The leases that a PPA had before.  Raises Problem for a PPA that is not served."""
        with self._shell.reading() as core:
            core.served(ppa)
        return self._inquiries.ask(partial(self._past_leases.of, ppa))

    def promote(self, lease: str, wanted: PromoteRequest, caller: Caller) -> Future[Promotion]:
        """Have what a lease holds copied to another PPA, or tell how far that is."""
        if not caller.may_promote(str(wanted.to)):
            raise Problem(Kind.FORBIDDEN, f"promote_to: nothing lets you have packages copied to {wanted.to}")
        return self._promoting.promote(lease, wanted, caller)

    def ask_no_more(self) -> None:
        """The daemon ends: what is under way is not waited for."""
        self._inquiries.stop()
        self._comparing.stop()
        self._copying.stop()
