"""A hundred PPAs with fifty packages each, dirty all at once, until the last one is free."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from ppa_assigner.record import State

from . import bare as floors
from .processtable import cpu_s
from .rows import Row, Table, beside, floors_at_most
from .scale import Scale
from .site import Launchpad, Site, connections, eventually, pid, site

CLEAN_S = 600.0
SETTLE_S = 1.0
BARE = 40
"""Bare requests of each connection, for the round trip."""
CLAIM = FENCE = FREE = 1
LISTS = ("Pending sources", "Published sources", "builds on their way", "builds being cancelled", "Pending binaries",
         "Published binaries")  # fmt: skip
"""What nothing less shows to be empty.  `status` and `build_state` of a listing take one value each, and none that
means "active"; a listing of everything shows all of a PPA's history too, which never shrinks.  `getBuildCounters` sums
up four states, but not `Cancelling build`.  Uploads that are accepted and not published yet are in no list of the
archive, only in those of each series that uploads go to."""
NOTES = (
    "Requests needed for a PPA: the claim (`dirty` with its cleaner), the listings of what is in it, one "
    "requestDeletion for each source (there is no bulk one; it takes the binaries made from it along), a read of the "
    "record before the deletions (POST cannot be conditional; the daemon reads again every 10 s), the listings that "
    "prove it empty a quiet window later, and `free`.  There are six listings, and one for each series in use.",
    "Beyond that the daemon lists once more between the deletions and the quiet window: what is still there then is "
    "found at once, not after the window, which is five minutes by default.",
    "The floor of the time: the requests needed, shared evenly by the connections for all but assigning, and one "
    "quiet window (`settle`, 1 s here).  The round trip is that of bare requests on as many connections at once.",
)


def measure(scale: Scale, launchpad: Launchpad) -> Table:
    """One round: it takes long enough to be even."""
    with site(launchpad, scale.delay) as where:
        ppas = where.ppas("dirty", scale.dirty, State.DIRTY)
        packages = [[f"source-{number}", "1.0"] for number in range(scale.packages)]
        for ppa in ppas:
            where.launchpad.control.upload_many(ppa, packages, binaries=True)
        daemon = where.daemon("cleans", ppas)
        at_once = min(connections(daemon, "work"), scale.dirty)
        round_trip = _round_trip(where, at_once)
        begun, other = where.launchpad.control.last(), cpu_s(where.launchpad.process.pid)
        with where.slow():
            daemon.start()
            eventually(lambda: len(daemon.ppas(state="free")) == scale.dirty, "all free", CLEAN_S)
        used, other = cpu_s(pid(daemon)), cpu_s(where.launchpad.process.pid) - other
        log = [one for one in where.launchpad.control.log(since=begun) if _of_cleans(one)]
        least = needed(scale.packages, len(where.launchpad.control.about()["series"])) * scale.dirty
        what = f"{scale.dirty} PPAs x {scale.packages} packages on {at_once} connections"
        return Table("Cleaning", [
            beside(f"{what}: requests", len(log), least, "requests"),
            *_times(log, least / at_once * round_trip + SETTLE_S, at_once),
            Row("round trip of a bare request at this load", round_trip * 1000, "ms", scale.delay * 1000),
            Row("CPU of the daemon for one request", used / len(log) * 1000, "ms"),
            Row("CPU of the stand-in for one request", other / len(log) * 1000, "ms"),
            *(Row(f"for a PPA: {name}", count / scale.dirty, "requests") for name, count in _kinds(log)),
        ], NOTES)  # fmt: skip


def _times(log: list[dict[str, Any]], floor: float, at_once: int) -> list[Row]:
    wall = max(one["ended"] for one in log) - min(one["started"] for one in log)
    under_way = sum(one["ended"] - one["started"] for one in log) / wall
    return [
        beside("until the last one is free", wall, floor, "s", floors_at_most(1.3)),
        Row("connections in use, on average", under_way, "connections", float(at_once)),
    ]


def _of_cleans(request: dict[str, Any]) -> bool:
    return "/+archive/" in request["path"] or request["operation"] == "getPackageUploads"


def needed(packages: int, series: int) -> int:
    """Requests for one PPA."""
    looks = len(LISTS) + series
    return CLAIM + looks + FENCE + packages + looks + FREE


def _kinds(log: list[dict[str, Any]]) -> Iterator[tuple[str, int]]:
    names = Counter(one["operation"] or f"{one['method']} {_tail(one['path'])}" for one in log)
    return iter(sorted(names.items()))


def _tail(path: str) -> str:
    tail = path.partition("?")[0].rpartition("/+archive/")[2].split("/")
    return tail[2] if len(tail) > 2 else "entry"


def _round_trip(where: Site, at_once: int) -> float:
    """Seconds of a bare request while as many are under way."""
    where.ppas("bare", at_once * BARE)
    with floors.bare(where.launchpad, at_once) as client, where.slow():
        return floors.burst(client, list(client.entries("bare")), at_once) / BARE
