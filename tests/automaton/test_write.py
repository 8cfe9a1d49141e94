"""Writes whose outcome is not known.

Only one of our nonces, another record, or a conditional write of our own settles it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ppa_assigner import automaton
from ppa_assigner.automaton.events import (
    Denied,
    LeaseShown,
    RecordShown,
    Refusal,
    Release,
    Tick,
    Touch,
)
from ppa_assigner.record import State, compose, parse
from ppa_assigner.views import AdoptAction, Condition, QuarantineAction
from tests.automaton.lab import Crashed, Runner, World, assign, changed, confirm, faults, kind
from tests.memory import Request


def whys(runner: Runner) -> list[Any]:
    """What was told, denials by their reason."""
    return [outcome.why if isinstance(outcome, Denied) else outcome for outcome in runner.outcomes()]


def first(runner: Runner) -> Any:
    """The last outcome of the first command."""
    return next(iter(runner.replies.values()))[-1]


def reads_fail(runner: Runner, fault: str) -> None:
    """The next write gets this fault, and no read gets through from then on."""
    script = faults(fault, of="write")
    runner.world.launchpad.fault = lambda request: "down" if request.what == "read" else script(request)


def settle(runner: Runner) -> None:
    """Launchpad is back, until nothing is unsettled."""
    runner.world.launchpad.fault = faults()
    runner.until(lambda: runner.known.pending is None)


def test_an_answer_that_was_lost_after_the_write_landed() -> None:
    """The read shows our nonce: it is told, and nothing is written twice."""
    runner = World().free_ppa()
    runner.world.launchpad.fault = faults("lost", of="write")
    assert isinstance(runner.order(assign()), LeaseShown)
    assert whys(runner)[0] is Refusal.IN_DOUBT
    assert runner.kinds() == ["Write", "Read"]


def test_a_read_that_shows_the_base_never_settles() -> None:
    """† Only our own conditional write does: the lost one would land later, and now it is rejected."""
    runner = World().free_ppa()
    before = runner.world.record
    runner.world.launchpad.fault = faults("late", of="write")
    runner.order(assign())
    assert whys(runner) == [Refusal.IN_DOUBT, Refusal.LOST]
    assert runner.kinds() == ["Write", "Read", "Write"]
    runner.world.launchpad.land()
    record = runner.world.record
    assert (record.state, record.serial, record.since) == (State.FREE, before.serial + 1, before.since)
    assert runner.known.record == record


def test_a_settled_ppa_can_be_lent_again_at_once() -> None:
    """What was written to settle changes nothing but serial and nonce."""
    runner = World().free_ppa()
    runner.world.launchpad.fault = faults("unknown", of="write")
    runner.order(assign())
    assert isinstance(runner.order(assign(lease="lease-2")), LeaseShown)


def test_a_write_that_lands_before_it_was_settled_is_found() -> None:
    """The settling write gets a 412, and the read shows what was meant."""
    runner = World().free_ppa()
    reads_fail(runner, "late")
    runner.order(assign())
    assert runner.known.pending is not None
    runner.world.launchpad.land()
    settle(runner)
    assert isinstance(runner.outcomes()[-1], LeaseShown)
    assert runner.world.record.lease == "lease-1"


def test_a_write_that_lands_between_the_read_and_the_settling_is_found() -> None:
    """Two of ours were under way; whichever stands, it is recognised by its nonce."""
    runner = World().free_ppa()
    runner.world.launchpad.fault = faults("late", of="write")

    def land(ask: Any) -> None:
        if kind(ask) == "Write" and runner.asked.count(ask) and len(runner.asked) == 3:
            runner.world.launchpad.land()

    runner.crash = land
    assert isinstance(runner.order(assign()), LeaseShown)
    assert runner.kinds() == ["Write", "Read", "Write", "Read"]


def test_a_settling_write_whose_answer_is_lost_is_settled_like_any_other() -> None:
    """Its nonce is ours too."""
    runner = World().free_ppa()
    runner.world.launchpad.fault = faults("unknown", "lost", "unknown", "unknown", of="write")
    runner.order(assign())
    runner.until(lambda: runner.known.pending is None)
    assert whys(runner)[-1] is Refusal.LOST
    assert runner.world.state is State.FREE
    assert runner.known.record == runner.world.record


def test_another_record_settles_too() -> None:
    """Somebody else's write came first: ours never lands, and the command is decided on what stands now."""
    runner, record = World().used_ppa()
    reads_fail(runner, "late")
    runner.order(Touch, lease="lease-1", ttl=7200.0)
    runner.world.launchpad.describe(runner.world.ppa, compose(None, changed(record, state=State.DIRTY, until=None)))
    settle(runner)
    assert whys(runner)[-1] is Refusal.OVER
    runner.world.launchpad.land()
    assert runner.world.state is State.DIRTY


