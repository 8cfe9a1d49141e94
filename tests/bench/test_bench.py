"""Every table of the bench, at a tiny size: what it measures means nothing, that it measures must not rot."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from . import coordinator
from .__main__ import TABLES, header
from .rows import Row, Table, at_least, at_most, beside, document, floors_at_most, markdown
from .scale import TINY
from .site import Launchpad, stand_in

pytestmark = pytest.mark.xdist_group("bench")  # one stand-in, not one for each worker


@pytest.fixture(scope="module")
def launchpad() -> Iterator[Launchpad]:
    """One for all."""
    with stand_in() as launchpad:
        yield launchpad


@pytest.mark.parametrize("name", TABLES)
def test_a_table_has_figures(launchpad: Launchpad, name: str) -> None:
    """Each is a number, and stands in both forms."""
    if name == "labgrid" and not coordinator.available():
        pytest.skip("labgrid is installed by `make bench` alone")
    table = TABLES[name](TINY, launchpad)
    assert table.rows
    assert all(row.value == row.value for row in table.rows)  # no NaN
    assert markdown(table).count("\n| ") == len(table.rows) + 1
    assert len(json.loads(json.dumps(document(header(), [table])))["tables"][0]["rows"]) == len(table.rows)


def test_a_target_is_met_or_not() -> None:
    """By the figure itself, or by how many floors it is."""
    assert beside("a", 1.09, 1.0, "s", floors_at_most(1.1)).met is True
    assert beside("a", 1.11, 1.0, "s", floors_at_most(1.1)).met is False
    assert beside("a", 9.0, 1.0, "s", at_most(10)).met is True
    assert Row("a", 299, "a second", target=at_least(300)).met is False
    assert Row("a", 300, "a second", target=at_least(300)).met is True
    assert Row("a", 300, "s").met is None


def test_what_is_missed_is_seen() -> None:
    """In the table for people."""
    table = Table("t", [beside("slow", 2.0, 1.0, "s", floors_at_most(1.1)), Row("fast", 1.0, "s", target=at_most(2))])
    slow, fast = markdown(table).splitlines()[4:6]
    assert slow == "| slow | 2 s | 1 s | 2.00 | ≤ 1.10 x | **no** |"
    assert fast == "| fast | 1 s |  |  | ≤ 2 | yes |"
