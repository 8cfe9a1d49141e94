"""/v1/line: who waits for a PPA, in the order in which they are served.

Rule: it is shown from memory to all to whom the leases are shown.
"""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from starlette.responses import Response

from .. import documents
from . import openapi, serializers
from .backend import Backend
from .leases import Wanted


class LineRoutes:
    """The call `/v1/line`."""

    def __init__(self, backend: Backend[Any]) -> None:
        self._backend = backend

    def install(self, app: FastAPI) -> None:
        """Add the route."""
        add: Any = app.add_api_route
        add("/v1/line", self.list, methods=["GET"], summary="Who waits, and for what", response_model=None,
            responses=openapi.responses({200: documents.Line}))  # fmt: skip

    async def list(self, pool: Wanted = None) -> Response:
        """Those who wait for a PPA, in the order in which they are served, and why each of them waits."""
        return serializers.items(serializers.waiting(one) for one in self._backend.line(pool))
