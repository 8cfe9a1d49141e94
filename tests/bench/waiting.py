"""Thousands of clients that wait in the line, and how soon a freed PPA is with the first of them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from statistics import median
from typing import TypeVar

from ppa_assigner.record import State, parse

from ..processes import Daemon
from . import bare as floors
from .asking import Asker, with_askers
from .processtable import cpu_s, let_pass, rss_mb, threads
from .rows import Row, Table, at_most, beside, floors_at_most
from .scale import Scale
from .site import Launchpad, Site, assigned, eventually, pid, site

T = TypeVar("T")
WAIT_S = 900
WARM = 20
QUIET_S = 3.0
NOTES = (
    "A freed PPA is with the first who waits: from the end of the PATCH that wrote `free` until the client has its "
    "answer, all by the same monotonic clock; between the two there is one PATCH, and its floor is a bare one.",
)


def measure(scale: Scale, launchpad: Launchpad) -> Table:
    """One PPA, held by somebody; all others wait for it."""
    with site(launchpad, scale.delay) as where:
        (ppa,) = where.ppas("one", 1)
        daemon = where.daemon("line", [ppa], verify_age=None).start()
        lease = assigned(daemon)["id"]
        with_askers(daemon, WARM, _refused)  # what the very first clients bring along is not each client's
        rows = with_askers(daemon, scale.waiters, lambda askers: _waiting(where, daemon, ppa, lease, askers, scale))
        return Table("Waiting clients", rows, NOTES)


async def _refused(askers: list[Asker]) -> None:
    await asyncio.gather(*(asker.ask("POST", "/v1/leases", {"owner": "bench"}) for asker in askers))


async def _waiting(
    where: Site, daemon: Daemon, ppa: str, lease: str, askers: list[Asker], scale: Scale
) -> list[Row]:  # fmt: skip
    process, count = pid(daemon), len(askers)
    before = threads(process), rss_mb(process), cpu_s(process)
    for number, asker in enumerate(askers):
        wish = {"owner": "bench", "request_id": f"waits-{number}", "wait": WAIT_S}
        await asker.send("POST", "/v1/leases", wish)
    await _off(lambda: eventually(lambda: _line(daemon) == count, f"{count} in the line", 120))
    kb = (rss_mb(process) - before[1]) * 1024 / count
    joined = (cpu_s(process) - before[2]) / count * 1000
    resting = cpu_s(process)
    await _off(lambda: let_pass(QUIET_S))
    resting = (cpu_s(process) - resting) / QUIET_S * 100
    more = threads(process) - before[0]
    seconds, floor = await _freed(where, daemon, ppa, lease, askers[0])
    return [
        Row(f"{count:,} clients wait: threads more than without them", more, "threads", target=at_most(0)),
        Row("memory of one", kb, "KB", target=at_most(60)),
        Row("CPU for one to join", joined, "ms"),
        Row("CPU while all wait, of a core", resting, "%"),
        beside("from `free` to the first one's answer", seconds * 1000, floor * 1000, "ms", floors_at_most(1.25)),
    ]


async def _freed(where: Site, daemon: Daemon, ppa: str, lease: str, first: Asker) -> tuple[float, float]:
    """Seconds from the end of the write of `free` to the answer; and of a bare PATCH."""
    floor = await _off(lambda: _patch(where))
    await _off(lambda: where.launchpad.control.delay(where.delay))
    released = asyncio.create_task(_off(lambda: daemon.http.delete(f"/v1/leases/{lease}")))
    status, body = await first.answer()
    answered = time.monotonic()
    await released
    if status != 201:
        raise RuntimeError(f"{status} {body!r}")
    return answered - await _off(lambda: _when_free(where, ppa)), floor


def _when_free(where: Site, ppa: str) -> float:
    """When the answer to the write of `free` was sent; the next write is the assignment, and nothing is between."""
    states = [
        (parse(each["description"]).record, each["request"]) for each in where.launchpad.control.descriptions(ppa)
    ]
    free = [number for record, number in states if record and record.state is State.FREE and number is not None][-1]
    log = {one["number"]: one for one in where.launchpad.control.log(since=free - 1)}
    later = [one["method"] for number, one in sorted(log.items()) if number > free]
    if later != ["PATCH"]:
        raise RuntimeError(f"between `free` and the answer: {later}")
    return float(log[free]["ended"])


def _patch(where: Site) -> float:
    where.ppas("bare", 1)
    with floors.bare(where.launchpad, 1) as client, where.slow():
        (entry,) = client.entries("bare")
        client.patch(entry)
        return median(floors.alone(client, entry) for _ in range(9))


def _line(daemon: Daemon) -> int:
    """How many wait."""
    (pool,) = daemon.http.get("/v1/pools").json()["items"]
    return int(pool["waiting"])


async def _off(call: Callable[[], T]) -> T:
    """Not in the loop of the clients."""
    return await asyncio.to_thread(call)
