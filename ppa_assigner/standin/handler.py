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
from .holds import Gate, Gates
from .messages import Answer, Call
from .request_log import Entry, Journal
from .service import Service

OPERATION = re.compile(r"(?:^|[?&])ws\.op=([\w.%\"]+)")
TEXT = (("Content-Type", "text/plain;charset=utf-8"),)


@dataclass(frozen=True)
class Outcome:
    """What to do with the connection: send `answer` (over `seconds`, or `cut` in the middle), or close it without
    one."""

    answer: Answer | None
    seconds: float = 0.0
    cut: bool = False


CLOSE = Outcome(None)


def operation_of(call: Call) -> str | None:
    """The named operation that a request asks for."""
    found = OPERATION.search(call.target)
    if found is None and call.method == "POST":
        found = OPERATION.search(call.body[:4096].decode("latin-1"))
    return unquote(found[1]).strip('"') if found else None


class Exchange:
    """Takes requests and gives outcomes. `delay` seconds are added to each request. Safe for any number of threads."""

    def __init__(self, service: Service, delay: float = 0.0) -> None:
        self.service, self.delay = service, delay
        self.journal, self.faults, self.gates = Journal(), Faults(), Gates()
        self._actions: dict[str, Callable[[Call, Entry, Rule, socket.socket | None], Outcome]] = {
            "delay": self._delay,
            "hang": self._hang,
            "status": self._status,
            "drop_before": lambda *_: CLOSE,
            "drop_after": self._drop_after,
            "late": self._late,
            "conflict": lambda *_: Outcome(Answer(412, (("Content-Type", "text/plain"),), b"", "Precondition Failed")),
            "read_only": lambda *_: Outcome(Answer(503, TEXT, b"Read-only for maintenance.", "Service Unavailable")),
            "trickle": self._trickle,
            "truncate": self._truncate,
            "hold": self._hold,
            "hold_after": self._hold_after,
        }

    def handle(self, call: Call, client: socket.socket | None = None, connection: int = 0) -> tuple[Outcome, Entry]:
        """Put a request through; whoever sends the answer calls `journal.end` afterwards."""
        operation = operation_of(call)
        entry = self.journal.begin(call.method, call.target, operation, self.service.who(call), connection)
        call = replace(call, number=entry.number)
        if self.delay:
            self._wait(entry, "before", 0, self.delay)
        rule = self.faults.take(entry, call.body)
        if rule is None:
            return Outcome(self._apply(call, entry)), entry
        entry.fault, entry.rule = rule.action, rule.id
        return self._actions[rule.action](call, entry, rule, client), entry

    def _apply(self, call: Call, entry: Entry) -> Answer:
        answer = self.service.apply(call)
        self.journal.took(entry, answer.status)
        return answer

    def _wait(
        self, entry: Entry, stage: str, rule: int, seconds: float | None, client: socket.socket | None = None
    ) -> str:
        gate = Gate(entry.number, entry.method, entry.path, stage, rule)
        return self.gates.wait(gate, seconds, client)

    def _delay(self, call: Call, entry: Entry, rule: Rule, client: socket.socket | None) -> Outcome:
        if self._wait(entry, "before", rule.id, rule.seconds or 0.0) == "drop":
            return CLOSE
        return Outcome(self._apply(call, entry))

    def _hang(self, call: Call, entry: Entry, rule: Rule, client: socket.socket | None) -> Outcome:
        if self._wait(entry, "before", rule.id, rule.seconds, client) != "go":
            return CLOSE
        return Outcome(self._apply(call, entry))

    def _hold(self, call: Call, entry: Entry, rule: Rule, client: socket.socket | None) -> Outcome:
        if self._wait(entry, "before", rule.id, rule.seconds) == "drop":
            return CLOSE
        return Outcome(self._apply(call, entry))

    def _hold_after(self, call: Call, entry: Entry, rule: Rule, client: socket.socket | None) -> Outcome:
        answer = self._apply(call, entry)
        verdict = self._wait(entry, "after", rule.id, rule.seconds)
        return CLOSE if verdict == "drop" else Outcome(answer)

    def _status(self, call: Call, entry: Entry, rule: Rule, client: socket.socket | None) -> Outcome:
        if rule.apply:
            self._apply(call, entry)
        headers = dict(TEXT) | rule.headers
        return Outcome(Answer(rule.status, tuple(headers.items()), rule.text.encode()))

    def _drop_after(self, call: Call, entry: Entry, rule: Rule, client: socket.socket | None) -> Outcome:
        self._apply(call, entry)
        return CLOSE

    def _trickle(self, call: Call, entry: Entry, rule: Rule, client: socket.socket | None) -> Outcome:
        return Outcome(self._apply(call, entry), rule.seconds or 1.0)

    def _truncate(self, call: Call, entry: Entry, rule: Rule, client: socket.socket | None) -> Outcome:
        return Outcome(self._apply(call, entry), cut=True)

    def _late(self, call: Call, entry: Entry, rule: Rule, client: socket.socket | None) -> Outcome:
        threading.Thread(target=self._apply_late, args=(call, entry, rule), name="late", daemon=True).start()
        if rule.keep_open:
            self._wait(entry, "late", rule.id, None, client)
        return CLOSE

    def _apply_late(self, call: Call, entry: Entry, rule: Rule) -> None:
        if self._wait(entry, "late", rule.id, rule.seconds) != "drop":
            self._apply(call, entry)
