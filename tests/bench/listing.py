"""GET /v1/ppas from memory, beside the same bytes by the same server with nothing behind it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from statistics import median
from time import perf_counter

from .asking import Asker, at
from .processtable import cpu_s
from .rows import Row, Table, at_least
from .scale import Scale
from .site import Launchpad, pid, site

NOTES = (
    "x floor: how much of the bare server's rate is reached.  That one is uvicorn with the parser and the loop of the "
    "daemon, answering the same bytes from a constant: a ceiling for the rate rather than a floor.",
    "The daemon's looks are an hour apart here, so nothing changes and the answer is encoded already; the first one "
    "after each change is encoded anew.",
)


def measure(scale: Scale, launchpad: Launchpad) -> Table:
    """Several connections that are kept alive, in turns with the bare server."""
    with site(launchpad, 0.0) as where:
        daemon = where.daemon("lists", where.ppas("lists", scale.ppas)).start()
        size = len(daemon.http.get("/v1/ppas").content)
        bare, _ = where.constant(size)
        mine, floor, cpu = [], [], []
        for _ in range(scale.rounds):
            before = cpu_s(pid(daemon))
            mine.append(_rate(daemon.address, scale))
            cpu.append((cpu_s(pid(daemon)) - before) / (mine[-1] * scale.listing))
            floor.append(_rate(bare, scale))
    rate, most = median(mine), median(floor)
    what = f"GET /v1/ppas with {scale.ppas:,} PPAs, {scale.lists} connections"
    return Table("Lists", [
        Row(what, rate, "a second", most, rate / most, at_least(300)),
        Row("CPU of the daemon for one", median(cpu) * 1000, "ms"),
        Row("size of one", size / 1024, "KB"),
    ], NOTES)  # fmt: skip


def _rate(address: Path, scale: Scale) -> float:
    async def run() -> float:
        askers = [await at(address) for _ in range(scale.lists)]
        start = perf_counter()
        counts = await asyncio.gather(*(_asked(asker, start + scale.listing) for asker in askers))
        seconds = perf_counter() - start
        for asker in askers:
            asker.writer.close()
        return sum(counts) / seconds

    return asyncio.run(run())


async def _asked(asker: Asker, end: float) -> int:
    count = 0
    while perf_counter() < end:
        status, _ = await asker.ask("GET", "/v1/ppas")
        if status != 200:
            raise RuntimeError(f"{status}")
        count += 1
    return count
