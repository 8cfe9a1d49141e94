"""What a connection may send, and how long it may take for it."""

from __future__ import annotations

import contextlib
import json
import socket

import pytest

from ppa_assigner.api import connection

from .fakes import LENT, Served, read_all, serving, wait_for


def exchange(api: Served, data: bytes) -> bytes:
    """All that comes back until the other side closes."""
    with api.connect() as connection:
        connection.sendall(data)
        return read_all(connection)


def problem(answer: bytes) -> tuple[int, str]:
    """Status and kind of a problem."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"application/problem+json" in head
    told = json.loads(body)
    assert int(head.split()[1]) == told["status"]
    return told["status"], told["type"].rpartition("/")[2]


@pytest.mark.parametrize("data", [b"nonsense\r\n\r\n", b"GET \xff HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00"])
def test_what_is_no_http_is_told_so(api: Served, data: bytes) -> None:
    """400 as a problem, and the connection ends: also for TLS, or an address that is not ASCII."""
    assert problem(exchange(api, data)) == (400, "invalid")


def test_a_head_that_is_too_large_is_refused(api: Served) -> None:
    """413, whether it comes whole or never ends."""
    large = b"x" * (connection.HEAD_LIMIT + 1)
    whole = b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + large + b"\r\n\r\n"
    endless = b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + large
    address = b"GET /" + large
    for data in (whole, endless, address):
        assert problem(exchange(api, data)) == (413, "too-large")


def test_a_head_just_within_the_limit_is_read(api: Served) -> None:
    """A long query or token is no attack."""
    large = b"x" * (connection.HEAD_LIMIT - 200)
    data = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX: " + large + b"\r\n\r\n"
    assert exchange(api, data).startswith(b"HTTP/1.1 200")


def test_requests_behind_each_other_are_answered_in_order(api: Served) -> None:
    """Pipelined ones too, but a connection may not have too many of them open."""
    one = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    last = b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    answers = exchange(api, one * 3 + last)
    assert (answers.count(b"HTTP/1.1 200"), answers.count(b"alive")) == (4, 3)
    assert answers.index(b"ready") > answers.rindex(b"alive")
    with api.send_assign() as greedy:
        greedy.sendall(one * (connection.MAX_PIPELINED + 1))
        with contextlib.suppress(ConnectionError):
            assert read_all(greedy) == b""
        wait_for(lambda: api.backend.hung_up)


def test_fifty_requests_at_once_are_fifty_answers(api: Served) -> None:
    """A program that writes all it wants to know before it reads; but what is open may not take much memory."""
    one = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    last = b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    assert exchange(api, one * 49 + last).count(b"HTTP/1.1 200") == 50
    large = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * (connection.HEAD_LIMIT - 200) + b"\r\n\r\n"
    with api.send_assign() as greedy:
        with contextlib.suppress(ConnectionError):
            greedy.sendall(large * 9)
            assert read_all(greedy) == b""
        wait_for(lambda: api.backend.hung_up)


def half_closed(api: Served, data: bytes) -> bytes:
    """All that comes back to one who says that he has nothing more to say."""
    with api.connect() as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        return read_all(connection)


def test_who_has_said_all_is_answered(api: Served) -> None:
    """`printf … | nc` ends its side before it reads; one request or several."""
    one = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    assert half_closed(api, one).count(b"alive") == 1
    assert half_closed(api, one * 20).count(b"alive") == 20
    assert half_closed(api, one + one[:20]).count(b"alive") == 1


def test_who_waits_in_the_line_must_stay(api: Served) -> None:
    """The end of his side is the end of his wish: a client that is gone looks the same."""
    with api.send_assign() as waiting:
        wait_for(lambda: api.backend.calls)
        waiting.shutdown(socket.SHUT_WR)
        wait_for(lambda: api.backend.hung_up)


def test_an_offer_of_another_protocol_is_not_taken(api: Served) -> None:
    """Some clients offer HTTP/2 or web sockets with each request."""
    api.backend.answer = LENT
    body = b'{"owner":"me"}'
    head = b"POST /v1/leases HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, close\r\nUpgrade: h2c\r\n"
    data = head + b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    assert exchange(api, data).startswith(b"HTTP/1.1 201")
    offer = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nupgrade: websocket\r\nConnection: Upgrade, close\r\n\r\n"
    assert exchange(api, offer).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    "data",
    [b"", b"GET / HTTP/1.1\r\nHost: ", b"POST /v1/leases HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{"],
)
def test_who_takes_too_long_to_ask_is_dropped(data: bytes) -> None:
    """Before, in and after the head; who has asked may wait for the answer as long as it takes."""
    with serving(patience=0.3) as api, api.send_assign() as waiting:
        wait_for(lambda: api.backend.calls)
        with api.connect() as slow:
            slow.sendall(data)
            with contextlib.suppress(ConnectionError):
                assert read_all(slow) == b""
        api.backend.calls[0].future.set_result(LENT)
        assert waiting.recv(12) == b"HTTP/1.1 201"


def test_a_body_is_asked_for_when_the_client_wants_that(api: Served) -> None:
    """Expect: 100-continue."""
    api.backend.answer = LENT
    with api.connect() as connection:
        connection.sendall(
            b"POST /v1/leases HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nExpect: 100-continue\r\n"
            b"Content-Type: application/json\r\nContent-Length: 14\r\n\r\n"
        )
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b'{"owner":"me"}')
        assert read_all(connection).startswith(b"HTTP/1.1 201")
