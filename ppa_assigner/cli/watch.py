"""`status --watch`: the table of PPAs, redrawn as long as the command runs.

Rule: it draws only on a terminal, and within its height; an outage is shown below what was known before it.
"""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NoReturn

from ..client.errors import Unavailable, UsageError
from . import output, signals

if TYPE_CHECKING:
    from ..client import PPA

REFRESH_S = 2.0
_HOME, _REST_OF_LINE, _REST_OF_SCREEN, _ALL = "\x1b[H", "\x1b[K", "\x1b[J", "\x1b[2J"


def check_terminal(json: bool) -> None:
    """Raise UsageError where nobody could watch: with --json, or where stdout is not a terminal."""
    if json:
        raise UsageError("--watch or --json, not both")
    if not sys.stdout.isatty():
        raise UsageError("--watch draws on a terminal, and stdout is not one; events --follow writes into pipes")


def watch_ppas(known: Callable[[], Sequence[PPA]], away: Callable[[], str | None]) -> NoReturn:
    """Draw the PPAs that `known` returns every two seconds, and below them the remark of `away`.

    Ends only by raising: Interrupted on a signal, or an error that does not go away by itself.
    """
    found: Sequence[PPA] = ()
    trouble = None
    _write(_ALL)
    with signals.interruptible():
        while True:
            try:
                found, trouble = known(), away()
            except Unavailable as error:
                trouble = str(error)
            _draw(output.drawn(found), trouble)
            signals.again()
            time.sleep(REFRESH_S)


def _draw(lines: Sequence[str], trouble: str | None) -> None:
    """Draw as many lines as fit; one stays free for the cursor, another for a remark."""
    space = max(1, shutil.get_terminal_size().lines - 2)
    remark = output.escaped(trouble) if trouble is not None else None
    if remark is None and len(lines) > space:
        remark = f"{len(lines) - space} lines more: name PPAs or a --pool to see them"
    shown = [*lines[:space], *([remark] if remark is not None else ())]
    _write(_HOME + "".join(f"{line}{_REST_OF_LINE}\n" for line in shown) + _REST_OF_SCREEN)


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
