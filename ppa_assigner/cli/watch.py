"""`status --watch`: rows, redrawn as long as the command runs.

Rule: it draws only on a terminal, and within its height and width; an outage is shown below what was known before it.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from typing import NoReturn

from ..client.errors import Unavailable, UsageError
from . import output, signals

INTERRUPTIBLE = True
"""A signal may end a command's wait anywhere in this module: what it locks, it locks by a `with`."""

REFRESH_S = 2.0
_HOME, _REST_OF_LINE, _REST_OF_SCREEN, _ALL = "\x1b[H", "\x1b[K", "\x1b[J", "\x1b[2J"


def check_terminal(rows: bool) -> None:
    """Raise UsageError where nobody could watch: no rows were asked for, or stdout is not a terminal."""
    if not rows:
        raise UsageError("--watch draws rows: it goes with -o wide, and not with --json or another -o")
    if not sys.stdout.isatty():
        raise UsageError("--watch draws on a terminal, and stdout is not one; events --follow writes into pipes")


def watch_lines(known: Callable[[], Sequence[str]], away: Callable[[], str | None]) -> NoReturn:
    """Draw the lines that `known` returns every two seconds, and below them the remark of `away`.

    Ends only by raising: Interrupted on a signal, or an error that does not go away by itself.
    """
    found: Sequence[str] = ()
    trouble = None
    _write(_ALL)
    with signals.interruptible():
        while True:
            try:
                found, trouble = known(), away()
            except Unavailable as error:
                trouble = str(error)
            _draw(found, trouble)
            signals.again()
            time.sleep(REFRESH_S)


def _draw(lines: Sequence[str], trouble: str | None) -> None:
    """Draw as many lines as fit; one stays free for the cursor, another for a remark."""
    from .rows import shortened

    width, height = output.terminal_size()
    space = max(1, height - 2)
    remark = output.escaped(trouble) if trouble is not None else None
    if remark is None and len(lines) > space:
        remark = f"{len(lines) - space} lines more: name PPAs, or a --pool, --owner or --state, to see them"
    shown = [*lines[:space], *([remark] if remark is not None else ())]
    fitting = (shortened(line, width) for line in shown)
    _write(_HOME + "".join(f"{line}{_REST_OF_LINE}\n" for line in fitting) + _REST_OF_SCREEN)


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
