"""The sources that a PPA ever had, with the comments of their deletions.

Rule: over the connections for following, newest first, and only so many pages: a PPA that is lent for years has a long
past, of which the end is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from itertools import islice
from typing import Any

from ..port import Lane, Refused, Unavailable
from ..publications import ACTIVE_STATUSES, PastSource
from ..reference import Reference
from . import responses
from .responses import REDACTED, RequestFailedError, UnreadableResponseError
from .session import Session, failure_as_answer, operation_url, pages
from .urls import last_part, ppa_url

PAGES = 10


class HistoryReader:
    """Implements archive_port.Histories.  `root` is the address of the service's root."""

    def __init__(self, root: str, requests: Session) -> None:
        self._root = root
        self._session = requests

    def past_sources(self, ppa: Reference) -> tuple[PastSource, ...] | Unavailable:
        """The latest 3,000 publications of sources: a request per 300."""
        answer = failure_as_answer(partial(self._past_sources, ppa))
        return Unavailable(answer.reason, status=answer.status) if isinstance(answer, Refused) else answer

    def _past_sources(self, ppa: Reference) -> tuple[PastSource, ...]:
        url = operation_url(ppa_url(self._root, ppa), "getPublishedSources", order_by_date=True)
        read = islice(pages(self._session.getter(Lane.FOLLOW), url), PAGES)
        return tuple(_past(one) for page, _ in read for one in page)


def _past(data: Mapping[str, Any]) -> PastSource:
    created, comment = responses.parse_date(data.get("date_created")), data.get("removal_comment")
    try:
        name, version, status = (
            responses.required_text(data, field)
            for field in ("source_package_name", "source_package_version", "status")
        )
        series = last_part(responses.required_text(data, "distro_series_link"))
    except UnreadableResponseError as error:
        raise RequestFailedError(Unavailable(str(error))) from error
    if created is None or REDACTED in (name, version, status, comment):
        raise RequestFailedError(Unavailable("the history of the PPA is not readable for us"))
    return PastSource(
        name, version, series, created,
        active=status in ACTIVE_STATUSES, published=data.get("date_published") is not None,
        comment=comment if isinstance(comment, str) else None,
    )  # fmt: skip
