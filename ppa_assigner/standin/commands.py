"""The control interface: what can be done to the stand-in from outside its web service, over HTTP on its own port.

`POST /NAME` with a JSON object, or `GET /NAME?…` with values that are JSON or text, runs the command of that name;
`/NAME/NUMBER` gives its `number`. The answer is JSON; 400 `{"error"}` for what makes no sense, 404 for unknown
commands, 409 for a refused upload. Every public method of `Commands` is a command; PPAs are named `~owner/ubuntu/name`;
times are ISO 8601.
"""

from __future__ import annotations

import json
import socket
import traceback
from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import parse_qsl, unquote, urlsplit

from .errors import RejectedError
from .faults import Faults
from .handler import Outcome, RequestHandler
from .holds import HeldRequests
from .messages import HttpRequest, HttpResponse
from .package_control import PackageCommands
from .people_control import PeopleCommands
from .request_log import LogFilter, RequestLog
from .scheduler import Scheduler, run_script
from .service import WebService
from .world import Spec, World


class ControlledStandin(Protocol):
    """The stand-in as the commands know it."""

    @property
    def service(self) -> WebService:
        """The web service."""

    @property
    def handler(self) -> RequestHandler:
        """How its requests are handled."""

    @property
    def scheduler(self) -> Scheduler:
        """The scripts that run by themselves."""

    @property
    def service_root(self) -> str:
        """The address for launchpadlib, without a version."""

    @property
    def control_url(self) -> str:
        """The address of the control interface."""

    def populate(self, owner: str, ppas: int) -> None:
        """Make the ready-made persons, the team and its PPAs."""

    def renew(self, spec: Spec | None) -> None:
        """A fresh world."""

    def credentials(self) -> dict[str, dict[str, str]]:
        """The newest token of each person who has one."""


