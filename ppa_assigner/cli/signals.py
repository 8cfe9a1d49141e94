"""Signals that end a wait in order.

Rule: a signal raises only where the main thread waits for something outside, never between two steps of a library: what
is raised there can leave a lock held for ever (that of urllib3's queue of connections, or of the `threading` module's
conditions), on which the command's last act would wait for ever.  A signal that comes elsewhere is kept, and looked at
again shortly after.  One that was ignored when the command began stays ignored (nohup, jobs in the background of a
script).
"""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from types import FrameType
from typing import NoReturn

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_LOOK_AGAIN_S = 0.02
_OURS = frozenset(
    {
        "ppa_assigner.cli.oauth",
        "ppa_assigner.cli.login",
        "ppa_assigner.cli.operator",
        "ppa_assigner.cli.output",
        "ppa_assigner.cli.progress",
        "ppa_assigner.cli.watch",
        "ppa_assigner.client.retry",
        "ppa_assigner.client.events",
        "ppa_assigner.client.transport",
        "ppa_assigner.launchpad.sockets",
    }
)
"""The modules that sleep, connect, read or write, and whose code may be left at any point: what they lock, they lock by
a `with` of the interpreter's own locks."""
_LIBRARIES = {
    "http.client": frozenset({"send"}),
    "socket": frozenset({"create_connection", "getaddrinfo", "readinto"}),
    "ssl": frozenset({"do_handshake", "read", "recv", "recv_into", "send", "sendall", "write"}),
    "urllib3.util.connection": frozenset({"create_connection"}),
}
"""The functions of others that do: what is made by those beside them must not be left half made, for it is cleared away
by code that counts on all of it."""


@dataclass
class _PendingSignals:
    """What came within the block under way: `kept`, some of it has not raised; `armed`, the next alarm is our own."""

    came: list[int] = field(default_factory=list)
    kept: bool = False
    armed: bool = False
    held: bool = False


_block = _PendingSignals()


class Interrupted(BaseException):
    """A signal asked the command to end; no `except Exception` may swallow it."""

    def __init__(self, number: int) -> None:
        super().__init__(f"interrupted by {signal.Signals(number).name}")
        self.signal = number


@contextlib.contextmanager
def interruptible(signals: Iterable[signal.Signals] = ENDING) -> Iterator[None]:
    """Within the block these signals, and an alarm that the caller's parent set, raise Interrupted in the main thread,
    where it waits.
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
    """Within the block, which must end soon, no signal raises: it does what the first one asked for."""
    _block.held = True
    try:
        yield
    finally:
        _block.held = False


def again() -> None:
    """Raise Interrupted for a signal that came and did not end the block: it came where nothing waits, or Python
    dropped what was raised while it cleared an object away.  Whoever waits in a loop calls this in each turn, and who
    has waited, before the next step.
    """
    if _block.came:
        _raise()


def not_ignored(signals: Iterable[signal.Signals]) -> list[signal.Signals]:
    """Those that this process was not told to ignore."""
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
    module = frame.f_globals.get("__name__", "")
    return module in _OURS or frame.f_code.co_name in _LIBRARIES.get(module, ())


def _raise() -> NoReturn:
    _block.kept = False
    raise Interrupted(_block.came[0])


def _forget() -> None:
    _block.came.clear()
    _block.kept = False
    if _block.armed:
        signal.setitimer(signal.ITIMER_REAL, 0)
        _block.armed = False
