"""The run that the docs quote: `measured.json`, and the rows of it in `docs/reference/performance.md`.

Rule: a figure of the page is that of the record, word for word.  What was missed, and why, a person writes: a test says
which figures that has to name.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..docs.pages import page
from .rows import HEAD, Row, Table, Target, markdown, shown

RECORD = Path(__file__).parent / "measured.json"
PAGE = "docs/reference/performance.md"
GROWTH = "Growth"
"""Of this table, which is long, the page has what was missed."""
TITLE = "# Performance\n\n"
WIDTH = 120
_ABOUT = (
    "Measured by `make bench` on {date}, with the stand-in's {delay} on top of each request unless the row says"
    " otherwise, on {cores} cores; {versions}. The floor is what the figure cannot be without, measured beside it in"
    " the same run: a bare request by urllib3, an interpreter that does nothing, the same pages and nothing done with"
    " them."
)
_OF_THE_RUN = ("date", "commit", "cores", "delay")


def recorded() -> dict[str, Any]:
    """The document of the run."""
    found: dict[str, Any] = json.loads(RECORD.read_text())
    return found


def tables(record: dict[str, Any]) -> Iterator[Table]:
    """As they were printed."""
    for table in record["tables"]:
        rows = [{key: value for key, value in row.items() if key != "met"} for row in table["rows"]]
        targets = [Target(**row.pop("target")) if row["target"] else row.pop("target") for row in rows]
        yield Table(table["title"], [Row(**row, target=target) for row, target in zip(rows, targets, strict=True)])


def lines(table: Table) -> list[str]:
    """Those of the rows alone."""
    return markdown(table).strip().splitlines()[4 : 4 + len(table.rows)]


def quoted(text: str) -> list[str]:
    """The rows that a page has, in order."""
    return [line for line in text.splitlines() if line.startswith("| ")][1:]


def must_be_quoted(table: Table, row: Row) -> bool:
    """Each target, met or not; of growth what was missed."""
    return row.target is not None and (table.title != GROWTH or row.met is False)


def missed(record: dict[str, Any]) -> list[str]:
    """The figures of targets that were missed, as a text names them."""
    rows = [row for table in tables(record) for row in table.rows if row.met is False]
    return [
        f"{row.ratio:.2f} x" if row.target and row.target.of == "ratio" else f"{shown(row.value)} {row.unit}"
        for row in rows
    ]


def renewed(text: str, record: dict[str, Any]) -> str:
    """The page with the figures of this run: the rows that it had, and each with a target."""
    names = {_name(line) for line in quoted(text)}
    rows = [
        line
        for table in tables(record)
        for row, line in zip(table.rows, lines(table), strict=True)
        if must_be_quoted(table, row) or (table.title != GROWTH and _name(line) in names)
    ]
    rest = text.partition(HEAD)[2].partition("\n\n")[2]
    return TITLE + _about(record["header"]) + "\n\n" + "\n".join([HEAD, *rows]) + "\n\n" + rest


def write(record: dict[str, Any]) -> None:
    """Make this run the one that the docs quote."""
    root = RECORD.parents[2]
    RECORD.write_text(json.dumps(record, indent=1) + "\n")
    (root / PAGE).write_text(renewed(page(PAGE), record))


def _about(header: dict[str, str]) -> str:
    versions = ", ".join(f"{name} {value}" for name, value in header.items() if value and name not in _OF_THE_RUN)
    text = _ABOUT.format(versions=versions, **header)
    return textwrap.fill(text, WIDTH, break_on_hyphens=False, break_long_words=False)


def _name(line: str) -> str:
    return line.split(" | ")[0]
