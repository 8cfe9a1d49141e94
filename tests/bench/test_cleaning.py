"""What cleaning cannot do without, and what its time is made of, on figures that are made up."""

from __future__ import annotations

import pytest

from .cleaning import Times, needed, shares


@pytest.mark.parametrize(
    ("packages", "series", "requests"),
    [
        (0, 1, 1 + 1 + 0 + 3 + 1 + 1),
        (1, 1, 1 + 1 + 1 + 3 + 1 + 1),
        (50, 3, 1 + 1 + 50 + 3 + 3 + 1),  # sources; claim; deletions; sources, binaries, builds; uploads; free
        (300, 1, 1 + 1 + 300 + 3 + 1 + 1),
        (301, 1, 2 + 1 + 301 + 6 + 1 + 1),  # a second page of each
    ],
)
def test_requests_needed(packages: int, series: int, requests: int) -> None:
    """Counted by hand."""
    assert needed(packages, series) == requests


def test_the_log_tells_the_times() -> None:
    """From the first that started to the last that ended, in whatever order they stand."""
    log = [{"started": 12.0, "ended": 15.0}, {"started": 10.0, "ended": 11.0}, {"started": 10.5, "ended": 14.5}]
    times = Times.of(log)
    assert times == Times(requests=3, wall=5.0, under_way=8.0)
    assert times.each == pytest.approx(8 / 3)


def test_floor_and_shares_are_the_whole_time() -> None:
    """120 requests, 100 needed, 2 connections; a request alone takes 50 ms, 48 ms as the stand-in sees it."""
    times = Times(requests=120, wall=4.0, under_way=120 * 0.058)
    more, slower, rest = shares(times, least=100, at_once=2, alone=0.05, seen=0.048)
    assert more.floor == slower.floor == rest.floor == pytest.approx(2.5)
    assert (more.value, slower.value, rest.value) == pytest.approx((0.5, 0.6, 0.4))
    assert 2.5 + more.value + slower.value + rest.value == pytest.approx(times.wall)
    assert all(row.target is None for row in (more, slower, rest))
