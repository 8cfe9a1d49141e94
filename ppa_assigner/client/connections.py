"""HTTP connections that are kept alive, and answers that end in time and at a size, whatever sends them.

Rule: nothing is waited for beyond the deadline that a request set, from connecting to the last byte of the answer: a
time-out of the socket bounds each single wait only, so an answer that trickles would pass it.  Each request is sent
once.  Nothing here knows what a call means.
"""

from __future__ import annotations

import select
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from . import http1, sockets

if TYPE_CHECKING:
    import socket

LARGEST_BYTES = 64 * 1024 * 1024
"""The most bytes of a response: a list of 50,000 PPAs has less."""
BROKEN = (http1.ProtocolError, OSError)
"""What reading and writing raise where the connection breaks, or what answers does not speak HTTP."""
_KEPT = 4


class ResponseTooLargeError(ValueError):
    """A response is larger than LARGEST_BYTES."""


class ConnectionPool:
    """Connections to one daemon, some of which are kept until `close` or the end of the pool.  Safe for threads."""

    def __init__(self, host: str, connect: Callable[[float], socket.socket]) -> None:
        """`host` with its port is what requests name; `connect` opens a socket within so many seconds."""
        self._host = host
        self._connect = connect
        self._idle: deque[socket.socket] = deque()  # whose own methods no thread and no signal divides
        # A socket that is left to the interpreter warns of itself, and may be collected before the pool's own __del__.
        weakref.finalize(self, _close_all, self._idle).atexit = False

    def close(self) -> None:
        """Close what is kept; the pool can still be used."""
        _close_all(self._idle)

    def send(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str], *, connect: float, read: float
    ) -> OpenResponse:
        """Send a request, and return when the head of its answer is there: within `read` seconds, of which connecting
        takes at most `connect`.  Raises what `connect` of the pool raises, before it is sent, and BROKEN.
        """
        deadline = time.monotonic() + read
        content = http1.request(method, path, {"Host": self._host, **headers}, body)
        opened = self._taken() or self._connect(connect)
        try:
            sockets.send(opened, content, deadline)
            reception = _Reception(opened, deadline, read)
            return OpenResponse(self, reception, http1.answer(method, reception.next))
        except BaseException:
            opened.close()
            raise

    def keep(self, opened: socket.socket) -> None:
        """Take back a connection whose answer was read to its end."""
        if len(self._idle) < _KEPT:
            self._idle.append(opened)
        else:
            opened.close()

    def _taken(self) -> socket.socket | None:
        """The connection that was used last, of those that the daemon has not closed meanwhile."""
        while (opened := _last(self._idle)) is not None:
            if not _readable(opened):
                return opened
            opened.close()
        return None


def _close_all(idle: deque[socket.socket]) -> None:
    while (opened := _last(idle)) is not None:
        opened.close()


def _last(idle: deque[socket.socket]) -> socket.socket | None:
    try:
        return idle.pop()
    except IndexError:
        return None


class _Reception:
    """What comes of a socket by a deadline, or without one each time within `read` seconds."""

    def __init__(self, opened: socket.socket, deadline: float, read: float) -> None:
        self.socket = opened
        self.deadline: float | None = deadline
        self._read = read

    def next(self) -> bytes:
        """Raises OSError; TimeoutError where the time is over."""
        deadline = time.monotonic() + self._read if self.deadline is None else self.deadline
        return sockets.receive(self.socket, deadline)


class OpenResponse:
    """A request that was sent, and its answer, of which the head is there.

    Must be read by `whole`, or closed.
    """

    def __init__(self, pool: ConnectionPool, reception: _Reception, answer: http1.Answer) -> None:
        self._pool, self._reception, self._answer = pool, reception, answer
        self._kept = False
        self.status = answer.status

    def header(self, name: str) -> str:
        """A header of the answer; empty where there is none."""
        return self._answer.header(name)

    def whole(self) -> bytes:
        """The rest of the answer, by the deadline of its head; its connection is kept.  Raises ResponseTooLargeError
        and BROKEN.
        """
        content = bytearray()
        try:
            for piece in self._answer.pieces():
                content += piece
                if len(content) > LARGEST_BYTES:
                    raise ResponseTooLargeError(f"the answer is longer than {LARGEST_BYTES >> 20} MiB")
            if self._answer.may_be_followed:
                self._kept = True
                self._pool.keep(self._reception.socket)
        finally:
            self.close()  # a connection with half an answer in it must not be used again
        return bytes(content)

    def pieces(self) -> Iterator[bytes]:
        """The rest of the answer, piece by piece as it comes, each within `read` seconds of when it is asked for.
        Raises BROKEN where it ends before its end.
        """
        self._reception.deadline = None
        return self._answer.pieces()

    def close(self) -> None:
        """Close the connection, with what is left of the answer; unless all was read and it is kept."""
        if not self._kept:
            self._reception.socket.close()


def _readable(connection: socket.socket) -> bool:
    """Whether there is something to read where nothing was asked for: its end, or what nobody wants."""
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return bool(poll.poll(0))
