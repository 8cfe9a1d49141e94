"""Signals that end a wait in order.

Rule: a signal raises only where the main thread waits for something outside, never between two steps of a library: an
exception there can leave a lock held for ever (that of urllib3's queue of connections, or of the `threading` module's
conditions), and the command would wait for that lock for ever while it cleans up.  A signal that comes elsewhere is
kept, and tried again shortly after.  One that was ignored when the command began stays ignored (nohup, jobs in the
background of a script).
"""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterable, Iterator
from types import FrameType
from typing import NoReturn

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
WAKING = signal.SIGALRM
"""The signal of `wake`, and of an alarm that the parent process set."""
_LOOK_AGAIN_S = 0.02
MARK = "INTERRUPTIBLE"
"""What a module of ours is true of that sleeps, connects, reads or writes, and may be left at any point: what it locks,
it locks by a `with` of the interpreter's own locks."""
LIBRARIES = {
    "http.client": frozenset({"send"}),
    "socket": frozenset({"create_connection", "getaddrinfo", "readinto"}),
    "ssl": frozenset({"do_handshake", "read", "recv", "recv_into", "send", "sendall", "write"}),
    "urllib3.util.connection": frozenset({"create_connection"}),
}
"""The functions of libraries that may be left at any point, by module.  The other functions of these modules may not:
an object that they leave half made is later cleared away by code that relies on all of it."""


class _PendingSignals:
    """The signals that came within the current block.

    `kept`: at least one has not raised yet; `armed`: the next alarm is this module's own; `held`: none may raise now.
    """

    def __init__(self) -> None:
        self.came: list[int] = []
        self.kept = self.armed = self.held = False


_block = _PendingSignals()


class Interrupted(BaseException):
    """A signal asked the command to end; no `except Exception` may swallow it."""

    def __init__(self, number: int) -> None:
        super().__init__(f"interrupted by {signal.Signals(number).name}")
        self.signal = number


@contextlib.contextmanager
def interruptible(signals: Iterable[signal.Signals] = ENDING) -> Iterator[None]:
    """Let these signals raise Interrupted within the block, in the main thread, where it waits.

    An alarm that the parent process set does so too.
    """
    _forget()
    alarm = signal.signal(signal.SIGALRM, _alarm if not_ignored([signal.SIGALRM]) else _look_again)
    before = {number: signal.signal(number, _interrupt) for number in not_ignored(signals)}
    try:
        yield
    finally:  # in this order: nothing is kept, and so no alarm set, once the one that keeps is gone
        for number, handler in before.items():
            signal.signal(number, handler)
        _forget()
        signal.signal(signal.SIGALRM, alarm)


@contextlib.contextmanager
def held() -> Iterator[None]:
    """Let no signal raise within the block, which must end soon: it already does what the first signal asked for."""
    _block.held = True
    try:
        yield
    finally:
        _block.held = False


def again() -> None:
    """Raise Interrupted if a signal came that did not end the block; do nothing otherwise.

    The signal may have come where nothing waits, or Python may have dropped the exception because it was raised while
    an object was cleared away.  Call this in each turn of a loop that waits, and after a wait before the next step.
    """
    if _block.came:
        _raise()


def wake() -> None:
    """Have the main thread's wait end with Interrupted by WAKING, from another thread, within an `interruptible`."""
    import threading

    signal.pthread_kill(threading.main_thread().ident or 0, WAKING)


def not_ignored(signals: Iterable[signal.Signals]) -> list[signal.Signals]:
    """Return those of the signals that this process does not ignore."""
    return [number for number in signals if signal.getsignal(number) is not signal.SIG_IGN]


def _interrupt(number: int, frame: FrameType | None) -> None:
    _block.came.append(number)
    _block.kept = True
    _look_again(number, frame)


def _alarm(number: int, frame: FrameType | None) -> None:
    if _block.armed:
        _look_again(number, frame)
    else:
        _interrupt(number, frame)


def _look_again(_number: int, frame: FrameType | None) -> None:
    _block.armed = False
    if not _block.kept:
        return
    if not _block.held and frame is not None and _waits(frame):
        _raise()
    _block.armed = True
    signal.setitimer(signal.ITIMER_REAL, _LOOK_AGAIN_S)


def _waits(frame: FrameType) -> bool:
    facts = frame.f_globals
    return facts.get(MARK) is True or frame.f_code.co_name in LIBRARIES.get(facts.get("__name__", ""), ())


def _raise() -> NoReturn:
    _block.kept = False
    raise Interrupted(_block.came[0])


def _forget() -> None:
    _block.came.clear()
    _block.kept = False
    if _block.armed:
        signal.setitimer(signal.ITIMER_REAL, 0)
        _block.armed = False
