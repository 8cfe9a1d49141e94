"""An assign beside the bare compare-and-swap that it cannot do without."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from statistics import median, quantiles
from time import perf_counter

from ..processes import Daemon
from . import asking, bare as floors
from .rows import Row, Table, beside, floors_at_most
from .scale import Scale
from .site import Launchpad, Site, connections, site

MS = 1000
NOTES = (
    "Single assigns and single bare requests are in turns; medians.  Who asks the daemon takes no more CPU than who "
    "sends the bare requests.",
    "The crowd has more clients than the daemon has connections for assigning: the median, of the assigns and of the "
    "bare PATCHes, is mostly the wait for a connection, and the p99 beside it says how even that wait is.",
)


def measure(scale: Scale, launchpad: Launchpad) -> Table:
    """Single assigns in turns with single bare ones; then a crowd of clients."""
    with site(launchpad, scale.delay) as where:
        lazy = where.daemon("lazy", where.ppas("lazy", scale.samples + 1 + scale.crowd * scale.each), verify_age=None)
        afresh = where.daemon("afresh", where.ppas("afresh", scale.samples + 1), verify_age=0)
        lazy.start()
        afresh.start()
        rows = [*_single(where, scale, lazy, afresh), *_crowd(where, scale, lazy)]
        return Table("Latency of an assign", rows, NOTES)


def _single(where: Site, scale: Scale, lazy: Daemon, afresh: Daemon) -> list[Row]:
    where.ppas("single", 2)
    with floors.bare(where.launchpad, 2) as client:
        plain, looked = client.entries("single")
        requests = {"bare": partial(client.patch, plain), "bare verified": partial(client.verified, looked)}
        with where.slow():
            seen = asyncio.run(_in_turns(requests, {"lazy": lazy, "afresh": afresh}, scale.samples))
    bare = seen["bare"]
    return [
        beside("assign, one request", seen["lazy"], bare, "ms", floors_at_most(1.10)),
        beside("two bare looks at once, then the bare PATCH", seen["bare verified"], bare, "ms"),
        beside("assign, verified afresh", seen["afresh"], bare, "ms", floors_at_most(2.15)),
    ]


async def _in_turns(
    requests: Mapping[str, Callable[[], None]], daemons: Mapping[str, Daemon], rounds: int
) -> dict[str, float]:
    """Median milliseconds of each request, and of an assign of each daemon, measured side by side."""
    askers = {kind: await asking.at(daemon.address) for kind, daemon in daemons.items()}
    times: dict[str, list[float]] = {kind: [] for kind in (*requests, *askers)}
    for _ in range(rounds + 1):
        for kind, request in requests.items():
            start = perf_counter()
            request()
            times[kind].append(perf_counter() - start)
        for kind, asker in askers.items():
            times[kind].append(await asker.assign())
    for asker in askers.values():
        asker.writer.close()
    return {kind: median(seconds[1:]) * MS for kind, seconds in times.items()}  # the first ones open connections


def _crowd(where: Site, scale: Scale, lazy: Daemon) -> list[Row]:
    lane = connections(lazy, "assign")
    where.ppas("crowd", scale.crowd * scale.each)
    with floors.bare(where.launchpad, lane) as client:
        entries = list(client.entries("crowd"))
        with where.slow():
            bare = floors.crowd(client, entries, scale.crowd, lane)
            mine = asking.with_askers(lazy, scale.crowd, lambda askers: asking.crowd(askers, scale.each))
    of = f"{scale.crowd} clients on {lane} connections"
    return [
        beside(f"{of}: median assign", median(mine) * MS, median(bare) * MS, "ms"),
        beside(f"{of}: p99 of the bare PATCH beside its median", p99(bare) * MS, median(bare) * MS, "ms"),
        beside(f"{of}: p99 of an assign beside its median", p99(mine) * MS, median(mine) * MS, "ms",
               floors_at_most(1.5)),
    ]  # fmt: skip


def p99(times: list[float]) -> float:
    """What all but one in a hundred are within."""
    return quantiles(times, n=100, method="inclusive")[98]
