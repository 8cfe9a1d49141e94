"""What things cost against how many there are: of PPAs, of clients, of packages.  Linear or better is what is wanted.

Rule: the stand-in answers at once, so that nothing but the daemon's own work is seen; CPU of the daemon, not the clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import log
from statistics import linear_regression
from typing import Any, NamedTuple

from ppa_assigner.record import State

from ..processes import Daemon
from . import asking
from .asking import Asker, with_askers
from .processtable import cpu_s, rss_mb
from .rows import Row, Table, at_most, beside, floors_at_most
from .scale import Scale
from .site import Launchpad, assigned, eventually, pid, site

EVEN = 1.5
"""How much more one may cost where there are more of them, before it is called more than linear: the processor's caches
account for some, for a look at 2,000 PPAs touches 2,000 threads."""
POWER = 1.15
"""Of the number, that the cost may grow with: 1 is linear, 2 would be quadratic."""
SURE_MS = 100.0
"""CPU that is less of it, on top of what one costs, is no measure: the kernel tells it in steps of 10 ms."""
SURE_START_MS = 300.0
"""The same where a start is in it: that takes a second by itself, and no two take quite the same."""
SURE_MB, SURE_REQUESTS = 1.0, 100.0
FEW = 100
"""So few clients wait several times: once is too little to tell, and sizes that lie close together tell no power."""
LOOKS = 6
ANSWERS = 200
SHORT_S = 2.0
LONG_S = 900
UNSURE = "too little to tell"
NOTES = (
    "The figure is what 1,000 of them cost beyond the first one.  The measure, in the column of floors, is what they "
    "cost at the smallest size that was enough to tell: every larger one is judged by it, so that growth cannot hide "
    f"in small steps.  The kernel counts CPU in steps of 10 ms, so that {SURE_MS:g} ms have to be spent on them ("
    f"{SURE_START_MS:g} ms where a start is in it); smaller sizes are not judged: `{UNSURE}`, and all that it took.",
    "The power: the straight line through the logarithms of cost and number beyond the first one, over the sizes that "
    "were enough to tell; 1 is linear, less is better, 2 would be quadratic.  There is none where only one size was.",
    "Each size is measured three times, in turns, and the least counts: what else the host does only adds.",
    "PPAs and clients: a daemon of its own for each size, with as many free PPAs; so many clients assign at once, then "
    f"wait in a pool of one PPA that is taken, {FEW} and fewer of them three times over.  Where the wait ends, each "
    f"begins when it is sent and lasts {SHORT_S:g} s, so that they end one after the other, as they were sent; each "
    "client is then told its place.",
    "Packages: another daemon, with one free PPA and a dirty one with so many packages, from its start to the end of "
    "the clean; what the daemon itself takes is in the first row, and is subtracted with it.",
)


class Cost(NamedTuple):
    """What was measured, and how much more than the first one it has to be before it tells anything."""

    figure: float
    unit: str
    sure: float = 0.0


Costs = dict[str, Cost]


def measure(scale: Scale, launchpad: Launchpad) -> Table:
    """Two daemons for each size and round, each with a fresh world."""
    rounds = [{count: _costs(launchpad, count, scale) for count in scale.growth} for _ in range(scale.rounds)]
    measured = {count: least([costs[count] for costs in rounds]) for count in scale.growth}
    series = {what: {count: measured[count][what] for count in scale.growth} for what in measured[scale.growth[0]]}
    return Table("Growth", [row for what, costs in series.items() for row in judged(what, costs)], NOTES)


def least(rounds: list[Costs]) -> Costs:
    """Of each quantity."""
    return {what: min(costs[what] for costs in rounds) for what in rounds[0]}


def judged(what: str, measured: dict[int, Cost]) -> Iterator[Row]:
    """Each size beside the smallest that tells something, and the power that the cost grows with."""
    first, *others = sorted(measured)
    start, unit, sure = measured[first]
    yield Row(f"{what}, {first:,}", start, unit)
    points: list[tuple[int, float]] = []
    for count in others:
        total, more = measured[count].figure, count - first
        beyond, each = total - start, (total - start) / more * 1000
        name = f"{what}, {count:,}: {total:,.0f} {unit}"
        if points:
            least_sure = points[0][1] / points[0][0] * 1000
            yield beside(name, each, least_sure, f"{unit}/1,000", floors_at_most(EVEN))
        elif beyond >= sure:
            yield Row(name, each, f"{unit}/1,000")
        else:
            yield Row(f"{what}, {count:,}, {UNSURE}", total, unit)
        if beyond >= sure:
            points.append((more, beyond))
    if len(points) > 1:
        yield Row(f"{what}: it grows with the number to the power of", power(points), "", target=at_most(POWER))


def power(points: list[tuple[int, float]]) -> float:
    """The slope of the straight line through the logarithms of two numbers and costs, or more: by least squares."""
    numbers, costs = [log(number) for number, _ in points], [log(cost) for _, cost in points]
    return linear_regression(numbers, costs).slope


def _costs(launchpad: Launchpad, count: int, scale: Scale) -> Costs:
    turns = scale.rounds if count <= FEW else 1
    return {**_of_many(launchpad, count, turns), **_of_packages(launchpad, count)}


def _of_many(launchpad: Launchpad, count: int, turns: int) -> Costs:
    """PPAs, and clients, who wait so many times."""
    with site(launchpad, 0.0) as where:
        pools = {"one": where.ppas("one", 1)}
        daemon = where.daemon("grows", where.ppas("grows", count), pools=pools, verify_age=None).start()
        ready, memory = cpu_s(pid(daemon)), rss_mb(pid(daemon))
        assigned(daemon, pool="one")
        return {
            "PPAs: memory": Cost(memory, "MB", SURE_MB),
            "PPAs: CPU to ready": Cost(ready * 1000, "ms", SURE_START_MS),
            "PPAs: CPU of a look": _ms(_looks(daemon), LOOKS),
            "clients that assign at once: CPU": _ms(_assigning(daemon, count)),
            f"PPAs, all used: CPU of {ANSWERS} none-free answers": _ms(_none_free(daemon)),
            **_waiting(daemon, count, turns),
            "clients whose wait ends: CPU": _ms(_refused(daemon, count, turns), turns),
        }


def _of_packages(launchpad: Launchpad, count: int) -> Costs:
    """A PPA with so many is cleaned, by a daemon that has another one to be ready with."""
    with site(launchpad, 0.0) as where:
        (full,) = where.ppas("full", 1, State.DIRTY)
        where.launchpad.control.upload_many(full, [[f"source-{number}", "1"] for number in range(count)])
        daemon = where.daemon("cleans", where.ppas("one", 1), pools={"full": [full]}, settle="100ms")
        begun = where.launchpad.control.last()
        daemon.start()
        eventually(lambda: not daemon.ppas(pool="full", state="dirty"), "the clean", 300)
        used, requests = cpu_s(pid(daemon)), where.launchpad.control.log(since=begun)
        return {
            "packages: CPU from the start to the end of the clean": Cost(used * 1000, "ms", SURE_START_MS),
            "packages: requests to clean": Cost(float(sum(map(_of_clean, requests))), "requests", SURE_REQUESTS),
        }


def _of_clean(request: dict[str, Any]) -> bool:
    """Of the one PPA that is cleaned: its name is in no other's."""
    return "/+archive/ubuntu/full-" in request["path"] or request["operation"] == "getPackageUploads"


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


