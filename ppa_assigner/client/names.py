"""The addresses of a host by its name, or none within a time.

Rule: the system's resolver takes no deadline and cannot be interrupted, so a thread asks it, and is left behind when it
takes too long.  Who wants the same addresses meanwhile waits for the same thread: a resolver that hangs has one.
"""

from __future__ import annotations

import errno
import socket
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import Any

INTERRUPTIBLE = True
"""A signal may end a command's wait anywhere in this module: what it locks, it locks by a `with`."""

Addresses = list[Any]


class _LookUp:
    """One question to the resolver."""

    def __init__(self) -> None:
        self._waiting: list[SimpleQueue[None]] = []
        self._answer: Addresses | OSError | None = None

    def answered(self, answer: Addresses | OSError) -> None:
        self._answer = answer  # before who waits is woken: who comes later sees it
        for each in self._waiting:
            each.put(None)

    def answer(self, within: float) -> Addresses:
        """Wait for the answer.  Raises OSError."""
        woken: SimpleQueue[None] = SimpleQueue()
        self._waiting.append(woken)
        if self._answer is None:
            try:
                woken.get(timeout=max(0.0, within))
            except Empty:
                raise OSError(errno.ETIMEDOUT, "its name is not looked up in time") from None
        if isinstance(self._answer, OSError):
            raise OSError(self._answer.errno, self._answer.strerror)
        return self._answer or []


_pending: dict[tuple[bytes, int], _LookUp] = {}
_lock = Lock()


def addresses(name: bytes, port: int, within: float) -> Addresses:
    """What getaddrinfo returns, within these seconds.  Raises OSError."""
    with _lock:
        look_up = _pending.get((name, port)) or _started(name, port)
    return look_up.answer(within)


def _started(name: bytes, port: int) -> _LookUp:
    look_up = _LookUp()
    try:
        Thread(target=_ask, args=(look_up, name, port), name="names", daemon=True).start()
    except RuntimeError as error:
        raise OSError(errno.EAGAIN, f"its name is not looked up: {error}") from error
    _pending[name, port] = look_up
    return look_up


def _ask(look_up: _LookUp, name: bytes, port: int) -> None:
    try:
        answer: Addresses | OSError = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    except OSError as error:
        answer = error
    with _lock:
        _pending.pop((name, port), None)
    look_up.answered(answer)
