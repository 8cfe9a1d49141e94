"""The package indexes of one series, read again and again and downloaded only when they changed.

Rule: what apt would accept counts, and nothing else: an index fits its Release file.  Where there are no Release files,
as with the stand-in's simple host, the indexes are believed as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from ..port import Lane, Unavailable
from ..publications import SeriesIndexes
from . import responses
from .bodies import Sink
from .http import HttpTransport, Response
from .indexes import (
    COMPRESSIONS,
    HEADERS,
    MAX_INDEX_BYTES,
    MAX_RELEASE_BYTES,
    IndexReader,
    ListedFile,
    listed_files,
)
from .responses import RequestFailedError, UnreadableResponseError

RELEASE = "Release"
NOT_MODIFIED = 304


def read_series_indexes(
    transport: HttpTransport,
    base: str,
    arches: Iterable[str],
    kept: SeriesIndexes,
    headers: Mapping[str, str] | None = None,
) -> SeriesIndexes:
    """The indexes of the series whose Release file is below the address `base`.  `headers` are sent with each request.

    Raises RequestFailedError, UnreadableResponseError, NotSentError, NoResponseError.
    """
    reading = _SeriesReading(transport, base, {**HEADERS, **(headers or {})}, transport.deadline(), kept)
    return reading.read(tuple(dict.fromkeys(arches)))


@dataclass
class _SeriesReading:
    """One read of a series' indexes."""

    transport: HttpTransport
    base: str
    headers: Mapping[str, str]
    deadline: float
    kept: SeriesIndexes
    validators: dict[str, str] = field(default_factory=dict)
    sums: dict[str, str] = field(default_factory=dict)

    def read(self, arches: tuple[str, ...]) -> SeriesIndexes:
        known = set(arches) <= set(self.kept.packages)
        release = self._fetch(RELEASE, MAX_RELEASE_BYTES, conditional=known)
        if release is not None and release.status == NOT_MODIFIED:
            return self.kept
        if release is None:
            packages = {arch: self._unlisted(arch) for arch in arches}
        else:
            listed = listed_files(release.body)
            packages = {arch: self._listed(arch, listed) for arch in arches}
        return SeriesIndexes(packages, self.validators, self.sums)

    def _listed(self, arch: str, listed: Mapping[str, ListedFile]) -> frozenset[tuple[str, str]]:
        plain = _path(arch)
        packed = [plain + packing for packing in COMPRESSIONS if plain + packing in listed]
        if not packed or (plain in listed and listed[plain].size == 0):
            return frozenset()
        self.sums[arch] = listed[packed[0]].sha256
        if arch in self.kept.packages and self.kept.sums.get(arch) == self.sums[arch]:
            return self.kept.packages[arch]
        for name in packed:
            found = _Found(f"{self.base}/{name}")
            if self._fetch(name, MAX_INDEX_BYTES, found.reader.feed) is not None:
                return found.finished(listed[name], listed.get(plain))
        raise UnreadableResponseError(f"{self.base}/{plain} is in the Release file and cannot be found")

    def _unlisted(self, arch: str) -> frozenset[tuple[str, str]]:
        for name in (_path(arch) + packing for packing in reversed(COMPRESSIONS)):
            found = _Found(f"{self.base}/{name}")
            response = self._fetch(name, MAX_INDEX_BYTES, found.reader.feed, conditional=arch in self.kept.packages)
            if response is not None and response.status == NOT_MODIFIED:
                self.validators[name] = self.kept.validators[name]
                return self.kept.packages[arch]
            if response is not None:
                return found.finished()
        return frozenset()

    def _fetch(
        self, name: str, max_bytes: int, sink: Sink | None = None, *, conditional: bool = False
    ) -> Response | None:
        """The file; None where it is not there."""
        known = self.kept.validators.get(name) if conditional else None
        headers = {**self.headers, **({"If-Modified-Since": known} if known is not None else {})}
        response = self.transport.request(
            "GET", f"{self.base}/{quote(name)}", headers, lane=Lane.FOLLOW, deadline=self.deadline,
            max_bytes=max_bytes, sink=sink,
        )  # fmt: skip
        if response.status in responses.ABSENT_STATUSES:
            return None
        if response.status == NOT_MODIFIED and known is not None:
            return response
        if response.status != 200:
            raise RequestFailedError(_failure(response))
        if modified := response.headers.get("last-modified"):
            self.validators[name] = modified
        return response


class _Found:
    """The packages of one index, as it comes."""

    def __init__(self, where: str) -> None:
        self._packages: set[tuple[str, str]] = set()
        self.reader = IndexReader(where, self._add)

    def _add(self, name: bytes, version: bytes) -> None:
        self._packages.add((name.decode("utf-8", "replace"), version.decode("utf-8", "replace")))

    def finished(self, packed: ListedFile | None = None, plain: ListedFile | None = None) -> frozenset[tuple[str, str]]:
        """All packages of the whole index, checked against what the Release file says of it."""
        self.reader.finish(packed, plain)
        return frozenset(self._packages)


def _path(arch: str) -> str:
    return f"main/binary-{quote(arch, safe='')}/Packages"


def _failure(response: Response) -> Unavailable:
    found = responses.on_failure(response)
    return found if isinstance(found, Unavailable) else Unavailable(found.reason, status=found.status)
