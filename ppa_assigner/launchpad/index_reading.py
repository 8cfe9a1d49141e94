"""One package index as it comes over the wire: unpacked, checked against its Release file, its packages counted.

Rule: it is never in memory as a whole, and whatever it holds, reading it holds up nobody else: python-debian takes a
hundred times as long and eight times the memory for this.  What is no index proves nothing.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from .answers import UnreadableError
from .unpacking import XZ, PackedError, Unpacking, by_what_it_is

LARGEST_BYTES = 128 * 1024 * 1024
LONGEST_PARAGRAPH = 1024 * 1024
_BETWEEN = re.compile(rb"\n[ \t\r]*\n")
_PACKAGE = re.compile(rb"^Package[ \t]*:[ \t]*(\S+)[ \t\r]*$", re.MULTILINE | re.IGNORECASE)
_VERSION = re.compile(rb"^Version[ \t]*:[ \t]*(\S+)[ \t\r]*$", re.MULTILINE | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Listed:
    """A file in a Release file."""

    sha256: str
    size: int


class _Sum:
    """What a Release file says of a file."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._size = 0

    def take(self, data: bytes) -> int:
        """More of it; gives its size so far."""
        self._hash.update(data)
        self._size += len(data)
        return self._size

    def fits(self, listed: Listed) -> bool:
        """Whether it is that file."""
        return (self._size, self._hash.hexdigest()) == (listed.size, listed.sha256.lower())


class IndexReader:
    """`where` names it for people.  Give it all pieces and then `finish`.  Both raise UnreadableError."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._packed, self._plain = _Sum(), _Sum()
        self._unpacking: Unpacking | None = None
        self._rest = b""
        self.count = 0
        """How many packages it names."""
        self.example: str | None = None
        """Name and version of the first."""

    def take(self, piece: bytes) -> None:
        """More of it, as it came."""
        self._packed.take(piece)
        try:
            self._unpack(piece)
        except PackedError as error:
            raise UnreadableError(f"{self._where} cannot be unpacked: {error}") from error

    def finish(self, packed: Listed | None = None, plain: Listed | None = None) -> None:
        """It ends here, and is what these say, where they are given."""
        try:
            if self._unpacking is None:
                self._begin()
            if self._unpacking is not None:
                self._unpacking.finish()
        except PackedError as error:
            raise UnreadableError(f"{self._where} cannot be unpacked: {error}") from error
        self._count(self._rest)
        fits = self._plain.fits(plain) if plain is not None else packed is None or self._packed.fits(packed)
        if not fits:
            raise UnreadableError(f"{self._where} is not what the Release file says: being published, or stale")

    def _unpack(self, piece: bytes) -> None:
        if self._unpacking is None:
            self._rest += piece
            if len(self._rest) >= len(XZ):
                self._begin()
            return
        for plain in self._unpacking.take(piece):
            self._read(plain)

    def _begin(self) -> None:
        begin, self._rest = self._rest, b""
        self._unpacking = by_what_it_is(begin)
        for plain in self._unpacking.take(begin):
            self._read(plain)

    def _read(self, plain: bytes) -> None:
        if self._plain.take(plain) > LARGEST_BYTES:
            raise UnreadableError(f"{self._where} has more than {LARGEST_BYTES} bytes")
        whole, between, rest = (self._rest + plain).rpartition(b"\n\n")
        if len(rest) > LONGEST_PARAGRAPH:
            raise self._no_index()
        self._rest = rest
        if between:
            self._count(whole)

    def _count(self, paragraphs: bytes) -> None:
        for paragraph in _BETWEEN.split(paragraphs):
            if not paragraph.strip():
                continue
            package, version = _PACKAGE.search(paragraph), _VERSION.search(paragraph)
            if package is None or version is None:
                raise self._no_index()
            self.count += 1
            self.example = self.example or b" ".join((package[1], version[1])).decode("utf-8", "replace")

    def _no_index(self) -> UnreadableError:
        return UnreadableError(f"{self._where} is not an index of packages")
