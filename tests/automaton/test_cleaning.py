"""A clean: what is done and in which order, and the quiet window in which nothing may arrive."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ppa_assigner.automaton.events import ContentShown, Inspect
from ppa_assigner.automaton.requests import Survey
from ppa_assigner.options import PoolOptions, Proof, Retry
from ppa_assigner.port import Build
from ppa_assigner.record import State, compose
from ppa_assigner.views import Condition
from tests.automaton.lab import Runner, World, changed, faults, kind
from tests.memory import Archive


def archive(runner: Runner) -> Archive:
    """The PPA."""
    return runner.world.launchpad.archives[runner.world.ppa]


def freed(runner: Runner) -> None:
    """Go on until it is free."""
    runner.until(lambda: runner.known.state is State.FREE)


def impatient(**options: Any) -> World:
    """A pool that retries soon and seldom."""
    return World(options=replace(PoolOptions(settle=100.0), **{"retry": Retry(5.0, 600.0), **options}))


# -- what is done, and in which order ----------------------------------------------------------------------------------


def test_the_whole_clean() -> None:
    """The right is revoked first, builds are cancelled, sources go before binaries, and all of it behind its fence."""
    runner = World().dirty_ppa(uploader="~ann")
    ppa = runner.world.ppa
    archive(runner).builds.append(Build("build:1", "foo on amd64", "Needs building", True))
    runner.world.launchpad.upload(ppa, "binary", binary=True)
    runner.world.launchpad.upload(ppa, "source")
    freed(runner)
    acts = [(r.what, r.text) for r in runner.world.launchpad.log if r.what in ("revoke", "cancel", "delete")]
    assert acts == [
        ("revoke", "~ann"), ("cancel", "foo on amd64"), ("delete", "source"), ("delete", "binary"),
    ]  # fmt: skip
    assert runner.kinds() == [
        "Read", "Revoke", "Survey", "Read", "Cancel", "Delete", "Survey", "Read", "Delete", "Survey", "Write",
        "ReadSettings", "Survey", "Write",
    ]  # fmt: skip
    assert archive(runner).uploaders == []


def test_people_are_shown_all_and_a_clean_looks_for_uploads_once_nothing_else_is_there() -> None:
    """An accepted upload can only be waited for, and is, before anything is free."""
    runner = World().dirty_ppa()
    runner.world.launchpad.upload(runner.world.ppa, "source")
    archive(runner).uploads.append("hello 1.0")
    outcome = runner.order(Inspect)
    assert isinstance(outcome, ContentShown)
    assert [len(outcome.content.sources), outcome.content.uploads] == [1, ("hello 1.0",)]
    runner.until(lambda: runner.known.cleaning is not None and "an upload" in runner.known.cleaning.step)
    assert not [item for item in archive(runner).items if item.active]
    surveys = [ask.whole for ask in runner.asked if isinstance(ask, Survey)]
    assert surveys[0]
    assert not any(surveys[1:])
    archive(runner).uploads.clear()
    freed(runner)


def test_a_batch_is_fenced_anew_after_ten_seconds() -> None:
    """Each request leaves within ten seconds of a read that showed our own record, and none later."""
    runner = World().dirty_ppa()
    for number in range(5):
        runner.world.launchpad.upload(runner.world.ppa, f"source-{number}")

    def slow(ask: Any) -> None:
        if kind(ask) == "Delete":
            assert runner.world.boot < ask.not_after
            runner.world.boot += 4.0

    runner.crash = slow
    freed(runner)
    kinds = [kind for kind in runner.kinds() if kind in ("Read", "Delete")]
    assert kinds.count("Delete") >= 5
    assert kinds.count("Read") >= 2
    assert not [item for item in archive(runner).items if item.active]


def test_what_leaves_too_late_does_not_leave() -> None:
    """The shell refuses it, that is no try, and it is fenced anew."""
    runner = World().dirty_ppa()
    runner.world.launchpad.upload(runner.world.ppa, "source")
    runner.until(lambda: bool(runner.known.clean and runner.known.clean.todo))
    runner.tick()
    runner.forget_the_past()

    def stall(ask: Any) -> None:
        runner.crash = lambda ask: None
        runner.world.boot += 11.0

    runner.crash = stall
    runner.tick()
    runner.tick()
    assert runner.kinds() == ["Delete", "Read"]
    assert [request.what for request in runner.world.launchpad.log] == ["read"]
    assert runner.world.record.tries == 0
    freed(runner)


def test_a_fence_that_shows_another_record_stops_the_batch() -> None:
    """† The PPA may have been taken over, freed and lent: nothing that was listed before is deleted."""
    runner = World().dirty_ppa()
    item = runner.world.launchpad.upload(runner.world.ppa, "theirs")
    runner.until(lambda: bool(runner.known.clean and runner.known.clean.todo))
    other = changed(
        runner.world.record, state=State.USED, lease="lease-2", request="r2", cleaner=None,
        until=runner.world.record.since + timedelta(hours=1),
    )  # fmt: skip
    runner.world.launchpad.describe(runner.world.ppa, compose(None, other))
    runner.pass_time(600.0)
    assert item.active
    assert "Delete" not in runner.kinds()


@pytest.mark.parametrize(
    ("what", "fault", "condition"),
    [
        ("read", "gone", Condition.MISSING),
        ("read", "denied", Condition.UNREACHABLE),
        ("read", "down", Condition.OK),
        ("content", "gone", Condition.OK),
        ("content", "down", Condition.OK),
    ],
)
def test_a_read_without_an_answer_deletes_nothing(what: str, fault: str, condition: Condition) -> None:
    """Only a read of the PPA itself says that it is gone or denied.
    The clean waits, and goes on when Launchpad answers; that is no try."""
    runner = World().dirty_ppa()
    runner.world.launchpad.upload(runner.world.ppa, "source")
    runner.world.launchpad.fault = faults(fault, of=what)
    runner.until(lambda: any(r.what == what for r in runner.world.launchpad.log))
    assert runner.known.condition is condition
    assert "Delete" not in runner.kinds()
    freed(runner)
    assert not [record for record in runner.world.launchpad.records(runner.world.ppa) if record.tries]


def test_debug_symbols_go_with_their_binary() -> None:
    """They cannot be deleted by themselves, and nothing asks for it."""
    runner = World().dirty_ppa()
    binary = runner.world.launchpad.upload(runner.world.ppa, "foo", binary=True)
    symbols = runner.world.launchpad.upload(runner.world.ppa, "foo-dbgsym", binary=True, debug=True)

    def taken_along(ask: Any) -> None:
        symbols.active = binary.active

    runner.crash = taken_along
    freed(runner)
    assert [r.text for r in runner.world.launchpad.log if r.what == "delete"] == ["foo"]


def test_debug_symbols_that_are_left_over_are_a_failure() -> None:
    """Somebody must look at it."""
    runner = impatient(max_tries=2).dirty_ppa()
    runner.world.launchpad.upload(runner.world.ppa, "foo-dbgsym", binary=True, debug=True)
    runner.until(lambda: runner.known.condition is Condition.QUARANTINED)
    assert "debug symbols" in (runner.world.record.fault or "")


def test_what_comes_too_late_to_be_cancelled_is_waited_for() -> None:
    """Builds that are being cancelled and uploads that were accepted: looked at now and then until they are over."""
    runner = World().dirty_ppa()
    archive(runner).builds.append(Build("build:1", "foo", "Cancelling build", False))
    archive(runner).uploads.append("foo 1")
    runner.pass_time(600.0)
    assert runner.known.state is State.DIRTY
    assert 15 <= runner.kinds().count("Survey") <= 30
    assert "Cancel" not in runner.kinds()
    archive(runner).builds.clear()
    archive(runner).uploads.clear()
    freed(runner)


def test_what_is_still_there_after_it_was_deleted_is_a_failure() -> None:
    """It is tried again with a pause between, and not for ever."""
    runner = impatient(max_tries=3).dirty_ppa()
    item = runner.world.launchpad.upload(runner.world.ppa, "sticky")

    def stick(ask: Any) -> None:
        item.active = True

    runner.crash = stick
    runner.until(lambda: runner.known.condition is Condition.QUARANTINED)
    assert runner.kinds().count("Delete") == 3
    assert runner.world.record.fault == "sticky 1 in noble: still there after it was deleted"


def test_without_a_quiet_window_nothing_spins() -> None:
    """With settle 0 what only time can finish is still looked at once a second at the most."""
    runner = impatient(settle=0.0).dirty_ppa()
    archive(runner).uploads.append("foo 1")
    runner.pass_time(60.0)
    assert runner.kinds().count("Survey") <= 61


# -- the quiet window --------------------------------------------------------------------------------------------------


def test_free_is_written_after_a_whole_quiet_window() -> None:
    """† Counted from the last request of the clean that changed something; `since` is when the last look began."""
    runner = World().dirty_ppa()
    runner.world.launchpad.upload(runner.world.ppa, "source")
    deleted: list[float] = []
    surveyed: list[Any] = []

    def note(ask: Any) -> None:
        if kind(ask) == "Delete":
            deleted.append(runner.world.boot)
        if kind(ask) == "Survey":
            surveyed.append(runner.world.launchpad.date().replace(microsecond=0))

    runner.crash = note
    freed(runner)
    assert 100.0 <= runner.world.boot - deleted[-1] <= 102.0
    assert runner.world.record.since == surveyed[-1]
    assert runner.world.record.cleaner is None
    assert runner.world.record.owner is None


@pytest.mark.parametrize("what", ["source", "binary"])
def test_what_arrives_during_the_window_starts_it_anew(what: str) -> None:
    """† It is found by the look at the end, removed, and the whole window begins again."""
    runner = World().dirty_ppa()
    runner.pass_time(95.0)
    late = runner.world.launchpad.upload(runner.world.ppa, "late", binary=what == "binary")
    began = runner.world.boot
    freed(runner)
    assert not late.active
    assert runner.world.boot - began > 100.0


def test_what_arrives_after_the_indexes_were_read_has_them_read_anew() -> None:
    """It may stand in them since: the whole proof comes after the last change."""
    runner = World(options=PoolOptions(settle=100.0, proof=Proof.INDEX)).dirty_ppa()
    runner.until(lambda: "ReadIndexes" in runner.kinds())
    runner.world.launchpad.upload(runner.world.ppa, "late")
    runner.forget_the_past()
    freed(runner)
    kinds = runner.kinds()
    assert kinds.index("Delete") < kinds.index("ReadIndexes")


def test_an_upload_on_its_way_during_the_window_starts_it_anew() -> None:
    """Accepted, and not yet published."""
    runner = World().dirty_ppa()
    runner.pass_time(50.0)
    archive(runner).uploads.append("foo 1")
    runner.pass_time(60.0)
    archive(runner).uploads.clear()
    began = runner.world.boot
    freed(runner)
    assert runner.world.boot - began > 70.0


def test_a_restarted_daemon_waits_a_whole_window_again() -> None:
    """† The last request of the one before may still land."""
    runner = World().dirty_ppa()
    runner.world.launchpad.upload(runner.world.ppa, "source")
    runner.pass_time(90.0)
    second = runner.world.start()
    second.look()
    began = runner.world.boot
    freed(second)
    assert runner.world.boot - began >= 100.0


def test_a_deletion_whose_answer_was_lost_starts_the_window_anew() -> None:
    """It may land late, and is repeated, for it is idempotent; an outage is no try."""
    runner = World().dirty_ppa()
    item = runner.world.launchpad.upload(runner.world.ppa, "source")
    runner.world.launchpad.fault = faults("late", of="delete")
    runner.until(lambda: "Delete" in runner.kinds())
    assert (item.active, runner.world.record.tries) == (True, 0)
    freed(runner)
    runner.world.launchpad.land()
    assert runner.kinds().count("Delete") == 2
    assert runner.kinds().index("Write") > runner.kinds().index("Delete")


@pytest.mark.parametrize("script", [(None,), ("lost", "refused"), ("overloaded", "refused")])
def test_the_window_counts_from_the_end_of_the_request(script: tuple[str | None, ...]) -> None:
    """† However long a deletion takes, and whether or not its answer came."""
    runner = World().dirty_ppa()
    runner.world.launchpad.upload(runner.world.ppa, "source")
    ended: list[float] = []
    fault = faults(*script, of="delete")

    def slow(request: Any) -> str | None:
        if request.what != "delete":
            return None
        if not ended:
            runner.world.boot += 50.0
            ended.append(runner.world.boot)
        return fault(request)

    runner.world.launchpad.fault = slow
    freed(runner)
    assert runner.world.boot - ended[0] >= 100.0


def test_a_ppa_that_became_dirty_anew_is_begun_anew() -> None:
    """Though this daemon missed that it was free in between: the window is that of the new record."""
    runner = World().dirty_ppa()
    runner.pass_time(95.0)
    record = runner.world.record
    anew = changed(record, since=runner.clock.now().date, touched=runner.clock.now().date, cleaner=record.cleaner)
    runner.world.launchpad.describe(runner.world.ppa, compose(None, anew))
    runner.look()
    began = runner.world.boot
    freed(runner)
    assert runner.world.boot - began >= 100.0
