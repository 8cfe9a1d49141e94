"""The leases that a PPA had before, read back from Launchpad: after any restart, and without a database.

Rule: only what Launchpad tells; called by the threads of `inquiries`.
"""

from __future__ import annotations

from ..history import past_leases
from ..problems import Kind, Problem
from ..reference import Reference
from ..views import PastLeaseView, snapshot_address
from .archives import Archives
from .inquiry import known


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
