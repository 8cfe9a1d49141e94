"""The calls about archives: what may be uploaded, what becomes of it afterwards, what a PPA had.

Rule: each call is handed to the part that it concerns; what takes time is asked by the threads of `inquiries`, and
nothing here changes a lease.
"""

from __future__ import annotations

from concurrent.futures import Future
from functools import partial

from ..access import Caller
from ..backoff import ORIGS_S
from ..config import Settings
from ..packages import SourcePackage
from ..port import Launchpad
from ..problems import Kind, Problem
from ..reference import Reference
from ..uploads.promotion import Promotion
from ..views import AptSource, LeaseView, PastLeaseView, PromoteRequest, UploadCheck
from .apt_sources import AptSources
from .archives import Archives
from .checking import Checking
from .events import CheckAsked, SourcesChecked
from .histories import PastLeases
from .inquiries import Inquiries
from .inquiry import Inquiry
from .origs import Origs
from .promoting import Promoting
from .shell import Shell


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
        number, future = self._shell.open()
        self._shell.begin(number, CheckAsked(number, pool))
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
