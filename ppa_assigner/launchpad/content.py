"""What is in a PPA and what ever was: publications, builds, accepted uploads; and the series they can be in.

Rule: lists are read in the order in which content moves (sources, builds, uploads, binaries; Pending before Published),
so that nothing slips by between two of them (docs/explanation/launchpad.md#late-arrivals).  Nothing is taken for
removed unless its own publication says so.  The series are kept for an hour; they decide only where to look, never
whether something is there.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from ..port import Build, Content, Entry, Leftovers, Moment, Publication, Unavailable
from . import responses
from .http import Response
from .redaction import one_line
from .responses import REDACTED, RequestFailedError, UnreadableResponseError
from .session import Get, MissingOperations, collection_url, entries, get_confirming_404, operation_url, pages
from .urls import path

SMALL_PAGE = 50  # enough to see whether there are any
SERIES_TTL_S = 3600.0
CLOCKS_APART = timedelta(seconds=60)  # of the hosts that answer, and of the one that keeps the publications
ACTIVE_STATUSES = ("Pending", "Published")
PENDING_STATES = ("Needs building", "Currently building", "Gathering build output", "Uploading build")
CANCELLING = "Cancelling build"  # in no counter (docs/explanation/launchpad.md#builds)


@dataclass(frozen=True, slots=True)
class Series:
    """A series of a distribution, where uploads may wait.  Launchpad takes none for obsolete series, unless an
    administrator lets the PPA.
    """

    url: str
    obsolete: bool


Urls = tuple[str, ...]


def new_content_urls(url: str, name: str, since: datetime | None) -> Urls:
    """The address of a listing with all publications created since then; for any age (None), also the addresses to read
    when its first page does not show all: `status` takes one value only, so history is in the listing, maybe long.
    """
    if since is not None:
        return (operation_url(url, name, created_since_date=since.astimezone(UTC).isoformat()),)
    active = (operation_url(url, name, size=SMALL_PAGE, status=status) for status in ACTIVE_STATUSES)
    return operation_url(url, name, size=SMALL_PAGE, order_by_date=True), *active


def count_active(response: Response, onward: Urls, get: Get) -> tuple[int, Moment]:
    """How many active publications are on a page.  If none are and there are more pages, those at `onward` are counted,
    Pending before Published so that nothing slips by; without `onward`, at least one is assumed.  Raises
    RequestFailedError.
    """
    data, moment = responses.parse_page(response)
    active = sum(one.get("status") in ACTIVE_STATUSES for one in data["entries"])
    if active or not data.get("next_collection_link"):
        return active, moment
    return (sum(len(responses.parse_page(get(url))[0]["entries"]) for url in onward) if onward else 1), moment


def list_series(get: Get, url: str) -> tuple[Series, ...]:
    """All series at the address of a distribution's list.  Raises RequestFailedError."""
    try:
        return tuple(
            Series(responses.required_text(one, "self_link"), one.get("status") == "Obsolete")
            for one in entries(get, url)
        )
    except UnreadableResponseError as error:
        raise RequestFailedError(Unavailable(str(error))) from error


