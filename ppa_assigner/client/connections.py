"""Answers that end in time and at a size, whatever sends them.

Rule: no byte of an answer is waited for beyond the deadline that its request set, headers included: urllib3 bounds each
single wait only, so an answer that trickles would pass any time-out.  Nothing here knows what a call means.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import socket
import time
from collections.abc import Iterator
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.response import BaseHTTPResponse

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

LARGEST_BYTES = 64 * 1024 * 1024
"""The most bytes of a response: a list of 50,000 PPAs has less."""
_PIECE_BYTES = 1 << 16
_deadline: ContextVar[float | None] = ContextVar("deadline", default=None)


class ResponseTooLargeError(ValueError):
    """A response is larger than LARGEST_BYTES."""


@contextlib.contextmanager
def read_deadline(seconds: float) -> Iterator[None]:
    """Bound all that this thread reads within the block by this many seconds in total; then TimeoutError is raised,
    which urllib3 reports as ReadTimeoutError.
    """
    token = _deadline.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _deadline.reset(token)


def read_whole(response: BaseHTTPResponse) -> bytes:
    """The body of a response.  Raises ResponseTooLargeError and what urllib3 raises; the connection is closed then."""
    content = bytearray()
    try:
        while piece := response.read1(_PIECE_BYTES):
            content += piece
            if len(content) > LARGEST_BYTES:
                raise ResponseTooLargeError(f"the answer is longer than {LARGEST_BYTES >> 20} MiB")
    except BaseException:
        response.close()  # a connection with half an answer in it must not be used again
        raise
    finally:
        response.release_conn()
    return bytes(content)


class _DeadlineReader(io.RawIOBase):
    """A socket's bytes, none of them later than the deadline of the reading thread."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._file: Any = connection.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int | None:
        deadline = _deadline.get()
        if deadline is None:
            read: int | None = self._file.readinto(buffer)
            return read
        return self._before(deadline, buffer)

    def _before(self, deadline: float, buffer: WriteableBuffer) -> int | None:
        usual, left = self._socket.gettimeout(), deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the time for the whole answer is over")
        self._socket.settimeout(left if usual is None else min(left, usual))
        try:
            read: int | None = self._file.readinto(buffer)
        finally:
            self._socket.settimeout(usual)
        return read

    def close(self) -> None:
        self._file.close()
        super().close()


class _BoundedResponse(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        self.fp.close()
        self.fp = io.BufferedReader(_DeadlineReader(sock))


class BoundedHTTPConnection(HTTPConnection):
    """An HTTP connection whose responses end by the deadline."""

    response_class = _BoundedResponse


class BoundedHTTPSConnection(HTTPSConnection):
    """An HTTPS connection whose responses end by the deadline."""

    response_class = _BoundedResponse


class BoundedHTTPPool(HTTPConnectionPool):
    """A pool of such HTTP connections."""

    ConnectionCls = BoundedHTTPConnection


class BoundedHTTPSPool(HTTPSConnectionPool):
    """A pool of such HTTPS connections."""

    ConnectionCls = BoundedHTTPSConnection
