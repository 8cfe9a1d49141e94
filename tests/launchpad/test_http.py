"""Each request is sent once, every wait ends, and what is not known is not claimed."""

from __future__ import annotations

import gzip
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from ppa_assigner.launchpad.bodies import MAX_BODY_BYTES
from ppa_assigner.launchpad.http import NoResponseError, NotSentError, RequestOutcome, Timeouts, connections_by_lane
from ppa_assigner.port import Lane
from ppa_assigner.times import boottime
from tests.impatient import HEAD, PATIENT, QUICK, SLACK_S, get, no_proxies, seconds, transport, trickled
from tests.rawserver import Peer, RawServer, Request


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    no_proxies(monkeypatch)


@pytest.mark.parametrize("status", [500, 502, 503, 504, 429, 301, 303, 307, 401])
def test_any_status_is_an_answer_and_is_asked_for_once(status: int) -> None:
    """No status makes a request go out again: neither re-sent (502, 503), nor redirected, nor authenticated anew."""
    with RawServer(lambda request, peer: peer.answer(status, "so", Location="/elsewhere")) as server:
        client = transport(server.root)
        assert client.request("PATCH", server.root, {}, b"{}").status == status
        assert len(server.requests) == 1
        client.close()


def test_a_kept_connection_is_used_again() -> None:
    """Requests one after the other share one connection."""
    with RawServer(lambda request, peer: peer.answer(body="so")) as server:
        client = transport(server.root)
        for _ in range(5):
            assert get(client, server.root) == b"so"
        assert server.connections == 1
        client.close()


def test_a_connection_that_was_closed_meanwhile_costs_nothing() -> None:
    """An idle connection that the server closed is found out before use: no failure, and nothing is sent twice."""

    def script(request: Request, peer: Peer) -> None:
        peer.answer(body="so")
        peer.close()

    with RawServer(script) as server:
        client = transport(server.root)
        for number in range(1, 4):
            assert client.request("PATCH", server.root, {}, b"{}").body == b"so"
            server.wait(lambda: server.live == 0)
            assert len(server.requests) == number
        client.close()


def test_a_kept_connection_lost_under_a_request_is_no_answer() -> None:
    """A server that takes a request on a kept connection and hangs up may have done it: said so, not sent again."""

    def script(request: Request, peer: Peer) -> None:
        if len(server.requests) == 1:
            peer.answer(body="so")
        else:
            peer.close()

    with RawServer(script) as server:
        client = transport(server.root)
        get(client, server.root)
        with pytest.raises(NoResponseError):
            client.request("PATCH", server.root, {}, b"{}")
        assert [request.connection for request in server.requests] == [1, 1]
        client.close()


def test_silence_ends_at_the_read_time_out() -> None:
    """A server that says nothing is waited for as long as `read`, and once."""
    with RawServer(lambda request, peer: peer.hang()) as server:
        client = transport(server.root, Timeouts(2, 0.3, 60))
        assert 0.2 < seconds(lambda: get(client, server.root), NoResponseError) < 0.3 + SLACK_S
        assert len(server.requests) == 1
        client.close()


@pytest.mark.parametrize(
    "sent", [HEAD + b"\r\n" + b"x" * 900, HEAD + b"X-Long: " + b"x" * 900], ids=["the body", "the headers"]
)
def test_an_answer_that_trickles_ends_at_the_total(sent: bytes) -> None:
    """Each byte is in time, the answer is not: the total deadline holds, in headers too."""
    with RawServer(trickled(sent)) as server:
        client = transport(server.root, QUICK)
        assert 0.9 < seconds(lambda: get(client, server.root), NoResponseError) < 1.0 + SLACK_S
        client.close()


def test_a_deadline_of_the_caller_counts_if_it_is_earlier() -> None:
    """The requests of one call share a deadline, whatever each of them would be allowed."""
    with RawServer(trickled(HEAD)) as server:
        client = transport(server.root, Timeouts(2, 30, 60))
        end = time.monotonic() + 0.4
        taken = seconds(lambda: client.request("GET", server.root, {}, deadline=end), NoResponseError)
        assert taken < 0.4 + SLACK_S
        client.close()


