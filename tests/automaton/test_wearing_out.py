"""PPAs that are used up: discarded in place of freed, and deleted when that is wanted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ppa_assigner.automaton import discard
from ppa_assigner.automaton.events import Reconfigured, Refusal, Release
from ppa_assigner.backoff import FENCE_S, FORBIDDEN, TIME_AGAIN_S, UNMANAGED_S
from ppa_assigner.options import AsNew, Grow, PoolOptions, Proof, Retry
from ppa_assigner.port import Deleted
from ppa_assigner.record import State, compose
from ppa_assigner.views import Condition, DiscardAction, QuarantineAction
from tests.automaton.lab import Runner, World, changed, discarded, untrusted, why
from tests.memory import Request

SETTLE = 100.0
DAYS = 30 * 86400.0


def used_up(**options: Any) -> Runner:
    """Lent once, given back with something in it, and the pool takes a PPA for used up after one lease."""
    world = World(options=PoolOptions(settle=SETTLE, as_new=AsNew(after=1), **options))
    runner, _ = world.used_ppa(uploader="~ann")
    world.launchpad.upload(world.ppa, "left")
    runner.order(Release, lease="lease-1")
    return runner


def deleting(**options: Any) -> Runner:
    """A discarded PPA that is to be deleted, as a daemon sees it that was just started."""
    world = World(options=PoolOptions(settle=SETTLE, **options)).dirty_ppa().world
    world.launchpad.describe(world.ppa, compose("words", discarded(world.record)))
    return looking(world)


def looking(world: World, name: str = "host") -> Runner:
    """A daemon that was just started, and is told to delete what is discarded."""
    runner = world.start(name)
    runner.look()
    runner.forget_the_past()
    runner.known = replace(runner.known, deleting=True)
    return runner


def test_after_so_many_leases_a_clean_ends_in_discarded() -> None:
    """It is cleaned as ever, and remembers whose lease was the last."""
    runner = used_up()
    last = runner.world.record
    runner.until(lambda: runner.known.state is not State.DIRTY)
    record = runner.world.record
    assert (record.state, record.why, record.leases) == (State.DISCARDED, "it had 1 lease", 1)
    assert (record.request, record.by, record.lease) == (last.request, last.by, None)
    assert not any(item.active for item in runner.world.archive.items)
    assert runner.world.archive.uploaders == []


def test_what_will_be_deleted_is_not_emptied_but_the_right_is_taken() -> None:
    """The uploader could go on uploading until then."""
    runner = used_up(delete_discarded=DAYS)
    runner.pass_time(5.0)  # there is nothing to wait for
    runner.until(lambda: runner.known.state is not State.DIRTY)
    assert runner.known.state is State.DISCARDED
    assert runner.world.archive.uploaders == []
    assert any(item.active for item in runner.world.archive.items)


@pytest.mark.parametrize("state", [State.FREE, State.DIRTY, State.USED])
def test_an_operator_discards_one_in_any_state(state: State) -> None:
    """One that is lent after its lease; over a restart too, for that is in the record."""
    world = World()
    make = {State.FREE: world.free_ppa, State.DIRTY: world.dirty_ppa, State.USED: lambda: world.used_ppa()[0]}
    runner = make[state]()
    runner.order(DiscardAction("its key is known"))
    assert world.record.why == "its key is known"
    assert world.state is (State.USED if state is State.USED else State.DIRTY)
    again = world.start()
    again.look()
    if state is State.USED:
        again.order(Release, lease="lease-1")
    again.until(lambda: again.known.state is State.DISCARDED)
    assert world.record.why == "its key is known"


def test_an_operator_who_discards_one_ends_its_quarantine() -> None:
    """Also the one that would begin with the end of its lease: what is in quarantine is not cleaned."""
    runner, record = World().used_ppa()
    runner.order(QuarantineAction("odd"))
    runner.order(DiscardAction("too odd", delete=True))
    assert runner.world.record.quarantined is None
    runner.order(Release, lease=record.lease)
    runner.pass_time(5.0)
    assert runner.world.record.why == "too odd"
    assert runner.world.state is State.DISCARDED


def test_an_operator_who_discards_one_waits_for_no_pause() -> None:
    """After a failed try the clean begins anew, and what will be deleted is not emptied."""
    world = World(options=PoolOptions(settle=SETTLE, retry=Retry(1000.0, 1000.0)))
    runner, record = world.used_ppa()
    world.launchpad.upload(world.ppa, "left")
    world.launchpad.fault = lambda request: "refused" if request.what == "delete" else None
    runner.order(Release, lease=record.lease)
    runner.until(lambda: world.record.tries == 1)
    runner.order(DiscardAction("over", delete=True))
    runner.pass_time(5.0)
    assert world.state is State.DISCARDED


def test_it_is_said_how_many_leases_it_had() -> None:
    """So that people see by which rule it went."""
    world = World(options=PoolOptions(settle=SETTLE, as_new=AsNew(after=2)))
    runner = world.dirty_ppa()
    assert discard.why(runner.known, replace(world.record, leases=1)) is None
    assert discard.why(runner.known, replace(world.record, leases=2)) == "it had 2 leases"


def test_one_is_not_deleted_while_time_is_not_believed() -> None:
    """It is asked again in a while whether it is."""
    runner = deleting()
    now = untrusted(runner.clock.now())
    assert discard.due(runner.known, now) == now.boot + TIME_AGAIN_S


def test_the_past_of_a_name_tells_for_the_clean_that_asked() -> None:
    """And for no other."""
    runner = World(options=PoolOptions(settle=SETTLE)).dirty_ppa()
    assert runner.known.clean is not None
    runner.world.move_to(runner.world.boot + 5.0)
    answer = Deleted((compose(None, discarded(runner.world.record)),), runner.world.launchpad.moment(0.0))
    other = replace(runner.known, clean=replace(runner.known.clean, since=runner.world.launchpad.date()))
    assert discard.on_past(other, answer, runner.clock.now()) == (other, [])
    known, _ = discard.on_past(runner.known, answer, runner.clock.now())
    assert known.pending is not None


def test_one_that_is_young_no_more_is_proved_like_any_other() -> None:
    """It took too long to get to the last look: all looks of the proof come again, after the quiet window."""
    world = World(options=PoolOptions(settle=SETTLE, proof=Proof.INDEX)).dirty_ppa().world
    young = replace(changed(world.record, made=True, cleaner=None, uploader=None), since=world.launchpad.date())
    world.launchpad.describe(world.ppa, compose(None, young))
    runner = world.start()
    runner.look()
    begun, slow = world.boot, iter([SETTLE / 2])
    world.move_to(begun + SETTLE * 0.75)

    def slowly(request: Request) -> None:
        if request.what == "index_leftovers":
            world.move_to(world.boot + next(slow, 0.0))

    world.launchpad.fault = slowly
    runner.pass_time(60.0)
    assert world.state is State.DIRTY
    runner.until(lambda: world.state is State.FREE)
    assert runner.kinds().count("ReadIndexes") == 2


def test_one_that_is_not_empty_is_proved_like_any_other() -> None:
    """However young it is."""
    world = World(options=PoolOptions(settle=SETTLE)).dirty_ppa().world
    young = replace(changed(world.record, made=True, cleaner=None, uploader=None), since=world.launchpad.date())
    world.launchpad.describe(world.ppa, compose(None, young))
    world.launchpad.upload(world.ppa, "early")
    runner = world.start()
    runner.look()
    runner.pass_time(SETTLE - 10.0)
    assert (world.state, any(item.active for item in world.archive.items)) == (State.DIRTY, False)


def test_one_that_is_lent_meanwhile_is_not_discarded_for_being_burnt() -> None:
    """That is asked of PPAs that are not lent."""
    runner, record = World().used_ppa()
    assert why(runner.order(DiscardAction("burnt", lent=False))) is Refusal.WRONG_STATE
    assert runner.world.record == record


def test_one_that_cannot_be_cleaned_is_discarded_as_it_is() -> None:
    """In place of the quarantine; the right of its last lease is taken."""
    world = World(options=PoolOptions(settle=SETTLE, max_tries=1))
    runner, _ = world.used_ppa(uploader="~ann")
    world.launchpad.upload(world.ppa, "left")
    world.launchpad.fault = lambda request: "refused" if request.what == "delete" else None
    runner.order(Release, lease="lease-1")
    runner.until(lambda: runner.known.condition is Condition.QUARANTINED)
    runner.order(DiscardAction("cleaning failed"))
    runner.until(lambda: runner.known.state is State.DISCARDED)
    assert world.archive.uploaders == []
    assert any(item.active for item in world.archive.items)


# -- deleting --------------------------------------------------------------------------------------------------------


def test_a_discarded_one_is_deleted_after_it_stood_unchanged() -> None:
    """This daemon stands in the record first, and says so."""
    runner = deleting()
    runner.pass_time(SETTLE - 5)
    assert runner.kinds() == []
    runner.pass_time(10.0)
    assert runner.kinds() == ["Write", "Remove", "Read"]
    assert runner.world.archive.status == "Deleting"
    assert runner.world.record.deleter is not None
    assert runner.known.condition is Condition.MISSING
    said = f"{runner.world.ppa}: it is being deleted on Launchpad, for it was discarded: burnt"
    assert said in runner.alarms
    runner.pass_time(1000.0)
    assert runner.kinds().count("Remove") == 1


def test_it_is_not_deleted_unless_that_is_wanted() -> None:
    """It stays for ever then."""
    runner = deleting()
    runner.known = replace(runner.known, deleting=False)
    runner.pass_time(10_000.0)
    assert runner.kinds() == []


def test_a_pool_has_its_discarded_ppas_deleted_after_a_while() -> None:
    """Those of one moment not all at once, but within an hour."""
    runner = deleting(delete_discarded=1000.0)
    runner.known = replace(runner.known, deleting=False)
    runner.pass_time(990.0)
    assert "Write" not in runner.kinds()
    runner.pass_time(1000.0 + SETTLE)
    assert runner.world.archive.status == "Deleting"


@pytest.mark.parametrize("description", [None, "older"])
def test_a_made_ppa_whose_name_was_discarded_is_discarded_at_its_proof(description: str | None) -> None:
    """A createPPA may land long after it was sent; a deleted PPA that was not discarded does not matter."""
    world = World(options=PoolOptions(settle=SETTLE)).dirty_ppa().world
    gone = discarded(world.record)
    young = replace(changed(world.record, made=True, cleaner=None), since=world.launchpad.date())
    world.launchpad.describe(world.ppa, compose(None, young))
    world.launchpad.add(f"{world.ppa}-deletedppa", description=description and compose(None, gone))
    runner = world.start()
    runner.look()
    runner.pass_time(SETTLE - 10.0)
    assert runner.known.state is (State.DISCARDED if description else State.DIRTY)
    runner.pass_time(30.0)
    assert runner.known.state is (State.DISCARDED if description else State.FREE)


@pytest.mark.parametrize("age", [0.0, SETTLE])
def test_a_new_name_needs_no_quiet_window_while_it_is_young(age: float) -> None:
    """Nothing that was meant for an earlier PPA can arrive; but later, whoever was told of it may have uploaded."""
    world = World(options=PoolOptions(settle=SETTLE)).dirty_ppa().world
    young = replace(changed(world.record, made=True, cleaner=None, uploader=None), since=world.launchpad.date())
    world.launchpad.describe(world.ppa, compose(None, young))
    world.move_to(world.boot + age)
    runner = world.start()
    runner.look()
    runner.pass_time(5.0)
    assert runner.known.state is (State.DIRTY if age else State.FREE)
    runner.pass_time(SETTLE)
    assert runner.known.state is State.FREE
    assert not world.record.made


def test_an_empty_ppa_whose_name_was_discarded_is_left_alone() -> None:
    """A person made it: it is not taken in, and it is said why."""
    world = World(options=PoolOptions(settle=SETTLE)).dirty_ppa().world
    gone = compose(None, discarded(world.record))
    world.launchpad.describe(world.ppa, None)
    world.launchpad.add(f"{world.ppa}-deletedppa", description=gone)
    runner = world.start()
    runner.look()
    runner.pass_time(5.0)
    assert runner.known.condition is Condition.UNMANAGED
    assert "was discarded" in (runner.known.fault or "")
    assert world.archive.description is None
    asked = runner.kinds().count("Survey")
    runner.pass_time(UNMANAGED_S - 10.0)
    assert runner.kinds().count("Survey") == asked


@pytest.mark.parametrize("how", ["lost", "unknown", "late"])
def test_no_deletion_follows_a_write_whose_answer_was_lost(how: str) -> None:
    """However it was settled: it may be long ago that the PPA was Active.  It waits for a whole settle again."""
    runner = deleting()
    script = iter([how])
    runner.world.launchpad.fault = lambda request: next(script, None) if request.what == "write" else None
    runner.pass_time(SETTLE + 20.0)
    assert "Remove" not in runner.kinds()
    runner.world.launchpad.land()
    runner.pass_time(3 * SETTLE)
    assert runner.kinds().count("Remove") == 1


def test_no_deletion_leaves_long_after_that_write_was_sent() -> None:
    """Its answer came late: another daemon may have waited for as long as it has to by the time the deletion lands."""
    runner = deleting()

    def slowly(request: Request) -> None:
        if request.what == "write":
            runner.world.move_to(runner.world.boot + FENCE_S + 1.0)

    runner.world.launchpad.fault = slowly
    runner.pass_time(SETTLE + 50.0)
    assert runner.world.record.deleter is not None
    assert "Remove" not in runner.kinds()


@pytest.mark.parametrize("how", ["lost", "late", "down"])
def test_a_deletion_is_on_its_way_once_at_a_time(how: str) -> None:
    """What was lost is sent again only when the record, with this daemon in it, stood unchanged for long enough."""
    runner = deleting()
    script = iter([how])
    runner.world.launchpad.fault = lambda request: next(script, None) if request.what == "remove" else None
    runner.pass_time(SETTLE + 10.0)
    sent = runner.world.boot
    assert runner.kinds().count("Remove") == 1
    assert runner.kinds()[-1] == ("Remove" if how == "down" else "Read")  # one that was not sent changed nothing
    runner.pass_time(SETTLE - 30.0)
    assert runner.kinds().count("Remove") == 1
    runner.pass_time(60.0)
    assert (runner.world.archive.status, runner.kinds().count("Remove")) == ("Deleting", 1 if how == "lost" else 2)
    assert runner.world.boot > sent


def test_another_daemon_waits_for_a_whole_settle_too() -> None:
    """As a restarted one does: the deletion of the one before may still be on its way."""
    runner = deleting()
    runner.world.launchpad.fault = lambda request: "late" if request.what == "remove" else None
    runner.pass_time(SETTLE + 10.0)
    other = looking(runner.world, "other")
    other.pass_time(SETTLE - 20.0)
    assert "Write" not in other.kinds()
    other.pass_time(40.0)
    assert other.kinds().count("Remove") == 1


def test_a_deletion_that_is_not_allowed_is_told_and_not_repeated() -> None:
    """The account needs to be a member of the team."""
    runner = deleting()
    runner.world.launchpad.fault = lambda request: "denied" if request.what == "remove" else None
    runner.pass_time(5 * SETTLE)
    assert runner.kinds().count("Remove") == 1
    (alarm,) = (alarm for alarm in runner.alarms if "cannot be deleted" in alarm)
    assert alarm.startswith(f"{runner.world.ppa}: it cannot be deleted: ")
    assert not alarm.endswith("None")
    assert runner.world.archive.status == "Active"
    runner.pass_time(3 * FORBIDDEN.cap)
    assert runner.kinds().count("Remove") == 1


def test_a_pool_tries_again_later_what_is_not_allowed() -> None:
    """Somebody may have made the account a member meanwhile."""
    runner = deleting(delete_discarded=1.0)
    runner.known = replace(runner.known, deleting=False)
    runner.world.launchpad.fault = lambda request: "denied" if request.what == "remove" else None
    runner.until(lambda: "Remove" in runner.kinds())
    runner.pass_time(FORBIDDEN.cap - 5.0)
    assert runner.kinds().count("Remove") == 1
    runner.world.launchpad.fault = lambda request: None
    runner.pass_time(2 * SETTLE)
    assert runner.world.archive.status == "Deleting"


def test_it_is_said_that_nobody_said_why() -> None:
    """A person may have written the record."""
    runner = deleting()
    runner.world.launchpad.describe(runner.world.ppa, compose(None, changed(runner.world.record, why=None)))
    runner.look()
    runner.pass_time(2 * SETTLE)
    assert any(alarm.endswith("nobody said why") for alarm in runner.alarms)


def test_an_operator_has_one_deleted_that_is_discarded_already() -> None:
    """Without `delete_discarded`."""
    world = World().dirty_ppa().world
    world.launchpad.describe(world.ppa, compose(None, discarded(world.record)))
    runner = world.start()
    runner.look()
    runner.order(DiscardAction("over", delete=True))
    runner.pass_time(SETTLE + 10.0)
    assert world.archive.status == "Deleting"


# -- names of a growing pool -------------------------------------------------------------------------------------------


def grown(record: bool) -> World:
    """A PPA of a growing pool whose name a deleted one had, which says nothing: made by a daemon, or by a person."""
    world = World(options=PoolOptions(settle=SETTLE)).dirty_ppa().world
    world.options = replace(world.options, grow=Grow((world.ppa,), keep_free=1, max=3))
    young = replace(changed(world.record, made=True, cleaner=None), since=world.launchpad.date())
    world.launchpad.describe(world.ppa, compose(None, young) if record else None)
    world.launchpad.add(f"{world.ppa}-deletedppa")
    return world


def test_a_name_that_was_used_before_is_discarded_at_its_proof() -> None:
    """A createPPA may land long after it was sent, and an upload that was meant for the deleted PPA after that."""
    world = grown(record=True)
    runner = world.start()
    runner.look()
    runner.pass_time(5.0)
    assert (world.record.state, runner.known.condition) == (State.DISCARDED, Condition.OK)
    assert "used once" in (world.record.why or "")


def test_an_empty_ppa_of_a_name_that_was_used_before_is_left_alone() -> None:
    """A person made it."""
    world = grown(record=False)
    runner = world.start()
    runner.look()
    runner.pass_time(5.0)
    assert runner.known.condition is Condition.UNMANAGED
    assert "used once" in (runner.known.fault or "")
    assert world.archive.description is None
    runner.give(Reconfigured("default", replace(world.options, grow=None)))
    runner.until(lambda: runner.known.record is not None)
    assert runner.known.untaken is None
