"""The literal replay: each step of a trace is made again by the automaton, or by the supervisor's machine, and must
decide the same.

Rule: nothing but the trace is given to them, and the credentials from which the key of tickets is made.  What differs
was not decided by these rules, or not from what was known.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ppa_assigner import automaton
from ppa_assigner.automaton import WorkerState
from ppa_assigner.cli.daemon import ticket_secret
from ppa_assigner.supervisor.core import Core
from ppa_assigner.supervisor.machine import handle
from ppa_assigner.supervisor.tickets import TicketOffice
from ppa_assigner.trace import Beginning, encoded, summary

from .reading import Line

Half = Callable[[Any, Any], dict[str, Any]]
"""Takes an event and the time; tells what is decided as the trace would."""


def replayed(lines: Iterable[Line]) -> Iterator[str]:
    """Where what was decided differs from what is decided again, in words."""
    halves: dict[tuple[str, str], Half] = {}
    for line in lines:
        who = (line.file, line.worker)
        if line.begins is not None:
            halves[who] = _beginning(line.begins)
        elif who not in halves:
            yield f"replay: {line}: steps of what never began"
        else:
            yield from _again(halves[who], line)


def _beginning(begins: WorkerState | Beginning) -> Half:
    if isinstance(begins, WorkerState):
        return _Worker(begins)
    settings = begins.settings
    return _Supervisor(Core(settings, begins.daemon, _tickets(begins), settings.launchpad.total, begins.now))


def _tickets(begins: Beginning) -> TicketOffice:
    """The one with the daemon's key: of the credentials that it has, or had and that were kept beside these."""
    file = begins.settings.launchpad.credentials
    assert file is not None
    offices = (TicketOffice(ticket_secret(path)) for path in sorted(file.parent.glob(f"{file.name}*")))
    found = next((office for office in offices if office.fingerprint == begins.tickets), None)
    assert found is not None, f"no credentials like {file} make the key that was used"
    return found


class _Worker:
    def __init__(self, known: WorkerState) -> None:
        self._known = known

    def __call__(self, event: Any, now: Any) -> dict[str, Any]:
        self._known, effects = automaton.step(self._known, event, now)
        return {"effects": [encoded(effect) for effect in effects], "after": summary(self._known)}


class _Supervisor:
    def __init__(self, core: Core) -> None:
        self._core = core

    def __call__(self, event: Any, now: Any) -> dict[str, Any]:
        return {"effects": [encoded(effect) for effect in handle(self._core, event, now)]}


def _again(half: Half, line: Line) -> Iterator[str]:
    try:
        decided = half(line.event, line.now)
    except Exception as error:  # whatever it is: they raise for nothing that can happen
        yield f"replay: {line}: no rule allows it: {error!r}"
        return
    for name, one in decided.items():
        if json.loads(json.dumps(one)) != line.told[name]:
            yield f"replay: {line}: {name} {line.told[name]} are by the rules {one}"
