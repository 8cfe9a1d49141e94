"""The trace: each event that a worker or the supervisor handles as a line of JSON, from which what was decided can be
decided again and compared.

    PPA_ASSIGNER_TRACE=FOLDER ppa-assigner run …

Rule: nothing is written unless the environment asks for it.  A line is written before what was decided is carried out,
so that a daemon that is killed leaves a line for each request that it sent.  Nothing here decides anything, and nothing
secret is written: no token, no key.
"""

from __future__ import annotations

import dataclasses
import enum
import json
import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from . import automaton
from .access import ClientConfig
from .automaton import Daemon, Event, Now, WorkerState
from .automaton.state import Step
from .clock import LaunchpadClock
from .config import Settings
from .port import Launchpad
from .problems import Problem
from .record import Deleter, GroupClaim, Rank
from .reference import Reference
from .supervisor import events as supervisor
from .supervisor.core import Core
from .supervisor.machine import handle
from .supervisor.shell import Handle
from .worker import Listener, Stepper, Worker

VARIABLE = "PPA_ASSIGNER_TRACE"
TYPE = "is"
"""The key under which an object has the name of its type."""
SUPERVISOR = "supervisor"


class TraceError(Exception):
    """The trace that was asked for cannot be written."""


class Trace:
    """One daemon's trace, of all its workers, in the order of their steps.  Safe for many threads.

    Raises TraceError if the file cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        except OSError as error:
            raise TraceError(f"{VARIABLE}: {path} cannot be written: {error.strerror}") from None

    def stepping(self, first: WorkerState) -> Stepper:
        """The automaton for a worker that begins with this state: each step is traced."""
        self._write(worker=first.seed, ppa=str(first.ppa), begins=encoded(first))

        def step(known: WorkerState, event: Event, now: Now) -> Step:
            after, effects = automaton.step(known, event, now)
            self._write(
                worker=first.seed, ppa=str(first.ppa), event=encoded(event), now=encoded(now),
                effects=[encoded(effect) for effect in effects], after=summary(after),
            )  # fmt: skip
            return after, effects

        return step

    def worker(self, known: WorkerState, launchpad: Launchpad, clock: LaunchpadClock, listener: Listener) -> Worker:
        """A worker that is traced."""
        return Worker(known, launchpad, clock, listener, self.stepping(known))

    def handling(self) -> Handle:
        """The supervisor's machine: each event is traced, the first one behind what the machine began with."""
        begun = False

        def traced(core: Core, event: supervisor.Event, now: supervisor.Instant) -> list[supervisor.Effect]:
            nonlocal begun
            if not begun:
                begun = True
                self._write(worker=SUPERVISOR, ppa="", begins=encoded(beginning_of(core, now)))
            effects = handle(core, event, now)
            self._write(
                worker=SUPERVISOR, ppa="", event=encoded(event), now=encoded(now),
                effects=[encoded(effect) for effect in effects],
            )  # fmt: skip
            return effects

        return traced

    def _write(self, **line: Any) -> None:
        os.write(self._file, json.dumps(line, separators=(",", ":")).encode() + b"\n")


class Opaque(str):
    """What is handed on as it is, and was read back from a trace: nothing is decided by what it says."""


@dataclasses.dataclass(frozen=True, slots=True)
class Beginning:
    """What the machine began with; of the key that it signs tickets with, only which it is."""

    settings: Settings
    daemon: Daemon
    now: supervisor.Instant
    tickets: str


def beginning_of(core: Core, now: supervisor.Instant) -> Beginning:
    """What this machine, which was told nothing yet, begins with."""
    return Beginning(core.settings, core.daemon, now, core.tickets.fingerprint)


def trace_of(environment: Mapping[str, str], daemon: Daemon) -> Trace | None:
    """The trace of this daemon, if the environment names a folder for it."""
    folder = environment.get(VARIABLE)
    return Trace(Path(folder) / f"{daemon.name}-{daemon.started}-{daemon.salt}.jsonl") if folder else None


def summary(known: WorkerState) -> dict[str, Any]:
    """What a reader of the trace wants to see of a state: the record, and the write that is under way."""
    record, pending = known.record, known.pending
    told: dict[str, Any] = {"state": None}
    if record is not None:
        told = {"state": record.state.value, "serial": record.serial, "nonce": record.nonce}
    if pending is not None:
        told["pending"] = {
            "why": pending.reason.name, "unsettled": pending.unsettled,
            "nonces": [candidate.nonce for candidate in pending.candidates],
        }  # fmt: skip
    return told


def encoded(value: Any) -> Any:
    """A plain frozen value as JSON: objects and members of enumerations with their type, fields that have their default
    left out.
    """
    match value:
        case Opaque():
            return {TYPE: "Opaque", "text": str(value)}
        case enum.Enum():
            return {TYPE: type(value).__name__, "name": value.name}
        case None | bool() | int() | float() | str():
            return value
        case datetime():
            return {TYPE: "datetime", "at": value.isoformat()}
        case Path() | Reference():
            return {TYPE: "Path" if isinstance(value, Path) else "Reference", "name": str(value)}
        case Problem():
            return {TYPE: "Problem", **{name: encoded(one) for name, one in vars(value).items()}}
        case Settings():
            clients = tuple(_bounds_of(client) for client in value.api.clients)
            return _of_fields(dataclasses.replace(value, api=dataclasses.replace(value.api, clients=clients)))
    return _of_fields(value) if dataclasses.is_dataclass(value) else _of_many(value)


def _bounds_of(client: ClientConfig) -> ClientConfig:
    """What is decided by of a client; nothing that it is known by."""
    return dataclasses.replace(client, token_sha256=None, oidc=None, owner=None, request=None, role_claim=None)


def _of_fields(value: Any) -> dict[str, Any]:
    fields = ((field, getattr(value, field.name)) for field in dataclasses.fields(value))
    told = {field.name: encoded(one) for field, one in fields if one is not field.default and one != field.default}
    return {TYPE: type(value).__name__, **told}


def _of_many(value: Any) -> Any:
    match value:
        case Rank() | GroupClaim() | Deleter():
            return {TYPE: type(value).__name__, **{name: encoded(one) for name, one in value._asdict().items()}}
        case tuple():
            return [encoded(one) for one in value]
        case list():
            return {TYPE: "list", "of": [encoded(one) for one in value]}
        case frozenset():
            return {TYPE: "frozenset", "of": sorted((encoded(one) for one in value), key=json.dumps)}
        case Mapping():
            return {TYPE: "dict", "of": [[encoded(key), encoded(one)] for key, one in value.items()]}
    return {TYPE: "Opaque", "text": repr(value)}