def test_a_lease_that_another_daemon_wrote_over_is_not_told_by_this_one() -> None:
    """† It may have been told there with another attempt, and a hang-up here must not give it up by that nonce."""
    runner = World().free_ppa()
    reads_fail(runner, "lost")
    runner.order(assign())
    other = runner.world.start("other")
    runner.world.launchpad.fault = faults()
    other.look()
    assert isinstance(other.order(confirm(attempt=1)), LeaseShown)
    settle(runner)
    assert whys(runner)[-1] is Refusal.LOST
    assert (runner.known.record, runner.known.state) == (runner.world.record, State.USED)


@pytest.mark.parametrize("landed", [True, False])
def test_a_412_is_followed_by_a_read(landed: bool) -> None:
    """It may be our own write that was sent twice on the way; if it was not, the command is decided anew."""
    runner, _ = World().used_ppa()

    def edit(ask: Any) -> None:
        if kind(ask) != "Write":
            return
        runner.crash = lambda ask: None
        if landed:
            runner.world.launchpad.write(ask.entry, ask.description)
        else:
            text = runner.world.launchpad.archives[runner.world.ppa].description
            runner.world.launchpad.describe(runner.world.ppa, f"words\n{text}")

    runner.crash = edit
    assert isinstance(runner.order(Release, lease="lease-1"), RecordShown)
    assert runner.world.state is State.DIRTY
    assert runner.known.text.human == (None if landed else "words")
    assert Refusal.IN_DOUBT not in whys(runner)


def test_commands_wait_while_an_outcome_is_unknown() -> None:
    """Nothing is decided about the PPA; afterwards they are, in their order."""
    runner, _ = World().used_ppa()
    reads_fail(runner, "unknown")
    runner.order(Release, lease="lease-1")
    runner.order(Touch, lease="lease-1")
    runner.order(confirm())
    runner.look()
    assert runner.rounds[-1].reason
    assert whys(runner) == [Refusal.IN_DOUBT, Refusal.IN_DOUBT]
    assert runner.known.condition is Condition.UNREACHABLE
    settle(runner)
    assert isinstance(first(runner), RecordShown)
    assert [whys(runner)[-2], whys(runner)[-1]] == [Refusal.OVER, Refusal.ELSEWHERE]


def test_commands_that_wait_are_answered_at_their_deadline() -> None:
    """So that a wish can go on to another PPA; the one whose write is unknown stays bound."""
    runner, _ = World().used_ppa()
    reads_fail(runner, "unknown")
    runner.order(Release, lease="lease-1", within=10.0)
    runner.order(Touch, lease="lease-1", within=5.0)
    runner.pass_time(5.0)
    assert whys(runner)[-1] is Refusal.OUTAGE
    runner.pass_time(600.0)
    assert first(runner) == Denied(Refusal.IN_DOUBT)
    assert runner.known.waiting == ()
    settle(runner)
    assert whys(runner)[1:3] == [Refusal.IN_DOUBT, Refusal.OUTAGE]


def test_reads_to_settle_pause_longer_and_longer() -> None:
    """Half a second at first, about half a minute at the most."""
    runner, _ = World().used_ppa()
    reads_fail(runner, "unknown")
    runner.order(Release, lease="lease-1", within=1e6)
    runner.pass_time(3600.0)
    assert 80 < runner.kinds().count("Read") < 300
    assert "Write" not in runner.kinds()[1:]


def test_only_a_ppa_that_is_gone_for_good_binds_nobody() -> None:
    """Till then it may come back, and what was written land in it: the wish waits.  Then it goes to the next."""
    runner = World().free_ppa()
    runner.world.launchpad.fault = lambda request: {"write": "unknown", "read": "gone"}.get(request.what)
    runner.order(assign())
    runner.pass_time(50.0)
    assert set(whys(runner)) == {Refusal.IN_DOUBT}
    runner.pass_time(100.0)
    assert whys(runner)[-1] is Refusal.LOST
    assert (runner.known.pending, runner.known.condition) == (None, Condition.MISSING)


def test_a_209_of_a_ppa_that_is_being_deleted_is_no_success() -> None:
    """It still answers, and says so in its body."""
    runner = World().free_ppa()
    runner.world.launchpad.archives[runner.world.ppa].status = "Deleting"
    assert runner.order(assign()) == Denied(Refusal.LOST, "Deleting")
    assert runner.known.condition is Condition.MISSING


