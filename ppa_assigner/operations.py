"""The port's calls as single requests, whoever signs them.

Rule: no call raises for what Launchpad or the network does; each is over by its deadline, and each request is sent
once.  A write that left and was not answered is `Unknown`, and never taken for a refusal.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timezone
from functools import partial
from typing import TypeVar
from urllib.parse import quote, urlencode, urlsplit

from . import answers, contents
from .answers import FailedError, UnreadableError
from .contents import Series
from .port import (
    ActAnswer,
    Arrivals,
    Build,
    Content,
    Entry,
    Gone,
    Lane,
    Look,
    Publication,
    ReadAnswer,
    Refused,
    Unavailable,
    Unknown,
    WriteAnswer,
)
from .record import unstorable
from .reference import Reference
from .transport import Answer, NoAnswerError, NotSentError, Transport

T = TypeVar("T")

SERIES_KEPT_S = 3600.0
_ARCHIVE = re.compile(r"/~(?P<owner>[^/]+)/\+archive/(?P<distribution>[^/]+)/(?P<name>[^/]+)")


class Operations:
    """Implements port.Launchpad over `transport`.

    `root` is the address of the service's root with its version and a slash at the end; requests go to its origin
    only.  `signed` adds to headers what makes a request ours, or raises NotSentError.
    """

    def __init__(
        self,
        root: str,
        transport: Transport,
        signed: Callable[[str, str, Mapping[str, str]], Mapping[str, str]],
        boottime: Callable[[], float],
    ) -> None:
        self._root = root
        self._transport = transport
        self._signed = signed
        self._boottime = boottime
        self._missing = contents.Missing()
        self._series: dict[str, tuple[float, tuple[Series, ...]]] = {}
        self._series_lock = threading.Lock()
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

    def look(self, owner: str) -> Look | Gone | Refused | Unavailable:
        """All Active PPAs of an owner that we may read; one request per 300.  The owner may be given as `~name`."""
        url = f"{self._root}~{quote(owner.removeprefix('~'))}/ppas?{urlencode({'ws.size': contents.PAGE})}"
        return self._told(partial(self._look, url))

    def _look(self, url: str) -> Look:
        found: dict[Reference, Entry] = {}
        started = self._boottime()
        ended = started
        for page, moment in contents.pages(self._getter(), url):
            ended = moment.ended
            entries = (answers.entry(data, moment) for data in page)
            found.update((reference_of(entry.url), entry) for entry in entries if isinstance(entry, Entry))
        return Look(found, started, ended)

    def read(self, ppa: Reference, lane: Lane = Lane.WORK) -> ReadAnswer:
        """One PPA afresh: one request."""
        try:
            return answers.read_answer(self._send("GET", f"{self._root}{quote(ppa.path, safe='~/+')}", lane=lane))
        except (NotSentError, NoAnswerError) as error:
            return Unavailable(str(error))

    def write(self, entry: Entry, description: str, lane: Lane = Lane.WORK) -> WriteAnswer:
        """Compare-and-swap of the description: one request, conditional on the entry's ETag."""
        if unstorable(description):
            return Refused("NUL and lone surrogates cannot be kept on Launchpad", entry.moment)
        # The type must be exactly this: the ETag is computed with it (launchpad-facts.md, B.5).
        headers = {"Content-Type": "application/json", "If-Match": entry.etag}
        body = json.dumps({"description": description}).encode("ascii")
        try:
            return answers.write_answer(self._send("PATCH", entry.url, headers, body, lane=lane))
        except NotSentError as error:
            return Unavailable(str(error))
        except NoAnswerError as error:
            return Unknown(str(error))

    def arrivals(self, entry: Entry, since: datetime, lane: Lane = Lane.WORK) -> Arrivals | Gone | Unavailable:
        """How many active sources and binaries were created since then: two requests at once."""
        moment = since.astimezone(timezone.utc).isoformat()
        # `status` takes one value only, so history is in the answer and is left out here.
        urls = [
            contents.query(entry.url, name, created_since_date=moment)
            for name in ("getPublishedSources", "getPublishedBinaries")
        ]
        answer = self._told(partial(self._arrivals, urls, lane))
        return Unavailable(answer.reason) if isinstance(answer, Refused) else answer

    def _arrivals(self, urls: list[str], lane: Lane) -> Arrivals:
        deadline = self._transport.deadline()
        started = self._boottime()
        second = self._beside(lane, urls[1], deadline)
        try:
            sources, first = contents.active_on(self._send("GET", urls[0], lane=lane, deadline=deadline))
            binaries, other = contents.active_on(_result(second, deadline))
        finally:
            second.cancel()
        seen = type(first)(min(first.date, other.date), started, max(first.ended, other.ended))
        return Arrivals(sources + binaries, seen)

    def _beside(self, lane: Lane, url: str, deadline: float) -> Future[Answer]:
        try:
            return self._seconds[lane].submit(self._send, "GET", url, lane=lane, deadline=deadline)
        except RuntimeError as error:  # closed
            raise NotSentError(str(error)) from error

    def content(self, entry: Entry) -> Content | Gone | Refused | Unavailable:
        """Everything active or on its way, all pages."""
        get = self._getter()
        survey = contents.Survey(get, entry, partial(self._series_of, entry, get), self._missing)
        return self._told(survey.content)

    def uploaders(self, entry: Entry) -> Collection[str] | Gone | Refused | Unavailable:
        """Who has a 'main' upload right beside the owner, as `~name`."""
        return self._told(partial(contents.uploaders, self._getter(), entry))

    def delete(self, publication: Publication, comment: str, not_after: float) -> ActAnswer:
        """One POST.  `not_after` (boot-time clock, here and below): by then it has left or never will."""
        fields = contents.operation("requestDeletion", removal_comment=answers.one_line(comment))
        return self._act(publication.url, fields, not_after)

    def cancel(self, build: Build, not_after: float) -> ActAnswer:
        """One POST.  Done also when there was nothing to cancel (launchpad-measured.md, 9)."""
        return self._act(build.url, contents.operation("cancel"), not_after)

    def grant(self, entry: Entry, who: str, lane: Lane, not_after: float) -> ActAnswer:
        """One POST; idempotent."""
        return self._act(entry.url, self._right("newComponentUploader", who), not_after, lane)

    def revoke(self, entry: Entry, who: str, not_after: float) -> ActAnswer:
        """One POST; idempotent."""
        return self._act(entry.url, self._right("deleteComponentUploader", who), not_after)

    def _right(self, name: str, who: str) -> dict[str, str]:
        person = f"{self._root}~{quote(who.removeprefix('~'))}"
        return contents.operation(name, person=person, component_name="main")

    def _act(self, url: str, fields: dict[str, str], not_after: float, lane: Lane = Lane.WORK) -> ActAnswer:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        try:
            body = urlencode(fields).encode("ascii")
            return answers.act_answer(self._send("POST", url, headers, body, lane=lane, leave_by=not_after))
        except NotSentError as error:
            return Unavailable(str(error))
        except NoAnswerError as error:
            return Unavailable(str(error), sent=True)

    def _series_of(self, entry: Entry, get: contents.Get) -> tuple[Series, ...]:
        """Those of the PPA's distribution; asked for once an hour."""
        distribution = reference_of(entry.url).distribution
        with self._series_lock:
            until, known = self._series.get(distribution, (0.0, ()))
        if time.monotonic() < until:
            return known
        known = self._ask_series(f"{self._root}{quote(distribution)}/series?ws.size={contents.PAGE}", get)
        with self._series_lock:
            self._series[distribution] = (time.monotonic() + SERIES_KEPT_S, known)
        return known

    def _ask_series(self, url: str, get: contents.Get) -> tuple[Series, ...]:
        answer = get(url)
        if self._missing.says(answer, "list of series", also_404=True):
            return ()
        first = [answer]
        return contents.all_series(lambda more: first.pop() if first else get(more), url)

    def _getter(self, lane: Lane = Lane.WORK) -> contents.Get:
        """GET for all the requests of one call: they have one deadline."""
        return partial(self._send, "GET", lane=lane, deadline=self._transport.deadline())

    def _send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        *,
        lane: Lane,
        deadline: float | None = None,
        leave_by: float | None = None,
    ) -> Answer:
        if origin(url) != origin(self._root):
            raise NotSentError(f"not sent: {answers.one_line(url)} is no address of {self._root}")
        headers = self._signed(method, url, {"Accept": "application/json", **(headers or {})})
        return self._transport.request(method, url, headers, body, lane=lane, deadline=deadline, leave_by=leave_by)

    def _told(self, ask: Callable[[], T]) -> T | Gone | Refused | Unavailable:
        """What a call of several requests gives; how it failed, as an answer."""
        try:
            return ask()
        except FailedError as error:
            return error.answer
        except (NotSentError, NoAnswerError, UnreadableError) as error:
            return Unavailable(str(error))


def origin(url: str) -> tuple[str, str, int | None] | None:
    """Scheme, host and port; None for what is no plain web address.  Our signature is sent to one origin only."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return None
    if not parts.hostname or parts.username is not None:
        return None
    return parts.scheme, parts.hostname, port


def reference_of(url: str) -> Reference:
    """The PPA at this canonical address.  Raises UnreadableError."""
    match = _ARCHIVE.search(urlsplit(url.replace("%2B", "+").replace("%7E", "~")).path)
    if match is None:
        raise UnreadableError(f"{answers.one_line(url)} is no address of a PPA")
    return Reference(match["owner"], match["distribution"], match["name"])


def _result(second: Future[Answer], deadline: float) -> Answer:
    """Its answer.  One that still waits for a thread at the deadline was not sent."""
    try:
        return second.result(max(0.0, deadline - time.monotonic()))
    except (NotSentError, NoAnswerError):
        raise
    except Exception as error:
        raise NotSentError(f"no second request in time: {type(error).__name__}") from error
