"""/v1/events: what is told, to whom, and for how long."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from ppa_assigner.api.events import MAX_OF_ONE
from ppa_assigner.supervisor.event_log import EventLog
from ppa_assigner.views import PpaEvent

from .fakes import DEADLINE_S, NOW, ONE, TWO, FakeBackend, Served, serving, slug, wait_for


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
            number = int(line.rpartition("-")[2])
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


def resets(lines: Iterator[str]) -> dict[str, Any]:
    """The reset that comes next, before any event."""
    seen = [next(line for line in lines if line.startswith("event: "))]
    seen += [next(lines), next(lines)]
    assert seen[0] == "event: reset"
    told: dict[str, Any] = json.loads(seen[2].removeprefix("data: "))
    return {**told, "id": seen[1]}


@pytest.mark.parametrize(("last", "expected"), [("3", [4, 5]), ("RUN-3", [4, 5]), ("0", [1, 2]), ("", [1, 2])])
def test_a_reader_goes_on_after_the_last_one_it_saw(api: Served, last: str, expected: list[int]) -> None:
    """By the id that came with it, or by its number alone."""
    happen(api, 5)
    run = api.backend.events.run
    with reading(api, **{"Last-Event-ID": last.replace("RUN", run)}) as lines:
        assert next(lines).startswith("retry: ")
        assert next(lines) == ""
        assert next(lines) == f"id: {run}-{expected[0]}"
        first = json.loads(next(lines).removeprefix("data: "))["number"]
        assert [first, *(number for number, _ in take(lines, 1))] == expected


@pytest.mark.parametrize("last", ["77", "x", "other-3", "other-77", "-", "3-", "RUN-77", "RUN-9999999999999999999999"])
@pytest.mark.parametrize("count", [0, 5])
def test_a_reader_of_another_start_of_the_daemon_is_told_so(api: Served, last: str, count: int) -> None:
    """And gets everything, all of which is new to it; with the id of the reset it goes on without another."""
    happen(api, count)
    run = api.backend.events.run
    with reading(api, **{"Last-Event-ID": last.replace("RUN", run)}) as lines:
        assert resets(lines) == {"why": "restarted", "first": 1, "id": f"id: {run}-0"}
        happen(api, 2)
        assert [number for number, _ in take(lines, count + 2)] == list(range(1, count + 3))
    with reading(api, **{"Last-Event-ID": f"{run}-0"}) as lines:
        assert "reset" not in "".join(next(lines) for _ in range(4))


def test_a_reader_for_whom_too_little_is_kept_is_told_so() -> None:
    """What it missed is said before what comes next, also to one that fell behind while it was reading."""
    backend = FakeBackend()
    backend.events = EventLog(kept=10, run="r")
    with serving(backend) as api:
        happen(api, 25)
        with reading(api, **{"Last-Event-ID": "r-3"}) as lines:
            assert resets(lines) == {"why": "forgotten", "first": 16, "id": "id: r-15"}
            assert [number for number, _ in take(lines, 10)] == list(range(16, 26))
        with reading(api, **{"Last-Event-ID": "r-15"}) as lines:
            assert take(lines, 1)[0][0] == 16
        with reading(api) as lines:  # it had none before: nothing that it knew of is missing
            assert [next(lines) for _ in range(3)][2] == "id: r-16"
            take(lines, 10)
            asyncio.run_coroutine_threadsafe(_stalled(api), loop_of(api)).result(DEADLINE_S)
            assert resets(lines) == {"why": "forgotten", "first": 46, "id": "id: r-45"}
            assert [number for number, _ in take(lines, 10)] == list(range(46, 56))


async def _stalled(api: Served) -> None:
    """In the server's loop: while this goes on no stream is written to."""
    happen(api, 30)


def loop_of(api: Served) -> asyncio.AbstractEventLoop:
    """The server's loop."""
    loop = api.server.loop
    assert loop is not None
    return loop


def test_one_that_does_not_follow_gets_what_is_known(api: Served) -> None:
    """And then its end."""
    happen(api, 230)
    lines = api.http.get("/v1/events", params={"follow": "false"}).text.splitlines()
    assert [int(line.rpartition("-")[2]) for line in lines if line.startswith("id: ")] == list(range(1, 231))
    assert api.http.get("/v1/events?follow=false", headers={"Last-Event-ID": "230"}).text == "retry: 2000\n\n"
    assert slug(api.http.get("/v1/events?follow=perhaps")) == "invalid"


