"""What the kernel says a process has used."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_TICK_S = 1.0 / os.sysconf("SC_CLK_TCK")
_LAUNCH = str(Path(__file__).with_name("launch.py"))
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
    launcher = [sys.executable, "-I", "-S", _LAUNCH, *command]
    told = json.loads(subprocess.run(launcher, stdout=subprocess.PIPE, env=env, check=True).stdout)
    if code := told.pop("code"):
        raise RuntimeError(f"{command} ended with {code}: {told['out']}")
    return Run(**told)


def _status(pid: int, name: str) -> int:
    found = re.search(rf"^{name}:\s+(\d+)", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    if found is None:
        raise RuntimeError(f"no {name} of process {pid}")
    return int(found[1])
