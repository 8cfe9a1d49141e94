"""Lending at its bounds: the very moment at which a rule begins to hold, and what is told, asked and written beside."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ppa_assigner import automaton
from ppa_assigner.automaton.events import CheckBurnt, Event, GiveUp, ReadNow, RecordShown, Refusal, Release, Touch
from ppa_assigner.automaton.requests import Write
from ppa_assigner.packages import SourcePackage
from ppa_assigner.port import Lane
from ppa_assigner.record import State, compose, parse
from ppa_assigner.views import Condition
from tests.automaton.lab import REQUEST_S, Runner, World, assign, changed, confirm, faults, kind
from tests.automaton.test_lease import lent, why, world

HELLO = SourcePackage("hello", "1")


# -- lanes -------------------------------------------------------------------------------------------------------------


def test_whoever_waits_for_a_lease_has_connections_of_his_own() -> None:
    """Assign and confirm, with their reads, writes and grants; all else waits behind what cleaning asks for."""
    runner = World().free_ppa()
    lent(runner.order(assign(uploader="~ann")))
    lent(runner.order(confirm(attempt=1)))
    assert runner.kinds() == ["Write", "Grant", "Read", "Write", "Grant"]
    assert {ask.lane for ask in runner.asked} == {Lane.ASSIGN}
    runner.forget_the_past()
    lent(runner.order(Touch, lease="lease-1"))
    lent(runner.order(Touch, lease="lease-1", ttl=7200.0))
    assert runner.kinds() == ["Read", "Write"]
    assert {ask.lane for ask in runner.asked} == {Lane.WORK}


# -- looks for new content ---------------------------------------------------------------------------------------------


def test_a_look_that_is_just_verify_age_old_counts_no_more() -> None:
    """So that 0 means afresh each time, however fast the clock is read."""
    runner = world(verify_age=60.0).free_ppa()
    assert runner.known.verified is not None
    runner.world.boot = runner.known.verified + 60.0
    lent(runner.order(assign()))
    assert runner.kinds() == ["LookForNewContent", "Write"]


def test_clocks_that_agree_from_the_very_second_on_are_enough() -> None:
    """What was created from then on is dated rightly: the PPA need not be looked into whole."""
    runner = world(verify_age=0.0).free_ppa()
    now, since = runner.clock.now(), runner.world.record.since
    now = replace(now, agreeing_since=now.boot - (now.date - since).total_seconds())
    known = replace(runner.known, verified=None)
    _, effects = automaton.step(known, assign()(1, now.boot + 60.0), now)
    assert [getattr(effect, "since", None) for effect in effects] == [since - timedelta(seconds=100)]


# -- deadlines ---------------------------------------------------------------------------------------------------------


def test_at_its_deadline_a_question_is_over() -> None:
    """Nobody waits for the answer any more."""
    runner = World().free_ppa()
    deadline = runner.world.boot + REQUEST_S
    runner.give(CheckBurnt(token=1, deadline=deadline, sources=(HELLO,)))
    assert runner.world.boot == deadline
    assert [why(outcome) for outcome in runner.outcomes()] == [Refusal.OUTAGE]


def test_at_its_deadline_a_wish_is_not_written_any_more() -> None:
    """The look for new content took all the time there was."""
    runner = world(verify_age=0.0).free_ppa()
    assert why(runner.order(assign(), within=REQUEST_S)) is Refusal.OUTAGE
    assert runner.kinds() == ["LookForNewContent"]


def test_the_last_answer_decides_at_once() -> None:
    """Others go before the next question, and there is none."""
    runner, record = World().used_ppa()
    deadline = runner.world.boot + 60.0
    mailbox: deque[Event] = deque([
        CheckBurnt(token=1, deadline=deadline, sources=(HELLO,)),
        Touch(token=2, deadline=deadline, lease=record.lease or ""),
    ])  # fmt: skip
    while mailbox:
        runner.turn(mailbox.popleft(), mailbox)
    assert list(runner.replies) == [1, 2]


# -- what is told and written ------------------------------------------------------------------------------------------


def test_what_stands_is_told_as_it_stands() -> None:
    """By a read, and by each release, whatever it found."""
    runner, record = World().used_ppa()
    assert runner.order(ReadNow) == RecordShown(record)
    first = runner.order(Release, lease="lease-1")
    assert first == runner.order(Release, lease="lease-1") == RecordShown(runner.world.record)


def test_a_lease_with_an_uploader_is_fresh_once() -> None:
    """When it was assigned, not when it is told again; and while time is believed it does not say by whose clock."""
    runner = World().free_ppa()
    assert lent(runner.order(assign(uploader="~ann"))).fresh
    assert not lent(runner.order(confirm())).fresh
    assert runner.world.record.clock is None


@pytest.mark.parametrize(
    ("fault", "condition"), [("denied", Condition.UNREACHABLE), ("gone", Condition.MISSING)]
)  # fmt: skip
def test_a_right_that_is_refused_where_the_ppa_is_not_shown(fault: str, condition: Condition) -> None:
    """It was said of the PPA: that is known from then on, and the lease stands."""
    runner, record = World().used_ppa(uploader="~ann")
    runner.world.launchpad.fault = lambda request: fault if "Grant" in runner.kinds() else None
    assert why(runner.order(confirm())) is Refusal.UNTOLD
    assert runner.known.condition is condition
    assert runner.world.record == record


def test_a_right_that_is_refused_in_a_ppa_that_is_lent_to_another_by_now() -> None:
    """The refusal says nothing of whoever has it: nothing is written, and this wish is not told."""
    runner, record = World().used_ppa(uploader="~ann")
    theirs = compose(None, changed(record, lease="theirs"))

    def lent_on(ask: Any) -> None:
        if kind(ask) == "Grant":
            runner.world.launchpad.describe(runner.world.ppa, theirs)

    runner.crash = lent_on
    runner.world.launchpad.fault = faults("gone", of="grant")
    assert why(runner.order(confirm())) is Refusal.UNTOLD
    assert runner.world.launchpad.archives[runner.world.ppa].description == theirs


def test_a_lease_that_nobody_was_told_of_says_so() -> None:
    """Given up, or its uploader refused: then its wish has had nothing, and its ticket is not spent."""
    runner, record = World().used_ppa()
    runner.order(GiveUp, lease="lease-1", nonce=record.nonce)
    assert (runner.world.state, runner.world.record.told) == (State.DIRTY, False)
    refused = World().free_ppa()
    refused.world.launchpad.fault = faults("refused", of="grant")
    refused.order(assign(uploader="~nobody"))
    assert (refused.world.state, refused.world.record.told) == (State.DIRTY, False)


def test_asking_again_is_a_proof_of_life() -> None:
    """A lease that is told again was heard of when it was."""
    runner, record = World().used_ppa(idle=600)
    runner.world.boot += 30.0
    lent(runner.order(confirm(attempt=1)))
    assert runner.world.record.touched >= record.touched + timedelta(seconds=29)


def test_a_touch_may_reach_the_very_end() -> None:
    """The lease may last max_ttl, not a second less."""
    runner, record = world(max_ttl=7200.0).used_ppa()
    runner.world.boot += 1800.0
    latest = record.since + timedelta(seconds=7200)
    ttl = (latest - runner.clock.now().stamp).total_seconds()
    assert lent(runner.order(Touch, lease="lease-1", ttl=ttl)).record.until == latest


def read_only(runner: Runner) -> None:
    """Launchpad answers, and writes nothing."""
    runner.world.launchpad.fault = lambda request: "down" if request.what == "write" else None


def test_touches_that_cannot_be_written_are_heard_for_longer_than_clocks_may_differ() -> None:
    """The moment at which it was heard is put right by no clock: it is not what lied."""
    runner, _ = World().used_ppa(idle=40)
    read_only(runner)
    for _ in range(12):
        runner.pass_time(39.0)
        assert why(runner.order(Touch, lease="lease-1")) is Refusal.OUTAGE
    written = [parse(ask.description).record for ask in runner.asked if isinstance(ask, Write)]
    assert {record.state for record in written if record is not None} == {State.USED}  # nobody tried to end it
