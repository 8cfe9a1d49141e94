"""Cleaning: who cleans, what may be deleted when, and what must be seen before a PPA is free."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from ppa_assigner.automaton import Daemon, Purpose
from ppa_assigner.automaton.asks import Write
from ppa_assigner.automaton.events import Denied, Lent, No, Quarantine, Resume, Tick
from ppa_assigner.automaton.known import LEGAL
from ppa_assigner.options import PoolOptions, Retry
from ppa_assigner.port import Build
from ppa_assigner.record import State, compose, parse
from ppa_assigner.views import Condition
from tests.automaton.lab import Runner, World, assign, changed, faults, kind
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
        "Inventory", "Survey", "Write",
    ]  # fmt: skip
    assert archive(runner).uploaders == []


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


@pytest.mark.parametrize(("fault", "condition"), [("gone", Condition.MISSING), ("down", Condition.OK)])
@pytest.mark.parametrize("what", ["read", "content"])
def test_a_read_without_an_answer_deletes_nothing(what: str, fault: str, condition: Condition) -> None:
    """The clean waits, and goes on when Launchpad answers; that is no try."""
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


@pytest.mark.parametrize("script", [(None,), ("lost", "refused")])
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


# -- one daemon cleans -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cleaner", "at_once"),
    [
        (None, True), ("host/1-x", True), ("host/1000-s1000", False), ("host/2000-x", False), ("other/1-x", False),
        ("host/9999999999999999999999-x", False), ("host/x", False), ("nonsense", False), ("", False),
    ],
)  # fmt: skip
def test_who_may_take_a_clean_over(cleaner: str | None, at_once: bool) -> None:
    """Nobody's and that of an earlier run of this daemon at once; any other after five minutes of silence."""
    runner = World().dirty_ppa()
    describe = changed(runner.world.record, cleaner=cleaner, touched=runner.clock.now().date)
    runner.world.launchpad.describe(runner.world.ppa, compose(None, describe))
    second = Runner(runner.world, replace(runner.world.start().known, daemon=Daemon("host", 1000, "mine")))
    second.look()
    began = runner.world.boot
    second.until(lambda: second.known.record is not None and second.known.record.cleaner == "host/1000-mine")
    waited = runner.world.boot - began
    assert waited < 2.0 if at_once else 300.0 <= waited <= 302.0


def test_one_cleans_and_the_other_watches() -> None:
    """A cleaner that lives is never taken over: it is touched every minute, also while it only waits."""
    runner = World(options=PoolOptions(settle=1000.0)).dirty_ppa()
    other = runner.world.start("other")
    other.look()
    runner.world.launchpad.upload(runner.world.ppa, "source")
    for _ in range(22):
        runner.pass_time(50.0)
        runner.look()
        other.tick(limit=runner.world.boot)
        other.look()
    assert other.asked == []
    records = runner.world.launchpad.records(runner.world.ppa)
    gaps = [after.touched - before.touched for before, after in pairwise(records)]
    assert max(gaps) <= timedelta(seconds=62)


def test_a_cleaner_is_touched_while_it_waits_after_a_failure() -> None:
    """† A pause of ten minutes must not look like a dead daemon to another one."""
    runner = impatient(retry=Retry(600.0, 600.0)).dirty_ppa()
    runner.world.launchpad.upload(runner.world.ppa, "source")
    runner.world.launchpad.fault = faults("refused", of="delete")
    runner.until(lambda: runner.world.record.tries == 1)
    runner.forget_the_past()
    runner.pass_time(290.0)
    assert set(runner.kinds()) == {"Write"}
    assert len(runner.kinds()) == 4


def test_a_dead_cleaner_is_taken_over_after_five_minutes() -> None:
    """And one that wakes up again sees that before it deletes anything."""
    runner = World().dirty_ppa()
    runner.world.launchpad.upload(runner.world.ppa, "source")
    runner.until(lambda: bool(runner.known.clean and runner.known.clean.todo))
    other = runner.world.start("other")
    other.look()
    assert runner.known.clean is not None
    other.until(lambda: other.world.record.cleaner == other.known.daemon.cleaner)
    runner.forget_the_past()
    runner.tick()
    assert not runner.tick(limit=runner.world.boot + 200.0)
    assert "Delete" not in runner.kinds()
    freed(other)


def test_what_was_taken_back_is_begun_anew() -> None:
    """† What the other cleaner did last may still land: the window begins with the claim, for old lists too."""
    runner = World(options=PoolOptions(settle=1000.0)).dirty_ppa()
    runner.pass_time(900.0)
    record = runner.world.record
    theirs = changed(record, cleaner="other/1-x", touched=runner.clock.now().date)
    runner.world.launchpad.describe(runner.world.ppa, compose(None, theirs))
    runner.look()
    began = runner.world.boot
    freed(runner)
    assert runner.world.boot - began >= 1300.0


