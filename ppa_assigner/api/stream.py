"""/v1/events: what happens, as server-sent events, for as long as somebody reads.

Rule: a stream keeps no events; it reads the log again when there are new ones, so a slow reader costs nothing, and one
that does not read at all is dropped.  Nothing here makes the log wait.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from typing import Any

from starlette.responses import Response

from ..problems import Kind, Problem
from ..views import Event
from . import documents
from .backend import Events
from .waiting import disconnected

KEEP_ALIVE_S = 15.0
SEND_S = 30.0
"""How long a reader may take none of what is sent."""
MAX_STREAMS = 256
ABORT = "ppa_assigner.abort"
"""The extension of the scope by which the server lets a connection be dropped at once."""
_EVENTS_AT_ONCE = 100
_RETRY_MS = 2000

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Streams:
    """All streams of an application.  Used in its loop alone."""

    def __init__(self, events: Events, *, keep_alive: float = KEEP_ALIVE_S, send: float = SEND_S) -> None:
        self.events = events
        self.keep_alive = keep_alive
        self.send = send
        self.ending = False
        self._wakes: set[asyncio.Event] = set()

    def end(self) -> None:
        """End all streams, and those to come."""
        self.ending = True
        for wake in self._wakes:
            wake.set()

    def open(self, last_event_id: str | None) -> EventStream:
        """A stream of what comes after this event.  Raises Problem `too-many-requests`."""
        if len(self._wakes) >= MAX_STREAMS:
            raise Problem(Kind.TOO_MANY, f"{MAX_STREAMS} streams of events are open already")
        return EventStream(self, self._after(last_event_id or ""))

    @contextlib.contextmanager
    def following(self) -> Iterator[asyncio.Event]:
        """Gives what is set whenever there is something new to see."""
        loop, wake = asyncio.get_running_loop(), asyncio.Event()

        def follow(_: Event) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody reads any more
                loop.call_soon_threadsafe(wake.set)

        self._wakes.add(wake)
        unsubscribe = self.events.subscribe(follow)
        try:
            yield wake
        finally:
            unsubscribe()
            self._wakes.discard(wake)

    def _after(self, last_event_id: str) -> int:
        """A number that is higher than all there are is from before a restart: then everything is new."""
        if not (last_event_id.isascii() and last_event_id.isdigit() and len(last_event_id) < 20):
            return 0
        _, newest = self.events.since(0)
        return int(last_event_id) if int(last_event_id) <= newest else 0


class EventStream(Response):
    """The answer, and the loop that writes it."""

    def __init__(self, streams: Streams, last: int) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "Content-Type": "text/event-stream; charset=utf-8"})
        del self.headers["content-length"]
        self._streams = streams
        self._last = last

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Write until the reader is gone, does not read, or the daemon stops."""
        gone = asyncio.create_task(disconnected(receive))
        try:
            with self._streams.following() as wake:
                gone.add_done_callback(lambda _: wake.set())
                await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
                await self._write(send, f"retry: {_RETRY_MS}\n\n".encode())
                while not (gone.done() or self._streams.ending):
                    await self._tell_news(send, wake)
            await self._write(send, b"", more=False)
        except asyncio.TimeoutError:
            await _drop(scope, gone)
        finally:
            gone.cancel()

    async def _tell_news(self, send: Send, wake: asyncio.Event) -> None:
        wake.clear()
        news, self._last = self._streams.events.since(self._last)
        for start in range(0, len(news), _EVENTS_AT_ONCE):
            await self._write(send, b"".join(_frame(event) for event in news[start : start + _EVENTS_AT_ONCE]))
        if news:
            return
        try:
            await asyncio.wait_for(wake.wait(), self._streams.keep_alive)
        except asyncio.TimeoutError:
            await self._write(send, b": still here\n\n")

    async def _write(self, send: Send, body: bytes, *, more: bool = True) -> None:
        """Raises TimeoutError when the reader takes nothing."""
        message = {"type": "http.response.body", "body": body, "more_body": more}
        await asyncio.wait_for(send(message), self._streams.send)


async def _drop(scope: Scope, gone: asyncio.Task[None]) -> None:
    """Closing would wait until the reader has taken all that was written: it takes nothing."""
    if ABORT in scope.get("extensions", {}):
        scope["extensions"][ABORT]["abort"]()
        await gone


def _frame(event: Event) -> bytes:
    return b"id: %d\ndata: %s\n\n" % (event.number, documents.encoded(documents.event(event)))
