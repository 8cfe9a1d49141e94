"""/v1/uploads/check before an upload, and /v1/leases/{id}/promote after it.

Rule: a request is parsed and passed on; what Launchpad is asked for it, and how long, is the supervisor's to say.
"""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request
from starlette.responses import Response

from ..problems import Kind
from ..views import PromoteRequest
from . import archive_schemas, auth, long_poll, openapi, parsing, serializers
from .backend import Backend
from .leases import Id, packages, reference

_PROMOTING = (Kind.UNFINISHED, Kind.NOT_NEWER, Kind.LEASE_OVER, Kind.UNKNOWN_LEASE, Kind.UNAVAILABLE)


class ArchiveRoutes:
    """A handler for each call."""

    def __init__(self, backend: Backend[Any]) -> None:
        self._backend = backend

    def install(self, app: FastAPI) -> None:
        """Add the routes."""
        add: Any = app.add_api_route
        add("/v1/uploads/check", self.check, methods=["POST"], summary="Check an upload without a lease",
            responses=openapi.responses({200: archive_schemas.UploadCheck}, (Kind.UNKNOWN_POOL, Kind.UNAVAILABLE)),
            response_model=None, openapi_extra=openapi.body(archive_schemas.UploadCheckRequest))  # fmt: skip

        add("/v1/leases/{id}/promote", self.promote, methods=["POST"], summary="Copy packages to another PPA",
            responses=openapi.responses({200: archive_schemas.Promotion}, _PROMOTING),
            response_model=None, openapi_extra=openapi.body(archive_schemas.PromoteRequest))  # fmt: skip

    async def check(self, request: Request) -> Response:
        """Says whether Launchpad would take these sources, and in which PPAs; nothing is changed or kept for you."""
        auth.caller(request.scope)
        asked = parsing.checked(archive_schemas.UploadCheckRequest, await parsing.read(request))
        check = self._backend.check_upload(packages(asked.sources), asked.pool)
        return serializers.answer(serializers.upload_check(await long_poll.result(check)))

    async def promote(self, request: Request, id: Id) -> Response:  # noqa: A002 - the contract's name of the parameter
        """Has what is published in a lease's PPA copied with its binaries, and says how far that is: ask again until it
        is `published` or `failed`.  What is there already is done.
        """
        caller = auth.caller(request.scope)
        asked = parsing.checked(archive_schemas.PromoteRequest, await parsing.read(request))
        sources = tuple((source.name, source.version) for source in asked.sources or ())
        wanted = PromoteRequest(reference(asked.to, "to"), sources, tuple(asked.series or ()))
        promoted = await long_poll.result(self._backend.promote(id, wanted, caller))
        return serializers.answer(serializers.promotion(promoted))