def test_two_daemons_that_claim_at_once_are_one_cleaner() -> None:
    """The write decides."""
    runner = World().dirty_ppa()
    text = changed(runner.world.record, cleaner=None)
    runner.world.launchpad.describe(runner.world.ppa, compose(None, text))
    one, two = runner.world.start("one"), runner.world.start("two")
    one.look()
    two.look()
    one.tick()
    two.tick()
    assert runner.world.record.cleaner == one.known.daemon.cleaner
    assert two.known.record == runner.world.record
    assert not two.tick(limit=runner.world.boot + 200.0)


# -- failure -----------------------------------------------------------------------------------------------------------


def test_failures_are_counted_and_told_and_end_in_quarantine() -> None:
    """With longer and longer pauses; `resume` counts anew and starts at once."""
    runner = impatient(max_tries=3).dirty_ppa()
    runner.world.launchpad.upload(runner.world.ppa, "source")
    runner.world.launchpad.fault = lambda request: "refused" if request.what == "delete" else None
    seen: list[tuple[int, float]] = []

    def note(ask: Any) -> None:
        record = parse(ask.description).record if isinstance(ask, Write) else None
        if record is not None and record.tries:
            seen.append((record.tries, runner.world.boot))

    runner.crash = note
    runner.until(lambda: runner.known.condition is Condition.QUARANTINED)
    assert [tries for tries, _ in seen] == [1, 2, 3]
    assert 2.5 <= seen[1][1] - seen[0][1] <= 8.5
    assert 5.0 <= seen[2][1] - seen[1][1] <= 16.0
    record = runner.world.record
    assert record.quarantined == "cleaning failed 3 times: source 1 in noble: 400"
    assert (record.fault, record.lease) == ("source 1 in noble: 400", "lease-1")
    assert any("failed 3 times" in alarm for alarm in runner.alarms)
    assert not runner.tick()
    runner.world.launchpad.fault = faults()
    began = runner.world.boot
    runner.order(Resume)
    assert (runner.world.record.tries, runner.world.record.fault) == (0, None)
    runner.until(lambda: runner.kinds()[-1] == "Delete")
    assert runner.world.boot - began < 2.0
    freed(runner)
    assert (runner.world.record.tries, runner.world.record.fault) == (0, None)


def test_a_right_of_somebody_unknown_keeps_nothing_from_being_free() -> None:
    """Launchpad refuses to take a right from a person that it does not know; the last look shows that there is none."""
    runner = impatient().dirty_ppa(uploader="~ann")
    archive(runner).uploaders.clear()
    runner.world.launchpad.fault = lambda request: "refused" if request.what == "revoke" else None
    freed(runner)
    assert {record.tries for record in runner.world.launchpad.records(runner.world.ppa)} == {0}


def test_a_source_that_stays_does_not_keep_binaries_that_are_left() -> None:
    """They go, and the PPA is in quarantine for what does not."""
    runner = impatient().dirty_ppa()
    launchpad, ppa = runner.world.launchpad, runner.world.ppa
    launchpad.upload(ppa, "stays")
    left = launchpad.upload(ppa, "left", binary=True)
    launchpad.fault = lambda request: "refused" if request.text == "stays" else None
    runner.until(lambda: runner.known.condition is Condition.QUARANTINED)
    assert not left.active


def test_a_build_that_cannot_be_cancelled_does_not_keep_the_packages() -> None:
    """What failed is tried last."""
    runner = impatient().dirty_ppa()
    source = runner.world.launchpad.upload(runner.world.ppa, "source")
    archive(runner).builds.append(Build("build:1", "foo on amd64", "Needs building", True))
    runner.world.launchpad.fault = lambda request: "refused" if request.what == "cancel" else None
    runner.until(lambda: runner.known.condition is Condition.QUARANTINED)
    assert not source.active


@pytest.mark.parametrize("what", ["cancel", "content"])
def test_any_refusal_is_a_try(what: str) -> None:
    """Builds and the listing itself."""
    runner = impatient().dirty_ppa(uploader="~ann")
    archive(runner).builds.append(Build("build:1", "foo on amd64", "Needs building", True))
    runner.world.launchpad.fault = faults("refused", of=what)
    runner.until(lambda: runner.world.record.tries == 1)
    assert runner.known.snapshot().fault == runner.world.record.fault
    assert runner.known.snapshot().cleaning is not None
    freed(runner)


