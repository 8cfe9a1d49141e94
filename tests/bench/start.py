"""From nothing to ready: the daemon with a thousand PPAs of one team, again under load, and the command line."""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from statistics import median
from threading import Event, Thread
from typing import Any

import httpx

from ..processes import Daemon, environment
from . import bare as floors
from .interpreter import with_threads
from .processtable import cpu_s, rss_mb, run, threads
from .rows import Row, Table, at_most, beside
from .scale import Scale
from .site import Launchpad, Site, assigned, pid, site

PAGE = 300
LOGIN = 2  # requests that it takes at least: the description of the service, and its root
ALWAYS_S = 0.05
LOAD = 4  # clients that ask all the time
NOTES = (
    "Ready: every PPA was looked at.  The login is two requests, and a third to be told that Launchpad takes us; one "
    "when the description is on the disk.  The seconds begin with the end of its last request: that of the last one "
    "before the first page.  What comes before the login, imports and configuration, is not in the 1.5 s; it is in the "
    "row `from exec to ready`, which has no target.",
    "The floor of the requests are the login's two, and a page for each 300 PPAs.  The floor of the CPU is an "
    "interpreter that imports what the daemon imports, and the pages, requested and parsed; that of the memory is such "
    "an interpreter with as many threads, each of which waits for a queue; that of the threads is one for each PPA.",
    "The floor of the start are the same listings by bare requests, one after the other as each names the next, in "
    "turns with the starts; the stand-in has made the pages before either.",
    "Of the command line the floor is the interpreter that does nothing; of either the quickest run counts, for what "
    "else the host does only adds.",
)


def measure(scale: Scale, launchpad: Launchpad) -> Table:
    """Cold and warm starts; one of them while clients ask on."""
    with site(launchpad, scale.delay) as where:
        ppas = where.ppas("start", scale.ppas)
        cold, warm = where.daemon("cold", ppas), where.daemon("warm", ppas, verify_age=None)
        with where.slow():
            first = _start(where, cold)
            daemon_rows = _sizes(cold, scale.ppas)
            cold.kill()
            again, listings = [], []
            for _ in range(scale.rounds):
                _end(warm)
                again.append(_start(where, warm))
                listings.append(_listing(where))
            under_load = _under_load(warm, scale)
        return Table("Start", [
            beside(f"{scale.ppas:,} PPAs: requests to ready, first start", first["requests"],
                   LOGIN - (-scale.ppas // PAGE), "requests", at_most(8)),
            beside("to ready beyond the login", median(one["seconds"] for one in again),
                   median(one.wall for one in listings), "s", at_most(1.5)),
            Row("from exec to ready, login included", median(one["whole"] for one in again), "s"),
            beside("CPU to ready", median(one["cpu"] for one in again),
                   median(with_threads().cpu + one.cpu for one in listings), "s"),
            *daemon_rows,
            beside("killed and started under load: to the first assign", under_load,
                   median(one["whole"] for one in again) + scale.delay, "s"),
            *_command_line(scale, warm),
        ], NOTES)  # fmt: skip


def _start(where: Site, daemon: Daemon) -> dict[str, Any]:
    before, began = where.launchpad.control.last(), time.monotonic()
    daemon.start()
    ready, used = time.monotonic(), cpu_s(pid(daemon))
    log = where.launchpad.control.log(since=before)
    first = min(one["number"] for one in log if "/ppas" in one["path"])
    login = max(one["ended"] for one in log if one["number"] < first)
    return {"requests": len(log), "seconds": ready - login, "whole": ready - began, "cpu": used}


def _end(daemon: Daemon) -> None:
    """If it runs."""
    if daemon.process is not None and daemon.process.poll() is None:
        daemon.kill()


def _listing(where: Site) -> floors.Spent:
    with floors.bare(where.launchpad, 1) as client:
        wall, cpu = time.perf_counter(), time.process_time()
        client.look()
        return floors.Spent(time.perf_counter() - wall, time.process_time() - cpu)


def _sizes(daemon: Daemon, ppas: int) -> list[Row]:
    count = threads(pid(daemon))
    return [
        beside("memory with all threads", rss_mb(pid(daemon)), with_threads(count).mb, "MB", at_most(150)),
        beside("threads", count, ppas, "threads"),
    ]


def _under_load(daemon: Daemon, scale: Scale) -> float:
    """Seconds from the kill to the first lease, while clients ask again and again."""
    stop = Event()

    def ask() -> None:
        for _ in range(scale.ppas // (2 * LOAD)):  # so that enough are left
            if stop.is_set():
                return
            with suppress(httpx.TransportError):
                daemon.assign(wait=1)
            stop.wait(ALWAYS_S)

    clients = [Thread(target=ask) for _ in range(LOAD)]
    assigned(daemon)
    for client in clients:
        client.start()
    daemon.kill()
    before = time.perf_counter()
    daemon.start(ready=False)
    assigned(daemon, wait=60)
    seconds = time.perf_counter() - before
    stop.set()
    for client in clients:
        client.join(60)
    return seconds


def _command_line(scale: Scale, daemon: Daemon) -> list[Row]:
    ppa = daemon.ppas()[0]["ppa"]
    status = [sys.executable, "-m", "ppa_assigner.cli", "status", "--json", ppa, "--url", f"unix:{daemon.address}"]
    env, runs = environment(daemon.folder), range(scale.scripts)
    bare = [run([sys.executable, "-c", "pass"], env) for _ in runs]
    mine = [run(status, env) for _ in runs]
    wall, floor = min(one.wall for one in mine), min(one.wall for one in bare)
    cpu = min(one.cpu for one in mine) - min(one.cpu for one in bare)
    return [
        beside("`ppa-assigner status` as a whole", wall * 1000, floor * 1000, "ms"),
        Row("of it beyond the interpreter: imports and two requests", (wall - floor) * 1000, "ms", target=at_most(60)),
        Row("of it CPU beyond the interpreter", cpu * 1000, "ms"),
    ]
