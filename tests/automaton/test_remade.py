"""A PPA that was gone and made anew by people, or by another daemon: nothing is written back into it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest

from ppa_assigner.automaton.events import (
    Command,
    Denied,
    LeaseShown,
    Operate,
    Refusal,
    Release,
    Supersede,
    Touch,
)
from ppa_assigner.automaton.reachability import ReadDenied, one_more
from ppa_assigner.packages import SourcePackage
from ppa_assigner.record import State, compose
from ppa_assigner.views import Condition, HoldAction, QuarantineAction, ResumeAction
from tests.automaton.lab import Runner, World, assign, back, changed, faults, lose, made_by_people, why


def situation(state: State) -> Runner:
    """A daemon that knows it so."""
    world = World()
    match state:
        case State.FREE:
            return world.free_ppa()
        case State.DIRTY:
            return world.dirty_ppa()
    return world.used_ppa()[0]


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
        partial(Operate, act=HoldAction("lease-1", 60.0)),
        partial(Operate, act=QuarantineAction("odd")),
        partial(Operate, act=ResumeAction()),
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
    assert why(runner.order(QuarantineAction("odd"))) is Refusal.OUTAGE
    assert runner.world.archive.description == "mine"


def test_a_lease_past_its_end_is_over_while_it_cannot_be_compared() -> None:
    """Whatever stands there: nobody has it any more."""
    runner, _ = World().used_ppa(ttl=100.0)
    runner.world.launchpad.describe(runner.world.ppa, None)
    runner.world.launchpad.fault = lambda request: "down" if request.what == "deleted" else None
    runner.look()
    runner.pass_time(200.0)
    assert why(runner.order(Touch, lease="lease-1")) is Refusal.OVER
