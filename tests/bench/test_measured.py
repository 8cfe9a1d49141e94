"""The run that the docs quote: its figures are those of the record, and what was missed is not left out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..docs.pages import page
from .__main__ import PACKAGES, TABLES
from .record import PAGE, lines, missed, must_be_quoted, quoted, recorded, renewed, tables
from .rows import Table, at_most, beside, document

QUOTED = page(PAGE)
RECORD: dict[str, Any] = recorded()


def test_each_row_that_is_quoted_was_measured() -> None:
    """Word for word, in the order of the run."""
    measured = [line for table in tables(RECORD) for line in lines(table)]
    assert [line for line in measured if line in quoted(QUOTED)] == quoted(QUOTED)


def test_each_target_and_whether_it_was_met_is_quoted() -> None:
    """Of growth, what was missed."""
    for table in tables(RECORD):
        for row, line in zip(table.rows, lines(table), strict=True):
            if must_be_quoted(table, row):
                assert line in quoted(QUOTED)


def test_what_was_missed_is_explained() -> None:
    """By its figure, below the table: none of an earlier run is left there."""
    explained = QUOTED.partition("\n\nMissed, and why:")[2]
    assert [figure for figure in missed(RECORD) if figure not in explained] == []
    assert bool(explained) == bool(missed(RECORD))


def test_the_page_says_when_and_with_what() -> None:
    """The record is of one whole run."""
    header = RECORD["header"]
    assert len(RECORD["tables"]) == len(TABLES)
    assert f"on {header['date']}" in QUOTED
    for name in ("Python", *PACKAGES):
        assert f"{name} {header[name]}" in QUOTED.replace("\n", " ")


def test_the_page_is_what_the_record_makes_of_it() -> None:
    """So that the next run changes figures, and nothing else."""
    assert renewed(QUOTED, RECORD) == QUOTED


def test_another_run_changes_its_figures_and_keeps_the_choice_of_rows() -> None:
    """A row that has a target comes in; one that is measured no more, or under another name, goes."""
    kept, title = next((row, table.title) for table in tables(RECORD) for row in table.rows)
    rows = [replace(kept, value=47.11), beside("new, with a target", 2, 1, "s", at_most(1)), beside("new", 2, 1, "s")]
    made = renewed(QUOTED, document({**RECORD["header"], "date": "2027-01-02"}, [Table(title, rows)]))
    first, second = quoted(made)
    assert first.startswith(f"| {kept.what} | 47.1 ms |")
    assert second == "| new, with a target | 2 s | 1 s | 2.00 | ≤ 1 | **no** |"
    assert "on 2027-01-02" in made
    assert made.partition(second)[2] == QUOTED.partition(quoted(QUOTED)[-1])[2]
