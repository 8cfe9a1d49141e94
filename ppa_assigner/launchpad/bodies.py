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

MAX_BODY_BYTES = 8 * 1024 * 1024
"""The limit for a response: a page of 300 PPAs has less than one million bytes, with long descriptions a few."""
CHUNK_BYTES = 64 * 1024
Sink = Callable[[bytes], object]
"""Gets the pieces of a body as they come; ValueError ends the reading."""


class BodyTooLongError(ValueError):
    """The body is longer than the reader's limit."""


@dataclass(frozen=True, slots=True)
class BodyReader:
    """Reads the body of one response, up to `max_bytes` when decompressed; a `sink` gets that of a 200 instead."""

    max_bytes: int
    sink: Sink | None

    def read(self, response: urllib3.BaseHTTPResponse) -> bytes:
        """The whole body; empty if the sink got it.  Raises ValueError and what urllib3 raises."""
        content = bytearray()
        try:
            self._check_length(response.headers.get("content-length", ""))
            sink = content.extend if self.sink is None or response.status != http.client.OK else self.sink
            self._decompress(response, sink)
        except BaseException:
            response.close()  # a connection with half a response in it must not be used again
            raise
        finally:
            response.release_conn()
        return bytes(content)

    def _check_length(self, declared: str) -> None:
        if declared.isdigit() and (len(declared) > len(str(self.max_bytes)) or int(declared) > self.max_bytes):
            raise self._too_long()

    def _decompress(self, response: urllib3.BaseHTTPResponse, sink: Sink) -> None:
        decompressor, read = _decompressor_by_name(response.headers.get("content-encoding", "")), 0
        for piece in response.stream(CHUNK_BYTES, decode_content=False):
            for plain in decompressor.feed(piece):
                read += len(plain)
                if read > self.max_bytes:
                    raise self._too_long()
                sink(plain)
        decompressor.finish()

    def _too_long(self) -> BodyTooLongError:
        return BodyTooLongError(f"the answer is longer than {self.max_bytes} bytes")


def _decompressor_by_name(encoding: str) -> Decompressor:
    """The decompressor for a Content-Encoding.  Raises ValueError for one that was not asked for."""
    match encoding.strip().lower():
        case "" | "identity":
            return IdentityDecompressor()
        case "gzip" | "x-gzip":
            return GzipDecompressor()
    raise ValueError(f"an answer packed as {encoding[:40]!r}, which was not asked for")


PIECE_BYTES = 64 * 1024
MAX_XZ_MEMORY = 128 * 1024 * 1024  # of memory for its dictionary; `xz -9` takes half of it
GZIP, XZ = b"\x1f\x8b", b"\xfd7zXZ\x00"
PADDING = b"\0"  # between and after streams
_WITH_HEADER = 16 + zlib.MAX_WBITS


class DecompressionError(ValueError):
    """Bytes that cannot be decompressed."""


class Decompressor(Protocol):
    """Decompresses one body, fed piece by piece."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """What the next piece decompresses to.  Raises DecompressionError."""

    def finish(self) -> None:
        """The body ends here.  Raises DecompressionError if it is cut short."""


class IdentityDecompressor:
    """Passes on what is not compressed."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The piece as it is."""
        if data:
            yield data

    def finish(self) -> None:
        """The body ends here; it cannot be cut short."""


class GzipDecompressor:
    """Decompresses gzip, of one member or several."""

    def __init__(self) -> None:
        self._member: zlib._Decompress | None = None

    def feed(self, data: bytes) -> Iterator[bytes]:
        """What the next piece decompresses to.  Raises DecompressionError."""
        try:
            while data := data if self._member else data.lstrip(PADDING):
                member = self._member = self._member or zlib.decompressobj(_WITH_HEADER)
                plain = member.decompress(data, PIECE_BYTES)
                while plain:
                    yield plain
                    plain = b"" if member.eof else member.decompress(member.unconsumed_tail, PIECE_BYTES)
                data = member.unused_data
                self._member = None if member.eof else member
        except zlib.error as error:
            raise DecompressionError(str(error)) from error

    def finish(self) -> None:
        """The body ends here.  Raises DecompressionError if it is cut short."""
        if self._member is not None:
            raise DecompressionError("it is cut short")


class XzDecompressor:
    """Decompresses xz, of one stream or several."""

    def __init__(self) -> None:
        self._stream: lzma.LZMADecompressor | None = None

    def feed(self, data: bytes) -> Iterator[bytes]:
        """What the next piece decompresses to.  Raises DecompressionError."""
        try:
            while data := data if self._stream else data.lstrip(PADDING):
                stream = self._stream = self._stream or lzma.LZMADecompressor(lzma.FORMAT_XZ, MAX_XZ_MEMORY)
                plain = stream.decompress(data, PIECE_BYTES)
                while plain:
                    yield plain
                    plain = b"" if stream.eof else stream.decompress(b"", PIECE_BYTES)
                data = stream.unused_data
                self._stream = None if stream.eof else stream
        except (lzma.LZMAError, MemoryError) as error:
            raise DecompressionError(str(error) or "it needs too much memory") from error

    def finish(self) -> None:
        """The body ends here.  Raises DecompressionError if it is cut short."""
        if self._stream is not None:
            raise DecompressionError("it is cut short")


def decompressor_for(begin: bytes) -> Decompressor:
    """The decompressor for a body that begins with these bytes, whatever its name says."""
    if begin.startswith(GZIP):
        return GzipDecompressor()
    return XzDecompressor() if begin.startswith(XZ) else IdentityDecompressor()
