"""Whether a PPA can be reached: what each answer, and each silence, makes of what was known of that before."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ppa_assigner.automaton import reachability
from ppa_assigner.automaton.reachability import SEEN, Absent, Reach, ReadDenied, ReadStreak, Unreachable
from ppa_assigner.backoff import ABSENCE_FIRST_S, ABSENCE_LASTS_S, ABSENCE_READS
from ppa_assigner.port import Moment

SHORT = ReadStreak(2, 10.0, 20.0, 30.0)
LONG = ReadStreak(ABSENCE_READS, 10.0, 10.0 + ABSENCE_LASTS_S, 80.0)
GONE, FINAL = Absent("gone", SHORT), Absent("gone", SHORT, final=True)
LONG_GONE = Absent("gone", LONG)
DENIED, LASTING = ReadDenied("403", SHORT), ReadDenied("403", LONG)
AT = Moment(None, 60.0, 70.0)  # type: ignore[arg-type]  # its date is nobody's concern here
FIRST = ReadStreak(1, 70.0, 60.0, 70.0 + ABSENCE_FIRST_S)
NEXT = ReadStreak(3, 10.0, 60.0, 30.0)
NEVER = float("inf")


def silent(last: reachability.LastAnswer) -> Unreachable:
    """Launchpad answered so, and nothing since."""
    return Unreachable("down", last)


@pytest.mark.parametrize("last", [SEEN, GONE, FINAL, DENIED])
def test_silence_leaves_what_was_answered_last(last: reachability.LastAnswer) -> None:
    """However often nothing is answered; only the reason is the newest."""
    once = reachability.unanswered(last, "down")
    assert once == Unreachable("down", last)
    assert reachability.unanswered(once, "502") == Unreachable("502", last)
    assert reachability.last_answer(once) is reachability.last_answer(last) is last


@pytest.mark.parametrize(
    ("before", "streak", "final"),
    [
        (SEEN, FIRST, False),
        (DENIED, FIRST, False),
        (GONE, NEXT, False),
        (FINAL, NEXT, True),
        (silent(FINAL), NEXT, True),
    ],
)
def test_gone_counts_on_from_gone_alone(before: Reach, streak: ReadStreak, final: bool) -> None:
    """Silence in between neither counts nor breaks the streak; what is gone for good stays so."""
    assert reachability.absent(before, "404", AT) == Absent("404", streak, final=final)


@pytest.mark.parametrize(
    ("before", "streak"), [(SEEN, FIRST), (FINAL, FIRST), (DENIED, NEXT), (silent(DENIED), NEXT), (silent(SEEN), FIRST)]
)
def test_a_denial_counts_on_from_a_denial_alone(before: Reach, streak: ReadStreak) -> None:
    """Nothing is left of an absence."""
    assert reachability.read_denied(before, "401", AT) == ReadDenied("401", streak)


@pytest.mark.parametrize(
    ("reach", "why"),
    [
        (SEEN, None),
        (GONE, "gone: whether that lasts is known in a minute"),
        (LONG_GONE, "gone: whether that lasts is known in a minute"),
        (FINAL, None),
        (DENIED, "403: whether that lasts is known in a minute"),
        (LASTING, None),
        (silent(SEEN), "down"),
        (silent(GONE), "down"),
        (silent(FINAL), "down"),
    ],
)
def test_why_nobody_can_tell_what_is_in_it(reach: Reach, why: str | None) -> None:
    """As long as nobody knows whether that lasts; an outage is told as what it is."""
    assert reachability.why_undecided(reach) == why


@pytest.mark.parametrize(
    ("reach", "undecided"),
    [(SEEN, None), (GONE, GONE), (FINAL, None), (DENIED, DENIED), (LASTING, None), (silent(DENIED), DENIED)],
)
def test_what_is_undecided_is_read_again(reach: Reach, undecided: reachability.LastAnswer | None) -> None:
    """Whether or not Launchpad answers just now."""
    assert reachability.undecided(reach) == undecided


@pytest.mark.parametrize("reach", [GONE, DENIED, silent(GONE), silent(DENIED)])
def test_the_next_read_is_put_off_and_nothing_else_changes(reach: Reach) -> None:
    """Also where Launchpad is silent."""
    later = reachability.put_off(reach, 99.0)
    last, before = reachability.last_answer(later), reachability.last_answer(reach)
    assert isinstance(before, Absent | ReadDenied)
    assert last == replace(before, streak=replace(SHORT, due=99.0))
    assert isinstance(later, Unreachable) is isinstance(reach, Unreachable)


def test_what_is_seen_is_neither_put_off_nor_gone_nor_unknown() -> None:
    """None of these facts belongs to it."""
    for change in (reachability.gone_for_good, reachability.of_unknown_name):
        assert [change(reach) for reach in (SEEN, DENIED, silent(SEEN))] == [SEEN, DENIED, silent(SEEN)]
    assert reachability.put_off(SEEN, 1.0) is SEEN
    assert [reachability.is_final(reach) for reach in (SEEN, DENIED, GONE, FINAL)] == [False, False, False, True]
    assert not reachability.is_of_unknown_name(GONE)


@pytest.mark.parametrize("reach", [GONE, silent(GONE)])
def test_what_is_gone_can_be_gone_for_good_and_of_a_name_that_nobody_has(reach: Reach) -> None:
    """Two facts that know nothing of each other."""
    final, unknown = reachability.gone_for_good(reach), reachability.of_unknown_name(reach)
    assert (reachability.is_final(final), reachability.is_of_unknown_name(final)) == (True, False)
    assert (reachability.is_final(unknown), reachability.is_of_unknown_name(unknown)) == (False, True)
