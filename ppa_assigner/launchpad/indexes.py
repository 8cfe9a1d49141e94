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
from .bodies import XZ, PackedError, Take, Unpacking, by_what_it_is
from .content import Series
from .http import Answer, Timeouts, Transport
from .responses import FailedError, UnreadableError
from .urls import last_part, origin

PRODUCTION = "https://ppa.launchpadcontent.net"
CONNECTIONS = 8
# Something between that keeps answers must ask the host itself; apt does so for Release files.
HEADERS = {"User-Agent": f"ppa-assigner/{__version__}", "Cache-Control": "no-cache", "Pragma": "no-cache"}
LARGEST_RELEASE_BYTES = 1024 * 1024
PACKINGS = (".xz", ".gz", "")
_INDEX = re.compile(r"(?P<plain>[\w.+-]+(?:/[\w.+-]+)*/(?:Sources|Packages))(?P<packing>\.xz|\.gz|)")

Architectures = Callable[[Series], Iterable[str]]


class Indexes:
    """The indexes below `root` (an http(s) address), over connections of their own, proxies and deadlines as for the
    web service.  Safe for threads.  Raises ValueError for a root or proxy that cannot be used.
    """

    def __init__(self, root: str, timeouts: Timeouts, boottime: Callable[[], float]) -> None:
        found = origin(root)
        if found is None or found[0] not in ("http", "https") or "?" in root or "#" in root:
            raise ValueError(f"{root!r} is not an http(s) address of package indexes")
        self._root = root.rstrip("/")
        self._transport = Transport(root, timeouts, CONNECTIONS, boottime)

    def close(self) -> None:
        """Close the idle connections."""
        self._transport.close()

    def leftovers(
        self, ppa: Reference, series: Iterable[Series], architectures: Architectures, deadline: float
    ) -> Leftovers:
        """How many packages the indexes of these series name, over all architectures.

        A Release file says which indexes there are.  A series without one has none, unless there is a Sources index all
        the same (a host that makes no Release files); then those of `architectures` are looked for.
        Raises FailedError, UnreadableError, NotSentError, NoAnswerError.
        """
        get = _Get(self._transport, deadline)
        base = "/".join([self._root, *(quote(part) for part in (ppa.owner, ppa.name, ppa.distribution)), "dists"])
        return _Reading(get, base, architectures).leftovers(series)


@dataclass(frozen=True, slots=True)
class _Get:
    """GET for all requests of one reading.  What of a file is given to `take` as it comes is in no answer."""

    transport: Transport
    deadline: float

    def __call__(self, url: str, take: Take | None = None) -> Answer:
        most = LARGEST_RELEASE_BYTES if take is None else LARGEST_BYTES
        return self.transport.request(
            "GET", url, HEADERS, lane=Lane.WORK, deadline=self.deadline, most=most, take=take
        )  # fmt: skip


@dataclass
class _Reading:
    """One reading of all indexes of a PPA."""

    get: _Get
    base: str
    architectures: Architectures
    first: Moment | None = None
    count: int = 0
    example: str | None = None

    def leftovers(self, series: Iterable[Series]) -> Leftovers:
        for one in series:
            self._series(one, f"{self.base}/{quote(last_part(one.url))}")
        if self.first is None:
            raise FailedError(Unavailable("no series is known whose indexes could be read"))
        return Leftovers(self.count, self.example, self.first)

    def _series(self, series: Series, where: str) -> None:
        release = self._fetch(f"{where}/Release")
        if release is not None:
            listed = files(release.body)
            for plain in sorted({match["plain"] for name in listed if (match := _INDEX.fullmatch(name))}):
                self._listed(where, plain, listed)
        elif not series.obsolete and self._unlisted(where, "main/source/Sources"):
            for tag in self.architectures(series):
                self._unlisted(where, f"main/binary-{quote(tag)}/Packages")

    def _listed(self, where: str, plain: str, listed: Mapping[str, Listed]) -> None:
        unpacked = listed.get(plain)
        if unpacked is not None and unpacked.size == 0:
            return
        for name in (plain + packing for packing in PACKINGS if plain + packing in listed):
            index = IndexReader(f"{where}/{name}")
            if self._fetch(f"{where}/{quote(name)}", index.take) is None:
                continue  # Launchpad lists plain ones that it does not keep
            index.finish(listed[name], unpacked)
            self._take(f"{where}/{plain}", index)
            return
        raise UnreadableError(f"{where}/{plain} is in the Release file and cannot be found")

    def _unlisted(self, where: str, plain: str) -> bool:
        for packing in reversed(PACKINGS):
            index = IndexReader(f"{where}/{plain}{packing}")
            if self._fetch(f"{where}/{plain}{packing}", index.take) is not None:
                index.finish()
                self._take(f"{where}/{plain}", index)
                return True
        return False

    def _fetch(self, url: str, take: Take | None = None) -> Answer | None:
        answer = self.get(url, take)
        moment = responses.moment(answer)
        self.first = self.first or moment
        if answer.status in responses.NOT_THERE:
            return None
        if answer.status != 200:
            raise FailedError(responses.problem(answer))
        return answer

    def _take(self, url: str, index: IndexReader) -> None:
        self.count += index.count
        if index.example is not None and self.example is None:
            self.example = f"{index.example} in {url.removeprefix(f'{self.base}/')}"


def files(release: bytes) -> dict[str, Listed]:
    """The files that a Release file lists, by name.  Raises UnreadableError for what is none."""
    try:
        listed = deb822.Release(release)["SHA256"]
        return {one["name"]: Listed(one["sha256"], int(one["size"])) for one in listed}
    except (KeyError, ValueError, TypeError, EOFError) as error:
        raise UnreadableError("a Release file that lists no files") from error


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
