"""The run that the README quotes: its figures are those of the record, and what was missed is not left out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .__main__ import PACKAGES, TABLES
from .rows import Row, Table, Target, markdown

HERE = Path(__file__).parent
README = (HERE.parents[1] / "README.md").read_text()
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
    """Rows of the README's section, in order."""
    section = README.split("\n## Speed\n")[1].split("\n## ")[0]
    return [line for line in section.splitlines() if line.startswith("| ")][1:]


def test_each_row_of_the_readme_was_measured() -> None:
    """Word for word, in the order of the run."""
    measured = [line for table in tables() for line in lines(table)]
    assert [line for line in measured if line in quoted()] == quoted()


def test_each_target_and_whether_it_was_met_is_in_the_readme() -> None:
    """Of growth, what was missed."""
    for table in tables():
        for row, line in zip(table.rows, lines(table), strict=True):
            if row.target is not None and (table.title != GROWTH or row.met is False):
                assert line in quoted()


def test_the_readme_says_when_and_with_what() -> None:
    """The record is of one whole run."""
    header = RECORD["header"]
    assert len(RECORD["tables"]) == len(TABLES)
    assert f"on {header['date']}" in README
    for name in ("Python", *PACKAGES):
        assert f"{name} {header[name]}" in README.replace("\n", " ")
