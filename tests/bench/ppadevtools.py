"""`ppa wait` of ppa-dev-tools beside `ppa-assigner wait`: how soon each ends, and what it asks of Launchpad.

Rule: both are commands that wait for packages to be published, one for each PPA, begun at moments that are spread over
its pauses; theirs does not know the index that apt reads.
"""

from __future__ import annotations

import importlib.metadata
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from statistics import median
from subprocess import PIPE, STDOUT, Popen

from ..processes import Daemon, environment
from .coordinator import VENV
from .processtable import let_pass
from .rows import Row
from .site import Site

POLL_S = 10.0
"""Between two of its looks, by default."""
MOST_S = 120.0
NOTES = (
    "`ppa wait` polls every 10 s and sleeps once more before it ends; it waits for all that a PPA holds, and does not "
    "see the index.  It always asks Launchpad itself: here what launchpadlib takes for its address is replaced.  0.6.0 "
    "is measured: the `wait` of 0.7.0 ends with an AttributeError as soon as there is a source "
    "(`SourcePublication` without `date_published`).",
)
LACKING = (
    "`ppa wait` of ppa-dev-tools is not measured beside it: it is not installed (`make bench` installs it into "
    ".venv-bench, with a network)."
)


def version() -> str:
    """Of ppa-dev-tools; empty where it is not installed for the bench."""
    packages = [str(path) for path in VENV.glob("lib/python*/site-packages")]
    return next((one.version for one in importlib.metadata.distributions(name="ppa-dev-tools", path=packages)), "")


def measure(where: Site, daemon: Daemon, theirs: Sequence[str], leases: Mapping[str, str], pause: float) -> list[Row]:
    """Rows of theirs, in PPAs with nothing else in them, and of ours, in leased ones; none where theirs is not
    installed.  `pause`: the longest that a look may be away.
    """
    if not version():
        return []
    with where.slow():
        return [
            *_rows(
                where, f"`ppa wait` of ppa-dev-tools {version()}", _theirs(where, min(POLL_S, pause)), theirs, pause
            ),
            *_rows(where, "`ppa-assigner wait`", partial(_ours, daemon, leases), list(leases), pause),
        ]


def _theirs(where: Site, poll: float) -> Callable[[str], list[str]]:
    """Its command lines, with a configuration and credentials of their own."""
    configuration, credentials = where.folder / "ppa.yml", where.folder / "launchpad.credentials"
    configuration.write_text(f"wait_seconds: {poll}\n")
    script, root = str(Path(__file__).with_name("ppawait.py")), where.launchpad.service_root

    def command(ppa: str) -> list[str]:
        owner, _, name = ppa.removeprefix("~").split("/")
        words = ["wait", "--log", "--config", str(configuration), "--credentials", str(credentials)]
        return [str(VENV / "bin" / "python"), script, root, *words, f"ppa:{owner}/{name}"]

    return command


def _ours(daemon: Daemon, leases: Mapping[str, str], ppa: str) -> list[str]:
    words = ["wait", leases[ppa], "--for", "published", "--url", f"unix:{daemon.address}"]
    return [sys.executable, "-m", "ppa_assigner.cli", *words]


def _rows(
    where: Site, who: str, command: Callable[[str], list[str]], ppas: Sequence[str], pause: float
) -> Iterator[Row]:
    """One wait for each of these PPAs."""
    control, processes = where.launchpad.control, list[Popen[str]]()
    for ppa in ppas:
        binary = {"name": "beside", "arch": "amd64", "status": "Pending"}
        control.upload(ppa, "beside", "1", status="Pending", binaries=[binary])
    before = control.last()
    for ppa in ppas:
        processes.append(_started(where, command(ppa)))
        let_pass(pause / len(ppas))
    let_pass(pause)
    control.run("publisher")
    seconds = _ends(processes, time.monotonic())
    yield Row(f"{who}: from the publication to its end, median of {len(seconds)}", median(seconds), "s")
    yield Row(f"{who}: the same, the longest", max(seconds), "s")
    yield Row(f"{who}: requests to Launchpad for each", (control.last() - before) / len(ppas), "requests")


def _started(where: Site, command: list[str]) -> Popen[str]:
    env = {**environment(where.folder), "HOME": str(where.folder), "TERM": "dumb"}
    return Popen(command, env=env, stdout=PIPE, stderr=STDOUT, text=True, cwd=os.fspath(Path(__file__).parents[2]))


def _ends(processes: Sequence[Popen[str]], there: float) -> list[float]:
    """How long after that moment each ended well.  Raises RuntimeError for one that did not."""

    def end(process: Popen[str]) -> float:
        told, _ = process.communicate(timeout=MOST_S)
        if process.returncode:
            raise RuntimeError(f"{process.args!r} ended with {process.returncode}: {told[-1000:]}")
        return time.monotonic() - there

    try:
        with ThreadPoolExecutor(len(processes)) as threads:
            return list(threads.map(end, processes))
    finally:
        for process in processes:
            process.kill()
