"""HTTP/1.1 for a client (RFC 9112): a request as bytes, and one answer out of the bytes that come.

Rule: no socket and no clock is here.  What could be read in two ways is not guessed at: it is a ProtocolError, or the
connection is not used again.  Python's own client reads headers by its modules for e-mail, which take longer to load
than all else that a command needs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

LONGEST_HEAD_BYTES = 64 * 1024
"""The most bytes of the lines before the body of an answer, and after it, together."""
_LONGEST_LINE_BYTES = 1024  # of a chunk's size, with what may stand beside it
_MOST_DIGITS = 15
_DIGITS = frozenset("0123456789")
_HEX_DIGITS = frozenset("0123456789abcdefABCDEF")
_TOKEN = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz")
_BLANKS = " \t"
_SWITCHING, _NO_CONTENT, _NOT_MODIFIED = 101, 204, 304

Receive = Callable[[], bytes]
"""Returns the bytes that come next, none at the end of the connection.  What it raises passes through."""


class ProtocolError(Exception):
    """What answers does not keep to HTTP/1.1; the text says in what."""


def request(method: str, target: str, headers: Mapping[str, str], body: bytes | None) -> bytes:
    """The bytes of a request.  Raises ValueError for what would not be one line each."""
    length = {} if body is None and method == "GET" else {"Content-Length": str(len(body or b""))}
    fields = {"Accept-Encoding": "identity", **headers, **length}
    head = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
    if " " in target or not target.isascii() or any(map(_has_control, head)):
        raise ValueError("a request has what its head cannot carry")
    return "\r\n".join([*head, "", ""]).encode("latin-1") + (body or b"")


def answer(method: str, receive: Receive) -> Answer:
    """The answer to a request of this method, as soon as its head is there, whatever came first to say that it is yet
    to come.  Raises ProtocolError, and ConnectionError where it ends before that.
    """
    incoming = _Incoming(receive)
    while True:
        version, status = _status(incoming.head_line())
        headers = _headers(incoming)
        if status == _SWITCHING:
            raise ProtocolError("it changes to a protocol that nobody asked for")
        if status >= 200:
            bodiless = method == "HEAD" or status in (_NO_CONTENT, _NOT_MODIFIED)
            return Answer(version, status, headers, incoming, bodiless=bodiless)


class Answer:
    """An answer whose head is there."""

    def __init__(
        self, version: str, status: int, headers: Mapping[str, str], incoming: _Incoming, *, bodiless: bool
    ) -> None:
        """Raises ProtocolError where the end of the body cannot be told."""
        self.status = status
        self._headers, self._incoming = headers, incoming
        self._chunked = _is_chunked(headers)
        self._length = 0 if bodiless else _content_length(headers)  # None: until the end of the connection
        self._bodiless = bodiless
        self._lasts = _lasts(version, headers) and (self._chunked or self._length is not None)

    def header(self, name: str) -> str:
        """A header, of several with the same name all with commas between; empty where there is none."""
        return self._headers.get(name.lower(), "")

    def pieces(self) -> Iterator[bytes]:
        """The body, piece by piece as it comes.  Raises ProtocolError, and ConnectionError where it is cut off."""
        if self._bodiless:
            return
        if self._chunked:
            yield from _chunks(self._incoming)
        elif self._length is None:
            yield from iter(self._incoming.some, b"")
        else:
            yield from self._incoming.exactly(self._length)

    @property
    def may_be_followed(self) -> bool:
        """Whether the connection takes another request, once the body was read to its end."""
        return self._lasts and not self._incoming.has_more


class _Incoming:
    """What came of a connection and was not taken yet, and what comes."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._came = b""
        self._left_for_heads = LONGEST_HEAD_BYTES

    @property
    def has_more(self) -> bool:
        """Whether more came than was taken."""
        return bool(self._came)

    def some(self) -> bytes:
        """Whatever is next; nothing at the end of the connection."""
        found, self._came = self._came or self._receive(), b""
        return found

    def exactly(self, count: int) -> Iterator[bytes]:
        """So many bytes, in pieces."""
        while count:
            piece = self._more()
            piece, self._came = piece[:count], piece[count:]
            count -= len(piece)
            yield piece

    def line(self, longest: int = _LONGEST_LINE_BYTES) -> bytes:
        """A line without its end."""
        found = self._more()
        while b"\n" not in found and len(found) <= longest:
            found += self._more()
        line, _, self._came = found.partition(b"\n")
        if len(line) > longest:
            raise ProtocolError("it sends more lines, or longer ones, than any answer has")
        return line.removesuffix(b"\r")

    def head_line(self) -> str:
        """A line of a head, of which there are not many."""
        found = self.line(self._left_for_heads)
        self._left_for_heads -= len(found) + 1
        return found.decode("latin-1")

    def _more(self) -> bytes:
        if found := self.some():
            return found
        raise ConnectionError("it ended before the end of an answer")


