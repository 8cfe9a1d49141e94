"""Server-sent events, read for as long as they are wanted.

Rule: shows each event once, also over a broken connection or a restart of the daemon.
"""

from __future__ import annotations

import json
import time
from collections.abc import Generator, Iterable, Iterator
from typing import cast

from .errors import Unavailable, error_of
from .patience import Patience
from .shapes import Event
from .transport import Transport

_QUIET_S = 2.0  # after that much silence, all that has happened is told
_SILENCE_S = 60.0  # a connection that is silent for longer may be dead: connect anew
_ABSENCE_S = 60.0  # how long a daemon that is away is waited for while following
_PATIENCE_S = 5.0  # and otherwise
_AGAIN_S = 0.5  # between the end of one connection and the next


def following(transport: Transport, *, follow: bool) -> Generator[Event, None, None]:
    """The events so far and, with `follow`, those to come.  Raises Unavailable and what else the daemon refuses."""
    last: Event = {}
    absence = _ABSENCE_S if follow else _PATIENCE_S
    patience = Patience(absence, read=_SILENCE_S)
    while True:
        try:
            with transport.stream("/v1/events", read=_SILENCE_S if follow else _QUIET_S) as (answer, pieces):
                if error := error_of(answer.status, answer.document, answer.retry_after):
                    raise error
                if follow:
                    patience = Patience(absence, read=_SILENCE_S)
                for event in _events(_lines(pieces)):
                    if not _shown(event, last):
                        last = event
                        yield event
            if not follow:
                return
            time.sleep(_AGAIN_S)
        except Unavailable as away:  # noqa: PERF203 - the loop is there to try again
            if not patience.pause(away.retry_after):
                raise


def _shown(event: Event, last: Event) -> bool:
    """Whether a stream that began anew repeats it: numbers start again when the daemon does, its time does not."""
    return event.get("number", 0) <= last.get("number", -1) and event.get("at", "") <= last.get("at", "")


def _lines(pieces: Iterable[bytes]) -> Iterator[str]:
    rest = b""
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        yield from (line.rstrip(b"\r").decode("utf-8", "replace") for line in whole)


def _events(lines: Iterable[str]) -> Iterator[Event]:
    data: list[str] = []
    for line in lines:
        name, _, value = line.partition(":")
        if name == "data":
            data.append(value.removeprefix(" "))
        elif not line and data:
            yield _event("\n".join(data))
            data = []


def _event(text: str) -> Event:
    try:
        document = json.loads(text)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise Unavailable("the daemon sent an event that is no JSON document")
    return cast(Event, document)
