"""Long polling: waiting for the supervisor without a thread, and noticing that the client is gone.

Rule: a lease is written to the socket only when the connection was seen alive after the lease was granted, and only for
a client that is still let in; otherwise the supervisor is told that this call hung up.
"""

from __future__ import annotations

import asyncio
import contextlib
from concurrent.futures import Future
from typing import Any, TypeVar

from starlette.types import Receive, Scope

from ..uploads import Waiting
from ..views import LeaseView
from .auth import Authenticator
from .backend import Backend, C

T = TypeVar("T")

LOOK_S = 60.0
"""How long the first look of a call may take."""
TURNS_TO_NOTICE = 4
"""Iterations of the event loop from a socket's end of file to the end of the task that waits for it."""


class ClientGoneError(Exception):
    """The client closed its connection."""


async def result(future: Future[T]) -> T:
    """The result of a future, awaited.  Cancelling the waiter does not cancel the future."""
    await _ended(future)
    return future.result()


async def lease_of(
    receive: Receive, call: C, backend: Backend[C], authenticator: Authenticator, scope: Scope
) -> LeaseView:
    """The lease of this call.  Raises its Problem, that of the authenticator when the client is no longer let in, or
    ClientGoneError.
    """
    gone = asyncio.create_task(disconnected(receive))
    written = False
    try:
        with authenticator.revoked(scope) as revoked:
            ends: set[asyncio.Future[Any]] = {gone, revoked, _ended(call.future)}
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        await _let_the_loop_notice(gone)
        if revoked.done():
            raise revoked.result()
        authenticator.check(scope)
        written = True
        return call.future.result()
    finally:
        gone.cancel()
        if not written:
            backend.hang_up(call)


async def report_of(
    receive: Receive, waiting: Waiting, authenticator: Authenticator, scope: Scope, wait: float
) -> None:
    """Wait for the first look of this call, whatever comes of it, and then up to `wait` seconds in all for its end.

    Raises its Problem, that of the authenticator when the client is no longer let in, or ClientGoneError.
    """
    gone = asyncio.create_task(disconnected(receive))
    end = asyncio.get_running_loop().time() + wait
    try:
        with authenticator.revoked(scope) as revoked:
            ends: set[asyncio.Future[Any]] = {gone, revoked}
            await asyncio.wait({*ends, _ended(waiting.looked)}, timeout=LOOK_S, return_when=asyncio.FIRST_COMPLETED)
            left = max(0.0, end - asyncio.get_running_loop().time())
            await asyncio.wait({*ends, _ended(waiting.done)}, timeout=left, return_when=asyncio.FIRST_COMPLETED)
        if gone.done():
            raise ClientGoneError
        if revoked.done():
            raise revoked.result()
        authenticator.check(scope)
        if waiting.done.done():
            waiting.done.result()
    finally:
        gone.cancel()


async def disconnected(receive: Receive) -> None:
    """Returns when the client closes its connection.  For a request whose body was read."""
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
    """A future of this loop that completes when the other one does, without its result: an unread exception is not
    logged.
    """
    loop = asyncio.get_running_loop()
    waiter: asyncio.Future[None] = loop.create_future()

    def end() -> None:
        if not waiter.done():
            waiter.set_result(None)

    def tell(_: Future[Any]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed, so nothing waits any more
            loop.call_soon_threadsafe(end)

    future.add_done_callback(tell)
    return waiter
