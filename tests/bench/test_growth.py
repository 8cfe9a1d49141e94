"""How growth is judged, on figures that are made up: what is more than linear must be seen, what is too little not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .growth import EVEN, POWER, UNSURE, Cost, judged, least, power
from .rows import Row

SIZES = (1, 10, 100, 500, 1000, 2000)
SURE = 100.0


def _rows(cost: Callable[[int], float]) -> list[Row]:
    return list(judged("cost", {size: Cost(cost(size), "ms", SURE) for size in SIZES}))


def _met(rows: list[Row]) -> list[bool | None]:
    return [row.met for row in rows]


def test_what_is_linear_is_met() -> None:
    """Each size but the smallest that tells something, and the power, which is one."""
    rows = _rows(lambda size: 1000 + 2.0 * size)
    assert _met(rows) == [None, None, None, True, True, True, True]
    assert [row.ratio for row in rows[3:6]] == pytest.approx([1, 1, 1])
    assert rows[3].floor == pytest.approx(2000)
    assert rows[6].value == pytest.approx(1)


def test_what_is_quadratic_is_missed() -> None:
    """By every size that is judged, and by the power."""
    rows = _rows(lambda size: 1000 + 0.05 * size**2)
    assert _met(rows) == [None, None, None, False, False, False, False]
    assert rows[6].value == pytest.approx(2, abs=0.05)


def test_what_grows_in_small_steps_is_missed() -> None:
    """A quarter more for one at each size, beside the one before: no step is much, all together are."""
    rows = _rows(lambda size: 5.0 * size**1.37)
    assert rows[-1].met is False
    assert rows[-1].value == pytest.approx(1.37, abs=0.03)
    assert rows[-2].met is False


def test_what_grows_less_than_linear_is_met() -> None:
    """Also where it does not grow any more."""
    assert _met(_rows(lambda size: 50.0 * size**0.5))[-3:] == [True, True, True]
    assert _met(_rows(lambda size: 1000.0 if size > 10 else 10.0))[-4:] == [True, True, True, True]


def test_what_is_too_little_is_not_judged() -> None:
    """It says so, and shows all it took; no size is the measure of another."""
    rows = _rows(lambda size: 1000 + 0.04 * size)
    assert _met(rows) == [None] * len(SIZES)
    assert all(row.target is None and row.floor is None for row in rows)
    assert [UNSURE in row.what for row in rows] == [False, *[True] * 5]
    assert rows[-1].value == pytest.approx(1080)


def test_noise_below_what_tells_something_is_no_measure() -> None:
    """Less than the first took, and hardly more; the first that is sure is the measure."""
    figures = dict(zip(SIZES, (1000, 950, 1099, 1500, 2000, 3000), strict=True))
    rows = _rows(figures.__getitem__)
    assert _met(rows) == [None, None, None, None, True, True, True]
    assert [row.what for row in rows if UNSURE in row.what] == [f"cost, 10, {UNSURE}", f"cost, 100, {UNSURE}"]
    assert all(row.value >= 0 for row in rows)


def test_one_size_alone_has_no_power() -> None:
    """A line needs two."""
    rows = list(judged("cost", {1: Cost(0, "ms", SURE), 2000: Cost(500, "ms", SURE)}))
    assert len(rows) == 2
    assert rows[1].target is None
    assert UNSURE not in rows[1].what


def test_the_limits() -> None:
    """Of one beside one, and of the power."""
    assert (EVEN, POWER) == (1.5, 1.15)
    rows = _rows(lambda size: 2.0 * size)
    assert [str(row.target) for row in rows if row.target] == ["≤ 1.50 x", "≤ 1.50 x", "≤ 1.50 x", "≤ 1.15"]


def test_the_power_is_that_of_the_best_line() -> None:
    """Through two points it is exact; what lies about a line evenly does not tilt it."""
    assert power([(10, 30), (1000, 30_000)]) == pytest.approx(1.5)
    assert power([(1, 2.0), (10, 10.0), (100, 200.0)]) == pytest.approx(1)


def test_the_least_of_each_quantity_counts() -> None:
    """Not the round that was the quickest in one of them."""
    rounds = [{"a": Cost(3, "ms"), "b": Cost(1, "MB")}, {"a": Cost(2, "ms"), "b": Cost(5, "MB")}]
    assert least(rounds) == {"a": Cost(2, "ms"), "b": Cost(1, "MB")}
