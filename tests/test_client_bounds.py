"""What a daemon, or what stands in its place, can take of a client: no more time than was asked for, little memory."""

from __future__ import annotations

import gzip
import ssl
import time
from pathlib import Path

import pytest

from ppa_assigner.client import Client, NotPermitted, Unavailable
from ppa_assigner.client.connections import LARGEST_BYTES
from tests.certificate import certified
from tests.impatient import HEAD, trickled
from tests.rawserver import Peer, RawServer, Request, Script

ANSWER_S = 0.5
SLACK_S = 4.0  # two busy cores; a trickle takes far longer
PIECE = b" " * (1 << 20)
EVENTS = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"


def touched_in(server: RawServer, match: str) -> float:
    """How long a touch takes that fails in this way."""
    begun = time.monotonic()
    with Client(server.root) as client, pytest.raises(Unavailable, match=match):
        client.touch("4c1f", within=ANSWER_S)
    return time.monotonic() - begun


@pytest.mark.parametrize(
    "sent", [HEAD + b"\r\n" + b"x" * 900, HEAD + b"X-Long: " + b"x" * 900], ids=["the body", "the headers"]
)
def test_an_answer_that_trickles_ends_in_time(sent: bytes) -> None:
    """Each byte is in time, the answer is not."""
    with RawServer(trickled(sent)) as server:
        assert touched_in(server, "no answer in time") < ANSWER_S + SLACK_S


def test_it_ends_in_time_over_tls_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever carries it."""
    made = certified(tmp_path, "127.0.0.1")
    monkeypatch.setenv("SSL_CERT_FILE", str(made.certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.certificate, made.key)
    with RawServer(trickled(HEAD + b"\r\n" + b"x" * 900), context) as server:
        assert touched_in(server, "no answer in time") < ANSWER_S + SLACK_S


def test_the_head_of_the_events_comes_in_time() -> None:
    """Only what follows it may take as long as it likes."""
    with RawServer(trickled(b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 900)) as server, Client(server.root) as client:
        begun = time.monotonic()
        with pytest.raises(Unavailable, match="no answer in time"):
            list(client.events(follow=False))
        assert time.monotonic() - begun < 10 + SLACK_S


def test_the_deadline_of_one_answer_is_not_that_of_the_next() -> None:
    """Though they share a connection."""
    with RawServer(lambda request, peer: peer.json({"items": []})) as server, Client(server.root) as client:
        for _ in range(3):
            assert client.pools() == []
        assert server.connections == 1


def without_end(request: Request, peer: Peer) -> None:
    """Spaces, which JSON allows, as many as anybody reads."""
    peer.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
    for _ in range(2 * LARGEST_BYTES // len(PIECE)):
        peer.send(PIECE)
    peer.close()


def packed(request: Request, peer: Peer) -> None:
    """A few kilobytes that unpack to more."""
    peer.answer(200, gzip.compress(b" " * (2 * LARGEST_BYTES)), Content_Encoding="gzip")


@pytest.mark.parametrize(("script", "said"), [(without_end, "longer than 64 MiB"), (packed, "not a JSON document")])
def test_an_answer_longer_than_any_is_not_read(script: Script, said: str) -> None:
    """Nor is one unpacked that nobody asked to be packed."""
    with (
        RawServer(script) as server,
        Client(server.root, answer_s=30.0) as client,
        pytest.raises(Unavailable, match=said),
    ):
        client.touch("4c1f", within=20.0)


@pytest.mark.parametrize("sent", [b"Content-Length: 90\r\n\r\n{}", b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n"])
def test_an_answer_that_ends_before_its_end_is_none(sent: bytes) -> None:
    """Though what came of it is a document."""

    def script(request: Request, peer: Peer) -> None:
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" + sent)
        peer.close()

    with RawServer(script) as server:
        assert touched_in(server, "the connection broke") < ANSWER_S + SLACK_S


def test_events_that_are_refused_leave_the_connection_for_the_next_call() -> None:
    """It was read to its end, and is neither closed nor lost."""

    def script(request: Request, peer: Peer) -> None:
        peer.json({"items": []}, 403 if "events" in request.target else 200)

    with RawServer(script) as server, Client(server.root) as client:
        for _ in range(2):
            with pytest.raises(NotPermitted):
                list(client.events())
            assert client.pools() == []
        assert server.connections == 1


def test_a_connection_that_the_daemon_closed_is_not_used_again() -> None:
    """Between two calls: the next one opens another, and does not fail."""

    def script(request: Request, peer: Peer) -> None:
        peer.json({"items": []})
        peer.close()

    with RawServer(script) as server, Client(server.root, answer_s=30.0) as client:
        for number in range(1, 4):
            assert client.pools() == []
            assert server.connections == number
            server.wait(lambda: server.live == 0)


@pytest.mark.parametrize("sent", [b"data: " + 3 * PIECE, b"data: x\ndata: " + 3 * PIECE + b"\n"], ids=["line", "lines"])
def test_an_event_longer_than_any_is_not_read(sent: bytes) -> None:
    """A line without end, or lines that are one event."""

    def script(request: Request, peer: Peer) -> None:
        peer.send(EVENTS + sent)
        peer.close()

    with (
        RawServer(script) as server,
        Client(server.root) as client,
        pytest.raises(Unavailable, match="an event that is longer"),
    ):
        list(client.events(follow=False))
