"""The calls of the status page: the page, its files, who looks at it, what problems mean, the API's documentation.

Rule: only `/`, the files and the problems are open to everybody; where clients are configured, none of these has data
of the pools in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from fastapi import FastAPI, Request
from starlette.responses import Response

from ...problems import Kind, Problem
from ...reference import WEB
from ...views import Snapshot
from .. import auth, openapi, serializers
from ..backend import Backend
from . import overview, problems, words
from .changes import Changes, last_events, waiting
from .compression import compressed
from .documentation import documentation
from .static import TEXTS, TYPES

POLICY = "; ".join((
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
))  # fmt: skip
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class PageRoutes:
    """The handlers of the status page's calls."""

    def __init__(self, app: FastAPI, backend: Backend[Any]) -> None:
        self._app = app
        self._backend = backend
        self._changes = Changes(backend)

    def install(self, app: FastAPI) -> None:
        """Add the routes, which are for browsers: the API's documentation does not name them."""
        add: Any = app.add_api_route
        add("/", self.page, methods=["GET"], include_in_schema=False)
        add("/static/{name}", self.file, methods=["GET"], include_in_schema=False)
        add("/page/changes", self.changes, methods=["GET"], include_in_schema=False)
        add("/docs", self.docs, methods=["GET"], include_in_schema=False)
        add("/problems/{slug}", self.problem, methods=["GET"], include_in_schema=False)
        add(problems.INDEX, self.problems, methods=["GET"], include_in_schema=False)

    def page(self, request: Request) -> Response:
        """Answer with the status page; without data where calls need a token.

        It is not a coroutine, so that it runs in a thread: a thousand rows take long to make.
        """
        text = self._full() if self._open else overview.bare()
        return compressed(Response(text, headers=HEADERS, media_type="text/html"), request)

    async def file(self, name: str) -> Response:
        """Answer with one of the page's files."""
        if name not in TYPES:
            raise Problem(Kind.NOT_FOUND, f"there is nothing at /static/{name}")
        return Response(TEXTS[name], headers=HEADERS, media_type=TYPES[name])

    def changes(self, request: Request, after: str = "") -> Response:
        """Answer with what has changed since the answer whose `place` this is, and who looks at the page.

        In a thread, as the page is.
        """
        caller, root = auth.caller(request.scope), _root(self._backend.snapshots())
        return compressed(serializers.raw_answer(self._changes.since(after, caller, root)), request)

    async def problems(self, request: Request) -> Response:
        """Answer with the explanations of all kinds of problems."""
        if _prefers_json(request):
            return _varying(serializers.answer({"items": [problems.explanation(kind) for kind in Kind]}))
        return _explained(problems.listed(open_to_all=self._open))

    async def problem(self, request: Request, slug: str) -> Response:
        """Answer with the explanation of one kind of problem, at the address that is the problem's `type`."""
        kind = next((kind for kind in Kind if kind.value == slug), None)
        if _prefers_json(request):
            if kind is None:
                raise Problem(Kind.NOT_FOUND, "no problem has this type")
            return _varying(serializers.answer(problems.explanation(kind)))
        if kind is None:
            return _explained(problems.unknown(open_to_all=self._open), 404)
        return _explained(problems.explained(kind, open_to_all=self._open))

    async def docs(self) -> Response:
        """Answer with the documentation of the API."""
        return documentation(openapi.describe(self._app, open_to_all=self._open))

    @property
    def _open(self) -> bool:
        """Whether calls need no token, which a reload may change."""
        found: bool = self._app.state.authenticator.open
        return found

    def _full(self) -> str:
        return overview.full(
            [serializers.pool(view) for view in self._backend.pools()],
            [serializers.ppa(snapshot) for snapshot in self._backend.snapshots()],
            [serializers.event(event) for event in last_events(self._backend)],
            waiting(self._backend),
            trouble=words.banner(self._backend.unready(), serializers.launchpad_status(self._backend.launchpad())),
            root=_root(self._backend.snapshots()),
            now=datetime.now(UTC),
        )


def _prefers_json(request: Request) -> bool:
    return problems.prefers_json(",".join(request.headers.getlist("accept")))


def _explained(text: str, status: int = 200) -> Response:
    return _varying(Response(text, status, headers=HEADERS, media_type=problems.HTML))


def _varying(response: Response) -> Response:
    response.headers["Vary"] = "Accept"
    return response


def _root(snapshots: Sequence[Snapshot]) -> str:
    """Return the address of this Launchpad's pages, taken from a PPA's page; production's if none is known yet."""
    told = (one.web.removesuffix(one.ppa.path) for one in snapshots if one.web and one.web.endswith(one.ppa.path))
    return next(told, WEB)
