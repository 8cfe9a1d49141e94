"""A PPA that is discarded: nothing leads out of it, and nobody changes it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ppa_assigner.automaton import WriteReason, wake
from ppa_assigner.automaton.transitions import LEGAL
from ppa_assigner.record import State, compose, encode
from ppa_assigner.views import Condition
from tests.automaton.lab import Runner, World, assign, changed, discarded


def thrown_away() -> Runner:
    """Discarded by some daemon, with something in it."""
    world = World().dirty_ppa().world
    world.launchpad.upload(world.ppa, "left")
    world.launchpad.describe(world.ppa, compose("words", discarded(world.record)))
    runner = world.start()
    runner.look()
    runner.forget_the_past()
    return runner


def test_nothing_leads_out_of_it() -> None:
    """By the table that every write is held to."""
    leads = {after for moves in LEGAL.values() for before, after in moves if before is State.DISCARDED}
    assert leads == {State.DISCARDED}
    into = {before for moves in LEGAL.values() for before, after in moves if after is State.DISCARDED}
    assert into == {State.DIRTY, State.DISCARDED}


def test_time_brings_nothing() -> None:
    """It is neither cleaned nor lent, however long it stands, and wakes nobody."""
    runner = thrown_away()
    record = runner.world.record
    assert wake(runner.known, runner.clock.now()) is None
    runner.pass_time(20_000.0)
    runner.look()
    assert (runner.known.state, runner.known.condition) == (State.DISCARDED, Condition.OK)
    assert (runner.world.record, runner.kinds()) == (record, [])
    assert all(item.active for item in runner.world.archive.items if item.publication.name == "left")


def test_it_is_said_why() -> None:
    """In the place where people look for what is wrong."""
    assert thrown_away().known.snapshot().fault == "burnt"


def test_what_it_had_is_written_back_after_a_rollback() -> None:
    """As with a lease or a clean: the old text could be lent again."""
    runner = thrown_away()
    record = runner.world.record
    older = changed(record, state=State.FREE, serial=record.serial - 2, nonce="older")
    runner.world.launchpad.describe(runner.world.ppa, encode(older))
    runner.look()
    assert runner.world.record == replace(record, serial=record.serial + 1, nonce=runner.world.record.nonce)
    assert len(runner.alarms) == 1


@pytest.mark.parametrize("lost", ["lost", "unknown", "late"])
def test_a_lost_answer_of_that_write_is_settled(lost: str) -> None:
    """By another conditional write, as of any other record."""
    runner = thrown_away()
    record = runner.world.record
    script = iter([lost])
    runner.world.launchpad.fault = lambda request: next(script, None) if request.what == "write" else None
    runner.world.launchpad.describe(runner.world.ppa, encode(changed(record, serial=record.serial - 1, nonce="older")))
    runner.look()
    runner.pass_time(100.0)
    runner.world.launchpad.land()
    runner.look()
    assert runner.known.pending is None
    assert (runner.world.record.state, runner.world.record.why) == (State.DISCARDED, "burnt")
    assert runner.world.record.serial > record.serial


def test_it_may_be_discarded_and_named_to_be_deleted() -> None:
    """The two ways of writing it, which the table allows."""
    assert LEGAL[WriteReason.DISCARD] == {(State.DIRTY, State.DISCARDED)}
    assert LEGAL[WriteReason.DELETE] == {(State.DISCARDED, State.DISCARDED)}


def test_leases_are_counted_over_cleans() -> None:
    """In every state, and from nothing where no daemon counted yet."""
    assert World().used_ppa()[1].leases == 1
    runner = World().dirty_ppa()
    assert runner.world.record.leases == 1
    runner.until(lambda: runner.known.state is State.FREE)
    assert runner.world.record.leases == 1
    runner.order(assign(lease="lease-2", request="build-2"))
    assert runner.world.record.leases == 2
