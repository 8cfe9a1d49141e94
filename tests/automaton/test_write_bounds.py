"""Writes at their bounds: what is sent to settle one, by which connections, how soon, and from when time counts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ppa_assigner.automaton import WriteReason
from ppa_assigner.automaton.events import Denied, RecordShown, Refusal, Release, Tick, Touch
from ppa_assigner.automaton.observe import jitter
from ppa_assigner.automaton.requests import Survey, Write
from ppa_assigner.backoff import FORBIDDEN, OWN_WORK
from ppa_assigner.port import Lane
from ppa_assigner.record import INTEGER_MAX, State, compose, parse
from ppa_assigner.views import AdoptAction, Condition, QuarantineAction
from tests.automaton.lab import Crashed, Runner, World, assign, changed, faults, kind
from tests.automaton.test_write import first, reads_fail, settle, whys


def written(runner: Runner) -> list[Any]:
    """The records that were sent, in their order."""
    return [parse(ask.description).record for ask in runner.asked if isinstance(ask, Write)]


def edited_before_it_is_written(runner: Runner, words: str) -> None:
    """A person changes the words beside the record just before the next write: Launchpad answers 412."""

    def edit(ask: Any) -> None:
        if kind(ask) == "Write":
            runner.crash = lambda ask: None
            describe_beside(runner, words)

    runner.crash = edit


def describe_beside(runner: Runner, words: str) -> None:
    """Other words, the same record."""
    runner.world.launchpad.describe(runner.world.ppa, compose(words, runner.world.record))


@pytest.mark.parametrize("command", ["assign", "touch"])
def test_a_write_is_settled_by_the_connections_of_its_command(command: str) -> None:
    """Who waits for a lease does not wait for cleaning, nor the other way round; each write has a nonce of its own."""
    runner = World().free_ppa() if command == "assign" else World().used_ppa()[0]
    before = runner.world.record
    runner.world.launchpad.fault = faults("late", of="write")
    if command == "assign":
        runner.order(assign())
    else:
        runner.order(Touch, lease="lease-1", ttl=7200.0)
    assert runner.kinds()[:3] == ["Write", "Read", "Write"]
    assert {ask.lane for ask in runner.asked} == {Lane.ASSIGN if command == "assign" else Lane.WORK}
    nonces = [before.nonce, *(record.nonce for record in written(runner))]
    assert len(set(nonces)) == len(nonces)


def test_each_pause_is_twice_the_last_one_with_half_of_it_more_or_less() -> None:
    """Never less than half a second, thirty at the most."""
    runner, _ = World().used_ppa()
    reads_fail(runner, "unknown")
    runner.order(Release, lease="lease-1", within=1e6)
    for number in range(40):
        assert runner.known.pending is not None
        middle = min(30.0, 0.5 * 2.0**number)
        shortest, longest = max(0.5, middle / 2), min(30.0, 1.5 * middle)
        pause = shortest + (longest - shortest) * jitter(runner.known)
        assert runner.known.pending.due - runner.world.boot == pytest.approx(pause)
        assert runner.tick()


def test_words_that_changed_beside_the_base_settle_nothing() -> None:
    """It is the record that tells whether the base still stands; the words of now are kept."""
    runner = World().free_ppa()
    reads_fail(runner, "late")
    runner.order(assign())
    describe_beside(runner, "words")
    runner.forget_the_past()
    settle(runner)
    assert runner.kinds() == ["Read", "Write"]
    assert runner.known.text.human == "words"


def test_what_is_taken_in_at_last_was_taken_in() -> None:
    """So it is told; only what is active is looked for, not all that ever was."""
    world = World()
    runner = world.start()
    runner.look()
    reads_fail(runner, "unknown")
    runner.tick()
    runner.forget_the_past()
    settle(runner)
    assert [one.why for one in runner.transitions] == [WriteReason.TAKE_IN.value]
    assert [ask.whole for ask in runner.asked if isinstance(ask, Survey)] == [False]


def test_what_holds_packages_meanwhile_is_left_alone_for_ten_minutes() -> None:
    """An unsettled taking-in ends there, and says why."""
    world = World()
    runner = world.start()
    runner.look()
    reads_fail(runner, "unknown")
    runner.tick()
    world.launchpad.upload(world.ppa, "theirs")
    settle(runner)
    assert runner.known.occupied
    runner.forget_the_past()
    runner.pass_time(590.0)
    assert runner.kinds() == []
    runner.pass_time(20.0)
    assert runner.kinds() == ["Survey"]


def test_a_rollback_that_is_settled_is_told_as_one() -> None:
    """It was free, and is cleaned for that reason."""
    runner = World().free_ppa()
    runner.world.launchpad.describe(runner.world.ppa, None)
    runner.look()
    script = faults("unknown", of="write")
    runner.world.launchpad.fault = script
    runner.look()
    runner.until(lambda: runner.known.pending is None)
    assert runner.transitions[0].why == WriteReason.ROLLED_BACK.value


def test_a_text_that_cannot_be_written_is_refused_by_name() -> None:
    """And the PPA goes on."""
    runner = World().free_ppa()
    told = runner.order(QuarantineAction("\0"))
    assert isinstance(told, Denied)
    assert told.why is Refusal.INVALID
    assert "NUL" in told.detail
    assert isinstance(runner.order(QuarantineAction("odd")), RecordShown)


@pytest.mark.parametrize(("serial", "follows"), [(1, 2), (INTEGER_MAX, None)])
def test_what_follows_a_serial(serial: int, follows: int | None) -> None:
    """One more; after the highest there can be, Launchpad's clock."""
    runner, record = World().used_ppa()
    text = compose(None, replace(record, serial=serial, nonce="theirs"))
    runner.world.launchpad.describe(runner.world.ppa, text)
    other = runner.world.start("other")
    other.look()
    assert isinstance(other.order(Release, lease="lease-1"), RecordShown)
    now = int(runner.world.launchpad.date().timestamp())
    assert abs(runner.world.record.serial - (follows or now)) <= (0 if follows else 5)


