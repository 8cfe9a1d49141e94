"""Signed requests to one web service: single ones, the forms of its operations, and collections page by page.

Rule: each request is sent once, and to the service's own origin only, wherever its address came from.  A write that
left and was not answered is `Unknown`, and never taken for a refusal.  A collection that breaks off is not a
collection: FailedError.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import urlencode

from .. import __version__
from ..port import (
    ActAnswer,
    Entry,
    Lane,
    Moment,
    Refused,
    Unavailable,
    Unknown,
    WriteAnswer,
)
from ..record import unstorable
from . import responses
from .http import Answer, NoAnswerError, NotSentError, Transport
from .redaction import one_line
from .responses import FailedError, UnreadableError
from .semaphore import Slots
from .urls import origin

log = logging.getLogger(__name__)

T = TypeVar("T")
TURN_PART = 0.25  # of the time that a listing has it waits for its turn at the most
NOBODY = f"ppa-assigner/{__version__}"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Asking:
    """`root` is the address of the service's root with its version and a slash at the end.  `signed` adds to headers
    what makes a request ours, or raises NotSentError.
    """

    def __init__(
        self,
        root: str,
        transport: Transport,
        signed: Callable[[str, str, Mapping[str, str]], Mapping[str, str]],
    ) -> None:
        self.root = root
        self.transport = transport
        self._signed = signed
        self._listings = Slots(max(1, transport.sizes[Lane.WORK] * 5 // 6))

    def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        *,
        lane: Lane,
        deadline: float | None = None,
        leave_by: float | None = None,
        ours: bool = True,
    ) -> Answer:
        """One request; not `ours`, it goes without our signature.  Raises NotSentError and NoAnswerError."""
        if origin(url) != origin(self.root):
            raise NotSentError(f"not sent: {one_line(url)} is not an address of {self.root}")
        headers = {"Accept": "application/json", **(headers or {})}
        headers = self._signed(method, url, headers) if ours else {"User-Agent": NOBODY, **headers}
        return self.transport.request(method, url, headers, body, lane=lane, deadline=deadline, leave_by=leave_by)

    def getter(self, lane: Lane = Lane.WORK, deadline: float | None = None, ours: bool = True) -> Get:
        """GET for all the requests of one call: they have one deadline."""
        return partial(self.send, "GET", lane=lane, deadline=deadline or self.transport.deadline(), ours=ours)

    @contextmanager
    def listing(self) -> Iterator[Get]:
        """GET for all the requests of one listing.  So few listings go on at once that each is over in time, however
        many are wanted and slow the answers are, and that single requests find a connection between them.
        Raises NotSentError when its turn does not come in a part of the time that the call has.
        """
        deadline = self.transport.deadline()
        wait = max(0.0, deadline - time.monotonic()) * TURN_PART
        if not self._listings.acquire(timeout=wait):
            raise NotSentError(f"not sent: too many other listings were under way for {wait:.0f} s")
        try:
            yield self.getter(deadline=deadline)
        finally:
            self._listings.release()

    def patch(self, entry: Entry, changes: Mapping[str, str | bool], lane: Lane) -> WriteAnswer:
        """Compare-and-swap of these fields: one request, conditional on the entry's ETag
        (docs/explanation/launchpad.md#etags).
        """
        if any(isinstance(value, str) and unstorable(value) for value in changes.values()):
            return Refused("NUL and lone surrogates cannot be kept on Launchpad", entry.moment)
        # The type must be exactly this: the ETag is computed with it (docs/explanation/launchpad.md#media-type).
        headers = {"Content-Type": "application/json", "If-Match": entry.etag}
        body = json.dumps(dict(changes)).encode()
        try:
            return responses.write_answer(self.send("PATCH", entry.url, headers, body, lane=lane))
        except NotSentError as error:
            return Unavailable(str(error))
        except NoAnswerError as error:
            return Unknown(str(error))

    def post(
        self,
        url: str,
        fields: Mapping[str, str],
        *,
        lane: Lane = Lane.WORK,
        deadline: float | None = None,
        leave_by: float | None = None,
    ) -> Answer:
        """One POST of a form.  Raises NotSentError and NoAnswerError."""
        try:
            body = urlencode(fields).encode()
        except UnicodeEncodeError as error:
            raise NotSentError(f"not sent: {error.reason}") from error
        return self.send("POST", url, FORM, body, lane=lane, deadline=deadline, leave_by=leave_by)

    def act(self, url: str, fields: Mapping[str, str], not_after: float, lane: Lane = Lane.WORK) -> ActAnswer:
        """One POST of an idempotent operation.  It sets no condition: it leaves in time or not at all
        (docs/explanation/launchpad.md#unconditional-requests).
        """
        try:
            return responses.act_answer(self.post(url, fields, lane=lane, leave_by=not_after))
        except NotSentError as error:
            return Unavailable(str(error))
        except NoAnswerError as error:
            return Unavailable(str(error), sent=True)


def told(ask: Callable[[], T]) -> T | Refused | Unavailable:
    """What a call of several requests gives; how it failed, as an answer."""
    try:
        return ask()
    except FailedError as error:
        return error.answer
    except (NotSentError, NoAnswerError, UnreadableError) as error:
        return Unavailable(str(error))


Get = Callable[[str], Answer]
MOST_PAGES = 200  # more than Launchpad gives within the time of a call
# Values from a fixed choice go as they are, all others as JSON (lazr.restfulclient does the same).
_CHOICES = ("status", "build_state", "pocket")


def operation(name: str, /, **values: Any) -> dict[str, str]:
    """The fields of a named operation, encoded as Launchpad's own client does."""
    encoded = {key: value if key in _CHOICES else json.dumps(value) for key, value in values.items()}
    return {"ws.op": name, **encoded}


def query(url: str, name: str, /, *, size: int = responses.PAGE, **values: Any) -> str:
    """The address of a listing that an operation gives, so many on a page."""
    return f"{url}?{urlencode({**operation(name, **values), 'ws.size': size})}"


def pages(get: Get, url: str) -> Iterator[tuple[list[dict[str, Any]], Moment]]:
    """All pages of a collection.  Raises FailedError, NotSentError, NoAnswerError."""
    for _ in range(MOST_PAGES):
        data, moment = responses.page(get(url))
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
