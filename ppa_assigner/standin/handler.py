"""One request from its arrival to its answer: logged, applied, and put through the fault that a rule has for it.

All waiting happens here, outside the world's lock; applying itself is the service's.
"""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from urllib.parse import unquote

from .faults import Faults, Rule
from .holds import HeldRequest, HeldRequests
from .messages import HttpRequest, HttpResponse
from .request_log import LoggedRequest, RequestLog
from .service import WebService

_OPERATION = re.compile(r"(?:^|[?&])ws\.op=([\w.%\"]+)")
_TEXT = (("Content-Type", "text/plain;charset=utf-8"),)


@dataclass(frozen=True)
class Outcome:
    """What to do with the connection: send `response` (over `seconds`, or `cut` in the middle), or close it without
    one."""

    response: HttpResponse | None
    seconds: float = 0.0
    cut: bool = False


CLOSE = Outcome(None)


def operation_of(request: HttpRequest) -> str | None:
    """The named operation that a request asks for."""
    found = _OPERATION.search(request.target)
    if found is None and request.method == "POST":
        found = _OPERATION.search(request.body[:4096].decode("latin-1"))
    return unquote(found[1]).strip('"') if found else None


class RequestHandler:
    """Puts requests through and returns what to do with the connection. `delay` seconds are added to each request. Safe
    for any number of threads.
    """

    def __init__(self, service: WebService, delay: float = 0.0) -> None:
        self.service, self.delay = service, delay
        self.request_log, self.faults, self.held_requests = RequestLog(), Faults(), HeldRequests()
        self._actions: dict[str, Callable[[HttpRequest, LoggedRequest, Rule, socket.socket | None], Outcome]] = {
            "delay": self._delay,
            "hang": self._hang,
            "status": self._status,
            "drop_before": lambda *_: CLOSE,
            "drop_after": self._drop_after,
            "late": self._late,
            "conflict": lambda *_: Outcome(
                HttpResponse(412, (("Content-Type", "text/plain"),), b"", "Precondition Failed")
            ),
            "read_only": lambda *_: Outcome(
                HttpResponse(503, _TEXT, b"Read-only for maintenance.", "Service Unavailable")
            ),
            "trickle": self._trickle,
            "truncate": self._truncate,
            "hold": self._hold,
            "hold_after": self._hold_after,
        }

    def handle(
        self, request: HttpRequest, client: socket.socket | None = None, connection: int = 0
    ) -> tuple[Outcome, LoggedRequest]:
        """Put a request through; the sender of the response calls `request_log.end` afterwards."""
        operation = operation_of(request)
        who = self.service.who(request)
        entry = self.request_log.begin(request.method, request.target, operation, who, connection, client)
        request = replace(request, number=entry.number)
        if self.delay:
            self._wait(entry, "before", 0, self.delay)
        rule = self.faults.take(entry, request.body)
        if rule is None:
            return Outcome(self._apply(request, entry)), entry
        entry.fault, entry.rule = rule.action, rule.id
        return self._actions[rule.action](request, entry, rule, client), entry

    def _apply(self, request: HttpRequest, entry: LoggedRequest) -> HttpResponse:
        response = self.service.apply(request)
        self.request_log.took(entry, response.status)
        return response

    def _wait(
        self, entry: LoggedRequest, stage: str, rule: int, seconds: float | None, client: socket.socket | None = None
    ) -> str:
        held = HeldRequest(entry.number, entry.method, entry.path, stage, rule)
        return self.held_requests.wait(held, seconds, client)

    def _delay(self, request: HttpRequest, entry: LoggedRequest, rule: Rule, client: socket.socket | None) -> Outcome:
        if self._wait(entry, "before", rule.id, rule.seconds or 0.0) == "drop":
            return CLOSE
        return Outcome(self._apply(request, entry))

    def _hang(self, request: HttpRequest, entry: LoggedRequest, rule: Rule, client: socket.socket | None) -> Outcome:
        if self._wait(entry, "before", rule.id, rule.seconds, client) != "go":
            return CLOSE
        return Outcome(self._apply(request, entry))

    def _hold(self, request: HttpRequest, entry: LoggedRequest, rule: Rule, client: socket.socket | None) -> Outcome:
        if self._wait(entry, "before", rule.id, rule.seconds) == "drop":
            return CLOSE
        return Outcome(self._apply(request, entry))

    def _hold_after(
        self, request: HttpRequest, entry: LoggedRequest, rule: Rule, client: socket.socket | None
    ) -> Outcome:
        response = self._apply(request, entry)
        verdict = self._wait(entry, "after", rule.id, rule.seconds)
        return CLOSE if verdict == "drop" else Outcome(response)

    def _status(self, request: HttpRequest, entry: LoggedRequest, rule: Rule, client: socket.socket | None) -> Outcome:
        if rule.apply:
            self._apply(request, entry)
        headers = dict(_TEXT) | rule.headers
        return Outcome(HttpResponse(rule.status, tuple(headers.items()), rule.text.encode()))

    def _drop_after(
        self, request: HttpRequest, entry: LoggedRequest, rule: Rule, client: socket.socket | None
    ) -> Outcome:
        self._apply(request, entry)
        return CLOSE

    def _trickle(self, request: HttpRequest, entry: LoggedRequest, rule: Rule, client: socket.socket | None) -> Outcome:
        return Outcome(self._apply(request, entry), rule.seconds or 1.0)

    def _truncate(
        self, request: HttpRequest, entry: LoggedRequest, rule: Rule, client: socket.socket | None
    ) -> Outcome:
        return Outcome(self._apply(request, entry), cut=True)

    def _late(self, request: HttpRequest, entry: LoggedRequest, rule: Rule, client: socket.socket | None) -> Outcome:
        threading.Thread(target=self._apply_late, args=(request, entry, rule), name="late", daemon=True).start()
        if rule.keep_open:
            self._wait(entry, "late", rule.id, None, client)
        return CLOSE

    def _apply_late(self, request: HttpRequest, entry: LoggedRequest, rule: Rule) -> None:
        if self._wait(entry, "late", rule.id, rule.seconds) != "drop":
            self._apply(request, entry)
