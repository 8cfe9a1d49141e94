"""A trace of one PPA with all that the rules speak of in it, and ways to falsify a line of it.

Rule: the trace is a real one, of the automaton on a Launchpad in memory; only what a test says is false in it.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ppa_assigner.automaton.events import Denied, LeaseShown, Outcome, Refusal, Release, Touch
from ppa_assigner.options import PoolOptions
from ppa_assigner.record import State, parse
from ppa_assigner.trace import Trace
from tests.automaton.lab import Runner, World, assign, faults

from .reading import Line, line_of

Told = dict[str, Any]


@dataclass(frozen=True)
class Life:
    """The lines as they were written, and the texts that stood in the PPA, one after another."""

    lines: tuple[Told, ...]
    texts: tuple[str | None, ...]

    def falsified(self, wanted: Callable[[Told], bool], change: Callable[[Told], object], last: bool = False) -> Life:
        """The same with one line changed: the first that is wanted, or the last."""
        lines = copy.deepcopy(list(self.lines))
        found = [line for line in lines if "event" in line and wanted(line)]
        assert found, "the trace has no such line"
        change(found[-1 if last else 0])
        return Life(tuple(lines), self.texts)

    def without(self, wanted: Callable[[Told], bool]) -> Life:
        """The same without the first line that is wanted."""
        first = next(line for line in self.lines if "event" in line and wanted(line))
        return Life(tuple(line for line in self.lines if line is not first), self.texts)

    def read(self) -> list[Line]:
        """The lines as the checks read them."""
        return [line_of("life.jsonl", number, told) for number, told in enumerate(self.lines, 1)]


def life(folder: Path) -> Life:
    """Taken in, emptied, lent with a right to upload, touched, released, emptied, and lent once more in doubt."""
    world = World(options=PoolOptions(settle=100.0, verify_age=0.0, grant_upload=True))
    runner, path = world.start(), folder / "life.jsonl"
    runner.step = Trace(path).stepping(runner.known)
    runner.look()
    _until_free(runner)
    _lent(runner.order(assign(uploader="~ann")))
    runner.world.move_to(world.boot + 70.0)
    runner.order(Touch, lease="lease-1")
    world.launchpad.upload(world.ppa, "hello")
    runner.order(Release, lease="lease-1")
    _until_free(runner)
    world.launchpad.fault = faults("unknown", of="write")
    assert runner.order(assign(lease="lease-2", request="build-2")) == Denied(Refusal.LOST, "another write came first")
    _lent(runner.order(assign(lease="lease-3", request="build-2", attempt=1)))
    lines = tuple(json.loads(text) for text in path.read_text().splitlines())
    return Life(lines, tuple(world.archive.history))


def _until_free(runner: Runner) -> None:
    runner.until(lambda: runner.known.state is State.FREE)


def _lent(outcome: Outcome) -> None:
    assert isinstance(outcome, LeaseShown), outcome


# -- which line, and what of it ----------------------------------------------------------------------------------------


def answers(kind: str) -> Callable[[Told], bool]:
    """Lines whose event is an answer of this type."""
    return lambda line: _value(line).get("is") == kind


def asks(kind: str) -> Callable[[Told], bool]:
    """Lines that ask Launchpad for this."""
    return lambda line: any(effect["is"] == kind for effect in line["effects"])


def writes(why: str) -> Callable[[Told], bool]:
    """Lines that begin a write for this reason."""
    return lambda line: asks("Write")(line) and line["after"]["pending"]["why"] == why


def tells(line: Told) -> bool:
    """Lines that tell a lease."""
    return any(effect["is"] == "Reply" and effect["outcome"]["is"] == "LeaseShown" for effect in line["effects"])


def effect(line: Told, kind: str) -> Told:
    """Its first effect of this type."""
    found: Told = next(effect for effect in line["effects"] if effect["is"] == kind)
    return found


def rewritten(line: Told, **facts: object) -> None:
    """The record that it writes has other facts."""
    write = effect(line, "Write")
    human, record = write["description"].rsplit("ppa-assigner: ", 1)
    write["description"] = human + "ppa-assigner: " + json.dumps(json.loads(record) | facts)
    assert parse(write["description"]).record is not None


def _value(line: Told) -> Told:
    value = line["event"].get("value", {}) if line["event"]["is"] == "Answered" else {}
    return value if isinstance(value, dict) else {}
