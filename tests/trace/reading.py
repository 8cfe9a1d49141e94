"""Reads a trace back: the lines that `ppa_assigner.trace` wrote, as the values that they were made of.

Rule: an unknown type or a broken line is an error, never passed over; only the last line of a file may be broken off,
for its daemon may have been killed in the midst of it.
"""

from __future__ import annotations

import dataclasses
import enum
import inspect
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ppa_assigner import access, labels, options, packages, port, record, selectors, trace, views
from ppa_assigner.automaton import (
    Event,
    Now,
    WorkerState,
    events,
    group_commands,
    now,
    operation,
    reachability,
    requests,
    state,
)
from ppa_assigner.automaton.events import Answered, Effect, LaunchpadAnswer
from ppa_assigner.automaton.requests import TOO_LATE, Request
from ppa_assigner.automaton.transitions import WriteReason
from ppa_assigner.config import settings
from ppa_assigner.problems import Kind, Problem
from ppa_assigner.reference import Reference
from ppa_assigner.supervisor import events as machine
from ppa_assigner.supervisor.requests import Key
from ppa_assigner.trace import SUPERVISOR, TYPE, Beginning, Opaque

MODULES = (
    access, labels, options, packages, port, record, selectors, views, events, group_commands, now, operation,
    reachability, requests, state, settings,
    machine, trace,
)  # fmt: skip
TYPES: Mapping[str, type] = {
    name: kind
    for module in MODULES
    for name, kind in vars(module).items()
    if inspect.isclass(kind) and (dataclasses.is_dataclass(kind) or issubclass(kind, enum.Enum))
} | {kind.__name__: kind for kind in (WriteReason, Key, Kind, record.Rank, record.GroupClaim, record.Deleter)}


def decoded(value: Any) -> Any:
    """The value that `trace.encoded` was given."""
    if isinstance(value, list):
        return tuple(decoded(one) for one in value)
    if not isinstance(value, dict):
        return value
    told = dict(value)
    kind = told.pop(TYPE)
    return FORMS[kind](told) if kind in FORMS else _object(TYPES[kind], told)


FORMS: Mapping[str, Callable[[dict[str, Any]], Any]] = {
    "datetime": lambda told: datetime.fromisoformat(told["at"]),
    "Reference": lambda told: Reference.parse(told["name"]),
    "Path": lambda told: Path(told["name"]),
    "Opaque": lambda told: Opaque(told["text"]),
    "Problem": lambda told: _problem(**{name: decoded(one) for name, one in told.items()}),
    "list": lambda told: [decoded(one) for one in told["of"]],
    "frozenset": lambda told: frozenset(decoded(one) for one in told["of"]),
    "dict": lambda told: {decoded(key): decoded(one) for key, one in told["of"]},
}
"""How each is read that is no dataclass and no member of an enumeration."""


def _problem(kind: Kind, detail: str, retry_after: float | None, facts: Mapping[str, Any]) -> Problem:
    return Problem(kind, detail, retry_after=retry_after, **facts)


def _object(kind: type, told: dict[str, Any]) -> Any:
    if issubclass(kind, enum.Enum):
        return kind[told["name"]]
    made = kind(**{name: decoded(one) for name, one in told.items()})
    return TOO_LATE if made == TOO_LATE else made  # it is known by what it is, not by what it says


@dataclass(frozen=True)
class Line:
    """One line of a trace: a worker, or the supervisor, begins with what it knows, or makes a step.  `told` is the line
    as it stands.
    """

    file: str
    number: int
    worker: str
    ppa: str
    told: Mapping[str, Any]
    begins: WorkerState | Beginning | None = None
    event: Event | machine.Event | None = None
    now: Now | machine.Instant | None = None
    effects: tuple[Effect | machine.Effect, ...] = ()

    @property
    def supervises(self) -> bool:
        """Whether it is the supervisor's."""
        return self.worker == SUPERVISOR

    def __str__(self) -> str:
        event = type(self.answer if self.answer is not None else self.event).__name__
        return f"{self.file}:{self.number} {self.ppa} {event}"

    @property
    def answer(self) -> LaunchpadAnswer | None:
        """Launchpad's answer, if it is what happened."""
        return self.event.value if isinstance(self.event, Answered) else None

    @property
    def requests(self) -> list[Request]:
        """What was asked of Launchpad then."""
        return [effect for effect in self.effects if isinstance(effect, Request)]

    @property
    def boot(self) -> float:
        """When it was, by the boot-time clock."""
        assert self.now is not None
        return self.now.boot

    @property
    def after(self) -> Mapping[str, Any]:
        """What was known then of the record and the write under way, in short."""
        after: Mapping[str, Any] = self.told.get("after", {})
        return after


def read(folder: Path) -> Iterator[Line]:
    """All lines of all daemons that wrote into this folder, one by one; those of one daemon in their order."""
    return (line for path in sorted(folder.glob("*.jsonl")) for line in lines_of(path))


def lines_of(path: Path) -> Iterator[Line]:
    """The lines of one daemon, which may have written for hours."""
    with path.open() as file:
        for number, text in enumerate(file, 1):
            try:
                told = json.loads(text)
            except json.JSONDecodeError:
                if next(file, None) is not None:
                    raise
                return
            yield line_of(path.name, number, told)


def line_of(file: str, number: int, told: Mapping[str, Any]) -> Line:
    """The line that stands there."""
    where = (file, number, told["worker"], told["ppa"], told)
    if "begins" in told:
        return Line(*where, begins=decoded(told["begins"]))
    return Line(*where, event=decoded(told["event"]), now=decoded(told["now"]), effects=decoded(told["effects"]))
