"""What `make house` prints is counted right."""

from __future__ import annotations

from pathlib import Path

import pytest

from . import __main__ as house, code, moves

MOST_MOVES = 142
"""Half of what one assign took when all of the supervisor was tied by callbacks."""
TEXT = '''"""A module."""

class Twice:
    """It is no more."""

    def told(self):
        return 1


def alone():
    return 2
'''


@pytest.fixture
def small(tmp_path: Path) -> list[code.Module]:
    """A package of three modules, two of them alike."""
    for name in ("a/one.py", "b/one.py"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(TEXT)
    (tmp_path / "long.py").write_text("def long():\n" + "    pass\n" * 9)
    return code.modules(tmp_path)


def test_sizes_and_names(small: list[code.Module]) -> None:
    """By package; a name counts once in each module."""
    assert code.sizes(small) == {".": (1, 10), "a": (1, 11), "b": (1, 11)}
    assert code.lengths(small) == code.Lengths(5, 2, 10, 10)
    assert (code.classes_twice(small), code.modules_twice(small)) == ({"Twice": 2}, {"one": 2})
    assert code.documented(small) == (4, 10)
    assert code.words(small)["is no"] == 2
    assert code.words(small)["told"] == 2


def test_knots_are_what_leads_back() -> None:
    """The largest first; what is only led to is in none."""
    edges = {"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": {"e"}, "e": {"d"}, "f": {"a"}}
    assert code.knots(edges) == [["a", "b", "c"], ["d", "e"]]


def test_a_request_is_followed_through_all_threads() -> None:
    """From the supervisor to the worker's thread and back, and from file to file only where another one is called."""
    seen = moves.one_assign()
    assert {"supervisor/supervisor.py", "worker.py", "record.py"} <= seen.files
    assert 0 < seen.between.total() < seen.total
    assert seen.between.total() <= MOST_MOVES
    assert any(edge[0].startswith("automaton/") for edge in seen.between)
    assert all(caller != callee for caller, callee in seen.between)


def test_no_module_of_the_supervisor_is_called_back_by_one_that_it_calls() -> None:
    """In a lease's life: the machine's files call those below them only, and so do those of the shell."""
    assert code.knots(moves.a_life().edges("supervisor")) == []


def test_it_prints_all_parts(capsys: pytest.CaptureFixture[str]) -> None:
    """Each with its figures."""
    house.main()
    shown = capsys.readouterr().out
    assert [line for line in shown.splitlines() if line.startswith("==")] == [
        "== size", "== words", "== cycles", "== the way of a request",
    ]  # fmt: skip
    assert "one assign: " in shown
