"""Signed requests to one web service: single ones, the forms of its operations, and collections page by page.

Rule: each request is sent once, and to the service's own origin only, wherever its address came from.  A write that
left and was not answered is `Unknown`, and never taken for a refusal.  A collection that breaks off is not a
collection: RequestFailedError.
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
from ..port import ActAnswer, Entry, Lane, Moment, Refused, Unavailable, Unknown, WriteAnswer
from ..record import unstorable
from . import responses
from .http import HttpTransport, NoResponseError, NotSentError, Response
from .redaction import one_line
from .responses import RequestFailedError, UnreadableResponseError
from .semaphore import FairSemaphore
from .urls import origin

log = logging.getLogger(__name__)

T = TypeVar("T")
Get = Callable[[str], Response]
"""GET of an address.  Raises NotSentError and NoResponseError."""
MAX_PAGES = 200  # more than Launchpad gives within the time of a call
MAX_WAIT_SHARE = 0.25  # of a listing's time, spent waiting for its turn
# Values from a fixed choice go as they are, all others as JSON (lazr.restfulclient does the same).
_ENUM_PARAMETERS = ("status", "build_state", "pocket")
ANONYMOUS_USER_AGENT = f"ppa-assigner/{__version__}"
FORM_HEADERS = {"Content-Type": "application/x-www-form-urlencoded"}


class Session:
    """Requests to one web service.  `root` is its address with the version and a slash at the end.  `sign` adds our
    signature to the headers of a request, or raises NotSentError.
    """

    def __init__(
        self,
        root: str,
        transport: HttpTransport,
        sign: Callable[[Mapping[str, str]], Mapping[str, str]],
    ) -> None:
        self.root = root
        self._origin = origin(root)
        self.transport = transport
        self._sign = sign
        self._listings = FairSemaphore(max(1, transport.sizes[Lane.WORK] * 5 // 6))

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
        signed: bool = True,
    ) -> Response:
        """Send one request, with our signature or without.  Raises NotSentError and NoResponseError."""
        if origin(url) != self._origin:
            raise NotSentError(f"not sent: {one_line(url)} is not an address of {self.root}")
        headers = {"Accept": "application/json", **(headers or {})}
        headers = self._sign(headers) if signed else {"User-Agent": ANONYMOUS_USER_AGENT, **headers}
        return self.transport.request(method, url, headers, body, lane=lane, deadline=deadline, leave_by=leave_by)

    def getter(self, lane: Lane = Lane.WORK, deadline: float | None = None, signed: bool = True) -> Get:
        """A GET for all requests of one call, which share one deadline."""
        return partial(self.send, "GET", lane=lane, deadline=deadline or self.transport.deadline(), signed=signed)

    @contextmanager
    def listing(self) -> Iterator[Get]:
        """A GET for all requests of one listing.  The number of concurrent listings is bounded, so that each is over in
        time, however many are wanted and however slow the responses are, and that single requests find a connection.
        Raises NotSentError when a share of the call's time passes before its turn comes.
        """
        deadline = self.transport.deadline()
        wait = max(0.0, deadline - time.monotonic()) * MAX_WAIT_SHARE
        if not self._listings.acquire(timeout=wait):
            raise NotSentError(f"not sent: too many other listings were under way for {wait:.0f} s")
        try:
            yield self.getter(deadline=deadline)
        finally:
            self._listings.release()

    def patch(self, entry: Entry, changes: Mapping[str, str | bool], lane: Lane) -> WriteAnswer:
        """Compare-and-swap some fields of an entry: one request, conditional on its ETag
        (docs/explanation/launchpad.md#etags).
        """
        if any(isinstance(value, str) and unstorable(value) for value in changes.values()):
            return Refused("NUL and lone surrogates cannot be kept on Launchpad", entry.moment)
        # The type must be exactly this: the ETag is computed with it (docs/explanation/launchpad.md#media-type).
        headers = {"Content-Type": "application/json", "If-Match": entry.etag}
        body = json.dumps(dict(changes)).encode()
        try:
            return responses.on_write(self.send("PATCH", entry.url, headers, body, lane=lane))
        except NotSentError as error:
            return Unavailable(str(error))
        except NoResponseError as error:
            return Unknown(str(error))

    def post(
        self,
        url: str,
        fields: Mapping[str, str],
        *,
        lane: Lane = Lane.WORK,
        deadline: float | None = None,
        leave_by: float | None = None,
    ) -> Response:
        """Send one POST of a form.  Raises NotSentError and NoResponseError."""
        try:
            body = urlencode(fields).encode()
        except UnicodeEncodeError as error:
            raise NotSentError(f"not sent: {error.reason}") from error
        return self.send("POST", url, FORM_HEADERS, body, lane=lane, deadline=deadline, leave_by=leave_by)

    def act(self, url: str, fields: Mapping[str, str], not_after: float, lane: Lane = Lane.WORK) -> ActAnswer:
        """Send one POST of an idempotent operation.  It sets no condition: it leaves in time or not at all
        (docs/explanation/launchpad.md#unconditional-requests).
        """
        return _act(lambda: self.post(url, fields, lane=lane, leave_by=not_after))

    def remove(self, url: str, not_after: float) -> ActAnswer:
        """Send one DELETE.  Like `act`, it sets no condition."""
        return _act(lambda: self.send("DELETE", url, lane=Lane.WORK, leave_by=not_after))


def _act(send: Callable[[], Response]) -> ActAnswer:
    try:
        return responses.on_act(send())
    except NotSentError as error:
        return Unavailable(str(error))
    except NoResponseError as error:
        return Unavailable(str(error), sent=True)


def failure_as_answer(ask: Callable[[], T]) -> T | Refused | Unavailable:
    """Run a call of several requests; if it raises, return how it failed as an answer of the port."""
    try:
        return ask()
    except RequestFailedError as error:
        return error.answer
    except (NotSentError, NoResponseError, UnreadableResponseError) as error:
        return Unavailable(str(error))


def operation_form(name: str, /, **values: Any) -> dict[str, str]:
    """The fields of a named operation, encoded as Launchpad's own client does."""
    encoded = {key: value if key in _ENUM_PARAMETERS else json.dumps(value) for key, value in values.items()}
    return {"ws.op": name, **encoded}


def operation_url(url: str, name: str, /, *, size: int = responses.PAGE_SIZE, **values: Any) -> str:
    """The address of a collection that a named operation returns, with `size` entries on a page."""
    return f"{url}?{urlencode({**operation_form(name, **values), 'ws.size': size})}"


def collection_url(url: str) -> str:
    """The address of a collection's first page, as large as Launchpad gives."""
    return f"{url}?ws.size={responses.PAGE_SIZE}"


def pages(get: Get, url: str) -> Iterator[tuple[list[dict[str, Any]], Moment]]:
    """All pages of a collection, each as its entries and its moment.  Raises RequestFailedError, NotSentError,
    NoResponseError.
    """
    for _ in range(MAX_PAGES):
        data, moment = responses.parse_page(get(url))
        yield data["entries"], moment
        following = data.get("next_collection_link")
        if following is None:
            return
        url = str(following)
    raise RequestFailedError(Unavailable(f"more than {MAX_PAGES} pages"))


def entries(get: Get, url: str) -> Iterator[dict[str, Any]]:
    """All entries of a collection, page after page.  Raises RequestFailedError, NotSentError, NoResponseError."""
    for found, _ in pages(get, url):
        yield from found


def get_confirming_404(get: Get, url: str) -> Response:
    """GET an address, and once more after a 404: one wrong 404 must not look like an empty list."""
    response = get(url)
    return get(url) if response.status == HTTPStatus.NOT_FOUND else response


class MissingOperations:
    """Recognises operations that a simple service does not have, and logs each once."""

    def __init__(self) -> None:
        self._logged: set[str] = set()

    def is_missing(self, response: Response, name: str, also_404: bool = False) -> bool:
        """Whether the response says that the service has no operation of that name."""
        unknown = response.status == 400 and b"No such operation" in response.body
        if not unknown and not (also_404 and response.status == 404):
            return False
        if name not in self._logged:
            self._logged.add(name)
            log.warning("the service has no %s: taken as an empty list", name)
        return True
