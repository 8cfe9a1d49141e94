"""/v1/events: what happens, as server-sent events, for as long as somebody reads.

Rule: a stream keeps no events; it reads the log again when there are new ones, so a slow reader costs nothing, and one
that does not read at all is dropped.  Nothing here makes the log wait.  What a reader missed is said (`reset`): numbers
of another start of the daemon, or events that are no longer kept.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from ..problems import Kind, Problem
from ..views import PpaEvent
from . import serializers
from .backend import Events
from .long_poll import disconnected

KEEP_ALIVE_S = 15.0
SEND_S = 30.0
"""How long a reader may take none of what is sent."""
MAX_STREAMS = 256
MAX_OF_ONE = 192
"""Of one client."""
ABORT = "ppa_assigner.abort"
"""The extension of the scope by which the server lets a connection be dropped at once."""
RESTARTED, FORGOTTEN = "restarted", "forgotten"
"""Why a reader could not go on where it was: the daemon began anew since, or keeps no more what came next."""
_EVENTS_AT_ONCE = 100
_DIGITS = 20
_RETRY_MS = 2000

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class EventStreams:
    """All streams of an application.  Used in its loop alone."""

    def __init__(self, events: Events, *, keep_alive: float = KEEP_ALIVE_S, send: float = SEND_S) -> None:
        self.events = events
        self.keep_alive = keep_alive
        self.send = send
        self.ending = False
        self.turn = 0  # grows when those who read must ask again
        self._wakes: dict[asyncio.Event, str] = {}  # and whose they are

    def end(self) -> None:
        """End all streams, and those to come."""
        self.ending = True
        for wake in self._wakes:
            wake.set()

    def ask_again(self) -> None:
        """End all streams that are open; whoever may read opens another."""
        self.turn += 1
        for wake in self._wakes:
            wake.set()

    def open(self, last_event_id: str | None, *, follow: bool = True, who: str = "") -> EventStream:
        """A stream of what comes after this event; it ends after what is known now, or (`follow`) goes on.  Raises
        Problem `too-many-requests`, also where so many are of this client.
        """
        if len(self._wakes) >= MAX_STREAMS:
            raise Problem(Kind.TOO_MANY, f"{MAX_STREAMS} streams of events are open already")
        if sum(one == who for one in self._wakes.values()) >= MAX_OF_ONE:
            raise Problem(Kind.TOO_MANY, f"{who}: {MAX_OF_ONE} streams of events of one client are open already")
        return EventStream(self, _cursor(self.events, last_event_id or ""), follow, who)

    @contextlib.contextmanager
    def following(self, who: str = "") -> Iterator[asyncio.Event]:
        """Gives what is set whenever there is something new to see."""
        loop, wake = asyncio.get_running_loop(), asyncio.Event()

        def follow(_: PpaEvent) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody reads any more
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
    """How far a reader is: `last` is the number that it has, `missed` why it could not go on from where it was.
    `began`: it has a number at all, so that a gap behind that is a loss.
    """

    last: int
    began: bool
    missed: str | None = None


def _cursor(events: Events, last_event_id: str) -> Cursor:
    """A number alone, without the run, is one of this run as long as there is such a number."""
    run, _, number = last_event_id.rpartition("-")
    if not last_event_id:
        return Cursor(0, began=False)
    known = number.isascii() and number.isdigit() and len(number) < _DIGITS and int(number) <= events.newest
    if not known or run not in ("", events.run):
        return Cursor(0, began=False, missed=RESTARTED)
    return Cursor(int(number), began=True)


class EventStream(Response):
    """The answer, and the loop that writes it."""

    def __init__(self, streams: EventStreams, place: Cursor, follow: bool, who: str = "") -> None:
        super().__init__(headers={"Cache-Control": "no-store", "Content-Type": "text/event-stream; charset=utf-8"})
        del self.headers["content-length"]
        self._streams, self._events = streams, streams.events
        self._place, self._follow = place, follow
        self._turn, self._who = streams.turn, who

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Write until the reader is gone, does not read, has all that it wants, or the daemon stops."""
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
        """Whether there was something new; if not, and the reader follows, it was waited for."""
        wake.clear()
        news, last = self._events.since(self._place.last, _EVENTS_AT_ONCE)
        frames = [*self._reset(news), *(self._frame(event) for event in news)]
        self._place.last, self._place.began = last, True
        if frames:
            await self._write(send, b"".join(frames))
        elif self._follow:
            try:
                await asyncio.wait_for(wake.wait(), self._streams.keep_alive)
            except TimeoutError:
                await self._write(send, b": still here\n\n")
        return bool(frames)

    def _reset(self, news: list[PpaEvent]) -> list[bytes]:
        """What was missed between the place of the reader and these events, if anything."""
        place, first = self._place, news[0].number if news else self._place.last + 1
        missed = FORGOTTEN if place.began and first > place.last + 1 else place.missed
        place.missed = None
        if missed is None:
            return []
        told = serializers.encoded({"why": missed, "first": first})
        return [b"event: reset\nid: %s\ndata: %s\n\n" % (self._id(first - 1), told)]

    def _frame(self, event: PpaEvent) -> bytes:
        return b"id: %s\ndata: %s\n\n" % (self._id(event.number), serializers.encoded(serializers.event(event)))

    def _id(self, number: int) -> bytes:
        return f"{self._events.run}-{number}".encode()

    async def _write(self, send: Send, body: bytes, *, more: bool = True) -> None:
        """Raises TimeoutError when the reader takes nothing."""
        message = {"type": "http.response.body", "body": body, "more_body": more}
        await asyncio.wait_for(send(message), self._streams.send)


async def _drop(scope: Scope, gone: asyncio.Task[None]) -> None:
    """Closing would wait until the reader has taken all that was written: it takes nothing."""
    if ABORT in scope.get("extensions", {}):
        scope["extensions"][ABORT]["abort"]()
        await gone
