"""PPAs that the list names and Launchpad lacks: made with a record from their first moment on, or reported."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ppa_assigner import automaton
from ppa_assigner.automaton import WriteReason
from ppa_assigner.automaton.events import Denied, LeaseShown, ReadNow, Refusal
from ppa_assigner.automaton.requests import Create
from ppa_assigner.options import Baseline, PoolOptions
from ppa_assigner.port import Look
from ppa_assigner.record import State, compose, encode, parse
from ppa_assigner.views import Condition, Sight
from tests.automaton.lab import Crashed, Runner, World, assign, changed, discarded, faults, kind
from tests.memory import START, Request

OPTIONS = PoolOptions(settle=100.0, create=True)


def nothing(**options: Any) -> Runner:
    """A daemon that looked, and there is no such PPA."""
    world = World(options=PoolOptions(**{"settle": 100.0, "create": True, **options}))
    del world.launchpad.archives[world.ppa]
    runner = world.start()
    runner.look()
    return runner


def freed(runner: Runner) -> None:
    """Go on until it is free."""
    runner.until(lambda: runner.known.state is State.FREE)


def test_a_missing_ppa_is_made_as_dirty_and_proved_like_any_other() -> None:
    """Serial from Launchpad's clock, our cleaner, and the name for a title."""
    runner = nothing()
    assert runner.known.condition is Condition.MISSING
    runner.tick()
    record = runner.world.record
    assert (record.state, record.cleaner, record.lease) == (State.DIRTY, runner.known.daemon.cleaner, None)
    assert record.made
    assert abs(record.serial - START.timestamp()) < 10.0
    assert runner.world.archive.displayname == "ppa"
    assert [(t.before, t.why, t.first) for t in runner.transitions] == [(None, WriteReason.CREATE.value, False)]
    freed(runner)
    asked = ["Read", "ReadDeleted", "Create", "ReadDeleted", "Survey", "Survey", "Write"]
    assert runner.kinds() == asked
    assert not runner.world.record.made
    assert isinstance(runner.order(assign()), LeaseShown)


def test_the_baseline_names_its_title() -> None:
    """Text that people wrote is not there yet, so the record is all of its description."""
    runner = nothing(baseline=Baseline(displayname="Pool of PPAs"))
    runner.tick()
    assert runner.world.archive.displayname == "Pool of PPAs"
    assert parse(runner.world.archive.description).human is None


def test_without_the_option_nothing_is_made() -> None:
    """A misspelt list must not make PPAs."""
    runner = nothing(create=False)
    runner.pass_time(1000.0)
    assert set(runner.kinds()) == {"Read"}
    assert automaton.wake(runner.known, runner.clock.now()) is None


@pytest.mark.parametrize("status", ["Deleting", "Deleted"])
def test_one_that_is_there_and_not_active_is_not_made_again(status: str) -> None:
    """Only where Launchpad knows none of that name."""
    world = World(options=OPTIONS)
    world.archive.status = status
    runner = world.start()
    runner.look()
    runner.pass_time(1000.0)
    assert "Create" not in runner.kinds()


def test_one_that_was_not_listed_is_read_alone_first() -> None:
    """Absence from a listing proves nothing."""
    world = World(options=OPTIONS)
    world.archive.listed = False
    runner = world.start()
    runner.look()
    freed(runner)
    assert "Create" not in runner.kinds()


def test_one_that_is_gone_for_good_is_made_anew_though_it_was_lent() -> None:
    """Not before: for a moment anything may be gone.  The old lease is over, and nobody is given the new PPA by it."""
    world = World(options=OPTIONS)
    runner, record = world.used_ppa()
    world.launchpad.fault = lambda request: "gone" if request.what == "read" else None
    world.archive.listed = False
    runner.look()
    runner.pass_time(50.0)
    assert "Create" not in runner.kinds()
    world.launchpad.fault = faults()
    del world.launchpad.archives[world.ppa]
    runner.pass_time(30.0)
    assert runner.known.state is State.FREE
    assert world.launchpad.records(world.ppa)[0].state is State.DIRTY
    assert world.record.lease is None
    assert runner.known.over == record


@pytest.mark.parametrize(
    "description", ['ppa-assigner: {"v":3,"state":"last"}', encode(discarded(World().dirty_ppa().world.record))]
)
def test_one_whose_predecessor_was_discarded_is_not_made_anew(description: str) -> None:
    """Nor one whose predecessor's record cannot be read, for it may say the same."""
    runner = nothing()
    runner.world.launchpad.add(f"{runner.world.ppa}-deletedppa", description=description)
    runner.pass_time(1000.0)
    assert "Create" not in runner.kinds()
    assert "is not created again: a deleted one of its name" in (runner.known.fault or "")


