"""/v1/uploads/check before an upload, and /v1/leases/{id}/sources and …/promote after it.

Rule: a request is parsed and passed on; what Launchpad is asked for it, and how long, is the supervisor's to say.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import FastAPI, Query, Request
from starlette.responses import Response

from .. import documents
from ..problems import Kind, Problem
from ..record import State
from ..views import PromoteRequest
from . import auth, long_poll, openapi, parsing, serializers
from .backend import Backend
from .leases import Id, packages, reference

_READING = (Kind.LEASE_OVER, Kind.UNKNOWN_LEASE, Kind.UNAVAILABLE)
_PROMOTING = (Kind.UNFINISHED, Kind.NOT_NEWER, Kind.LEASE_OVER, Kind.UNKNOWN_LEASE, Kind.UNAVAILABLE)

MOST_SERIES = 20
_SERIES = re.compile(r"[a-z0-9][a-z0-9+.-]{0,63}")
Series = Annotated[
    list[str],
    Query(
        description="the series to read; absent: those in which something came since the lease began",
        json_schema_extra={"maxItems": MOST_SERIES, "items": {"type": "string", "pattern": f"^{_SERIES.pattern}$"}},
    ),
]


class ArchiveRoutes:
    """A handler for each call."""

    def __init__(self, backend: Backend[Any]) -> None:
        self._backend = backend

    def install(self, app: FastAPI) -> None:
        """Add the routes."""
        add: Any = app.add_api_route
        add("/v1/uploads/check", self.check, methods=["POST"], summary="Check an upload without a lease",
            responses=openapi.responses({200: documents.UploadCheck}, (Kind.UNKNOWN_POOL, Kind.UNAVAILABLE)),
            response_model=None, openapi_extra=openapi.body(documents.UploadCheckRequest))  # fmt: skip

        add("/v1/leases/{id}/sources", self.apt_source, methods=["GET"], summary="What apt needs to read a leased PPA",
            responses=openapi.responses({200: documents.AptSource}, _READING), response_model=None)  # fmt: skip
        add("/v1/leases/{id}/promote", self.promote, methods=["POST"], summary="Copy packages to another PPA",
            responses=openapi.responses({200: documents.Promotion}, _PROMOTING),
            response_model=None, openapi_extra=openapi.body(documents.PromoteRequest))  # fmt: skip

    async def check(self, request: Request) -> Response:
        """Says whether Launchpad would take these sources, and in which PPAs; nothing is changed or kept for you."""
        auth.caller(request.scope)
        asked = parsing.checked(documents.UploadCheckRequest, await parsing.read(request))
        check = self._backend.check_upload(packages(asked["sources"]), asked.get("pool"))
        return serializers.answer(serializers.upload_check(await long_poll.result(check)))

    async def apt_source(
        self,
        request: Request,
        id: Id,  # noqa: A002 - the contract's name of the parameter
        series: Series = [],  # noqa: B006 - the framework copies it
    ) -> Response:
        """Says where apt finds the PPA, and by which key it knows that it is it."""
        auth.caller(request.scope)
        wanted = _series(series)
        lease = await long_poll.result(self._backend.lease(id))
        if lease.record.state is not State.USED:
            raise Problem(Kind.LEASE_OVER, f"the lease of {lease.ppa} is over")
        found = await long_poll.result(self._backend.apt_source(lease, wanted))
        return serializers.answer(serializers.apt_source(found))

    async def promote(self, request: Request, id: Id) -> Response:  # noqa: A002 - the contract's name of the parameter
        """Has what is published in a lease's PPA copied with its binaries, and says how far that is: ask again until it
        is `published` or `failed`.  What is there already is done.
        """
        caller = auth.caller(request.scope)
        asked = parsing.checked(documents.PromoteRequest, await parsing.read(request))
        sources = tuple((source["name"], source["version"]) for source in asked.get("sources") or ())
        named = asked.get("series") or ()
        series = (named,) if isinstance(named, str) else tuple(named)
        wanted = PromoteRequest(reference(asked["to"], "to"), sources, series)
        promoted = await long_poll.result(self._backend.promote(id, wanted, caller))
        return serializers.answer(serializers.promotion(promoted))


def _series(texts: Sequence[str]) -> tuple[str, ...]:
    if len(texts) > MOST_SERIES:
        raise Problem(Kind.INVALID, f"series: at most {MOST_SERIES} times")
    if wrong := next((text for text in texts if not _SERIES.fullmatch(text)), None):
        raise Problem(Kind.INVALID, f"series: {wrong!r} is not a series")
    return tuple(dict.fromkeys(texts))
