"""The shells that people and CI have: each reads what is written for a shell, in tests."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from . import needs
from .commandline import DEADLINE_S, Done

SHELLS = {
    "dash": ("dash",),
    "bash": ("bash",),
    "bash --posix": ("bash", "--posix"),
    "zsh": ("zsh",),
    "mksh": ("mksh",),
    "busybox sh": ("busybox", "sh"),
}
every_shell = pytest.mark.parametrize("shell", SHELLS)


def command(shell: str) -> list[str]:
    """What starts it, without a file of its own that it would read first."""
    program, *arguments = SHELLS[shell]
    return [needs.program(program, program), *arguments, *(["-f"] if shell == "zsh" else [])]


def run(shell: str, script: str, env: Mapping[str, str], cwd: Path | None = None, enter: Sequence[str] = ()) -> Done:
    """Run a script by that shell, to its end; `enter` leads into a network."""
    return subprocess.run(
        [*enter, *command(shell), "-c", script],
        capture_output=True, text=True, timeout=DEADLINE_S, check=False, env=env, cwd=cwd,
    )  # fmt: skip
