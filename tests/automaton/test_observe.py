"""What follows from an answer or from a time, each rule for itself."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta

import pytest

from ppa_assigner import automaton
from ppa_assigner.automaton import Daemon, Now, WorkerState, now as times, observe
from ppa_assigner.automaton.events import Tick, Touch
from ppa_assigner.automaton.now import end_of
from ppa_assigner.automaton.operation import CleanProgress, CleanStage
from ppa_assigner.automaton.reachability import SEEN, Absent, ReadDenied, ReadStreak, is_of_unknown_name
from ppa_assigner.backoff import ABSENCE_FIRST_S, TIME_AGAIN_S
from ppa_assigner.options import PoolOptions
from ppa_assigner.packages import NamedFile
from ppa_assigner.port import AccessDenied, Entry, Gone, Moment
from ppa_assigner.record import HOST, Record, State, Text, compose
from ppa_assigner.reference import Reference
from ppa_assigner.views import AdoptAction
from tests.automaton.lab import World, assign, untrusted

T0 = datetime(2026, 11, 25, 3, 14, 12, tzinfo=UTC)
USED = Record(serial=1, nonce="n", state=State.USED, since=T0, touched=T0, pool="default", owner="me", lease="l")
STREAK = ReadStreak(2, 10.0, 20.0, 30.0)


def free() -> WorkerState:
    """A PPA that is shown and free."""
    return World().free_ppa().known


@pytest.mark.parametrize("clock", [None, HOST])
def test_a_touch_says_by_which_clock_it_is_written(clock: str | None) -> None:
    """The host's while Launchpad's is not believed and behind; else what the record said before stays."""
    record = replace(USED, clock=clock)
    doubtful = Now(T0, 0.0, trusted=False, host=T0 + timedelta(hours=1))
    assert times.touch_fields(record, doubtful) == {"touched": T0 + timedelta(hours=1), "clock": HOST}
    assert times.touch_fields(record, Now(T0, 0.0)) == {"touched": T0, "clock": clock}


def test_what_is_written_says_nothing_of_clocks_only_while_time_is_believed() -> None:
    """Till then, who reads it must know that a host's clock may have written it."""
    record = replace(USED, clock=HOST)
    assert times.as_written(record, Now(T0, 0.0)).clock is None
    assert times.as_written(record, Now(T0, 0.0, trusted=False)) is record


def test_the_earlier_of_both_clocks_is_when_a_request_left() -> None:
    """By the host's clock, which is some time ago by now, or when it was answered by Launchpad's."""
    now = Now(T0, 100.0, host=T0 + timedelta(seconds=2))
    late, early = Moment(T0, 90.0, 95.0), Moment(T0 - timedelta(minutes=1), 90.0, 95.0)
    assert now.earlier_at(late) == T0 - timedelta(seconds=8)
    assert now.earlier_at(early) == T0 - timedelta(minutes=1)
    assert now.earlier_at(replace(late, started=101.0)) == T0


@pytest.mark.parametrize("minutes", [-60, 0, 4, 5])
def test_a_ttl_counts_from_now(minutes: int) -> None:
    """Also where the lease began by a clock that is a little ahead."""
    record = replace(USED, since=T0 + timedelta(minutes=minutes))
    assert times.ttl_begins(record, Now(T0, 0.0)) == T0


def test_a_ttl_of_a_lease_that_began_far_ahead_counts_from_then() -> None:
    """That will be put right, and its end with it."""
    begun = T0 + timedelta(hours=1)
    assert times.ttl_begins(replace(USED, since=begun), Now(T0, 0.0)) == begun


def test_a_lease_that_was_heard_of_is_not_over() -> None:
    """Though that touch was not written, and whatever the tick was for that comes."""
    runner, record = World().used_ppa(idle=600.0)
    assert record.until is not None
    runner.world.move_to(runner.world.boot + 50.0)
    runner.order(Touch, lease=record.lease)
    assert runner.world.record == record
    runner.world.move_to(runner.world.boot + 630.0)
    runner.give(Tick())
    assert runner.world.record == record
    runner.world.move_to(runner.world.boot + 50.0)
    runner.give(Tick())
    assert runner.world.state is State.DIRTY


