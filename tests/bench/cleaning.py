"""A hundred PPAs with fifty packages each, dirty all at once, until the last one is free."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from statistics import median
from typing import Any

from ppa_assigner.record import State

from . import bare as floors
from .processtable import cpu_s
from .rows import Row, Table, beside, floors_at_most
from .scale import Scale
from .site import Launchpad, Site, connections, pid, site

FREE_S = 600.0
FENCE_S = 10.0
LISTS = ("Pending sources", "Published sources", "builds on their way", "builds being cancelled", "Pending binaries",
         "Published binaries")  # fmt: skip
"""What nothing less shows to be empty.  `status` and `build_state` of a listing take one value each, and none that
means "active"; a listing of everything shows all of a PPA's history too, which never shrinks.  `getBuildCounters` sums
up four states, but not `Cancelling build`.  Uploads that are accepted and not published yet are in no list of the
archive, only in those of each series that uploads go to."""
NOTES = (
    "Requests needed for a PPA: the claim (`dirty` with its cleaner), the listings of what is in it, one "
    "requestDeletion for each source (there is no bulk one; it takes the binaries made from it along), a read of the "
    "record before the deletions and again every 10 s of them (POST cannot be conditional), the listings that prove it "
    "empty a quiet window later, and `free`.  Six listings and one for each series in use: `status` takes one value.",
    "The floor of the time: these requests, shared evenly by the connections for everything but assigning, a bare "
    "round trip each, and one quiet window (`settle`, 1 s here), in which there is nothing to do.",
)


def measure(scale: Scale, launchpad: Launchpad) -> Table:
    """One round: it takes long enough to be even."""
    with site(launchpad, scale.delay) as where:
        ppas = where.ppas("dirty", scale.dirty, State.DIRTY)
        packages = [[f"source-{number}", "1.0"] for number in range(scale.packages)]
        for ppa in ppas:
            where.launchpad.control.upload_many(ppa, packages, binaries=True)
        daemon = where.daemon("cleans", ppas)
        lane, round_trip = connections(daemon, "work"), _round_trip(where)
        begun, started = where.launchpad.control.last(), time.monotonic()
        with where.slow():
            daemon.start().wait_for_states(timeout=FREE_S, free=scale.dirty)
        used = cpu_s(pid(daemon))
        log = [one for one in where.launchpad.control.log(since=begun) if "/+archive/" in one["path"]
               or one["operation"] == "getPackageUploads"]  # fmt: skip
        wall = max(one["ended"] for one in log) - min(one["started"] for one in log)
        return _table(scale, log, wall, lane, round_trip, len(where.launchpad.control.about()["series"]), used, started)


def _table(
    scale: Scale, log: list[dict[str, Any]], wall: float, lane: int, round_trip: float, series: int, cpu: float,
    started: float,
) -> Table:  # fmt: skip
    at_once = min(lane, scale.dirty)
    seconds = needed(scale.packages, series, 1) * scale.dirty / at_once * round_trip
    fences = max(1, round(seconds / FENCE_S))
    least = needed(scale.packages, series, fences) * scale.dirty
    floor = least / at_once * round_trip + 1.0
    what = f"{scale.dirty} PPAs x {scale.packages} packages on {lane} connections"
    return Table("Cleaning", [
        beside(f"{what}: requests", len(log), least, "requests"),
        beside("until the last one is free", wall, floor, "s", floors_at_most(1.3)),
        Row("of all requests of the daemon, that many were under way at once on average",
            sum(one["ended"] - one["started"] for one in log) / wall, "requests", float(at_once)),
        Row("CPU of the daemon for one package", cpu / scale.dirty / scale.packages * 1000, "ms"),
        *(Row(f"requests for a PPA: {name}", count / scale.dirty, "requests",
              _least(name, scale.packages, series, fences)) for name, count in _kinds(log)),
    ], NOTES)  # fmt: skip


def needed(packages: int, series: int, fences: int) -> int:
    """Requests for one PPA."""
    looks = len(LISTS) + series
    return 1 + looks + fences + packages + looks + 1


def _kinds(log: list[dict[str, Any]]) -> Iterator[tuple[str, int]]:
    names = Counter(one["operation"] or f"{one['method']} {_tail(one['path'])}" for one in log)
    return iter(sorted(names.items()))


def _tail(path: str) -> str:
    tail = path.partition("?")[0].rpartition("/+archive/")[2].split("/")
    return tail[2] if len(tail) > 2 else "entry"


def _least(name: str, packages: int, series: int, fences: int) -> float | None:
    floors_ = {
        "requestDeletion": packages, "getPublishedSources": 4, "getPublishedBinaries": 4, "getBuildCounters": 2,
        "getBuildRecords": 2, "getPackageUploads": 2 * series, "PATCH entry": 2, "GET entry": fences,
    }  # fmt: skip
    found = floors_.get(name)
    return None if found is None else float(found)


def _round_trip(where: Site) -> float:
    where.ppas("bare", 1)
    with floors.bare(where.launchpad, 1) as client, where.slow():
        (entry,) = client.entries("bare")
        client.patch(entry)
        return median(floors.alone(client, entry) for _ in range(9))
