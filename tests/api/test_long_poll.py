"""An assign that waits: it costs no thread, and nobody is given a PPA who is no longer there."""

from __future__ import annotations

import resource
import socket
import struct
import threading
from contextlib import ExitStack

from ppa_assigner.problems import Kind, Problem

from .fakes import LENT, Served, serving, wait_for

MANY = 2000


def test_who_closes_while_waiting_has_hung_up(api: Served) -> None:
    """The supervisor is told within moments, not when it has an answer."""
    connection = api.send_assign()
    wait_for(lambda: api.backend.calls)
    assert not api.backend.hung_up
    connection.close()
    wait_for(lambda: api.backend.hung_up)
    assert api.backend.hung_up == api.backend.calls


def test_who_is_reset_while_waiting_has_hung_up(api: Served) -> None:
    """A killed client's host may send a reset instead of an end."""
    connection = api.send_assign()
    wait_for(lambda: api.backend.calls)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
    wait_for(lambda: api.backend.hung_up)


def test_who_closed_just_before_the_answer_has_hung_up(api: Served) -> None:
    """The end of the connection and the lease come in one turn of the loop: the lease must not be written off."""
    for number in range(1, 51):
        connection = api.send_assign()
        wait_for(lambda: len(api.backend.calls) == number)  # noqa: B023 - used before the loop goes on
        connection.close()
        api.backend.calls[-1].future.set_result(LENT)
        wait_for(lambda: len(api.backend.hung_up) == number)  # noqa: B023 - used before the loop goes on
    assert api.backend.hung_up == api.backend.calls


def test_who_sent_another_request_behind_and_closes_has_hung_up(api: Served) -> None:
    """A request that is pipelined behind the assign hides neither its end nor its answer."""
    connection = api.send_assign()
    wait_for(lambda: api.backend.calls)
    connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    connection.close()
    wait_for(lambda: api.backend.hung_up)
    other = api.send_assign()
    other.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    wait_for(lambda: len(api.backend.calls) == 2)
    api.backend.calls[1].future.set_result(LENT)
    with other, other.makefile("rb") as answers:
        text = answers.read()
    assert text.index(b"201 Created") < text.index(b'"alive"')
    assert len(api.backend.hung_up) == 1


def test_who_waits_for_the_answer_has_not_hung_up(api: Served) -> None:
    """Neither with a lease nor with a problem."""
    for outcome, status in ((LENT, b"201"), (Problem(Kind.SUPERSEDED, "later"), b"409")):
        connection = api.send_assign()
        wait_for(lambda: api.backend.calls)
        call = api.backend.calls.pop()
        if isinstance(outcome, Problem):
            call.future.set_exception(outcome)
        else:
            call.future.set_result(outcome)
        with connection, connection.makefile("rb") as answer:
            assert answer.readline().split()[1] == status
    assert not api.backend.hung_up


def test_two_thousand_wait_without_a_thread_each() -> None:
    """They all get their answer in the end, and the loop serves others meanwhile."""
    with serving() as api, ExitStack() as connections:
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 2 * MANY + 100
        before = threading.active_count()
        waiting = [connections.enter_context(api.send_assign()) for _ in range(MANY)]
        wait_for(lambda: len(api.backend.calls) == MANY)
        assert threading.active_count() == before
        assert api.http.get("/healthz").status_code == 200
        for call in api.backend.calls:
            call.future.set_result(LENT)
        for connection in waiting:
            assert connection.recv(12) == b"HTTP/1.1 201"
        assert not api.backend.hung_up


def test_a_client_that_leaves_in_the_middle_of_its_body_asks_nothing(api: Served) -> None:
    """A body that is not complete is no wish, and no error of the daemon's."""
    with api.connect() as connection:
        connection.sendall(b'POST /v1/leases HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n\r\n{"owner":')
    wait_for(lambda: 'route="/v1/leases",status="499"' in api.http.get("/metrics").text)
    assert not api.backend.calls
