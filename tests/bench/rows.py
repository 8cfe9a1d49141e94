"""What a table of the bench is made of: rows, each a figure beside its floor and its target.

Rule: a figure without a floor or a target says so by an empty cell; nothing here measures.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

HEAD = "| what | figure | floor | x floor | target | met |\n|---|---|---|---|---|---|"
SMALL, LARGE = 10, 1000
"""Below the first a figure is printed with two decimals, from the second on with none."""


@dataclass(frozen=True)
class Target:
    """What a figure is to reach: the `value` itself, or its `ratio` to the floor."""

    limit: float
    of: str = "value"
    least: bool = False

    def __str__(self) -> str:
        return f"{'≥' if self.least else '≤'} {shown(self.limit)}{' x' if self.of == 'ratio' else ''}"


@dataclass(frozen=True)
class Row:
    """One figure.  `floor` is what it cannot be without, in the same unit; `ratio` is the figure in floors."""

    what: str
    value: float
    unit: str
    floor: float | None = None
    ratio: float | None = None
    target: Target | None = None

    @property
    def met(self) -> bool | None:
        """Whether the target is reached; None: there is none."""
        reached = self.value if self.target is None or self.target.of == "value" else self.ratio
        if self.target is None or reached is None:
            return None
        return reached >= self.target.limit if self.target.least else reached <= self.target.limit


@dataclass(frozen=True)
class Table:
    """Rows that were measured together, and what a reader must know to judge them.  `failed`: why there are none."""

    title: str
    rows: list[Row]
    notes: tuple[str, ...] = ()
    failed: str = ""


def beside(what: str, value: float, floor: float, unit: str, target: Target | None = None) -> Row:
    """A figure and the floor that was measured beside it."""
    return Row(what, value, unit, floor, value / floor if floor else None, target)


def at_most(limit: float) -> Target:
    """The figure itself is to be no larger."""
    return Target(limit)


def at_least(limit: float) -> Target:
    """The figure itself is to be no smaller."""
    return Target(limit, least=True)


def floors_at_most(limit: float) -> Target:
    """The figure is to be no more than so many floors."""
    return Target(limit, of="ratio")


def markdown(table: Table) -> str:
    """For people."""
    if table.failed:
        return f"### {table.title}\n\n**Failed**: {table.failed}\n"
    lines = [f"### {table.title}", "", HEAD, *(_line(row) for row in table.rows)]
    return "\n".join([*lines, *([""] if table.notes else []), *(f"- {note}" for note in table.notes), ""])


def document(header: Mapping[str, str], tables: Iterable[Table]) -> dict[str, Any]:
    """For machines."""
    told = [{**asdict(table), "rows": [{**asdict(row), "met": row.met} for row in table.rows]} for table in tables]
    return {"header": dict(header), "tables": told}


def _line(row: Row) -> str:
    floor = "" if row.floor is None else f"{shown(row.floor)} {row.unit}"
    ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
    met = {True: "yes", False: "**no**", None: ""}[row.met]
    return f"| {row.what} | {shown(row.value)} {row.unit} | {floor} | {ratio} | {row.target or ''} | {met} |"


def shown(value: float) -> str:
    """As many digits as anybody reads."""
    if value == int(value) or value >= LARGE:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= SMALL else f"{value:.2f}"
