"""The package indexes of a PPA, read where and as apt reads them.

Rule: plain HTTP to the download host: nothing of ours is signed or sent there.  An index counts as empty only when it
was read and is, or when it is not there; what cannot be understood or does not fit its Release file proves nothing.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import lzma
import re
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import quote

from debian import deb822

from .. import __version__
from ..port import Lane, Moment, Remains, Unavailable
from ..reference import Reference
from . import answers
from .answers import FailedError, UnreadableError
from .contents import Get, Series
from .links import last_part, origin
from .transport import Answer, Timeouts, Transport

PRODUCTION = "https://ppa.launchpadcontent.net"
CONNECTIONS = 8
# Something between that keeps answers must ask the host itself; apt does so for Release files.
HEADERS = {"User-Agent": f"ppa-assigner/{__version__}", "Cache-Control": "no-cache", "Pragma": "no-cache"}
LARGEST_BYTES = 256 * 1024 * 1024
PACKINGS = (".xz", ".gz", "")
_INDEX = re.compile(r"(?P<plain>[\w.+-]+(?:/[\w.+-]+)*/(?:Sources|Packages))(?P<packing>\.xz|\.gz|)")
_GZIP, _XZ = b"\x1f\x8b", b"\xfd7zXZ\x00"

Architectures = Callable[[Series], Iterable[str]]


@dataclass(frozen=True, slots=True)
class Listed:
    """A file in a Release file."""

    sha256: str
    size: int


class Indexes:
    """The indexes below `root` (an http(s) address), over connections of their own, proxies and deadlines as for the
    web service.  Safe for threads.  Raises ValueError for a root or proxy that cannot be used.
    """

    def __init__(self, root: str, timeouts: Timeouts, boottime: Callable[[], float]) -> None:
        found = origin(root)
        if found is None or found[0] not in ("http", "https") or "?" in root or "#" in root:
            raise ValueError(f"{root!r} is no http(s) address of package indexes")
        self._root = root.rstrip("/")
        self._transport = Transport(root, timeouts, CONNECTIONS, boottime)

    def close(self) -> None:
        """Close the idle connections."""
        self._transport.close()

    def remains(
        self, ppa: Reference, series: Iterable[Series], architectures: Architectures, deadline: float
    ) -> Remains:
        """How many packages the indexes of these series name, over all architectures.

        A Release file says which indexes there are.  A series without one has none, unless there is a Sources index all
        the same (a host that makes no Release files); then those of `architectures` are looked for.
        Raises FailedError, UnreadableError, NotSentError, NoAnswerError.
        """
        get = partial(self._get, deadline)
        base = "/".join([self._root, *(quote(part) for part in (ppa.owner, ppa.name, ppa.distribution)), "dists"])
        return _Reading(get, base, architectures).remains(series)

    def _get(self, deadline: float, url: str) -> Answer:
        return self._transport.request("GET", url, HEADERS, lane=Lane.WORK, deadline=deadline)


@dataclass
class _Reading:
    """One reading of all indexes of a PPA."""

    get: Get
    base: str
    architectures: Architectures
    first: Moment | None = None
    named: list[str] = field(default_factory=list)

    def remains(self, series: Iterable[Series]) -> Remains:
        for one in series:
            self._series(one, f"{self.base}/{quote(last_part(one.url))}")
        if self.first is None:
            raise FailedError(Unavailable("no series is known whose indexes could be read"))
        return Remains(len(self.named), self.named[0] if self.named else None, self.first)

    def _series(self, series: Series, where: str) -> None:
        release = self._fetch(f"{where}/Release")
        if release is not None:
            listed = files(release)
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
            packed = self._fetch(f"{where}/{quote(name)}")
            if packed is None:
                continue  # Launchpad lists plain ones that it does not keep
            content = unpack(packed)
            if not (_fits(content, unpacked) if unpacked else _fits(packed, listed[name])):
                raise UnreadableError(f"{where}/{name} is not what the Release file says: being published, or stale")
            self._count(f"{where}/{plain}", content)
            return
        raise UnreadableError(f"{where}/{plain} is in the Release file and cannot be found")

    def _unlisted(self, where: str, plain: str) -> bool:
        for packing in reversed(PACKINGS):
            packed = self._fetch(f"{where}/{plain}{packing}")
            if packed is not None:
                self._count(f"{where}/{plain}", unpack(packed))
                return True
        return False

    def _fetch(self, url: str) -> bytes | None:
        answer = self.get(url)
        moment = answers.moment(answer)
        self.first = self.first or moment
        if answer.status in answers.NOT_THERE:
            return None
        if answer.status != 200:
            raise FailedError(answers.problem(answer))
        return answer.body

    def _count(self, url: str, content: bytes) -> None:
        where = url.removeprefix(f"{self.base}/")
        self.named += (f"{name} in {where}" for name in packages(content, url))


def files(release: bytes) -> dict[str, Listed]:
    """The files that a Release file lists, by name.  Raises UnreadableError for what is none."""
    try:
        listed = deb822.Release(release)["SHA256"]
        return {one["name"]: Listed(one["sha256"], int(one["size"])) for one in listed}
    except (KeyError, ValueError, TypeError, EOFError) as error:
        raise UnreadableError("a Release file that lists no files") from error


def packages(index: bytes, where: str) -> list[str]:
    """Name and version of each package in it.  Raises UnreadableError for what is no index."""
    try:
        found = list(deb822.Deb822.iter_paragraphs(index, use_apt_pkg=False))
        named = [f"{one['Package']} {one['Version']}" for one in found]
    except (KeyError, ValueError, EOFError) as error:
        raise UnreadableError(f"{where} is no index of packages") from error
    if not named and index.strip():
        raise UnreadableError(f"{where} is no index of packages")
    return named


def unpack(content: bytes) -> bytes:
    """The same, unpacked: by what it is, for some servers unpack what is called `.gz`.  Raises UnreadableError."""
    try:
        with _opened(content) as stream:
            plain = stream.read(LARGEST_BYTES + 1)
    except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
        raise UnreadableError(f"an index that cannot be unpacked: {error}") from error
    if len(plain) > LARGEST_BYTES:
        raise UnreadableError(f"an index of more than {LARGEST_BYTES} bytes")
    return plain


def _opened(content: bytes) -> io.BufferedIOBase:
    stream = io.BytesIO(content)
    if content.startswith(_GZIP):
        return gzip.GzipFile(fileobj=stream)
    return lzma.LZMAFile(stream) if content.startswith(_XZ) else stream


def _fits(content: bytes, listed: Listed) -> bool:
    return len(content) == listed.size and hashlib.sha256(content).hexdigest() == listed.sha256.lower()
