"""From when a fence and a look count: from before the request left, however long its answer took.

What an answer shows may have changed at any time after Launchpad looked, which may be as soon as it was asked.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ppa_assigner.automaton.events import LeaseShown
from ppa_assigner.automaton.requests import Apply
from ppa_assigner.backoff import FENCE_S
from ppa_assigner.options import PoolOptions, Retry
from ppa_assigner.record import State
from tests.automaton.lab import Runner, World, assign, confirm, faults, kind


def world(**options: Any) -> World:
    """A PPA of a pool with these options."""
    return World(options=replace(PoolOptions(settle=100.0), **options))


class Slow:
    """Launchpad takes so many seconds for each request of that kind, and does not answer those that fail.

    `left` are the boot times at which the slow ones left.
    """

    def __init__(self, runner: Runner, what: str, seconds: float, fails: str | None = None) -> None:
        self._world, self._what, self._seconds, self._fails = runner.world, what, seconds, fails
        self.left: list[float] = []
        runner.world.launchpad.fault = self

    def __call__(self, request: Any) -> str | None:
        if request.what == self._what:
            self.left.append(self._world.boot)
            self._world.boot += self._seconds
        return "down" if request.what == self._fails else None


def fences(runner: Runner, name: str) -> list[float]:
    """Until when each request of that kind may leave."""
    return [ask.not_after for ask in runner.asked if isinstance(ask, Apply) and kind(ask) == name]


def test_a_deletion_rests_on_a_read_from_when_that_left() -> None:
    """Else one could leave nineteen seconds after our record was shown."""
    runner = world().dirty_ppa()
    runner.world.launchpad.upload(runner.world.ppa, "source")
    reads = Slow(runner, "read", 9.0)
    runner.until(lambda: "Delete" in runner.kinds())
    assert fences(runner, "Delete") == [reads.left[-1] + FENCE_S]


def test_a_grant_rests_on_the_assignment_from_when_that_left() -> None:
    """The record may be another one as soon as it was written."""
    runner = world().free_ppa()
    writes = Slow(runner, "write", 6.0)
    assert isinstance(runner.order(assign(uploader="~ann")), LeaseShown)
    assert fences(runner, "Grant") == [writes.left[-1] + FENCE_S]


def test_a_repeated_grant_rests_on_the_read_from_when_that_left() -> None:
    """The same where a lease is told again."""
    runner, _ = world().used_ppa(uploader="~ann")
    reads = Slow(runner, "read", 6.0)
    assert isinstance(runner.order(confirm()), LeaseShown)
    assert fences(runner, "Grant") == [reads.left[-1] + FENCE_S]


def test_a_look_for_arrivals_counts_from_when_it_left() -> None:
    """It is as old as the moment from which on it may have missed something."""
    runner = world(verify_age=60.0).free_ppa()
    runner.world.boot += 1000.0
    looks = Slow(runner, "new_content", 30.0, fails="write")
    runner.order(assign())
    runner.world.boot = looks.left[-1] + 61.0
    runner.world.launchpad.fault = faults()
    runner.forget_the_past()
    assert isinstance(runner.order(assign()), LeaseShown)
    assert runner.kinds() == ["LookForNewContent", "Write"]


def test_the_proofs_last_look_counts_from_when_its_first_request_left() -> None:
    """What arrives while its later requests are answered is looked for before the PPA is lent."""
    runner = world(verify_age=60.0).dirty_ppa()
    looks = Slow(runner, "content", 70.0)
    runner.until(lambda: runner.known.state is State.FREE)
    runner.forget_the_past()
    runner.world.launchpad.fault = faults()
    assert runner.world.boot - looks.left[-1] < 2 * 60.0
    assert isinstance(runner.order(assign()), LeaseShown)
    assert runner.kinds() == ["LookForNewContent", "Write"]


def test_free_since_is_when_the_proofs_last_look_began() -> None:
    """Not when it was written: what arrived in between would never be looked for."""
    runner = world(settle=100.0).dirty_ppa()
    dates = []
    launchpad = runner.world.launchpad

    def slow(request: Any) -> None:
        if request.what == "content":
            dates.append(launchpad.date().replace(microsecond=0))
            runner.world.boot += 200.0

    launchpad.fault = slow
    runner.until(lambda: runner.world.state is State.FREE)
    assert runner.world.record.since <= dates[-1]
    launchpad.fault = faults()
    item = launchpad.upload(runner.world.ppa, "stray")
    item.created = dates[-1]
    assert not isinstance(runner.order(assign()), LeaseShown)


@pytest.mark.parametrize("script", [("refused",), ("unknown",) * 3])
def test_after_a_failed_try_upload_rights_are_taken_first_again(script: tuple[str, ...]) -> None:
    """The right may stand again, or still; nothing is deleted while somebody may upload."""
    runner = world(retry=Retry(5.0, 600.0)).dirty_ppa(uploader="~ann")
    runner.world.launchpad.upload(runner.world.ppa, "source")
    runner.world.launchpad.fault = faults(*script, of="delete")
    runner.until(lambda: runner.world.record.tries == 1)
    runner.forget_the_past()
    runner.until(lambda: runner.world.state is State.FREE)
    changes = [kind(ask) for ask in runner.asked if isinstance(ask, Apply)]
    assert changes[:2] == ["Revoke", "Delete"]
