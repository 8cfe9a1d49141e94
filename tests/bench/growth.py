"""What things cost against how many there are: of PPAs, of clients, of packages.  Linear or better is what is wanted.

Rule: the stand-in answers at once, so that nothing but the daemon's own work is seen; CPU of the daemon, not the clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from ppa_assigner.record import State

from ..processes import Daemon
from . import asking
from .asking import Asker, with_askers
from .processtable import cpu_s, rss_mb
from .rows import Row, Table, floors_at_most
from .scale import Scale
from .site import Launchpad, Site, assigned, eventually, pid, site

EVEN = 1.3
"""How much more one may cost where there are more of them, before it is called more than linear."""
SURE_MS = 100.0
"""CPU that is less of it, on top of what one costs, is no floor: the kernel tells it in steps of 10 ms."""
SURE_MB, SURE_REQUESTS = 1.0, 100.0
LOOKS = 6
ANSWERS = 200
SHORT_S = 2.0
LONG_S = 900
NOTES = (
    "The figure is what 1,000 of them cost beyond the first one, and its floor is what they cost where there were "
    "fewer: 1.0 is linear, less is better, 2.0 would be quadratic where the number doubles.  Judged where the fewer "
    f"were enough to tell: the kernel counts CPU in steps of 10 ms, so that {SURE_MS:g} ms have to be spent on them.",
    "Each size is measured three times, in turns, and the least counts: what else the host does only adds, and on two "
    "threads of one core it adds up to half.",
    "Clients wait in a pool of one PPA that is taken; their wait ends for all at the same moment, and each is told its "
    "place.",
)


class Cost(NamedTuple):
    """What was measured, and how much more than the first one a floor has to be."""

    figure: float
    unit: str
    sure: float = 0.0


Costs = dict[str, Cost]


def measure(scale: Scale, launchpad: Launchpad) -> Table:
    """One daemon for each size and round, with a fresh world."""
    rounds = [{count: _costs(launchpad, count) for count in scale.growth} for _ in range(scale.rounds)]
    measured = {count: _least([costs[count] for costs in rounds]) for count in scale.growth}
    rows = [row for what in measured[scale.growth[0]] for row in _judged(what, measured)]
    return Table("Growth", rows, NOTES)


def _least(rounds: list[Costs]) -> Costs:
    return {what: min(costs[what] for costs in rounds) for what in rounds[0]}


def _judged(what: str, measured: dict[int, Costs]) -> Iterator[Row]:
    first, *others = sorted(measured)
    start, unit, sure = measured[first][what]
    yield Row(f"{what}, {first:,}", start, unit)
    floor: float | None = None
    for count in others:
        total = measured[count][what].figure
        each = (total - start) / (count - first) * 1000
        judged = (floor, each / floor, floors_at_most(EVEN)) if floor is not None else (None, None, None)
        yield Row(f"{what}, {count:,}: {total:,.0f} {unit}", each, f"{unit}/1,000", *judged)
        floor = each if each > 0 and total - start >= sure else None


def _costs(launchpad: Launchpad, count: int) -> Costs:
    with site(launchpad, 0.0) as where:
        pools = {"one": where.ppas("one", 1), "full": where.ppas("full", 1, State.DIRTY)}
        where.launchpad.control.upload_many(pools["full"][0], [[f"source-{number}", "1"] for number in range(count)])
        daemon = where.daemon("grows", where.ppas("grows", count), pools=pools, verify_age=None, settle="100ms")
        daemon.start(ready=False)
        cleaned = _packages(where, daemon)
        ready, memory = cpu_s(pid(daemon)) - cleaned["packages: CPU to clean"].figure / 1000, rss_mb(pid(daemon))
        assigned(daemon, pool="one")
        return {
            "PPAs: memory": Cost(memory, "MB", SURE_MB),
            "PPAs: CPU to ready": _ms(ready),
            "PPAs: CPU of a look": _ms(_looks(daemon), LOOKS),
            "clients that assign at once: CPU": _ms(_assigning(daemon, count)),
            f"PPAs, all used: CPU of {ANSWERS} none-free answers": _ms(_none_free(daemon)),
            **_waiting(daemon, count),
            "clients whose wait ends: CPU": _ms(_refused(daemon, count)),
            **cleaned,
        }


def _packages(where: Site, daemon: Daemon) -> Costs:
    """A PPA with so many packages is cleaned."""
    eventually(lambda: daemon.http.get("/readyz").status_code == 200, "ready", 120)
    begun, before = where.launchpad.control.last(), cpu_s(pid(daemon))
    eventually(lambda: _cleaned(daemon), "the clean", 300)
    used, requests = cpu_s(pid(daemon)) - before, where.launchpad.control.last() - begun
    return {
        "packages: CPU to clean": _ms(used),
        "packages: requests to clean": Cost(float(requests), "requests", SURE_REQUESTS),
    }


def _cleaned(daemon: Daemon) -> bool:
    return not daemon.ppas(pool="full", state="dirty")


def _looks(daemon: Daemon) -> float:
    """CPU seconds of a look: what is unknown is looked for."""

    def look() -> None:
        for number in range(LOOKS):
            daemon.http.get(f"/v1/leases/{number:032}")

    return _cpu(daemon, look) / LOOKS


def _assigning(daemon: Daemon, count: int) -> float:
    """CPU seconds until so many clients have as many PPAs."""
    return _cpu(daemon, lambda: with_askers(daemon, count, asking.burst))


def _none_free(daemon: Daemon) -> float:
    """CPU seconds of answers that count all PPAs of the pool."""

    async def ask(askers: list[Asker]) -> None:
        for _ in range(ANSWERS):
            status, body = await askers[0].ask("POST", "/v1/leases", {"owner": "bench"})
            if status != 409:
                raise RuntimeError(f"{status} {body!r}")

    return _cpu(daemon, lambda: with_askers(daemon, 1, ask))


def _waiting(daemon: Daemon, count: int) -> Costs:
    """So many clients come to wait, and go."""
    memory, sizes = rss_mb(pid(daemon)), list[float]()

    async def come(askers: list[Asker]) -> None:
        for number, asker in enumerate(askers):
            wish = {"owner": "bench", "pool": "one", "request_id": f"w{number}", "wait": LONG_S}
            await asker.send("POST", "/v1/leases", wish)
        eventually(lambda: _line(daemon) == count, "the line", 120)
        sizes.append(rss_mb(pid(daemon)) - memory)

    used = _cpu(daemon, lambda: with_askers(daemon, count, come))
    used += _cpu(daemon, lambda: eventually(lambda: _line(daemon) == 0, "all gone", 120))
    return {
        "clients that wait: CPU to come and go": _ms(used),
        "clients that wait: memory": Cost(sizes[0], "MB", SURE_MB),
    }


def _refused(daemon: Daemon, count: int) -> float:
    """CPU seconds until so many, who wait for a while, are told at once that none is free."""

    async def wait(askers: list[Asker]) -> None:
        for asker in askers:
            await asker.send("POST", "/v1/leases", {"owner": "bench", "pool": "one", "wait": SHORT_S})
        for asker in askers:
            status, body = await asker.answer()
            if status != 409:
                raise RuntimeError(f"{status} {body!r}")

    return _cpu(daemon, lambda: with_askers(daemon, count, wait))


def _ms(cpu: float, times: int = 1) -> Cost:
    """CPU seconds of one, measured over so many."""
    return Cost(cpu * 1000, "ms", SURE_MS / times)


def _cpu(daemon: Daemon, act: Callable[[], object]) -> float:
    before = cpu_s(pid(daemon))
    act()
    return cpu_s(pid(daemon)) - before


def _line(daemon: Daemon) -> int:
    """How many wait for the one that is taken."""
    pools = daemon.http.get("/v1/pools").json()["items"]
    return int(next(pool["waiting"] for pool in pools if pool["pool"] == "one"))
