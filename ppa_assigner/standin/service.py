"""The web service itself: lazr.restful over the world, one request at a time.

Given a request it applies it as a whole and gives the answer. It knows nothing of sockets, faults or logs. zope's
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

from . import framework, indexes, oauth
from .access import Caller, asked_by
from .messages import Answer, Call
from .oauth import TokenRefusedError
from .world import World

TEXT = ("Content-Type", "text/plain;charset=utf-8")
VARY = ("Vary", "Accept")
KEPT_OUT = ("x-powered-by", "content-length", "date")


# The real service refuses even its own whole representation; why was not recorded, and lazr.restful 4 would take it.
WHOLE_REFUSED = Answer(400, (TEXT, VARY), b"An entry can only be changed by PATCH here.")


class Service:
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
        framework.Place.world = world

    def apply(self, call: Call) -> Answer:
        """Apply a request, all of it, before any other one."""
        index = indexes.serve(self.world, call.target.partition("?")[0])
        if index is not None:
            return Answer(200, (("Content-Type", "application/octet-stream"),), index)
        with self.world.lock:
            answer = self._answer(call)
            self.world.finish_request()
            return answer

    def date(self) -> str:
        """The Date header of this moment, by the world's clock."""
        return format_datetime(self.world.now(), usegmt=True)

    def who(self, call: Call) -> tuple[str | None, str | None]:
        """The person and the consumer that a request's token is for; None for a token that is not good."""
        try:
            caller = self.world.tokens.caller(call.headers.get("authorization"))
        except TokenRefusedError:
            return None, None
        return caller.person.name if caller.person else None, caller.consumer

    def _answer(self, call: Call) -> Answer:
        page = oauth.serve(self.world, call)
        if page is not None:
            return Answer(page[0], (TEXT,), page[1].encode())
        try:
            caller = self.world.tokens.caller(call.headers.get("authorization"), call.number)
        except TokenRefusedError as refusal:
            return Answer(401, (TEXT, VARY), str(refusal).encode())
        if call.method == "PUT":
            return WHOLE_REFUSED
        moved = self._redirect(call, caller)
        return moved or _published(call, caller)

    def _redirect(self, call: Call, caller: Caller) -> Answer | None:
        path, _, query = call.target.partition("?")
        version, _, rest = path.lstrip("/").partition("/")
        target = self._canonical(rest, caller)
        if version not in framework.VERSIONS or target is None:
            return None
        config = getUtility(IWebServiceConfiguration)
        link = f"http://{config.hostname}:{config.port}/{version}/{target}"
        if query and "+me" not in path:
            link += f"?{query}"
        return Answer(303, (("Location", link), VARY, TEXT))

    def _canonical(self, rest: str, caller: Caller) -> str | None:
        """Where a request for another address of the same thing is sent to, always with GET."""
        rest = rest.replace("%7E", "~")
        if rest == "people/+me":
            return caller.person.path if caller.person else None
        short = re.fullmatch(r"~([^/]+)/\+archive/([^/]+)(/\+.*)?", rest)
        if short is None:
            return None
        owner = self.world.people.get(short[1])
        archive = owner.find(self.world.ubuntu.name, short[2]) if owner else None
        return archive.path + (short[3] or "") if archive else None


def _environ(call: Call) -> dict[str, Any]:
    path, _, query = call.target.partition("?")
    config = getUtility(IWebServiceConfiguration)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": call.method,
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_URL": f"http://{config.hostname}:{config.port}",
        "CONTENT_LENGTH": str(len(call.body)),
    }
    for name, value in call.headers.items():
        environ["HTTP_" + name.upper().replace("-", "_")] = value
    if "content-type" in call.headers:
        environ["CONTENT_TYPE"] = call.headers["content-type"]
    return environ


def _published(call: Call, caller: Caller) -> Answer:
    request = framework.StandinRequest(BytesIO(call.body), _environ(call))
    request.setPublication(framework.StandinPublication(getUtility(IServiceRootResource)))
    with asked_by(caller):
        response = publish(request, handle_errors=True).response
    headers = [(k, v) for k, v in response.getHeaders() if k.lower() not in KEPT_OUT]
    if not request.lost:
        headers.append(VARY)
    body = b"".join(response.consumeBodyIter())
    return Answer(response.getStatus(), tuple(headers), body, response.getStatusString().partition(" ")[2])