# -- the head ------------------------------------------------------------------------------------------------------


def _status(line: str) -> tuple[str, int]:
    version, _, rest = line.partition(" ")
    code, blank = rest[:3], rest[3:4]
    if not version.startswith("HTTP/1.") or len(code) < 3 or not _DIGITS.issuperset(code) or blank.strip():
        raise ProtocolError("it does not begin as an answer does")
    return version, int(code)


def _headers(incoming: _Incoming) -> dict[str, str]:
    found: dict[str, str] = {}
    name = ""
    while line := incoming.head_line():
        if _has_control(line):
            raise ProtocolError("a header has what is no text")
        goes_on = name and line[0] in _BLANKS
        if not goes_on:
            name, colon, line = line.partition(":")
            name = name.lower()
            if not (name and colon and _TOKEN.issuperset(name)):
                raise ProtocolError("a header has no name")
        between = " " if goes_on else ", "
        value = line.strip(_BLANKS)
        found[name] = f"{found[name]}{between}{value}" if name in found else value
    return found


def _has_control(line: str) -> bool:
    return any(c < " " or c == "\x7f" for c in line.replace("\t", " "))


def _is_chunked(headers: Mapping[str, str]) -> bool:
    coding = headers.get("transfer-encoding", "")
    if coding.lower() not in ("", "chunked"):
        raise ProtocolError("its body is coded in a way that nobody asked for")
    return bool(coding)


def _content_length(headers: Mapping[str, str]) -> int | None:
    told = headers.get("content-length")
    if told is None:
        return None
    several = {part.strip(_BLANKS) for part in told.split(",")}
    text = several.pop()
    if several or not 0 < len(text) <= _MOST_DIGITS or not _DIGITS.issuperset(text):
        raise ProtocolError("its Content-Length is not one number")
    return int(text)


def _lasts(version: str, headers: Mapping[str, str]) -> bool:
    """Whether the connection is there for longer than this answer, by its head."""
    asked = {part.strip(_BLANKS).lower() for part in headers.get("connection", "").split(",")}
    if "close" in asked or {"transfer-encoding", "content-length"} <= headers.keys():
        return False  # of an answer with both, what is on the way may see another end
    return version != "HTTP/1.0" or "keep-alive" in asked


# -- the body ------------------------------------------------------------------------------------------------------


def _chunks(incoming: _Incoming) -> Iterator[bytes]:
    while size := _size(incoming.line()):
        yield from incoming.exactly(size)
        if incoming.line():
            raise ProtocolError("a part of its body is longer than it says")
    _headers(incoming)  # what may follow the body


def _size(line: bytes) -> int:
    digits = line.partition(b";")[0].strip().decode("latin-1")
    if not 0 < len(digits) <= _MOST_DIGITS or not _HEX_DIGITS.issuperset(digits):
        raise ProtocolError("a part of its body does not say how long it is")
    return int(digits, 16)
