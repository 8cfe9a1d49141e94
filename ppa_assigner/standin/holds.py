"""Requests that are held back: what waits where, and letting it go on.

A held request goes on when it is released, when its time is up, when the client is gone (if it looks for that) or when
the stand-in stops. Waiting costs a thread and nothing else: nothing here polls.
"""

from __future__ import annotations

import contextlib
import select
import socket
import threading
import time
from dataclasses import dataclass, field
from typing import Any

GONE = getattr(select, "POLLRDHUP", 0) | select.POLLHUP | select.POLLERR


@dataclass
class HeldRequest:
    """A request that waits. `stage` is before (it is applied), after (it was applied) or late (the client has gone)."""

    number: int
    method: str
    path: str
    stage: str
    rule: int
    since: float = field(default_factory=time.monotonic)
    verdict: str = ""

    def __post_init__(self) -> None:
        self._opened = threading.Event()
        self._waker: socket.socket | None = None
        self._lock = threading.Lock()

    def open(self, verdict: str) -> None:
        """Let it go on: `go`, or `drop` (close the connection, apply nothing more). The first verdict stands."""
        with self._lock:
            self.verdict = self.verdict or verdict
            self._opened.set()
            if self._waker is not None:
                self._waker.send(b".")

    def wait(self, seconds: float | None, client: socket.socket | None) -> str:
        """Wait; returns go (released), drop, time (it is up) or gone (the client closed the connection)."""
        if client is not None:
            return self._watch(seconds, client)
        return self.verdict if self._opened.wait(seconds) else "time"

    def _watch(self, seconds: float | None, client: socket.socket) -> str:
        """Wait for the client too: only this needs a descriptor, which makes a thousand others cheap."""
        woken, waker = socket.socketpair()
        with woken, waker:
            poll = select.poll()
            poll.register(woken, select.POLLIN)
            poll.register(client, GONE)
            with self._lock:
                self._waker = None if self.verdict else waker
            ready = True if self.verdict else poll.poll(None if seconds is None else seconds * 1000)
            with self._lock:
                self._waker = None
            return self.verdict or ("gone" if ready else "time")

    def show(self) -> dict[str, Any]:
        """For the control interface."""
        waited = time.monotonic() - self.since
        keys = ("number", "method", "path", "stage", "rule")
        return {key: getattr(self, key) for key in keys} | {"waited": round(waited, 3)}


class HeldRequests:
    """All that waits."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._held: list[HeldRequest] = []
        self._closed = False

    def wait(self, held: HeldRequest, seconds: float | None, client: socket.socket | None) -> str:
        """Hold a request, visibly to everybody, until it goes on."""
        with self._changed:
            if self._closed:
                held.open("drop")
            self._held.append(held)
            self._changed.notify_all()
        try:
            return held.wait(seconds, client)
        finally:
            with self._changed, contextlib.suppress(ValueError):
                self._held.remove(held)
                self._changed.notify_all()

    def held(self, least: int = 0, timeout: float = 0.0) -> list[dict[str, Any]]:
        """What waits; waits itself up to `timeout` seconds until at least so many do."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._held) >= least, timeout)
            return [held.show() for held in self._held]

    def release(self, number: int | None, verdict: str = "go", rule: int | None = None) -> int:
        """Let one request go on, or all that wait (by one rule); returns how many that were."""
        with self._changed:
            meant = [g for g in self._held if number in (None, g.number) and rule in (None, g.rule)]
            for held in meant:
                self._held.remove(held)
                held.open(verdict)
        return len(meant)

    def close(self) -> None:
        """Let everything go and let nothing wait any more."""
        with self._changed:
            self._closed = True
        self.release(None, "drop")