class ContentReader:
    """One listing of what is in a PPA.  `series` is called only when a listing gets that far."""

    def __init__(
        self, get: Get, entry: Entry, series: Callable[[], tuple[Series, ...]], missing: MissingOperations
    ) -> None:
        self._get = get
        self._entry = entry
        self._series = series
        self._missing = missing

    def content(self, whole: bool) -> Content:
        """Everything active or on its way; not `whole`: without uploads where there are sources or builds.  Raises
        RequestFailedError, NotSentError, NoResponseError.
        """
        try:
            return self._content(whole)
        except UnreadableResponseError as error:
            raise RequestFailedError(Unavailable(str(error))) from error

    def _content(self, whole: bool) -> Content:
        first, rest = self._sources()
        sources = [*first, *rest]
        builds = self._builds()
        uploads = self._uploads(sources) if whole or not (sources or builds) else []
        binaries = [one for status in ACTIVE_STATUSES for one in self._publications("getPublishedBinaries", status)]
        return Content(
            sources=_distinct(_source_publication(one) for one in sources),
            binaries=_distinct(_binary_publication(one) for one in binaries),
            moment=self._moment,
            builds=tuple(builds),
            uploads=tuple(uploads),
        )

    def _sources(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Read the sources, Pending then Published.  The moment is that of the very first request."""
        pending, published = (
            operation_url(self._entry.url, "getPublishedSources", status=one) for one in ACTIVE_STATUSES
        )
        found = list(pages(self._get, pending))
        self._moment = found[0][1]
        return [one for page, _ in found for one in page], list(entries(self._get, published))

    def _publications(self, name: str, status: str) -> Iterator[dict[str, Any]]:
        return entries(self._get, operation_url(self._entry.url, name, status=status))

    def _builds(self) -> list[Build]:
        states = (*(PENDING_STATES if self._any_pending() else ()), CANCELLING)
        found = {build.url: build for state in states for build in self._builds_in(state)}
        return list(found.values())

    def _any_pending(self) -> bool:
        response = self._get(operation_url(self._entry.url, "getBuildCounters"))
        if self._missing.is_missing(response, "getBuildCounters"):
            return True
        if response.status != 200:
            raise RequestFailedError(responses.on_failure(response))
        return responses.json_object(response).get("pending") != 0

    def _builds_in(self, state: str) -> Iterator[Build]:
        url = operation_url(self._entry.url, "getBuildRecords", build_state=state)
        return (_build(one, state) for one in self._optional_entries(url, "getBuildRecords"))

    def _uploads(self, sources: Sequence[Mapping[str, Any]]) -> list[str]:
        found: list[str] = []
        populated = {str(source.get("distro_series_link")) for source in sources}
        for series in self._series_with_uploads(populated):
            url = operation_url(series.url, "getPackageUploads", archive=self._entry.url, status="Accepted")
            found += (_upload(one) for one in self._optional_entries(url, "getPackageUploads", of_ppa=False))
        return found

    def _series_with_uploads(self, populated: set[str]) -> list[Series]:
        """Where uploads may be: all series in use, and the obsolete ones that the PPA ever had a source in, whose
        upload stays when the source is deleted.
        """
        series = self._series()
        if not any(one.obsolete for one in series):
            return list(series)
        ever = self._ever_populated()
        return [one for one in series if not one.obsolete or ever is None or one.url in populated | ever]

    def _ever_populated(self) -> set[str] | None:
        """The series of all sources that were ever here; None: there is more than one page, so it may be any."""
        page, _ = responses.parse_page(
            self._get(operation_url(self._entry.url, "getPublishedSources", order_by_date=True))
        )
        if page.get("next_collection_link") is not None:
            return None
        return {str(one.get("distro_series_link")) for one in page["entries"]}

    def _optional_entries(self, url: str, name: str, of_ppa: bool = True) -> Iterator[dict[str, Any]]:
        """The entries of a listing; none if the service, a simple one, does not have it."""
        response = self._get(url) if of_ppa else get_confirming_404(self._get, url)
        if self._missing.is_missing(response, name, also_404=not of_ppa):
            return
        first = [response]
        yield from entries(lambda more: first.pop() if first else self._get(more), url)


def _distinct(found: Iterable[Publication]) -> tuple[Publication, ...]:
    """Each publication once: one that went from Pending to Published between two requests is in both lists."""
    return tuple({one.url: one for one in found}.values())


def _source_publication(data: Mapping[str, Any]) -> Publication:
    where = _where(data, "distro_series_link", 1)
    return _publication(data, "source_package", where)


def _binary_publication(data: Mapping[str, Any]) -> Publication:
    return _publication(
        data, "binary_package", _where(data, "distro_arch_series_link", 2), data.get("is_debug") is True
    )


def _publication(data: Mapping[str, Any], kind: str, where: str, debug: bool = False) -> Publication:
    name, version = (str(data.get(f"{kind}_{what}", "")) for what in ("name", "version"))
    return Publication(responses.required_text(data, "self_link"), name, version, where, debug)


def _where(data: Mapping[str, Any], link: str, parts: int) -> str:
    """`noble`, or `noble amd64`; with the pocket, if it is not Release (the only one that PPAs have today)."""
    names = path(str(data.get(link, ""))).strip("/").split("/")
    pocket = data.get("pocket", "Release")
    return " ".join([*names[-parts:], *([] if pocket == "Release" else [str(pocket)])])


def _build(data: Mapping[str, Any], state: str) -> Build:
    return Build(
        url=responses.required_text(data, "self_link"),
        title=str(data.get("title", "")),
        state=str(data.get("buildstate", state)),
        cancellable=data.get("can_be_cancelled") is True and state != CANCELLING,
    )


def _upload(data: Mapping[str, Any]) -> str:
    return " ".join(str(data.get(part, "?")) for part in ("display_name", "display_version"))


def was_published(get: Get, entry: Entry, source: str, version: str) -> bool:
    """Whether a version of a source was ever published in a PPA: one request, of any status.  Raises
    RequestFailedError, NotSentError, NoResponseError.
    """
    names = {"source_name": source, "version": version, "exact_match": True}
    data, _ = responses.parse_page(get(operation_url(entry.url, "getPublishedSources", size=1, **names)))
    return bool(data["entries"])


def published_since(get: Get, entry: Entry, since: datetime) -> bool:
    """Whether a source that was created since then was ever published: one request, of the newest.  What was deleted
    or superseded before is of an earlier lease, however close that was.  Raises RequestFailedError, NotSentError,
    NoResponseError.
    """
    created = (since - CLOCKS_APART).astimezone(UTC).isoformat()
    url = operation_url(entry.url, "getPublishedSources", created_since_date=created, order_by_date=True)
    data, _ = responses.parse_page(get(url))
    ended = (responses.parse_date(one.get("date_superseded")) for one in data["entries"] if one.get("date_published"))
    return any(end is None or end >= since for end in ended)


def disk_leftovers(get: Get, entry: Entry) -> Leftovers:
    """Publications that are active, or not removed yet (docs/explanation/launchpad.md#removal-from-disk).

    No filter selects these, so all of history is read, newest first; the first page that has any ends the reading, and
    the count is that page's.  Raises RequestFailedError, NotSentError, NoResponseError.
    """
    first: Moment | None = None
    for name in ("getPublishedSources", "getPublishedBinaries"):
        # By date: what comes meanwhile is in front and pushes nothing over the end of a page unseen.
        for page, moment in pages(get, operation_url(entry.url, name, order_by_date=True)):
            first = first or moment
            if left := [one for one in page if is_on_disk(one)]:
                return Leftovers(len(left), _title(left[0]), first, _latest_deletion(left))
    if first is None:
        raise RequestFailedError(Unavailable("no page of publications"))
    return Leftovers(0, None, first)


def is_on_disk(data: Mapping[str, Any]) -> bool:
    """Whether the files of a publication are kept by its archive.  Raises RequestFailedError where that is hidden."""
    if REDACTED in (data.get("date_removed"), data.get("status")):
        raise RequestFailedError(Unavailable("not readable for us"))
    return data.get("date_removed") is None or data.get("status") in ACTIVE_STATUSES


def _latest_deletion(left: Sequence[Mapping[str, Any]]) -> datetime | None:
    """The latest date for which the removal of one of them is scheduled: a superseded version stays a day, also if it
    is deleted then (docs/explanation/launchpad.md#removal-from-disk).
    """
    dates = (responses.parse_date(one.get("scheduled_deletion_date")) for one in left)
    return max((date for date in dates if date is not None), default=None)


def _title(data: Mapping[str, Any]) -> str:
    name, status = data.get("display_name", data.get("self_link", "?")), data.get("status", "?")
    return one_line(f"{name} ({status})")


class SeriesCache:
    """The series of distributions, read once an hour for all threads.  `root` is the address of the service's root.  A
    service without a list of series has none.
    """

    def __init__(self, root: str, missing: MissingOperations) -> None:
        self._root = root
        self._missing = missing
        self._kept: dict[str, tuple[float, tuple[Series, ...]]] = {}
        self._lock = threading.Lock()

    def of_distribution(self, distribution: str, get: Get) -> tuple[Series, ...]:
        """All series of a distribution.  Raises RequestFailedError, NotSentError, NoResponseError."""
        with self._lock:
            until, known = self._kept.get(distribution, (0.0, ()))
        if time.monotonic() < until:
            return known
        known = self._read(collection_url(f"{self._root}{quote(distribution)}/series"), get)
        if known:  # an empty list may be a passing fault of the service
            with self._lock:
                self._kept[distribution] = (time.monotonic() + SERIES_TTL_S, known)
        return known

    def _read(self, url: str, get: Get) -> tuple[Series, ...]:
        response = get_confirming_404(get, url)
        if self._missing.is_missing(response, "list of series", also_404=True):
            return ()
        first = [response]
        return list_series(lambda more: first.pop() if first else get(more), url)


def list_architectures(series: Series, get: Get) -> tuple[str, ...]:
    """The architectures of a series.  Raises RequestFailedError, UnreadableResponseError, NotSentError,
    NoResponseError.
    """
    url = collection_url(f"{series.url}/architectures")
    return tuple(responses.required_text(one, "architecture_tag") for one in entries(get, url))
