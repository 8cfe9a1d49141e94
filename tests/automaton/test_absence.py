"""A PPA that is gone or denied for a moment, for good, or gone and made anew by people: what is believed, and when."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from ppa_assigner.automaton.events import (
    Command,
    Denied,
    GiveUp,
    Hold,
    LeaseShown,
    Outcome,
    Quarantine,
    ReadNow,
    RecordShown,
    Refusal,
    Release,
    Resume,
    Supersede,
    Touch,
    Transition,
)
from ppa_assigner.automaton.reachability import ReadDenied, one_more
from ppa_assigner.automaton.rollback import gone_transition
from ppa_assigner.backoff import ABSENCE_AGAIN_S, ABSENCE_LASTS_S, ABSENCE_READS
from ppa_assigner.options import PoolOptions
from ppa_assigner.packages import SourcePackage
from ppa_assigner.record import State, compose
from ppa_assigner.views import Condition, Sight
from tests.automaton.lab import Runner, World, assign, changed, confirm, faults

PASSING = {"gone": Sight.GONE, "denied": Sight.DENIED}
FINAL = {"gone": Sight.LASTING_GONE, "denied": Sight.LASTING_DENIED}


def why(outcome: Outcome) -> Refusal | None:
    """Why it was denied."""
    return outcome.why if isinstance(outcome, Denied) else None


def lose(runner: Runner, how: str) -> None:
    """From now on the PPA is not listed, and each read of it says so."""
    runner.world.archive.listed = False
    runner.world.launchpad.fault = lambda request: how if request.what == "read" else None


def back(runner: Runner) -> None:
    """It is there again."""
    runner.world.archive.listed = True
    runner.world.launchpad.fault = faults()


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


# -- made anew ---------------------------------------------------------------------------------------------------------


def situation(state: State) -> Runner:
    """A daemon that knows it so."""
    world = World()
    match state:
        case State.FREE:
            return world.free_ppa()
        case State.DIRTY:
            return world.dirty_ppa()
    return world.used_ppa()[0]


def made_by_people(runner: Runner, *packages: str) -> None:
    """Somebody deletes it and makes another of that name."""
    runner.world.launchpad.delete_ppa(runner.world.ppa)
    runner.world.launchpad.add(str(runner.world.ppa), description="ours now")
    for package in packages:
        runner.world.launchpad.upload(runner.world.ppa, package)


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("seen", [True, False])
def test_a_ppa_that_people_made_anew_is_theirs(state: State, seen: bool) -> None:
    """† I5: whether or not this daemon ever saw it gone, nothing is written back into it, and nothing in it deleted."""
    runner = situation(state)
    if seen:
        lose(runner, "gone")
        runner.look()
        back(runner)
    made_by_people(runner, "theirs")
    for _ in range(10):
        runner.look()
        runner.pass_time(60.0)
    assert runner.known.condition is Condition.UNMANAGED
    assert runner.world.archive.history == ["ours now"]
    assert [item.active for item in runner.world.archive.items] == [True]
    assert [t.why for t in runner.transitions if t.gone] == ["gone"]


def test_one_that_was_gone_for_a_moment_is_not_written_back_into() -> None:
    """† The deleted ones cannot be seen, and one definite answer is enough."""
    runner, _ = World().used_ppa()
    lose(runner, "gone")
    runner.look()
    back(runner)
    runner.world.launchpad.describe(runner.world.ppa, "mine")
    runner.world.launchpad.upload(runner.world.ppa, "theirs")
    runner.look()
    runner.pass_time(600.0)
    assert runner.known.condition is Condition.UNMANAGED
    assert runner.world.archive.description == "mine"


def test_one_that_was_denied_for_a_moment_is_written_back_into() -> None:
    """That says nothing of whether it is the same."""
    runner, record = World().used_ppa()
    lose(runner, "denied")
    runner.look()
    back(runner)
    runner.world.launchpad.describe(runner.world.ppa, None)
    runner.look()
    assert runner.world.record.lease == record.lease


def test_what_one_that_is_gone_ever_had_is_not_what_the_next_had() -> None:
    """Another daemon made it anew and proved it clean; a version that the one before had may be uploaded there."""
    runner = World().free_ppa()
    runner.world.launchpad.upload(runner.world.ppa, "tool").active = False
    wish = assign(sources=(SourcePackage("tool", "1"),))
    assert why(runner.order(wish)) is Refusal.BURNT
    newer = changed(runner.world.record)
    runner.world.launchpad.delete_ppa(runner.world.ppa)
    runner.look()
    runner.world.launchpad.add(str(runner.world.ppa), description=compose(None, newer))
    runner.look()
    assert isinstance(runner.order(wish), LeaseShown)


def test_a_deleted_one_with_a_twin_of_our_record_is_the_one_we_knew() -> None:
    """† Somebody had brought an old text back, and another daemon wrote on from that before it was deleted."""
    runner, record = World().used_ppa()
    twin = changed(record, serial=record.serial, state=State.DIRTY)
    runner.world.launchpad.describe(runner.world.ppa, compose(None, twin))
    made_by_people(runner, "theirs")
    runner.look()
    runner.pass_time(600.0)
    assert runner.known.condition is Condition.UNMANAGED
    assert runner.world.archive.history == ["ours now"]


def test_an_empty_one_that_people_made_anew_is_taken_in() -> None:
    """Like any other without a record."""
    runner, _ = World().used_ppa()
    made_by_people(runner)
    runner.look()
    runner.until(lambda: runner.known.state is State.FREE)
    assert runner.world.record.lease is None


def test_one_made_anew_by_another_daemon_is_what_its_record_says() -> None:
    """Though that is lower than what was known: it is another PPA."""
    runner, record = World().used_ppa()
    other = replace(record, serial=record.serial - 3, nonce="theirs", lease="lease-2", request="build-2")
    runner.world.launchpad.delete_ppa(runner.world.ppa)
    runner.look()
    runner.world.launchpad.add(str(runner.world.ppa), description=compose(None, other))
    runner.look()
    assert (runner.known.record, runner.known.condition) == (other, Condition.OK)
    assert runner.world.archive.history == [compose(None, other)]
    assert [(move.before, move.record, move.why, move.first) for move in runner.transitions] == [
        (State.USED, record, "gone", False), (None, other, "seen", False),
    ]  # fmt: skip
    assert why(runner.order(Touch, lease="lease-1")) is Refusal.OVER


@pytest.mark.parametrize("text", [None, "mine", "ppa-assigner: {"])
def test_nothing_is_written_back_before_the_deleted_ones_were_read(text: str | None) -> None:
    """† And no answer is none: then it is tried again."""
    runner, record = World().used_ppa()
    runner.world.launchpad.describe(runner.world.ppa, text)
    runner.world.launchpad.fault = faults("down", of="deleted")
    runner.look()
    assert runner.world.archive.description == text
    assert runner.known.condition is Condition.UNREADABLE
    runner.forget_the_past()
    runner.look()
    assert runner.kinds() == ["ReadDeleted", "Write"]
    assert runner.world.record.lease == record.lease


def test_what_is_written_back_is_compared_again_when_nobody_knows_what_became_of_it() -> None:
    """† Meanwhile it may have become another PPA, which looks the same: nothing of that one was put back."""
    runner, _ = World().used_ppa()
    runner.world.launchpad.describe(runner.world.ppa, None)
    runner.world.launchpad.fault = lambda request: {"write": "unknown", "read": "down"}.get(request.what)
    runner.look()
    assert runner.known.pending is not None
    world = runner.world
    world.launchpad.describe(world.ppa, compose(None, changed(runner.known.pending.record, nonce="last")))
    world.launchpad.delete_ppa(world.ppa)
    world.launchpad.add(str(world.ppa))
    world.launchpad.upload(world.ppa, "theirs")
    world.launchpad.fault = faults()
    runner.forget_the_past()
    runner.pass_time(600.0)
    runner.look()
    assert runner.known.condition is Condition.UNMANAGED
    assert world.archive.history == [None]
    assert runner.alarms == []


def test_the_command_that_met_a_lost_record_is_decided_once_that_is_compared() -> None:
    """Whoever touches the lease learns what it is then."""
    runner, _ = World().used_ppa()
    made_by_people(runner, "theirs")
    denied = ReadDenied("403", one_more(None, runner.world.launchpad.moment(0.0)))
    runner.known = replace(runner.known, reach=denied)  # so that the touch reads first
    assert why(runner.order(Touch, lease="lease-1")) is Refusal.OVER


@pytest.mark.parametrize(
    "command",
    [
        partial(Touch, lease="lease-1"),
        partial(Release, lease="lease-1"),
        partial(Supersede, lease="lease-1", attempt=0),
        partial(Hold, lease="lease-1", seconds=60.0),
        partial(Quarantine, reason="odd"),
        Resume,
    ],
)
@pytest.mark.parametrize("state", list(State))
def test_no_command_writes_into_what_was_not_compared(command: Callable[..., Command], state: State) -> None:
    """† I5: the look could not tell whether people made it anew; whoever asks for something meanwhile asks again."""
    runner = situation(state)
    runner.world.boot += 120.0  # so that a touch is to be written
    made_by_people(runner, "theirs")
    runner.world.launchpad.fault = lambda request: "down" if request.what == "deleted" else None
    for _ in range(2):
        runner.look()
    runner.pass_time(120.0)
    assert runner.known.suspect > 0
    outcome = runner.order(lambda token, deadline: command(token=token, deadline=deadline))
    assert why(outcome) is Refusal.OUTAGE or state is State.DIRTY
    assert not isinstance(outcome, Denied) or outcome.why is not Refusal.OUTAGE or outcome.detail == "down"
    back(runner)
    for _ in range(5):
        runner.look()
        runner.pass_time(300.0)
    assert runner.known.condition is Condition.UNMANAGED
    assert runner.world.archive.history == ["ours now"]
    assert [item.active for item in runner.world.archive.items] == [True]


def test_the_command_that_meets_a_rolled_back_free_ppa_first_writes_nothing() -> None:
    """One read is not enough to write dirty over it, whoever asked for that read."""
    runner = World().free_ppa()
    lose(runner, "denied")
    runner.look()
    back(runner)
    runner.world.launchpad.describe(runner.world.ppa, "mine")
    assert why(runner.order(Quarantine, reason="odd")) is Refusal.OUTAGE
    assert runner.world.archive.description == "mine"


def test_a_lease_past_its_end_is_over_while_it_cannot_be_compared() -> None:
    """Whatever stands there: nobody has it any more."""
    runner, _ = World().used_ppa(ttl=100.0)
    runner.world.launchpad.describe(runner.world.ppa, None)
    runner.world.launchpad.fault = lambda request: "down" if request.what == "deleted" else None
    runner.look()
    runner.pass_time(200.0)
    assert why(runner.order(Touch, lease="lease-1")) is Refusal.OVER


# -- disabled ----------------------------------------------------------------------------------------------------------


def disabled(runner: Runner) -> Runner:
    """Somebody disables it, and a look that compares tells so."""
    runner.world.archive.enabled = False
    runner.look(compare=True)
    return runner


def test_a_disabled_ppa_is_neither_lent_nor_cleaned() -> None:
    """It is said plainly, and its end is noticed by the next look."""
    runner = disabled(World().free_ppa())
    assert runner.known.condition is Condition.DISABLED
    assert "enable it on its +edit page" in (runner.known.snapshot().fault or "")
    assert why(runner.order(assign())) is Refusal.LOST
    dirty = disabled(World().dirty_ppa())
    dirty.world.launchpad.upload(dirty.world.ppa, "junk")
    dirty.forget_the_past()
    dirty.pass_time(3000.0)
    assert dirty.asked == []
    dirty.world.archive.enabled = True
    dirty.look()
    assert dirty.known.condition is Condition.OK
    dirty.until(lambda: dirty.known.state is State.FREE)


def test_a_lease_in_a_disabled_ppa_goes_on_and_ends_as_any_other() -> None:
    """Its record can be written."""
    runner = disabled(World().used_ppa(ttl=100.0)[0])
    assert not isinstance(runner.order(Touch, lease="lease-1"), Denied)
    runner.pass_time(200.0)
    assert (runner.known.state, runner.known.condition) == (State.DIRTY, Condition.DISABLED)


def test_a_listing_that_lacks_it_is_no_proof() -> None:
    """It is asked once more, by itself."""
    runner = World().free_ppa()
    seen = runner.world.launchpad.look(runner.world.ppa.owner)
    runner.look(seen=replace(seen, hidden=frozenset({runner.world.ppa})))  # type: ignore[arg-type]
    assert runner.kinds() == ["CheckEnabled"]
    assert runner.known.condition is Condition.OK


def test_a_disabled_ppa_whose_record_is_lost_is_asked_one_thing_at_a_time() -> None:
    """What was lost is written back first; whether it is disabled still, the next look asks."""
    runner, record = World().used_ppa()
    runner.world.launchpad.describe(runner.world.ppa, None)
    disabled(runner)
    assert runner.kinds() == ["ReadDeleted", "Write"]
    assert (runner.world.record.lease, runner.known.condition) == (record.lease, Condition.DISABLED)
    seen = runner.world.launchpad.look(runner.world.ppa.owner)
    runner.look(seen=seen)  # type: ignore[arg-type]
    assert runner.kinds()[2:] == ["CheckEnabled"]


@pytest.mark.parametrize("enabled", [True, False])
@pytest.mark.parametrize("private", [True, False])
def test_a_refused_deletion_asks_whether_it_is_disabled(enabled: bool, private: bool) -> None:
    """† Then it is no failure of the clean; of a private one nobody tells."""
    runner = World().dirty_ppa()
    runner.world.archive.private = private
    runner.world.archive.enabled = enabled
    runner.look()
    runner.world.launchpad.upload(runner.world.ppa, "junk")
    runner.world.launchpad.fault = lambda request: "denied" if request.what == "delete" else None
    runner.pass_time(3000.0)
    is_disabled = not enabled and not private
    assert (runner.known.condition is Condition.DISABLED) is is_disabled
    assert (runner.known.condition is Condition.QUARANTINED) is not is_disabled


# -- rights ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", ["gone", "denied"])
@pytest.mark.parametrize("ppa", ["gone", "denied", "down", None])
def test_a_right_that_is_refused_is_of_the_person_only_where_the_ppa_is_there(answer: str, ppa: str | None) -> None:
    """† A moment's trouble with the PPA does not end a lease that was just made."""
    runner = World(options=PoolOptions(settle=100.0)).free_ppa()
    script = {"grant": answer, "read": ppa}
    runner.world.launchpad.fault = lambda request: script.get(request.what)
    outcome = runner.order(assign(uploader="~ann"))
    assert why(outcome) is (Refusal.INVALID if ppa is None else Refusal.UNTOLD)
    assert runner.world.state is (State.DIRTY if ppa is None else State.USED)
