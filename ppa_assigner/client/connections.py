"""HTTP connections that are kept alive, and answers that end in time and at a size, whatever sends them.

Rule: nothing is waited for beyond the deadline that a request set, from connecting to the last byte of the answer: a
time-out of the socket bounds each single wait only, so an answer that trickles would pass it.  Each request is sent
once.  Nothing here knows what a call means.
"""

from __future__ import annotations

import contextlib
import io
import math
import select
import socket
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from http.client import HTTPConnection, HTTPException, HTTPResponse, IncompleteRead
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

LARGEST_BYTES = 64 * 1024 * 1024
"""The most bytes of a response: a list of 50,000 PPAs has less."""
BROKEN = (HTTPException, OSError)
"""What reading and writing raise where the connection breaks, or what answers does not speak HTTP."""
_PIECE_BYTES = 1 << 16
_KEPT = 4
_LONGEST_S = 86400.0 * 20  # what systems take as a time-out is not without end
_deadline: ContextVar[float | None] = ContextVar("deadline", default=None)


class ResponseTooLargeError(ValueError):
    """A response is larger than LARGEST_BYTES."""


@contextlib.contextmanager
def read_deadline(seconds: float) -> Iterator[None]:
    """Bound what this thread waits for within the block by this many seconds in total; then TimeoutError is raised."""
    token = _deadline.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _deadline.reset(token)


def _left() -> float:
    """The seconds that are left, without end where no deadline was set.  Raises TimeoutError where none are."""
    deadline = _deadline.get()
    left = math.inf if deadline is None else deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("the time for the whole answer is over")
    return left


class ConnectionPool:
    """Connections to one daemon, some of which are kept until `close` or the end of the pool.  Safe for threads."""

    def __init__(self, host: str, connect: Callable[[float], socket.socket]) -> None:
        """`host` with its port is what requests name; `connect` opens a socket within so many seconds."""
        self._host = host
        self._connect = connect
        self._idle: deque[HTTPConnection] = deque()  # whose own methods no thread and no signal divides
        weakref.finalize(self, _close, self._idle)

    def close(self) -> None:
        """Close what is kept; the pool can still be used."""
        _close(self._idle)

    def send(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str], *, connect: float, read: float
    ) -> OpenResponse:
        """Send a request, and return when the head of its answer is there.

        Connecting takes at most `connect` seconds, and then each single wait at most `read`.  Raises what `connect` of
        the pool raises, before it is sent, and BROKEN.
        """
        connection = self._taken() or _Connection("localhost")
        try:
            if connection.sock is None:
                connection.sock = self._connect(connect)
            connection.sock.settimeout(min(read, _left(), _LONGEST_S))
            connection.request(method, path, body, {"Host": self._host, **headers})
            connection.sock.settimeout(min(read, _LONGEST_S))
            return OpenResponse(self, connection, connection.getresponse())
        except BaseException:
            connection.close()
            raise

    def keep(self, connection: HTTPConnection) -> None:
        """Take back a connection whose answer was read to its end."""
        if connection.sock is not None and len(self._idle) < _KEPT:
            self._idle.append(connection)
        else:
            connection.close()

    def _taken(self) -> HTTPConnection | None:
        """The connection that was used last, of those that the daemon has not closed meanwhile."""
        while self._idle:
            try:
                connection = self._idle.pop()
            except IndexError:
                break
            if not _readable(connection.sock):
                return connection
            connection.close()
        return None


def _close(connections: deque[HTTPConnection]) -> None:
    while connections:
        with contextlib.suppress(IndexError):
            connections.pop().close()


class OpenResponse:
    """A request that was sent, and its answer, of which the head is there.

    Must be read by `whole`, or closed.
    """

    def __init__(self, pool: ConnectionPool, connection: HTTPConnection, response: HTTPResponse) -> None:
        self._pool, self._connection, self._response = pool, connection, response
        self._kept = False
        self.status = response.status

    def header(self, name: str) -> str:
        """A header of the answer; empty where there is none."""
        return self._response.headers.get(name, "")

    def whole(self) -> bytes:
        """The rest of the answer; its connection is kept.  Raises ResponseTooLargeError and BROKEN."""
        content = bytearray()
        try:
            for piece in self.pieces():
                content += piece
                if len(content) > LARGEST_BYTES:
                    raise ResponseTooLargeError(f"the answer is longer than {LARGEST_BYTES >> 20} MiB")
        except BaseException:
            self.close()  # a connection with half an answer in it must not be used again
            raise
        self._response.close()  # so that the connection may send again
        self._kept = True
        self._pool.keep(self._connection)
        return bytes(content)

    def pieces(self) -> Iterator[bytes]:
        """The rest of the answer, piece by piece as it comes.  Raises BROKEN where it ends before its end."""
        while piece := self._response.read1(_PIECE_BYTES):
            yield piece
        if self._response.length:
            raise IncompleteRead(b"", self._response.length)

    def close(self) -> None:
        """Close the connection, with what is left of the answer; unless all was read and it is kept."""
        if not self._kept:
            self._response.close()
            self._connection.close()


def _readable(connection: socket.socket) -> bool:
    """Whether there is something to read where nothing was asked for: its end, or what nobody wants."""
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return bool(poll.poll(0))


class _DeadlineReader(io.RawIOBase):
    """A socket's bytes, none of them later than the deadline of the reading thread."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._file: Any = connection.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int | None:
        if _deadline.get() is None:
            read: int | None = self._file.readinto(buffer)
            return read
        return self._in_time(buffer)

    def _in_time(self, buffer: WriteableBuffer) -> int | None:
        usual, left = self._socket.gettimeout(), _left()
        self._socket.settimeout(left if usual is None else min(left, usual))
        try:
            read: int | None = self._file.readinto(buffer)
        finally:
            self._socket.settimeout(usual)
        return read

    def close(self) -> None:
        self._file.close()
        super().close()


class _BoundedResponse(HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        self.fp.close()
        self.fp = io.BufferedReader(_DeadlineReader(sock))


class _Connection(HTTPConnection):
    """A connection whose responses end by the deadline, and which opens no socket by itself."""

    response_class = _BoundedResponse
    auto_open = 0
