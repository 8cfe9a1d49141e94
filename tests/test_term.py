"""How long a lease runs for certain, by the holder's clock alone: arithmetic, whatever the clocks of others show."""

from __future__ import annotations

import time
from typing import Any, cast

import pytest

from ppa_assigner.client import Lease
from ppa_assigner.client.errors import Bug
from ppa_assigner.client.lease import (
    LONGEST_INTERVAL_S,
    MARGIN_S,
    term_after_touch,
    term_after_unwritten_touch,
    term_of_assign,
)
from ppa_assigner.times import boottime
from tests.fakedaemon import LEASE

SENT = 1000.0
HOURS_S = 8 * 3600.0


def lease(**members: Any) -> Lease:
    """One of eight hours, just written, but for these members."""
    return cast(Lease, LEASE | members)


def at(hour: int, minute: int = 14, second: int = 12) -> str:
    """A time of that day; the lease was written at 03:14:12."""
    return f"2026-11-25T{hour:02}:{minute:02}:{second:02}Z"


@pytest.mark.parametrize(("idle", "span"), [(600, 600), (12, 12), (1, 1), (None, HOURS_S - 1), (40_000, HOURS_S - 1)])
def test_the_earliest_end_counts_from_when_the_request_left(idle: int | None, span: float) -> None:
    """Silence, or the fixed end; times of documents are whole seconds, so the clock may be one further."""
    term = term_of_assign(lease(idle=idle), SENT, SENT + 0.1, written=True)
    assert term.ends == SENT + span
    assert term.silence_ends_it is (idle is not None and idle < HOURS_S)


@pytest.mark.parametrize(("idle", "margin"), [(600, MARGIN_S), (12, 3.0), (1, 0.25), (None, MARGIN_S)])
def test_it_is_given_up_before_and_touched_often_enough(idle: int | None, margin: float) -> None:
    """With a margin, and with room for three touches more between an answered one and that."""
    term = term_of_assign(lease(idle=idle), SENT, SENT, written=True)
    assert term.gives_up == term.ends - margin
    assert SENT + 3 * term.interval <= term.gives_up
    assert term.interval <= LONGEST_INTERVAL_S


def test_a_touch_puts_off_silence_and_not_the_fixed_end() -> None:
    """Also one that needed no write, and shows nothing new."""
    term = term_of_assign(lease(idle=600, until=at(3, 34)), SENT, SENT, written=True)
    for sent in range(1060, 2000, 60):
        term = term_after_touch(term, lease(idle=600, until=at(3, 34)), float(sent))
        assert term.ends == min(sent + 600, SENT + 1199)


def test_an_end_that_is_moved_counts_from_the_touch_that_shows_it() -> None:
    """By a `ttl`, which is written with it, or by an operator's hold, which is not."""
    term = term_of_assign(lease(), SENT, SENT, written=True)
    held = term_after_touch(term, lease(until=at(12)), SENT + 3600)
    assert held.ends == SENT + 9 * 3600 - 1
    longer = term_after_touch(term, lease(until=at(12), touched=at(4)), SENT + 3600)
    assert longer.ends == SENT + 9 * 3600 - 1
    shorter = term_after_touch(held, lease(until=at(3, 20)), SENT + 60)
    assert shorter.ends == SENT + 360 - 1


def test_times_that_were_put_right_count_as_they_are_now() -> None:
    """A record written by a clock that was a day ahead says no more than its differences."""
    ahead = {"touched": "2026-11-26T03:14:12Z", "until": "2026-11-26T11:14:12Z"}
    term = term_of_assign(lease(**ahead), SENT, SENT, written=True)
    assert term.ends == SENT + HOURS_S - 1
    right = term_after_touch(term, lease(touched=at(3, 15), until=at(11)), SENT + 60)
    assert right.ends == SENT + HOURS_S - 1


def test_what_was_long_in_coming_or_is_of_another_call_is_not_certain() -> None:
    """A quarter of the time may be over, or more of it than anybody can tell; a touch makes it so."""
    assert term_of_assign(lease(idle=12), SENT, SENT + 2.9, written=True).certain
    assert not term_of_assign(lease(idle=12), SENT, SENT + 60, written=True).certain
    assert term_of_assign(lease(idle=600), SENT, SENT + 60, written=True).certain
    again = term_of_assign(lease(), SENT, SENT, written=False)
    assert not again.certain
    unwritten = term_after_touch(again, lease(), SENT + 1)
    # Its `touched` is a minute old at the most, else it had been written.
    assert (unwritten.certain, unwritten.ends) == (True, SENT + HOURS_S - 1 - LONGEST_INTERVAL_S)


def test_a_touch_that_was_heard_puts_off_silence_alone() -> None:
    """The daemon could not write it."""
    term = term_after_unwritten_touch(
        term_of_assign(lease(idle=600, until=at(3, 34)), SENT, SENT, written=True), SENT + 300
    )
    assert term.ends == SENT + 900
    assert term_after_unwritten_touch(term, SENT + 1000).ends == SENT + 1199


def test_a_lease_that_is_over_already_is_given_up_at_once() -> None:
    """Whatever its times say."""
    assert term_of_assign(lease(until=at(3)), SENT, SENT, written=True).gives_up <= SENT


def test_a_time_that_is_none_is_the_daemons_bug() -> None:
    """And no traceback."""
    with pytest.raises(Bug, match="has a time that is not one"):
        term_of_assign(lease(until="tomorrow"), SENT, SENT, written=True)


def test_the_clock_counts_while_the_host_sleeps() -> None:
    """As the system tells it."""
    assert abs(boottime() - time.clock_gettime(time.CLOCK_BOOTTIME)) < 1
