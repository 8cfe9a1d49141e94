"""What is in a PPA, read page by page: publications, builds and accepted uploads.

Rule: lists are read in the order in which content moves (sources, builds, uploads, binaries; Pending before Published),
so that nothing slips by between two of them.  A listing that breaks off is no listing: FailedError.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from ..port import Build, Content, Entry, Moment, Publication, Unavailable
from . import answers
from .answers import FailedError, UnreadableError
from .links import path
from .transport import Answer

log = logging.getLogger(__name__)

Get = Callable[[str], Answer]
SOME = 50  # enough to see whether there are any
PAGE = answers.PAGE
MOST_PAGES = 200  # more than Launchpad gives within the time of a call
ACTIVE_STATUSES = ("Pending", "Published")
PENDING_STATES = ("Needs building", "Currently building", "Gathering build output", "Uploading build")
CANCELLING = "Cancelling build"  # in no counter (docs/explanation/launchpad.md#builds)
# Values from a fixed choice go as they are, all others as JSON (lazr.restfulclient does the same).
_CHOICES = ("status", "build_state", "pocket")


@dataclass(frozen=True, slots=True)
class Series:
    """Where uploads may wait.  Launchpad takes none for obsolete series, unless an administrator lets the PPA."""

    url: str
    obsolete: bool


def operation(name: str, /, **values: Any) -> dict[str, str]:
    """The fields of a named operation, encoded as Launchpad's own client does."""
    encoded = {key: value if key in _CHOICES else json.dumps(value) for key, value in values.items()}
    return {"ws.op": name, **encoded}


def query(url: str, name: str, /, *, size: int = PAGE, **values: Any) -> str:
    """The address of a listing that an operation gives, so many on a page."""
    return f"{url}?{urlencode({**operation(name, **values), 'ws.size': size})}"


def pages(get: Get, url: str) -> Iterator[tuple[list[dict[str, Any]], Moment]]:
    """All pages of a collection.  Raises FailedError, NotSentError, NoAnswerError."""
    for _ in range(MOST_PAGES):
        data, moment = answers.page(get(url))
        yield data["entries"], moment
        following = data.get("next_collection_link")
        if following is None:
            return
        url = str(following)
    raise FailedError(Unavailable(f"more than {MOST_PAGES} pages"))


def entries(get: Get, url: str) -> Iterator[dict[str, Any]]:
    """The same, one by one."""
    for found, _ in pages(get, url):
        yield from found


def asked_twice(get: Get, url: str) -> Answer:
    """What is not there at first is asked for again: one wrong 404 must not look like an empty list."""
    answer = get(url)
    return get(url) if answer.status == HTTPStatus.NOT_FOUND else answer


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
    data, moment = answers.page(answer)
    active = sum(one.get("status") in ACTIVE_STATUSES for one in data["entries"])
    if active or not data.get("next_collection_link"):
        return active, moment
    return (sum(len(answers.page(get(url))[0]["entries"]) for url in onward) if onward else 1), moment


def all_series(get: Get, url: str) -> tuple[Series, ...]:
    """Those of a distribution."""
    try:
        return tuple(
            Series(answers.text(one, "self_link"), one.get("status") == "Obsolete") for one in entries(get, url)
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
            raise FailedError(answers.problem(answer))
        return answers.document(answer).get("pending") != 0

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
        page, _ = answers.page(self._get(query(self._entry.url, "getPublishedSources", order_by_date=True)))
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


class Missing:
    """Operations that the service at hand does not have: said once, in the log."""

    def __init__(self) -> None:
        self._said: set[str] = set()

    def says(self, answer: Answer, name: str, also_404: bool = False) -> bool:
        """Whether the answer means that there is no such operation."""
        unknown = answer.status == 400 and b"No such operation" in answer.body
        if not unknown and not (also_404 and answer.status == 404):
            return False
        if name not in self._said:
            self._said.add(name)
            log.warning("the service has no %s: taken as an empty list", name)
        return True


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
    return Publication(answers.text(data, "self_link"), name, version, where, debug)


def _where(data: Mapping[str, Any], link: str, parts: int) -> str:
    """`noble`, or `noble amd64`; with the pocket, if it is another than Release (the only one PPAs have today)."""
    names = path(str(data.get(link, ""))).strip("/").split("/")
    pocket = data.get("pocket", "Release")
    return " ".join([*names[-parts:], *([] if pocket == "Release" else [str(pocket)])])


def _build(data: Mapping[str, Any], state: str) -> Build:
    return Build(
        url=answers.text(data, "self_link"),
        title=str(data.get("title", "")),
        state=str(data.get("buildstate", state)),
        cancellable=data.get("can_be_cancelled") is True and state != CANCELLING,
    )


def _upload(data: Mapping[str, Any]) -> str:
    return " ".join(str(data.get(part, "?")) for part in ("display_name", "display_version"))
