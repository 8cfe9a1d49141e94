"""The run that the docs quote: its figures are those of the record, and what was missed is not left out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..docs.pages import page
from .__main__ import PACKAGES, TABLES
from .rows import Row, Table, Target, markdown

HERE = Path(__file__).parent
QUOTED = page("docs/reference/performance.md")
RECORD: dict[str, Any] = json.loads((HERE / "measured.json").read_text())
GROWTH = "Growth"


def tables() -> Iterator[Table]:
    """As they were printed."""
    for table in RECORD["tables"]:
        rows = [{key: value for key, value in row.items() if key != "met"} for row in table["rows"]]
        targets = [Target(**row.pop("target")) if row["target"] else row.pop("target") for row in rows]
        yield Table(table["title"], [Row(**row, target=target) for row, target in zip(rows, targets, strict=True)])


def lines(table: Table) -> list[str]:
    """Of the table alone."""
    return markdown(table).strip().splitlines()[4:]


def quoted() -> list[str]:
    """Rows of the page, in order."""
    return [line for line in QUOTED.splitlines() if line.startswith("| ")][1:]


def test_each_row_that_is_quoted_was_measured() -> None:
    """Word for word, in the order of the run."""
    measured = [line for table in tables() for line in lines(table)]
    assert [line for line in measured if line in quoted()] == quoted()


def test_each_target_and_whether_it_was_met_is_quoted() -> None:
    """Of growth, what was missed."""
    for table in tables():
        for row, line in zip(table.rows, lines(table), strict=True):
            if row.target is not None and (table.title != GROWTH or row.met is False):
                assert line in quoted()


def test_the_page_says_when_and_with_what() -> None:
    """The record is of one whole run."""
    header = RECORD["header"]
    assert len(RECORD["tables"]) == len(TABLES)
    assert f"on {header['date']}" in QUOTED
    for name in ("Python", *PACKAGES):
        assert f"{name} {header[name]}" in QUOTED.replace("\n", " ")
