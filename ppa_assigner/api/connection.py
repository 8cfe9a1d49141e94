"""One HTTP connection: uvicorn's protocol with limits, and with notice of a lost connection.

Rule: a peer can use little memory, and cannot keep a connection without sending requests; every request on a connection
learns when the connection is gone.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterable
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from ..problems import Kind, Problem
from . import errors
from .acceptor import AcceptedConnection
from .events import ABORT

HEAD_LIMIT = 32 * 1024
"""The most bytes of a request's address and headers."""
PATIENCE_S = 60.0
"""The longest time from a request's first byte (of the first request: from connecting) to the end of its body."""
MAX_PIPELINED = 64
"""The most requests that may be open on one connection."""
MAX_OPEN_BYTES = 8 * HEAD_LIMIT
"""The most bytes of the addresses and headers of all open requests of a connection."""
PEER = "ppa_assigner.peer"
"""The extension of the ASGI scope that tells the connection's peer."""
_CLOSE = (b"connection", b"close")
_OFFER = re.compile(rb"\r\nupgrade:[^\r\n]*", re.IGNORECASE)


class HttpConnection(HttpToolsProtocol):
    """uvicorn's protocol for one connection, with limits."""

    patience = PATIENCE_S

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._cycles: list[RequestResponseCycle] = []
        self._arriving: asyncio.TimerHandle | None = None
        self._head_bytes = 0
        self._in_body = False
        self.connection: AcceptedConnection | None = None

    @classmethod
    def within(cls, patience: float) -> type[HttpConnection]:
        """This class with another limit on the time of arrival, in seconds."""
        return type(cls.__name__, (cls,), {"patience": patience})

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the first request, up to the limit (asyncio)."""
        super().connection_made(transport)  # type: ignore[arg-type] # it is asked for no more than what a socket has
        if self.connection is not None:
            self.connection.end = self.transport.abort
        self._expect_request()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell all open requests, not only the last one (asyncio)."""
        super().connection_lost(exc)
        if self.connection is not None:
            self.connection.gone()
        self._request_is_here()
        for cycle in self._open():
            cycle.disconnected = True
            cycle.message_event.set()

    def eof_received(self) -> bool:  # type: ignore[override]  # as asyncio has it; uvicorn keeps no connection
        """A peer that has ended its sending may still read responses.  Where its presence matters, it counts as gone: a
        peer that hung up looks the same (asyncio).
        """
        waiting = self._open()
        if self.transport.get_extra_info("sslcontext") is not None:
            return False  # TLS ends both ways at once
        if self._in_body or not waiting or any(_needs_peer(cycle.scope) for cycle in waiting):
            return False
        waiting[-1].keep_alive = False
        return True

    def data_received(self, data: bytes) -> None:
        """Parse what has come, up to the limit of a head (asyncio)."""
        if not self._in_body:
            self._head_bytes += len(data)
            data = _without_offer(data)
        super().data_received(data)
        if self._head_bytes > HEAD_LIMIT and not self.transport.is_closing():
            self.send_400_response("address and headers are too large")

    def on_message_begin(self) -> None:
        """Note the beginning of a request (called by the parser)."""
        super().on_message_begin()
        peer = self.connection.peer if self.connection is not None else ""
        self.scope["extensions"] = {ABORT: {"abort": self.transport.abort}, PEER: {"peer": peer}}
        if self._arriving is None:
            self._expect_request()

    def on_headers_complete(self) -> None:
        """Begin the request whose head has come, and go on reading, to notice a lost peer (called by the parser)."""
        size = len(self.url) + _bytes(self.headers)
        self._head_bytes = size
        if size > HEAD_LIMIT:
            raise ValueError("the head is too large")  # which ends in send_400_response
        super().on_headers_complete()
        self.cycle.keep_alive &= self.parser.should_keep_alive()  # older versions of uvicorn ask for no list
        self._head_bytes, self._in_body = 0, True
        self._cycles = [*self._open(), self.cycle]
        if not self.parser.should_keep_alive():
            self.cycle.keep_alive = False  # also where a peer says so among other things: `Connection: Upgrade, close`
        if len(self._cycles) > MAX_PIPELINED or sum(_size(cycle) for cycle in self._cycles) > MAX_OPEN_BYTES:
            self.transport.abort()
        self.flow.resume_reading()

    def on_message_complete(self) -> None:
        """Note that the whole request has come (called by the parser)."""
        super().on_message_complete()
        self._in_body = False
        self._request_is_here()
        if self.connection is not None and self._open():
            self.connection.asked()

    def on_response_complete(self) -> None:
        """Note that a response was written, which the peer may not have read yet (called by uvicorn)."""
        super().on_response_complete()
        if self.connection is not None and not self._open():
            self.connection.answered()

    def shutdown(self) -> None:
        """Close when the responses that are under way are written, and say so in them (called by uvicorn)."""
        super().shutdown()
        for cycle in self._open():
            cycle.keep_alive = False
            cycle.scope["headers"] = [*cycle.scope["headers"], _CLOSE]  # which uvicorn repeats in the response

    def send_400_response(self, msg: str) -> None:
        """Answer what is not HTTP, or too much of it, with a problem, and close the connection (called by uvicorn)."""
        if self._open():
            self.transport.close()  # an answer now would be taken for that of an earlier request
            return
        kind, detail = Kind.INVALID, msg
        status = b"400 Bad Request"
        if self._head_bytes > HEAD_LIMIT:
            kind, detail, status = (
                Kind.TOO_LARGE,
                f"address and headers may have at most {HEAD_LIMIT} bytes",
                b"413 Too Large",
            )
        document = errors.document(Problem(kind, detail)) | {"status": int(status[:3])}
        body = json.dumps(document).encode()
        head = b"HTTP/1.1 %s\r\ncontent-type: %s\r\ncontent-length: %d\r\nconnection: close\r\n\r\n"
        self.transport.write(head % (status, errors.MEDIA_TYPE.encode(), len(body)) + body)
        self.transport.close()

    def _open(self) -> list[RequestResponseCycle]:
        return [cycle for cycle in self._cycles if not cycle.response_complete]

    def _expect_request(self) -> None:
        self._arriving = self.loop.call_later(self.patience, self._too_slow)

    def _request_is_here(self) -> None:
        if self._arriving is not None:
            self._arriving.cancel()
            self._arriving = None

    def _too_slow(self) -> None:
        self._arriving = None
        self.transport.abort()


def _needs_peer(scope: Any) -> bool:
    """Whether the call ends with its connection: a request for a PPA, and a stream of events."""
    return (scope["method"], scope["path"]) in (("POST", "/v1/leases"), ("GET", "/v1/events"))


def _size(cycle: RequestResponseCycle) -> int:
    return len(cycle.scope["raw_path"]) + len(cycle.scope["query_string"]) + _bytes(cycle.scope["headers"])


def _bytes(headers: Iterable[tuple[bytes, bytes]]) -> int:
    return sum(len(name) + len(value) for name, value in headers)


def _without_offer(data: bytes) -> bytes:
    """The bytes of a request without its Upgrade header, for which the parser would take the body as the other
    protocol's (Java's HTTP client offers HTTP/2 with its first request).  Clients that do so send the head in one
    piece.
    """
    head, end, rest = data.partition(b"\r\n\r\n")
    return _OFFER.sub(b"", head) + end + rest
