"""Whether a PPA can be reached: what each answer makes of what was known of that before."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ppa_assigner.automaton import reachability
from ppa_assigner.automaton.reachability import SEEN, Absent, Reach, ReadDenied, ReadStreak
from ppa_assigner.backoff import ABSENCE_FIRST_S, ABSENCE_LASTS_S, ABSENCE_READS
from ppa_assigner.port import Gone, Moment

SHORT = ReadStreak(2, 10.0, 20.0, 30.0)
LONG = ReadStreak(ABSENCE_READS, 10.0, 10.0 + ABSENCE_LASTS_S, 80.0)
GONE, FINAL = Absent("gone", SHORT), Absent("gone", SHORT, final=True)
LONG_GONE = Absent("gone", LONG)
DENIED, LASTING = ReadDenied("403", SHORT), ReadDenied("403", LONG)
AT = Moment(None, 60.0, 70.0)  # type: ignore[arg-type]  # its date is nobody's concern here
FIRST = ReadStreak(1, 70.0, 60.0, 70.0 + ABSENCE_FIRST_S)
NEXT = ReadStreak(3, 10.0, 60.0, 30.0)
NEVER = float("inf")


@pytest.mark.parametrize(
    ("before", "streak", "final"),
    [
        (SEEN, FIRST, False),
        (DENIED, FIRST, False),
        (GONE, NEXT, False),
        (FINAL, NEXT, True),
    ],
)
def test_gone_counts_on_from_gone_alone(before: Reach, streak: ReadStreak, final: bool) -> None:
    """What is gone for good stays so."""
    assert reachability.absent(before, Gone("404", AT, 404)) == Absent("404", streak, final=final)


def test_what_launchpad_shows_deleted_does_not_come_back() -> None:
    """A name that it does not know may, until that is believed."""
    deleted, unknown = (reachability.absent(SEEN, Gone("gone", AT, status)) for status in (None, 404))
    assert (reachability.is_deleted(deleted), reachability.is_deleted(unknown)) == (True, False)
    assert reachability.is_deleted(FINAL)
    assert not reachability.is_deleted(LASTING)


@pytest.mark.parametrize(("before", "streak"), [(SEEN, FIRST), (FINAL, FIRST), (DENIED, NEXT)])
def test_a_denial_counts_on_from_a_denial_alone(before: Reach, streak: ReadStreak) -> None:
    """Nothing is left of an absence."""
    assert reachability.read_denied(before, "401", AT) == ReadDenied("401", streak)


@pytest.mark.parametrize(
    ("reach", "silent", "why"),
    [
        (SEEN, None, None),
        (GONE, None, "gone: whether that lasts is known in a minute"),
        (LONG_GONE, None, "gone: whether that lasts is known in a minute"),
        (FINAL, None, None),
        (DENIED, None, "403: whether that lasts is known in a minute"),
        (LASTING, None, None),
        (SEEN, "down", "down"),
        (GONE, "down", "down"),
        (FINAL, "down", "down"),
    ],
)
def test_why_nobody_can_tell_what_is_in_it(reach: Reach, silent: str | None, why: str | None) -> None:
    """As long as nobody knows whether that lasts; an outage is told as what it is."""
    assert reachability.why_undecided(reach, silent) == why


@pytest.mark.parametrize(
    ("reach", "undecided"),
    [(SEEN, None), (GONE, GONE), (FINAL, None), (DENIED, DENIED), (LASTING, None)],
)
def test_what_is_undecided_is_read_again(reach: Reach, undecided: Reach | None) -> None:
    """As long as it is not known whether that lasts."""
    assert reachability.undecided(reach) == undecided


@pytest.mark.parametrize("reach", [GONE, DENIED])
def test_the_next_read_is_put_off_and_nothing_else_changes(reach: Absent | ReadDenied) -> None:
    """Only the boot time of it."""
    assert reachability.put_off(reach, 99.0) == replace(reach, streak=replace(SHORT, due=99.0))


def test_what_is_seen_is_neither_put_off_nor_gone_nor_unknown() -> None:
    """None of these facts belongs to it."""
    for change in (reachability.gone_for_good, reachability.of_unknown_name):
        assert [change(reach) for reach in (SEEN, DENIED)] == [SEEN, DENIED]
    assert reachability.put_off(SEEN, 1.0) is SEEN
    assert [reachability.is_final(reach) for reach in (SEEN, DENIED, GONE, FINAL)] == [False, False, False, True]
    assert not reachability.is_of_unknown_name(GONE)


def test_what_is_gone_can_be_gone_for_good_and_of_a_name_that_nobody_has() -> None:
    """Two facts that know nothing of each other."""
    final, unknown = reachability.gone_for_good(GONE), reachability.of_unknown_name(GONE)
    assert (reachability.is_final(final), reachability.is_of_unknown_name(final)) == (True, False)
    assert (reachability.is_final(unknown), reachability.is_of_unknown_name(unknown)) == (False, True)
