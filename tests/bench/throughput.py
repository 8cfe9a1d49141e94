"""As many assigns at once as there are free PPAs, beside as many bare compare-and-swaps on as many connections."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from statistics import median
from time import process_time
from typing import NamedTuple

from . import asking, bare as floors
from .processtable import cpu_s
from .rows import Row, Table, beside, floors_at_most
from .scale import Scale
from .site import Launchpad, Site, connections, pid, site

NOTES = (
    "Bare PATCHes and assigns are in turns, as many rounds of each; medians.",
    "The floor of the daemon's CPU is that of the bare client for one PATCH; the daemon answers its own client over "
    "HTTP too.",
    "Without delay it is not the connections that bind but the cores: the floor is what the bench's own threads and "
    "the stand-in take together (its CPU is in the last row), and each of these two computes in one thread at a time.",
)


class Burst(NamedTuple):
    """Seconds by the clock until all are done; and of a core, of whoever did it and of the stand-in."""

    wall: float
    cpu: float
    launchpad: float


class Rounds(NamedTuple):
    """Medians; and on how many connections."""

    mine: Burst
    bare: Burst
    lane: int


def measure(scale: Scale, launchpad: Launchpad) -> Table:
    """At the pace of Launchpad; then where it would answer at once, and all share the cores."""
    with site(launchpad, scale.delay) as where:
        mine, bare, lane = _rounds(where, scale, "slow", where.slow)
        swift = _rounds(where, scale, "swift", nullcontext)
    one = 1000 / scale.burst
    what = f"{scale.burst} assigns at once on {lane} connections"
    return Table("Throughput", [
        beside(what, mine.wall, bare.wall, "s", floors_at_most(1.25)),
        beside("CPU of the daemon for one of them", mine.cpu * one, bare.cpu * one, "ms"),
        Row("CPU of the stand-in for one bare PATCH", bare.launchpad * one, "ms"),
        beside(f"the same on a stand-in without delay, {scale.burst} assigns", swift.mine.wall, swift.bare.wall, "s"),
        beside("without delay: CPU of the daemon for one of them", swift.mine.cpu * one, swift.bare.cpu * one, "ms"),
        Row("without delay: CPU of the stand-in for one bare PATCH", swift.bare.launchpad * one, "ms"),
    ], NOTES)  # fmt: skip


def _rounds(where: Site, scale: Scale, pool: str, pace: Callable[[], AbstractContextManager[None]]) -> Rounds:
    daemon = where.daemon(pool, where.ppas(pool, scale.burst * scale.rounds), verify_age=None)
    lane, process = connections(daemon, "assign"), pid(daemon.start())
    where.ppas(f"bare{pool}", scale.burst)
    bare, mine = list[Burst](), list[Burst]()
    with floors.bare(where.launchpad, lane) as client:
        entries = list(client.entries(f"bare{pool}"))
        with pace():
            for _ in range(scale.rounds):
                bare.append(_spent(where, process_time, lambda: floors.burst(client, entries, lane)))
                mine.append(
                    _spent(
                        where,
                        lambda: cpu_s(process),
                        lambda: asking.with_askers(daemon, scale.burst, asking.burst),
                    )
                )
    daemon.close()
    return Rounds(_medians(mine), _medians(bare), lane)


def _spent(where: Site, cpu: Callable[[], float], act: Callable[[], float]) -> Burst:
    standin = where.launchpad.process.pid
    used, other = cpu(), cpu_s(standin)
    wall = act()
    return Burst(wall, cpu() - used, cpu_s(standin) - other)


def _medians(bursts: list[Burst]) -> Burst:
    return Burst(*(median(figures) for figures in zip(*bursts, strict=True)))
