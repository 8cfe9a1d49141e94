"""Rows of any texts in any width: aligned, never longer than they may be, and names are whole."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, strategies as st

from ppa_assigner.cli.rows import Column, Give, cells, lines, shortened
from ppa_assigner.times import age, local_time

NOW = datetime(2026, 11, 25, tzinfo=UTC)
COLUMNS = [
    Column("NAME", lambda item, _: item["name"]),
    Column("POOL", lambda item, _: item["pool"], Give.WHOLE),
    Column("OWNER", lambda item, _: item["owner"], Give.START),
    Column("REMARK", lambda item, _: item["remark"], Give.END),
]
TEXTS = st.text(alphabet="ab/-_ äя漢字e\u0301\x1b\u202e", max_size=60)
ITEMS = st.fixed_dictionaries(
    {"name": st.text("abc", min_size=1, max_size=12), "pool": TEXTS, "owner": st.none() | TEXTS, "remark": TEXTS}
)


@given(st.lists(ITEMS, max_size=5), st.integers(1, 120))
def test_no_line_is_longer_than_it_may_be(items: list[dict[str, str]], width: int) -> None:
    """Whatever the texts are; and where names fit they are whole."""
    shown = lines(items, COLUMNS, NOW, width)
    assert len(shown) == len(items) + 1
    assert all(cells(line) <= width for line in shown)
    if width >= 12:
        assert all(line.startswith(item["name"]) for line, item in zip(shown[1:], items, strict=True))


@given(st.lists(ITEMS, max_size=5))
def test_without_a_width_everything_is_there(items: list[dict[str, str]]) -> None:
    """Every column, and each text whole, as far as it can be printed."""
    head, *shown = lines(items, COLUMNS, NOW)
    assert head.split() == ["NAME", "POOL", "OWNER", "REMARK"]
    for line, item in zip(shown, items, strict=True):
        assert all(text in line for text in item.values() if text and text.isprintable() and not text.endswith(" "))


@pytest.mark.parametrize(
    ("text", "width", "start", "end"),
    [
        ("job/4711/", 9, "job/4711/", "job/4711/"),
        ("job/4711/", 7, "…/4711/", "job/47…"),
        ("漢字漢字", 5, "…漢字", "漢字…"),
        ("漢字漢字", 4, "…字", "漢…"),
        ("abc", 1, "…", "…"),
        ("abc", 0, "", ""),
    ],
)
def test_what_is_shortened_says_so(text: str, width: int, start: str, end: str) -> None:
    """From its beginning or its end, by the cells that a terminal needs for it."""
    assert (shortened(text, width, Give.START), shortened(text, width, Give.END)) == (start, end)


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (-5, "0s"), (0, "0s"), (119, "119s"), (120, "2m"), (720, "12m"), (7199, "119m"), (7200, "2h"), (10800, "3h"),
        (2 * 86400 - 1, "47h"), (2 * 86400, "2d"), (400 * 86400, "400d"),
    ],
)  # fmt: skip
def test_an_age_has_one_unit(seconds: float, told: str) -> None:
    """The largest of which there are two."""
    assert age(seconds) == told


def test_a_time_that_is_none_is_shown_as_it_is() -> None:
    """What a newer daemon may say."""
    assert local_time("soon") == "soon"
