"""What was ever published in a PPA: Launchpad forgets no publication.

Rule: nothing is taken for removed unless its own record says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from ..port import Entry, Moment, Remains, Unavailable
from . import answers
from .answers import REDACTED, FailedError
from .contents import ACTIVE_STATUSES, Get, pages, query
from .texts import one_line


def ever_had(get: Get, entry: Entry, source: str, version: str) -> bool:
    """Whether that very version was ever published here: one request, of any status.  Raises FailedError,
    NotSentError, NoAnswerError.
    """
    names = {"source_name": source, "version": version, "exact_match": True}
    data, _ = answers.page(get(query(entry.url, "getPublishedSources", size=1, **names)))
    return bool(data["entries"])


def undeleted(get: Get, entry: Entry) -> Remains:
    """Publications that are active, or not removed yet (docs/explanation/launchpad.md#removal-from-disk).

    No filter asks for these, so all of history is read, newest first; the first page that has one ends it, and what is
    counted is that page's.  Raises FailedError, NotSentError, NoAnswerError.
    """
    first: Moment | None = None
    for name in ("getPublishedSources", "getPublishedBinaries"):
        # By date: what comes meanwhile is in front and pushes nothing over a page's end unseen.
        for page, moment in pages(get, query(entry.url, name, order_by_date=True)):
            first = first or moment
            if left := [one for one in page if _on_disk(one)]:
                return Remains(len(left), _called(left[0]), first, _until(left))
    if first is None:
        raise FailedError(Unavailable("no page of publications"))
    return Remains(0, None, first)


def _on_disk(data: Mapping[str, Any]) -> bool:
    if REDACTED in (data.get("date_removed"), data.get("status")):
        raise FailedError(Unavailable("not readable for us"))
    return data.get("date_removed") is None or data.get("status") in ACTIVE_STATUSES


def _until(left: Sequence[Mapping[str, Any]]) -> datetime | None:
    """The latest date for which one of them is scheduled: a version that another one superseded stays a day, also when
    it is deleted then (docs/explanation/launchpad.md#removal-from-disk).
    """
    dates = (answers.date(one.get("scheduled_deletion_date")) for one in left)
    return max((date for date in dates if date is not None), default=None)


def _called(data: Mapping[str, Any]) -> str:
    name, status = data.get("display_name", data.get("self_link", "?")), data.get("status", "?")
    return one_line(f"{name} ({status})")