def test_a_record_of_a_later_version_does_not_keep_a_ppa_from_being_adopted() -> None:
    """What was known before it was written over is not what it starts from."""
    runner = World().free_ppa()
    runner.world.launchpad.describe(runner.world.ppa, 'ppa-assigner: {"v":3}')
    runner.look()
    assert runner.known.condition is Condition.UNREADABLE
    assert isinstance(runner.order(AdoptAction()), RecordShown)
    assert runner.world.state is State.DIRTY


def test_only_in_a_used_record_are_times_put_right() -> None:
    """By what a clean began, it is known which clean it is."""
    runner = World().dirty_ppa()
    ahead = runner.world.record.since + timedelta(days=1)
    record = changed(runner.world.record, since=ahead, cleaner=None)
    runner.world.launchpad.describe(runner.world.ppa, compose(None, record))
    runner.look()
    runner.until(lambda: runner.world.record.cleaner == runner.known.daemon.cleaner)
    assert runner.world.record.since == ahead


def test_after_a_412_a_ppa_that_is_gone_for_a_moment_binds_whoever_asked() -> None:
    """† It may have been our own write that was sent twice: it may have landed."""
    runner = World().free_ppa()
    edited_before_it_is_written(runner, "words")
    runner.world.launchpad.fault = faults("gone", of="read")
    runner.order(assign())
    assert runner.known.pending is not None
    settle(runner)
    assert Refusal.LOST not in whys(runner)[:-1]


@pytest.mark.parametrize(("seconds", "settled"), [(95.0, True), (20.0, False)])
def test_after_a_412_too_a_refusal_counts_from_the_end_of_the_request(seconds: float, settled: bool) -> None:
    """† What was sent on its way may have been sent twice; ninety seconds later it lands no more."""
    runner, record = World().used_ppa()
    edited_before_it_is_written(runner, "words")

    def slow(request: Any) -> str | None:
        if request.what == "write":
            runner.world.boot += 80.0
        return "down" if request.what == "read" else None

    runner.world.launchpad.fault = slow
    runner.order(Release, lease="lease-1", within=1e6)
    runner.pass_time(seconds)
    runner.world.launchpad.fault = lambda request: "refused" if request.what == "write" else None
    runner.until(lambda: runner.kinds().count("Write") == 2)
    assert (runner.known.pending is None) is settled
    assert runner.world.record == record


def test_a_write_to_a_ppa_that_is_gone_for_a_moment_is_decided_again() -> None:
    """Nothing was written; a read tells what to do for whoever asked."""
    runner, _ = World().used_ppa()
    runner.world.launchpad.fault = faults("gone", of="write")
    runner.order(Release, lease="lease-1")
    assert runner.kinds() == ["Write", "Read", "Write"]
    assert isinstance(first(runner), RecordShown)


def test_what_a_worker_sent_that_died_is_settled_by_a_refusal_too() -> None:
    """It counts from when it was sent, for nobody saw it end."""
    runner, record = World().used_ppa()
    runner.crash = lambda ask: "before" if kind(ask) == "Write" else None
    with pytest.raises(Crashed):
        runner.order(Release, lease="lease-1", within=1e6)
    known = runner.known
    assert known.pending is not None
    runner.world.boot += 95.0
    heir = runner.world.start(
        highest=known.highest, entry=known.entry, text=known.text,
        pending=replace(known.pending, unsettled=True, due=0.0),
    )  # fmt: skip
    runner.world.launchpad.fault = lambda request: "refused" if request.what == "write" else None
    heir.give(Tick())
    assert heir.kinds() == ["Read", "Write"]
    assert (heir.known.pending, runner.world.record) == (None, record)


