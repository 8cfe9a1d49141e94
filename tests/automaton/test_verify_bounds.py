"""The proof at its bounds: how soon it looks again after a look that failed, and what is a failure of the PPA."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from ppa_assigner.automaton.observe import jitter
from ppa_assigner.automaton.operation import QUIET
from ppa_assigner.automaton.verify import free
from ppa_assigner.backoff import Backoff
from ppa_assigner.options import Baseline, PoolOptions, Proof, Retry
from ppa_assigner.port import Content
from ppa_assigner.record import NOTHING_OF_A_LEASE, State, parse
from tests.automaton.lab import Runner, World, faults
from tests.memory import Request


def world(**options: Any) -> World:
    """A PPA of a pool with these options."""
    return World(options=replace(PoolOptions(settle=100.0), **options))


def failed_looks(runner: Runner, of: str) -> int:
    """How many looks of that kind were asked for."""
    return sum(request.what == of for request in runner.world.launchpad.log)


@pytest.mark.parametrize(("retry_max", "most"), [(600.0, 60.0), (7.0, 7.0)])
def test_each_pause_after_a_failed_look_is_twice_the_last_one(retry_max: float, most: float) -> None:
    """A second at first; a minute at the most, or as long as the pool's retry says; with half of it more or less."""
    runner = world(retry=Retry(5.0, retry_max)).dirty_ppa()
    runner.world.launchpad.fault = lambda request: "down" if request.what == "content" else None
    for number in range(12):
        while failed_looks(runner, "content") == number:
            assert runner.tick()
        assert runner.known.clean is not None
        pause = runner.known.clean.paused_until - runner.world.boot
        assert pause == pytest.approx(Backoff(1.0, most).pause(number, jitter(runner.known)))


def test_what_is_about_to_be_free_says_nothing_of_its_last_lease() -> None:
    """Also before it is known whether it is."""
    runner = world().dirty_ppa(note="n", uploader="~ann")
    known, _ = free(runner.known, Content((), (), runner.world.launchpad.moment(0.0)), runner.clock.now())
    assert known.pending is not None
    sent = known.pending.record
    assert sent.state is State.FREE
    assert {name: getattr(sent, name) for name in NOTHING_OF_A_LEASE} == NOTHING_OF_A_LEASE


@pytest.mark.parametrize("of", [{"content"}, {"archive_settings"}, {"archive_settings", "content"}])
def test_only_errors_in_a_row_are_a_failure(of: set[str]) -> None:
    """Two, an answer, and two more are none, of one listing or of several; and each pause begins at a second after an
    answer.
    """
    runner = world(baseline=Baseline(uploaders=("~stays",))).dirty_ppa()
    fault = faults("oops", "oops", None, "oops", "oops")
    runner.world.launchpad.fault = lambda request: fault(request) if request.what in of else None
    unseen: list[int] = []

    def free() -> bool:
        if runner.known.clean is not None and runner.known.clean.unseen not in unseen[-1:]:
            unseen.append(runner.known.clean.unseen)
        return runner.known.state is State.FREE

    runner.until(free)
    assert max(record.tries for record in runner.world.launchpad.records(runner.world.ppa)) == 0
    assert [count for count in unseen if count] == [1, 2, 1, 2]


def test_settings_that_a_person_changed_meanwhile_do_not_make_a_clean_begin_anew() -> None:
    """What it found and did is still told while they are put back."""
    runner = world(baseline=Baseline(displayname="title")).dirty_ppa()
    archive = runner.world.archive
    archive.displayname = "title"
    runner.world.launchpad.upload(runner.world.ppa, "source")

    def edit(request: Request) -> None:
        deleted = not any(item.active for item in archive.items)
        quiet = runner.known.clean is not None and runner.world.boot >= runner.known.clean.quiet_from + 100.0
        if request.what == "content" and deleted and quiet:
            archive.displayname = "another"

    runner.world.launchpad.fault = edit
    runner.until(lambda: archive.displayname == "another")
    runner.world.launchpad.fault = faults()
    runner.until(lambda: "SetFields" in runner.kinds())
    assert runner.known.cleaning is not None
    assert runner.known.cleaning.found == 1
    runner.until(lambda: runner.known.state is State.FREE)