def test_a_body_that_nobody_takes_ends_in_time() -> None:
    """A server that stops reading cannot hold the sender."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        root = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        client = transport(root, QUICK)
        body = b"x" * 50_000_000
        assert seconds(lambda: client.request("PATCH", root, {}, body), NoResponseError) < 1.0 + SLACK_S
        client.close()


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"HTTP/1.1 2",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nshort",
    ],
)
def test_half_an_answer_is_none(sent: bytes) -> None:
    """A connection that ends too early, or an answer that cannot be unpacked, is no answer, and is not asked again."""

    def script(request: Request, peer: Peer) -> None:
        peer.send(sent)
        peer.close()

    with RawServer(script) as server:
        client = transport(server.root)
        with pytest.raises(NoResponseError):
            get(client, server.root)
        assert len(server.requests) == 1
        client.close()


def test_gzip_is_asked_for_and_unpacked() -> None:
    """Listings are large texts."""
    packed = gzip.compress(b"so" * 10_000)
    with RawServer(lambda request, peer: peer.answer(body=packed, Content_Encoding="gzip")) as server:
        client = transport(server.root)
        assert get(client, server.root) == b"so" * 10_000
        assert server.requests[0].headers["accept-encoding"] == "gzip"
        client.close()


def test_an_answer_without_end_is_refused() -> None:
    """Memory is bounded, also against what is small only on the wire; the connection is fit for use afterwards."""
    bomb = gzip.compress(b"\0" * (MAX_BODY_BYTES + 1))

    def script(request: Request, peer: Peer) -> None:
        peer.answer(body=bomb if request.target == "/large" else gzip.compress(b"so"), Content_Encoding="gzip")

    with RawServer(script) as server:
        client = transport(server.root, Timeouts(2, 20, 40))
        with pytest.raises(NoResponseError, match="longer than"):
            get(client, f"{server.root}large")
        assert get(client, server.root) == b"so"
        client.close()


def test_hung_work_does_not_delay_assigning() -> None:
    """Sixteen requests of the work lane that hang leave the assign lane free; those beyond its size were not sent."""

    def script(request: Request, peer: Peer) -> None:
        if request.target == "/work":
            peer.hang()
        peer.answer(body="so")

    size = connections_by_lane(16)[Lane.WORK]
    with RawServer(script) as server, ThreadPoolExecutor(16) as pool:
        client = transport(server.root, Timeouts(2, 20, 20))
        end = time.monotonic() + 6
        work = [pool.submit(client.request, "GET", f"{server.root}work", {}, deadline=end) for _ in range(size)]
        server.wait(lambda: len(server.requests) == size)
        work += [pool.submit(client.request, "GET", server.root, {}, deadline=end - 2) for _ in range(size, 16)]
        assert get(client, server.root, Lane.ASSIGN) == b"so"
        assert not any(one.done() for one in work)
        kinds = [type(one.exception(20)) for one in work]
        assert kinds.count(NoResponseError) == size
        assert kinds.count(NotSentError) == 16 - size
        client.close()


@pytest.mark.parametrize(("connections", "assign", "work"), [(1, 4, 2), (4, 4, 2), (16, 4, 12), (40, 10, 30)])
def test_lanes(connections: int, assign: int, work: int) -> None:
    """A quarter is kept for assigning, at least four.  Beyond them as many follow uploads, and members have twice as
    many.
    """
    lanes = {Lane.ASSIGN: assign, Lane.MEMBERS: 2 * assign, Lane.WORK: work, Lane.FOLLOW: assign}
    assert connections_by_lane(connections) == lanes


def test_what_may_leave_only_until_then_does_not_leave_later() -> None:
    """`leave_by` is looked at just before the first byte, after all waiting for a connection."""
    with RawServer(lambda request, peer: peer.answer()) as server:
        client = transport(server.root)
        with pytest.raises(NotSentError):
            client.request("POST", server.root, {}, b"x", leave_by=boottime())
        assert client.request("POST", server.root, {}, b"x", leave_by=boottime() + 5).status == 200
        assert len(server.requests) == 1
        client.close()


def test_what_cannot_be_a_header_is_not_sent() -> None:
    """An ETag with a line break in it must not write headers of its own, nor raise anything else."""
    with RawServer(lambda request, peer: peer.answer()) as server:
        client = transport(server.root)
        for value in ("a\r\nX: y", "\N{SNOWMAN}"):
            with pytest.raises(NotSentError):
                client.request("PATCH", server.root, {"If-Match": value}, b"{}")
        assert server.requests == []
        client.close()


def test_requests_are_told_for_metrics() -> None:
    """Method, lane, outcome and seconds of each."""
    seen: list[RequestOutcome] = []

    def script(request: Request, peer: Peer) -> None:
        if request.target == "/lost":
            return peer.close()
        return peer.answer(404)

    with RawServer(script) as server:
        client = transport(server.root, on_request=seen.append)
        client.request("GET", server.root, {}, lane=Lane.ASSIGN)
        with pytest.raises(NoResponseError):
            get(client, f"{server.root}lost")
        with pytest.raises(NotSentError):
            client.request("GET", server.root, {}, leave_by=0.0)
        client.close()
    assert [(one.lane, one.outcome) for one in seen] == [
        (Lane.ASSIGN, 404),
        (Lane.WORK, "no-answer"),
        (Lane.WORK, "not-sent"),
    ]
    assert all(0 <= one.seconds < PATIENT.total for one in seen)


def test_five_hundred_threads_share_one_client() -> None:
    """All get their own answers, over no more connections than there may be."""
    with RawServer(lambda request, peer: peer.answer(body=request.target)) as server:
        client = transport(server.root, Timeouts(5, 20, 60))
        wrong: list[str] = []

        def ask(number: int) -> None:
            paths = [f"{number}/{turn}" for turn in range(2)]
            wrong.extend(path for path in paths if get(client, server.root + path) != f"/{path}".encode())

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(500)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        client.close()
        assert wrong == []
        assert len(server.requests) == 1000
        assert server.connections <= connections_by_lane(16)[Lane.WORK]
