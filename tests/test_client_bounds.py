"""What a daemon, or what stands in its place, can take of a client: no more time than was asked for, little memory."""

from __future__ import annotations

import contextlib
import gc
import gzip
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ppa_assigner.client import Bug, Client, NotPermitted, Unavailable, UsageError, sockets
from ppa_assigner.client.connections import LARGEST_BYTES
from tests.certificate import certified
from tests.impatient import HEAD, trickled
from tests.rawserver import PATIENCE_S, Peer, RawServer, Request, Script

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


@contextlib.contextmanager
def speaking(data: bytes) -> Iterator[int]:
    """A port where whoever connects first is sent these bytes, slowly, whatever it says."""
    over = threading.Event()

    def speak(listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            taken, _ = listener.accept()
            with taken:
                for byte in data:
                    taken.sendall(bytes([byte]))
                    over.wait(0.05)
                over.wait(PATIENCE_S)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=speak, args=(listener,))
        thread.start()
        yield listener.getsockname()[1]
        over.set()
        thread.join(PATIENCE_S)


@pytest.mark.parametrize("hello", [b"\x16\x03\x03\x10\x00" + b"\x02" * 900, b""], ids=["trickles", "is silent"])
def test_a_handshake_ends_in_time_and_nothing_was_sent(hello: bytes) -> None:
    """What must not be repeated may be sent again after it."""
    with speaking(hello) as port, Client(f"https://127.0.0.1:{port}") as client:
        begun = time.monotonic()
        with pytest.raises(Unavailable, match="handshake did not end in time") as caught:
            client.touch("4c1f", within=ANSWER_S)
        assert time.monotonic() - begun < ANSWER_S + SLACK_S
    assert not caught.value.maybe_done


def test_what_speaks_no_tls_is_told_so() -> None:
    """As where https is written for http."""
    with (
        RawServer(lambda request, peer: None) as server,
        Client(server.root.replace("http:", "https:")) as client,
        pytest.raises(Unavailable, match="does not come to TLS") as caught,
    ):
        client.touch("4c1f", within=ANSWER_S)
    assert not caught.value.maybe_done


def test_an_address_that_nobody_answers_at_leaves_time_for_the_next() -> None:
    """A host may have several, and all of them together have the time that was given."""
    with socket.socket() as deaf, socket.create_server(("127.0.0.1", 0)) as listener:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(deaf.getsockname())
        found = [
            address
            for one in (deaf, listener)
            for address in socket.getaddrinfo("127.0.0.1", one.getsockname()[1], type=socket.SOCK_STREAM)
        ]
        with sockets.first_of(found, time.monotonic() + 10.0) as opened:
            assert opened.getpeername() == listener.getsockname()
        begun = time.monotonic()
        with pytest.raises(TimeoutError):
            sockets.first_of(found[:1] * 20, begun + ANSWER_S)
        assert time.monotonic() - begun < ANSWER_S + SLACK_S
        for filler in fillers:
            filler.close()


def test_a_client_may_wait_without_end() -> None:
    """Longer than any system's time-outs are."""
    with (
        RawServer(lambda request, peer: peer.json({"items": []})) as server,
        Client(server.root, answer_s=float("inf")) as client,
    ):
        assert client.pools() == []


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


@pytest.mark.parametrize("older", [False, True])
def test_a_client_that_nobody_closed_is_closed_when_it_is_forgotten(older: bool) -> None:
    """Without a warning of its sockets, though what refers to itself keeps it until it is collected: whether or not it
    has outlived a collection that its connections have not.
    """
    with RawServer(lambda _, peer: peer.json({"items": []})) as server:
        circle: list[object] = [Client(server.root)]
        circle.append(circle)
        if older:
            gc.collect(0)
        assert circle[0].pools() == []  # type: ignore[attr-defined]  # it is the client
        del circle
        gc.collect()
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


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ('id: \u2603\ndata: {"number": 1, "at": "x"}\n\ndata: 1\n\n', "not a JSON document"),
        ("id: a\rb\ndata: {}\n\ndata: 1\n\n", "not a JSON document"),
        ('data: {"number": "x", "at": "x"}\n\n', "without a number or a time"),
        ('data: {"number": 1, "at": 3}\n\n', "without a number or a time"),
    ],
)
def test_events_that_are_none_of_the_daemon_s_are_an_answer_that_is_none(sent: str, said: str) -> None:
    """Whatever stands in their ids: what no header can have is not sent back."""

    def script(request: Request, peer: Peer) -> None:
        peer.send(EVENTS + sent.encode())
        peer.close()

    with RawServer(script) as server, Client(server.root) as client, pytest.raises(Unavailable, match=said):
        list(client.events(follow=False))


def test_what_no_address_can_carry_is_a_mistake_of_who_gave_it() -> None:
    """An argument in another encoding than UTF-8: nothing is sent."""
    text = b"caf\xe9".decode("utf-8", "surrogateescape")
    with RawServer(lambda request, peer: peer.json({"items": []})) as server, Client(server.root) as client:
        calls = (client.release, client.withdraw, client.get_lease, lambda _: client.leases(pool=text))
        for call in calls:
            with pytest.raises(UsageError, match="is not text in UTF-8"):
                call(text)
        assert server.requests == []


def test_a_document_that_does_not_say_what_it_is_of_is_none_of_the_daemon_s() -> None:
    """Of a list one such item is enough; who cannot be told apart is not taken for nobody."""
    answer = {"items": [{"id": "4c1f", "ppa": "~a/ubuntu/b", "pool": "default"}, {}]}
    with RawServer(lambda request, peer: peer.json(answer)) as server, Client(server.root) as client:
        for call in (client.leases, client.ppas, client.pools, client.caller, lambda: client.ppa("ppa:a/b")):
            with pytest.raises(Bug, match="the daemon's answer"):
                call()