def test_a_file_is_in_the_way_of_another_one_of_its_name() -> None:
    """Not of itself, nor of files of other names."""
    first, other = NamedFile("a", "1"), NamedFile("b", "2")
    kept = observe.files_of(observe.with_files(NEW, ("hello", "1"), [first, other]), ("hello", "1"))
    assert kept is not None
    assert observe.other_content(kept, [first, other, NamedFile("c", "1")]) is None
    assert observe.other_content(kept, [first, NamedFile("b", "1")]) == "b"


def test_what_is_occupied_is_said_only_of_what_has_no_record() -> None:
    """And only once that was seen; when it is empty, it is taken in."""
    world = World()
    runner = world.start()
    assert not runner.known.snapshot().occupied
    world.launchpad.upload(world.ppa, "theirs")
    runner.look()
    assert not runner.known.snapshot().occupied
    runner.pass_time(1.0)
    assert runner.known.snapshot().occupied
    runner.order(AdoptAction())
    assert runner.known.record is not None
    assert not runner.known.snapshot().occupied


def test_one_that_is_empty_by_now_is_occupied_no_more() -> None:
    """Whatever becomes of its record later."""
    world = World()
    runner = world.start()
    world.launchpad.upload(world.ppa, "theirs")
    runner.look()
    runner.pass_time(1.0)
    for item in world.archive.items:
        item.active = False
    runner.until(lambda: runner.known.record is not None)
    assert not runner.known.occupied


def test_a_lease_without_an_end_has_none() -> None:
    """Somebody wrote it by hand."""
    assert end_of(USED, None) is None


def test_a_denial_takes_the_place_of_whatever_was_known_of_reaching_the_ppa() -> None:
    """Gone, final, lacking or silent: it is none of them now; and what is known is as new as the newest answer."""
    gone = Absent("gone", STREAK, unknown_name=True, final=True)
    known = replace(free(), reach=gone, silent="down", asof=50.0, basis=40.0)
    denied = observe.with_denial(known, AccessDenied("no", Moment(T0, 60.0, 70.0)))
    assert denied.silent is None
    assert denied.reach == ReadDenied("no", ReadStreak(1, 70.0, 60.0, 70.0 + ABSENCE_FIRST_S))
    assert (denied.basis, denied.asof) == (60.0, 70.0)
    late = observe.with_denial(known, AccessDenied("no", Moment(T0, 20.0, 30.0)))
    assert (late.basis, late.asof) == (40.0, 50.0)


@pytest.mark.parametrize(("status", "kept"), [(404, False), (410, True), (None, True)])
def test_only_a_ppa_that_launchpad_does_not_know_has_no_history(status: int | None, kept: bool) -> None:
    """What burnt its versions, and that it was proved clean, are of one that was made under the name before."""
    known = replace(free(), burnt=frozenset({1}), verified=5.0)
    gone = observe.with_nothing_there(known, Gone("gone", Moment(T0, 60.0, 70.0), status))
    assert is_of_unknown_name(gone.reach) is not kept
    assert bool(gone.burnt) is kept
    assert (gone.verified is not None) is kept


def test_what_is_gone_for_good_is_not_hurried() -> None:
    """What had to wait waits; a PPA that is another one under the name begins anew."""
    known = replace(free(), not_before=77.0)
    assert observe.with_ppa_gone(known).not_before == 77.0
    assert observe.without_ppa(known).not_before == float("-inf")


def test_the_end_of_a_lease_is_waited_for_or_asked_for_again() -> None:
    """While time is believed, its very moment; else in five seconds, however far or near it is."""
    runner = World().free_ppa()
    runner.order(assign())
    known, now = runner.known, runner.clock.now()
    record = known.record
    assert record is not None
    assert record.until is not None
    for left in (2.0, 1000.0):
        near = replace(now, date=record.until - timedelta(seconds=left))
        assert automaton.wake(known, near) == near.boot + left
        assert automaton.wake(known, untrusted(near)) == near.boot + TIME_AGAIN_S


# -- what is learnt from an answer -------------------------------------------------------------------------------------

