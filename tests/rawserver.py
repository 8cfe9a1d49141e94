"""A server on loopback that does to its clients whatever a test wants, down to single bytes.

Rule: it notes each request before it answers, so that a test can count what was really sent.
"""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

PATIENCE_S = 30.0
DATE = "Wed, 25 Nov 2026 03:14:12 GMT"


@dataclass(frozen=True)
class Request:
    """One request as it came; names of headers in lower case.  `connection` counts connections from 1."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    connection: int


@dataclass
class Peer:
    """Whoever asked, to be answered."""

    socket: socket.socket
    released: threading.Event
    closed: bool = False

    def answer(self, status: int = 200, body: bytes | str = b"", **headers: str) -> None:
        """A whole answer that keeps the connection; underscores in names of headers stand for dashes."""
        body = body.encode() if isinstance(body, str) else body
        fields = {"Date": DATE, "Content-Length": str(len(body)), **headers}
        lines = [f"{name.replace('_', '-')}: {value}\r\n" for name, value in fields.items() if value]
        self.send(f"HTTP/1.1 {status} Whatever\r\n{''.join(lines)}\r\n".encode() + body)

    def json(self, data: Any, status: int = 200, **headers: str) -> None:
        """The same with JSON in it."""
        self.answer(status, json.dumps(data), Content_Type="application/json", **headers)

    def send(self, data: bytes) -> None:
        """These bytes and no others; the client may be gone."""
        with contextlib.suppress(OSError):
            self.socket.sendall(data)

    def hang(self, seconds: float = 60.0) -> None:
        """Say nothing until the test is over, or for so long."""
        self.released.wait(seconds)

    def close(self) -> None:
        """Hang up."""
        self.closed = True


Script = Callable[[Request, Peer], None]


@dataclass
class RawServer:
    """Calls `script` for each request, each connection in a thread of its own."""

    script: Script
    context: ssl.SSLContext | None = None
    requests: list[Request] = field(default_factory=list)
    connections: int = 0

    def __post_init__(self) -> None:
        self._released = threading.Event()
        self._changed = threading.Condition()
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=600)
        self.port: int = self._listener.getsockname()[1]
        self.root = f"{'https' if self.context else 'http'}://127.0.0.1:{self.port}/"
        self._start(self._accept)

    def __enter__(self) -> RawServer:
        return self

    def __exit__(self, *_: object) -> None:
        self._released.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._threads[0].join(PATIENCE_S)
        self._listener.close()
        for one in self._open:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in self._threads[1:]:
            thread.join(PATIENCE_S)

    def wait(self, condition: Callable[[], bool]) -> None:
        """Until it holds, as requests come and connections end.  Fails the test when it does not in time."""
        with self._changed:
            assert self._changed.wait_for(condition, PATIENCE_S), f"after {PATIENCE_S} s: {self.requests}"

    def release(self) -> None:
        """Everything that hangs goes on."""
        self._released.set()

    @property
    def live(self) -> int:
        """Connections that are open on this side."""
        return sum(one.fileno() >= 0 for one in self._open)

    def _start(self, run: Callable[..., None], *args: Any) -> None:
        thread = threading.Thread(target=run, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                taken, _ = self._listener.accept()
            except OSError:
                return
            with self._changed:
                self.connections += 1
                self._open.append(taken)
                self._start(self._serve, taken, self.connections)

    def _serve(self, taken: socket.socket, number: int) -> None:
        try:
            if self.context:
                taken = self.context.wrap_socket(taken, server_side=True)
                self._open.append(taken)
            with taken, taken.makefile("rb") as stream:
                peer = Peer(taken, self._released)
                while not peer.closed and (request := _request(stream, number)):
                    with self._changed:
                        self.requests.append(request)
                        self._changed.notify_all()
                    self.script(request, peer)
        except (OSError, ValueError):
            pass  # the client hung up in the middle, or the test is over
        finally:
            taken.close()
            with self._changed:
                self._changed.notify_all()


def _request(stream: Any, connection: int) -> Request | None:
    line = stream.readline().decode("latin-1").split()
    if len(line) < 2:
        return None
    headers: dict[str, str] = {}
    while field_line := stream.readline().decode("latin-1").strip():
        name, _, value = field_line.partition(":")
        headers[name.lower()] = value.strip()
    body = stream.read(int(headers.get("content-length", "0")))
    return Request(line[0], line[1], headers, body, connection)
