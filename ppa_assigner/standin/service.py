"""The web service itself: lazr.restful over the world, one request at a time.

It applies a request as a whole and returns the response. It knows nothing of sockets, faults or logs. zope's
registry belongs to the process, so there is one service and one world at a time.
"""

# mypy: disallow-subclassing-any=False
# (zope and lazr.restful ship no types)

from __future__ import annotations

import re
from email.utils import format_datetime
from io import BytesIO
from typing import Any

from lazr.restful.interfaces import IServiceRootResource, IWebServiceConfiguration
from zope.component import getUtility
from zope.publisher.publish import publish

from . import door, downloads, framework, oauth
from .access import Principal, acting_as
from .messages import HttpRequest, HttpResponse
from .oauth import TokenRefusedError
from .world import World

TEXT = ("Content-Type", "text/plain;charset=utf-8")
VARY = ("Vary", "Accept")
KEPT_OUT = ("x-powered-by", "content-length", "date")


# The real service refuses even its own whole representation; why was not recorded, and lazr.restful 4 would take it.
WHOLE_REFUSED = HttpResponse(400, (TEXT, VARY), b"An entry can only be changed by PATCH here.")


class WebService:
    """Launchpad's web service over a world. `address` is (host, port) as clients see it."""

    def __init__(self, world: World, address: tuple[str, int]) -> None:
        self.world = world
        framework.set_up()
        config = getUtility(IWebServiceConfiguration)
        config.hostname, config.port = address
        self.serve(world)

    def serve(self, world: World) -> None:
        """Serve another world from now on."""
        self.world = world
        framework.Served.world = world

    def apply(self, request: HttpRequest) -> HttpResponse:
        """Apply a request as a whole, before any other one."""
        download = downloads.serve(self.world, request)
        if download is not None:
            return download
        with self.world.lock:
            if request.method == "PUT" and door.put(self.world, request.target, request.body):
                return HttpResponse(201, (TEXT,))
            response = self._respond(request)
            self.world.finish_request()
            return response

    def date(self) -> str:
        """The Date header of this moment, by the world's clock."""
        return format_datetime(self.world.now(), usegmt=True)

    def who(self, request: HttpRequest) -> tuple[str | None, str | None]:
        """The person and the consumer that a request's token is for; None for a token that is not valid."""
        try:
            caller = self.world.tokens.caller(request.headers.get("authorization"))
        except TokenRefusedError:
            return None, None
        return caller.person.name if caller.person else None, caller.consumer

    def _respond(self, request: HttpRequest) -> HttpResponse:
        page = oauth.serve(self.world, request)
        if page is not None:
            return HttpResponse(page[0], (TEXT,), page[1].encode())
        try:
            caller = self.world.tokens.caller(request.headers.get("authorization"), request.number)
        except TokenRefusedError as refusal:
            return HttpResponse(401, (TEXT, VARY), str(refusal).encode())
        if request.method == "PUT":
            return WHOLE_REFUSED
        moved = self._redirect(request, caller)
        return moved or _publish(request, caller)

    def _redirect(self, request: HttpRequest, caller: Principal) -> HttpResponse | None:
        path, _, query = request.target.partition("?")
        version, _, rest = path.lstrip("/").partition("/")
        target = self._canonical(rest, caller)
        if version not in framework.VERSIONS or target is None:
            return None
        config = getUtility(IWebServiceConfiguration)
        link = f"http://{config.hostname}:{config.port}/{version}/{target}"
        if query and "+me" not in path:
            link += f"?{query}"
        return HttpResponse(303, (("Location", link), VARY, TEXT))

    def _canonical(self, rest: str, caller: Principal) -> str | None:
        """The canonical address of what another address names, to redirect to; None without one."""
        rest = rest.replace("%7E", "~")
        if rest == "people/+me":
            return caller.person.path if caller.person else None
        short = re.fullmatch(r"~([^/]+)/\+archive/([^/]+)(/\+.*)?", rest)
        if short is None:
            return None
        owner = self.world.people.get(short[1])
        archive = owner.find(self.world.ubuntu.name, short[2]) if owner else None
        return archive.path + (short[3] or "") if archive else None


def _environ(request: HttpRequest) -> dict[str, Any]:
    path, _, query = request.target.partition("?")
    config = getUtility(IWebServiceConfiguration)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_URL": f"http://{config.hostname}:{config.port}",
        "CONTENT_LENGTH": str(len(request.body)),
    }
    for name, value in request.headers.items():
        environ["HTTP_" + name.upper().replace("-", "_")] = value
    if "content-type" in request.headers:
        environ["CONTENT_TYPE"] = request.headers["content-type"]
    return environ


def _publish(request: HttpRequest, caller: Principal) -> HttpResponse:
    traversed = framework.StandinRequest(BytesIO(request.body), _environ(request))
    traversed.setPublication(framework.StandinPublication(getUtility(IServiceRootResource)))
    with acting_as(caller):
        response = publish(traversed, handle_errors=True).response
    headers = [(k, v) for k, v in response.getHeaders() if k.lower() not in KEPT_OUT]
    if not traversed.lost:
        headers.append(VARY)
    body = b"".join(response.consumeBodyIter())
    return HttpResponse(response.getStatus(), tuple(headers), body, response.getStatusString().partition(" ")[2])
