"""What is said of a mutant that no test noticed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .areas import AREAS
from .survivors import Explained, Survivor, explanations, left_over, survivor, tried

ROOT = Path(__file__).parents[2]
_PLAIN = ("__init__", "events", "group_commands", "operation", "outcomes", "requests")  # nothing is decided there
PLAIN = {f"automaton/{name}.py" for name in _PLAIN}
NAME = "ppa_assigner.automaton.lease.x_assign__mutmut_12"
DIFF = """--- ppa_assigner/automaton/lease.py
+++ ppa_assigner/automaton/lease.py
@@ -1,3 +1,3 @@
 def assign(known):
-    return known.since - 1
+    return known.since + 1
"""
CHANGE = Survivor("automaton.lease.assign", ("return known.since - 1",), ("return known.since + 1",))


def test_a_survivor_is_its_function_and_its_lines() -> None:
    """Neither its number nor its margin, which move with the code."""
    assert survivor(NAME, DIFF) == CHANGE
    assert survivor("ppa_assigner.clock.xǁLaunchpadClockǁobserve__mutmut_3", DIFF).function == (
        "clock.LaunchpadClock.observe"
    )


def test_an_explanation_fits_one_change_only() -> None:
    """The same lines in another function, or the other way round, are not explained by it."""
    explained = Explained("automaton.lease.assign", "return known.since - 1", "return known.since + 1", "because")
    assert left_over([CHANGE], [explained]) == []
    others = [
        Survivor("automaton.lease.trace", CHANGE.before, CHANGE.after),
        Survivor(CHANGE.function, CHANGE.after, CHANGE.before),
    ]
    assert left_over(others, [explained]) == others


@pytest.mark.parametrize(
    ("before", "after", "in_words"),
    [
        ('deny(command, Refusal.LOST, "not free")', 'deny(command, Refusal.LOST, "XXnot freeXX")', True),
        ('deny(command, Refusal.LOST, "not free")', 'deny(command, Refusal.LOST, "NOT FREE")', True),
        ('deny(command, Refusal.LOST, "not free")', 'deny(command, Refusal.LOST, None)', False),
        ('record.get("lease")', 'record.get("XXleaseXX")', False),
        ('deny(command, Refusal.LOST, "not free")', 'deny(None, Refusal.LOST, "not free")', False),
        ('float("-inf")', 'float("-INF")', True),
        ('float("-inf")', 'float("XX-infXX")', False),
    ],
)  # fmt: skip
def test_only_the_words_of_a_message_need_no_explanation(before: str, after: str, in_words: bool) -> None:
    """What a program reads is not a message: it has no blank in it."""
    assert Survivor("automaton.lease.assign", (before,), (after,)).in_words is in_words


def test_what_was_not_tried_does_not_count(tmp_path: Path) -> None:
    """A run that was ended early says so by its number."""
    (tmp_path / "mutants").mkdir()
    (tmp_path / "mutants" / "a.py.meta").write_text(json.dumps({"exit_code_by_key": {"a": 1, "b": None, "c": 0}}))
    assert tried(tmp_path) == 2


def test_every_explanation_says_why_of_a_function_that_is_tried() -> None:
    """In a sentence, and once."""
    changes = [(explained.function, explained.before, explained.after) for explained in explanations()]
    assert len(changes) == len(set(changes))
    for explained in explanations():
        assert len(explained.why.split()) >= 3, explained
        assert any(explained.is_of(area.files) for area in AREAS.values()), explained


def test_every_explanation_is_of_code_that_stands() -> None:
    """Lines that were changed meanwhile, or moved to another module, take their explanation along."""
    files = {file for area in AREAS.values() for file in area.files}
    for explained in explanations():
        (file,) = (file for file in files if explained.is_of([file]))
        code = " ".join((ROOT / "ppa_assigner" / file).read_text().split())
        assert explained.before in code, explained
        assert f"def {explained.function.rpartition('.')[2]}(" in code, explained


def test_every_area_is_there() -> None:
    """A module that moved takes its line along, and no module of the automaton is left out."""
    files = [file for area in AREAS.values() for file in area.files]
    assert [file for file in files if not (ROOT / "ppa_assigner" / file).is_file()] == []
    assert [test for area in AREAS.values() for test in area.tests if not (ROOT / "tests" / test).exists()] == []
    automaton = {f"automaton/{path.name}" for path in (ROOT / "ppa_assigner" / "automaton").glob("*.py")}
    assert automaton - set(files) == PLAIN
