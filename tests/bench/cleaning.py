"""A hundred PPAs with fifty packages each, dirty all at once, until the last one is free."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

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
PAGE = 300
CLAIM = FREE = 1
PROOF = ("sources", "binaries", "builds")
"""What is listed once more at the end, beside the uploads of each series.

One listing is the least for each, and it is enough while all that the PPA ever had is on one page, as here: without
`status` or `build_state` it shows every state, in one request.  In a PPA with a longer history it is two each (Pending
and Published; `getBuildCounters`, and the builds being cancelled, which are in no counter): the filters take one value,
and none means "active".  `created_since_date` would make it one there, but only for a daemon that knows since when: the
record says since when the PPA is dirty, not since when it was lent, and what was adopted was never empty before.
Uploads that are accepted and not published yet are in no list of the archive, only in those of each series."""
NOTES = (
    "Requests needed for a PPA, the least that the API allows: a listing of the sources, for their addresses; the "
    "claim (`dirty` with its cleaner: conditional, and its answer shows the record right before the deletions, for a "
    "POST cannot be conditional); one requestDeletion for each source (there is no bulk one; it takes the binaries "
    "made from it along); a quiet window later one listing each of sources, binaries and builds, and of the uploads of "
    "each series; and `free`.",
    "The daemon sends more: it looks at builds and binaries before the deletions too (builds are cancelled first, and "
    "people are told how much there is), and at everything once more after them (what is still there is found at once, "
    "not after the window, which is five minutes by default); "
    "it lists Pending and Published by themselves, which stays as cheap as the PPA grows old; and it reads the record "
    "again before each batch and every 10 s in it.",
    "The floor of the time is strict: requests needed / connections x the round trip of a bare request alone.  The "
    "rows `of it` say by how much it is missed and why; with the floor they add up to the time.  Slower than one alone "
    "is what the stand-in itself takes longer; it shares two cores with the daemon, and so do the "
    "connections between two requests.  At the beginning and at the end, in the quiet window of 1 s, few are in use.",
    "The second floor adds what no daemon could avoid here: the round trip is that of bare requests on as many "
    "connections at once, and there is one quiet window.",
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
        (alone, seen), (loaded, _) = _round_trip(where, 1), _round_trip(where, at_once)
        begun, other = where.launchpad.control.last(), cpu_s(where.launchpad.process.pid)
        with where.slow():
            daemon.start()
            eventually(lambda: len(daemon.ppas(state="free")) == scale.dirty, "all free", CLEAN_S)
        used, other = cpu_s(pid(daemon)), cpu_s(where.launchpad.process.pid) - other
        log = [one for one in where.launchpad.control.log(since=begun) if _of_cleans(one)]
        least = needed(scale.packages, len(where.launchpad.control.about()["series"])) * scale.dirty
        what = f"{scale.dirty} PPAs x {scale.packages} packages on {at_once} connections"
        times = Times.of(log)
        return Table("Cleaning", [
            beside(f"{what}: requests", len(log), least, "requests"),
            beside("until the last one is free", times.wall, least / at_once * alone, "s", floors_at_most(1.3)),
            *shares(times, least, at_once, alone, seen),
            beside("the same, beside the round trip at this load and a quiet window",
                   times.wall, least / at_once * loaded + SETTLE_S, "s"),
            Row("connections in use, on average", times.under_way / times.wall, "connections", float(at_once)),
            Row("round trip of a bare request alone", alone * 1000, "ms", scale.delay * 1000),
            Row("round trip of bare requests at this load", loaded * 1000, "ms", scale.delay * 1000),
            Row("CPU of the daemon for one request", used / len(log) * 1000, "ms"),
            Row("CPU of the stand-in for one request", other / len(log) * 1000, "ms"),
            *(Row(f"for a PPA: {name}", count / scale.dirty, "requests") for name, count in _kinds(log)),
        ], NOTES)  # fmt: skip


class Times(NamedTuple):
    """What the stand-in's log tells, in seconds: from the first request to the last, and all requests together."""

    requests: int
    wall: float
    under_way: float

    @classmethod
    def of(cls, log: list[dict[str, Any]]) -> Times:
        """At least one request."""
        wall = max(one["ended"] for one in log) - min(one["started"] for one in log)
        return cls(len(log), float(wall), float(sum(one["ended"] - one["started"] for one in log)))

    @property
    def each(self) -> float:
        """Of one request, as the stand-in sees it."""
        return self.under_way / self.requests


def shares(times: Times, least: int, at_once: int, alone: float, seen: float) -> list[Row]:
    """What the time is made of, beyond its floor: that and the shares are the whole of it.  `alone` is one request as
    its client sees it, `seen` as the stand-in does.
    """
    floor = least * alone / at_once
    beyond = (times.requests - least) * alone / at_once
    slower = times.requests * (times.each - seen) / at_once
    return [
        beside("of it: requests beyond those needed", beyond, floor, "s"),
        beside("of it: requests slower in the stand-in than one alone", slower, floor, "s"),
        beside("of it: between two requests, and the quiet window", times.wall - floor - beyond - slower, floor, "s"),
    ]


def _of_cleans(request: dict[str, Any]) -> bool:
    return "/+archive/" in request["path"] or request["operation"] == "getPackageUploads"


def needed(packages: int, series: int) -> int:
    """Requests for one PPA that never had anything but these packages."""
    pages = max(1, -(-packages // PAGE))  # to see that there is nothing takes one too
    return pages + CLAIM + packages + len(PROOF) * pages + series + FREE


def _kinds(log: list[dict[str, Any]]) -> Iterator[tuple[str, int]]:
    names = Counter(one["operation"] or f"{one['method']} {_tail(one['path'])}" for one in log)
    return iter(sorted(names.items()))


def _tail(path: str) -> str:
    tail = path.partition("?")[0].rpartition("/+archive/")[2].split("/")
    return tail[2] if len(tail) > 2 else "entry"


def _round_trip(where: Site, at_once: int) -> tuple[float, float]:
    """Seconds of a bare request while as many are under way, and nothing else: as we see it, as the stand-in does."""
    pool = f"bare{at_once}"
    where.ppas(pool, at_once * BARE)
    with floors.bare(where.launchpad, at_once) as client, where.slow():
        entries = list(client.entries(pool))
        floors.burst(client, entries[:at_once], at_once)  # connections are opened before
        begun = where.launchpad.control.last()
        seconds = floors.burst(client, entries, at_once) / BARE
        return seconds, Times.of(where.launchpad.control.log(since=begun)).each
