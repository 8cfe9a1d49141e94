"""/v1/events: the events of the log as server-sent events, for as long as a client reads.

Rule: a stream keeps no events; it reads the log again when there are new ones, so a slow reader costs nothing, and one
that does not read at all is dropped.  Nothing here makes the log wait.  A reader that missed events is told so
(`reset`): it had numbers of another start of the daemon, or the events are no longer kept.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ..documents import Missed, Reset
from ..problems import Kind, Problem
from ..reference import Reference
from ..views import PpaEvent
from . import serializers
from .backend import Events
from .long_poll import disconnected

KEEP_ALIVE_S = 15.0
SEND_S = 30.0
"""How long a reader may accept nothing of what is sent."""
MAX_STREAMS = 256
MAX_OF_ONE = 192
"""How many streams one client may have open."""
MOST_LATEST = 10_000
"""How many of the latest events may be asked for."""
ABORT = "ppa_assigner.abort"
"""The extension of the ASGI scope with which the connection can be aborted."""
RESTARTED: Final = "restarted"
FORGOTTEN: Final = "forgotten"
"""Why a reader could not resume: the daemon was restarted, or no longer keeps the events that follow."""
_EVENTS_AT_ONCE = 100
_DIGITS = 20
_RETRY_MS = 2000


class EventStreams:
    """All open streams of an application.  For its event loop only."""

    def __init__(self, events: Events, *, keep_alive: float = KEEP_ALIVE_S, send: float = SEND_S) -> None:
        self.events = events
        self.keep_alive = keep_alive
        self.send = send
        self.ending = False
        self.turn = 0  # is incremented when readers must reconnect
        self._wakes: dict[asyncio.Event, str] = {}  # and the client of each

    def end(self) -> None:
        """End all streams, now and in future."""
        self.ending = True
        for wake in self._wakes:
            wake.set()

    def ask_again(self) -> None:
        """End all open streams; clients that may still read open another."""
        self.turn += 1
        for wake in self._wakes:
            wake.set()

    def open(
        self,
        last_event_id: str | None,
        *,
        follow: bool = True,
        who: str = "",
        ppa: Reference | None = None,
        latest: int | None = None,
    ) -> EventStream:
        """A stream of the events after this one; it ends after those known now unless `follow`.  `ppa`: of that PPA
        alone; `latest`: of those known now only so many, the latest, unless the reader resumes.  Raises Problem
        `too-many-requests` when too many are open, in all or of this client.
        """
        if len(self._wakes) >= MAX_STREAMS:
            raise Problem(Kind.TOO_MANY, f"{MAX_STREAMS} streams of events are open already")
        if sum(one == who for one in self._wakes.values()) >= MAX_OF_ONE:
            raise Problem(Kind.TOO_MANY, f"{who}: {MAX_OF_ONE} streams of events of one client are open already")
        cursor = _cursor(self.events, last_event_id or "")
        if latest is not None and not last_event_id:
            cursor.last = _before_latest(self.events, ppa, latest)
        return EventStream(self, cursor, follow, who, ppa)

    @contextlib.contextmanager
    def following(self, who: str = "") -> Iterator[asyncio.Event]:
        """An asyncio event that is set whenever there are new events to read or the stream has to end."""
        loop, wake = asyncio.get_running_loop(), asyncio.Event()

        def follow(_: PpaEvent) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed, so nobody reads any more
                loop.call_soon_threadsafe(wake.set)

        self._wakes[wake] = who
        unsubscribe = self.events.subscribe(follow)
        try:
            yield wake
        finally:
            unsubscribe()
            self._wakes.pop(wake, None)


@dataclass(slots=True)
class Cursor:
    """How far a reader is: `last` is the number of the last event that it has, `missed` why it could not resume there.
    `began`: it has an event at all, so that a gap after it is a loss.
    """

    last: int
    began: bool
    missed: Missed | None = None


def _cursor(events: Events, last_event_id: str) -> Cursor:
    """Where to resume.  A number without its run counts as one of this run if there is such an event."""
    run, _, number = last_event_id.rpartition("-")
    if not last_event_id:
        return Cursor(0, began=False)
    known = number.isascii() and number.isdigit() and len(number) < _DIGITS and int(number) <= events.newest
    if not known or run not in ("", events.run):
        return Cursor(0, began=False, missed=RESTARTED)
    return Cursor(int(number), began=True)


def _before_latest(events: Events, ppa: Reference | None, count: int) -> int:
    """The number after which there are so many events of that PPA."""
    known, newest = events.since(0)
    numbers = [event.number for event in known if ppa in (None, event.ppa)]
    return numbers[-count] - 1 if len(numbers) >= count else (numbers[0] - 1 if numbers else newest)


class EventStream(Response):
    """The response that streams events, and the loop that writes it."""

    def __init__(
        self, streams: EventStreams, cursor: Cursor, follow: bool, who: str = "", ppa: Reference | None = None
    ) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "Content-Type": "text/event-stream; charset=utf-8"})
        del self.headers["content-length"]
        self._streams, self._events = streams, streams.events
        self._cursor, self._follow, self._ppa = cursor, follow, ppa
        self._turn, self._who = streams.turn, who

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Write until the reader is gone, stops reading, has all that it wants, or the daemon stops (ASGI)."""
        gone = asyncio.create_task(disconnected(receive))
        try:
            with self._streams.following(self._who) as wake:
                gone.add_done_callback(lambda _: wake.set())
                await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
                await self._write(send, f"retry: {_RETRY_MS}\n\n".encode())
                going_on = True
                while going_on and not (gone.done() or self._over()):
                    going_on = await self._tell_news(send, wake) or self._follow
            await self._write(send, b"", more=False)
        except TimeoutError:
            await _drop(scope, gone)
        finally:
            gone.cancel()

    def _over(self) -> bool:
        return self._streams.ending or self._turn != self._streams.turn

    async def _tell_news(self, send: Send, wake: asyncio.Event) -> bool:
        """Write those new events that are wanted; if there are none at all and the reader follows, wait for some.
        Returns whether any were new.
        """
        wake.clear()
        news, last = self._events.since(self._cursor.last, _EVENTS_AT_ONCE)
        wanted = (event for event in news if self._ppa in (None, event.ppa))
        frames = [*self._reset(news), *(self._frame(event) for event in wanted)]
        self._cursor.last, self._cursor.began = last, True
        if frames:
            await self._write(send, b"".join(frames))
        elif news:
            await self._write(send, b": of other PPAs\n\n")  # a reader must see that the connection lives
        elif self._follow:
            try:
                await asyncio.wait_for(wake.wait(), self._streams.keep_alive)
            except TimeoutError:
                await self._write(send, b": still here\n\n")
        return bool(frames or news)

    def _reset(self, news: list[PpaEvent]) -> list[bytes]:
        """The frame that says what was missed between the cursor and these events, if anything was."""
        cursor, first = self._cursor, news[0].number if news else self._cursor.last + 1
        missed = FORGOTTEN if cursor.began and first > cursor.last + 1 else cursor.missed
        cursor.missed = None
        if missed is None:
            return []
        told = serializers.encoded(Reset(why=missed, first=first))
        return [b"event: reset\nid: %s\ndata: %s\n\n" % (self._id(first - 1), told)]

    def _frame(self, event: PpaEvent) -> bytes:
        return b"id: %s\ndata: %s\n\n" % (self._id(event.number), serializers.encoded(serializers.event(event)))

    def _id(self, number: int) -> bytes:
        return f"{self._events.run}-{number}".encode()

    async def _write(self, send: Send, body: bytes, *, more: bool = True) -> None:
        """Write to the reader.  Raises TimeoutError when it accepts nothing."""
        message = {"type": "http.response.body", "body": body, "more_body": more}
        await asyncio.wait_for(send(message), self._streams.send)


async def _drop(scope: Scope, gone: asyncio.Task[None]) -> None:
    """Abort the connection.  Closing it would wait until the reader has accepted all that was written."""
    if ABORT in scope.get("extensions", {}):
        scope["extensions"][ABORT]["abort"]()
        await gone