def test_a_proof_that_could_not_be_written_is_not_begun_anew() -> None:
    """One more look is enough, not one more quiet window."""
    runner = world().dirty_ppa()
    failed: list[float] = []

    def fault(request: Request) -> str | None:
        record = parse(request.text).record if request.what == "write" else None
        if record is None or record.state is not State.FREE or failed:
            return None
        failed.append(runner.world.boot)
        return "down"

    runner.world.launchpad.fault = fault
    runner.until(lambda: runner.known.state is State.FREE)
    assert runner.world.boot - failed[0] < 10.0


def test_rights_that_are_taken_are_told_as_such() -> None:
    """Not as settings that are put back."""
    runner = world(baseline=Baseline(uploaders=("~stays",))).dirty_ppa()
    runner.world.archive.uploaders = ["~stays", "~else"]
    runner.until(lambda: runner.known.state is State.FREE)
    steps = [one.step for one in runner.progress]
    assert "taking upload rights away" in steps
    assert "restoring its settings" not in steps


def test_settings_that_were_put_back_at_last_are_followed_by_the_whole_proof() -> None:
    """The indexes are read once more, too: what is published may depend on them."""
    runner = world(proof=Proof.INDEX, baseline=Baseline(displayname="title")).dirty_ppa()
    archive = runner.world.archive
    archive.displayname = "title"
    runner.until(lambda: "ReadIndexes" in runner.kinds())
    archive.displayname = "another"
    runner.look()
    runner.forget_the_past()
    runner.until(lambda: runner.known.state is State.FREE)
    kinds = runner.kinds()
    assert "ReadIndexes" in kinds[kinds.index("SetFields") :]
    assert archive.displayname == "title"


def test_two_that_remain_are_one_and_one_more() -> None:
    """On the disk, where only time takes them away."""
    runner = world(proof=Proof.DISK).dirty_ppa()
    for name in ("one", "two"):
        runner.world.launchpad.upload(runner.world.ppa, name)
    runner.until(lambda: runner.known.cleaning is not None and "disk" in runner.known.cleaning.step)
    assert runner.known.cleaning is not None
    assert " and 1 more" in runner.known.cleaning.step


def test_each_setting_that_does_not_take_is_told_of() -> None:
    """Of several all, not only the last one."""
    runner = world(baseline=Baseline(dependencies=())).dirty_ppa()
    runner.world.archive.dependencies += ["one", "two"]

    def put_back(request: Request) -> None:
        if request.what == "archive_settings":
            runner.world.archive.dependencies[:] = ["one", "two"]

    runner.world.launchpad.fault = put_back
    runner.until(lambda: runner.known.state is State.FREE)
    for name in ("one", "two"):
        assert sum(f"dependency on {name} could not be set" in alarm for alarm in runner.alarms) == 1


def test_a_setting_that_may_have_been_made_begins_the_quiet_window_anew() -> None:
    """A write that was sent twice on the way is answered with a conflict, although it was done."""
    runner = world(baseline=Baseline(displayname="title")).dirty_ppa()
    runner.world.archive.displayname = "title"
    runner.until(lambda: runner.known.cleaning_step == QUIET)
    runner.world.move_to(runner.world.boot + 99.0)
    runner.world.archive.displayname = "another"
    runner.look()
    made: list[float] = []

    def resent(request: Request) -> str | None:
        if request.what == "set_fields":
            made.append(runner.world.boot)
        return "resent" if request.what == "set_fields" else None

    runner.world.launchpad.fault = resent
    runner.until(lambda: bool(made))
    runner.look()
    runner.until(lambda: runner.known.state is State.FREE)
    assert runner.world.archive.displayname == "title"
    assert len(made) == 1
    assert runner.world.boot - made[0] >= 100.0


def test_the_record_of_a_free_ppa_says_nothing_of_the_lease_or_of_the_clean() -> None:
    """Whoever reads the description sees that it is nobody's."""
    runner = world().dirty_ppa(uploader="~ann", note="for a try", idle=600, by="client")
    runner.world.launchpad.fault = faults("refused", of="content")
    runner.until(lambda: runner.known.state is State.FREE)
    _, _, line = (runner.world.archive.description or "").partition("ppa-assigner: ")
    assert set(json.loads(line)) == {"v", "serial", "nonce", "state", "since", "touched", "pool", "leases"}
