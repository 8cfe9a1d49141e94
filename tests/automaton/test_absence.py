"""A PPA that is gone or denied, for a moment or for good: what is believed, and when."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ppa_assigner.automaton.events import (
    Denied,
    GiveUp,
    ReadNow,
    RecordShown,
    Refusal,
    Release,
    Touch,
    Transition,
)
from ppa_assigner.automaton.reachability import Absent, one_more
from ppa_assigner.automaton.rollback import gone_transition
from ppa_assigner.backoff import ABSENCE_AGAIN_S, ABSENCE_LASTS_S, ABSENCE_READS
from ppa_assigner.record import State, compose
from ppa_assigner.views import Condition, Sight
from tests.automaton.lab import Runner, World, assign, back, confirm, lose, made_by_people, why

PASSING = {"gone": Sight.GONE, "denied": Sight.DENIED}
FINAL = {"gone": Sight.LASTING_GONE, "denied": Sight.LASTING_DENIED}


def reads(runner: Runner) -> int:
    """How many reads were made."""
    return runner.kinds().count("Read")


# -- for a moment ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["gone", "denied"])
def test_what_passes_ends_nothing(how: str) -> None:
    """The lease is neither unknown nor over for whoever touches or releases it; and then it is there as before."""
    runner, record = World().used_ppa()
    lose(runner, how)
    runner.look()
    for order in (Touch, Release):
        assert why(runner.order(order, lease="lease-1")) is Refusal.OUTAGE
    assert why(runner.order(confirm())) is Refusal.OUTAGE
    assert (runner.known.state, runner.known.sight) == (State.USED, PASSING[how])
    expected = Condition.MISSING if how == "gone" else Condition.UNREACHABLE
    assert runner.known.condition is expected
    back(runner)
    runner.look()
    assert (runner.known.condition, runner.known.record, runner.known.over) == (Condition.OK, record, None)
    assert [t.why for t in runner.transitions] == []


@pytest.mark.parametrize("how", ["gone", "denied"])
def test_a_lease_that_is_past_its_end_is_over_all_the_same(how: str) -> None:
    """410, and a request that had it may have another."""
    runner, _ = World().used_ppa(ttl=30.0)
    lose(runner, how)
    runner.world.move_to(runner.world.boot + 31.0)
    runner.look()
    assert why(runner.order(Touch, lease="lease-1")) is Refusal.OVER
    assert why(runner.order(Release, lease="lease-1")) is Refusal.OVER
    assert runner.order(confirm()) == Denied(Refusal.ELSEWHERE, runner.known.fault or "")


@pytest.mark.parametrize("how", ["gone", "denied"])
def test_a_lease_that_was_released_stays_so_while_its_ppa_is_out_of_sight(how: str) -> None:
    """Whoever releases it once more is told the record in which it ended."""
    runner = World().dirty_ppa()
    record = runner.world.record
    lose(runner, how)
    runner.look()
    assert runner.order(Release, lease="lease-1") == RecordShown(record)


@pytest.mark.parametrize("how", ["gone", "denied"])
def test_no_lease_that_is_out_of_sight_is_over_by_a_clock_that_is_not_believed(how: str) -> None:
    """It may have hours left: whoever holds it asks again, and who asks under its request id gets no other PPA."""
    runner, _ = World().used_ppa()
    runner.world.launchpad.skew = 86_400.0
    lose(runner, how)
    runner.look()
    for order in (lambda t, d: Touch(token=t, deadline=d, lease="lease-1"), confirm()):
        assert why(runner.order(order)) is Refusal.OUTAGE
    assert not runner.clock.now().trusted
    assert why(runner.order(Release, lease="lease-1")) is Refusal.OUTAGE


def test_a_denied_ppa_says_what_to_do_once() -> None:
    """It is shown as out of reach, and told to a person."""
    runner, _ = World().used_ppa()
    lose(runner, "denied")
    for _ in range(3):
        runner.look()
    fault = runner.known.snapshot().fault or ""
    assert "have the daemon's account join ~owner" in fault
    assert runner.alarms == [f"{runner.world.ppa}: {fault}"]


def test_a_round_that_met_it_has_not_seen_it_until_that_lasts() -> None:
    """Whoever looks for a lease does not take a moment's answer for its absence."""
    for how in PASSING:
        runner, _ = World().used_ppa()
        lose(runner, how)
        runner.look()
        assert runner.rounds[-1].reason is not None
        runner.pass_time(ABSENCE_LASTS_S + 30.0)
        runner.look()
        assert runner.rounds[-1].reason is None
        assert runner.known.sight is FINAL[how]


