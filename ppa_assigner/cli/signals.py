"""Signals that end a wait in order.

Rule: a signal that was ignored when the command began stays ignored (nohup, jobs in the background of a script).
"""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterable, Iterator
from types import FrameType
from typing import NoReturn

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_came: list[int] = []  # within the block, in order


class Interrupted(BaseException):
    """A signal asked the command to end; no `except Exception` may swallow it."""

    def __init__(self, number: int) -> None:
        super().__init__(f"interrupted by {signal.Signals(number).name}")
        self.signal = number


@contextlib.contextmanager
def interruptible(signals: Iterable[signal.Signals] = ENDING) -> Iterator[None]:
    """Within the block these signals raise Interrupted in the main thread."""
    _came.clear()
    before = {number: signal.signal(number, _interrupt) for number in not_ignored(signals)}
    try:
        yield
    finally:
        _came.clear()
        for number, handler in before.items():
            signal.signal(number, handler)


def again() -> None:
    """Raise Interrupted for a signal that came and did not end the block: Python drops what is raised while it clears
    an object away.  Whoever waits in a loop calls this in each turn.
    """
    if _came:
        raise Interrupted(_came[0])


def not_ignored(signals: Iterable[signal.Signals]) -> list[signal.Signals]:
    """Those that this process was not told to ignore."""
    return [number for number in signals if signal.getsignal(number) is not signal.SIG_IGN]


def _interrupt(number: int, _frame: FrameType | None) -> NoReturn:
    _came.append(number)
    raise Interrupted(number)
