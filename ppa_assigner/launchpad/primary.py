"""What a distribution says of its series, and of the sources in its primary archive.

Rule: reads only, of what everybody may see, over the connections for following: assigning goes on without it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from ..port import Lane, Refused, Unavailable
from . import responses
from .content import SeriesCache
from .session import Session, T, failure_as_answer, operation_url
from .urls import archive_url, last_part


class PrimaryReader:
    """Implements archive_port.PrimaryArchives.  `root` is the address of the service's root."""

    def __init__(self, root: str, requests: Session, series: SeriesCache) -> None:
        self._root = root
        self._session = requests
        self._series = series

    def series(self, distribution: str) -> Mapping[str, bool] | Unavailable:
        """The names of the series, and whether each takes uploads: those that are obsolete do not.  Read once an
        hour.
        """
        get = self._session.getter(Lane.FOLLOW)
        found = failure_as_answer(partial(self._series.of_distribution, distribution, get))
        if isinstance(found, Refused | Unavailable):
            return Unavailable(found.reason)
        return {last_part(one.url): not one.obsolete for one in found}

    def component(self, distribution: str, source: str, series: str) -> str | Unavailable | None:
        """The component that a source has in a series of the primary archive; None: it is not there.  One request."""
        return _usable(partial(self._component, distribution, source, series))

    def _component(self, distribution: str, source: str, series: str) -> str | None:
        names: dict[str, Any] = {"source_name": source, "exact_match": True, "order_by_date": True}
        names |= {"status": "Published", "distro_series": f"{self._root}{distribution}/{series}"}
        url = operation_url(archive_url(self._root, distribution), "getPublishedSources", size=1, **names)
        page, _ = responses.parse_page(self._session.getter(Lane.FOLLOW)(url))
        return str(page["entries"][0].get("component_name", "")) or None if page["entries"] else None


def _usable(ask: Callable[[], T]) -> T | Unavailable:
    answer = failure_as_answer(ask)
    return Unavailable(answer.reason) if isinstance(answer, Refused) else answer
