"""The log of requests: each one from the moment it came, with who sent it, what fault it met and how it ended.

Bounded: the oldest entries go when there are too many. Waiting for entries is done here, so that tests need not poll.
"""

from __future__ import annotations

import re
import select
import socket
import threading
import time
from collections import deque
from dataclasses import asdict, dataclass
from typing import Any

KEPT = 200_000


@dataclass
class LoggedRequest:
    """A request. Times are of the monotonic clock, in seconds; `ended` and `status` are None while it goes on, `status`
    stays None when no answer was sent. `applied` says whether the web service got it, `result` which status it gave
    then. `under_way` is how many requests of its consumer there were when it came, itself included, that had no answer
    and whose client still listened."""

    number: int
    method: str
    path: str
    operation: str | None
    person: str | None
    consumer: str | None
    started: float
    connection: int = 0
    ended: float | None = None
    status: int | None = None
    fault: str | None = None
    rule: int | None = None
    applied: bool = False
    result: int | None = None
    under_way: int = 1


@dataclass(frozen=True)
class LogFilter:
    """Which entries are meant; `path` is a regular expression that is searched for. `state` is done, open or any."""

    since: int = 0
    method: str | None = None
    path: str | None = None
    operation: str | None = None
    consumer: str | None = None
    status: int | None = None
    state: str = "done"
    applied: bool | None = None

    def fits(self, entry: LoggedRequest) -> bool:
        """Whether an entry passes the filter."""
        return (
            entry.number > self.since
            and (self.state == "any" or (entry.ended is not None) == (self.state == "done"))
            and self.method in (None, entry.method)
            and self.operation in (None, entry.operation)
            and self.consumer in (None, entry.consumer)
            and self.status in (None, entry.status)
            and self.applied in (None, entry.applied)
            and (self.path is None or re.search(self.path, entry.path) is not None)
        )


class RequestLog:
    """All requests since the start or the last reset."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._entries: deque[LoggedRequest] = deque(maxlen=KEPT)
        self._number = 0
        self._open: dict[int, tuple[str | None, socket.socket | None]] = {}

    def begin(
        self, method: str, path: str, operation: str | None, who: tuple[str | None, str | None], connection: int,
        client: socket.socket | None = None,
    ) -> LoggedRequest:  # fmt: skip
        """Log a request that has come; `who` is its person and consumer."""
        with self._changed:
            self._number += 1
            entry = LoggedRequest(self._number, method, path, operation, *who, time.monotonic(), connection)
            self._open[entry.number] = entry.consumer, client
            entry.under_way = self._under_way(entry.consumer)
            self._entries.append(entry)
            self._changed.notify_all()
        return entry

    def end(self, entry: LoggedRequest, status: int | None) -> None:
        """Log that the response was handed to the socket, or the connection closed."""
        with self._changed:
            self._open.pop(entry.number, None)
            entry.ended, entry.status = time.monotonic(), status
            self._changed.notify_all()

    def took(self, entry: LoggedRequest, result: int) -> None:
        """Log that the web service applied the request and gave this status, whatever becomes of the response."""
        with self._changed:
            entry.applied, entry.result = True, result
            self._changed.notify_all()

    def clear(self) -> None:
        """Forget all entries; numbers go on."""
        with self._changed:
            self._entries.clear()

    def last(self) -> int:
        """The number of the last request."""
        return self._number

    def find(self, wanted: LogFilter, least: int = 0, timeout: float = 0.0) -> list[dict[str, Any]]:
        """Entries that fit, oldest first; waits up to `timeout` seconds until there are `least` of them."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._fitting(wanted)) >= least, timeout)
            return [asdict(entry) for entry in self._fitting(wanted)]

    def _under_way(self, consumer: str | None) -> int:
        """A client that gives a request up closes its connection, before it sends the next one in its place."""
        asked = [client for known, client in self._open.values() if known == consumer]
        return len(asked) - _closed([client for client in asked if client is not None])

    def _fitting(self, wanted: LogFilter) -> list[LoggedRequest]:
        fitting = []
        for entry in reversed(self._entries):
            if entry.number <= wanted.since:
                break
            if wanted.fits(entry):
                fitting.append(entry)
        return fitting[::-1]


def _closed(clients: list[socket.socket]) -> int:
    """How many of these connections were closed by the other side."""
    watched = select.poll()
    numbers = {number for client in clients if (number := client.fileno()) >= 0}
    for number in numbers:
        watched.register(number, select.POLLRDHUP)
    return len(clients) - len(numbers) + len(watched.poll(0))