# -- for good ----------------------------------------------------------------------------------------------------------


def test_a_round_that_met_a_denied_ppa_in_doubt_is_over_once_that_lasts() -> None:
    """A lost write is settled by nobody while it is denied: that would hold up all others for ever."""
    runner = World().free_ppa()
    lose(runner, "denied")
    runner.world.launchpad.fault = lambda request: {"write": "unknown", "read": "denied"}.get(request.what)
    assert why(runner.order(assign())) is Refusal.IN_DOUBT
    runner.look()
    runner.pass_time(5 * ABSENCE_LASTS_S)
    runner.look()
    assert runner.known.sight is Sight.LASTING_DENIED
    assert [each.reason is None for each in runner.rounds] == [False, True]
    sent = runner.known.snapshot().sent
    assert sent is not None
    assert (sent.state, sent.request) == (State.USED, "build-1")
    back(runner)
    runner.pass_time(60.0)
    assert runner.known.snapshot().sent is None


@pytest.mark.parametrize("how", ["gone", "denied"])
@pytest.mark.parametrize("known", [True, False])
def test_it_is_read_again_until_that_is_decided_and_not_after(how: str, known: bool) -> None:
    """By the worker itself: at least five reads over a minute; then looks are enough."""
    world = World()
    runner = world.used_ppa()[0] if known else world.start()
    runner.forget_the_past()
    lose(runner, how)
    runner.look()
    runner.pass_time(ABSENCE_LASTS_S - ABSENCE_AGAIN_S)
    assert runner.known.sight is PASSING[how]
    runner.pass_time(3 * ABSENCE_AGAIN_S)
    assert runner.known.sight is FINAL[how]
    assert ABSENCE_READS <= reads(runner) <= 9
    runner.forget_the_past()
    runner.pass_time(600.0)
    assert reads(runner) == 0


@pytest.mark.parametrize("other", ["gone", "denied", None])
def test_a_read_that_says_otherwise_starts_the_count_anew(other: str | None) -> None:
    """Fifty seconds of one and fifty of another are a minute of neither."""
    for how in PASSING:
        if how == other:
            continue
        runner, record = World().used_ppa()
        lose(runner, how)
        runner.look()
        runner.pass_time(ABSENCE_LASTS_S - 10.0)
        if other is None:
            back(runner)
        else:
            lose(runner, other)
        runner.order(ReadNow)
        lose(runner, how)
        runner.order(ReadNow)
        runner.pass_time(ABSENCE_LASTS_S - 10.0)
        assert (runner.known.sight, runner.known.record) == (PASSING[how], record)


def test_many_reads_in_a_moment_are_no_minute() -> None:
    """Whoever asks often does not make it true."""
    runner, record = World().used_ppa()
    lose(runner, "gone")
    for _ in range(20):
        runner.order(ReadNow)
    assert (runner.known.sight, runner.known.record) == (Sight.GONE, record)


@pytest.mark.parametrize("reads", [ABSENCE_READS - 1, ABSENCE_READS])
@pytest.mark.parametrize("seconds", [ABSENCE_LASTS_S - 1.0, ABSENCE_LASTS_S])
def test_so_many_reads_over_so_long_are_enough_and_fewer_are_not(reads: int, seconds: float) -> None:
    """From the first answer to when the last read left, however the others lie between."""
    streak, moment = None, World().launchpad.moment(0.0)
    for number in range(reads):
        started = moment.started + seconds * number / (reads - 1)
        streak = one_more(streak, replace(moment, started=started, ended=started))
    assert streak is not None
    assert streak.lasting is (reads >= ABSENCE_READS and seconds >= ABSENCE_LASTS_S)


