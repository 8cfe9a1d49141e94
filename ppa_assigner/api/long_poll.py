"""Waiting for the supervisor without a thread, and noticing that whoever asked is gone.

Rule: a lease is handed to the socket only when the connection was seen alive after the lease was there, and only to a
client that is still let in; in every other end of an assign the supervisor is told that this call hung up.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import Future
from typing import Any, TypeVar

from ..views import LeaseView
from .auth import Authenticator, Scope
from .backend import Backend, C

T = TypeVar("T")
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

TURNS_TO_NOTICE = 4
"""Turns of the loop from an end of file in a socket to its task's end: read it, close, tell the protocol, end."""


class ClientGoneError(Exception):
    """Nobody is there to be answered."""


async def result(future: Future[T]) -> T:
    """What the future ends with.  A waiter that is cancelled leaves the future alone."""
    await _ended(future)
    return future.result()


async def lease_of(
    receive: Receive, call: C, backend: Backend[C], authenticator: Authenticator, scope: Scope
) -> LeaseView:
    """The lease of this call.  Raises its Problem, that of the authenticator when its client is no longer one, or
    ClientGoneError.
    """
    gone = asyncio.create_task(disconnected(receive))
    handed = False
    try:
        with authenticator.revoked(scope) as revoked:
            ends: set[asyncio.Future[Any]] = {gone, revoked, _ended(call.future)}
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        await _let_the_loop_notice(gone)
        if revoked.done():
            raise revoked.result()
        authenticator.check(scope)
        handed = True
        return call.future.result()
    finally:
        gone.cancel()
        if not handed:
            backend.hang_up(call)


async def disconnected(receive: Receive) -> None:
    """Ends when the client closes its connection; for a request whose body was read."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _let_the_loop_notice(gone: asyncio.Task[None]) -> None:
    for _ in range(TURNS_TO_NOTICE):
        if gone.done():
            raise ClientGoneError
        await asyncio.sleep(0)
    if gone.done():
        raise ClientGoneError


def _ended(future: Future[Any]) -> asyncio.Future[None]:
    """A waiter of this loop.  It carries no result: one that nobody reads is no error that is lost."""
    loop = asyncio.get_running_loop()
    waiter: asyncio.Future[None] = loop.create_future()

    def end() -> None:
        if not waiter.done():
            waiter.set_result(None)

    def tell(_: Future[Any]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(end)

    future.add_done_callback(tell)
    return waiter
