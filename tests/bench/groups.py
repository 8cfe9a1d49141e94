"""Several PPAs at once, beside as many bare compare-and-swaps one after the other as the protocol needs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from statistics import median
from time import perf_counter
from typing import Any, NamedTuple

from ..processes import Daemon
from . import asking, bare as floors
from .rows import Row, Table, at_most, beside, floors_at_most
from .scale import Scale
from .site import Launchpad, Site, site

MS = 1000
STEPS = 4
"""Of a group: the lead is claimed, then the members, the lead is lent with all of them, and they follow."""
NOTES = (
    "Groups of each size are in turns with the bare PATCHes, of which there are as many, one after the other, as the "
    "protocol has round trips: one for one PPA, four for more.  Medians.",
    "Round trips are counted in the log of the stand-in: requests that overlap are one.  The members' requests leave "
    "together, as many at a time as there are connections for members.",
)


class Taken(NamedTuple):
    """Of one group: seconds until it is there, and round trips one after the other."""

    seconds: float
    trips: int


def measure(scale: Scale, launchpad: Launchpad) -> Table:
    """One client, and as many free PPAs as it needs."""
    with site(launchpad, scale.delay) as where:
        count = sum(scale.groups) * (scale.tries + 1)
        daemon = where.daemon("groups", where.ppas("groups", count), verify_age=None).start()
        where.ppas("bare", 1)
        with floors.bare(where.launchpad, 1) as client, where.slow():
            (entry,) = client.entries("bare")
            seen, bare = asyncio.run(_in_turns(where, daemon, partial(client.patch, entry), scale))
    return Table("Groups", [row for size in scale.groups for row in _rows(size, seen[size], bare)], NOTES)


async def _in_turns(
    where: Site, daemon: Daemon, patch: Callable[[], None], scale: Scale
) -> tuple[dict[int, list[Taken]], float]:
    """Each group of each size; and the median seconds of as many bare PATCHes as there are steps."""
    asker = await asking.at(daemon.address)
    seen: dict[int, list[Taken]] = {size: [] for size in scale.groups}
    bare = []
    for _ in range(scale.tries + 1):
        begun = perf_counter()
        for _ in range(STEPS):
            patch()
        bare.append(perf_counter() - begun)
        for size in scale.groups:
            before = where.launchpad.control.last()
            seconds = await asker.assign(want=[{"pool": "default", "count": size}])
            seen[size].append(Taken(seconds, round_trips(where.launchpad.control.log(since=before))))
    asker.writer.close()
    return {size: taken[1:] for size, taken in seen.items()}, median(bare[1:])  # the first ones open connections


def round_trips(log: list[dict[str, Any]]) -> int:
    """How many of these requests came one after the other: each began when one before it was answered."""
    trips, answered = 0, float("-inf")
    for one in sorted(log, key=lambda one: float(one["ended"])):
        if one["started"] >= answered:
            trips, answered = trips + 1, float(one["ended"])
    return trips


def _rows(size: int, taken: list[Taken], bare: float) -> list[Row]:
    steps = STEPS if size > 1 else 1
    floor, trips = bare * MS * steps / STEPS, median(one.trips for one in taken)
    seconds = median(one.seconds for one in taken)
    return [
        Row(f"a group of {size}: round trips", trips, "round trips", target=at_most(steps)),
        beside(f"a group of {size}: assign", seconds * MS, floor, "ms", floors_at_most(1.15)),
    ]
