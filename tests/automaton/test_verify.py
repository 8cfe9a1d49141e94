"""What must be seen before `free` is written, and how long is waited for what only time takes away."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from ppa_assigner.automaton.events import Reconfigured
from ppa_assigner.automaton.requests import ReadDisk, ReadIndexes, ReadSettings, Survey
from ppa_assigner.options import Baseline, PoolOptions, Proof, Retry
from ppa_assigner.record import State, format_time
from ppa_assigner.views import Condition
from tests.automaton.lab import Runner, World, faults, kind

LOOKS = (Survey, ReadSettings, ReadIndexes, ReadDisk)


def dirty(proof: Proof, **options: Any) -> Runner:
    """A PPA of a pool with this proof, released just now, with one deleted package that the indexes still name."""
    given = {"settle": 100.0, "retry": Retry(5.0, 60.0), "max_tries": 3, **options}
    runner = World(options=PoolOptions(**given, proof=proof)).dirty_ppa()
    item = runner.world.launchpad.upload(runner.world.ppa, "hello in noble")
    item.active = False
    runner.world.archive.indexed.append("hello in noble")
    return runner


def freed(runner: Runner) -> None:
    """Go on until it is free."""
    runner.until(lambda: runner.known.state is State.FREE, ticks=3000)


def step_of(runner: Runner) -> str:
    """What is shown of the clean."""
    cleaning = runner.known.snapshot().cleaning
    assert cleaning is not None
    return cleaning.step


def bury(runner: Runner) -> None:
    """The death row has been there."""
    for item in runner.world.archive.items:
        item.removed = True


def times(runner: Runner) -> list[tuple[str, float]]:
    """The looks, and when they began; filled as they are made."""
    seen: list[tuple[str, float]] = []

    def note(ask: Any) -> None:
        if isinstance(ask, LOOKS):
            seen.append((kind(ask), runner.world.boot))

    runner.crash = note
    return seen


def test_active_asks_for_no_more_than_the_content() -> None:
    """What the indexes and the disk hold is not looked at."""
    runner = dirty(Proof.ACTIVE)
    freed(runner)
    assert set(runner.kinds()) == {"Survey", "Write"}


def test_index_waits_for_the_indexes() -> None:
    """Every half minute, without a failure; what is waited for is shown and told once."""
    runner = dirty(Proof.INDEX)
    seen = times(runner)
    runner.pass_time(1000.0)
    assert runner.known.state is State.DIRTY
    assert step_of(runner) == "waiting for the indexes: hello in noble"
    reads = [when for what, when in seen if what == "ReadIndexes"]
    assert all(29.0 <= after - before <= 31.0 for before, after in pairwise(reads))
    assert reads[0] >= seen[0][1] + 99.0
    assert [c.step for c in runner.progress].count("waiting for the indexes: hello in noble") == 1
    runner.world.archive.indexed.clear()
    freed(runner)
    assert runner.kinds()[-3:] == ["ReadIndexes", "Survey", "Write"]
    assert runner.world.record.tries == 0
    assert "ReadDisk" not in runner.kinds()


def test_who_waits_for_the_disk_is_told_until_when_where_launchpad_says_so() -> None:
    """A version that another one superseded stays a day; a date that is over, and none, tell nothing."""
    runner = dirty(Proof.DISK)
    at = runner.world.launchpad.date().replace(microsecond=0) + timedelta(days=1)
    runner.world.archive.items[0].scheduled = at
    runner.pass_time(3600.0)
    assert step_of(runner) == f"waiting for the disk: hello in noble, until {format_time(at)} at the earliest"
    runner.pass_time(86400.0)
    assert step_of(runner) == "waiting for the disk: hello in noble"


def test_disk_waits_for_the_disk_and_the_indexes() -> None:
    """Every five minutes where the quiet window is as long; the content is looked at again after the wait."""
    runner = dirty(Proof.DISK, settle=400.0)
    seen = times(runner)
    runner.pass_time(7200.0)
    assert step_of(runner) == "waiting for the disk: hello in noble"
    reads = [when for what, when in seen if what == "ReadDisk"]
    assert all(299.0 <= after - before <= 301.0 for before, after in pairwise(reads))
    bury(runner)
    runner.pass_time(310.0)
    assert step_of(runner) == "waiting for the indexes: hello in noble"
    runner.world.archive.indexed.clear()
    freed(runner)
    assert runner.kinds()[-4:] == ["ReadDisk", "ReadIndexes", "Survey", "Write"]
    records = runner.world.launchpad.records(runner.world.ppa)
    assert all((after.touched - before.touched).total_seconds() <= 70.0 for before, after in pairwise(records[3:]))


def test_how_many_are_waited_for_is_said() -> None:
    """One is named, the others counted."""
    runner = dirty(Proof.INDEX)
    runner.world.archive.indexed += ["foo in noble", "bar in noble"]
    runner.pass_time(200.0)
    assert step_of(runner) == "waiting for the indexes: hello in noble and 2 more"


@pytest.mark.parametrize("proof", [Proof.INDEX, Proof.DISK])
def test_a_short_window_makes_it_look_more_often(proof: Proof) -> None:
    """So that a try with seconds for minutes is quick; not more than once a second."""
    runner = dirty(proof, settle=2.0)
    seen = times(runner)
    runner.pass_time(60.0)
    reads = [when for what, when in seen if what in ("ReadIndexes", "ReadDisk")]
    assert all(2.0 <= after - before <= 2.5 for before, after in pairwise(reads))


@pytest.mark.parametrize("proof", [Proof.INDEX, Proof.DISK])
def test_what_arrives_during_a_long_wait_is_emptied_at_once(proof: Proof) -> None:
    """It would never leave the indexes or the disk by itself."""
    runner = dirty(proof)
    runner.pass_time(1000.0)
    late = runner.world.launchpad.upload(runner.world.ppa, "late")
    runner.pass_time(120.0)
    assert not late.active
    runner.world.archive.indexed.clear()
    runner.pass_time(1.0)
    bury(runner)
    freed(runner)


def test_the_last_look_is_at_the_content_and_all_looks_are_after_the_window() -> None:
    """With the strictest proof and a baseline: disk, indexes, settings, content, each begun after the quiet window."""
    runner = dirty(Proof.DISK, baseline=Baseline(dependencies=()))
    bury(runner)
    runner.world.archive.indexed.clear()
    runner.world.archive.dependencies.append("ubuntu")
    seen = times(runner)
    changed: list[float] = []
    watch = runner.crash

    def note(ask: Any) -> None:
        watch(ask)
        if kind(ask) == "RemoveDependency":
            changed.append(runner.world.boot)

    runner.crash = note
    freed(runner)
    proof = [look for look in seen if look[1] > changed[-1]]
    assert [what for what, _ in proof] == ["Survey", "ReadDisk", "ReadIndexes", "ReadSettings", "Survey"]
    assert all(when >= changed[-1] + 100.0 for _, when in proof)


def test_a_longer_window_counts_at_once() -> None:
    """A reload while it is waited for."""
    runner = dirty(Proof.ACTIVE)
    runner.pass_time(90.0)
    began = runner.world.boot
    runner.give(Reconfigured("default", PoolOptions(settle=1000.0)))
    freed(runner)
    assert runner.world.boot - began >= 900.0


@pytest.mark.parametrize("what", ["index_leftovers", "disk_leftovers"])
def test_a_proof_that_is_not_answered_is_waited_for(what: str) -> None:
    """An outage is no failure, and no proof."""
    runner = dirty(Proof.DISK)
    bury(runner)
    runner.world.archive.indexed.clear()
    runner.world.launchpad.fault = lambda r: "down" if r.what == what else None
    runner.pass_time(2000.0)
    assert runner.known.state is State.DIRTY
    assert step_of(runner) == "waiting for Launchpad: down"
    assert runner.world.record.tries == 0
    runner.world.launchpad.fault = faults()
    freed(runner)


@pytest.mark.parametrize("fault", ["refused", "gone", "denied"])
def test_a_disk_that_cannot_be_looked_at_is_no_proof(fault: str) -> None:
    """It is a failure, over and over, where the PPA itself can be read."""
    runner = dirty(Proof.DISK)
    runner.world.launchpad.fault = lambda r: fault if r.what == "disk_leftovers" else None
    runner.pass_time(3000.0)
    assert (runner.known.condition, runner.known.state) == (Condition.QUARANTINED, State.DIRTY)


# -- what is shown and told --------------------------------------------------------------------------------------------


def test_each_step_is_told_once() -> None:
    """For the event stream: what a clean does or waits for, as it changes."""
    runner = World().dirty_ppa(uploader="~ann")
    runner.progress.clear()
    for number in range(3):
        runner.world.launchpad.upload(runner.world.ppa, f"source-{number}")
    freed(runner)
    assert [cleaning.step for cleaning in runner.progress] == [
        "deleting", "waiting for the quiet window to end", "looking once more",
    ]  # fmt: skip
    assert (runner.progress[1].found, runner.progress[1].deleted, runner.progress[1].left) == (3, 3, 0)


@pytest.mark.parametrize("fault", [None, "refused"])
def test_what_follows_the_settings_is_the_quiet_window(fault: str | None) -> None:
    """Shown as what it is, whether they were restored or left."""
    runner = World(options=PoolOptions(settle=100.0, baseline=Baseline(dependencies=()))).dirty_ppa()
    runner.world.archive.dependencies.append("ubuntu")
    runner.world.launchpad.fault = faults(fault, of="remove_dependency")
    runner.progress.clear()
    freed(runner)
    assert [cleaning.step for cleaning in runner.progress] == [
        "restoring its settings", "waiting for the quiet window to end", "looking once more",
    ]  # fmt: skip


def test_the_first_step_of_a_clean_is_told_too() -> None:
    """As soon as it is dirty."""
    from ppa_assigner.automaton.events import Release

    runner, record = World().used_ppa(uploader="~ann")
    runner.order(Release, lease=record.lease)
    assert [cleaning.step for cleaning in runner.progress] == ["taking upload rights away"]


def test_numbers_are_of_publications_that_were_seen() -> None:
    """Binaries that go with their source count as deleted; what comes later as found."""
    runner = World().dirty_ppa()
    source = runner.world.launchpad.upload(runner.world.ppa, "hello")
    binaries = [runner.world.launchpad.upload(runner.world.ppa, f"hello-{n}", binary=True) for n in range(4)]

    def take_along(ask: Any) -> None:
        for binary in binaries:
            binary.active = source.active

    runner.crash = take_along
    runner.until(lambda: step_of(runner).startswith("waiting for the quiet"))
    cleaning = runner.known.snapshot().cleaning
    assert cleaning is not None
    assert (cleaning.found, cleaning.deleted, cleaning.left) == (5, 5, 0)
    runner.world.launchpad.upload(runner.world.ppa, "late")
    runner.until(lambda: step_of(runner) == "deleting")
    cleaning = runner.known.snapshot().cleaning
    assert cleaning is not None
    assert (cleaning.found, cleaning.deleted, cleaning.left) == (6, 5, 1)
