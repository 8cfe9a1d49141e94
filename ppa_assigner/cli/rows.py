"""Plain rows: a head, and below it a line for each item, in aligned columns.

Rule: where a width is given no line is longer than that and none is wrapped: what gives way is what people wrote
(owners, remarks) and what can be done without, and never a name or an id.  Without a width everything is there.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from .output import escaped

Item = Mapping[str, Any]
NOTHING = "-"
_GAP = "  "
_CUT = "…"
_LEAST = 6  # characters of a text that is shortened: fewer say nothing


class Give(enum.Enum):
    """How a column gives way where the lines are too long."""

    NEVER = enum.auto()
    START = enum.auto()
    """Its texts lose their beginnings: what tells one owner from another stands at the end of an address."""
    END = enum.auto()
    """Its texts lose their ends."""
    WHOLE = enum.auto()
    """It is left out, the left one of two first."""


class Column(NamedTuple):
    """A column: its head, and what it says of an item at that moment (nothing: None or "")."""

    head: str
    cell: Callable[[Item, datetime], object]
    give: Give = Give.NEVER


def lines(items: Iterable[Item], columns: Sequence[Column], now: datetime, width: int | None = None) -> list[str]:
    """The head and the rows.  `width`: the most that a line may have, in cells of a terminal."""
    listed = list(items)
    texts = [[column.head, *(_text(column, item, now) for item in listed)] for column in columns]
    wide = [max(map(cells, column)) for column in texts]
    if width is not None and _total(wide) > width:
        wide = _fitting(columns, wide, width)
        texts = [_shortened(each, column.give, w) for each, column, w in zip(texts, columns, wide, strict=True)]
    shown = [(column, w) for column, w in zip(texts, wide, strict=True) if w]
    return [_line(row, [w for _, w in shown], width) for row in zip(*(column for column, _ in shown), strict=True)]


def cells(text: str) -> int:
    """How many cells of a terminal the text takes."""
    if text.isascii():
        return len(text)
    import unicodedata

    narrow = {"Mn": 0, "Me": 0}
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else narrow.get(unicodedata.category(c), 1) for c in text)


def shortened(text: str, width: int, give: Give = Give.END) -> str:
    """The text if it fits, else as much of its beginning, or of its end, as does, with a mark for what is missing."""
    if cells(text) <= width:
        return text
    if width <= 0:
        return ""
    text = text[-width:] if give is Give.START else text[:width]  # few characters take less than a cell
    while text and cells(text) > width - 1:
        text = text[1:] if give is Give.START else text[:-1]
    return _CUT + text if give is Give.START else text + _CUT


def _text(column: Column, item: Item, now: datetime) -> str:
    value = column.cell(item, now)
    nothing = "" if column.give is Give.END else NOTHING
    return nothing if value is None or value == "" else escaped(value)


def _total(wide: Sequence[int]) -> int:
    return sum(wide) + len(_GAP) * (sum(w > 0 for w in wide) - 1)


def _fitting(columns: Sequence[Column], wide: Sequence[int], width: int) -> list[int]:
    """How wide each column may be, 0 where it is left out."""
    kept = list(wide)
    texts = [place for place, column in enumerate(columns) if column.give in (Give.START, Give.END)]
    for place in _by_weight(columns):
        least = [min(w, _LEAST) if here in texts else w for here, w in enumerate(kept)]
        if _total(least) <= width:
            break
        kept[place] = 0
    room = width - _total([0 if here in texts else w for here, w in enumerate(kept)])
    room -= len(_GAP) * sum(kept[place] > 0 for place in texts)
    return _shared(kept, [place for place in texts if kept[place]], room)


def _by_weight(columns: Sequence[Column]) -> list[int]:
    """Which columns are left out, the first one first."""
    order = (Give.WHOLE, Give.END, Give.START)
    return [place for give in order for place, column in enumerate(columns) if column.give is give]


def _shared(wide: Sequence[int], places: Sequence[int], room: int) -> list[int]:
    """The room shared among these columns, from the narrowest on: what one does not need is for the others."""
    given = list(wide)
    ordered = sorted(places, key=lambda place: wide[place])
    for rank, place in enumerate(ordered):
        given[place] = min(wide[place], max(0, room) // (len(ordered) - rank))
        room -= given[place]
    return given


def _shortened(texts: Sequence[str], give: Give, width: int) -> list[str]:
    return [shortened(text, width, give) for text in texts]


def _line(row: Sequence[str], wide: Sequence[int], width: int | None) -> str:
    text = _GAP.join(cell + " " * (w - cells(cell)) for cell, w in zip(row, wide, strict=True)).rstrip()
    return text if width is None else shortened(text, width)
