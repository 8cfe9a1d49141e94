"""/v1/events: what is told, to whom, and for how long."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from ppa_assigner.api.stream import MAX_STREAMS

from .fakes import NOW, ONE, Served, serving, slug, wait_for


def happen(api: Served, count: int, **data: Any) -> None:
    """Let that many things happen."""
    for _ in range(count):
        api.backend.events.add(NOW, ONE, "transition", {"to": "used", **data})


@contextmanager
def reading(api: Served, **headers: str) -> Iterator[Iterator[str]]:
    """The lines of a stream."""
    with api.http.stream("GET", "/v1/events", headers=headers) as response:
        assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
        yield response.iter_lines()


def take(lines: Iterator[str], count: int) -> list[tuple[int, dict[str, Any]]]:
    """The next events: their ids and documents."""
    events: list[tuple[int, dict[str, Any]]] = []
    number = 0
    while len(events) < count:
        line = next(lines)
        if line.startswith("id: "):
            number = int(line[4:])
        elif line.startswith("data: "):
            events.append((number, json.loads(line[6:])))
    return events


def test_all_that_happened_and_all_that_happens_is_told_once_and_in_order(api: Served) -> None:
    """What was there before and what many threads add while somebody reads."""
    happen(api, 250)
    with reading(api) as lines:
        first = take(lines, 250)
        assert first[0] == (
            1,
            {"number": 1, "at": "2026-11-25T03:14:12Z", "ppa": str(ONE), "kind": "transition", "data": {"to": "used"}},
        )
        threads = [threading.Thread(target=happen, args=(api, 50)) for _ in range(4)]
        for thread in threads:
            thread.start()
        assert [number for number, _ in first + take(lines, 200)] == list(range(1, 451))
        for thread in threads:
            thread.join()


@pytest.mark.parametrize(
    ("last", "expected"), [("3", [4, 5]), ("0", [1, 2]), ("77", [1, 2]), ("x", [1, 2]), ("", [1, 2])]
)
def test_a_reader_goes_on_after_the_last_one_it_saw(api: Served, last: str, expected: list[int]) -> None:
    """A number that there is not yet is from before a restart: then everything is new."""
    happen(api, 5)
    with reading(api, **{"Last-Event-ID": last}) as lines:
        assert [number for number, _ in take(lines, 2)] == expected


def test_a_quiet_stream_is_kept_alive() -> None:
    """A comment now and then shows both sides that the connection lives."""
    with serving() as api:
        api.app.state.streams.keep_alive = 0.05
        with reading(api) as lines:
            assert next(line for line in lines if line.startswith(":")) == ": still here"
            happen(api, 1)
            assert take(lines, 1)[0][0] == 1


def test_a_stream_ends_when_the_daemon_stops() -> None:
    """At once, and whole: the reader sees an end, no break."""
    with serving(grace=30) as api, reading(api) as lines:
        assert next(lines).startswith("retry: ")
        api.server.stop()
        assert not [line for line in lines if line.startswith("data")]
        api.thread.join(10)
        assert not api.thread.is_alive()


def test_who_is_gone_no_longer_follows(api: Served) -> None:
    """Nothing is kept of a reader that left."""
    followers = api.backend.events._followers
    with reading(api) as lines:
        next(lines)
        wait_for(lambda: len(followers) == 1)
    wait_for(lambda: not followers)


def test_a_reader_that_does_not_read_is_dropped() -> None:
    """It costs no memory, no stop waits for it, and the log goes on without it."""
    with serving(grace=30) as api:
        api.app.state.streams.send = 0.2
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        with connection:
            connection.connect(api.address)
            connection.sendall(b"GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
            followers = api.backend.events._followers
            wait_for(lambda: len(followers) == 1)
            happen(api, 9000, filler="x" * 1000)
            wait_for(lambda: not followers)
            assert api.http.get("/healthz").status_code == 200
            api.server.stop()
            api.thread.join(10)
            assert not api.thread.is_alive()


def test_only_so_many_may_follow(api: Served) -> None:
    """429 for one more; when one leaves, there is room."""
    connections = [api.connect() for _ in range(MAX_STREAMS)]
    try:
        for connection in connections:
            connection.sendall(b"GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        wait_for(lambda: len(api.backend.events._followers) == MAX_STREAMS)
        refused: httpx.Response = api.http.get("/v1/events")
        assert (refused.status_code, slug(refused)) == (429, "too-many-requests")
        connections.pop().close()
        wait_for(lambda: len(api.backend.events._followers) < MAX_STREAMS)
        with reading(api) as lines:
            assert next(lines).startswith("retry: ")
    finally:
        for connection in connections:
            connection.close()
