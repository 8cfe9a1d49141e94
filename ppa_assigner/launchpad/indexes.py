"""The package indexes of a PPA, read where and as apt reads them.

Rule: plain HTTP to the download host: nothing of ours is signed or sent there.  An index counts as empty only when it
was read and is, or when it is not there; what cannot be understood or does not fit its Release file proves nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from debian import deb822

from .. import __version__
from ..port import Lane, Moment, Remains, Unavailable
from ..reference import Reference
from . import answers
from .answers import FailedError, UnreadableError
from .bodies import Take
from .contents import Series
from .index_reading import LARGEST_BYTES, IndexReader, Listed
from .links import last_part, origin
from .transport import Answer, Timeouts, Transport

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

    def remains(
        self, ppa: Reference, series: Iterable[Series], architectures: Architectures, deadline: float
    ) -> Remains:
        """How many packages the indexes of these series name, over all architectures.

        A Release file says which indexes there are.  A series without one has none, unless there is a Sources index all
        the same (a host that makes no Release files); then those of `architectures` are looked for.
        Raises FailedError, UnreadableError, NotSentError, NoAnswerError.
        """
        get = _Get(self._transport, deadline)
        base = "/".join([self._root, *(quote(part) for part in (ppa.owner, ppa.name, ppa.distribution)), "dists"])
        return _Reading(get, base, architectures).remains(series)


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

    def remains(self, series: Iterable[Series]) -> Remains:
        for one in series:
            self._series(one, f"{self.base}/{quote(last_part(one.url))}")
        if self.first is None:
            raise FailedError(Unavailable("no series is known whose indexes could be read"))
        return Remains(self.count, self.example, self.first)

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
        moment = answers.moment(answer)
        self.first = self.first or moment
        if answer.status in answers.NOT_THERE:
            return None
        if answer.status != 200:
            raise FailedError(answers.problem(answer))
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
