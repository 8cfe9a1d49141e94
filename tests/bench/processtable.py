"""What the kernel says a process has used."""

from __future__ import annotations

import os
import re
import subprocess
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

_TICK_S = 1.0 / os.sysconf("SC_CLK_TCK")
_never = threading.Event()


def cpu_s(pid: int) -> float:
    """Seconds of a core, user and system, of all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * _TICK_S


def rss_mb(pid: int) -> float:
    """Resident memory, MB."""
    return _status(pid, "VmRSS") / 1024


def threads(pid: int) -> int:
    """How many it has."""
    return _status(pid, "Threads")


def let_pass(seconds: float) -> None:
    """Watch that long."""
    _never.wait(seconds)


@dataclass(frozen=True)
class Run:
    """A process from its start to its end: seconds by the clock, of a core, and the most MB it had."""

    wall: float
    cpu: float
    mb: float
    out: str


def run(command: Sequence[str], env: Mapping[str, str] | None = None) -> Run:
    """Run it to its end.  Raises RuntimeError if that was no good one."""
    start = perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env=env)
    assert process.stdout is not None
    with process.stdout:
        out = process.stdout.read().decode()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{command} ended with {process.returncode}: {out}")
    return Run(perf_counter() - start, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, out)


def _status(pid: int, name: str) -> int:
    found = re.search(rf"^{name}:\s+(\d+)", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    if found is None:
        raise RuntimeError(f"no {name} of process {pid}")
    return int(found[1])
