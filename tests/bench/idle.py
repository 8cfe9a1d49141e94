"""A daemon that nobody asks: what it costs Launchpad, and the host."""

from __future__ import annotations

import time

from ..processes import Daemon
from . import bare as floors
from .processtable import cpu_s, let_pass
from .rows import Row, Table, at_most, beside
from .scale import Scale
from .site import Launchpad, Site, eventually, pid, site

EVERY_S = 60.0
"""What a daemon looks by unless its configuration says otherwise."""
SETTLED_S = 15.0
"""Until the looks are over that come soon after a start, for the clocks to be believed."""
ROUNDS = 5
NOTES = (
    "At 60 s: the CPU of one look, measured over several that follow each other quickly, spread over a minute, and "
    "what the daemon uses between looks.  The least of the rounds counts, of the look and of its floor: what else the "
    "host does only adds.  Here the connection is kept from look to look; at 60 s it was idle for longer than the 25 s "
    "that it is kept, and each look opens it anew.",
    "The floor of a look's requests is that of its pages: Launchpad gives 300 entries at most with one request.",
    "The floor of a look's CPU are the same pages, requested and parsed, and nothing done with them.",
)


def measure(scale: Scale, launchpad: Launchpad) -> Table:
    """Between looks, and during them."""
    with site(launchpad, 0.0) as where:
        ppas = where.ppas("idle", scale.ppas)
        rest = _rest(where, ppas, scale.rest)
        requests, look = _looks(where, ppas, scale)
        pages = -(-scale.ppas // 300)
        percent = rest + look / EVERY_S * 100
        return Table("Idle cost", [
            beside(f"{scale.ppas:,} PPAs: requests of a look", requests, pages, "requests", at_most(4)),
            beside("CPU of a look", look * 1000, _parsing(where) * 1000, "ms"),
            Row("between looks, of a core", rest, "%"),
            Row("at 60 s, of a core", percent, "%", target=at_most(0.5)),
        ], NOTES)  # fmt: skip


def _rest(where: Site, ppas: list[str], seconds: float) -> float:
    """Percent of a core, of a daemon that does not look."""
    daemon = where.daemon("rest", ppas).start()
    let_pass(SETTLED_S if seconds >= 1.0 else seconds)
    before = cpu_s(pid(daemon))
    let_pass(seconds)
    used = cpu_s(pid(daemon)) - before
    daemon.close()
    return used / seconds * 100


def _looks(where: Site, ppas: list[str], scale: Scale) -> tuple[float, float]:
    """Requests and CPU seconds of a look, in the quietest of some rounds."""
    daemon = where.daemon("looks", ppas, f"{scale.look_every}s").start()
    rounds = [_some_looks(where, daemon, len(ppas), scale) for _ in range(scale.rounds)]
    daemon.close()
    return max(requests for requests, _ in rounds), min(used for _, used in rounds)


def _some_looks(where: Site, daemon: Daemon, count: int, scale: Scale) -> tuple[float, float]:
    control, pages = where.launchpad.control, -(-count // 300)
    begun, before = control.last(), cpu_s(pid(daemon))
    eventually(
        lambda: control.last() - begun >= pages * scale.looks, "the looks", 60 + scale.looks * scale.look_every * 2
    )
    let_pass(scale.look_every / 2)  # the last one is worked off
    used, log = cpu_s(pid(daemon)) - before, control.log(since=begun)
    looks = sum("ws.start" not in one["path"] for one in log)
    return len(log) / looks, used / looks


def _parsing(where: Site) -> float:
    """CPU seconds of this process for the same pages."""
    with floors.bare(where.launchpad, 1) as client:
        times = []
        for _ in range(ROUNDS):
            before = time.process_time()
            client.look()
            times.append(time.process_time() - before)
    return min(times)