@pytest.mark.parametrize("state", ["free", "dirty"])
def test_one_that_vanished_unlent_is_made_anew_with_a_higher_serial(state: str) -> None:
    """So that nobody who knew the old one takes it for an old text."""
    world = World(options=OPTIONS)
    runner = world.free_ppa() if state == "free" else world.dirty_ppa()
    other = world.start("other")
    other.look()
    last = world.record.serial
    world.launchpad.delete_ppa(world.ppa)
    runner.look()
    runner.pass_time(10.0)
    assert world.record.serial > last
    other.look()
    assert other.known.record == world.record
    assert not [alarm for alarm in other.alarms if "old or foreign" in alarm]
    freed(runner)


def test_a_serial_is_never_lower_than_one_that_was_seen() -> None:
    """Though Launchpad's clock was set back since, or somebody wrote a high one."""
    world = World(options=OPTIONS)
    runner = world.free_ppa()
    high = changed(world.record, serial=10**11)
    world.launchpad.describe(world.ppa, compose(None, high))
    runner.look()
    del world.launchpad.archives[world.ppa]
    runner.look()
    runner.pass_time(80.0)
    assert [record.serial for record in world.launchpad.records(world.ppa)][:2] == [10**11 + 1, 10**11 + 2]
    freed(runner)


def test_a_command_for_it_is_told_that_it_is_not_there() -> None:
    """Until it is made; and for how long it will not be there nobody knows yet."""
    runner = nothing()
    outcome = runner.order(ReadNow)
    assert isinstance(outcome, Denied)
    assert outcome.why is Refusal.OUTAGE
    freed(runner)


# -- outcomes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["lost", "unknown", "down", "late"])
@pytest.mark.parametrize("read", [None, "down", "gone"])
def test_whatever_becomes_of_the_request_it_is_there_once(fault: str, read: str | None) -> None:
    """An unknown outcome is read, and asked for again if it was not made: there is no second one of a name."""
    runner = nothing()
    script: dict[str, list[str | None]] = {"create": [fault], "read": [read]}

    def rule(request: Request) -> str | None:
        left = script.get(request.what)
        return left.pop() if left else None

    runner.world.launchpad.fault = rule
    runner.tick()
    runner.pass_time(5.0)
    runner.world.launchpad.land()
    freed(runner)
    assert runner.alarms == []
    serials = [record.serial for record in runner.world.launchpad.records(runner.world.ppa)]
    assert serials == list(range(serials[0], serials[0] + len(serials)))


@pytest.mark.parametrize("what", ["create", "read"])
def test_whoever_looks_is_told_that_nobody_could_be_asked(what: str) -> None:
    """It, or whether it was made: a lease in one that another daemon made meanwhile is not missed."""
    runner = nothing()
    old = runner.world.launchpad.look(runner.world.ppa.owner)
    assert isinstance(old, Look)
    runner.world.launchpad.fault = lambda r: {"create": "unknown", what: "down"}.get(r.what)
    runner.tick()
    runner.look(seen=replace(old, started=runner.known.basis - 1.0))
    assert runner.rounds[-1].reason == "down"


def test_one_that_is_denied_once_it_was_asked_for_says_what_to_do() -> None:
    """Somebody else made it meanwhile, for somebody else."""
    runner = nothing()
    runner.world.launchpad.fault = lambda r: {"create": "unknown", "read": "denied"}.get(r.what)
    runner.tick()
    assert runner.known.sight is Sight.DENIED
    assert "have the daemon's account join ~owner" in runner.alarms[-1]
    assert runner.known.not_before > runner.world.boot


def test_a_request_that_lands_between_two_of_ours() -> None:
    """The second is refused, for there is one; the first is ours too."""
    runner = nothing()
    runner.world.launchpad.fault = faults("late", of="create")
    runner.tick()
    runner.world.launchpad.land()
    runner.until(lambda: runner.kinds().count("Create") == 2 or runner.known.state is State.DIRTY)
    freed(runner)
    assert runner.alarms == []


def test_another_daemon_that_was_first_is_seen() -> None:
    """Its record stands, and it cleans."""
    runner = nothing()
    other = runner.world.start("other")
    other.look()
    other.tick()
    runner.tick()
    assert runner.known.record == runner.world.record
    assert runner.world.record.cleaner == other.known.daemon.cleaner
    assert runner.alarms == []


