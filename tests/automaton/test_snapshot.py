"""What a lease leaves behind: whether something was published is asked before it ends, where that stays readable."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ppa_assigner.automaton.events import Release, Supersede
from ppa_assigner.record import PREFIX as RECORD_PREFIX, Record, State, decode, encode
from tests.automaton.lab import Runner, World, faults

ADDRESS = "http://snapshots.example/{owner}/{name}/{at}"


def used(snapshots: str | None = ADDRESS) -> tuple[Runner, Record]:
    """A lease, of a daemon that knows where snapshots are."""
    runner, record = World().used_ppa()
    runner.known = replace(runner.known, snapshots=snapshots)
    runner.forget_the_past()
    return runner, record


def release(record: Record) -> Any:
    """Give it back."""
    return lambda token, deadline: Release(token=token, deadline=deadline, lease=record.lease or "")


def address(runner: Runner) -> str:
    """Where what the lease had is readable."""
    record, ppa = runner.known.record, runner.world.ppa
    assert record is not None
    return f"http://snapshots.example/{ppa.owner}/{ppa.name}/{record.since:%Y%m%dT%H%M%SZ}"


@pytest.mark.parametrize("published", [True, False])
def test_a_release_asks_first_and_says_where_it_stays(published: bool) -> None:
    """Its one request more goes before the write; with nothing published there is nothing to read."""
    runner, record = used()
    if published:
        runner.world.launchpad.upload(runner.world.ppa, "hello")
    runner.order(release(record))
    assert runner.kinds()[:2] == ["LookForPublished", "Write"]
    assert runner.known.record is not None
    assert (runner.known.state, runner.known.record.published) == (State.DIRTY, published)
    left = runner.known.snapshot().left
    assert (left.url if left is not None else None) == (address(runner) if published else None)
    (moved,) = [one for one in runner.transitions if one.before is State.USED]
    assert moved.left == left


def test_where_nothing_keeps_it_nothing_is_asked() -> None:
    """No request is spent, and none is told."""
    runner, record = used(snapshots=None)
    runner.world.launchpad.upload(runner.world.ppa, "hello")
    runner.order(release(record))
    assert "LookForPublished" not in runner.kinds()
    assert runner.known.snapshot().left is None


def test_a_lease_that_ends_by_itself_leaves_the_same() -> None:
    """By time, or because another attempt has it."""
    runner, record = used()
    runner.world.launchpad.upload(runner.world.ppa, "hello")
    runner.order(lambda t, d: Supersede(token=t, deadline=d, lease=record.lease or "", attempt=record.attempt))
    assert runner.known.record is not None
    assert runner.known.record.published
    runner, record = used()
    runner.world.launchpad.upload(runner.world.ppa, "hello")
    assert record.until is not None
    runner.pass_time((record.until - record.since).total_seconds() + 60.0)
    runner.look()
    runner.until(lambda: runner.known.state is State.DIRTY)
    assert runner.known.record.published if runner.known.record is not None else False


@pytest.mark.parametrize("fault", ["down", "denied", "oops"])
def test_a_question_without_an_answer_holds_up_no_end(fault: str) -> None:
    """The lease ends, and something may have been published."""
    runner, record = used()
    runner.world.launchpad.fault = faults(fault, of="published_since")
    runner.order(release(record))
    assert runner.known.record is not None
    assert (runner.known.state, runner.known.record.published) == (State.DIRTY, True)


def test_the_record_tells_it_after_a_restart_until_the_ppa_is_free() -> None:
    """Another daemon says the same; an older one ignores the field."""
    runner, record = used()
    runner.world.launchpad.upload(runner.world.ppa, "hello")
    runner.order(release(record))
    other = runner.world.start("other")
    other.known = replace(other.known, snapshots=ADDRESS)
    other.look()
    left = other.known.snapshot().left
    assert left is not None
    assert left.url == address(runner)
    (seen,) = other.transitions
    assert (seen.before, seen.left) == (None, left)
    runner.until(lambda: runner.known.state is State.FREE)
    assert runner.known.snapshot().left is None
    assert runner.known.record is not None
    assert not decode(encode(runner.known.record).removeprefix(f"{RECORD_PREFIX} ")).published
