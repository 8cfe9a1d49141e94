"""`replace`: what `dataclasses.replace` gives, whatever is given to it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

import pytest

from ppa_assigner.automaton import Daemon, WorkerState
from ppa_assigner.automaton.events import Assign
from ppa_assigner.options import PoolOptions
from ppa_assigner.replacing import replace
from ppa_assigner.views import AssignRequest

from .fakecrew import ref

STATE = WorkerState(ref("a"), "default", PoolOptions(), Daemon("test", 1, "x"), "seed")
WISH = AssignRequest("me", "default", "r")


@dataclass(frozen=True, slots=True)
class Checked:
    """It does more than to keep its fields."""

    low: int
    high: int
    size: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", self.high - self.low)


@dataclass(frozen=True)
class Open:
    """It has no slots."""

    one: int = 1
    two: int = 2


@pytest.mark.parametrize(
    ("value", "changes"),
    [
        (STATE, {"heard_at": 3.0, "seed": "other"}),
        (STATE.snapshot(), {"fault": "because"}),
        (Assign(token=1, deadline=2.0, lease="l", wish=WISH), {"token": 7}),
        (Daemon("test", 1, "x"), {}),
        (Checked(1, 3), {"high": 9}),
        (Open(), {"two": 3}),
    ],
    ids=["state", "snapshot", "given by name", "nothing changed", "checked", "without slots"],
)
def test_it_gives_what_the_other_one_gives(value: Any, changes: dict[str, Any]) -> None:
    """A value of its own, equal in all fields; the first one is as it was."""
    before = dataclasses.replace(value)
    made = replace(value, **changes)
    assert made == dataclasses.replace(value, **changes)
    assert made.__class__ is value.__class__
    assert made is not value
    assert value == before


def test_a_field_that_is_not_there_is_an_error() -> None:
    """As a wrong argument is."""
    given: dict[str, Any] = {"nonsense": 1}
    with pytest.raises(TypeError, match="nonsense"):
        replace(STATE, **given)
