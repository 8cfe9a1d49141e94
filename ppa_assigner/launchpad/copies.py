"""Copies from one PPA to another: what is there already, and asking for a copy.

Rule: over the connections for following.  A copy is asked for with its binaries, by name, version and series; that it
was taken says nothing of its job (docs/explanation/launchpad.md#copies-with-binaries).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from ..port import ActAnswer, Lane, Refused, SourceFiles, Unavailable
from ..publications import ACTIVE_STATUSES, SourcePublication
from ..reference import Reference
from .files import source_files
from .session import Session, T, entries, failure_as_answer, operation_form, operation_url
from .uploads import source_publication
from .urls import ppa_url


class CopyRequests:
    """Implements archive_port.Copies.  `root` is the address of the service's root."""

    def __init__(self, root: str, requests: Session) -> None:
        self._root = root
        self._session = requests

    def published(self, ppa: Reference, source: str) -> tuple[SourcePublication, ...] | Unavailable:
        """The active publications of a source, Pending before Published: at least two requests."""
        return _usable(partial(self._published, ppa, source))

    def _published(self, ppa: Reference, source: str) -> tuple[SourcePublication, ...]:
        get, found = self._session.getter(Lane.FOLLOW), dict[int, SourcePublication]()
        for status in ACTIVE_STATUSES:
            url = operation_url(
                ppa_url(self._root, ppa), "getPublishedSources", source_name=source, exact_match=True, status=status
            )
            found |= {one.number: one for one in map(source_publication, entries(get, url))}
        return tuple(found.values())

    def files(self, ppa: Reference, number: int) -> SourceFiles | Unavailable:
        """The files of a source by the number of its publication: one request."""
        url = f"{ppa_url(self._root, ppa)}/+sourcepub/{number}"
        return _usable(partial(source_files, self._session.getter(Lane.FOLLOW), url))

    def copy(
        self, source: tuple[str, str], from_ppa: Reference, from_series: str, ppa: Reference, series: str,
        not_after: float,
    ) -> ActAnswer:  # fmt: skip
        """Ask for a source (name, version) to be copied with its binaries: one POST."""
        fields = operation_form(
            "copyPackage", source_name=source[0], version=source[1], from_archive=ppa_url(self._root, from_ppa),
            from_series=from_series, to_pocket="Release", to_series=series, include_binaries=True,
        )  # fmt: skip
        return self._session.act(ppa_url(self._root, ppa), fields, not_after, Lane.FOLLOW)


def _usable(ask: Callable[[], T]) -> T | Unavailable:
    answer = failure_as_answer(ask)
    return Unavailable(answer.reason, status=answer.status) if isinstance(answer, Refused) else answer
