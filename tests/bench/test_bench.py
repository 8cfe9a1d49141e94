"""Every table of the bench, at a tiny size: what it measures means nothing, that it measures must not rot."""

from __future__ import annotations

import json
from collections.abc import Iterator
from math import isfinite

import pytest

from . import coordinator
from .__main__ import BY_NAME, TABLES, header
from .rows import Row, Table, at_least, at_most, beside, document, floors_at_most, markdown
from .scale import TINY
from .site import Launchpad, stand_in

TARGETS = {
    "latency": ["≤ 1.10 x", "≤ 2.15 x", "≤ 1.50 x"],
    "groups": ["≤ 1", "≤ 1.15 x", "≤ 4", "≤ 1.15 x"],
    "throughput": ["≤ 1.25 x"],
    "scripts": [],
    "labgrid": [],
    "start": ["≤ 8", "≤ 1.50", "≤ 150", "≤ 60"],
    "idle": ["≤ 4", "≤ 0.50"],
    "waiting": ["≤ 0", "≤ 30", "≤ 1.25 x"],
    "order": ["≤ 0", "≤ 60", "≤ 1.25 x", "≤ 50"],
    "lists": ["≥ 300"],
    "cleaning": ["≤ 1.30 x"],
    "growth": [],
    "uploads": ["≤ 3", "≤ 6"] * 3 + ["≤ 1.10 x"],
}
"""What was asked for, of each table.  Of `growth` nothing is judged at a tiny size (see `test_growth`)."""
DIFFERENCES = ("of it", "threads more", "memory of one", "clients that wait: memory")
"""Rows whose figure is what is left of two: it may be less than nothing where hardly anything is measured."""

pytestmark = pytest.mark.xdist_group("bench")  # one stand-in, not one for each worker


@pytest.fixture(scope="module")
def launchpad() -> Iterator[Launchpad]:
    """One for all."""
    with stand_in() as launchpad:
        yield launchpad


@pytest.mark.parametrize("name", [*TABLES, *BY_NAME])
def test_a_table_has_figures(launchpad: Launchpad, name: str) -> None:
    """Each is a number, stands in both forms, and has the target that was asked for."""
    if name == "labgrid" and not coordinator.available():
        pytest.skip("labgrid is installed by `make bench` alone")
    table = (TABLES | BY_NAME)[name](TINY, launchpad)
    assert table.rows
    assert [str(row.target) for row in table.rows if row.target] == TARGETS[name]
    for row in table.rows:
        assert isfinite(row.value), row
        assert row.value >= 0 or any(part in row.what for part in DIFFERENCES), row
        assert row.floor is None or row.floor >= 0, row
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
