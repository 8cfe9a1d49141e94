"""The command line as a process of its own, for tests.

Rule: real processes, real signals; every wait has a deadline.
"""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from io import RawIOBase
from pathlib import Path
from typing import Any

from . import forked
from .forked import Forked, Process

DEADLINE_S = 60.0
NOBODY = "http://127.0.0.1:1"  # for a command that is told no daemon: by itself it would ask whoever is at port 8020
LEADING = ("PPA", "NO_COLOR", "FORCE_", "COLUMNS", "LINES")
PROGRAM = [sys.executable, "-c", "import sys; from ppa_assigner.cli import main; sys.exit(main())"]


def environment(url: str | None = None, **more: str) -> dict[str, str]:
    """This process's, without what would lead a command elsewhere."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(LEADING)}
    return kept | {"PPA_ASSIGNER_URL": url or NOBODY, "PYTHONWARNINGS": "ignore"} | more


def cli_anew(*arguments: str, url: str | None = None, env: Mapping[str, str] | None = None) -> Done:
    """Start an interpreter that runs a command to its end: where the system is asked about its process."""
    return subprocess.run(
        [*PROGRAM, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
        env=environment(url, **(env or {})),
    )


def cli(*arguments: str, url: str | None = None, env: Mapping[str, str] | None = None, stdin: str = "") -> Done:
    """Run a command to its end."""
    return to_its_end("command", arguments, environment(url, **(env or {})), stdin)


def to_its_end(
    prepared: str, arguments: Sequence[str], variables: Mapping[str, str], stdin: str = "", folder: Path | None = None
) -> Done:
    """The same of what is prepared otherwise (see `forked`), or elsewhere."""
    pipes = [os.pipe() for _ in range(3)]
    (given, into), (out, output), (err, errors) = pipes
    process = forked.start(prepared, arguments, variables, given, output, errors, folder=folder)
    for end in (given, output, errors):
        os.close(end)
    with ThreadPoolExecutor(3) as pool:
        pool.submit(_write, into, stdin)
        said = [pool.submit(_read, out), pool.submit(_read, err)]
        try:
            code = process.wait(DEADLINE_S)
            return Done([*PROGRAM, *arguments], code, *(text.result(DEADLINE_S) for text in said))
        finally:
            process.kill()


def _write(file: int, text: str) -> None:
    with suppress(BrokenPipeError), open(file, "w") as pipe:  # who does not read it may end first
        pipe.write(text)


def _read(file: int) -> str:
    with open(file) as pipe:
        return pipe.read()


Done = subprocess.CompletedProcess[str]
Running = Process


@contextmanager
def started(*arguments: str, url: str, env: Mapping[str, str] | None = None) -> Iterator[Running]:
    """A command that runs on; killed when the block ends before it does."""
    process = forked.start_with_pipes("command", arguments, environment(url, **(env or {})))
    with killed_at_last(process):
        yield process


@contextmanager
def killed_at_last(process: subprocess.Popen[Any] | Forked) -> Iterator[None]:
    """Whatever the block's end is, the process does not outlive it."""
    with process:
        try:
            yield
        finally:
            if process.poll() is None:
                process.kill()


def on_terminal(
    *arguments: str, url: str | None = None, env: Mapping[str, str] | None = None, columns: int = 200
) -> tuple[int, str]:
    """Run a command on a terminal of its own, so wide; its exit code and what the terminal got."""
    with at_terminal(*arguments, url=url, env=env, columns=columns) as (process, terminal):
        shown = b""
        try:
            while piece := terminal.read(65536):
                shown += piece
        except OSError:  # Linux: EIO when the last one has closed the other end
            pass
        code = process.wait(DEADLINE_S)
    return code, shown.decode()


@contextmanager
def at_terminal(
    *arguments: str, url: str | None = None, env: Mapping[str, str] | None = None, columns: int = 200, lines: int = 24
) -> Iterator[tuple[Running, RawIOBase]]:
    """A command on a terminal of that size, and the terminal's other end."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    variables = environment(url, TERM="xterm-256color", **(env or {}))
    process = forked.start("command", arguments, variables, theirs, theirs, theirs)
    os.close(theirs)
    with killed_at_last(process), os.fdopen(ours, "rb", buffering=0) as terminal:
        yield process, terminal
