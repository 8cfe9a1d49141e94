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
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from ..port import Build, Content, Entry, Leftovers, Moment, Publication, Unavailable
from . import responses
from .http import Answer
from .redaction import one_line
from .responses import REDACTED, FailedError, UnreadableError
from .session import Get, Missing, asked_twice, entries, pages, query
from .urls import path

SOME = 50  # enough to see whether there are any
ACTIVE_STATUSES = ("Pending", "Published")
PENDING_STATES = ("Needs building", "Currently building", "Gathering build output", "Uploading build")
CANCELLING = "Cancelling build"  # in no counter (docs/explanation/launchpad.md#builds)


@dataclass(frozen=True, slots=True)
class Series:
    """Where uploads may wait.  Launchpad takes none for obsolete series, unless an administrator lets the PPA."""

    url: str
    obsolete: bool


Ways = tuple[str, ...]


def arriving(url: str, name: str, since: datetime | None) -> Ways:
    """The address that shows what is active of what was created since then; and, for whatever age (None), where to ask
    on when that page does not show all: `status` takes one value only, so history is in the answer and may be long.
    """
    if since is not None:
        return (query(url, name, created_since_date=since.astimezone(UTC).isoformat()),)
    active = (query(url, name, size=SOME, status=status) for status in ACTIVE_STATUSES)
    return query(url, name, size=SOME, order_by_date=True), *active


def active_on(answer: Answer, onward: Ways, get: Get) -> tuple[int, Moment]:
    """How many active ones are on this page.  If there are more pages, all are asked for `onward`, Pending before
    Published so that nothing slips by; where that is nowhere, there is at least one.  Raises FailedError.
    """
    data, moment = responses.page(answer)
    active = sum(one.get("status") in ACTIVE_STATUSES for one in data["entries"])
    if active or not data.get("next_collection_link"):
        return active, moment
    return (sum(len(responses.page(get(url))[0]["entries"]) for url in onward) if onward else 1), moment


def all_series(get: Get, url: str) -> tuple[Series, ...]:
    """Those of a distribution."""
    try:
        return tuple(
            Series(responses.text(one, "self_link"), one.get("status") == "Obsolete") for one in entries(get, url)
        )
    except UnreadableError as error:
        raise FailedError(Unavailable(str(error))) from error