def ended(runner: Runner, record: Any) -> None:
    """The lease is over, because its PPA is gone."""
    assert (runner.known.state, runner.known.condition, runner.known.over) == (None, Condition.MISSING, record)
    shown = runner.known.snapshot()
    assert (shown.record, shown.over, shown.sight) == (None, record, Sight.LASTING_GONE)
    last = runner.known.reach
    assert isinstance(last, Absent)
    assert shown.fault == f"it is gone: {last.reason}"
    assert why(runner.order(Touch, lease="lease-1")) is Refusal.OVER
    assert runner.order(Release, lease="lease-1") == RecordShown(None)
    assert why(runner.order(confirm())) is Refusal.ELSEWHERE
    assert why(runner.order(GiveUp, lease="lease-1", nonce=record.nonce)) is Refusal.ELSEWHERE
    assert [(t.before, t.record, t.why, t.gone) for t in runner.transitions] == [(State.USED, record, "gone", True)]


@pytest.mark.parametrize(("ago", "lasted"), [(-7, 0.0), (0, 0.0), (7, 7.0)])
def test_what_is_told_of_one_that_is_gone_is_how_it_was_last(ago: int, lasted: float) -> None:
    """For how long, and how many cleans had failed; less than no time it never was, whatever a clock said."""
    runner = World().dirty_ppa()
    now = runner.clock.now()
    record = replace(runner.world.record, since=now.date - timedelta(seconds=ago), tries=2)
    assert gone_transition(record, now) == Transition(State.DIRTY, record, "gone", now.date, lasted, 2, gone=True)


@pytest.mark.parametrize("status", [None, "Deleting"])
def test_a_ppa_that_is_gone_for_good_ends_its_lease(status: str | None) -> None:
    """Once, and told so: nothing used is left of it."""
    runner, record = World().used_ppa()
    if status is None:
        lose(runner, "gone")
    else:
        runner.world.launchpad.delete_ppa(runner.world.ppa, published=False)
    runner.look()
    runner.pass_time(2 * ABSENCE_LASTS_S)
    ended(runner, record)


def test_a_deleted_name_that_shows_our_record_tells_it_at_once() -> None:
    """Launchpad renames what was deleted."""
    runner, record = World().used_ppa()
    runner.world.launchpad.delete_ppa(runner.world.ppa)
    runner.look()
    runner.pass_time(10.0)
    ended(runner, record)


def test_whoever_asks_all_the_time_does_not_keep_that_from_being_found_out() -> None:
    """The worker reads by itself all the same."""
    runner, _ = World().used_ppa()
    runner.world.launchpad.delete_ppa(runner.world.ppa)
    runner.look()
    for _ in range(10):
        runner.order(Touch, lease="lease-1")
        runner.pass_time(0.5)
    assert runner.known.sight is Sight.LASTING_GONE


@pytest.mark.parametrize("written_after", [-5, 5])
def test_a_deleted_name_with_another_record_tells_nothing(written_after: int) -> None:
    """It is of an earlier PPA of that name, or may be: only this very lease is ended at once."""
    runner, record = World().used_ppa()
    earlier = replace(record, serial=record.serial + written_after, nonce="another")
    runner.world.launchpad.add(f"{runner.world.ppa}-deletedppa", description=compose(None, earlier))
    lose(runner, "gone")
    runner.look()
    runner.pass_time(ABSENCE_LASTS_S - 10.0)
    assert "ReadDeleted" in runner.kinds()
    assert (runner.known.sight, runner.known.record) == (Sight.GONE, record)


@pytest.mark.parametrize("how", ["gone", "denied"])
def test_a_lease_that_ended_so_stays_over_whatever_is_so_of_the_next_of_its_name(how: str) -> None:
    """Its end was final."""
    runner, _ = World().used_ppa()
    lose(runner, "gone")
    runner.look()
    runner.pass_time(2 * ABSENCE_LASTS_S)
    back(runner)
    made_by_people(runner, "theirs")
    runner.look()
    lose(runner, how)
    runner.look()
    assert why(runner.order(Touch, lease="lease-1")) is Refusal.OVER
    assert runner.order(Release, lease="lease-1") == RecordShown(None)
