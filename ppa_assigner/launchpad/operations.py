"""The port's calls as requests of a session.

Rule: no call raises for what Launchpad or the network does; each is over by its deadline, and each request is sent
once.  A write that left and was not answered is `Unknown`, and never taken for a refusal.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from functools import partial
from http import HTTPStatus

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
    PublishedVersions,
    ReadAnswer,
    Refused,
    SourceFiles,
    Unavailable,
    Unknown,
    WriteAnswer,
)
from ..reference import Reference
from . import listing, responses, session, settings
from .content import (
    ContentReader,
    Series,
    SeriesCache,
    Urls,
    count_active,
    disk_leftovers,
    list_architectures,
    new_content_urls,
    published_since,
    was_published,
)
from .copies import CopyRequests
from .files import source_files, source_versions
from .history import HistoryReader
from .http import HttpTransport, NoResponseError, NotSentError, Response
from .indexes import Indexes
from .primary import PrimaryReader
from .redaction import one_line
from .responses import UnreadableResponseError
from .session import MAX_PAGES, Session, T, failure_as_answer
from .uploads import UploadReader
from .urls import archive_url, person_url, ppa_url, reference_at

MOST_DELETED = 100
PRIMARY_PAGES = 3  # of a source with a long past the latest publications are enough: they share what is still kept


class Operations:
    """Implements port.Launchpad over `transport`, and over `indexes` for what apt reads.

    `root` is the address of the service's root with its version and a slash at the end; requests go to its origin
    only.  `sign` adds our signature to the headers of a request, or raises NotSentError.
    """

    def __init__(
        self,
        root: str,
        transport: HttpTransport,
        sign: Callable[[Mapping[str, str]], Mapping[str, str]],
        boottime: Callable[[], float],
        indexes: Indexes,
    ) -> None:
        self._root = root
        self._transport = transport
        self._session = Session(root, transport, sign)
        self._boottime = boottime
        self._indexes = indexes
        self._missing = session.MissingOperations()
        self._series = SeriesCache(root, self._missing)
        self.uploads = UploadReader(root, self._session, indexes, self._series)
        """What is asked about uploads: implements upload_port.UploadReports."""
        self.histories = HistoryReader(root, self._session)
        """What is asked of the past of PPAs: implements archive_port.Histories."""
        self.copies = CopyRequests(root, self._session)
        """What is asked to pass packages on: implements archive_port.Copies."""
        self.primary = PrimaryReader(root, self._session, self._series)
        """What is asked of the distribution's own archive: implements archive_port.PrimaryArchives."""
        # For the second of two concurrent requests; a lane's own threads, so that hung work does not delay assigning.
        self._executors = {
            lane: ThreadPoolExecutor(size, thread_name_prefix=f"second-{lane.value}")
            for lane, size in transport.sizes.items()
        }

    def close(self) -> None:
        """Send nothing more.  Requests under way end by their deadline."""
        for executor in self._executors.values():
            executor.shutdown(wait=False, cancel_futures=True)
        self._transport.close()
        self._indexes.close()

    # -- reading ------------------------------------------------------------------------------------------------------

    def look(self, owner: str, compare: bool = False) -> Look | Refused | Unavailable:
        """All Active PPAs of an owner that we may read; one request per 300.  The owner may be given as `~name`.  For
        an owner that does not exist nothing is listed: each PPA is then read alone, which shows that.  `compare`: with
        those that are hidden, which takes as many requests again.
        """
        url, started = session.collection_url(f"{person_url(self._root, owner)}/ppas"), self._boottime()
        deadline = self._transport.deadline()
        answer = failure_as_answer(partial(listing.read, url, self._session.getter(deadline=deadline), self._boottime))
        if isinstance(answer, Unavailable) and answer.status in responses.ABSENT_STATUSES:
            return Look({}, started, self._boottime())
        if not compare or not isinstance(answer, Look):
            return answer
        everybody = failure_as_answer(
            partial(listing.shown_to_all, url, self._session.getter(deadline=deadline, signed=False))
        )
        if not isinstance(everybody, frozenset):
            return answer
        public = (ppa for ppa, entry in answer.entries.items() if not entry.private)
        return replace(answer, hidden=frozenset(public) - everybody)

    def read(self, ppa: Reference, lane: Lane = Lane.WORK) -> ReadAnswer:
        """Read one PPA: one request."""
        try:
            return responses.on_read(self._session.send("GET", ppa_url(self._root, ppa), lane=lane))
        except (NotSentError, NoResponseError) as error:
            return Unavailable(str(error))

    def deleted(self, ppa: Reference) -> Deleted | Unavailable:
        """Read the deleted PPAs that had this name: `NAME-deletedppa`, `NAME-deletedppa1` and so on until a 404, one
        request each.
        """
        answer = failure_as_answer(partial(self._deleted, ppa))
        return Unavailable(answer.reason) if isinstance(answer, Refused) else answer

    def _deleted(self, ppa: Reference) -> Deleted:
        get, found = self._session.getter(), list[str | None]()
        first: Moment | None = None
        for number in range(MOST_DELETED):
            response = get(ppa_url(self._root, ppa._replace(name=f"{ppa.name}-deletedppa{number or ''}")))
            first = first or responses.moment_of(response)
            if response.status == HTTPStatus.NOT_FOUND:
                return Deleted(tuple(found), first)
            found.append(responses.deleted_description(response))
        raise UnreadableResponseError(f"more than {MOST_DELETED} deleted PPAs had its name")

    def enabled(self, entry: Entry) -> bool | Unavailable:
        """Whether everybody is shown the texts of a public PPA: one request without our signature."""
        try:
            return responses.on_anonymous_read(self._session.send("GET", entry.url, lane=Lane.WORK, signed=False))
        except (NotSentError, NoResponseError) as error:
            return Unavailable(str(error))

    def new_content(self, entry: Entry, since: datetime | None, lane: Lane = Lane.WORK) -> NewContent | Unavailable:
        """Count the active sources and binaries created since then (None: ever): two concurrent requests."""
        urls = [new_content_urls(entry.url, name, since) for name in ("getPublishedSources", "getPublishedBinaries")]
        answer = failure_as_answer(partial(self._new_content, urls, lane))
        return Unavailable(answer.reason) if isinstance(answer, Refused) else answer

    def _new_content(self, urls: list[Urls], lane: Lane) -> NewContent:
        deadline, started = self._transport.deadline(), self._boottime()
        second = self._send_concurrently(lane, urls[1][0], deadline)
        try:
            first = self._session.send("GET", urls[0][0], lane=lane, deadline=deadline)
            get = partial(self._session.send, "GET", lane=lane, deadline=deadline)
            sources, one = count_active(first, urls[0][1:], get)
            binaries, other = count_active(_result(second, deadline), urls[1][1:], get)
        finally:
            second.cancel()
        return NewContent(sources + binaries, Moment(min(one.date, other.date), started, max(one.ended, other.ended)))

    def _send_concurrently(self, lane: Lane, url: str, deadline: float) -> Future[Response]:
        try:
            return self._executors[lane].submit(self._session.send, "GET", url, lane=lane, deadline=deadline)
        except RuntimeError as error:  # closed
            raise NotSentError(str(error)) from error

    def content(self, entry: Entry, whole: bool = True) -> Content | Refused | Unavailable:
        """Everything active or on its way, all pages.  Not `whole`: where there are sources or builds, without the
        accepted uploads, which take a request for each series.
        """
        return failure_as_answer(self._listing(partial(self._content, whole), entry))

    def _content(self, whole: bool, get: session.Get, entry: Entry) -> Content:
        return ContentReader(get, entry, lambda: self._series_of(entry, get), self._missing).content(whole)

    def _listing(self, read: Callable[[session.Get, Entry], T], entry: Entry) -> Callable[[], T]:
        """A call that reads something of a PPA when it has its turn among the listings."""

        def in_turn() -> T:
            with self._session.listing() as get:
                return read(get, entry)

        return in_turn

    def _series_of(self, entry: Entry, get: session.Get) -> tuple[Series, ...]:
        return self._series.of_distribution(reference_at(entry.url).distribution, get)

    def uploaders(self, entry: Entry) -> Collection[str] | Refused | Unavailable:
        """Who has a 'main' upload right besides the owner, as `~name`."""
        return failure_as_answer(self._listing(settings.read_uploaders, entry))

    def archive_settings(self, entry: Entry) -> ArchiveSettings | Refused | Unavailable:
        """Dependencies, processors and uploaders: three requests, one more for each further 300 of a kind."""
        return failure_as_answer(self._listing(settings.read_settings, entry))

    def processors(self, ppa: Reference) -> tuple[str, ...] | Unavailable:
        """What a PPA builds for: one request, over the connections for following."""
        get = self._session.getter(Lane.FOLLOW)
        answer = failure_as_answer(partial(settings.read_processors, get, ppa_url(self._root, ppa)))
        return Unavailable(answer.reason) if isinstance(answer, Refused) else answer

    def was_published(self, entry: Entry, source: str, version: str, lane: Lane = Lane.WORK) -> bool | Unavailable:
        """Whether that version was ever published here: one request.  Launchpad takes no second upload of one that it
        once accepted (docs/explanation/launchpad.md#burnt-versions).
        """
        answer = failure_as_answer(partial(was_published, self._session.getter(lane), entry, source, version))
        return Unavailable(answer.reason) if isinstance(answer, Refused) else answer

    def published_since(self, entry: Entry, since: datetime) -> bool | Unavailable:
        """Whether any source that was created since then was ever published: one request."""
        answer = failure_as_answer(partial(published_since, self._session.getter(), entry, since))
        return Unavailable(answer.reason) if isinstance(answer, Refused) else answer

    def source_versions(
        self, archive: Reference | str, source: str, lane: Lane = Lane.WORK
    ) -> PublishedVersions | Unavailable:
        """The versions of a source that a PPA, or the primary archive of a distribution (by its name), ever had: a
        request per 300 publications, and of a primary archive so many pages at the most.
        """
        url, most = (
            archive_url(self._root, str(archive)),
            MAX_PAGES if isinstance(archive, Reference) else PRIMARY_PAGES,
        )
        answer = failure_as_answer(partial(source_versions, self._session.getter(lane), url, source, most))
        return Unavailable(answer.reason) if isinstance(answer, Refused) else answer

    def source_files(self, url: str, lane: Lane = Lane.WORK) -> SourceFiles | Unavailable:
        """The files of a source publication: one request."""
        answer = failure_as_answer(partial(source_files, self._session.getter(lane), url))
        return Unavailable(answer.reason) if isinstance(answer, Refused) else answer

    def disk_leftovers(self, entry: Entry) -> Leftovers | Refused | Unavailable:
        """Publications that are active or not removed from the disk.  The count is that of the first page that has any:
        reading ends there.  When there are none, all of the PPA's history was read: a request per 300 sources or
        binaries that were ever published, at least two.
        """
        return failure_as_answer(self._listing(disk_leftovers, entry))

    def index_leftovers(self, ppa: Reference) -> Leftovers | Unavailable:
        """Packages in the indexes of all series: one plain request per series, and one for each index that its Release
        file does not show to be empty.  The list of series is read once an hour.  For public PPAs: the host shows
        nobody the indexes of a private one.
        """
        answer = failure_as_answer(partial(self._index_leftovers, ppa, self._transport.deadline()))
        return Unavailable(answer.reason) if isinstance(answer, Refused) else answer

    def _index_leftovers(self, ppa: Reference, deadline: float) -> Leftovers:
        get = self._session.getter(deadline=deadline)
        series = self._series.of_distribution(ppa.distribution, get)
        return self._indexes.leftovers(ppa, series, partial(list_architectures, get=get), deadline)

    # -- writing ------------------------------------------------------------------------------------------------------

    def write(self, entry: Entry, description: str, lane: Lane = Lane.WORK) -> WriteAnswer:
        """Compare-and-swap the description: one request, conditional on the entry's ETag."""
        return self._session.patch(entry, {"description": description}, lane)

    def set_fields(self, entry: Entry, fields: Mapping[str, str | bool]) -> WriteAnswer:
        """Compare-and-swap some of `settings.WRITABLE_FIELDS`, one request.  Raises ValueError for any other field."""
        if unknown := set(fields) - settings.WRITABLE_FIELDS:
            raise ValueError(f"not to be set by this: {', '.join(sorted(unknown))}")
        return self._session.patch(entry, fields, Lane.WORK)

    def create(self, ppa: Reference, displayname: str, description: str) -> Entry | Refused | Unknown | Unavailable:
        """Create a PPA: one POST and, if it succeeds, one GET.  Raises ValueError for texts that forms do not carry
        unchanged: carriage returns, NUL, lone surrogates.
        """
        fields = settings.create_ppa_form(self._root, ppa, displayname, description)
        deadline = self._transport.deadline()
        try:
            response = self._session.post(person_url(self._root, ppa.owner), fields, deadline=deadline)
        except NotSentError as error:
            return Unavailable(str(error))
        except NoResponseError as error:
            return Unknown(str(error))
        created = responses.on_create(response)
        return self._read_created(ppa, created, deadline) if isinstance(created, str) else created

    def _read_created(self, ppa: Reference, url: str, deadline: float) -> Entry | Unknown:
        try:
            if reference_at(url) != ppa:
                return Unknown(f"created, by the response, was {one_line(url)}")
            found = responses.on_read(self._session.send("GET", url, lane=Lane.WORK, deadline=deadline))
        except (NotSentError, NoResponseError, UnreadableResponseError) as error:
            return Unknown(f"created, but not seen yet: {error}")
        return found if isinstance(found, Entry) else Unknown(f"created, but not seen yet: {found.reason}")

    # -- acts ---------------------------------------------------------------------------------------------------------

    def delete(self, publication: Publication, comment: str, not_after: float) -> ActAnswer:
        """Delete one publication: one POST.  By `not_after` (boot-time clock) it has left or never will."""
        fields = session.operation_form("requestDeletion", removal_comment=one_line(comment))
        return self._session.act(publication.url, fields, not_after)

    def cancel(self, build: Build, not_after: float) -> ActAnswer:
        """Cancel one build: one POST.  Done also if there was nothing to cancel (docs/explanation/launchpad.md#builds).
        By `not_after` (boot-time clock) it has left or never will.
        """
        return self._session.act(build.url, session.operation_form("cancel"), not_after)

    def grant(self, entry: Entry, who: str, lane: Lane, not_after: float) -> ActAnswer:
        """Give an upload right: one POST, idempotent.  By `not_after` (boot-time clock) it has left or never will."""
        fields = settings.upload_right_form(self._root, "newComponentUploader", who)
        return self._session.act(entry.url, fields, not_after, lane)

    def revoke(self, entry: Entry, who: str, not_after: float) -> ActAnswer:
        """Take an upload right away: one POST, idempotent.  By `not_after` (boot-time clock) it has left or never
        will.
        """
        fields = settings.upload_right_form(self._root, "deleteComponentUploader", who)
        return self._session.act(entry.url, fields, not_after)

    def add_dependency(self, entry: Entry, dependency: str, not_after: float) -> ActAnswer:
        """Add a dependency: one POST.  Done also if it was there.  Raises ValueError for what is not an archive.  By
        `not_after` (boot-time clock) it has left or never will.
        """
        answer = self._session.act(entry.url, settings.add_dependency_form(self._root, dependency), not_after)
        return settings.on_dependency_added(answer)

    def remove_dependency(self, entry: Entry, dependency: str, not_after: float) -> ActAnswer:
        """Remove a dependency: one POST.  One that is not there is an error of the server, so Unavailable that was
        sent: read `archive_settings` first (docs/explanation/launchpad.md#dependencies).  Raises ValueError for what is
        not an archive.  By `not_after` (boot-time clock) it has left or never will.
        """
        return self._session.act(entry.url, settings.remove_dependency_form(self._root, dependency), not_after)

    def set_processors(self, entry: Entry, names: Collection[str], not_after: float) -> ActAnswer:
        """Let builds be for exactly these processors: one POST, idempotent.  By `not_after` (boot-time clock) it has
        left or never will.
        """
        return self._session.act(entry.url, settings.set_processors_form(self._root, names), not_after)

    def remove(self, entry: Entry, not_after: float) -> ActAnswer:
        """Delete a PPA: one DELETE, unconditional.  By `not_after` (boot-time clock) it has left or never will."""
        return self._session.remove(entry.url, not_after)


def _result(second: Future[Response], deadline: float) -> Response:
    """The response to the second of two requests.  One that still waits for a thread at the deadline was not sent."""
    try:
        return second.result(max(0.0, deadline - time.monotonic()))
    except (NotSentError, NoResponseError):
        raise
    except Exception as error:
        raise NotSentError(f"no second request in time: {type(error).__name__}") from error