class Commands(PeopleCommands, PackageCommands):
    """All commands of the control interface. They may be called from any thread."""

    def __init__(self, standin: ControlledStandin) -> None:
        self._standin = standin

    @property
    def _world(self) -> World:
        return self._standin.service.world

    @property
    def _request_log(self) -> RequestLog:
        return self._standin.handler.request_log

    @property
    def _faults(self) -> Faults:
        return self._standin.handler.faults

    @property
    def _held_requests(self) -> HeldRequests:
        return self._standin.handler.held_requests

    # the stand-in as a whole

    def about(self) -> dict[str, Any]:
        """Where it listens, with the folders for `dput` below `door`; what its world has, which persons have tokens."""
        spec = self._world.spec
        return {
            "service_root": self._standin.service_root,
            "control": self._standin.control_url,
            "door": f"{self._standin.service_root}upload/",
            "distribution": self._world.ubuntu.name,
            "series": list(spec.series),
            "arches": list(spec.arches),
            "credentials": self._standin.credentials(),
        }

    def reset(self, spec: dict[str, Any] | None = None, owner: str | None = None, ppas: int = 0) -> dict[str, Any]:
        """A fresh world: nothing in it but what `spec` says (else as at the start), no log, no faults, what waited
        dropped, scripts off, and the clock back at real time and speed. With `owner` the ready-made persons and
        PPAs."""
        self._faults.remove()
        self._held_requests.release(None, "drop")
        self._request_log.clear()
        self._standin.renew(Spec(**spec) if spec else None)
        if owner:
            self._standin.populate(owner, ppas)
        return self.about()

    def delay(self, seconds: float) -> None:
        """Delay every request of the web service by that many seconds."""
        self._standin.handler.delay = seconds

    # time

    def clock(self, at: str | None = None, step: float | None = None, speed: float | None = None) -> dict[str, Any]:
        """Set, step (seconds) or speed up the clock; without arguments read it."""
        clock = self._world.clock
        if at is not None:
            clock.set(datetime.fromisoformat(at))
        if step is not None:
            clock.step(step)
        if speed is not None:
            clock.run(speed)
        return {"now": clock.now().isoformat(), "speed": clock.speed}

    def run(self, script: str, times: int = 1) -> None:
        """Run a script: `publisher`, `death_row`, `copies`, `builders`, `uploads` or `retry_waiting`, to its end."""
        for _ in range(times):
            run_script(self._world, script)

    def automatic(self, **every: float | None) -> dict[str, float]:
        """Run scripts every that many seconds of the stand-in's clock (None: stop); returns the seconds by script."""
        self._standin.scheduler.set(**every)
        return self._standin.scheduler.every

    def runs(self, script: str, least: int = 0, timeout: float = 0.0) -> int:
        """How often a script ran by itself since the start; waits up to `timeout` seconds until it was `least`."""
        return self._standin.scheduler.runs(script, least, timeout)

    def building(self, on: bool = True, every: float = 1.0, **seconds: float) -> dict[str, Any]:
        """Let builds go by themselves, or not: each waits `queue` seconds, takes `take` to build and `upload` to be
        uploaded, by the stand-in's clock; the builders look at them `every` so many seconds. Without rules all
        succeed."""
        building = self._world.building
        unknown = seconds.keys() - {"queue", "take", "upload"}
        if unknown:
            raise ValueError(f"builds have no {', '.join(sorted(unknown))}")
        with self._world.lock:
            building.on = on
            for name, value in seconds.items():
                setattr(building, name, value)
        self._standin.scheduler.set(builders=every if on else None)
        return {"on": on, "queue": building.queue, "take": building.take, "upload": building.upload}

    # faults

    def fault(self, **rule: Any) -> int:
        """Add a rule (see `faults.Rule`); returns its id."""
        return self._faults.add(**rule).id

    def faults(self) -> list[dict[str, Any]]:
        """All rules with how often they matched and were met."""
        return self._faults.show()

    def unfault(self, number: int | None = None) -> int:
        """Remove a rule, or all. Requests that wait because of it go on waiting."""
        return self._faults.remove(number)

    def held(self, least: int = 0, timeout: float = 0.0) -> list[dict[str, Any]]:
        """Requests that wait; waits up to `timeout` seconds until `least` do."""
        return self._held_requests.held(least, timeout)

    def release(self, number: int | None = None, verdict: str = "go", rule: int | None = None) -> int:
        """Let a request (or all, or those of a rule) go on; verdict `drop` closes its connection instead."""
        if verdict not in ("go", "drop"):
            raise ValueError("verdict must be go or drop")
        return self._held_requests.release(number, verdict, rule)

    # log

    def log(
        self,
        since: int = 0,
        method: str | None = None,
        path: str | None = None,
        operation: str | None = None,
        consumer: str | None = None,
        status: int | None = None,
        state: str = "done",
        applied: bool | None = None,
        least: int = 0,
        timeout: float = 0.0,
    ) -> list[dict[str, Any]]:
        """Requests after number `since`; waits up to `timeout` seconds until `least` of them fit."""
        return self._request_log.find(
            LogFilter(since, method, path, operation, consumer, status, state, applied), least, timeout
        )

    def last(self) -> int:
        """The number of the last request."""
        return self._request_log.last()

    def forget(self) -> None:
        """Empty the log; numbers go on."""
        self._request_log.clear()


JSON = (("Content-Type", "application/json"),)


class ControlInterface:
    """Answers requests to the control interface."""

    def __init__(self, commands: Commands) -> None:
        self._commands = commands

    def handle(self, request: HttpRequest, client: socket.socket, number: int, send: Callable[[Outcome], None]) -> None:
        """Answer one request."""
        status, result = self._answer(request)
        send(Outcome(HttpResponse(status, JSON, json.dumps(result).encode())))

    def _answer(self, request: HttpRequest) -> tuple[int, Any]:
        try:
            name, arguments = _parse(request)
            command = None if name.startswith("_") else getattr(self._commands, name, None)
            if not callable(command):
                return 404, {"error": f"no command {name}"}
            return 200, command(**arguments)
        except RejectedError as refusal:
            return 409, {"error": str(refusal)}
        except (KeyError, TypeError, ValueError) as mistake:
            return 400, {"error": f"{type(mistake).__name__}: {mistake}"}
        except Exception:  # reported to the caller, and the interface goes on
            return 500, {"error": traceback.format_exc()}


def _parse(request: HttpRequest) -> tuple[str, dict[str, Any]]:
    parts = urlsplit(request.target)
    name, _, rest = parts.path.strip("/").partition("/")
    arguments: dict[str, Any] = {key: _value(text) for key, text in parse_qsl(parts.query)}
    if request.body:
        arguments |= json.loads(request.body)
    if rest:
        arguments["number"] = int(unquote(rest))
    return name, arguments


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
