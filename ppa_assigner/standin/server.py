"""The HTTP/1.1 server: a thread for each connection, kept alive, with nothing between it and the socket.

That is what makes it possible to close a connection at an exact point and to answer byte by byte. Only what clients of
the web service need: no chunked requests, no pipelining promises.
"""

from __future__ import annotations

import contextlib
import itertools
import socket
import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from io import BufferedReader

from .handler import Outcome
from .messages import HttpRequest, HttpResponse

LARGEST_BODY = 64 * 1024 * 1024
BACKLOG = 1024
LINE = 65_536
STEP = 0.02  # seconds between the pieces of an answer that trickles

Handler = Callable[[HttpRequest, socket.socket, int, Callable[[Outcome], None]], None]


class BadRequestLineError(Exception):
    """What came is not a request that can be answered."""


class ResponseSender:
    """Sends the one answer to a request; `kept` says afterwards whether the connection can be used again."""

    def __init__(self, connection: socket.socket, request: HttpRequest) -> None:
        self._connection, self._call = connection, request
        self.kept = False

    def __call__(self, outcome: Outcome) -> None:
        if outcome.response is None:
            return
        closing = self._call.headers.get("connection", "").lower() == "close"
        data = _bytes(outcome.response, self._call.method == "HEAD", closing)
        if outcome.cut:
            self._connection.sendall(data[: len(data) - len(outcome.response.body) // 2 - 1])
            return
        if outcome.seconds:
            _trickle(self._connection, data, outcome.seconds)
        else:
            self._connection.sendall(data)
        self.kept = not closing


class HttpServer:
    """An HTTP server on 127.0.0.1, which listens from its construction on; port 0 takes any."""

    def __init__(self, port: int, handler: Handler, name: str) -> None:
        self._handler, self._name = handler, name
        self._socket = socket.create_server(("127.0.0.1", port), backlog=BACKLOG)
        self.port: int = self._socket.getsockname()[1]
        self._connections: set[socket.socket] = set()
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._stopped = False
        self._thread = threading.Thread(target=self._accept, name=name, daemon=True)

    def start(self) -> None:
        """Accept connections."""
        self._thread.start()

    def stop(self) -> None:
        """Close everything; requests that are being answered are cut off."""
        self._stopped = True
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        with self._lock:
            for connection in self._connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        if self._thread.is_alive():
            self._thread.join(timeout=5)

    def _accept(self) -> None:
        while not self._stopped:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                if self._stopped:
                    return
                continue
            threading.Thread(target=self._serve, args=(connection,), name=self._name, daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        number = next(self._numbers)
        with self._lock:
            self._connections.add(connection)
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._converse(connection, number)
        except (OSError, BadRequestLineError):
            pass  # the client has gone, or never spoke HTTP
        finally:
            with self._lock:
                self._connections.discard(connection)
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    def _converse(self, connection: socket.socket, number: int) -> None:
        with connection.makefile("rb") as stream:
            while not self._stopped:
                request = _read(stream, connection)
                if request is None:
                    return
                sender = ResponseSender(connection, request)
                self._handler(request, connection, number, sender)
                if not sender.kept:
                    return


def _read(stream: BufferedReader, connection: socket.socket) -> HttpRequest | None:
    first = stream.readline(LINE)
    if not first:
        return None
    parts = first.decode("latin-1").split()
    if len(parts) != 3:
        raise BadRequestLineError(first)
    headers = _headers(stream)
    length = int(headers.get("content-length") or 0)
    if length > LARGEST_BODY or "chunked" in headers.get("transfer-encoding", ""):
        raise BadRequestLineError("body")
    if headers.get("expect", "").lower() == "100-continue":
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    body = stream.read(length) if length else b""
    if len(body) < length:
        return None
    target = parts[1]
    if target.startswith("http://"):
        target = "/" + target[7:].partition("/")[2]
    return HttpRequest(parts[0], target, headers, body)


def _headers(stream: BufferedReader) -> dict[str, str]:
    headers: dict[str, str] = {}
    while True:
        line = stream.readline(LINE)
        if line in (b"\r\n", b"\n"):
            return headers
        name, colon, value = line.decode("latin-1").partition(":")
        if not colon:
            raise BadRequestLineError(line)
        headers[name.strip().lower()] = value.strip()


def _bytes(response: HttpResponse, head: bool, closing: bool) -> bytes:
    reason = response.reason or _reason(response.status)
    lines = [f"HTTP/1.1 {response.status} {reason}", *(f"{name}: {value}" for name, value in response.headers)]
    lines += [f"Content-Length: {len(response.body)}"] * (response.status != HTTPStatus.NOT_MODIFIED)
    lines += ["Connection: close"] * closing
    text = "\r\n".join(lines) + "\r\n\r\n"
    return text.encode("latin-1", "replace") + (b"" if head else response.body)


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


def _trickle(connection: socket.socket, data: bytes, seconds: float) -> None:
    pieces = max(1, int(seconds / STEP))
    size = max(1, -(-len(data) // pieces))
    for at in range(0, len(data), size):
        connection.sendall(data[at : at + size])
        time.sleep(STEP)
