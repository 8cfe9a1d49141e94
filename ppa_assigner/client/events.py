"""Server-sent events, read for as long as they are wanted.

Rule: shows each event once, also over a broken connection or a restart of the daemon, and says where some are missing.
"""

from __future__ import annotations

import json
import time
from collections.abc import Generator, Iterable, Iterator
from typing import TYPE_CHECKING, cast

from ..backoff import CALL_PATIENCE_S, FOLLOW_PATIENCE_S, STREAM_AGAIN_S
from .addresses import query
from .errors import Unavailable, error_of
from .retry import RetryBudget
from .transport import ApiTransport

if TYPE_CHECKING:
    from ..documents import Event

INTERRUPTIBLE = True
"""A signal may end a command's wait anywhere in this module: what it locks, it locks by a `with`."""

RESET = "reset"
_QUIET_S = 2.0  # after that much silence, all that has happened is told
_SILENCE_S = 60.0  # a connection that is silent for longer may be dead: reconnect
_LONGEST_BYTES = 1024 * 1024  # of an event: the daemon's have a few thousand
_MOST_FIELDS = 20
_TOO_LONG = "the daemon sent an event that is longer than any of its events"


def read_events(
    transport: ApiTransport, *, follow: bool, ppa: str | None = None, latest: int | None = None
) -> Generator[Event, None, None]:
    """The events so far and, with `follow`, those to come.  Where the daemon could not tell all, an event of the kind
    `reset` comes first; its `data` says `why`.  Raises Unavailable and what else the daemon refuses.

    `ppa`, `latest`: those of one PPA alone, and of what is known at most so many, as the daemon chooses them.
    """
    reader = _EventReader()
    absence = FOLLOW_PATIENCE_S if follow else CALL_PATIENCE_S
    budget = RetryBudget(absence, read=_SILENCE_S)
    most = None if latest is None else str(latest)
    path = "/v1/events" + query([("follow", None if follow else "false"), ("ppa", ppa), ("latest", most)])
    read = _SILENCE_S if follow else _QUIET_S
    while True:
        try:
            with transport.stream(path, read=read, headers=reader.headers) as (response, pieces):
                if error := error_of(response.status, response.document, response.retry_after, transport.url):
                    raise error
                if follow:
                    budget = RetryBudget(absence, read=_SILENCE_S)
                yield from reader.events(_lines(pieces))
            if not follow:
                return
            time.sleep(STREAM_AGAIN_S)
        except Unavailable as away:
            if away.permanent or not budget.pause(away.retry_after):
                raise


class _EventReader:
    """Reads events over any number of connections, and shows each once."""

    def __init__(self) -> None:
        self._last: Event | None = None
        self._id = ""

    @property
    def headers(self) -> dict[str, str]:
        """The headers with which a connection resumes where the last one ended."""
        return {"Last-Event-ID": self._id} if self._id else {}

    def events(self, lines: Iterable[str]) -> Iterator[Event]:
        """The events that were not shown yet."""
        for frame in _frames(lines):
            event = _event(frame)
            if frame.get("event") == RESET:
                self._last = None  # what comes next is new, whatever its number and time
            elif _shown(event, self._last):
                continue
            else:
                self._last = event
            self._id = _returnable(frame.get("id")) or self._id
            yield event


def _shown(event: Event, last: Event | None) -> bool:
    """Whether a stream that was reopened repeats an event: numbers restart with the daemon, its time does not."""
    if last is None:
        return False
    return event.get("number", 0) <= last.get("number", -1) and event.get("at", "") <= last.get("at", "")


def _returnable(number: str | None) -> str | None:
    """The id of an event, if a header can have it."""
    return number if number and number.isascii() and number.isprintable() else None


def _lines(pieces: Iterable[bytes]) -> Iterator[str]:
    rest = b""
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        if len(rest) > _LONGEST_BYTES:
            raise Unavailable(_TOO_LONG)
        yield from (line.rstrip(b"\r").decode("utf-8", "replace") for line in whole)


def _frames(lines: Iterable[str]) -> Iterator[dict[str, str]]:
    """The frames of a stream, by field; comments and frames without data are left out."""
    frame: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        if name:
            value = value.removeprefix(" ")
            frame[name] = f"{frame[name]}\n{value}" if name in frame else value
            if len(frame) > _MOST_FIELDS or len(frame[name]) > _LONGEST_BYTES:
                raise Unavailable(_TOO_LONG)
        elif not line:
            if "data" in frame:
                yield frame
            frame = {}


def _event(frame: dict[str, str]) -> Event:
    try:
        document = json.loads(frame["data"])
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise Unavailable("the daemon sent an event that is not a JSON document")
    if frame.get("event") == RESET:
        return cast("Event", {"kind": RESET, "data": document})
    if not (isinstance(document.get("number", 0), int) and isinstance(document.get("at", ""), str)):
        raise Unavailable("the daemon sent an event without a number or a time")
    return cast("Event", document)
