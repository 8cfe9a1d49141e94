"""The ASGI middleware around every request: authentication, limits, metrics, and problems for exceptions.

Rule: nothing is decided here that depends on what a call means.  An unexpected exception is logged and answered as a
problem.
"""

from __future__ import annotations

import logging
from urllib.parse import unquote_to_bytes

from fastapi import FastAPI
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..problems import Kind, Problem
from . import errors
from .auth import UNCOUNTED, Authenticator
from .connection import PEER
from .long_poll import ClientGoneError
from .metrics import Metrics
from .parsing import limited
from .rate_limit import ConcurrencyLimiter, classify

log = logging.getLogger(__name__)

MAX_REQUESTS = 20_000
"""Requests under way at once; further ones are answered 429.  Each kind and client has a share (see `rate_limit`)."""
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"})
_GONE = 499  # for the metrics only: the client is gone


class RequestMiddleware:
    """Wraps the application: every request passes here first, and every response last."""

    def __init__(
        self, app: ASGIApp, authenticator: Authenticator, metrics: Metrics, concurrency: ConcurrencyLimiter
    ) -> None:
        self._app = app
        self._authenticator = authenticator
        self._metrics = metrics
        self._concurrency = concurrency

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request (ASGI)."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        inner = {**scope, "method": "GET"} if scope["method"] == "HEAD" else scope
        inner["state"] = {**scope.get("state", {}), "head": inner is not scope}
        response = _ResponseTracker(send)
        with self._metrics.request() as began:
            await self._guarded(inner, receive, response)
        method = scope["method"] if scope["method"] in METHODS else "other"
        self._metrics.answered(method, _route(inner), response.status, began)

    async def _guarded(self, scope: Scope, receive: Receive, response: _ResponseTracker) -> None:
        try:
            await self._serve(scope, receive, response)
        except (ClientDisconnect, ClientGoneError):
            response.status = _GONE
        except Problem as problem:
            await errors.answer(scope, problem)(scope, receive, response)
        except Exception:
            log.exception("%s %s failed", scope["method"], scope["path"])
            if response.started:
                raise
            await errors.answer(scope, errors.bug())(scope, receive, response)

    async def _serve(self, scope: Scope, receive: Receive, response: _ResponseTracker) -> None:
        caller = scope["state"]["caller"] = await self._authenticator.caller(scope)
        if scope["path"] in UNCOUNTED:
            await self._let_in(scope, receive, response)
            return
        who = scope["state"]["who"] = (caller and caller.name) or _peer(scope)
        with self._concurrency.slot(classify(scope["method"], scope["path"]), who):
            await self._let_in(scope, receive, response)

    async def _let_in(self, scope: Scope, receive: Receive, response: _ResponseTracker) -> None:
        _check_address(scope)
        receive = limited(receive, dict(scope["headers"]).get(b"content-length"))
        if scope["method"] == "OPTIONS":
            await _options(scope["app"], scope["path"])(scope, receive, response)
        else:
            await self._app(scope, receive, response)


class _ResponseTracker:
    """Passes a response on, and remembers its status."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.started = False
        self.status = _GONE

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started, self.status = True, message["status"]
            message["headers"] = [*message.get("headers", ()), (b"x-content-type-options", b"nosniff")]
        await self._send(message)


def _peer(scope: Scope) -> str:
    found: str = scope.get("extensions", {}).get(PEER, {}).get("peer", "")
    return found


def _check_address(scope: Scope) -> None:
    """Raises Problem for a NUL in the address, which no name has."""
    if "\0" in scope["path"] or b"\0" in unquote_to_bytes(scope.get("query_string", b"")):
        raise Problem(Kind.INVALID, "the address: NUL is not allowed")


def _options(app: FastAPI, path: str) -> Response:
    methods = errors.allowed(app, path)
    if not methods:
        raise Problem(Kind.NOT_FOUND, f"there is nothing at {path}")
    return Response(status_code=204, headers={"Allow": ", ".join(methods)})


def _route(scope: Scope) -> str:
    """The route's path with the names of its parameters, of which there are few; `other` for an unknown path."""
    return str(getattr(scope.get("route"), "path", "other"))
