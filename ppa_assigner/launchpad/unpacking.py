"""Packed bytes, unpacked piece by piece.

Rule: however much a few bytes unpack to, no more than a piece of it is in memory at once, and whoever takes the pieces
can stop.  Nothing here knows what is in them.
"""

from __future__ import annotations

import lzma
import zlib
from collections.abc import Iterator
from typing import Protocol

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