def test_a_ppa_that_was_gone_for_a_moment_is_settled_by_a_write_all_the_same() -> None:
    """† It is there again with its record, and what was lost may still land in it."""
    runner = World().free_ppa()
    script = faults("late", of="write")
    gone = faults("gone", of="read")
    runner.world.launchpad.fault = lambda request: script(request) or gone(request)
    runner.order(assign())
    runner.until(lambda: runner.known.pending is None)
    runner.world.launchpad.land()
    assert (whys(runner)[-1], runner.world.state) == (Refusal.LOST, State.FREE)


# -- refused -----------------------------------------------------------------------------------------------------------


def pause_of(runner: Runner) -> float:
    """How long it is left in peace."""
    return runner.known.not_before - runner.world.boot


def test_each_refused_write_leaves_it_in_peace_for_longer() -> None:
    """Five seconds at first and ten minutes at the most, with jitter; and says of what it is, and why."""
    runner, _ = World().used_ppa()
    runner.world.launchpad.fault = lambda request: "refused" if request.what == "write" else None
    for number in range(12):
        assert isinstance(runner.order(Release, lease="lease-1"), Denied)
        expected = FORBIDDEN.pause(number, jitter(runner.known))
        assert pause_of(runner) == pytest.approx(expected)
    fault = runner.known.snapshot().fault or ""
    assert "401" in fault
    assert f"~{runner.world.ppa.owner};" in fault
    runner.forget_the_past()
    runner.pass_time(expected - 1.0)
    assert runner.known.forbidden is not None
    runner.pass_time(2.0)
    assert runner.known.condition is Condition.OK


def test_a_write_that_lands_ends_what_was_refused() -> None:
    """It may be written again, so it is cleaned at once, and another refusal is the first one."""
    runner, _ = World().used_ppa()
    runner.world.launchpad.fault = faults(*["refused"] * 8, of="write")
    for _ in range(8):
        runner.order(Release, lease="lease-1")
    assert pause_of(runner) > 60.0
    assert isinstance(runner.order(Release, lease="lease-1"), RecordShown)
    assert runner.known.condition is Condition.OK
    runner.pass_time(1.0)
    assert "Survey" in runner.kinds()
    runner.world.launchpad.fault = faults("refused", of="write")
    assert isinstance(runner.order(QuarantineAction("odd")), Denied)
    assert pause_of(runner) <= 7.5


def test_each_failure_in_a_row_lets_it_wait_for_longer() -> None:
    """A second at first and a minute at the most, with jitter; what is answered ends the count."""
    runner = World().dirty_ppa()
    runner.world.launchpad.fault = lambda request: "down" if request.what == "write" else None
    for number in range(10):
        while runner.kinds().count("Write") == number:
            assert runner.tick()
        assert pause_of(runner) == pytest.approx(OWN_WORK.pause(number, jitter(runner.known)))


# -- what is told of it ------------------------------------------------------------------------------------------------


def test_what_is_told_of_a_change_is_how_long_it_was_so_and_how_often_it_failed() -> None:
    """From one moment of Launchpad's to the other; nothing of it was seen for the first time."""
    runner = World().free_ppa()
    since = runner.world.record.since
    runner.order(assign())
    lent = runner.world.record
    runner.order(Release, lease="lease-1")
    runner.world.launchpad.fault = faults("refused", "refused", of="content")
    runner.until(lambda: runner.known.state is State.FREE)
    told = [(move.before, move.record.state, move.tries, move.first) for move in runner.transitions]
    assert told == [
        (State.FREE, State.USED, 0, False), (State.USED, State.DIRTY, 0, False), (State.DIRTY, State.FREE, 2, False),
    ]  # fmt: skip
    assert [move.lasted for move in runner.transitions[:2]] == [(lent.since - since).total_seconds(), 0.0]


def test_what_is_seen_for_the_first_time_is_told_so_and_what_is_taken_in_is_not() -> None:
    """A daemon that starts reports nothing as having just come to be so."""
    runner = World().start()
    runner.look()
    runner.until(lambda: runner.known.state is State.FREE)
    assert {move.first for move in runner.transitions} == {False}
    other = runner.world.start("other")
    other.look()
    assert [move.first for move in other.transitions] == [True]
