"""A daemon that answers by script: for tests of what the client does with each answer.

Rule: knows nothing of PPAs; it plays what it is told, in order, and writes down each request.
"""

from __future__ import annotations

import json
import socketserver
import threading
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

DEADLINE_S = 30.0

LEASE: dict[str, Any] = {
    "id": "4c1f",
    "request_id": "build-77",
    "attempt": 0,
    "ppa": "~ci-pool/ubuntu/pool-001",
    "dput": "ppa:ci-pool/ubuntu/pool-001",
    "web": "https://launchpad.net/~ci-pool/+archive/ubuntu/pool-001",
    "pool": "default",
    "owner": "ticket-123",
    "by": None,
    "state": "used",
    "since": "2026-11-25T03:14:12Z",
    "touched": "2026-11-25T03:14:12Z",
    "until": "2026-11-25T11:14:12Z",
    "ends": "2026-11-25T11:14:12Z",
    "ends_by": "until",
    "idle": None,
    "note": None,
    "uploader": None,
}
PPA: dict[str, Any] = {
    "ppa": "~ci-pool/ubuntu/pool-001",
    "pool": "default",
    "state": "dirty",
    "condition": "ok",
    "owner": "ticket-123",
    "lease": "4c1f",
    "since": "2026-11-25T03:14:12Z",
    "touched": "2026-11-25T03:14:12Z",
    "until": None,
    "ends": None,
    "ends_by": None,
    "note": None,
    "tries": None,
    "fault": None,
    "quarantined": None,
    "cleaning": {"step": "delete", "found": 7, "deleted": 3, "left": 4, "since": "2026-11-25T03:14:12Z"},
    "seen": "2026-11-25T03:15:00Z",
}


@dataclass(frozen=True)
class Seen:
    """A request as it came."""

    method: str
    path: str
    query: dict[str, str]
    body: Any
    headers: dict[str, str]


@dataclass(frozen=True)
class Reply:
    """A whole answer."""

    status: int
    document: Any = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)

    def play(self, handler: Handler) -> None:
        data = self.document if isinstance(self.document, bytes) else json.dumps(self.document).encode()
        handler.send_response(self.status)
        handler.send_header("Content-Length", str(len(data)))
        for name, value in self.headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(data)


@dataclass(frozen=True)
class Drop:
    """The request was taken, and the connection ends before a byte of the answer."""

    def play(self, handler: Handler) -> None:
        handler.close_connection = True


@dataclass(frozen=True)
class Cut:
    """The connection ends in the middle of the answer."""

    status: int
    document: Any

    def play(self, handler: Handler) -> None:
        data = json.dumps(self.document).encode()
        handler.send_response(self.status)
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data[: len(data) // 2])
        handler.close_connection = True


@dataclass
class Held:
    """An answer that comes when it is let go, or when the daemon ends."""

    then: Answer
    go: threading.Event = field(default_factory=threading.Event)

    def play(self, handler: Handler) -> None:
        handler.daemon.wait_for_event(self.go)
        self.then.play(handler)


@dataclass(frozen=True)
class Noted:
    """An answer, before which a test looks at how things are."""

    then: Answer
    look: Callable[[], object]

    def play(self, handler: Handler) -> None:
        self.look()
        self.then.play(handler)


@dataclass
class Stream:
    """Server-sent events in chunks; held open after them unless `ends`."""

    pieces: list[bytes]
    ends: bool = False

    def play(self, handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        for piece in self.pieces:
            handler.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            handler.wfile.flush()
        if self.ends:
            handler.wfile.write(b"0\r\n\r\n")
        else:
            handler.daemon.wait_for_event(threading.Event())
            handler.close_connection = True


Answer = Reply | Drop | Cut | Held | Noted | Stream


def problem(status: int, slug: str, *, retry_after: float | None = None, **facts: Any) -> Reply:
    """A problem answer of the contract."""
    document = {"type": f"https://ppa-assigner/problems/{slug}", "detail": f"because of {slug}"} | facts
    headers = {"Content-Type": "application/problem+json"}
    return Reply(status, document, headers | ({} if retry_after is None else {"Retry-After": str(retry_after)}))


class Handler(BaseHTTPRequestHandler):
    """Answers one connection's requests by the script."""

    protocol_version = "HTTP/1.1"
    server: Any

    @property
    def daemon(self) -> FakeDaemon:
        found: FakeDaemon = self.server.fake
        return found

    def _answer(self) -> None:
        parts = urlsplit(self.path)
        length = int(self.headers.get("Content-Length", 0))
        body = json.loads(self.rfile.read(length)) if length else None
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        seen = Seen(self.command, parts.path, query, body, dict(self.headers.items()))
        self.daemon.take(seen).play(self)

    do_GET = do_POST = do_DELETE = _answer  # noqa: N815 - names that http.server looks for

    def log_message(self, *_: object) -> None:
        """Quiet."""


class _Tcp(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    fake: FakeDaemon

    def handle_error(self, *_: object) -> None:
        """A client that went away is part of many a test."""


class _Unix(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    fake: FakeDaemon

    def handle_error(self, *_: object) -> None:
        """A client that went away is part of many a test."""


class FakeDaemon:
    """Listens on 127.0.0.1, or on a Unix socket, while its block runs."""

    def __init__(self, path: str | None = None, port: int = 0) -> None:
        self._server: _Tcp | _Unix = _Unix(path, Handler) if path else _Tcp(("127.0.0.1", port), Handler)
        self._server.fake = self
        self.url = f"unix:{path}" if path else f"http://127.0.0.1:{self._server.socket.getsockname()[1]}"
        self._script: dict[tuple[str, str], deque[Answer]] = defaultdict(deque)
        self._changed = threading.Condition(threading.RLock())
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._marks: list[tuple[str, str, int, threading.Event]] = []
        self.requests: list[Seen] = []

    def __enter__(self) -> FakeDaemon:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(DEADLINE_S)

    def on(self, method: str, path: str, *answers: Answer) -> FakeDaemon:
        """Play these answers in order for this call; the last one for all that come after."""
        self._script[method, path].extend(answers)
        return self

    def after(self, method: str, path: str, count: int, event: threading.Event) -> None:
        """Set the event when this call came that often."""
        self._marks.append((method, path, count, event))

    def take(self, seen: Seen) -> Answer:
        """Write the request down and give the answer that is due."""
        with self._changed:
            self.requests.append(seen)
            self._changed.notify_all()
            for method, path, count, event in self._marks:
                if len(self.calls(method, path)) >= count:
                    event.set()
            answers = self._script.get((seen.method, seen.path))
            if not answers:
                return problem(404, "not-found")
            return answers.popleft() if len(answers) > 1 else answers[0]

    def calls(self, method: str, path: str) -> list[Seen]:
        """The requests of this call so far."""
        with self._changed:
            return [seen for seen in self.requests if (seen.method, seen.path) == (method, path)]

    def wait_for(self, method: str, path: str, count: int = 1) -> list[Seen]:
        """Wait until this call came that often."""
        return self._wait(lambda: found if len(found := self.calls(method, path)) >= count else None)

    def _wait(self, look: Callable[[], list[Seen] | None]) -> list[Seen]:
        with self._changed:
            found = self._changed.wait_for(look, DEADLINE_S)
        assert found is not None, f"never came; these did: {self.requests}"
        return found

    def wait_for_event(self, event: threading.Event) -> None:
        """Wait until it is set or the daemon ends."""
        while not event.wait(0.02) and not self._over.is_set():
            pass
