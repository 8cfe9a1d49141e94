"""The package indexes of a PPA, read where and as apt reads them, decompressed and checked against their Release file.

Rule: plain HTTP to the download host: nothing is signed, and no secret is sent there.  An index counts as empty only
when it was read and is, or when it is not there; what cannot be understood or does not fit its Release file proves
nothing.  No index is in memory as a whole: python-debian takes a hundred times as long and eight times the memory.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from debian import deb822

from .. import __version__
from ..port import Lane, Leftovers, Moment, Unavailable
from ..reference import Reference
from . import responses
from .bodies import XZ, DecompressionError, Decompressor, Sink, decompressor_for
from .content import Series
from .http import HttpTransport, Response, Timeouts
from .responses import RequestFailedError, UnreadableResponseError
from .urls import last_part, origin

PRODUCTION = "https://ppa.launchpadcontent.net"
CONNECTIONS = 8
# A cache in between must revalidate with the host; apt asks for that for Release files.
HEADERS = {"User-Agent": f"ppa-assigner/{__version__}", "Cache-Control": "no-cache", "Pragma": "no-cache"}
MAX_RELEASE_BYTES = 1024 * 1024
MAX_INDEX_BYTES = 128 * 1024 * 1024
MAX_PARAGRAPH_BYTES = 1024 * 1024
_PARAGRAPH_BREAK = re.compile(rb"\n[ \t\r]*\n")
_PACKAGE = re.compile(rb"^Package[ \t]*:[ \t]*(\S+)[ \t\r]*$", re.MULTILINE | re.IGNORECASE)
_VERSION = re.compile(rb"^Version[ \t]*:[ \t]*(\S+)[ \t\r]*$", re.MULTILINE | re.IGNORECASE)
COMPRESSIONS = (".xz", ".gz", "")
_INDEX = re.compile(r"(?P<plain>[\w.+-]+(?:/[\w.+-]+)*/(?:Sources|Packages))(?P<packing>\.xz|\.gz|)")

Architectures = Callable[[Series], Iterable[str]]


class Indexes:
    """Reads the indexes below `root` (an http(s) address), over connections of their own, with proxies and deadlines as
    for the web service.  Safe for threads.  Raises ValueError for a root or proxy that cannot be used.
    """

    def __init__(self, root: str, timeouts: Timeouts, boottime: Callable[[], float]) -> None:
        found = origin(root)
        if found is None or found[0] not in ("http", "https") or "?" in root or "#" in root:
            raise ValueError(f"{root!r} is not an http(s) address of package indexes")
        self._root = root.rstrip("/")
        self.transport = HttpTransport(root, timeouts, CONNECTIONS, boottime)
        """For requests to the same host."""

    def close(self) -> None:
        """Close the idle connections."""
        self.transport.close()

    def base(self, ppa: Reference) -> str:
        """The address below which the indexes of a PPA are, a folder for each series."""
        return "/".join([self._root, *(quote(part) for part in (ppa.owner, ppa.name, ppa.distribution)), "dists"])

    def leftovers(
        self, ppa: Reference, series: Iterable[Series], architectures: Architectures, deadline: float
    ) -> Leftovers:
        """How many packages the indexes of these series name, over all architectures.

        A Release file says which indexes there are.  A series without one has none, unless there is a Sources index
        after all (a host that makes no Release files); then those of `architectures` are looked for.  Raises
        RequestFailedError, UnreadableResponseError, NotSentError, NoResponseError.
        """
        get = _IndexGet(self.transport, deadline)
        return _IndexScan(get, self.base(ppa), architectures).leftovers(series)


@dataclass(frozen=True, slots=True)
class _IndexGet:
    """GET for all requests of one scan; a `sink` gets the file as it comes, and the response then has no body."""

    transport: HttpTransport
    deadline: float

    def __call__(self, url: str, sink: Sink | None = None) -> Response:
        max_bytes = MAX_RELEASE_BYTES if sink is None else MAX_INDEX_BYTES
        return self.transport.request(
            "GET", url, HEADERS, lane=Lane.WORK, deadline=self.deadline, max_bytes=max_bytes, sink=sink
        )  # fmt: skip


@dataclass
class _IndexScan:
    """One scan of all indexes of a PPA."""

    get: _IndexGet
    base: str
    architectures: Architectures
    first: Moment | None = None
    count: int = 0
    example: str | None = None

    def leftovers(self, series: Iterable[Series]) -> Leftovers:
        for one in series:
            self._scan_series(one, f"{self.base}/{quote(last_part(one.url))}")
        if self.first is None:
            raise RequestFailedError(Unavailable("no series is known whose indexes could be read"))
        return Leftovers(self.count, self.example, self.first)

    def _scan_series(self, series: Series, where: str) -> None:
        release = self._fetch(f"{where}/Release")
        if release is not None:
            listed = listed_files(release.body)
            for plain in sorted({match["plain"] for name in listed if (match := _INDEX.fullmatch(name))}):
                self._read_listed(where, plain, listed)
        elif not series.obsolete and self._read_unlisted(where, "main/source/Sources"):
            for tag in self.architectures(series):
                self._read_unlisted(where, f"main/binary-{quote(tag)}/Packages")

    def _read_listed(self, where: str, plain: str, listed: Mapping[str, ListedFile]) -> None:
        unpacked = listed.get(plain)
        if unpacked is not None and unpacked.size == 0:
            return
        for name in (plain + packing for packing in COMPRESSIONS if plain + packing in listed):
            index = IndexReader(f"{where}/{name}")
            if self._fetch(f"{where}/{quote(name)}", index.feed) is None:
                continue  # Launchpad lists plain ones that it does not keep
            index.finish(listed[name], unpacked)
            self._add(f"{where}/{plain}", index)
            return
        raise UnreadableResponseError(f"{where}/{plain} is in the Release file and cannot be found")

    def _read_unlisted(self, where: str, plain: str) -> bool:
        for packing in reversed(COMPRESSIONS):
            index = IndexReader(f"{where}/{plain}{packing}")
            if self._fetch(f"{where}/{plain}{packing}", index.feed) is not None:
                index.finish()
                self._add(f"{where}/{plain}", index)
                return True
        return False

    def _fetch(self, url: str, sink: Sink | None = None) -> Response | None:
        response = self.get(url, sink)
        moment = responses.moment_of(response)
        self.first = self.first or moment
        if response.status in responses.ABSENT_STATUSES:
            return None
        if response.status != 200:
            raise RequestFailedError(responses.on_failure(response))
        return response

    def _add(self, url: str, index: IndexReader) -> None:
        self.count += index.count
        if index.example is not None and self.example is None:
            self.example = f"{index.example} in {url.removeprefix(f'{self.base}/')}"


def listed_files(release: bytes) -> dict[str, ListedFile]:
    """The files that a Release file lists, by name.  Raises UnreadableResponseError if it is not a Release file."""
    try:
        listed = deb822.Release(release)["SHA256"]
        return {one["name"]: ListedFile(one["sha256"], int(one["size"])) for one in listed}
    except (KeyError, ValueError, TypeError, EOFError) as error:
        raise UnreadableResponseError("a Release file that lists no files") from error


@dataclass(frozen=True, slots=True)
class ListedFile:
    """What a Release file says of one file."""

    sha256: str
    size: int


class _Checksum:
    """Size and SHA-256 of a file, to compare with what its Release file says."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._size = 0

    def feed(self, data: bytes) -> int:
        """Add a piece; returns the size so far."""
        self._hash.update(data)
        self._size += len(data)
        return self._size

    def matches(self, listed: ListedFile) -> bool:
        """Whether this is the listed file."""
        return (self._size, self._hash.hexdigest()) == (listed.size, listed.sha256.lower())