@pytest.mark.parametrize("what", ["revoke", "delete", "cancel"])
def test_what_is_already_gone_is_done(what: str) -> None:
    """Somebody else deleted it."""
    runner = World().dirty_ppa(uploader="~ann")
    item = runner.world.launchpad.upload(runner.world.ppa, "source")
    archive(runner).builds.append(Build("build:1", "foo on amd64", "Needs building", True))
    runner.world.launchpad.fault = faults("gone", of=what)

    def vanish(ask: Any) -> None:
        if kind(ask).lower() == what:
            runner.crash = lambda ask: None
            item.active = item.active and what != "delete"
            archive(runner).builds = archive(runner).builds if what != "cancel" else []

    runner.crash = vanish
    freed(runner)
    assert not [record for record in runner.world.launchpad.records(runner.world.ppa) if record.tries]


def test_a_fault_is_kept_as_ascii() -> None:
    """Whatever Launchpad's words were, they do not break the record."""
    from ppa_assigner.automaton.failing import fail

    runner = World().dirty_ppa()
    known, effects = fail(runner.known, "é\0\ud800" + "x" * 999, runner.clock.now())
    write = next(effect for effect in effects if isinstance(effect, Write))
    record = parse(write.description).record
    assert record is not None
    assert record.fault is not None
    assert record.fault.startswith("???x")
    assert len(record.fault) == 300
    assert known.flight is not None
    assert known.flight.purpose is Purpose.FAIL


def test_no_jitter_is_the_same_twice() -> None:
    """Daemons that fail together do not try again together."""
    pauses: set[float] = set()
    for name in ("a", "b", "c", "d"):
        runner = impatient().free_ppa(name)
        runner.world.launchpad.upload(runner.world.ppa, "source")
        runner.known = replace(runner.known, seed=name)
        runner.order(Quarantine, reason="x")
        runner.order(Resume)
        runner.world.launchpad.fault = faults("refused", of="delete")
        runner.until(lambda runner=runner: runner.world.record.tries == 1)  # type: ignore[misc]  # a default binds each
        assert runner.known.clean is not None
        pauses.add(round(runner.known.clean.paused_until - runner.world.boot, 3))
    assert len(pauses) == 4


# -- what is shown -----------------------------------------------------------------------------------------------------


def test_a_clean_shows_how_far_it_is() -> None:
    """Found, deleted and left, while it goes on; nothing of it when it is over."""
    runner = World().dirty_ppa()
    for number in range(3):
        runner.world.launchpad.upload(runner.world.ppa, f"source-{number}")
    runner.until(lambda: runner.kinds().count("Delete") == 2)
    shown = runner.known.snapshot().cleaning
    assert shown is not None
    assert (shown.step, shown.found, shown.deleted, shown.left) == ("deleting", 3, 2, 1)
    assert shown.since == runner.world.record.since
    freed(runner)
    assert runner.known.snapshot().cleaning is None


def test_nothing_but_a_proof_leads_to_free() -> None:
    """I2: only one purpose may, and only cleaning uses it."""
    assert [p for p in Purpose if any(after is State.FREE and before is not after for before, after in LEGAL[p])] == [
        Purpose.FREE
    ]


def test_a_ppa_is_lent_and_cleaned_over_and_over() -> None:
    """Each round leaves it as it was."""
    runner = World(description="words").free_ppa()
    for number in range(5):
        outcome = runner.order(assign(lease=f"lease-{number}", request=f"build-{number}"))
        assert isinstance(outcome, Lent)
        runner.world.launchpad.upload(runner.world.ppa, f"source-{number}")
        runner.until(lambda: runner.known.state is State.DIRTY)
        freed(runner)
    assert runner.known.text.human == "words"


def test_a_tick_out_of_turn_does_nothing() -> None:
    """While a clean is another's, waits for its window or pauses after a failure."""
    runner = impatient(retry=Retry(50.0, 50.0)).dirty_ppa()
    other = runner.world.start("other")
    other.look()
    runner.until(lambda: bool(runner.known.clean and runner.known.clean.step.startswith("waiting for the quiet")))
    other.forget_the_past()
    runner.forget_the_past()
    for daemon in (runner, other):
        daemon.give(Tick())
        assert daemon.asked == []
    runner.world.launchpad.upload(runner.world.ppa, "source")
    runner.world.launchpad.fault = faults("refused", of="delete")
    runner.until(lambda: runner.world.record.tries == 1)
    runner.forget_the_past()
    runner.give(Tick())
    assert runner.asked == []


def test_a_dirty_ppa_is_no_candidate() -> None:
    """Whoever asks is told so at once."""
    runner = World().dirty_ppa()
    outcome = runner.order(assign(lease="lease-2"))
    assert isinstance(outcome, Denied)
    assert outcome.why is No.LOST
