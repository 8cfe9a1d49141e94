"""Which parts of the core are changed, and which tests have to notice: the fewest that know the part.

Rule: plain data, and the settings of mutmut that follow from it.  Whoever moves a module moves its line.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

MESSAGE = r"^\s*raise \w*Error\("
"""Lines that only say what is wrong: tests hold what they name, not their words."""

TOLERANT = (
    "--no-warn-unused-ignores",
    "--no-warn-return-any",
    "--disable-error-code=no-redef",
    "--disable-error-code=has-type",
)
"""Of mypy, for it sees all changes of a method in one class: that an attribute is declared in each of them, or that its
type is not known yet where they use it, is no mistake of a change.
"""


@dataclass(frozen=True)
class Area:
    """`files` below the package, `tests` below the tests."""

    files: tuple[str, ...]
    tests: tuple[str, ...]

    def settings(self) -> str:
        """mutmut's part of a pyproject.toml.  What the type checker notices no test has to; it is given only what is
        changed, for of other files mutmut takes no mistake.
        """
        changed = [f"ppa_assigner/{file}" for file in self.files]
        values: Mapping[str, list[str]] = {
            "source_paths": ["ppa_assigner"],
            "only_mutate": changed,
            "also_copy": ["config", "docs", "README.md"],
            "do_not_mutate_patterns": [MESSAGE],
            "type_check_command": ["python", "-m", "mypy", "--output=json", *TOLERANT, *changed],
            "pytest_add_cli_args": ["-p", "no:cacheprovider", "-p", "no:xdist", "-p", "tests.mutation.quickly"],
            "pytest_add_cli_args_test_selection": [f"tests/{test}" for test in self.tests],
        }
        lines = (f"{name} = {json.dumps(value)}" for name, value in values.items())
        return "\n[tool.mutmut]\n" + "\n".join(lines) + "\n"


_LONG = ("groups_walk", "lying_clocks", "poison", "walk", "ways")  # minutes, for what others notice
_SLOW = {f"test_{name}.py" for name in _LONG}
_TESTS = sorted({path.name for path in (Path(__file__).parents[1] / "automaton").glob("test_*.py")} - _SLOW)


def _automaton(*names: str, tests: Sequence[str] = ()) -> Area:
    files = [f"test_{test}.py" for test in tests] or _TESTS
    return Area(tuple(f"automaton/{name}.py" for name in names), tuple(f"automaton/{test}" for test in files))


AREAS: Mapping[str, Area] = {
    "record": Area(("record.py", "record_claims.py", "record_values.py"), ("test_record.py",)),
    "selectors": Area(("selectors.py",), ("test_selectors.py",)),
    "allocation": Area(("supervisor/allocation.py",), ("test_allocation.py",)),
    "order": Area(
        ("supervisor/shares.py", "supervisor/line.py"),
        (
            "test_order.py",
            "test_line.py",
            "test_line_of_pools.py",
            "test_selecting.py",
            "test_places.py",
            "test_assigning.py",
        ),
    ),
    "fitting": Area(("supervisor/fitting.py",), ("test_selecting.py", "test_line.py")),
    "backoff": Area(("backoff.py",), ("test_backoff.py",)),
    "clock": Area(("clock.py",), ("test_clock.py",)),
    "line": Area(
        ("supervisor/requests.py", "supervisor/tickets.py"),
        (
            "test_line.py",
            "test_line_of_pools.py",
            "test_ticket.py",
            "test_spent.py",
            "test_places.py",
            "test_assigning.py",
            "test_order.py",
        ),
    ),
    "leases": Area(
        ("supervisor/unclaimed.py", "supervisor/queue.py"),
        ("test_giving_up.py", "test_places.py", "test_assigning.py", "test_order.py", "test_line_of_pools.py"),
    ),
    "fences": Area(
        ("launchpad/session.py", "launchpad/urls.py"), ("launchpad/test_urls.py", "launchpad/test_session.py")
    ),
    "verdict": Area(
        ("uploads/verdict.py", "uploads/cadence.py"),
        ("uploads/test_verdict.py", "uploads/test_verdict_waits.py", "uploads/test_cadence.py"),
    ),
    "following": Area(
        ("uploads/following.py", "uploads/looks.py"), ("uploads/test_following.py", "uploads/test_looks.py")
    ),
    "promotion": Area(
        ("uploads/promotion.py", "publications.py"), ("uploads/test_promotion.py", "uploads/test_verdict.py")
    ),
    "history": Area(("history.py",), ("test_history.py",)),
    "dates": _automaton("now", "timers", "observe"),
    "lease": _automaton("assign", "lease", "replies"),
    "write": _automaton("write"),
    "dispatch": _automaton("dispatch", "state", "transitions"),
    "rollback": _automaton("rollback", "reachability"),
    "clean": _automaton("clean", "retry", "baseline", "operator", "provision"),
    "purge": _automaton("purge", tests=("purge", "cleaning", "retry", "disabled", "cleaners")),
    "discard": _automaton("discard", tests=("wearing_out",)),
    "groups": _automaton("claim", "group", tests=("groups",)),
    "verify": _automaton("verify"),
}
QUICK = ("record",)
"""Tried with all other tests, in a minute."""
