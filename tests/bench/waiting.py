"""Thousands of clients that wait in the line, and how soon a freed PPA is with the first of them."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from statistics import median
from typing import NamedTuple, TypeVar

from ppa_assigner.record import State, parse

from ..processes import Daemon
from . import bare as floors, matching
from .asking import Asker, with_askers, with_askers_at
from .processtable import cpu_s, let_pass, rss_mb, threads
from .rows import Row, Table, at_most, beside, floors_at_most
from .scale import Scale
from .site import Launchpad, Site, assigned, eventually, pid, site

T = TypeVar("T")
WAIT_S = 900
WARM = 20
QUIET_S = 3.0
LINE_S = 120.0
NOTES = (
    "A freed PPA is with the first who waits: from the end of the PATCH that wrote `free` until the client has its "
    "answer, all by the same monotonic clock; between the two there is one PATCH, and its floor is a bare one.  "
    "Medians: the first of the line gets it, it is released and cleaned, the next one gets it, and so on; a bare PATCH "
    "is in turns with each.",
    "The memory of one, and its CPU, are with its connection.  The floor of the memory is a request that uvicorn "
    "alone, with the parser and the loop of the daemon, does not answer.",
)


def measure(scale: Scale, launchpad: Launchpad) -> Table:
    """One PPA, held by somebody; all others wait for it."""
    return _measured("Waiting clients", scale, launchpad, "wait", 30, lambda _: {})


def measure_order(scale: Scale, launchpad: Launchpad) -> Table:
    """Half as many, each with another selector, and with priorities; those with the highest one are the first to be
    served.  Then a match of such a line by itself.
    """

    def wish(number: int) -> dict[str, object]:
        return {"priority": 100 if number < scale.freed else number % 100, "select": f"!absent-{number}"}

    few = replace(scale, waiters=max(scale.freed, scale.waiters // 2))
    table = _measured("Waiting clients in their order", few, launchpad, "wait with priorities and selectors", 60, wish)
    spent = matching.seconds(few.waiters, scale.unfit, scale.freed)
    what = f"CPU of one match: {few.waiters:,} with different selectors, {scale.unfit} free PPAs that none selects"
    return replace(table, rows=[*table.rows, Row(what, spent * 1000, "ms", target=at_most(50))])


def _measured(
    title: str, scale: Scale, launchpad: Launchpad, how: str, most: float, wish: Callable[[int], Mapping[str, object]]
) -> Table:
    with site(launchpad, scale.delay) as where:
        (ppa,) = where.ppas("one", 1)
        daemon = where.daemon("line", [ppa], verify_age=None).start()
        lease = assigned(daemon)["id"]
        with_askers(daemon, WARM, _refused)  # what the very first clients bring along is not each client's
        floor, before = _bare_kb(where, scale.waiters), _used(pid(daemon))  # no connection of theirs is there yet
        line = Line(where, daemon, ppa, lease, before, floor, how, most, wish)
        rows = with_askers(daemon, scale.waiters, lambda askers: _waiting(line, askers, scale.freed))
        return Table(title, rows, NOTES)


class Used(NamedTuple):
    """Of a process, by now: threads, MB of memory, and seconds of a core."""

    threads: int
    mb: float
    cpu: float


class Line(NamedTuple):
    """Where clients come to wait, what the daemon used before they came, how many KB one takes at least; `how` they
    wait, how many KB one is to take at the `most`, and what each of them wishes besides.
    """

    where: Site
    daemon: Daemon
    ppa: str
    lease: str
    before: Used
    least: float
    how: str
    most: float
    wish: Callable[[int], Mapping[str, object]]


def _used(process: int) -> Used:
    return Used(threads(process), rss_mb(process), cpu_s(process))


async def _refused(askers: list[Asker]) -> None:
    await asyncio.gather(*(asker.ask("POST", "/v1/leases", {"owner": "bench"}) for asker in askers))


async def _waiting(line: Line, askers: list[Asker], freed: int) -> list[Row]:
    process, count = pid(line.daemon), len(askers)
    for number, asker in enumerate(askers):
        wish = {"owner": "bench", "request_id": f"waits-{number}", "wait": WAIT_S, **line.wish(number)}
        await asker.send("POST", "/v1/leases", wish)
    await _off(lambda: eventually(lambda: _length(line.daemon) == count, f"{count} in the line", LINE_S))
    joined = _used(process)
    await _off(lambda: let_pass(QUIET_S))
    rested = _used(process)
    seconds, floor = await _freed(line, askers[:freed])
    return [
        Row(f"{count:,} clients {line.how}: threads more than without them",
            rested.threads - line.before.threads, "threads", target=at_most(0)),
        beside("memory of one", (joined.mb - line.before.mb) * 1024 / count, line.least, "KB", at_most(line.most)),
        Row("CPU for one to join", (joined.cpu - line.before.cpu) / count * 1000, "ms"),
        Row("CPU while all wait, of a core", (rested.cpu - joined.cpu) / QUIET_S * 100, "%"),
        beside("from `free` to the first one's answer", seconds * 1000, floor * 1000, "ms", floors_at_most(1.25)),
    ]  # fmt: skip


def _bare_kb(where: Site, count: int) -> float:
    """Memory of one of so many that wait for a server which does nothing else."""
    address, process = where.constant(0)

    async def wait(askers: list[Asker]) -> float:
        counts, *others = askers
        already = int((await counts.ask("GET", "/"))[1])
        for number, asker in enumerate(others):
            await asker.send("POST", "/", {"owner": "bench", "request_id": f"waits-{number}", "wait": WAIT_S})
        await _arrived(counts, already + len(others))
        return rss_mb(process)

    with_askers_at(address, 1 + WARM, wait)
    before = rss_mb(process)
    return (with_askers_at(address, 1 + count, wait) - before) * 1024 / count


async def _arrived(counts: Asker, wanted: int) -> None:
    """Until so many wait at the bare server."""
    end = time.monotonic() + LINE_S
    while int((await counts.ask("GET", "/"))[1]) < wanted:
        if time.monotonic() >= end:
            raise RuntimeError(f"not {wanted} at the bare server in {LINE_S:g} s")


async def _freed(line: Line, first_ones: list[Asker]) -> tuple[float, float]:
    """Medians of the seconds from the end of the write of `free` to the answer, and of a bare PATCH."""
    where, lease = line.where, line.lease
    where.ppas("bare", 1)
    with floors.bare(where.launchpad, 1) as client:
        (entry,) = await _off(lambda: list(client.entries("bare")))
        await _off(lambda: client.patch(entry))  # the connection is opened before
        await _off(lambda: where.launchpad.control.delay(where.delay))
        mine, bare = [], []
        for first in first_ones:
            bare.append(await _off(lambda: floors.alone(client, entry)))
            lease, answered = await _given(line.daemon, lease, first)
            mine.append(answered - await _off(lambda: _when_free(where, line.ppa)))
    return median(mine), median(bare)


async def _given(daemon: Daemon, lease: str, first: Asker) -> tuple[str, float]:
    """Release it, and wait until the first one has the next lease: that, and when it was there."""
    released = asyncio.create_task(_off(lambda: daemon.http.delete(f"/v1/leases/{lease}")))
    status, body = await first.answer()
    answered = time.monotonic()
    await released
    if status != 201:
        raise RuntimeError(f"{status} {body!r}")
    return str(json.loads(body)["id"]), answered


def _when_free(where: Site, ppa: str) -> float:
    """When the answer to the write of `free` was sent; the next write is the assignment, and the PPA is asked nothing
    between.
    """
    states = [
        (parse(each["description"]).record, each["request"]) for each in where.launchpad.control.descriptions(ppa)
    ]
    free = [number for record, number in states if record and record.state is State.FREE and number is not None][-1]
    log = {one["number"]: one for one in where.launchpad.control.log(since=free - 1)}
    name = ppa.rpartition("/")[2]
    later = [one["method"] for number, one in sorted(log.items()) if number > free and name in one["path"]]
    if later != ["PATCH"]:
        raise RuntimeError(f"between `free` and the answer: {later}")
    return float(log[free]["ended"])


def _length(daemon: Daemon) -> int:
    """How many wait."""
    (pool,) = daemon.http.get("/v1/pools").json()["items"]
    return int(pool["waiting"])


async def _off(call: Callable[[], T]) -> T:
    """Not in the loop of the clients."""
    return await asyncio.to_thread(call)
