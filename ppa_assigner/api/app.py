"""The ASGI application: all routes and the middleware around them.

Rule: it is assembled here and nowhere else.  It opens no sockets (`server` does) and keeps nothing outside of itself,
so that one process may have several.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from typing import Annotated, Any

from fastapi import FastAPI, Header, Query, Request
from starlette.responses import Response

from .. import __version__, documents
from ..access import ClientConfig
from ..config import RATE
from ..issuer_http import ReadKeys, read_keys
from ..problems import Kind, Problem
from ..supervisor.lease_tokens import LeaseTokens
from ..supervisor.tickets import TicketOffice
from . import auth, errors, openapi, serializers
from .archives import ArchiveRoutes
from .auth import Authenticator
from .backend import Backend, C, Uploads
from .events import MOST_LATEST, EventStreams
from .leases import LeaseRoutes, reference
from .line import LineRoutes
from .metrics import LaunchpadMetrics, Metrics
from .middleware import MAX_REQUESTS, RequestMiddleware
from .oidc import Issuers
from .page import PageRoutes
from .ppas import PpaRoutes
from .rate_limit import ConcurrencyLimiter
from .uploads import UploadRoutes

_NAME = "[a-z0-9][a-z0-9+.-]*"
# The pattern is for the API's description only: `reference` says what is wrong with a name.
_OfPpa = Annotated[
    str | None, Query(json_schema_extra={"pattern": f"^(~{_NAME}/{_NAME}/{_NAME}|ppa:{_NAME}/({_NAME}/)?{_NAME})$"})
]


def create_app(
    backend: Backend[C],
    clients: Sequence[ClientConfig] = (),
    *,
    uploads: Uploads,
    max_requests: int = MAX_REQUESTS,
    rate: float = RATE,
    promote_to: Sequence[str] = (),
    traffic: LaunchpadMetrics | None = None,
    now: Callable[[], float] = time.time,
    read_keys: ReadKeys = read_keys,
    tickets: TicketOffice | None = None,
) -> FastAPI:
    """The API of this supervisor, and of what follows `uploads`, for these clients; without any, everybody who reaches
    it is an operator.

    `rate`: requests per second that each client may sustain.  `traffic`: the metrics of the supervisor's requests to
    Launchpad.  `promote_to`: where packages may be copied while there are no clients.  `now`: the time (seconds since
    1970) by which tokens of issuers are judged; `read_keys` reads the keys of an issuer.  `tickets`: signs
    the tokens of leases (None: by a key of this application alone).  `state.authenticator`,
    `state.streams` and `state.concurrency` are for the server.
    """
    app = FastAPI(
        title="PPA assigner", version=__version__, docs_url=None, redoc_url=None, openapi_url=None,
        redirect_slashes=False,
    )  # fmt: skip
    lease_tokens = LeaseTokens(tickets or TicketOffice(secrets.token_bytes()))
    issuers = Issuers(read_keys, now)
    app.state.authenticator = Authenticator(clients, rate, promote_to, issuers=issuers, lease_tokens=lease_tokens)
    app.state.streams = EventStreams(backend.events)
    app.state.concurrency = ConcurrencyLimiter(max_requests)
    metrics = Metrics(backend, traffic)
    errors.install(app)
    LeaseRoutes(backend, metrics.assigns, lease_tokens).install(app)
    UploadRoutes(backend, uploads).install(app)
    LineRoutes(backend).install(app)
    PpaRoutes(backend).install(app)
    ArchiveRoutes(backend).install(app)
    DaemonRoutes(app, backend, metrics).install(app)
    PageRoutes(app, backend).install(app)
    app.add_middleware(
        RequestMiddleware, authenticator=app.state.authenticator, metrics=metrics, concurrency=app.state.concurrency
    )
    return app


class DaemonRoutes:
    """The calls about the daemon itself: events, health, metrics, and the API's own description."""

    def __init__(self, app: FastAPI, backend: Backend[Any], metrics: Metrics) -> None:
        self._app = app
        self._backend = backend
        self._metrics = metrics
        self._openapi: dict[tuple[bool, bool], bytes] = {}  # by what a reload may change

    def install(self, app: FastAPI) -> None:
        """Add the routes."""
        add: Any = app.add_api_route
        responses, unguarded = openapi.responses, openapi.UNGUARDED
        add("/v1/events", self.events, methods=["GET"], summary="Events, as server-sent events",
            responses={**openapi.events(), **responses({})}, response_model=None)  # fmt: skip
        add("/v1/caller", self.caller, methods=["GET"], summary="Who calls", response_model=None,
            responses=responses({200: documents.Caller}))  # fmt: skip
        add("/healthz", self.healthz, methods=["GET"], summary="Liveness", response_model=None,
            responses=responses({200: documents.Liveness}, (), unguarded), openapi_extra={"security": []})  # fmt: skip
        add("/readyz", self.readyz, methods=["GET"], summary="Readiness", response_model=None,
            responses=responses({200: documents.Readiness}, (Kind.UNAVAILABLE,), unguarded),
            openapi_extra={"security": []})  # fmt: skip
        add("/metrics", self.metrics, methods=["GET"], include_in_schema=False)
        add("/openapi.json", self.openapi, methods=["GET"], include_in_schema=False)

    async def events(
        self,
        request: Request,
        last_event_id: Annotated[str | None, Header()] = None,
        follow: bool = True,
        ppa: _OfPpa = None,
        latest: Annotated[int | None, Query(ge=1, le=MOST_LATEST)] = None,
    ) -> Response:
        """All events since the daemon's start that are still kept, or those after `Last-Event-ID`; then (`follow`) new
        ones.  Of one PPA alone (`ppa`), and of what is kept no more than the `latest`, if that is said.

        An event `reset` says that the reader missed some: `{"why": "restarted" | "forgotten", "first": number}`.
        """
        if request.state.head:
            return Response(media_type="text/event-stream")
        streams: EventStreams = self._app.state.streams
        of = reference(ppa) if ppa else None
        return streams.open(last_event_id, follow=follow, who=request.state.who, ppa=of, latest=latest)

    async def caller(self, request: Request) -> Response:
        """As whom the daemon knows who calls: by the token, or as everybody where no clients are configured."""
        return serializers.answer(serializers.caller(auth.caller(request.scope)))

    async def healthz(self) -> Response:
        """200 as long as the daemon answers at all."""
        return serializers.answer(documents.Liveness(alive=True))

    async def readyz(self, launchpad: bool = False) -> Response:
        """200 once every PPA was looked at; until then 503, and why.

        It stays 200 while Launchpad is away, and `launchpad` in the answer says so; with `?launchpad=1` it is 503 then.
        """
        reason, reachable = self._backend.unready(), self._backend.launchpad()
        status = serializers.launchpad_status(reachable)
        if reason is None and launchpad and not reachable.ok:
            reason = f"Launchpad is away: {reachable.why}"
        if reason is not None:
            raise Problem(Kind.UNAVAILABLE, reason, launchpad=status)
        return serializers.answer(documents.Readiness(ready=True, launchpad=status))

    async def metrics(self) -> Response:
        """All metrics, in the text format of Prometheus."""
        return self._metrics.answer()

    async def openapi(self) -> Response:
        """The OpenAPI document of this API."""
        authenticator: Authenticator = self._app.state.authenticator
        kind = authenticator.open, authenticator.asks_issuers
        if kind not in self._openapi:
            document = openapi.describe(self._app, open_to_all=kind[0], asks_issuers=kind[1])
            self._openapi[kind] = serializers.encoded(document)
        return serializers.raw_answer(self._openapi[kind])
