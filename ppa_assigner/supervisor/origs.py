"""Which upstream tarballs the primary archive has under the names of those that are to be uploaded.

Rule: nothing is refused but for what was read; what was read is kept for an hour, since many jobs upload revisions of
one upstream version.  Called by the threads of `inquiries`.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from ..packages import SourcePackage, upstream_of
from ..port import Lane, Launchpad
from ..problems import Kind, Problem
from ..views import OrigConflict
from .inquiry import Inquiry, go_on, known

DISTRIBUTION = "ubuntu"
ORIGS_KEPT_S = 3600.0
KEPT = 1000
VERSIONS = 3  # of one upstream version, the newest ones: revisions share the tarball


@dataclass(frozen=True, slots=True)
class _Tarball:
    sha256: str
    url: str


Tarballs = Mapping[str, _Tarball]


class Origs:
    """The upstream tarballs of a distribution, by name.  Safe for threads."""

    def __init__(self, launchpad: Launchpad, boot: Callable[[], float]) -> None:
        self._launchpad = launchpad
        self._boot = boot
        self._kept: OrderedDict[tuple[str, str], tuple[float, Tarballs]] = OrderedDict()
        self._lock = threading.Lock()

    def compare(self, sources: Iterable[SourcePackage], inquiry: Inquiry[None]) -> None:
        """Raises Problem `orig-differs` for the first tarball that differs, or `launchpad-unavailable`."""
        for source in sources:
            go_on(inquiry)
            if (conflict := self.conflict(source)) is not None:
                raise differs(conflict)

    def conflict(self, source: SourcePackage) -> OrigConflict | None:
        """The first of its upstream tarballs that differs from the distribution's.  Raises Problem."""
        if not source.origs:
            return None
        theirs = self._tarballs(source)
        for ours in source.origs:
            other = theirs.get(ours.name)
            if other is not None and other.sha256 != ours.sha256:
                return OrigConflict(ours.name, other.sha256, other.url)
        return None

    def _tarballs(self, source: SourcePackage) -> Tarballs:
        key, now = (source.name, source.upstream), self._boot()
        with self._lock:
            kept = self._kept.get(key)
        if kept is not None and now - kept[0] < ORIGS_KEPT_S:
            return kept[1]
        found = self._read(source)
        with self._lock:
            self._kept[key] = (now, found)
            self._kept.move_to_end(key)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return found

    def _read(self, source: SourcePackage) -> Tarballs:
        versions = known(self._launchpad.source_versions(DISTRIBUTION, source.name, Lane.FOLLOW)).versions
        related = [one for one in versions if upstream_of(one.version) == source.upstream]
        found: dict[str, _Tarball] = {}
        for one in related[:VERSIONS]:
            if {file.name for file in source.origs} <= found.keys():
                break
            files = known(self._launchpad.source_files(one.url, Lane.FOLLOW))
            for file in files.files:
                found.setdefault(file.name, _Tarball(file.sha256, files.urls[file.name]))
        return found


def differs(conflict: OrigConflict) -> Problem:
    """The problem of an upload that Launchpad refuses everywhere."""
    detail = (
        f"{conflict.file}: {DISTRIBUTION} has it with other content, and Launchpad takes no other; build the source"
        f" package with {conflict.url}"
    )
    return Problem(Kind.ORIG_DIFFERS, detail, file=conflict.file, sha256=conflict.sha256, url=conflict.url)
