"""The port's calls as single requests, whoever signs them.

Rule: no call raises for what Launchpad or the network does; each is over by its deadline, and each request is sent
once.  A write that left and was not answered is `Unknown`, and never taken for a refusal.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from ..port import (
    ActAnswer,
    ArchiveSettings,
    Build,
    Content,
    Deleted,
    Entry,
    Lane,
    Leftovers,
    Look,
    Moment,
    NewContent,
    Publication,
    ReadAnswer,
    Refused,
    Unavailable,
    Unknown,
    WriteAnswer,
)
from ..reference import Reference
from . import responses, session, settings
from .content import Catalogue, Series, Survey, Ways, active_on, architectures, arriving, disk_leftovers, was_published
from .http import Answer, NoAnswerError, NotSentError, TooLargeError, Transport
from .indexes import Indexes
from .redaction import one_line
from .responses import UnreadableError
from .session import Asking, T, told
from .urls import reference_of, to_person, to_ppa

log = logging.getLogger(__name__)

MOST_DELETED = 100


class Operations:
    """Implements port.Launchpad over `transport`, and over `indexes` for what apt reads.

    `root` is the address of the service's root with its version and a slash at the end; requests go to its origin
    only.  `signed` adds to headers what makes a request ours, or raises NotSentError.
    """

    def __init__(
        self,
        root: str,
        transport: Transport,
        signed: Callable[[str, str, Mapping[str, str]], Mapping[str, str]],
        boottime: Callable[[], float],
        indexes: Indexes,
    ) -> None:
        self._root = root
        self._transport = transport
        self._asking = Asking(root, transport, signed)
        self._boottime = boottime
        self._indexes = indexes
        self._missing = session.Missing()
        self._catalogue = Catalogue(root, self._missing)
        # The second of two requests at once; a lane's own threads, so that hung work does not delay assigning.
        self._seconds = {
            lane: ThreadPoolExecutor(size, thread_name_prefix=f"second-{lane.value}")
            for lane, size in transport.sizes.items()
        }

    def close(self) -> None:
        """Ask nothing more.  Requests under way end by their deadline."""
        for executor in self._seconds.values():
            executor.shutdown(wait=False, cancel_futures=True)
        self._transport.close()
        self._indexes.close()

    # -- reading ------------------------------------------------------------------------------------------------------

    def look(self, owner: str, compare: bool = False) -> Look | Refused | Unavailable:
        """All Active PPAs of an owner that we may read; one request per 300.  The owner may be given as `~name`.  Where
        there is no such owner nothing is listed: each PPA is read alone then, and says so itself.  `compare`: with
        those that are hidden, which is as many requests more.
        """
        url, started = f"{to_person(self._root, owner)}/ppas?{urlencode({'ws.size': responses.PAGE})}", self._boottime()
        deadline = self._transport.deadline()
        answer = told(partial(self._look, url, self._asking.getter(deadline=deadline)))
        if isinstance(answer, Unavailable) and answer.status in responses.NOT_THERE:
            return Look({}, started, self._boottime())
        if not compare or not isinstance(answer, Look):
            return answer
        everybody = told(partial(self._shown_to_all, url, self._asking.getter(deadline=deadline, ours=False)))
        if not isinstance(everybody, frozenset):
            return answer
        public = (ppa for ppa, entry in answer.entries.items() if not entry.private)
        return replace(answer, hidden=frozenset(public) - everybody)

    def _look(self, url: str, get: session.Get) -> Look:
        found: dict[Reference, Entry] = {}
        started = self._boottime()
        ended = started
        try:
            for page, moment in session.pages(get, url):
                ended = moment.ended
                found.update((reference_of(entry.url), entry) for entry in _entries(page, moment))
        except TooLargeError as error:  # somebody's endless description is no reason not to look at the others
            log.warning("%s: all further PPAs are read one by one", error)
        return Look(found, started, ended)

    def _shown_to_all(self, url: str, get: session.Get) -> frozenset[Reference]:
        """Those that everybody is shown (docs/explanation/launchpad.md#telling-a-disabled-ppa)."""
        listed = session.entries(get, url)
        return frozenset(reference_of(responses.text(data, "self_link")) for data in listed)

    def read(self, ppa: Reference, lane: Lane = Lane.WORK) -> ReadAnswer:
        """One PPA afresh: one request."""
        try:
            return responses.read_answer(self._asking.send("GET", to_ppa(self._root, ppa), lane=lane))
        except (NotSentError, NoAnswerError) as error:
            return Unavailable(str(error))

    def deleted(self, ppa: Reference) -> Deleted | Unavailable:
        """`NAME-deletedppa`, `NAME-deletedppa1` and so on, until one answers 404: a request each."""
        answer = told(partial(self._deleted, ppa))
        return Unavailable(answer.reason) if isinstance(answer, Refused) else answer

    def _deleted(self, ppa: Reference) -> Deleted:
        get, found = self._asking.getter(), list[str | None]()
        first: Moment | None = None
        for number in range(MOST_DELETED):
            answer = get(to_ppa(self._root, replace(ppa, name=f"{ppa.name}-deletedppa{number or ''}")))
            first = first or responses.moment(answer)
            if answer.status == HTTPStatus.NOT_FOUND:
                return Deleted(tuple(found), first)
            found.append(responses.of_deleted(answer))
        raise UnreadableError(f"more than {MOST_DELETED} deleted PPAs had its name")

    def enabled(self, entry: Entry) -> bool | Unavailable:
        """Whether everybody is shown what it says: one request without our signature."""
        try:
            return responses.shown_to_all(self._asking.send("GET", entry.url, lane=Lane.WORK, ours=False))
        except (NotSentError, NoAnswerError) as error:
            return Unavailable(str(error))

    def new_content(self, entry: Entry, since: datetime | None, lane: Lane = Lane.WORK) -> NewContent | Unavailable:
        """How many active sources and binaries were created since then (None: ever): two requests at once."""
        ways = [arriving(entry.url, name, since) for name in ("getPublishedSources", "getPublishedBinaries")]
        answer = told(partial(self._new_content, ways, lane))
        return Unavailable(answer.reason) if isinstance(answer, Refused) else answer

    def _new_content(self, ways: list[Ways], lane: Lane) -> NewContent:
        deadline, started = self._transport.deadline(), self._boottime()
        second = self._beside(lane, ways[1][0], deadline)
        try:
            first = self._asking.send("GET", ways[0][0], lane=lane, deadline=deadline)
            get = partial(self._asking.send, "GET", lane=lane, deadline=deadline)
            sources, one = active_on(first, ways[0][1:], get)
            binaries, other = active_on(_result(second, deadline), ways[1][1:], get)
        finally:
            second.cancel()
        seen = type(one)(min(one.date, other.date), started, max(one.ended, other.ended))
        return NewContent(sources + binaries, seen)

    def _beside(self, lane: Lane, url: str, deadline: float) -> Future[Answer]:
        try:
            return self._seconds[lane].submit(self._asking.send, "GET", url, lane=lane, deadline=deadline)
        except RuntimeError as error:  # closed
            raise NotSentError(str(error)) from error

    def content(self, entry: Entry, whole: bool = True) -> Content | Refused | Unavailable:
        """Everything active or on its way, all pages.  Not `whole`: where there are sources or builds, without the
        accepted uploads, which take a request for each series.
        """
        return told(self._listing(partial(self._content, whole), entry))

    def _content(self, whole: bool, get: session.Get, entry: Entry) -> Content:
        return Survey(get, entry, lambda: self._series_of(entry, get), self._missing).content(whole)

    def _listing(self, read: Callable[[session.Get, Entry], T], entry: Entry) -> Callable[[], T]:
        """That listing of a PPA, when it has its turn."""

        def listed() -> T:
            with self._asking.listing() as get:
                return read(get, entry)

        return listed

    def _series_of(self, entry: Entry, get: session.Get) -> tuple[Series, ...]:
        return self._catalogue.series(reference_of(entry.url).distribution, get)

    def uploaders(self, entry: Entry) -> Collection[str] | Refused | Unavailable:
        """Who has a 'main' upload right beside the owner, as `~name`."""
        return told(self._listing(settings.uploaders, entry))

    def archive_settings(self, entry: Entry) -> ArchiveSettings | Refused | Unavailable:
        """Dependencies, processors and uploaders: three requests, one more for each further 300 of a kind."""
        return told(self._listing(settings.read, entry))

    def was_published(self, entry: Entry, source: str, version: str, lane: Lane = Lane.WORK) -> bool | Unavailable:
        """Whether that version was ever published here: one request.  Launchpad takes no second upload of one that it
        once accepted (docs/explanation/launchpad.md#burnt-versions).
        """
        answer = told(partial(was_published, self._asking.getter(lane), entry, source, version))
        return Unavailable(answer.reason) if isinstance(answer, Refused) else answer

    def disk_leftovers(self, entry: Entry) -> Leftovers | Refused | Unavailable:
        """Publications that are active or not removed from the disk.  A count is that of the first page that has some:
        reading ends there.  When there are none, all of the PPA's history was read: a request per 300 sources or
        binaries that ever were, at least two.
        """
        return told(self._listing(disk_leftovers, entry))

    def index_leftovers(self, ppa: Reference) -> Leftovers | Unavailable:
        """Packages in the indexes of all series: one plain request a series, and one for each index that its Release
        file does not show to be empty.  Which series there are is asked of the service once an hour.  For public PPAs:
        the host shows nobody the indexes of a private one.
        """
        answer = told(partial(self._index_leftovers, ppa, self._transport.deadline()))
        return Unavailable(answer.reason) if isinstance(answer, Refused) else answer

    def _index_leftovers(self, ppa: Reference, deadline: float) -> Leftovers:
        get = self._asking.getter(deadline=deadline)
        series = self._catalogue.series(ppa.distribution, get)
        return self._indexes.leftovers(ppa, series, partial(architectures, get=get), deadline)

    # -- writing ------------------------------------------------------------------------------------------------------

    def write(self, entry: Entry, description: str, lane: Lane = Lane.WORK) -> WriteAnswer:
        """Compare-and-swap of the description: one request, conditional on the entry's ETag."""
        return self._asking.patch(entry, {"description": description}, lane)

    def set_fields(self, entry: Entry, fields: Mapping[str, str | bool]) -> WriteAnswer:
        """Compare-and-swap of `archive_settings.FIELDS`, one request.  Raises ValueError for any other field."""
        if unknown := set(fields) - settings.FIELDS:
            raise ValueError(f"not to be set by this: {', '.join(sorted(unknown))}")
        return self._asking.patch(entry, fields, Lane.WORK)

    def create(self, ppa: Reference, displayname: str, description: str) -> Entry | Refused | Unknown | Unavailable:
        """One POST and, when it was made, one GET.  Raises ValueError for texts that forms do not carry unchanged:
        carriage returns, NUL, lone surrogates.
        """
        fields = settings.making(self._root, ppa, displayname, description)
        deadline = self._transport.deadline()
        try:
            answer = responses.created(self._asking.post(to_person(self._root, ppa.owner), fields, deadline=deadline))
        except NotSentError as error:
            return Unavailable(str(error))
        except NoAnswerError as error:
            return Unknown(str(error))
        return self._made(ppa, answer, deadline) if isinstance(answer, str) else answer

    def _made(self, ppa: Reference, url: str, deadline: float) -> Entry | Unknown:
        try:
            if reference_of(url) != ppa:
                return Unknown(f"made, by its answer, was {one_line(url)}")
            found = responses.read_answer(self._asking.send("GET", url, lane=Lane.WORK, deadline=deadline))
        except (NotSentError, NoAnswerError, UnreadableError) as error:
            return Unknown(f"made, but not seen yet: {error}")
        return found if isinstance(found, Entry) else Unknown(f"made, but not seen yet: {found.reason}")

    # -- acts ---------------------------------------------------------------------------------------------------------

    def delete(self, publication: Publication, comment: str, not_after: float) -> ActAnswer:
        """One POST.  `not_after` (boot-time clock, here and below): by then it has left or never will."""
        fields = session.operation("requestDeletion", removal_comment=one_line(comment))
        return self._asking.act(publication.url, fields, not_after)

    def cancel(self, build: Build, not_after: float) -> ActAnswer:
        """One POST.  Done also when there was nothing to cancel (docs/explanation/launchpad.md#builds)."""
        return self._asking.act(build.url, session.operation("cancel"), not_after)

    def grant(self, entry: Entry, who: str, lane: Lane, not_after: float) -> ActAnswer:
        """One POST; idempotent."""
        fields = settings.upload_right(self._root, "newComponentUploader", who)
        return self._asking.act(entry.url, fields, not_after, lane)

    def revoke(self, entry: Entry, who: str, not_after: float) -> ActAnswer:
        """One POST; idempotent."""
        fields = settings.upload_right(self._root, "deleteComponentUploader", who)
        return self._asking.act(entry.url, fields, not_after)

    def add_dependency(self, entry: Entry, dependency: str, not_after: float) -> ActAnswer:
        """One POST.  Done also when it was there.  Raises ValueError for what is no archive."""
        answer = self._asking.act(entry.url, settings.adding(self._root, dependency), not_after)
        return settings.added(answer)

    def remove_dependency(self, entry: Entry, dependency: str, not_after: float) -> ActAnswer:
        """One POST.  One that is not there is an error of the server, so Unavailable that was sent: look at
        `archive_settings` first (docs/explanation/launchpad.md#dependencies).  Raises ValueError for what is not an
        archive.
        """
        return self._asking.act(entry.url, settings.removing(self._root, dependency), not_after)

    def set_processors(self, entry: Entry, names: Collection[str], not_after: float) -> ActAnswer:
        """One POST; idempotent."""
        return self._asking.act(entry.url, settings.building_for(self._root, names), not_after)


def _entries(page: list[dict[str, Any]], moment: Moment) -> Iterator[Entry]:
    """Those that can be used.  One that cannot be read says nothing of the others: who looks reads it alone."""
    for data in page:
        try:
            found = responses.entry(data, moment)
            if isinstance(found, Entry) and reference_of(found.url):
                yield found
        except UnreadableError as error:
            log.debug("left out of a listing: %s", error)


def _result(second: Future[Answer], deadline: float) -> Answer:
    """Its answer.  One that still waits for a thread at the deadline was not sent."""
    try:
        return second.result(max(0.0, deadline - time.monotonic()))
    except (NotSentError, NoAnswerError):
        raise
    except Exception as error:
        raise NotSentError(f"no second request in time: {type(error).__name__}") from error
