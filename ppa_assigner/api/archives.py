"""/v1/uploads/check, and what else is asked of archives without changing a lease.

Rule: a request is parsed and passed on; what Launchpad is asked for it, and how long, is the supervisor's to say.
"""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request
from starlette.responses import Response

from ..problems import Kind
from . import archive_schemas, auth, long_poll, openapi, parsing, serializers
from .backend import Backend
from .leases import packages


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

    async def check(self, request: Request) -> Response:
        """Says whether Launchpad would take these sources, and in which PPAs; nothing is changed or kept for you."""
        auth.caller(request.scope)
        asked = parsing.checked(archive_schemas.UploadCheckRequest, await parsing.read(request))
        check = self._backend.check_upload(packages(asked.sources), asked.pool)
        return serializers.answer(serializers.upload_check(await long_poll.result(check)))