NEW = WorkerState(Reference.parse("~ci/ubuntu/one"), "default", PoolOptions(), Daemon("host", 1, "s"), "seed")
CLEAN = CleanProgress(T0, 0.0, CleanStage.CONTENT)
LENT = replace(USED, request="r", until=T0 + timedelta(hours=1))
STALE = replace(
    NEW, heard=T0, heard_at=3.0, draws=7, text=Text(None, LENT), parsed=("x", Text("x")), highest=LENT, asof=50.0,
    basis=40.0, seen=T0, unchanged=30.0, ahead=True,
    reach=Absent("gone", STREAK, unknown_name=True, final=True), silent="down", vanished=True, floor=5,
    disabled=True, uncreated="no", forbidden="no", refusals=3, occupied=True,
    duplicate=True, suspect=2, verified=1.0, clean=CLEAN, burnt=frozenset({1}), files=((1, frozenset()),),
    abandoned=(4,), failures=6, not_before=77.0,
)  # fmt: skip
"""Whatever can be known of a PPA, at once."""


def entry(description: str | None, started: float = 60.0) -> Entry:
    """What a read shows."""
    return Entry("https://api.test/one", '"1"', description, Moment(T0 + timedelta(hours=1), started, started + 10.0))


def differing(before: WorkerState, after: WorkerState) -> set[str]:
    """The fields that changed."""
    return {one.name for one in fields(WorkerState) if getattr(before, one.name) != getattr(after, one.name)}


def test_what_is_shown_is_there_and_reached() -> None:
    """No doubt is left about that; what is not seen in an entry stays as it was."""
    known = observe.with_entry(replace(STALE, suspect=0), entry(compose("words", replace(LENT, serial=9))), 70.0)
    assert (known.reach, known.silent, known.uncreated) == (SEEN, None, None)
    assert not any((known.vanished, known.occupied, known.failures))
    assert (known.seen, known.basis, known.asof) == (T0 + timedelta(hours=1), 60.0, 70.0)
    assert (known.highest, known.record) == (replace(LENT, serial=9), replace(LENT, serial=9))
    assert known.not_before == float("-inf")  # it has a record, so its content is no reason to wait any more
    kept = {"forbidden", "refusals", "disabled", "duplicate", "suspect", "verified", "clean", "burnt", "floor", "over"}
    assert differing(STALE, known) & kept == {"suspect"}


def test_an_older_answer_does_not_make_what_is_known_older() -> None:
    """Answers may overtake each other."""
    late = observe.with_entry(STALE, entry(None, started=20.0), 30.0)
    assert (late.basis, late.asof) == (40.0, 50.0)


def test_a_look_does_not_hurry_what_has_to_wait() -> None:
    """Only content that was in the way is no reason any more; a refusal, or a failure, still is one."""
    known = observe.with_entry(replace(STALE, occupied=False), entry(compose(None, LENT)), 70.0)
    assert known.not_before == 77.0
    assert observe.with_entry(STALE, entry("no record"), 70.0).not_before == 77.0


def test_a_text_without_a_record_leaves_the_highest_one_known() -> None:
    """By that it is seen to be brought back when it is."""
    known = observe.with_entry(STALE, entry('ppa-assigner: {"v":3}'), 70.0)
    assert known.record is None
    assert known.highest == LENT


def test_a_description_that_was_seen_before_is_not_taken_apart_again() -> None:
    """A look shows the same of nearly all PPAs."""
    first = observe.with_entry(NEW, entry(compose("words", LENT)), 70.0)
    assert observe.with_entry(first, entry(compose("words", LENT)), 80.0).text is first.text
    assert observe.with_entry(first, entry(compose("other words", LENT)), 80.0).text.human == "other words"


def test_what_is_gone_takes_the_place_of_whatever_was_known_of_reaching_the_ppa() -> None:
    """And is as new as the newest answer."""
    known = replace(STALE, reach=SEEN, silent="down", vanished=False)
    gone = observe.with_absence(known, Gone("gone", Moment(T0 + timedelta(hours=1), 60.0, 70.0)))
    assert gone.silent is None
    assert gone.reach == Absent("gone", ReadStreak(1, 70.0, 60.0, 70.0 + ABSENCE_FIRST_S), deleted=True)
    assert gone.vanished
    assert (gone.basis, gone.asof, gone.seen) == (60.0, 70.0, T0 + timedelta(hours=1))
    late = observe.with_absence(known, Gone("gone", Moment(T0, 20.0, 30.0)))
    assert (late.basis, late.asof) == (40.0, 50.0)


