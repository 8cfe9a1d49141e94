"""Acquire and release beside labgrid's coordinator, by its own client."""

from __future__ import annotations

import importlib.metadata
import os
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median
from subprocess import DEVNULL, Popen
from time import perf_counter

from ..ports import free_port
from ..processes import Daemon, environment
from ..waiting import until
from . import bare as floors
from .processtable import Run, cpu_s, rss_mb, run
from .rows import Row, Table, beside
from .scale import Scale
from .site import Launchpad, pid, site

VENV = Path(__file__).parents[2] / ".venv-bench"
PLACES = 100
MS = 1000
NOTES = (
    "What differs: the coordinator keeps its places in memory and writes a file now and then, asks nobody, and a place "
    "is free at once when it is released; the daemon answers when Launchpad has the new record (one request of 50 ms "
    "for each, in the figures here), and what was released is cleaned before it is lent again.  The coordinator drops "
    "all holders and reservations whenever it reads its file (26.0.1): each restart forgets who holds what; the daemon "
    "does not.",
    "Neither has more than one client here.  The floor of both command lines is the interpreter that does nothing; "
    "that of the client that stays connected are two bare PATCHes, one after the other.",
    "PPAs are cleaned a second after their release, while the next ones are taken: the daemon's CPU has most cleans in "
    "it, the coordinator's has none to do.",
)


def available() -> bool:
    """Whether labgrid is installed for the bench (`make bench` does that)."""
    return (VENV / "bin" / "labgrid-coordinator").exists()


def version() -> str:
    """Of labgrid; empty where it is not installed for the bench."""
    packages = [str(path) for path in VENV.glob("lib/python*/site-packages")]
    return next((one.version for one in importlib.metadata.distributions(name="labgrid", path=packages)), "")


def measure(scale: Scale, launchpad: Launchpad) -> Table:
    """A place or a PPA taken and given back, by a command each, then by a client that stays connected."""
    if not available():
        raise RuntimeError("labgrid is not installed: `make bench` installs it into .venv-bench")
    with site(launchpad, scale.delay) as where:
        daemon = where.daemon("beside", where.ppas("beside", scale.scripts + 2 * scale.samples + 2), verify_age=None)
        daemon.start()
        coordinator, address = _coordinator(where.folder)
        where.stack.callback(coordinator.wait, 10)
        where.stack.callback(coordinator.kill)
        env = {**environment(where.folder), "LG_COORDINATOR": address}
        with where.slow():
            floor = median(run([sys.executable, "-c", "pass"], env).wall for _ in range(scale.scripts))
            theirs = _commands(scale.scripts, lambda: _place("acquire", env), lambda: _place("release", env))
            mine = _commands(scale.scripts, *_taking(daemon))
            two = floors.patches(where, "bare", 2).wall
            held, coordinating = _spent(coordinator.pid, lambda: _staying(scale, env))
            leased, lending = _spent(pid(daemon), lambda: _leases(daemon, scale.samples))
        return Table(f"Beside labgrid's coordinator (labgrid {version()})", [
            beside("labgrid: acquire and release by two commands", theirs[0] * MS, 2 * floor * MS, "ms"),
            Row("labgrid: CPU of both commands", theirs[1] * MS, "ms"),
            beside("ppa-assigner: assign and release by two commands", mine[0] * MS, 2 * floor * MS, "ms"),
            Row("ppa-assigner: CPU of both commands", mine[1] * MS, "ms"),
            Row("labgrid: acquire and release by a client that stays connected", held * MS, "ms"),
            beside("ppa-assigner: assign and release by one that stays connected", leased * MS, two * MS, "ms"),
            Row("labgrid: CPU of the coordinator for both", coordinating / scale.samples * MS, "ms"),
            Row("ppa-assigner: CPU of the daemon for both, and the cleans meanwhile",
                lending / scale.samples * MS, "ms"),
            Row("labgrid: memory of the coordinator", rss_mb(coordinator.pid), "MB"),
            Row("ppa-assigner: memory of the daemon", rss_mb(pid(daemon)), "MB"),
        ], NOTES)  # fmt: skip


def _spent(process: int, act: Callable[[], float]) -> tuple[float, float]:
    """What the act gives, and CPU seconds of the process while it lasts."""
    before = cpu_s(process)
    return act(), cpu_s(process) - before


def _coordinator(folder: Path) -> tuple[Popen[bytes], str]:
    """In an empty folder, for it keeps its file where it is started."""
    port = free_port()
    home = folder / "labgrid"
    home.mkdir()
    command = [str(VENV / "bin" / "labgrid-coordinator"), "-l", f"127.0.0.1:{port}"]
    process = Popen(command, cwd=home, stdout=DEVNULL, stderr=DEVNULL)
    env = {**environment(folder), "LG_COORDINATOR": f"127.0.0.1:{port}"}

    def made() -> bool:
        assert process.poll() is None
        try:
            _place("create", env)
        except RuntimeError:
            return False
        return True

    until(made, "the coordinator", 60)
    return process, env["LG_COORDINATOR"]


def _place(act: str, env: dict[str, str]) -> Run:
    more = ["--allow-unmatched"] if act == "acquire" else []
    return run([str(VENV / "bin" / "labgrid-client"), "-p", "one", act, *more], env)


def _taking(daemon: Daemon) -> tuple[Callable[[], Run], Callable[[], Run]]:
    env, leases = environment(daemon.folder), list[str]()
    command, url = [sys.executable, "-m", "ppa_assigner.cli"], ["--url", f"unix:{daemon.address}"]

    def assign() -> Run:
        taken = run([*command, "assign", "--owner", "bench", "--export", *url], env)
        leases.append(taken.out.partition("PPA_LEASE_ID='")[2].partition("'")[0])
        return taken

    return assign, lambda: run([*command, "release", leases.pop(), *url], env)


def _commands(count: int, take: Callable[[], Run], give: Callable[[], Run]) -> tuple[float, float]:
    """Median seconds by the clock, and of a core."""
    both = [(take(), give()) for _ in range(count)]
    return median(a.wall + b.wall for a, b in both), median(a.cpu + b.cpu for a, b in both)


def _staying(scale: Scale, env: dict[str, str]) -> float:
    """By labgrid's own client session."""
    program = str(Path(__file__).with_name("labgridloop.py"))
    return float(run([str(VENV / "bin" / "python"), program, str(scale.samples)], {**env, **_quiet()}).out.split()[-1])


def _leases(daemon: Daemon, count: int) -> float:
    times = []
    for _ in range(count):
        start = perf_counter()
        lease = daemon.assign().json()["id"]
        daemon.http.delete(f"/v1/leases/{lease}")
        times.append(perf_counter() - start)
    return median(times)


def _quiet() -> dict[str, str]:
    return {"GRPC_VERBOSITY": "NONE", "PATH": os.environ["PATH"]}