def test_a_slow_reader_is_sent_little_at_a_time(api: Served) -> None:
    """What is on its way to it is one batch of events, however many there are."""
    asked: list[int | None] = []

    class Watched(EventLog):
        def since(self, number: int, limit: int | None = None) -> tuple[list[PpaEvent], int]:
            asked.append(limit)
            return super().since(number, limit)

    api.app.state.streams.events = api.backend.events = Watched()
    happen(api, 500)
    with reading(api) as lines:
        take(lines, 500)
    assert set(asked) == {100}


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
    events = api.backend.events
    with reading(api) as lines:
        next(lines)
        wait_for(lambda: events.followers == 1)
    wait_for(lambda: not events.followers)


def test_a_reader_that_does_not_read_is_dropped() -> None:
    """It costs no memory, no stop waits for it, and the log goes on without it."""
    with serving(grace=30) as api:
        api.app.state.streams.send = 0.2
        events = api.backend.events
        before = events.followers  # who counts for the metrics
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        with connection:
            connection.connect(api.address)
            connection.sendall(b"GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
            wait_for(lambda: events.followers == before + 1)
            happen(api, 9000, filler="x" * 1000)
            wait_for(lambda: events.followers == before)
            assert api.http.get("/healthz").status_code == 200
            api.server.stop()
            api.thread.join(10)
            assert not api.thread.is_alive()


def test_only_so_many_may_follow(api: Served) -> None:
    """429 for one more of a client; when one leaves, there is room."""
    connections = [api.connect() for _ in range(MAX_OF_ONE)]
    try:
        for connection in connections:
            connection.sendall(b"GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        wait_for(lambda: api.backend.events.followers == MAX_OF_ONE)
        refused: httpx.Response = api.http.get("/v1/events")
        assert (refused.status_code, slug(refused)) == (429, "too-many-requests")
        connections.pop().close()
        wait_for(lambda: api.backend.events.followers < MAX_OF_ONE)
        with reading(api) as lines:
            assert next(lines).startswith("retry: ")
    finally:
        for connection in connections:
            connection.close()


def numbers(api: Served, query: str, **headers: str) -> list[int]:
    """Which of the events that there are."""
    wait_for(lambda: api.backend.events.followers == 0)  # the one before has been answered, and may be on its way out
    response = api.http.get(f"/v1/events?follow=false&{query}", headers=headers)
    assert response.status_code == 200
    return [json.loads(line[6:])["number"] for line in response.text.splitlines() if line.startswith("data: ")]


def test_events_may_be_asked_for_of_one_ppa_and_of_the_latest_alone(api: Served) -> None:
    """Both together are the latest of that PPA; who resumes gets all that comes after."""
    for number in range(1, 301):
        api.backend.events.add(NOW, TWO if number % 100 == 0 else ONE, "transition", {})
    assert numbers(api, f"ppa={TWO}") == [100, 200, 300]
    assert numbers(api, "latest=2") == numbers(api, "ppa=&latest=2") == [299, 300]
    assert numbers(api, f"ppa={TWO}&latest=2") == [200, 300]
    assert numbers(api, f"ppa={TWO}&latest=7") == [100, 200, 300]
    assert numbers(api, "ppa=ppa:x/none&latest=7") == []
    assert numbers(api, f"ppa={TWO}&latest=1", **{"Last-Event-ID": f"{api.backend.events.run}-100"}) == [200, 300]


def test_a_reader_of_one_ppa_goes_on(api: Served) -> None:
    """What happens to others is not told, but for a comment that shows that the connection lives."""
    happen(api, 3)
    with api.http.stream("GET", f"/v1/events?ppa={TWO}&latest=5") as response:
        lines = response.iter_lines()
        assert [next(lines) for _ in range(2)] == ["retry: 2000", ""]
        happen(api, 1)
        assert next(lines) == ": of other PPAs"
        api.backend.events.add(NOW, TWO, "transition", {})
        assert take(lines, 1)[0][0] == 5


@pytest.mark.parametrize("query", ["ppa=x", "ppa=~a/ubuntu/b%00", "latest=0", "latest=-1", "latest=x", "latest=99999"])
def test_events_that_cannot_be_asked_for(api: Served, query: str) -> None:
    """422, as for any other question."""
    assert slug(api.http.get(f"/v1/events?{query}")) == "invalid"