def test_nothing_is_left_of_a_ppa_that_another_one_follows() -> None:
    """But whose lease it was, the highest serial, and what is known of Launchpad and of time."""
    known = observe.without_ppa(replace(STALE, highest=replace(LENT, serial=9), entry=entry(None)))
    assert (known.over, known.floor) == (LENT, 9)
    kept = {
        "heard", "heard_at", "draws", "asof", "basis", "seen", "unchanged", "ahead", "reach", "silent", "vanished",
        "uncreated", "abandoned",
    }  # fmt: skip
    assert differing(NEW, known) == {*kept, "over", "floor"}
    assert not differing(STALE, known) & kept


@pytest.mark.parametrize("record", [None, replace(USED, state=State.FREE, lease=None)])
def test_a_ppa_that_was_nobodys_leaves_no_lease_behind(record: Record | None) -> None:
    """The one that ended before it stays over."""
    known = observe.without_ppa(replace(NEW, over=USED, text=Text(None, record)))
    assert (known.over, known.floor) == (USED, 0)


def test_each_draw_is_counted() -> None:
    """A nonce is 32 hexadecimal digits, and never comes again."""
    known, first = observe.draw_nonce(NEW)
    assert (known.draws, len(first)) == (1, 32)
    assert observe.draw_nonce(known)[1] != first


def test_a_record_that_becomes_dirty_keeps_whose_lease_it_was() -> None:
    """And nothing that is only said of a lease that goes on."""
    lent = replace(
        USED, until=T0, request="r", attempt=2, idle=60, by="client", note="note", uploader="~ann", held=True, tries=1,
        clock=HOST,
    )  # fmt: skip
    now = Now(T0 + timedelta(hours=1), 0.0)
    assert replace(lent, **observe.made_dirty(replace(NEW, text=Text(None, lent)), now)) == Record(
        serial=1, nonce="n", state=State.DIRTY, since=now.date, touched=now.date, pool="default", owner="me", lease="l",
        request="r", attempt=2, by="client", uploader="~ann", tries=1, cleaner=NEW.daemon.cleaner, began=lent.since,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("serial", "nonce", "back"), [(1, "n", False), (1, "other", True), (0, "n", True), (2, "other", False)]
)
def test_what_was_brought_back_is_lower_or_as_high_and_another_one(serial: int, nonce: str, back: bool) -> None:
    """No record is ever written twice with one serial by us."""
    text = Text(None, replace(USED, serial=serial, nonce=nonce))
    assert observe.rolled_back(USED, text) is back


# -- five minutes ------------------------------------------------------------------------------------------------------

LATER = timedelta(seconds=1)
FIVE = timedelta(minutes=5)


@pytest.mark.parametrize("ahead", [-FIVE, FIVE])
def test_silence_counts_from_a_date_that_is_put_right_when_it_is_off_by_more(ahead: timedelta) -> None:
    """While time is believed; by the boot-time clock, which tells when that was."""
    now = Now(T0, 100.0)
    for off in (FIVE, FIVE + LATER):
        known = replace(NEW, heard=T0 - timedelta(seconds=90) + (off if ahead > timedelta() else -off), heard_at=10.0)
        right = known.heard if off == FIVE else T0 - timedelta(seconds=90)
        assert observe.with_dates_corrected(known, now).heard == right
        assert observe.with_dates_corrected(known, replace(now, trusted=False)) is known
    assert observe.with_dates_corrected(NEW, now) is NEW


@pytest.mark.parametrize("clock", [None, HOST])
def test_exactly_five_minutes_ahead_is_not_ahead(clock: str | None) -> None:
    """Each time for itself; what lies further ahead is put right, by Launchpad's clock alone what a host's wrote."""
    now = Now(T0, 0.0, agreeing_since=0.0 if clock is None else None)
    record = replace(USED, clock=clock, until=T0 + timedelta(hours=1))
    limit, after = T0 + FIVE, T0 + FIVE + LATER
    for near in (replace(record, since=limit), replace(record, touched=limit)):
        assert times.corrected(near, now) is near
        assert not times.lies_ahead(near, now)
    for far in (replace(record, since=after), replace(record, touched=after)):
        right = times.corrected(far, now)
        assert (right.since, right.touched) == (T0, T0)
        assert times.lies_ahead(far, now)
    moved = times.corrected(replace(record, since=T0 + timedelta(hours=1)), now)
    assert (moved.since, moved.until) == (T0, T0)