def test_refused_and_never_sent_are_no_doubt() -> None:
    """Nothing was changed: the command is over at once."""
    for fault in ("refused", "down"):
        runner, record = World().used_ppa()
        runner.world.launchpad.fault = faults(fault, of="write")
        assert runner.order(Release, lease="lease-1").why is Refusal.OUTAGE  # type: ignore[union-attr]  # it is denied
        assert (runner.known.pending, runner.world.record) == (None, record)


def test_a_refusal_does_not_settle_what_was_unknown_before() -> None:
    """† The first request may still be on its way."""
    runner, _ = World().used_ppa()
    runner.world.launchpad.fault = faults("unknown", "refused", "down", of="write")
    runner.order(Release, lease="lease-1")
    assert runner.known.pending is not None
    settle(runner)
    assert isinstance(runner.outcomes()[-1], RecordShown)


def rights_are_lost(runner: Runner, seconds: float) -> None:
    """A release gets no answer, and when Launchpad answers again, that much later, we may not write there any more."""
    reads_fail(runner, "unknown")
    runner.order(Release, lease="lease-1", within=1e6)
    runner.pass_time(seconds)
    runner.world.launchpad.fault = lambda request: "refused" if request.what == "write" else None


def test_a_refusal_long_after_the_last_request_settles_it() -> None:
    """Launchpad ends its requests at 65 s: what was under way 90 s before the base was seen again lands no more."""
    runner, record = World().used_ppa()
    rights_are_lost(runner, 95.0)
    runner.pass_time(60.0)
    assert runner.known.pending is None
    assert runner.known.refusals == 1
    assert whys(runner)[-1] is Refusal.OUTAGE
    assert runner.world.record == record
    assert runner.known.record == record


def test_a_refusal_before_that_does_not_settle_it() -> None:
    """† Until then it may land, and it does here."""
    runner, _ = World().used_ppa()
    reads_fail(runner, "late")
    runner.order(Release, lease="lease-1", within=1e6)
    runner.world.launchpad.fault = lambda request: "refused" if request.what == "write" else None
    runner.pass_time(60.0)
    assert runner.known.pending is not None
    runner.world.launchpad.land()
    runner.pass_time(60.0)
    assert runner.known.pending is None
    assert isinstance(runner.outcomes()[-1], RecordShown)
    assert runner.known.record == runner.world.record


@pytest.mark.parametrize("slow", ["unknown", "refused"])
def test_the_time_counts_from_the_end_of_the_request_to_the_read(slow: str) -> None:
    """† A request may be under way for a minute before nobody knows of it, and a refusal take as long."""
    runner, _ = World().used_ppa()
    up = [False]

    def fault(request: Request) -> str | None:
        if request.what == "read":
            return None if up[0] else "down"
        if (fault := "refused" if up[0] else "unknown") == slow:
            runner.world.boot += 60.0
        return fault if request.what == "write" else None

    runner.world.launchpad.fault = fault
    runner.order(Release, lease="lease-1", within=1e6)
    runner.pass_time(40.0)
    up[0] = True
    runner.until(lambda: runner.kinds().count("Write") == 2)
    assert runner.known.pending is not None


def test_a_refused_assign_that_was_settled_so_goes_to_another_ppa() -> None:
    """It is lost here, and told so."""
    runner = World().free_ppa()
    reads_fail(runner, "unknown")
    runner.order(assign(), within=1e6)
    runner.pass_time(100.0)
    runner.world.launchpad.fault = lambda request: "refused" if request.what == "write" else None
    runner.pass_time(60.0)
    assert whys(runner)[-1] is Refusal.LOST
    assert runner.known.pending is None


def test_a_free_that_may_land_late_is_fenced_before_the_next_look() -> None:
    """† After an unknown outcome of `free` a conditional touch comes before the next look: the late one cannot land on
    new content.
    """
    runner = World().dirty_ppa()
    free_writes = [0]

    def fault(request: Request) -> str | None:
        record = parse(request.text).record if request.what == "write" else None
        if record is not None and record.state is State.FREE and not free_writes[0]:
            free_writes[0] += 1
            return "late"
        return None

    runner.world.launchpad.fault = fault
    runner.until(lambda: free_writes[0] == 1)
    assert runner.kinds()[-3:] == ["Write", "Read", "Write"]
    assert runner.world.state is State.DIRTY
    runner.world.launchpad.upload(runner.world.ppa, "new")
    runner.world.launchpad.land()
    assert runner.world.state is State.DIRTY
    runner.until(lambda: runner.known.state is State.FREE)
    assert not [item for item in runner.world.launchpad.archives[runner.world.ppa].items if item.active]


