"""A PPA that is disabled on Launchpad, and a right that Launchpad refuses: of the PPA, or of the person."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ppa_assigner.automaton.events import (
    Denied,
    Refusal,
    Touch,
)
from ppa_assigner.options import PoolOptions
from ppa_assigner.record import State
from ppa_assigner.views import Condition
from tests.automaton.lab import Runner, World, assign, why

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
