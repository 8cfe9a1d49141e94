"""Who may connect, and whose requests find room: one who takes all there is leaves the others theirs."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import http.client
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest

from ppa_assigner.access import Role
from ppa_assigner.api.acceptor import LEAST, AcceptedConnection, Acceptor, ConnectionLimits, peer_of
from ppa_assigner.api.rate_limit import ConcurrencyLimiter, RequestClass, classify
from ppa_assigner.problems import Kind, Problem
from tests.waiting import until

from .fakes import DEADLINE_S, JSON, LEASE, LENT, Served, serving, slug, wait_for
from .test_auth import bearer, client

CLIENTS = (client("greedy", "one", owners=("*",)), client("other", "two", Role.OPERATOR))
HALF = (
    b"", b"GET /v1/ppas HTTP/1.1\r\nHost: loc",
    b"POST /v1/leases HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{",
)  # fmt: skip


@pytest.fixture
def narrow() -> Iterator[Served]:
    """A daemon that has hardly any descriptors for connections."""
    with serving(reserve=10**6) as api:
        yield api


@pytest.mark.parametrize("said", HALF, ids=["nothing", "half a head", "half a body"])
def test_who_asks_nothing_makes_room(narrow: Served, said: bytes) -> None:
    """Ten times as many as there is room for: who waits goes on, who was served is served, who comes is."""
    host, port = narrow.address
    with ExitStack() as stack:
        served = http.client.HTTPConnection(host, port, timeout=DEADLINE_S)
        stack.callback(served.close)
        ask(served)
        waiting = [stack.enter_context(narrow.send_assign()) for _ in range(3)]
        wait_for(lambda: len(narrow.backend.calls) == 3)
        for _ in range(10 * LEAST):
            crowd = stack.enter_context(narrow.connect())
            with contextlib.suppress(ConnectionError):
                crowd.sendall(said)
        ask(served)
        for _ in range(3):
            assert httpx.get(f"{narrow.url}/v1/ppas", timeout=DEADLINE_S).status_code == 200
        assert narrow.server.acceptor is not None
        assert narrow.server.acceptor.count <= LEAST
        for call in narrow.backend.calls[:3]:
            call.future.set_result(LENT)
        assert [one.recv(12) for one in waiting] == [b"HTTP/1.1 201"] * 3


def ask(connection: http.client.HTTPConnection) -> None:
    """On the connection that there is."""
    connection.request("GET", "/v1/ppas", headers={"Host": "localhost"})
    answer = connection.getresponse()
    assert answer.status == 200
    answer.read()


def test_who_was_there_is_counted_no_more(narrow: Served) -> None:
    """However they end: by themselves, by us, sent away."""
    for _ in range(3):
        with ExitStack() as stack:
            for _ in range(2 * LEAST):
                stack.enter_context(narrow.connect())
            assert narrow.http.get("/v1/ppas").status_code == 200
    narrow.http.close()
    door = narrow.server.acceptor
    assert door is not None
    wait_for(lambda: door.count == 0)
    assert not door.peers
    assert not door.beginning


def test_wishes_of_one_client_leave_the_others_theirs_and_touches_room() -> None:
    """It gets 429 for the next wish, others still have room; touches and releases are answered, its own too."""
    with serving(clients=CLIENTS, max_requests=40) as api, ExitStack() as stack:
        for _ in range(10):
            stack.enter_context(send(api, "one"))
        wait_for(lambda: len(api.backend.calls) == 10)
        more = api.http.post("/v1/leases", json={"owner": "me"}, headers=bearer("one"))
        assert (more.status_code, slug(more)) == (429, "too-many-requests")
        assert "greedy" in more.json()["detail"]
        stack.enter_context(send(api, "two"))
        wait_for(lambda: len(api.backend.calls) == 11)
        api.backend.outcome = LENT
        for token in ("one", "two"):
            assert api.http.post(f"/v1/leases/{LEASE}/touch", headers=bearer(token)).status_code == 200
        api.backend.outcome = api.backend.known[0]
        assert api.http.delete(f"/v1/leases/{LEASE}", headers=bearer("two")).status_code == 200
        api.backend.calls[0].future.set_result(LENT)
        api.backend.answer = LENT
        wish: dict[str, Any] = {"url": "/v1/leases", "json": {"owner": "me"}, "headers": bearer("one")}
        wait_for(lambda: api.http.post(**wish).status_code == 201)


def send(api: Served, token: str) -> socket.socket:
    """A wish of that client."""
    connection = api.connect()
    connection.setblocking(True)
    body = b'{"owner":"me","wait":60}'
    head = f"POST /v1/leases HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
    head += f"Content-Type: {JSON['Content-Type']}\r\nContent-Length: {len(body)}\r\n\r\n"
    connection.sendall(head.encode() + body)
    return connection


def test_each_kind_has_room_of_its_own() -> None:
    """Whatever one client takes of one kind; what is given back is there again."""
    limiter = ConcurrencyLimiter(80)
    with ExitStack() as stack:
        for use, count in (
            (RequestClass.WAIT, 20),
            (RequestClass.LIFE, 5),
            (RequestClass.FOLLOW, 8),
            (RequestClass.OTHER, 10),
        ):
            for _ in range(count):
                stack.enter_context(limiter.slot(use, "a"))
            with pytest.raises(Problem) as one, limiter.slot(use, "a"):
                pass
            assert one.value.kind is Kind.TOO_MANY
        for _ in range(20):
            stack.enter_context(limiter.slot(RequestClass.WAIT, "b"))
        with pytest.raises(Problem), limiter.slot(RequestClass.WAIT, "c"):
            pass
    with limiter.slot(RequestClass.WAIT, "c"):
        assert limiter.under_way == {(RequestClass.WAIT, "c"): 1}


def test_what_a_request_is_about() -> None:
    """By method and path alone."""
    assert classify("POST", "/v1/leases") is RequestClass.WAIT
    for method, path in (
        ("POST", f"/v1/leases/{LEASE}/touch"), ("DELETE", f"/v1/leases/{LEASE}"), ("DELETE", "/v1/leases"),
        ("POST", "/v1/ppas/~a/ubuntu/b/release"),
    ):  # fmt: skip
        assert classify(method, path) is RequestClass.LIFE
    assert classify("GET", "/v1/events") is RequestClass.FOLLOW
    for method, path in (("GET", "/v1/leases"), ("GET", "/v1/leases/x"), ("POST", "/v1/ppas/~a/ubuntu/b/hold")):
        assert classify(method, path) is RequestClass.OTHER


class Exhausted(socket.socket):
    """A listening socket for which there is no descriptor, the first times."""

    tried = 0
    failures = 3

    def accept(self) -> tuple[socket.socket, object]:
        self.tried += 1
        if self.tried <= self.failures:
            raise OSError(errno.EMFILE, "Too many open files")
        return super().accept()


def test_without_a_descriptor_it_is_tried_again_after_a_pause(caplog: pytest.LogCaptureFixture) -> None:
    """Once a pause, not once for each who waits; then those are served."""
    served: list[AcceptedConnection] = []

    async def accepts() -> None:
        door = Acceptor([listening], lambda connection: Busy(connection, served), ConnectionLimits(100, 100), None)
        door.open()
        with ExitStack() as stack:
            for _ in range(50):
                stack.enter_context(socket.create_connection(listening.getsockname(), DEADLINE_S))
            await asyncio.to_thread(until, lambda: len(served) == 50)
        door.close()

    with Exhausted() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        listening.setblocking(False)
        asyncio.run(asyncio.wait_for(accepts(), DEADLINE_S))
        assert listening.tried <= Exhausted.failures + 60
    assert (
        len([one for one in caplog.records if "no connection can be accepted" in one.getMessage()])
        == Exhausted.failures
    )


class Busy(asyncio.Protocol):
    """Whoever connects has asked something whole at once."""

    def __init__(self, connection: AcceptedConnection, served: list[AcceptedConnection]) -> None:
        self._connection, self._served = connection, served

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._connection.end = transport.abort
        self._connection.asked()
        self._served.append(self._connection)

    def connection_lost(self, exc: Exception | None) -> None:
        self._connection.gone()


def test_where_all_are_busy_one_of_the_same_peer_is_refused_and_others_wait() -> None:
    """In words, and at once; the others come in when somebody leaves."""
    served: list[AcceptedConnection] = []

    async def accepts() -> None:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            listening.setblocking(False)
            door = Acceptor([listening], lambda connection: Busy(connection, served), ConnectionLimits(4, 3), None)
            door.open()
            connect = (asyncio.open_connection(*listening.getsockname()) for _ in range(4))
            first, second, third, (reader, writer) = [await each for each in connect]
            answer = await reader.read()
            assert answer.startswith(b"HTTP/1.1 429 ")
            assert b"too-many-requests" in answer
            writer.close()
            first[1].close()
            await asyncio.to_thread(until, lambda: door.count == 2)
            again = await asyncio.open_connection(*listening.getsockname())
            await asyncio.to_thread(until, lambda: len(served) == 4)
            for _, open_one in (again, second, third):
                open_one.close()
            door.close()

    asyncio.run(asyncio.wait_for(accepts(), DEADLINE_S))


def test_peers() -> None:
    """An address, whichever port; the user behind a Unix socket."""
    near, far = socket.socketpair()
    with near, far:
        assert peer_of(near).startswith("uid ")
    with socket.create_server(("127.0.0.1", 0)) as listening, socket.create_connection(listening.getsockname()):
        accepted, _ = listening.accept()
        with accepted:
            assert peer_of(accepted) == "127.0.0.1"
