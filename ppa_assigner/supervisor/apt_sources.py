"""What apt needs to read the PPA of a lease: where it is, which series, and the key that signs it.

Rule: read from Launchpad each time, by the threads of `inquiries`; nothing is kept.
"""

from __future__ import annotations

from datetime import datetime

from ..clock import LaunchpadClock
from ..config import LaunchpadSettings
from ..config.addresses import private_archive_root
from ..problems import Kind, Problem
from ..reference import Reference
from ..upload_port import UploadReports
from ..views import AptSource, snapshot_address
from .archives import Archives
from .inquiry import known

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
