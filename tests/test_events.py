"""Events as a reader gets them: once each, over broken connections and restarts, and gaps are told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing

import pytest

from ppa_assigner.client import Client
from tests.commandline import cli, started
from tests.fakedaemon import Drop, FakeDaemon, Stream

PATH = "/v1/events"
AT = "2026-11-25T03:14:12Z"
SAID = "Nov 25 03:14:12  ~a/ubuntu/b  proved clean\n"


def event(run: str, number: int) -> bytes:
    """As the daemon sends it.  All of one second: times alone tell nothing."""
    document = {"number": number, "at": AT, "ppa": "~a/ubuntu/b", "kind": "transition", "data": {"to": "free"}}
    return f"id: {run}-{number}\ndata: {json.dumps(document)}\n\n".encode()


def reset(run: str, why: str, first: int = 1) -> bytes:
    """As the daemon says that something is missing."""
    return f'event: reset\nid: {run}-{first - 1}\ndata: {{"why": "{why}", "first": {first}}}\n\n'.encode()


@pytest.fixture
def daemon() -> Iterator[FakeDaemon]:
    with FakeDaemon() as fake:
        yield fake


def test_following_goes_on_with_the_last_id(daemon: FakeDaemon) -> None:
    """Which every connection but the first one brings; a daemon that began anew loses none of its events."""
    daemon.on(
        "GET",
        PATH,
        Stream([b"retry: 2000\n\n", event("a", 1), event("a", 2)], ends=True),
        Drop(),
        Stream([b": still here\n\n", event("a", 3)[:-1]], ends=True),  # cut before its end: not an event yet
        Stream([event("a", 3)], ends=True),
        Stream([reset("b", "restarted"), event("b", 1), event("b", 2)], ends=True),
        Stream([reset("b", "forgotten", 9), event("b", 9)]),
    )
    with Client(daemon.url) as client, closing(client.events(follow=True)) as stream:
        seen = [next(stream) for _ in range(8)]
    assert [each.get("number") for each in seen] == [1, 2, 3, None, 1, 2, None, 9]
    assert [each["data"] for each in seen if each["kind"] == "reset"] == [
        {"why": "restarted", "first": 1},
        {"why": "forgotten", "first": 9},
    ]
    assert [asked.headers.get("Last-Event-ID") for asked in daemon.requests] == [
        None, "a-2", "a-2", "a-2", "a-3", "b-2",
    ]  # fmt: skip
    assert not any(asked.query for asked in daemon.requests)


def test_a_reset_is_where_to_go_on(daemon: FakeDaemon) -> None:
    """Also when nothing came after it before the connection broke."""
    daemon.on("GET", PATH, Stream([reset("b", "restarted", 4)], ends=True), Stream([event("b", 4)]))
    with Client(daemon.url) as client, closing(client.events(follow=True)) as stream:
        assert [next(stream).get("number") for _ in range(2)] == [None, 4]
    assert daemon.requests[1].headers["Last-Event-ID"] == "b-3"


def test_what_is_known_ends_by_itself(daemon: FakeDaemon) -> None:
    """The daemon is asked for no more than that."""
    daemon.on("GET", PATH, Stream([event("a", 1), event("a", 2)], ends=True))
    assert cli("events", url=daemon.url, env={"TZ": "UTC"}).stdout == SAID * 2
    assert [asked.query for asked in daemon.requests] == [{"follow": "false"}]


def test_gaps_are_told_beside_the_lines(daemon: FakeDaemon) -> None:
    """On stderr for people, and as a document for programs."""
    daemon.on("GET", PATH, Stream([reset("b", "restarted"), event("b", 1)]))
    with (
        started("events", "--follow", url=daemon.url, env={"TZ": "UTC"}) as people,
        started("events", "--follow", "--json", url=daemon.url) as program,
    ):
        assert people.stdout is not None
        assert people.stderr is not None
        assert program.stdout is not None
        assert people.stdout.readline() == SAID
        assert "was restarted" in people.stderr.readline()
        documents = [json.loads(program.stdout.readline()) for _ in range(2)]
    assert documents[0] == {"kind": "reset", "data": {"why": "restarted", "first": 1}}
    assert documents[1]["number"] == 1