class IndexReader:
    """Counts the packages of one index, fed piece by piece and then finished; `where` names it in errors.  Both raise
    UnreadableResponseError.
    """

    def __init__(self, where: str, on_package: Callable[[bytes, bytes], object] | None = None) -> None:
        """`on_package` is called with name and version of each package."""
        self._where = where
        self._on_package = on_package
        self._packed, self._plain = _Checksum(), _Checksum()
        self._decompressor: Decompressor | None = None
        self._rest = b""
        self.count = 0
        """How many packages the index names."""
        self.example: str | None = None
        """Name and version of its first package."""

    def feed(self, piece: bytes) -> None:
        """Read the next piece, as it came."""
        self._packed.feed(piece)
        try:
            self._unpack(piece)
        except DecompressionError as error:
            raise UnreadableResponseError(f"{self._where} cannot be unpacked: {error}") from error

    def finish(self, packed: ListedFile | None = None, plain: ListedFile | None = None) -> None:
        """End the index, and check it against what the Release file says of it, packed or plain."""
        try:
            if self._decompressor is None:
                self._begin()
            if self._decompressor is not None:
                self._decompressor.finish()
        except DecompressionError as error:
            raise UnreadableResponseError(f"{self._where} cannot be unpacked: {error}") from error
        self._count(self._rest)
        fits = self._plain.matches(plain) if plain is not None else packed is None or self._packed.matches(packed)
        if not fits:
            raise UnreadableResponseError(f"{self._where} is not what the Release file says: being published, or stale")

    def _unpack(self, piece: bytes) -> None:
        if self._decompressor is None:
            self._rest += piece
            if len(self._rest) >= len(XZ):
                self._begin()
            return
        for plain in self._decompressor.feed(piece):
            self._read(plain)

    def _begin(self) -> None:
        begin, self._rest = self._rest, b""
        self._decompressor = decompressor_for(begin)
        for plain in self._decompressor.feed(begin):
            self._read(plain)

    def _read(self, plain: bytes) -> None:
        if self._plain.feed(plain) > MAX_INDEX_BYTES:
            raise UnreadableResponseError(f"{self._where} has more than {MAX_INDEX_BYTES} bytes")
        whole, between, rest = (self._rest + plain).rpartition(b"\n\n")
        if len(rest) > MAX_PARAGRAPH_BYTES:
            raise self._not_an_index()
        self._rest = rest
        if between:
            self._count(whole)

    def _count(self, paragraphs: bytes) -> None:
        for paragraph in _PARAGRAPH_BREAK.split(paragraphs):
            if not paragraph.strip():
                continue
            package, version = _PACKAGE.search(paragraph), _VERSION.search(paragraph)
            if package is None or version is None:
                raise self._not_an_index()
            self.count += 1
            if self._on_package is not None:
                self._on_package(package[1], version[1])
            self.example = self.example or b" ".join((package[1], version[1])).decode("utf-8", "replace")

    def _not_an_index(self) -> UnreadableResponseError:
        return UnreadableResponseError(f"{self._where} is not an index of packages")