class Survey:
    """One listing of what is in a PPA.  `series` is asked for only when a listing got that far."""

    def __init__(self, get: Get, entry: Entry, series: Callable[[], tuple[Series, ...]], missing: Missing) -> None:
        self._get = get
        self._entry = entry
        self._series = series
        self._missing = missing

    def content(self, whole: bool) -> Content:
        """`whole`: uploads also where there are sources or builds.  Raises FailedError, NotSentError, NoAnswerError."""
        try:
            return self._content(whole)
        except UnreadableError as error:
            raise FailedError(Unavailable(str(error))) from error

    def _content(self, whole: bool) -> Content:
        first, rest = self._begin()
        sources = [*first, *rest]
        builds = self._builds()
        uploads = self._uploads(sources) if whole or not (sources or builds) else []
        binaries = [one for status in ACTIVE_STATUSES for one in self._publications("getPublishedBinaries", status)]
        return Content(
            sources=_once(_source(one) for one in sources),
            binaries=_once(_binary(one) for one in binaries),
            moment=self._moment,
            builds=tuple(builds),
            uploads=tuple(uploads),
        )

    def _begin(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Sources, Pending then Published.  The moment is that of the very first request."""
        pending, published = (query(self._entry.url, "getPublishedSources", status=one) for one in ACTIVE_STATUSES)
        found = list(pages(self._get, pending))
        self._moment = found[0][1]
        return [one for page, _ in found for one in page], list(entries(self._get, published))

    def _publications(self, name: str, status: str) -> Iterator[dict[str, Any]]:
        return entries(self._get, query(self._entry.url, name, status=status))

    def _builds(self) -> list[Build]:
        states = (*(PENDING_STATES if self._any_pending() else ()), CANCELLING)
        found = {build.url: build for state in states for build in self._builds_in(state)}
        return list(found.values())

    def _any_pending(self) -> bool:
        answer = self._get(query(self._entry.url, "getBuildCounters"))
        if self._missing.says(answer, "getBuildCounters"):
            return True
        if answer.status != 200:
            raise FailedError(responses.problem(answer))
        return responses.document(answer).get("pending") != 0

    def _builds_in(self, state: str) -> Iterator[Build]:
        url = query(self._entry.url, "getBuildRecords", build_state=state)
        return (_build(one, state) for one in self._known(url, "getBuildRecords"))

    def _uploads(self, sources: Sequence[Mapping[str, Any]]) -> list[str]:
        found: list[str] = []
        populated = {str(source.get("distro_series_link")) for source in sources}
        for series in self._where_uploads_may_be(populated):
            url = query(series.url, "getPackageUploads", archive=self._entry.url, status="Accepted")
            found += (_upload(one) for one in self._known(url, "getPackageUploads", of_ppa=False))
        return found

    def _where_uploads_may_be(self, populated: set[str]) -> list[Series]:
        """All series that are in use, and the obsolete ones that the PPA ever had a source in: its upload stays when
        the source is deleted.
        """
        series = self._series()
        if not any(one.obsolete for one in series):
            return list(series)
        ever = self._ever_populated()
        return [one for one in series if not one.obsolete or ever is None or one.url in populated | ever]

    def _ever_populated(self) -> set[str] | None:
        """The series of all sources that were ever here; None: more than a page of them, so it may be any."""
        page, _ = responses.page(self._get(query(self._entry.url, "getPublishedSources", order_by_date=True)))
        if page.get("next_collection_link") is not None:
            return None
        return {str(one.get("distro_series_link")) for one in page["entries"]}

    def _known(self, url: str, name: str, of_ppa: bool = True) -> Iterator[dict[str, Any]]:
        """A listing that a simple service may not have; then there is nothing in it."""
        answer = self._get(url) if of_ppa else asked_twice(self._get, url)
        if self._missing.says(answer, name, also_404=not of_ppa):
            return
        first = [answer]
        yield from entries(lambda more: first.pop() if first else self._get(more), url)


def _once(found: Iterable[Publication]) -> tuple[Publication, ...]:
    """One that went from Pending to Published between two requests is in both."""
    return tuple({one.url: one for one in found}.values())


def _source(data: Mapping[str, Any]) -> Publication:
    where = _where(data, "distro_series_link", 1)
    return _publication(data, "source_package", where)


def _binary(data: Mapping[str, Any]) -> Publication:
    return _publication(
        data, "binary_package", _where(data, "distro_arch_series_link", 2), data.get("is_debug") is True
    )


def _publication(data: Mapping[str, Any], kind: str, where: str, debug: bool = False) -> Publication:
    name, version = (str(data.get(f"{kind}_{what}", "")) for what in ("name", "version"))
    return Publication(responses.text(data, "self_link"), name, version, where, debug)


def _where(data: Mapping[str, Any], link: str, parts: int) -> str:
    """`noble`, or `noble amd64`; with the pocket, if it is another than Release (the only one PPAs have today)."""
    names = path(str(data.get(link, ""))).strip("/").split("/")
    pocket = data.get("pocket", "Release")
    return " ".join([*names[-parts:], *([] if pocket == "Release" else [str(pocket)])])


def _build(data: Mapping[str, Any], state: str) -> Build:
    return Build(
        url=responses.text(data, "self_link"),
        title=str(data.get("title", "")),
        state=str(data.get("buildstate", state)),
        cancellable=data.get("can_be_cancelled") is True and state != CANCELLING,
    )


def _upload(data: Mapping[str, Any]) -> str:
    return " ".join(str(data.get(part, "?")) for part in ("display_name", "display_version"))


def was_published(get: Get, entry: Entry, source: str, version: str) -> bool:
    """Whether that very version was ever published here: one request, of any status.  Raises FailedError,
    NotSentError, NoAnswerError.
    """
    names = {"source_name": source, "version": version, "exact_match": True}
    data, _ = responses.page(get(query(entry.url, "getPublishedSources", size=1, **names)))
    return bool(data["entries"])


def disk_leftovers(get: Get, entry: Entry) -> Leftovers:
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
                return Leftovers(len(left), _called(left[0]), first, _until(left))
    if first is None:
        raise FailedError(Unavailable("no page of publications"))
    return Leftovers(0, None, first)


def _on_disk(data: Mapping[str, Any]) -> bool:
    if REDACTED in (data.get("date_removed"), data.get("status")):
        raise FailedError(Unavailable("not readable for us"))
    return data.get("date_removed") is None or data.get("status") in ACTIVE_STATUSES


def _until(left: Sequence[Mapping[str, Any]]) -> datetime | None:
    """The latest date for which one of them is scheduled: a version that another one superseded stays a day, also when
    it is deleted then (docs/explanation/launchpad.md#removal-from-disk).
    """
    dates = (responses.date(one.get("scheduled_deletion_date")) for one in left)
    return max((date for date in dates if date is not None), default=None)


def _called(data: Mapping[str, Any]) -> str:
    name, status = data.get("display_name", data.get("self_link", "?")), data.get("status", "?")
    return one_line(f"{name} ({status})")


KEPT_S = 3600.0


class Catalogue:
    """`root` is the address of the service's root.  A service that has no list of series has none."""

    def __init__(self, root: str, missing: Missing) -> None:
        self._root = root
        self._missing = missing
        self._kept: dict[str, tuple[float, tuple[Series, ...]]] = {}
        self._lock = threading.Lock()

    def series(self, distribution: str, get: Get) -> tuple[Series, ...]:
        """All of a distribution.  Raises FailedError, NotSentError, NoAnswerError."""
        with self._lock:
            until, known = self._kept.get(distribution, (0.0, ()))
        if time.monotonic() < until:
            return known
        known = self._ask(f"{self._root}{quote(distribution)}/series?ws.size={responses.PAGE}", get)
        if known:  # that there are none may be a moment's fault of the service
            with self._lock:
                self._kept[distribution] = (time.monotonic() + KEPT_S, known)
        return known

    def _ask(self, url: str, get: Get) -> tuple[Series, ...]:
        answer = asked_twice(get, url)
        if self._missing.says(answer, "list of series", also_404=True):
            return ()
        first = [answer]
        return all_series(lambda more: first.pop() if first else get(more), url)


def architectures(series: Series, get: Get) -> tuple[str, ...]:
    """The architectures of a series.  Raises FailedError, UnreadableError, NotSentError, NoAnswerError."""
    url = f"{series.url}/architectures?ws.size={responses.PAGE}"
    return tuple(responses.text(one, "architecture_tag") for one in entries(get, url))
