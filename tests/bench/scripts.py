"""An assign beside what people do now: a script with launchpadlib for each, or a process with an object per thread."""

from __future__ import annotations

import sys
from pathlib import Path
from statistics import median

import launchpadlib

from ..processes import Daemon, environment
from . import asking, bare as floors
from .interpreter import with_threads
from .processtable import Run, cpu_s, rss_mb, run
from .rows import Row, Table, beside
from .scale import Scale
from .site import Launchpad, Site, pid, site

DESCRIPTION = Path(launchpadlib.__file__).parent / "testing" / "launchpad-wadl.xml"
PARSE = """\
import sys, wadllib.application
wadllib.application.Application("https://api.launchpad.net/1.0/", open(sys.argv[1], "rb").read())
"""
MS = 1000
NOTES = (
    "What differs: the scripts write two requests' worth (load, save) and stop there; they do not look whether the PPA "
    "is empty, cannot wait in a line, clean nothing, and two that load before either saves are told apart only by the "
    "ETag.  The daemon does one request, for it knows the record already.",
    "Each script's latency is that of the whole script, the login's requests included.  Of the threads, latency is "
    "without the login, CPU and memory are with it.",
    "The HTTP clients queue for the daemon's 4 connections for assigning; the threads have a connection each.",
    "Memory for one: all memory of the processes that take so many at once, divided by how many those are.  The "
    "commands run one after the other: each has the whole daemon beside it.",
    "The floor of latency, and of the daemon's CPU, is one bare PATCH on a connection that is open; the daemon's CPU "
    "has its answer over HTTP in it too.  The floor of memory is an interpreter that has imported what the daemon "
    "imports, divided likewise.",
    "The stand-in's description of itself is small.  Launchpad's own takes each script, and each thread, what the last "
    "line says on top (the one that launchpadlib ships, 1.5 MB, parsed once by wadllib).",
)


def measure(scale: Scale, launchpad: Launchpad) -> Table:
    """Scripts one after the other; threads and clients of the daemon all at once."""
    with site(launchpad, scale.delay) as where:
        count = scale.crowd
        daemon = where.daemon("mine", where.ppas("mine", count + 2 * scale.scripts), verify_age=None).start()
        taken = where.ppas("theirs", max(count, scale.scripts))
        with where.slow():
            floor, cpu_floor = floors.patches(where, "bare")
            scripts = _scripts(where, taken[: scale.scripts])
            threads = _threads(where, taken[:count])
            clients, cpu = _clients(daemon, count)
            commands, more = _commands(daemon, scale.scripts)
        memory, imports = rss_mb(pid(daemon)), with_threads().mb
        return Table("Beside launchpadlib in a script", [
            *_rows("script for each assign", scripts, 1, floor),
            *_rows(f"one process, {count} threads with an object each", [threads], count, floor),
            beside("`ppa-assigner assign` for each: latency",
                   median(one.wall for one in commands) * MS, floor * MS, "ms"),
            Row("`ppa-assigner assign` for each: CPU, daemon included",
                (median(one.cpu for one in commands) + more) * MS, "ms"),
            Row("`ppa-assigner assign` for each: memory, daemon included",
                median(one.mb for one in commands) + memory, "MB"),
            beside(f"{count} HTTP clients at once: latency", median(clients) * MS, floor * MS, "ms"),
            beside(f"{count} HTTP clients at once: CPU of the daemon for one", cpu * MS, cpu_floor * MS, "ms"),
            beside(f"{count} HTTP clients at once: memory of the daemon for one",
                   memory / count, imports / count, "MB"),
            Row("Launchpad's own description, parsed once: CPU", _parsing(scale) * MS, "ms"),
        ], NOTES)  # fmt: skip


def _rows(what: str, runs: list[Run], count: int, floor: float) -> list[Row]:
    saves = [float(seconds) for one in runs for seconds in one.out.split()]
    whole = median(one.wall for one in runs)
    latency = whole if count == 1 else median(saves)
    return [
        beside(f"{what}: latency{'' if count == 1 else ', login not counted'}", latency * MS, floor * MS, "ms"),
        Row(f"{what}: CPU for one", median(one.cpu for one in runs) / count * MS, "ms"),
        Row(f"{what}: memory for one", median(one.mb for one in runs) / count, "MB"),
    ]


def _scripts(where: Site, ppas: list[str]) -> list[Run]:
    _script(where, ppas[:1])  # the cache is warm
    return [_script(where, [ppa]) for ppa in ppas]


def _threads(where: Site, ppas: list[str]) -> Run:
    return _script(where, ppas)


def _script(where: Site, ppas: list[str]) -> Run:
    command = [sys.executable, "-m", "tests.bench.lpscript", str(where.folder), where.launchpad.service_root, *ppas]
    return run(command, environment(where.folder))


def _clients(daemon: Daemon, count: int) -> tuple[list[float], float]:
    """What each assign takes, and CPU seconds of the daemon for one."""
    before = cpu_s(pid(daemon))
    times = asking.with_askers(daemon, count, lambda askers: asking.crowd(askers, 1))
    return times, (cpu_s(pid(daemon)) - before) / count


def _commands(daemon: Daemon, count: int) -> tuple[list[Run], float]:
    """One after the other, and CPU seconds of the daemon for one."""
    command = [
        sys.executable,
        "-m",
        "ppa_assigner.cli",
        "assign",
        "--owner",
        "bench",
        "--url",
        f"unix:{daemon.address}",
    ]
    before = cpu_s(pid(daemon))
    runs = [run(command, environment(daemon.folder)) for _ in range(count)]
    return runs, (cpu_s(pid(daemon)) - before) / count


def _parsing(scale: Scale) -> float:
    bare = [run([sys.executable, "-c", "import sys, wadllib.application"]).cpu for _ in range(scale.rounds)]
    whole = [run([sys.executable, "-c", PARSE, str(DESCRIPTION)]).cpu for _ in range(scale.rounds)]
    return median(whole) - median(bare)