def test_an_unsettled_taking_in_looks_again_before_it_writes() -> None:
    """† I5: packages that came while Launchpad did not answer are nobody's to delete."""
    world = World(description="mine")
    runner = world.start()
    runner.look()
    reads_fail(runner, "unknown")
    runner.tick()
    assert runner.known.pending is not None
    world.launchpad.upload(world.ppa, "theirs")
    settle(runner)
    runner.pass_time(2000.0)
    assert world.launchpad.archives[world.ppa].history == ["mine"]
    assert runner.known.condition is Condition.UNMANAGED


@pytest.mark.parametrize("fault", [None, "down", "gone", "denied"])
def test_an_unsettled_taking_in_of_an_empty_ppa_goes_on(fault: str | None) -> None:
    """It is written again, once it was seen to be empty."""
    world = World()
    runner = world.start()
    runner.look()
    reads_fail(runner, "unknown")
    runner.tick()
    script = faults(fault, of="content")
    world.launchpad.fault = script
    runner.until(lambda: runner.known.pending is None)
    assert runner.known.state is State.DIRTY


def test_adopting_is_repeated_where_there_is_no_record_to_repeat() -> None:
    """The operator wanted it whatever is in there."""
    runner = World(description="mine\nppa-assigner: x").start()
    runner.look()
    runner.world.launchpad.fault = faults("unknown", of="write")
    assert isinstance(runner.order(AdoptAction()), RecordShown)
    assert runner.world.state is State.DIRTY


def test_a_text_that_changed_meanwhile_is_not_written_over() -> None:
    """† An unsettled taking-in does not become the fate of a record of a later version, empty as the PPA is."""
    world = World(description="mine")
    runner = world.start()
    runner.look()
    reads_fail(runner, "unknown")
    runner.tick()
    text = 'mine\nppa-assigner: {"v":3}'
    world.launchpad.describe(world.ppa, text)
    settle(runner)
    runner.pass_time(2000.0)
    assert world.launchpad.archives[world.ppa].description == text
    assert runner.known.condition is Condition.UNREADABLE


def test_a_record_that_somebody_brought_back_is_not_repeated_to_settle() -> None:
    """† An old lease would come alive with a new nonce: the meant record is written instead."""
    runner, old = World().used_ppa()
    runner.order(Release, lease="lease-1")
    runner.until(lambda: runner.known.state is State.FREE)
    runner.forget_the_past()
    runner.world.launchpad.describe(runner.world.ppa, compose(None, old))
    runner.look()
    assert runner.known.suspect == 1
    runner.world.launchpad.fault = faults("unknown", of="write")
    runner.order(QuarantineAction("odd"))
    assert runner.world.state is State.DIRTY
    assert runner.known.record == runner.world.record


@pytest.mark.parametrize("how", ["before", "after", "late"])
@pytest.mark.parametrize("purpose", ["assign", "release", "free"])
def test_killed_at_a_write_a_blind_restart_goes_on(how: str, purpose: str) -> None:
    """I4: whatever became of the write, the next daemon sees one consistent record and everything ends at last."""
    runner = World().free_ppa() if purpose == "assign" else World().used_ppa()[0]
    runner.crash = lambda ask: how if kind(ask) == "Write" and _is_for(ask, purpose) else None

    def live() -> None:
        runner.order(assign() if purpose == "assign" else lambda t, d: Release(token=t, deadline=d, lease="lease-1"))
        runner.until(lambda: False)

    with pytest.raises(Crashed):
        live()
    world = runner.world
    second = world.start()
    second.look()
    world.launchpad.land()
    second.look()
    assert second.known.record == world.record
    second.until(lambda: second.known.state is State.FREE)
    serials = [record.serial for record in world.launchpad.records(world.ppa)]
    assert serials == list(range(serials[0], serials[0] + len(serials)))


def _is_for(ask: Any, purpose: str) -> bool:
    record = parse(ask.description).record
    wanted = {"assign": State.USED, "release": State.DIRTY, "free": State.FREE}[purpose]
    return record is not None and record.state is wanted


def test_a_worker_that_inherits_an_unsettled_write_settles_it() -> None:
    """The supervisor hands over what must outlive a worker: the flight, and who waits."""
    runner = World().free_ppa()
    reads_fail(runner, "lost")
    runner.order(assign())
    known = runner.known
    assert known.pending is not None
    heir = runner.world.start(
        highest=known.highest, entry=known.entry, text=known.text, pending=replace(known.pending, due=0.0),
        waiting=known.waiting,
    )  # fmt: skip
    runner.world.launchpad.fault = faults()
    assert automaton.wake(heir.known, heir.clock.now()) == 0.0
    heir.give(Tick())
    assert isinstance(heir.replies[1][-1], LeaseShown)
