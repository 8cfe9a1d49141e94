"""The body of a response: read and decompressed piece by piece, up to a limit.

Rule: a few bytes may decompress to any length, so nothing is decompressed but here, no more than one piece is in memory
at once, and the reader can stop.  Nothing here knows what is in a body.
"""

from __future__ import annotations

import http.client
import lzma
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import urllib3

LARGEST_BYTES = 8 * 1024 * 1024
"""Of an answer: a page of 300 PPAs has less than one million, whatever stands in their descriptions some."""
CHUNK_BYTES = 64 * 1024
Take = Callable[[bytes], object]
"""Gets the pieces of a body as they come; ValueError ends the reading."""


class LongerError(ValueError):
    """There is more of it than is taken."""


@dataclass(frozen=True, slots=True)
class Body:
    """How the body of an answer is read: unpacked here, piece by piece, for a few bytes may unpack to no end."""

    most: int
    take: Take | None

    def read(self, response: urllib3.BaseHTTPResponse) -> bytes:
        """All of it, or what `take` left of it: nothing.  Raises ValueError and what urllib3 raises."""
        content = bytearray()
        try:
            self._refuse(response.headers.get("content-length", ""))
            keep = content.extend if self.take is None or response.status != http.client.OK else self.take
            self._give(response, keep)
        except BaseException:
            response.close()  # a connection with half an answer in it must not be used again
            raise
        finally:
            response.release_conn()
        return bytes(content)

    def _refuse(self, declared: str) -> None:
        if declared.isdigit() and (len(declared) > len(str(self.most)) or int(declared) > self.most):
            raise self._too_long()

    def _give(self, response: urllib3.BaseHTTPResponse, keep: Take) -> None:
        packing, read = _unpacking(response.headers.get("content-encoding", "")), 0
        for piece in response.stream(CHUNK_BYTES, decode_content=False):
            for plain in packing.take(piece):
                read += len(plain)
                if read > self.most:
                    raise self._too_long()
                keep(plain)
        packing.finish()

    def _too_long(self) -> LongerError:
        return LongerError(f"the answer is longer than {self.most} bytes")


def _unpacking(encoding: str) -> Unpacking:
    """Only what was asked for."""
    match encoding.strip().lower():
        case "" | "identity":
            return Plain()
        case "gzip" | "x-gzip":
            return Gzip()
    raise ValueError(f"an answer packed as {encoding[:40]!r}, which was not asked for")


PIECE_BYTES = 64 * 1024
MOST_FOR_XZ = 128 * 1024 * 1024  # of memory for its dictionary; `xz -9` takes half of it
GZIP, XZ = b"\x1f\x8b", b"\xfd7zXZ\x00"
PADDING = b"\0"  # between and behind what is packed
_WITH_HEADER = 16 + zlib.MAX_WBITS


class PackedError(ValueError):
    """Bytes that cannot be unpacked."""


class Unpacking(Protocol):
    """One stream of bytes."""

    def take(self, data: bytes) -> Iterator[bytes]:
        """What more of it unpacks to.  Raises PackedError."""

    def finish(self) -> None:
        """It ends here.  Raises PackedError for what is cut short."""


class Plain:
    """What is not packed."""

    def take(self, data: bytes) -> Iterator[bytes]:
        """The same."""
        if data:
            yield data

    def finish(self) -> None:
        """Nothing can be missing."""


class Gzip:
    """One member or several, as gzip writes them."""

    def __init__(self) -> None:
        self._member: zlib._Decompress | None = None

    def take(self, data: bytes) -> Iterator[bytes]:
        """What more of it unpacks to.  Raises PackedError."""
        try:
            while data := data if self._member else data.lstrip(PADDING):
                member = self._member = self._member or zlib.decompressobj(_WITH_HEADER)
                plain = member.decompress(data, PIECE_BYTES)
                while plain:
                    yield plain
                    plain = member.decompress(member.unconsumed_tail, PIECE_BYTES)
                data = member.unused_data
                self._member = None if member.eof else member
        except zlib.error as error:
            raise PackedError(str(error)) from error

    def finish(self) -> None:
        """It ends here.  Raises PackedError for what is cut short."""
        if self._member is not None:
            raise PackedError("it is cut short")


class Xz:
    """One stream or several, as xz writes them."""

    def __init__(self) -> None:
        self._stream: lzma.LZMADecompressor | None = None

    def take(self, data: bytes) -> Iterator[bytes]:
        """What more of it unpacks to.  Raises PackedError."""
        try:
            while data := data if self._stream else data.lstrip(PADDING):
                stream = self._stream = self._stream or lzma.LZMADecompressor(lzma.FORMAT_XZ, MOST_FOR_XZ)
                plain = stream.decompress(data, PIECE_BYTES)
                while plain:
                    yield plain
                    plain = b"" if stream.eof else stream.decompress(b"", PIECE_BYTES)
                data = stream.unused_data
                self._stream = None if stream.eof else stream
        except (lzma.LZMAError, MemoryError) as error:
            raise PackedError(str(error) or "it needs too much memory") from error

    def finish(self) -> None:
        """It ends here.  Raises PackedError for what is cut short."""
        if self._stream is not None:
            raise PackedError("it is cut short")


def by_what_it_is(begin: bytes) -> Unpacking:
    """How to unpack what begins so, whatever it is called."""
    if begin.startswith(GZIP):
        return Gzip()
    return Xz() if begin.startswith(XZ) else Plain()
