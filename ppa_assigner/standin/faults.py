"""Faults by rule: which requests meet one, and which fault that is.

Only matching and counting; what a fault does to a request is the exchange's business.
"""

from __future__ import annotations

import itertools
import random
import re
import threading
from dataclasses import dataclass, field, fields
from typing import Any

from .request_log import LoggedRequest

ACTIONS = (
    "delay",
    "hang",
    "status",
    "drop_before",
    "drop_after",
    "late",
    "conflict",
    "read_only",
    "trickle",
    "truncate",
    "hold",
    "hold_after",
)
WRITES = ("PATCH", "PUT", "POST", "DELETE")


@dataclass
class Rule:
    """A fault and the requests that meet it.

    A request matches when all that is given fits: `method`, `path` (regular expression, searched for in path and
    query), `operation` (ws.op), `consumer` (of the token: tells daemons apart that are
    one person), `body` (regular expression). The first `skip` matches are let off, then `times` meet it
    (None: all), of those only each `every`-th, and only with `probability` (drawn from `seed`).

    Actions: `delay` (by `seconds`, then as usual), `hang` (until released or the client closes; released it goes on
    as usual), `status` (answer `status` with `text` and `headers`; applied before if `apply`), `drop_before` (close,
    apply nothing), `drop_after` (apply, close), `late` (close at once, or leave hanging with `keep_open`; apply after
    `seconds`, or when released if None), `conflict` (412, applying nothing), `read_only` (503 to everything that
    writes), `truncate` (apply, close in the middle of the answer), `trickle` (the answer piece by piece over
    `seconds`), `hold` and `hold_after` (wait before or after applying until released, even when the client has gone
    meanwhile).
    """

    action: str
    method: str | None = None
    path: str | None = None
    operation: str | None = None
    consumer: str | None = None
    body: str | None = None
    skip: int = 0
    times: int | None = None
    every: int = 1
    probability: float = 1.0
    seed: int = 0
    seconds: float | None = None
    status: int = 503
    text: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    apply: bool = False
    keep_open: bool = False
    id: int = 0
    matched: int = 0
    met: int = 0
    dice: random.Random = field(default_factory=random.Random, repr=False)

    def __post_init__(self) -> None:
        if self.action not in ACTIONS:
            raise ValueError(f"action must be one of {', '.join(ACTIONS)}")
        if self.every < 1:
            raise ValueError("every must be at least 1")
        self.dice = random.Random(self.seed)  # noqa: S311 - repeatable, not secret
        for expression in (self.path, self.body):
            re.compile(expression or "")

    def fits(self, entry: LoggedRequest, body: bytes) -> bool:
        """Whether a request matches, apart from the counts."""
        return (
            self.method in (None, entry.method)
            and (self.action != "read_only" or entry.method in WRITES)
            and self.operation in (None, entry.operation)
            and self.consumer in (None, entry.consumer)
            and (self.path is None or re.search(self.path, entry.path) is not None)
            and (self.body is None or re.search(self.body, body.decode("utf-8", "replace")) is not None)
        )

    def due(self) -> bool:
        """Count a match, and say whether it meets the fault."""
        self.matched += 1
        turn = self.matched - self.skip
        if turn < 1 or turn % self.every or (self.times is not None and self.met >= self.times):
            return False
        if self.probability < 1 and self.dice.random() >= self.probability:
            return False
        self.met += 1
        return True

    def show(self) -> dict[str, Any]:
        """The rule and its counts, for the control interface."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name != "dice"}


class Faults:
    """The rules that are in force; the first one that a request meets decides."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: list[Rule] = []
        self._ids = itertools.count(1)

    def add(self, **what: Any) -> Rule:
        """Add a rule; raises TypeError or ValueError for one that makes no sense."""
        rule = Rule(**what)
        with self._lock:
            rule.id = next(self._ids)
            self._rules = [*self._rules, rule]
        return rule

    def remove(self, number: int | None = None) -> int:
        """Remove one rule, or all; returns how many."""
        with self._lock:
            kept = [r for r in self._rules if number is not None and r.id != number]
            gone, self._rules = len(self._rules) - len(kept), kept
        return gone

    def show(self) -> list[dict[str, Any]]:
        """All rules with their counts."""
        with self._lock:
            return [rule.show() for rule in self._rules]

    def take(self, entry: LoggedRequest, body: bytes) -> Rule | None:
        """The rule that this request meets."""
        if not self._rules:
            return None
        with self._lock:
            return next((r for r in self._rules if r.fits(entry, body) and r.due()), None)
