"""The stand-in as a whole: a Launchpad on loopback with its control interface, in this process, in threads.

One per process at a time (zope's registry is the process's). It keeps nothing on disk.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import replace
from types import TracebackType

from .clock import Clock
from .commands import Commands, ControlInterface
from .debs import deb
from .handler import Outcome, RequestHandler
from .messages import HttpRequest, HttpResponse
from .people_control import make_token, show_token
from .scheduler import Scheduler
from .server import HttpServer
from .service import WebService
from .world import Spec, World

BOT, STRANGER, ADMINISTRATOR = "ppa-bot", "stranger", "lp-admin"


class Standin:
    """Listens from its construction on (ports 0 take any), answers from `start` to `stop`; also a context manager.

    With `owner` there are the ready-made persons `ppa-bot` (owner of the team, so that it can make PPAs too),
    `stranger` and `lp-admin`, and the team `owner` with `ppas` PPAs called pool-001 and so on. `speed` is the
    clock's, `delay` seconds are added to each request.
    """

    def __init__(
        self,
        port: int = 0,
        control_port: int = 0,
        owner: str | None = "ci-pool",
        ppas: int = 0,
        speed: float = 1.0,
        delay: float = 0.0,
        spec: Spec | None = None,
    ) -> None:
        self._spec = spec or Spec()
        self._server = HttpServer(port, self._handle, "launchpad")
        self._control_server = HttpServer(control_port, self._control, "control")
        self.service = WebService(World(Clock(speed), self._spec), ("127.0.0.1", self._server.port))
        self.handler = RequestHandler(self.service, delay)
        self.scheduler = Scheduler(lambda: self.service.world)
        self.commands = Commands(self)
        self._controller = ControlInterface(self.commands)
        if owner:
            self.populate(owner, ppas)

    @property
    def service_root(self) -> str:
        """The address for launchpadlib, without a version."""
        return f"http://127.0.0.1:{self._server.port}/"

    @property
    def control_url(self) -> str:
        """The address of the control interface."""
        return f"http://127.0.0.1:{self._control_server.port}/"

    def start(self) -> Standin:
        """Start to answer."""
        self._server.start()
        self._control_server.start()
        self.scheduler.start()
        return self

    def stop(self) -> None:
        """Close all connections and stop."""
        self.handler.held_requests.close()
        self._server.stop()
        self._control_server.stop()
        self.scheduler.stop()

    def __enter__(self) -> Standin:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def populate(self, owner: str, ppas: int) -> None:
        """Make the ready-made persons, the team and its PPAs."""
        world = self.service.world
        with world.lock:
            bot = world.make_person(BOT)
            administrator = world.make_person(ADMINISTRATOR)
            administrator.is_admin = True
            for person in (bot, world.make_person(STRANGER), administrator):
                make_token(person)
            world.make_team(owner, bot)
        self.commands.ppas(owner, count=ppas)

    def renew(self, spec: Spec | None) -> None:
        """Replace the world by a fresh one with a fresh clock; scripts no longer run by themselves."""
        old = self.service.world
        self.scheduler.set(**dict.fromkeys(self.scheduler.every))
        deb.cache_clear()  # what it keeps leads to the old world
        with old.lock:
            self.service.serve(World(Clock(), spec or self._spec, old.lock))
        with old.clock.changed:
            old.clock.changed.notify_all()

    def credentials(self) -> dict[str, dict[str, str]]:
        """The newest token of each person who has one: name -> {"person", "consumer", "token", "secret"}."""
        world = self.service.world
        found = {name: world.tokens.of(name) for name in list(world.people)}
        return {name: show_token(token) for name, token in found.items() if token is not None}

    def credentials_text(self, person: str = BOT) -> str:
        """A credentials file of launchpadlib with that person's newest token; KeyError when there is none."""
        return credentials_text(self.credentials()[person])

    def _handle(
        self, request: HttpRequest, client: socket.socket, number: int, send: Callable[[Outcome], None]
    ) -> None:
        outcome, entry = self.handler.handle(request, client, number)
        response = outcome.response
        if response is not None:
            response = HttpResponse(
                response.status, (("Date", self.service.date()), *response.headers), response.body, response.reason
            )
        status = response.status if response else None
        if not outcome.seconds:  # who has the answer finds it in the log
            self.handler.request_log.end(entry, status)
        try:
            send(replace(outcome, response=response))
        finally:
            if outcome.seconds:
                self.handler.request_log.end(entry, status)

    def _control(
        self, request: HttpRequest, client: socket.socket, number: int, send: Callable[[Outcome], None]
    ) -> None:
        self._controller.handle(request, client, number, send)


def credentials_text(token: dict[str, str]) -> str:
    """A credentials file of launchpadlib for {"consumer", "token", "secret"}."""
    return (
        f"[1]\nconsumer_key = {token['consumer']}\nconsumer_secret = \n"
        f"access_token = {token['token']}\naccess_secret = {token['secret']}\n\n"
    )
