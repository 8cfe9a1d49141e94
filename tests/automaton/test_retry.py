"""What counts as a failed clean, and what is Launchpad's trouble alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ppa_assigner.automaton.observe import jitter
from ppa_assigner.automaton.requests import Apply, Cancel, Delete
from ppa_assigner.automaton.retry import fail
from ppa_assigner.backoff import Backoff
from ppa_assigner.options import Baseline, PoolOptions, Proof, Retry
from ppa_assigner.port import Build
from ppa_assigner.record import State
from ppa_assigner.views import Condition
from tests.automaton.lab import Runner, World, faults

BUILD = Build("build:1", "foo on amd64", "Needs building", True)


def dirty(**options: Any) -> Runner:
    """A PPA to be cleaned."""
    return World(options=replace(PoolOptions(settle=100.0), retry=Retry(5.0, 60.0), **options)).dirty_ppa()


def tries(runner: Runner) -> list[int]:
    """What every record that stood said of its failures."""
    return [record.tries for record in runner.world.launchpad.records(runner.world.ppa)]


# -- a look that fails on Launchpad's side -----------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["content", "archive_settings", "disk_leftovers"])
def test_a_listing_that_fails_for_ever_ends_in_quarantine(what: str) -> None:
    """500 to this listing, while all else is answered: tries with the reason, an alarm, and an end."""
    runner = dirty(max_tries=3, proof=Proof.DISK, baseline=Baseline(displayname="PPA", dependencies=()))
    runner.world.launchpad.fault = lambda request: "oops" if request.what == what else None
    runner.until(lambda: runner.world.record.tries == 1)
    assert runner.known.fault is not None
    assert "cannot be read" in runner.known.fault
    runner.until(lambda: runner.known.condition is Condition.QUARANTINED)
    assert "cleaning failed 3 times" in runner.alarms[-1]
    asked = [request for request in runner.world.launchpad.log if request.what == what]
    assert len(asked) == 3 * 3


@pytest.mark.parametrize("fault", ["overloaded", "down"])
def test_an_outage_is_no_failure_of_the_ppa(fault: str) -> None:
    """Hours of 503, or of no answers, to its listing: waited for, ever more seldom, and then it is cleaned."""
    runner = dirty(max_tries=2)
    runner.world.launchpad.fault = lambda request: fault if request.what == "content" else None
    runner.pass_time(4 * 3600.0)
    assert max(tries(runner)) == 0
    assert runner.kinds().count("Survey") < 400
    runner.world.launchpad.fault = faults()
    runner.until(lambda: runner.known.state is State.FREE)


def test_a_look_that_failed_once_is_one_failure_in_a_row() -> None:
    """The pause grows with each of them, not with two steps at once."""
    runner = dirty()
    runner.world.launchpad.fault = faults("down", of="content")
    runner.until(lambda: runner.known.clean is not None and runner.known.clean.unseen == 1)
    assert runner.known.failures == 1


def test_errors_to_everything_are_no_failure_of_the_ppa() -> None:
    """When Launchpad fails at all that is asked, the failure cannot be written, and is not counted when it is over."""
    runner = dirty(max_tries=2)
    runner.world.launchpad.fault = lambda request: "oops" if request.what == "content" else "unknown"
    runner.pass_time(3600.0)
    runner.world.launchpad.fault = faults()
    runner.until(lambda: runner.known.state is State.FREE)
    assert max(tries(runner)) == 0


def test_an_answered_look_ends_the_count() -> None:
    """Two errors, an answer, two errors: nothing to speak of."""
    runner = dirty()
    runner.world.launchpad.upload(runner.world.ppa, "source")
    runner.world.launchpad.fault = faults("oops", "oops", None, "oops", "oops", of="content")
    runner.until(lambda: runner.known.state is State.FREE)
    assert max(tries(runner)) == 0


# -- what is written and shown of a failure ----------------------------------------------------------------------------


def test_a_failure_is_all_that_changes_in_the_record() -> None:
    """It is counted, said and dated; the clean begins anew, but what it found and what is left of that is shown still.
    A person is told only once it is over.
    """
    runner = dirty(max_tries=2)
    stays = runner.world.launchpad.upload(runner.world.ppa, "stays")
    runner.world.launchpad.upload(runner.world.ppa, "goes")
    runner.world.launchpad.fault = lambda r: "refused" if r.text == "stays" else None
    runner.until(lambda: runner.known.clean is not None and len(runner.known.clean.seen) == 2)
    runner.world.boot += 30.0
    before = runner.world.record
    runner.until(lambda: runner.world.record.tries == 1)
    record, clean = runner.world.record, runner.known.clean
    assert record == replace(
        before, serial=record.serial, nonce=record.nonce, tries=1, touched=runner.clock.now().date,
        fault="stays 1 in noble: 400",
    )  # fmt: skip
    assert record.touched > before.touched
    assert clean is not None
    assert clean.sticky == {Delete(stays.publication)}
    assert clean.asked == frozenset()
    shown = runner.known.cleaning
    assert shown is not None
    assert (shown.step, shown.found, shown.left) == ("waiting after failure 1", 2, 2)
    assert runner.alarms == []
    runner.until(lambda: runner.known.condition is Condition.QUARANTINED)
    assert len(runner.alarms) == 1


@pytest.mark.parametrize("retry", [Retry(5.0, 60.0), Retry(60.0, 5.0)])
@pytest.mark.parametrize("failed", [0, 1, 2, 6])
def test_the_pause_after_a_failure_is_that_of_the_pool(retry: Retry, failed: int) -> None:
    """Doubled with each failure in a row, up to the longest that the pool has, whatever it begins with."""
    runner = dirty(max_tries=100)
    now, options = runner.clock.now(), replace(runner.known.options, retry=retry)
    text = replace(runner.known.text, record=replace(runner.world.record, tries=failed))
    known = replace(runner.known, text=text, options=options)
    pause = Backoff(5.0, retry.max).pause(failed, jitter(known))
    known, _ = fail(known, "odd", now)
    assert known.clean is not None
    assert known.clean.paused_until == now.boot + pause


# -- a cancellation that does nothing ----------------------------------------------------------------------------------


def test_a_cancellation_that_does_nothing_is_asked_for_again() -> None:
    """After some time, for the first may have been lost; then the build ends and all is well."""
    runner = dirty()
    runner.world.archive.builds.append(BUILD)
    cancelled: list[float] = []

    def keep(ask: object) -> None:
        if isinstance(ask, Apply) and isinstance(ask.change, Cancel):
            cancelled.append(runner.world.boot)
        elif len(cancelled) == 1 and not runner.world.archive.builds:
            runner.world.archive.builds.append(BUILD)

    runner.crash = keep
    runner.until(lambda: runner.known.state is State.FREE)
    assert len(cancelled) == 2
    assert cancelled[1] - cancelled[0] >= 20.0
    assert max(tries(runner)) == 0


def test_a_build_that_cannot_be_ended_is_a_failure() -> None:
    """Asked for twice in each try, without haste; quarantine at last, which names it."""
    runner = dirty(max_tries=3)

    def keep(ask: object) -> None:
        if not runner.world.archive.builds:
            runner.world.archive.builds.append(BUILD)

    runner.crash = keep
    began = runner.world.boot
    runner.until(lambda: runner.known.condition is Condition.QUARANTINED)
    assert runner.world.record.fault == "foo on amd64: still there after it was cancelled"
    assert runner.kinds().count("Cancel") == 2 * 3
    assert runner.world.boot - began > 100.0


def test_a_build_that_takes_time_to_end_is_no_failure() -> None:
    """Launchpad says Cancelling: it is waited for."""
    runner = dirty()
    runner.world.archive.builds.append(replace(BUILD, state="Cancelling build", cancellable=False))
    runner.pass_time(600.0)
    assert "Cancel" not in runner.kinds()
    runner.world.archive.builds.clear()
    runner.until(lambda: runner.known.state is State.FREE)
    assert max(tries(runner)) == 0