def test_one_without_a_record_that_was_there_is_not_taken_for_ours() -> None:
    """I5: somebody made it by hand meanwhile, with packages in it."""
    runner = nothing()
    runner.world.launchpad.add(str(runner.world.ppa), description="mine")
    runner.world.launchpad.upload(runner.world.ppa, "theirs")
    runner.pass_time(2000.0)
    assert runner.known.condition is Condition.UNMANAGED
    assert runner.world.archive.history == ["mine"]


def test_a_refusal_is_alarmed_once_shown_and_tried_again_after_ten_minutes() -> None:
    """An account that may not make PPAs of the team: said plainly, by Launchpad's own words."""
    runner = nothing()
    runner.world.launchpad.fault = lambda r: "refused" if r.what == "create" else None
    began = runner.world.boot
    for _ in range(50):
        runner.pass_time(60.0)
        runner.look()
    assert runner.alarms == [f"{runner.world.ppa}: it cannot be created: 401"]
    shown = runner.known.snapshot()
    assert (shown.condition, shown.fault) == (Condition.MISSING, "it cannot be created: 401")
    assert 4 <= runner.kinds().count("Create") <= (runner.world.boot - began) / 600 + 1
    runner.world.launchpad.fault = faults()
    freed(runner)
    assert runner.known.snapshot().fault is None


def test_a_name_that_cannot_be_stored_makes_nothing() -> None:
    """The configuration should have refused it; the worker lives on."""
    world = World(options=OPTIONS)
    del world.launchpad.archives[world.ppa]
    runner = world.start("\ud800")
    runner.look()
    runner.tick()
    assert "Create" not in runner.kinds()
    assert runner.alarms


def test_a_new_ppas_key_makes_one_write_fail_and_no_more() -> None:
    """Its signing key comes minutes later and changes the ETag: a 412 that is no lost race."""
    runner = nothing()
    etag = runner.world.launchpad.etag_of
    key: list[str] = []
    vars(runner.world.launchpad)["etag_of"] = lambda ppa: f"{etag(ppa)}{key}"
    runner.world.later(30.0, lambda: key.append("key"))
    freed(runner)
    assert runner.world.record.tries == 0
    key.append("renewed")
    outcomes = [runner.order(assign(lease=f"lease-{n}", request=f"build-{n}")) for n in range(2)]
    assert any(isinstance(outcome, LeaseShown) for outcome in outcomes)
    assert runner.known.record == runner.world.record


@pytest.mark.parametrize("how", ["before", "after", "late"])
@pytest.mark.parametrize("at", range(1, 7))
def test_killed_at_each_request_of_a_new_ppa(at: int, how: str) -> None:
    """I4: whatever was sent, a blind restart finds it, or makes it, and proves it clean."""
    world = World(options=OPTIONS)
    del world.launchpad.archives[world.ppa]
    runner, left = world.start(), [at]

    def crash(ask: Any) -> str | None:
        left[0] -= 1
        return how if not left[0] else None

    runner.crash = crash

    def live() -> None:
        runner.look()
        freed(runner)

    with pytest.raises(Crashed):
        live()
    second = world.start()
    second.look()
    second.tick()
    world.launchpad.land()
    second.look()
    freed(second)
    assert second.alarms == []
    assert second.known.record == world.record
    serials = [record.serial for record in world.launchpad.records(world.ppa)]
    assert serials == list(range(serials[0], serials[0] + len(serials)))


def test_an_outage_while_it_is_missing_is_no_reason_to_make_it() -> None:
    """Only a 404 is."""
    world = World(options=OPTIONS)
    world.launchpad.fault = lambda request: "down"
    runner = world.start()
    runner.look()
    runner.pass_time(1000.0)
    assert runner.asked == []
    world.launchpad.fault = faults()
    look = world.launchpad.look("owner")
    assert isinstance(look, Look)
    runner.look(seen=look)
    assert kind(runner.asked[-1]) != "Create" if runner.asked else True
    assert not [ask for ask in runner.asked if isinstance(ask, Create)]


def test_a_made_ppa_that_somebody_described_at_once_is_read_as_it_is() -> None:
    """The answer shows what stands, not what was sent."""
    runner = nothing()

    def describe(ask: Any) -> None:
        if kind(ask) == "Create":
            runner.world.launchpad.create(ask.ppa, ask.displayname, ask.description)
            record = runner.world.record
            runner.world.launchpad.describe(runner.world.ppa, compose("words", record))

    runner.crash = describe
    runner.tick()
    assert runner.known.text.human == "words"
    freed(runner)
    assert runner.known.text.human == "words"
