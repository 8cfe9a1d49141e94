"""What can be asked about the packages and builds of an archive: filters and orders as they were measured.

Questions only; nothing is changed here.
"""

from __future__ import annotations

from datetime import datetime
from functools import cmp_to_key
from typing import TYPE_CHECKING, Any

from .enums import FAILED_BUILDS, WAITING_BUILDS, BuildState, Pocket
from .errors import BadRequestError
from .listing import Listing
from .versions import compare

if TYPE_CHECKING:
    from .builds import BinaryPackageBuild
    from .people import DistroArchSeries, DistroSeries
    from .publications import PublishingHistory

VERSION = cmp_to_key(compare)


class Searches:
    """The part of an archive that lists its sources, binaries and builds."""

    sources: list[PublishingHistory]
    binaries: list[PublishingHistory]
    builds: list[BinaryPackageBuild]

    def getPublishedSources(
        self, source_name: str | None = None, distro_series: DistroSeries | None = None, **filters: Any
    ) -> Listing:
        """Sources, by name, highest version first, unless ordered by date."""
        return _search(self.sources, source_name, distro_series, **filters)

    def getPublishedBinaries(
        self,
        binary_name: str | None = None,
        distro_arch_series: DistroArchSeries | None = None,
        ordered: bool | None = True,
        **filters: Any,
    ) -> Listing:
        """Binaries, by name, highest version first, unless ordered by date."""
        return _search(self.binaries, binary_name, distro_arch_series, **filters)

    def getBuildRecords(
        self, source_name: str | None = None, build_state: BuildState | None = None, pocket: Pocket | None = None
    ) -> Listing:
        """Builds, newest first."""
        return Listing(
            [
                build
                for build in reversed(self.builds)
                if (source_name is None or source_name in build.source_package_name)
                and (build_state is None or build.buildstate is build_state)
                and (pocket is None or build.pocket is pocket)
            ]
        )

    def getBuildCounters(self, include_needsbuild: bool | None = True) -> dict[str, int]:
        """How many builds are in each kind of state; cancelled ones and those being cancelled are counted nowhere."""
        waiting = WAITING_BUILDS if include_needsbuild else WAITING_BUILDS[1:]
        kinds = {
            "failed": FAILED_BUILDS,
            "pending": waiting,
            "succeeded": (BuildState.FULLYBUILT,),
            "superseded": (BuildState.SUPERSEDED,),
        }
        counters = {kind: sum(b.buildstate in states for b in self.builds) for kind, states in kinds.items()}
        return counters | {"total": sum(counters.values())}


def _search(
    publications: list[PublishingHistory],
    name: str | None,
    place: Any,
    version: str | None = None,
    status: Any = None,
    pocket: Pocket | None = None,
    exact_match: bool | None = False,
    created_since_date: datetime | None = None,
    component_name: str | None = None,
    order_by_date: bool | None = False,
    order_by_date_ascending: bool | None = False,
) -> Listing:
    if version is not None and name is None:
        raise BadRequestError("The 'version' parameter can be used only together with the 'name' parameter.")
    found = publications
    if name is not None:
        found = [p for p in found if (p.name == name if exact_match else name in p.name)]
    if version is not None:
        found = [p for p in found if p.version == version]
    if status is not None:
        found = [p for p in found if p._status is status]
    if place is not None:
        found = [p for p in found if p.place is place]
    if pocket is not None:
        found = [p for p in found if p.pocket is pocket]
    if component_name is not None:
        found = [p for p in found if p.component_name == component_name]
    if created_since_date is not None:
        found = [p for p in found if p._date_created >= created_since_date]
    return Listing(_ordered(found, bool(order_by_date), bool(order_by_date_ascending)))


def _ordered(found: list[PublishingHistory], newest_first: bool, oldest_first: bool) -> list[PublishingHistory]:
    if newest_first or oldest_first:
        return sorted(found, key=lambda p: (p._date_created, p.id), reverse=newest_first)
    newest = sorted(found, key=lambda p: (VERSION(p.version), p.id), reverse=True)
    return sorted(newest, key=lambda p: p.name)
