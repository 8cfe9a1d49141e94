"""What the client makes of the bytes of an answer: the same as Python's own, however they come, and never a guess."""

from __future__ import annotations

import http.client
import io
import socket
from collections.abc import Callable, Sequence

import pytest
from hypothesis import example, given, strategies as st

from ppa_assigner.client import Client, Unavailable, http1
from tests.rawserver import Peer, RawServer, Request

PPAS = b'{"items": []}'
OK = b"HTTP/1.1 200 OK\r\n"


def coming(pieces: Sequence[bytes]) -> Callable[[], bytes]:
    """A connection on which these come, and then its end."""
    left = iter(pieces)
    return lambda: next(left, b"")


def read(data: bytes, method: str = "GET", size: int = 1 << 16) -> tuple[http1.Answer, bytes]:
    """An answer and its body, of bytes that come so many at a time."""
    answer = http1.answer(method, coming([data[at : at + size] for at in range(0, len(data), size)]))
    return answer, b"".join(answer.pieces())


# -- answers that are well made -----------------------------------------------------------------------------------


class Bytes(socket.socket):
    """A socket on which these came, for Python's own client."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self.data = data

    def makefile(self, *_: object, **__: object) -> io.BytesIO:  # type: ignore[override]
        return io.BytesIO(self.data)


def as_python_reads(data: bytes, method: str) -> tuple[int, bytes, bool]:
    """Status, body, and whether the connection ends with it."""
    with Bytes(data) as opened:
        answer = http.client.HTTPResponse(opened, method=method)
        answer.begin()
        return answer.status, answer.read(), answer.will_close


def chunked(body: bytes, size: int) -> bytes:
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%X;x=y\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\nX-Sum: 1\r\n\r\n"


def framed(body: bytes, framing: str) -> tuple[bytes, bytes]:
    """The header that tells the end of a body, and what is sent of it."""
    if framing == "length":
        return b"Content-Length: %d\r\n" % len(body), body
    if framing == "chunked":
        return b"Transfer-Encoding: chunked\r\n", chunked(body, 3)
    return b"", body


@given(
    version=st.sampled_from([b"1.1", b"1.0"]),
    status=st.sampled_from([200, 201, 204, 304, 404, 503, 999]),
    body=st.binary(max_size=40),
    framing=st.sampled_from(["length", "chunked", "none"]),
    connection=st.sampled_from([b"", b"Connection: close\r\n", b"Connection: Keep-Alive\r\n"]),
    method=st.sampled_from(["GET", "POST", "HEAD"]),
    size=st.integers(1, 50),
)
def test_an_answer_is_what_python_reads_however_it_comes(
    version: bytes, status: int, body: bytes, framing: str, connection: bytes, method: str, size: int
) -> None:
    """Byte by byte or as a whole; and a connection ends where Python would end it."""
    if status in (204, 304) and framing == "chunked":
        framing = "none"  # which no server may send, and Python waits for
    bodiless = method == "HEAD" or status in (204, 304)
    header, sent = framed(body, framing)
    data = b"HTTP/%b %d So\r\n%b%b\r\n%b" % (version, status, header, connection, b"" if bodiless else sent)
    answer, found = read(data, method, size)
    code, theirs, closes = as_python_reads(data, method)
    assert (answer.status, found) == (code, theirs)
    assert not (answer.may_be_followed and closes)
    if version == b"1.1" and (framing != "none" or bodiless):
        assert answer.may_be_followed is (b"close" not in connection)


def test_headers_are_found_by_any_case_and_joined() -> None:
    """A line that begins with a blank goes on with the one before it."""
    answer, _ = read(OK + b'ETag:  "a" \r\nX-A: 1\r\nx-a: 2\r\n\t3\nConnection:close\r\nX-U: caf\xe9\r\n\r\n')
    assert [answer.header(name) for name in ("etag", "X-A", "X-U", "X-None")] == ['"a"', "1, 2 3", "caf\xe9", ""]


def test_what_comes_before_an_answer_is_passed_by() -> None:
    """That it is yet to come may be said several times."""
    early = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
    answer, body = read(early + OK + b"Content-Length: 2\r\n\r\n{}", "POST")
    assert (answer.status, body, answer.header("Link"), answer.may_be_followed) == (200, b"{}", "", True)


@pytest.mark.parametrize(
    "data",
    [
        OK + b"Content-Length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\n",  # what nobody asked for
        OK + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        OK + b"\r\n{}",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        OK + b"Content-Length: 2\r\nConnection: x, Close\r\n\r\n{}",
    ],
)
def test_a_connection_in_doubt_is_not_used_again(data: bytes) -> None:
    """The answer is good, and what is next on the connection nobody knows."""
    answer, body = read(data)
    assert body == b"{}"
    assert not answer.may_be_followed


# -- and those that are not ---------------------------------------------------------------------------------------

BROKEN = {
    b"": "ended before",
    b"HTTP/1.1 200": "ended before",
    OK + b"X: 1\r\n": "ended before",
    b"\r\n": "does not begin as an answer",
    b"SSH-2.0-OpenSSH_9\r\n": "does not begin as an answer",
    b"\x15\x03\x01\x00\x02\x02\x16\n": "does not begin as an answer",
    b"HTTP/2 200 OK\r\n": "does not begin as an answer",
    b"HTTP/1.1 2000 OK\r\n": "does not begin as an answer",
    b"HTTP/1.1 20\r\n": "does not begin as an answer",
    b"HTTP/1.1 \xb2\xb2\xb2\r\n": "does not begin as an answer",
    b"HTTP/1.1 101 Switching\r\n\r\n": "a protocol that nobody asked for",
    b"HTTP/1.1 200 " + b"x" * 70_000: "more lines, or longer ones",
    OK + b"X-Long: " + b"x" * 70_000 + b"\r\n\r\n": "more lines, or longer ones",
    OK + b"X: 1\r\n" * 20_000 + b"\r\n": "more lines, or longer ones",
    b"HTTP/1.1 100 Continue\r\n\r\n" * 20_000: "more lines, or longer ones",
    OK + b"no header\r\n\r\n": "a header has no name",
    OK + b" begins: x\r\n\r\n": "a header has no name",
    OK + b": x\r\n\r\n": "a header has no name",
    OK + b"X : x\r\n\r\n": "a header has no name",
    OK + b"X: a\rb\r\n\r\n": "what is no text",
    OK + b"X: a\0b\r\n\r\n": "what is no text",
    OK + b"Content-Length: -1\r\n\r\n": "not one number",
    OK + b"Content-Length: \r\n\r\n": "not one number",
    OK + b"Content-Length: 1_0\r\n\r\n": "not one number",
    OK + b"Content-Length: \xb2\r\n\r\n": "not one number",
    OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n": "not one number",
    OK + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n": "not one number",
    OK + b"Content-Length: 9\r\n\r\n{}": "ended before",
    OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n": "coded in a way",
    OK + b"Transfer-Encoding: chunked\r\n\r\n": "ended before",
    OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}": "ended before",
    OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n": "ended before",
    OK + b"Transfer-Encoding: chunked\r\n\r\n{}\r\n": "does not say how long",
    OK + b"Transfer-Encoding: chunked\r\n\r\n-2\r\n{}\r\n": "does not say how long",
    OK + b"Transfer-Encoding: chunked\r\n\r\n0x2\r\n{}\r\n": "does not say how long",
    OK + b"Transfer-Encoding: chunked\r\n\r\n" + b"f" * 5000 + b"\r\n": "more lines, or longer ones",
    OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n": "longer than it says",
    OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + b"X: 1\r\n" * 20_000: "more lines, or longer ones",
}


@pytest.mark.parametrize(("data", "said"), BROKEN.items())
def test_an_answer_that_is_none_is_told_by_one_line(data: bytes, said: str) -> None:
    """And may have been preceded by what was asked for, which is told too."""

    def script(request: Request, peer: Peer) -> None:
        peer.send(data)
        peer.close()

    with RawServer(script) as server, Client(server.root) as client:
        with pytest.raises(Unavailable, match=said) as caught:
            client.operate("ppa:a/b", "resume")
        assert len(server.requests) == 1
    assert caught.value.maybe_done
    assert "\n" not in str(caught.value)


@given(
    data=st.one_of(st.binary(max_size=80), st.binary(max_size=60).map(lambda end: OK + end)),
    broken=st.sampled_from([*BROKEN]),
    at=st.integers(0, 200),
    byte=st.binary(max_size=1),
)
@example(data=b"", broken=OK, at=0, byte=b"")
def test_nothing_else_comes_of_any_bytes(data: bytes, broken: bytes, at: int, byte: bytes) -> None:
    """An answer, or that there is none."""
    for sent in (data, broken[:at] + byte + broken[at + 1 : 400]):
        try:
            answer, _ = read(sent)
        except (http1.ProtocolError, ConnectionError):
            continue
        assert 200 <= answer.status < 1000


# -- requests -----------------------------------------------------------------------------------------------------


def test_a_request_is_one_head_and_its_body() -> None:
    """Only one that has no body by its method does not tell its length."""
    assert http1.request("GET", "/v1/ppas?a=b", {"Host": "h"}, None) == (
        b"GET /v1/ppas?a=b HTTP/1.1\r\nAccept-Encoding: identity\r\nHost: h\r\n\r\n"
    )
    assert http1.request("POST", "/", {}, b"{}").endswith(b"\r\nContent-Length: 2\r\n\r\n{}")
    assert http1.request("DELETE", "/", {}, None).endswith(b"\r\nContent-Length: 0\r\n\r\n")


@pytest.mark.parametrize(
    ("target", "headers"),
    [
        ("/ x", {}),
        ("/\r\nX: y", {}),
        ("/", {"X": "a\r\nY: b"}),
        ("/", {"X\n": "a"}),
        ("/\xe9", {}),
        ("/", {"X": "\u2603"}),
        ("/", {"X": "\0"}),
    ],
)
def test_nothing_is_smuggled_into_a_request(target: str, headers: dict[str, str]) -> None:
    """Not by an address, and not by a header."""
    with pytest.raises(ValueError, match=r"cannot carry|can't encode"):
        http1.request("GET", target, headers, None)


def test_the_answers_of_a_connection_follow_each_other() -> None:
    """Of whatever framing, each is its own."""

    def script(request: Request, peer: Peer) -> None:
        framing = ("length", "chunked")[len(server.requests) % 2]
        header, sent = framed(PPAS, framing)
        peer.send(OK + b"Content-Type: application/json\r\n" + header + b"\r\n" + sent)

    with RawServer(script) as server, Client(server.root) as client:
        assert [client.ppas() for _ in range(4)] == [[]] * 4
        assert server.connections == 1
