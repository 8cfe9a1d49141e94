"""As many assigns at once as there are free PPAs, beside as many bare compare-and-swaps on as many connections."""

from __future__ import annotations

from statistics import median

from . import asking
from . import bare as floors
from .processtable import cpu_s
from .rows import Row, Table, beside, floors_at_most
from .scale import Scale
from .site import Launchpad, Site, connections, pid, site


def measure(scale: Scale, launchpad: Launchpad) -> Table:
    """Rounds in turns; medians."""
    with site(launchpad, scale.delay) as where:
        daemon = where.daemon("burst", where.ppas("burst", scale.burst * scale.rounds), verify_age=None)
        lane = connections(daemon, "assign")
        daemon.start()
        where.ppas("bare", scale.burst)
        with floors.bare(where.launchpad, lane) as client:
            entries = list(client.entries("bare"))
            bare, mine, cpu, other = [], [], [], []
            with where.slow():
                for _ in range(scale.rounds):
                    before = cpu_s(where.launchpad.process.pid)
                    bare.append(floors.burst(client, entries, lane))
                    other.append(cpu_s(where.launchpad.process.pid) - before)
                    before = cpu_s(pid(daemon))
                    mine.append(asking.with_askers(daemon, scale.burst, asking.burst))
                    cpu.append(cpu_s(pid(daemon)) - before)
        what = f"{scale.burst} assigns at once on {lane} connections"
        return Table("Throughput", [
            beside(what, median(mine), median(bare), "s", floors_at_most(1.25)),
            Row("CPU of the daemon for one of them", median(cpu) / scale.burst * 1000, "ms"),
            Row("CPU of the stand-in for one bare PATCH", median(other) / scale.burst * 1000, "ms"),
            *_without_delay(where, scale),
        ])  # fmt: skip


def _without_delay(where: Site, scale: Scale) -> list[Row]:
    """Where Launchpad would answer at once: here the stand-in and the daemon share the cores."""
    daemon = where.daemon("swift", where.ppas("swift", scale.burst), verify_age=None)
    lane = connections(daemon, "assign")
    daemon.start()
    where.ppas("other", scale.burst)
    with floors.bare(where.launchpad, lane) as client:
        bare = floors.burst(client, list(client.entries("other")), lane)
    mine = asking.with_askers(daemon, scale.burst, asking.burst)
    return [beside(f"the same on a stand-in without delay, {scale.burst} assigns", mine, bare, "s")]
