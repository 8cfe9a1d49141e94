"""Signed requests to one web service, one at a time, and how they end.

Rule: each request is sent once, and to the service's own origin only, wherever its address came from.  A write that
left and was not answered is `Unknown`, and never taken for a refusal.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import TypeVar
from urllib.parse import urlencode

from .. import __version__
from ..port import ActAnswer, Entry, Lane, Refused, Unavailable, Unknown, WriteAnswer
from ..record import unstorable
from . import answers
from .answers import FailedError, UnreadableError
from .contents import Get
from .links import origin
from .slots import Slots
from .texts import one_line
from .transport import Answer, NoAnswerError, NotSentError, Transport

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
        """Compare-and-swap of these fields: one request, conditional on the entry's ETag."""
        if any(isinstance(value, str) and unstorable(value) for value in changes.values()):
            return Refused("NUL and lone surrogates cannot be kept on Launchpad", entry.moment)
        # The type must be exactly this: the ETag is computed with it (docs/explanation/launchpad.md#media-type).
        headers = {"Content-Type": "application/json", "If-Match": entry.etag}
        body = json.dumps(dict(changes)).encode()
        try:
            return answers.write_answer(self.send("PATCH", entry.url, headers, body, lane=lane))
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
        """One POST of an idempotent operation."""
        try:
            return answers.act_answer(self.post(url, fields, lane=lane, leave_by=not_after))
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
