"""How soon who waits for an upload hears of it, what that costs Launchpad, and an assign beside those who wait.

Rule: what is measured begins when the index that apt reads has the package: the stand-in's publisher writes all indexes
at once, and nobody sees them before it has ended.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator
from functools import partial
from statistics import median
from typing import Any

from ..processes import Daemon
from . import ppadevtools
from .asking import Asker, with_askers
from .latency import MS, p99
from .processtable import let_pass
from .rows import Row, Table, at_most, beside, floors_at_most
from .scale import Scale
from .site import Launchpad, Site, assigned, site

TICK_S, LOOK_S = 5.0, 15.0
"""Between two looks of the daemon at an index, and at all else in the first ten minutes."""
WAIT_S = 600
TURNS = 4
BESIDE = 2  # PPAs that are waited for beside an assign, for each that is waited for otherwise
NOTES = (
    "Packages are published and not in the index yet when the wait begins; at moments spread evenly over "
    "the daemon's looks, which come every 5 s then, all indexes have them.  All who wait for one PPA share its looks.",
    "The floor of the assign is the same without anybody who waits.",
)


def measure(scale: Scale, launchpad: Launchpad) -> Table:
    """Waits of one, of one for each PPA, and of ten for each."""
    with site(launchpad, scale.delay) as where:
        ppas = where.ppas("up", scale.uploads * BESIDE)
        ours, theirs = (where.ppas(whose, scale.scripts) for whose in ("ours", "theirs"))
        spare = where.ppas("spare", 2 * (scale.samples + 2 * TURNS))
        daemon = where.daemon("uploads", ppas, pools={"spare": spare, "ours": ours}, verify_age=None).start()
        leases = {ppa: str(assigned(daemon, ppa=ppa)["id"]) for ppa in ppas}
        few = dict(list(leases.items())[: scale.uploads])
        pause = min(TICK_S, scale.rest)
        crowds = (1, scale.uploads, 10 * scale.uploads)
        rows = [row for count in crowds for row in _heard(where, daemon, few, count, scale.moments, pause)]
        rows.append(_beside(where, daemon, leases, scale.samples, pause))
        waited = {ppa: str(assigned(daemon, pool="ours", ppa=ppa)["id"]) for ppa in ours}
        rows += ppadevtools.measure(where, daemon, theirs, waited, min(LOOK_S, scale.rest))
        more = ppadevtools.NOTES if ppadevtools.version() else (ppadevtools.LACKING,)
        return Table("Waiting for uploads", rows, (*NOTES, *more))


def _heard(where: Site, daemon: Daemon, leases: dict[str, str], count: int, turns: int, pause: float) -> Iterator[Row]:
    """From the index to the answer, of so many who wait; and what each of them costs."""
    seconds: list[float] = []
    requests: list[float] = []
    for number in range(turns):
        name = f"n{count}-{number}"
        moment = pause * (1 + (number + random.random()) / turns)
        _publish(where, leases, name)
        before = _last(where)
        seconds += with_askers(daemon, count, partial(_round, where, leases, name, moment))
        requests.append((_last(where) - before) / count)
    who = f"{count:,} who wait for {min(count, len(leases))} PPAs"
    yield Row(f"{who}: from the index to the answer, median", median(seconds), "s", target=at_most(3.0))
    yield Row(f"{who}: the same, p99", p99(seconds), "s", target=at_most(6.0))
    yield Row(f"{who}: requests to Launchpad for each who waits", median(requests), "requests")


async def _round(where: Site, leases: dict[str, str], name: str, moment: float, askers: list[Asker]) -> list[float]:
    ids = list(leases.values())
    for number, asker in enumerate(askers):
        await asker.send("GET", _path(ids[number % len(ids)], name))
    await asyncio.to_thread(let_pass, moment)
    await asyncio.to_thread(where.launchpad.control.run, "publisher")
    there = time.monotonic()
    answered = await asyncio.gather(*map(_answered, askers))
    return [each - there for each in answered]


async def _answered(asker: Asker) -> float:
    status, body = await asker.answer()
    if status != 200 or b'"reached":true' not in body:
        raise RuntimeError(f"{status} {body!r}")
    return time.monotonic()


def _beside(where: Site, daemon: Daemon, leases: dict[str, str], samples: int, pause: float) -> Row:
    """Assigns while nobody waits, and while somebody waits for each PPA, in turns."""
    _publish(where, leases, "beside")

    async def waiting(askers: list[Asker]) -> list[float]:
        for lease, asker in zip(leases.values(), askers, strict=True):
            await asker.send("GET", _path(lease, "beside"))
        await asyncio.to_thread(let_pass, pause)
        return await asyncio.to_thread(_assigns, daemon, max(1, samples // TURNS))

    alone, beside_them = list[float](), list[float]()
    with where.slow():
        for _ in range(TURNS):
            alone += _assigns(daemon, max(1, samples // TURNS))
            beside_them += with_askers(daemon, len(leases), waiting)
            let_pass(pause)  # those who waited are gone
    what = f"an assign beside {len(leases)} PPAs whose uploads are waited for"
    return beside(what, median(beside_them) * MS, median(alone) * MS, "ms", floors_at_most(1.10))


def _assigns(daemon: Daemon, samples: int) -> list[float]:
    """Seconds of each; the first opens connections."""
    found = []
    for _ in range(samples + 1):
        began = time.perf_counter()
        assigned(daemon, pool="spare")
        found.append(time.perf_counter() - began)
    return found[1:]


def _publish(where: Site, leases: dict[str, str], name: str) -> None:
    """A source with a binary in each PPA, published, and not in the index before the publisher has run."""
    for ppa in leases:
        binaries: list[dict[str, Any]] = [{"name": name, "arch": "amd64"}]
        where.launchpad.control.upload(ppa, name, "1", binaries=binaries)


def _path(lease: str, name: str) -> str:
    return f"/v1/leases/{lease}/uploads?source={name}=1&for=installable&wait={WAIT_S}"


def _last(where: Site) -> int:
    """The number of the last request to the stand-in."""
    return where.launchpad.control.last()
