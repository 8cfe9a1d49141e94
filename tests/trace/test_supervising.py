"""A false line in a trace of the supervisor's machine is noticed: by the replay, and by the rule that it breaks."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ppa_assigner.cli.daemon import ticket_secret
from ppa_assigner.trace import Trace
from tests.fakecrew import Desk, ref
from tests.settings import settings

from . import replay, supervising
from .reading import Line, line_of

Told = dict[str, Any]
CREDENTIALS = "[1]\nconsumer_key = x\nconsumer_secret = \naccess_token = y\naccess_secret = z\n\n"


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> tuple[Told, ...]:
    """Two PPAs and three who ask: two are lent one each, the third waits and gets what the first gives back."""
    return traced(tmp_path_factory.mktemp("trace"))


def traced(folder: Path) -> tuple[Told, ...]:
    """The lines of that."""
    (folder / "credentials").write_text(CREDENTIALS)
    given = settings(ref("a"), ref("b"))
    given = replace(given, launchpad=replace(given.launchpad, credentials=folder / "credentials"))
    path, secret = folder / "one.jsonl", ticket_secret(folder / "credentials")
    desk = Desk(given=given, handle=Trace(path).handling(), secret=secret)
    for name in ("a", "b"):
        desk[name].free()
    for request in ("r1", "r2"):
        desk.ask(request)
        desk[desk.asked() or ""].lend()
    desk.ask("r3", wait=60.0)
    desk["a"].free()
    desk["a"].lend()
    return tuple(json.loads(text) for text in path.read_text().splitlines())


def read(lines: tuple[Told, ...]) -> list[Line]:
    """As the checks read them."""
    return [line_of("one.jsonl", number, told) for number, told in enumerate(lines, 1)]


def falsified(
    lines: tuple[Told, ...], wanted: Callable[[Told], bool], change: Callable[[Told], object]
) -> tuple[Told, ...]:
    """The same with one line changed: the last that is wanted."""
    copied = copy.deepcopy(lines)
    change([line for line in copied if "event" in line and wanted(line)][-1])
    return copied


def test_a_true_trace_is_allowed(real: tuple[Told, ...]) -> None:
    """By the replay and by all rules; three leases are told in it."""
    assert list(replay.replayed(read(real))) == []
    assert list(supervising.broken(read(real))) == []
    assert sum(tells(line) for line in real) == 3


def happens(kind: str) -> Callable[[Told], bool]:
    """Lines of such an event."""
    return lambda line: line["event"]["is"] == kind


def sends(line: Told) -> bool:
    """Lines that have a PPA lent."""
    return any(one["is"] == "Send" and one["event"]["is"] == "Assign" for one in line.get("effects", ()))


def tells(line: Told) -> bool:
    """Lines that tell a lease."""
    return any(one["is"] == "AnswerCall" and one["result"]["is"] == "LeaseView" for one in line.get("effects", ()))


def effect(line: Told, kind: str) -> Told:
    """Its first effect of this type."""
    found: Told = next(one for one in line["effects"] if one["is"] == kind)
    return found


def twice(line: Told) -> None:
    """One PPA more is lent to the same request."""
    again = copy.deepcopy(next(one for one in line["effects"] if one["is"] == "Send"))
    again["ppa"]["name"] = "~team/ubuntu/b"
    again["event"]["token"] += 1000
    line["effects"].append(again)


FALSE: dict[str, tuple[str, Callable[[Told], bool], Callable[[Told], object]]] = {
    "time goes back": ("time_goes_on", tells, lambda line: line["now"].update(boot=0.0)),
    "an answer to nobody": ("calls_end_once", tells, lambda line: effect(line, "AnswerCall").update(call=99)),
    "an answer that comes twice": ("calls_end_once", tells, lambda line: line["effects"].append(line["effects"][0])),
    "a call that comes twice": ("calls_end_once", happens("Asked"), lambda line: line["event"].update(call=1)),
    "an outcome of no command": ("outcomes_of_commands", tells, lambda line: line["event"].update(token=99)),
    "a command that is given twice": ("outcomes_of_commands", sends, lambda line: line["effects"].extend(
        line["effects"])),
    "a request that is bound twice": ("bound_to_one", sends, twice),
    "a lease that nobody showed": ("told_what_was_shown", tells,
                                   lambda line: effect(line, "AnswerCall")["result"]["record"].update(lease="x")),
}  # fmt: skip


@pytest.mark.parametrize("name", FALSE)
def test_a_false_line_breaks_its_rule(real: tuple[Told, ...], name: str) -> None:
    """And the line is named; what was decided otherwise, the replay misses too."""
    rule, wanted, change = FALSE[name]
    lines = read(falsified(real, wanted, change))
    found = list(supervising.broken(lines))
    assert any(one.startswith(f"{rule}: one.jsonl:") for one in found), found
    assert rule == "time_goes_on" or list(replay.replayed(lines))


def test_a_lease_that_is_told_to_two_is_noticed(real: tuple[Told, ...]) -> None:
    """Though its worker told of it."""
    first = next(effect(line, "AnswerCall")["result"]["record"]["lease"] for line in real if tells(line))

    def told(line: Told) -> None:
        effect(line, "AnswerCall")["result"]["record"]["lease"] = first

    found = list(supervising.broken(read(falsified(real, tells, told))))
    assert any(one.startswith("told_what_was_shown: ") and " and to Key(" in one for one in found), found


def test_every_rule_is_broken_by_one_of_these() -> None:
    """A rule that nothing breaks is none."""
    assert {rule for rule, _, _ in FALSE.values()} == {rule.__name__ for rule in supervising.RULES}


def test_a_step_that_is_left_out_is_missed(real: tuple[Told, ...]) -> None:
    """All that follows from it is decided otherwise."""
    freed = next(line for line in real if "event" in line and line["event"]["is"] == "Changed")
    assert list(replay.replayed(read(tuple(line for line in real if line is not freed))))
