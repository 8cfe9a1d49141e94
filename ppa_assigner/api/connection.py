"""How one connection speaks HTTP: uvicorn's own protocol, with the bounds and the notice that it lacks.

Rule: a peer can hold little memory, and no connection without asking something; every request on a connection learns
when that is gone.
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
"""Bytes of a request's address and headers."""
PATIENCE_S = 60.0
"""A request, with its body, must have come that long after its first byte, the first one after connecting."""
MAX_PIPELINED = 64
"""Requests that one connection may have open."""
MAX_OPEN_BYTES = 8 * HEAD_LIMIT
"""Bytes of their addresses and headers together."""
PEER = "ppa_assigner.peer"
"""The extension of the scope that tells who is at the other end of the connection."""
_OFFER = re.compile(rb"\r\nupgrade:[^\r\n]*", re.IGNORECASE)


class HttpConnection(HttpToolsProtocol):
    """One connection."""

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
        """The same with another patience, in seconds."""
        return type(cls.__name__, (cls,), {"patience": patience})

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for a request, but not for ever."""
        super().connection_made(transport)  # type: ignore[arg-type] # it is asked for no more than what a socket has
        if self.connection is not None:
            self.connection.end = self.transport.abort
        self._expect_request()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell all requests, also one that others were sent behind."""
        super().connection_lost(exc)
        if self.connection is not None:
            self.connection.gone()
        self._request_is_here()
        for cycle in self._open():
            cycle.disconnected = True
            cycle.message_event.set()

    def eof_received(self) -> bool:  # type: ignore[override]  # as asyncio has it; uvicorn keeps no connection
        """A peer that has said all may still read its answers.  Where it matters that it is gone, it is taken to be so:
        of a peer that hung up the same is seen.
        """
        waiting = self._open()
        if self.transport.get_extra_info("sslcontext") is not None:
            return False  # TLS ends both ways at once
        if self._in_body or not waiting or any(_is_to_be_there(cycle.scope) for cycle in waiting):
            return False
        waiting[-1].keep_alive = False
        return True

    def data_received(self, data: bytes) -> None:
        """Read on, within the limit of a head."""
        if not self._in_body:
            self._head_bytes += len(data)
            data = _without_offer(data)
        super().data_received(data)
        if self._head_bytes > HEAD_LIMIT and not self.transport.is_closing():
            self.send_400_response("too much of a head")

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        peer = self.connection.peer if self.connection is not None else ""
        self.scope["extensions"] = {ABORT: {"abort": self.transport.abort}, PEER: {"peer": peer}}
        if self._arriving is None:
            self._expect_request()

    def on_headers_complete(self) -> None:
        """A request's head is here.  Reading goes on behind it: else nobody would notice that the peer is gone."""
        size = len(self.url) + _bytes(self.headers)
        self._head_bytes = size
        if size > HEAD_LIMIT:
            raise ValueError("the head is too large")  # which ends in send_400_response
        super().on_headers_complete()
        self._head_bytes, self._in_body = 0, True
        self._cycles = [*self._open(), self.cycle]
        if len(self._cycles) > MAX_PIPELINED or sum(_size(cycle) for cycle in self._cycles) > MAX_OPEN_BYTES:
            self.transport.abort()
        self.flow.resume_reading()

    def on_message_complete(self) -> None:
        """A request is here as a whole."""
        super().on_message_complete()
        self._in_body = False
        self._request_is_here()
        if self.connection is not None and self._open():
            self.connection.asked()

    def on_response_complete(self) -> None:
        """An answer is written; perhaps the reader has not taken it yet."""
        super().on_response_complete()
        if self.connection is not None and not self._open():
            self.connection.answered()

    def send_400_response(self, msg: str) -> None:
        """What is no HTTP, or too much of it, is answered with a problem and the end of the connection."""
        if self._open():
            self.transport.close()  # an answer now would be taken for that of an earlier request
            return
        kind, detail = Kind.INVALID, msg
        status = b"400 Bad Request"
        if self._head_bytes > HEAD_LIMIT:
            kind, detail, status = Kind.TOO_LARGE, f"address and headers may have {HEAD_LIMIT} bytes", b"413 Too Large"
        told = errors.document(Problem(kind, detail)) | {"status": int(status[:3])}
        body = json.dumps(told).encode()
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


def _is_to_be_there(scope: Any) -> bool:
    """Whoever waits in the line loses his place, and events go to nobody, when the connection ends."""
    return (scope["method"], scope["path"]) in (("POST", "/v1/leases"), ("GET", "/v1/events"))


def _size(cycle: RequestResponseCycle) -> int:
    return len(cycle.scope["raw_path"]) + len(cycle.scope["query_string"]) + _bytes(cycle.scope["headers"])


def _bytes(headers: Iterable[tuple[bytes, bytes]]) -> int:
    return sum(len(name) + len(value) for name, value in headers)


def _without_offer(data: bytes) -> bytes:
    """The same without an offer of another protocol: the parser would take the body for that (Java's HTTP client
    offers HTTP/2 with each first request).  Heads come in one piece from all clients that do so.
    """
    head, end, rest = data.partition(b"\r\n\r\n")
    return _OFFER.sub(b"", head) + end + rest