def _waiting(daemon: Daemon, count: int, turns: int) -> Costs:
    """So many clients come to wait, and go."""
    memory, sizes = rss_mb(pid(daemon)), list[float]()

    async def come(askers: list[Asker]) -> None:
        for number, asker in enumerate(askers):
            name = f"w{len(sizes)}-{number}"
            wish = {"owner": "bench", "pool": "one", "request_id": name, "wait": LONG_S}
            await asker.send("POST", "/v1/leases", wish)
        eventually(lambda: _line(daemon) == count, "the line", 120)
        sizes.append(rss_mb(pid(daemon)) - memory)

    def come_and_go() -> None:
        with_askers(daemon, count, come)
        eventually(lambda: _line(daemon) == 0, "all gone", 120)

    return {
        "clients that wait: CPU to come and go": _ms(_each_cpu(daemon, come_and_go, turns), turns),
        "clients that wait: memory": Cost(sizes[0], "MB", SURE_MB),
    }


def _refused(daemon: Daemon, count: int, turns: int) -> float:
    """CPU seconds until so many, each of whom waits for a while, are told that none is free."""

    async def wait(askers: list[Asker]) -> None:
        for asker in askers:
            await asker.send("POST", "/v1/leases", {"owner": "bench", "pool": "one", "wait": SHORT_S})
        for asker in askers:
            status, body = await asker.answer()
            if status != 409:
                raise RuntimeError(f"{status} {body!r}")

    return _each_cpu(daemon, lambda: with_askers(daemon, count, wait), turns)


def _each_cpu(daemon: Daemon, act: Callable[[], object], turns: int) -> float:
    """CPU seconds of one act of so many."""

    def all_turns() -> None:
        for _ in range(turns):
            act()

    return _cpu(daemon, all_turns) / turns


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
