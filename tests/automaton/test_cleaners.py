"""Who cleans, what comes of a clean that fails, and what is shown of one."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from ppa_assigner.automaton import Daemon, WriteReason
from ppa_assigner.automaton.clean import may_clean
from ppa_assigner.automaton.events import Denied, LeaseShown, Refusal, Tick
from ppa_assigner.automaton.operation import QUIET
from ppa_assigner.automaton.requests import Write
from ppa_assigner.automaton.transitions import LEGAL
from ppa_assigner.backoff import CLEANER_SILENCE_S
from ppa_assigner.options import PoolOptions, Retry
from ppa_assigner.port import Build
from ppa_assigner.record import State, compose, parse
from ppa_assigner.views import Condition, QuarantineAction, ResumeAction
from tests.automaton.lab import Runner, World, assign, changed, faults, kind
from tests.automaton.test_cleaning import archive, freed, impatient

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


@pytest.mark.parametrize("cleaner", ["pool/a/1000-x", "pool/a/1000-x-y", "pool/a/1000-"])
def test_an_earlier_run_is_known_whatever_its_name_and_salt_hold(cleaner: str) -> None:
    """The marks that stand between the parts of what a cleaner writes may stand in these too."""
    assert Daemon("pool/a", 2000, "z").may_clean_after(cleaner)
    assert not Daemon("pool", 2000, "z").may_clean_after(cleaner)


@pytest.mark.parametrize("seconds", [CLEANER_SILENCE_S - 0.1, CLEANER_SILENCE_S])
def test_another_cleaner_is_silent_after_just_five_minutes(seconds: float) -> None:
    """By what was seen to stand unchanged for so long, in a request that left at their very end."""
    runner = World().dirty_ppa()
    entry, record = runner.known.entry, changed(runner.world.record, cleaner="other/1-x")
    assert entry is not None
    known = replace(runner.known, unchanged=entry.moment.started - seconds, heard_at=0.0)
    assert may_clean(known, record) is (seconds >= CLEANER_SILENCE_S)


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
    runner.order(ResumeAction())
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
    from ppa_assigner.automaton.retry import fail

    runner = World().dirty_ppa()
    known, effects = fail(runner.known, "é\0\ud800" + "x" * 999, runner.clock.now())
    write = next(effect for effect in effects if isinstance(effect, Write))
    record = parse(write.description).record
    assert record is not None
    assert record.fault is not None
    assert record.fault.startswith("???x")
    assert len(record.fault) == 300
    assert known.pending is not None
    assert known.pending.reason is WriteReason.FAIL


def test_no_jitter_is_the_same_twice() -> None:
    """Daemons that fail together do not try again together."""
    pauses: set[float] = set()
    for name in ("a", "b", "c", "d"):
        runner = impatient().free_ppa(name)
        runner.world.launchpad.upload(runner.world.ppa, "source")
        runner.known = replace(runner.known, seed=name)
        runner.order(QuarantineAction("x"))
        runner.order(ResumeAction())
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
    """I2: only one reason may, and only cleaning uses it."""
    assert [
        p for p in WriteReason if any(after is State.FREE and before is not after for before, after in LEGAL[p])
    ] == [WriteReason.FREE]


def test_a_ppa_is_lent_and_cleaned_over_and_over() -> None:
    """Each round leaves it as it was."""
    runner = World(description="words").free_ppa()
    for number in range(5):
        outcome = runner.order(assign(lease=f"lease-{number}", request=f"build-{number}"))
        assert isinstance(outcome, LeaseShown)
        runner.world.launchpad.upload(runner.world.ppa, f"source-{number}")
        runner.until(lambda: runner.known.state is State.DIRTY)
        freed(runner)
    assert runner.known.text.human == "words"


def test_a_tick_out_of_turn_does_nothing() -> None:
    """While a clean is another's, waits for its window or pauses after a failure."""
    runner = impatient(retry=Retry(50.0, 50.0)).dirty_ppa()
    other = runner.world.start("other")
    other.look()
    runner.until(lambda: runner.known.cleaning_step == QUIET)
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
    assert outcome.why is Refusal.LOST
