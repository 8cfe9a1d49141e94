"""Leases: looked into before they are lent, told only when Launchpad showed them, ended by their owner or by time."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from ppa_assigner.automaton import Purpose
from ppa_assigner.automaton.events import (
    Confirm,
    Denied,
    GiveUp,
    Hold,
    Lent,
    No,
    Outcome,
    Quarantine,
    Release,
    Resume,
    Stands,
    Supersede,
    Touch,
)
from ppa_assigner.options import PoolOptions
from ppa_assigner.port import Lane
from ppa_assigner.record import State, compose
from ppa_assigner.views import Condition
from tests.automaton.lab import Runner, World, assign, changed, confirm, faults, kind


def why(outcome: Outcome) -> No:
    """Why a command was denied."""
    assert isinstance(outcome, Denied), outcome
    return outcome.why


def lent(outcome: Outcome) -> Lent:
    """The lease that was told."""
    assert isinstance(outcome, Lent), outcome
    return outcome


def world(**options: object) -> World:
    """A PPA of a pool with these options."""
    return World(options=replace(PoolOptions(settle=100.0), **options))  # type: ignore[arg-type]  # options by name


# -- assign ------------------------------------------------------------------------------------------------------------


def test_a_ppa_that_was_just_proved_is_lent_with_one_request() -> None:
    """One PATCH on a connection of its own; the record says all that was asked for."""
    runner = World().free_ppa()
    outcome = lent(runner.order(assign(idle=600, note="n", ttl=90.0)))
    record = runner.world.record
    assert runner.kinds() == ["Write"]
    assert runner.asked[0].lane is Lane.ASSIGN
    assert outcome.fresh
    assert outcome.record == record
    assert (record.owner, record.lease, record.request, record.by, record.note) == (
        "job", "lease-1", "build-1", "client", "n",
    )  # fmt: skip
    assert (record.idle, record.until) == (600, record.since + timedelta(seconds=90))
    assert [(t.before, t.record.state, t.why) for t in runner.transitions] == [
        (State.FREE, State.USED, Purpose.ASSIGN.value)
    ]


@pytest.mark.parametrize(
    ("verify_age", "wait", "asked"),
    [
        (60.0, 61.0, ["LookForArrivals", "Write"]), (60.0, 30.0, ["Write"]), (0.0, 0.0, ["LookForArrivals", "Write"]),
        (None, 9999.0, ["Write"]),
    ],
)  # fmt: skip
def test_a_look_is_due_when_the_last_is_old(verify_age: float | None, wait: float, asked: list[str]) -> None:
    """A look not older than verify_age counts, 0 means afresh each time, null never."""
    runner = world(verify_age=verify_age).free_ppa()
    runner.world.boot += wait
    lent(runner.order(assign()))
    assert runner.kinds() == asked


def test_the_look_reaches_back_over_the_quiet_window() -> None:
    """What began to arrive before `since` may show only now."""
    runner = world(verify_age=0.0).free_ppa()
    since = runner.world.record.since
    lent(runner.order(assign()))
    assert runner.asked[0].since == since - timedelta(seconds=100)


def test_a_look_of_this_daemon_counts_for_the_next_wish_too() -> None:
    """A write that was lost to another does not make it look again at once."""
    runner = World().free_ppa()
    runner.world.boot += 100.0
    runner.world.launchpad.fault = faults("down", of="write")
    assert why(runner.order(assign())) is No.OUTAGE
    lent(runner.order(assign()))
    assert runner.kinds() == ["LookForArrivals", "Write", "Write"]


def test_another_daemons_proof_counts_by_launchpads_clock() -> None:
    """`since` of a free record is when the last look of its proof began."""
    runner = World().free_ppa()
    other = runner.world.start("other")
    other.look()
    lent(other.order(assign()))
    assert other.kinds() == ["Write"]


def test_a_ppa_that_is_not_empty_is_not_lent_but_cleaned() -> None:
    """The wish gets another candidate."""
    runner = world(verify_age=0.0).free_ppa()
    runner.world.launchpad.upload(runner.world.ppa, "stray", binary=True)
    assert why(runner.order(assign())) is No.LOST
    assert runner.world.state is State.DIRTY
    assert runner.world.record.lease is None
    runner.until(lambda: runner.known.state is State.FREE)
    assert not [i for i in runner.world.launchpad.archives[runner.world.ppa].items if i.active]


@pytest.mark.parametrize(("fault", "expected"), [("down", No.OUTAGE), ("gone", No.LOST)])
def test_without_an_answer_about_arrivals_nothing_is_lent(fault: str, expected: No) -> None:
    """And an outage is told apart from a lost candidate."""
    runner = world(verify_age=0.0).free_ppa()
    runner.world.launchpad.fault = faults(fault, of="arrivals")
    assert why(runner.order(assign())) is expected
    assert runner.kinds() == ["LookForArrivals"]
    assert runner.known.condition in (Condition.UNREACHABLE, Condition.MISSING)


def test_a_lost_race_is_lost() -> None:
    """Of two daemons exactly one gets the PPA, and the other learns whose it is."""
    runner = World().free_ppa()
    other = runner.world.start("other")
    other.look()
    lent(other.order(assign(lease="theirs", request="their-build")))
    assert why(runner.order(assign())) is No.LOST
    assert runner.known.record == runner.world.record
    assert runner.world.record.lease == "theirs"


def test_a_write_that_is_refused_keeps_the_ppa_out_for_a_while() -> None:
    """Asking again at once would not help; after ten minutes it is tried again."""
    runner = World().free_ppa()
    runner.world.launchpad.archives[runner.world.ppa].writable = False
    assert why(runner.order(assign())) is No.LOST
    assert runner.known.condition is Condition.MISSING
    runner.look()
    assert runner.known.condition is Condition.MISSING
    assert runner.tick()
    assert runner.known.forbidden is None
    assert not runner.tick()


@pytest.mark.parametrize("fault", ["gone", "down"])
def test_an_assign_that_was_not_written_is_over(fault: str) -> None:
    """Nothing is bound to the PPA."""
    runner = World().free_ppa()
    runner.world.launchpad.fault = faults(fault, of="write")
    assert why(runner.order(assign())) is (No.LOST if fault == "gone" else No.OUTAGE)
    assert runner.known.flight is None


# -- the upload right --------------------------------------------------------------------------------------------------


def test_the_right_is_given_before_the_lease_is_told() -> None:
    """Within ten seconds of the answer that showed the lease."""
    runner = World().free_ppa()
    lent(runner.order(assign(uploader="~ann")))
    assert runner.kinds() == ["Write", "Grant"]
    assert runner.world.launchpad.archives[runner.world.ppa].uploaders == ["~ann"]
    assert runner.asked[1].not_after == runner.known.entry.moment.started + 10.0  # type: ignore[union-attr]  # seen


def test_the_right_is_given_again_before_it_is_told_again() -> None:
    """It is idempotent, and may have been lost."""
    runner, _ = World().used_ppa(uploader="~ann")
    lent(runner.order(confirm()))
    assert runner.kinds() == ["Read", "Grant"]


def test_a_right_that_could_not_be_given_in_time_is_not_told() -> None:
    """The lease stands, and asking again gives the right and tells it."""
    runner = World().free_ppa()
    runner.world.launchpad.fault = faults("down", of="grant")
    assert why(runner.order(assign(uploader="~ann"))) is No.UNTOLD
    assert runner.world.state is State.USED
    lent(runner.order(confirm()))


def test_a_right_that_leaves_too_late_does_not_leave() -> None:
    """A grant later than ten seconds after its fence could come to a PPA that was cleaned meanwhile."""
    runner = World().free_ppa()

    def slow(ask: object) -> None:
        if kind(ask) == "Grant":
            runner.world.boot += 11.0

    runner.crash = slow
    assert why(runner.order(assign(uploader="~ann"))) is No.UNTOLD
    assert runner.world.launchpad.archives[runner.world.ppa].uploaders == []


def test_a_refused_right_ends_a_fresh_lease() -> None:
    """Nobody was told of it: there is no such person, and the PPA goes back."""
    runner = World().free_ppa()
    runner.world.launchpad.fault = faults("refused", of="grant")
    assert why(runner.order(assign(uploader="~nobody"))) is No.INVALID
    assert runner.world.state is State.DIRTY


def test_a_refused_right_leaves_a_lease_that_may_have_been_told() -> None:
    """Its owner may be at work in it."""
    runner, record = World().used_ppa(uploader="~ann")
    runner.world.launchpad.fault = faults("refused", of="grant")
    assert why(runner.order(confirm())) is No.INVALID
    assert runner.world.record == record


@pytest.mark.parametrize("fault", ["gone", "refused"])
def test_a_person_who_cannot_be_given_the_right_ends_the_lease_and_leaves_no_trace(fault: str) -> None:
    """What is gone (410) may be the person, not the PPA: the wish is refused, and no other PPA is tried."""
    runner = World().free_ppa()
    runner.world.launchpad.fault = faults(fault, of="grant")
    assert why(runner.order(assign(uploader="~ann"))) is No.INVALID
    assert runner.known.condition is Condition.OK
    assert (runner.world.record.state, runner.world.record.uploader) == (State.DIRTY, None)


# -- confirm -----------------------------------------------------------------------------------------------------------


def test_a_lease_is_told_again_after_a_read() -> None:
    """With the same attempt nothing is written."""
    runner, record = World().used_ppa()
    outcome = lent(runner.order(confirm()))
    assert (outcome.record, outcome.fresh) == (record, False)
    assert runner.kinds() == ["Read"]


def test_a_higher_attempt_is_written_before_it_is_told() -> None:
    """† A lease that is found with a higher attempt is rewritten with it before it is told."""
    runner, record = World().used_ppa()
    told: list[int] = []
    runner.crash = lambda ask: told.append(len(runner.outcomes()))
    outcome = lent(runner.order(confirm(attempt=2)))
    assert runner.kinds() == ["Read", "Write"]
    assert told == [0, 0]
    assert outcome.record.attempt == runner.world.record.attempt == 2
    assert runner.world.record.serial == record.serial + 1


def test_a_raise_that_another_write_beats_is_decided_anew() -> None:
    """Another daemon raised it further: this one may not tell it."""
    runner, record = World().used_ppa()

    def race(ask: object) -> None:
        if kind(ask) == "Write":
            runner.crash = lambda ask: None
            text = compose(None, changed(record, attempt=5))
            runner.world.launchpad.describe(runner.world.ppa, text)

    runner.crash = race
    assert why(runner.order(confirm(attempt=2))) is No.SUPERSEDED
    assert runner.world.record.attempt == 5


def test_a_lower_attempt_is_superseded() -> None:
    """† A daemon that meets a higher attempt than its own writes nothing and tells nothing."""
    runner, _ = World().used_ppa(attempt=3)
    assert why(runner.order(confirm(attempt=2))) is No.SUPERSEDED
    assert runner.kinds() == ["Read"]


@pytest.mark.parametrize("other", [{"owner": "x"}, {"by": None}, {"by": "x"}, {"pool": "x"}])
def test_somebody_elses_request_id_is_taken(other: dict[str, str | None]) -> None:
    """Whatever the attempts are, and nothing is written."""
    runner, _ = World().used_ppa()
    for attempt in (0, 5):
        assert why(runner.order(confirm(attempt=attempt, **other))) is No.TAKEN
    assert runner.kinds() == ["Read", "Read"]


def test_a_lease_that_is_over_is_not_told() -> None:
    """Written or not."""
    runner, record = World().used_ppa()
    runner.world.boot += 3600.0
    assert why(runner.order(confirm())) is No.ELSEWHERE
    assert runner.world.record == record


def test_without_an_answer_nothing_is_told() -> None:
    """A lease in memory is no proof."""
    runner, _ = World().used_ppa()
    runner.world.launchpad.fault = faults("down")
    assert why(runner.order(confirm())) is No.OUTAGE
    assert runner.known.condition is Condition.UNREACHABLE


# -- touch -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("idle", "age", "written"),
    [
        (None, 59.0, False),
        (None, 60.0, True),
        (600, 59.0, False),
        (600, 60.0, True),
        (40, 9.0, False),
        (40, 10.0, True),
    ],
)
def test_touches_are_coalesced(idle: int | None, age: float, written: bool) -> None:
    """Written when `touched` is min(60 s, idle/4) old; else the PPA is read, for only Launchpad knows."""
    runner, record = World().used_ppa(idle=idle)
    runner.world.boot = int(runner.world.boot) + age
    outcome = lent(runner.order(Touch, lease="lease-1"))
    assert runner.kinds() == (["Write"] if written else ["Read"])
    assert outcome.record == runner.world.record
    assert outcome.record.until == record.until
    assert (outcome.record.touched > record.touched) is written


def test_a_touch_with_ttl_moves_the_end() -> None:
    """To now + ttl, though `touched` is young."""
    runner, record = World().used_ppa()
    outcome = lent(runner.order(Touch, lease="lease-1", ttl=7200.0))
    assert runner.kinds() == ["Write"]
    assert outcome.record.until is not None
    assert record.until is not None
    assert timedelta(seconds=3599) <= outcome.record.until - record.until <= timedelta(seconds=3601)


def test_a_touch_never_shortens_a_lease() -> None:
    """A smaller ttl leaves the end as it was, and nothing need be written."""
    runner, record = World().used_ppa()
    assert lent(runner.order(Touch, lease="lease-1", ttl=10.0)).record.until == record.until
    assert runner.kinds() == ["Read"]


def test_a_lease_lasts_max_ttl_at_the_most() -> None:
    """Counted from its beginning: 422, and nothing is written."""
    runner, record = world(max_ttl=7200.0).used_ppa()
    runner.world.boot += 1800.0
    assert why(runner.order(Touch, lease="lease-1", ttl=5500.0)) is No.INVALID
    assert runner.asked == []
    lent(runner.order(Touch, lease="lease-1", ttl=5300.0))
    assert runner.world.record.until <= record.since + timedelta(seconds=7200)  # type: ignore[operator]  # used


def test_a_touch_that_needs_no_write_needs_an_answer() -> None:
    """503 when Launchpad gives none."""
    runner, _ = World().used_ppa()
    runner.world.launchpad.fault = faults("down")
    assert why(runner.order(Touch, lease="lease-1")) is No.OUTAGE


@pytest.mark.parametrize("after", [0.0, 59.0])
def test_from_its_end_on_a_touch_comes_too_late(after: float) -> None:
    """Whether the end was written or not."""
    runner, record = World().used_ppa()
    runner.world.boot += 3600.0 + after
    assert why(runner.order(Touch, lease="lease-1", ttl=60.0)) is No.OVER
    assert runner.world.record == record
    runner.tick()
    assert why(runner.order(Touch, lease="lease-1")) is No.OVER


def test_a_touch_at_a_daemon_that_looks_first_extends_too() -> None:
    """A ttl is not forgotten because the PPA had to be read."""
    runner, record = World().used_ppa()
    other = runner.world.start("other")
    outcome = lent(other.order(Touch, lease="lease-1", ttl=7200.0))
    assert other.kinds() == ["Read", "Write"]
    assert outcome.record.until > record.until  # type: ignore[operator]  # used


def test_a_touch_finds_another_daemons_release() -> None:
    """It is told from Launchpad, not from memory."""
    runner, _ = World().used_ppa()
    other = runner.world.start("other")
    other.look()
    other.order(Release, lease="lease-1")
    assert why(runner.order(Touch, lease="lease-1")) is No.OVER


def test_late_commands_of_a_former_owner_change_nothing() -> None:
    """I7: release, touch, give up and supersede of a lease that was followed by another."""
    runner, old = World().used_ppa()
    runner.order(Release, lease="lease-1")
    runner.until(lambda: runner.known.state is State.FREE)
    lent(runner.order(assign(lease="lease-2", request="build-1")))
    record = runner.world.record
    assert why(runner.order(Touch, lease="lease-1", ttl=9000.0)) is No.ELSEWHERE
    assert why(runner.order(Release, lease="lease-1")) is No.ELSEWHERE
    assert why(runner.order(GiveUp, lease="lease-1", nonce=old.nonce)) is No.ELSEWHERE
    assert why(runner.order(Supersede, lease="lease-1", attempt=0)) is No.ELSEWHERE
    assert why(runner.order(Hold, lease="lease-1", seconds=9.0)) is No.WRONG_STATE
    assert runner.world.record == record


# -- ends --------------------------------------------------------------------------------------------------------------


def test_a_release_may_be_repeated() -> None:
    """While the PPA remembers the lease; it keeps whose it was and drops the rest."""
    runner, record = World().used_ppa(uploader="~ann", note="n", idle=600)
    for _ in range(2):
        assert isinstance(runner.order(Release, lease="lease-1"), Stands)
    assert runner.kinds() == ["Write"]
    dirty = runner.world.record
    kept = ("owner", "lease", "request", "attempt", "uploader", "by")
    assert [getattr(dirty, name) for name in kept] == [getattr(record, name) for name in kept]
    assert (dirty.until, dirty.idle, dirty.note, dirty.held) == (None, None, None, False)
    assert dirty.cleaner == runner.known.daemon.cleaner
    runner.until(lambda: runner.known.state is State.FREE)
    assert why(runner.order(Release, lease="lease-1")) is No.ELSEWHERE


def test_what_nobody_was_told_of_is_given_up() -> None:
    """† Only while the record has the very nonce of the assignment: any later write may have been told."""
    runner, record = World().used_ppa()
    assert isinstance(runner.order(GiveUp, lease="lease-1", nonce=record.nonce), Stands)
    assert runner.world.state is State.DIRTY

    runner, record = World().used_ppa()
    lent(runner.order(confirm(attempt=1)))
    assert why(runner.order(GiveUp, lease="lease-1", nonce=record.nonce)) is No.ELSEWHERE
    assert runner.world.state is State.USED


def test_of_two_leases_the_lower_attempt_ends() -> None:
    """† And only if it still has that attempt: it may have been raised meanwhile."""
    runner, _ = World().used_ppa(attempt=1)
    assert why(runner.order(Supersede, lease="lease-1", attempt=0)) is No.ELSEWHERE
    assert isinstance(runner.order(Supersede, lease="lease-1", attempt=1), Stands)
    assert runner.world.state is State.DIRTY


def test_a_lease_ends_at_its_until() -> None:
    """Neither before nor much later."""
    runner, record = World().used_ppa()
    runner.until(lambda: runner.known.state is State.DIRTY)
    assert record.until is not None
    assert timedelta(0) <= runner.world.record.since - record.until <= timedelta(seconds=1)
    assert runner.transitions[-1].why == Purpose.EXPIRE.value


@pytest.mark.parametrize(("idle", "allowed"), [(40, 50), (600, 660)])
def test_silence_ends_a_lease(idle: int, allowed: int) -> None:
    """At idle + min(60 s, idle/4) after the last touch."""
    runner, record = World().used_ppa(idle=idle)
    runner.until(lambda: runner.known.state is State.DIRTY, look_every=1e9)
    assert (
        timedelta(0) <= runner.world.record.since - record.touched - timedelta(seconds=allowed) < timedelta(seconds=2)
    )


def test_whoever_touches_in_time_keeps_the_lease() -> None:
    """Though some touches need no write."""
    runner, _ = World().used_ppa(idle=40)
    for _ in range(60):
        runner.pass_time(39.0)
        lent(runner.order(Touch, lease="lease-1"))


def test_silence_counts_from_this_daemons_first_look() -> None:
    """While it was not there, nobody could be heard."""
    runner, record = World().used_ppa(idle=40)
    runner.world.boot += 1000.0
    runner = runner.world.start()
    runner.look()
    runner.pass_time(45.0)
    assert runner.known.state is State.USED
    runner.until(lambda: runner.known.state is State.DIRTY)
    assert record.until is not None


@pytest.mark.parametrize("how", ["unreachable", "missing"])
def test_silence_does_not_count_while_launchpad_cannot_be_reached(how: str) -> None:
    """It counts anew from when it could be."""
    runner, _ = World().used_ppa(idle=40)
    if how == "unreachable":
        runner.world.launchpad.fault = lambda request: "down"
    else:
        runner.world.launchpad.archives[runner.world.ppa].status = "Private"
    runner.look()
    runner.pass_time(500.0)
    runner.world.launchpad.fault = faults()
    runner.world.launchpad.archives[runner.world.ppa].status = "Active"
    runner.look()
    runner.pass_time(45.0)
    assert runner.known.state is State.USED
    runner.pass_time(10.0)
    assert runner.world.state is State.DIRTY


def test_a_touch_that_could_not_be_written_is_a_proof_of_life() -> None:
    """With Launchpad read-only, the one who touches does not lose his lease."""
    runner, _ = World().used_ppa(idle=40)
    runner.world.launchpad.fault = lambda request: "down" if request.what == "write" else None
    for _ in range(5):
        runner.pass_time(39.0)
        runner.look()
        assert why(runner.order(Touch, lease="lease-1")) is No.OUTAGE
    runner.world.launchpad.fault = faults()
    runner.pass_time(39.0)
    lent(runner.order(Touch, lease="lease-1"))


def test_a_doubtful_clock_ends_nothing() -> None:
    """When Launchpad's clock jumps by more than five minutes, leases wait for three agreeing answers."""
    runner, _ = World().used_ppa()
    runner.world.launchpad.skew = 86400.0
    for _ in range(2):
        runner.look()
        runner.pass_time(3.0)
        assert runner.kinds() == []
    assert runner.alarms
    runner.look()
    runner.tick()
    assert runner.world.state is State.DIRTY


def test_an_end_that_comes_while_the_clock_is_in_doubt_waits() -> None:
    """Nobody knows what time it is; once three answers agree, it is ended."""
    runner, _ = World().used_ppa()
    runner.world.launchpad.skew = -86400.0
    runner.look()
    runner.pass_time(4000.0)
    assert runner.kinds() == []
    runner.world.launchpad.skew = 0.0
    runner.look()
    runner.tick()
    assert runner.world.state is State.DIRTY


def test_a_lease_that_cannot_be_ended_is_ended_later() -> None:
    """I9, with longer and longer pauses between."""
    runner, _ = World().used_ppa()
    runner.world.launchpad.fault = lambda request: "down" if request.what == "write" else None
    runner.pass_time(4000.0)
    assert 3 < runner.kinds().count("Write") < 30
    runner.world.launchpad.fault = faults()
    runner.until(lambda: runner.known.state is State.DIRTY)


# -- operators ---------------------------------------------------------------------------------------------------------


def test_a_hold_is_given_once() -> None:
    """It adds to the end, and while it lasts silence ends nothing; the end comes all the same."""
    runner, record = world(max_hold=7200.0).used_ppa(idle=40)
    assert why(runner.order(Hold, lease="lease-1", seconds=7201.0)) is No.INVALID
    assert isinstance(runner.order(Hold, lease="lease-1", seconds=7200.0), Stands)
    assert runner.world.record.until - record.until == timedelta(seconds=7200)  # type: ignore[operator]  # used
    assert why(runner.order(Hold, lease="lease-1", seconds=1.0)) is No.WRONG_STATE
    runner.pass_time(10_000.0)
    assert runner.known.state is State.USED
    runner.until(lambda: runner.known.state is State.DIRTY)
    assert not runner.world.record.held


def test_a_hold_does_not_bring_a_lease_back() -> None:
    """Its owner may have been told that it is over."""
    runner, _ = World().used_ppa()
    runner.world.boot += 3600.0
    assert why(runner.order(Hold, lease="lease-1", seconds=60.0)) is No.WRONG_STATE


def test_a_quarantine_of_a_used_ppa_waits_for_the_end_of_the_lease() -> None:
    """Its owner notices nothing until then; then it is not cleaned until resumed."""
    runner, _ = World().used_ppa()
    runner.order(Quarantine, reason="odd")
    assert runner.known.condition is Condition.OK
    lent(runner.order(Touch, lease="lease-1"))
    runner.order(Release, lease="lease-1")
    assert runner.known.snapshot().condition is Condition.QUARANTINED
    assert runner.world.record.quarantined == "odd"
    assert not runner.tick()
    assert isinstance(runner.order(Resume), Stands)
    runner.until(lambda: runner.known.state is State.FREE)
    assert runner.world.record.quarantined is None


def test_a_quarantine_of_a_used_ppa_can_be_taken_back() -> None:
    """Before the lease ends."""
    runner, _ = World().used_ppa()
    runner.order(Quarantine, reason="odd")
    runner.order(Resume)
    assert (runner.world.record.quarantined, runner.world.state) == (None, State.USED)


def test_a_free_ppa_in_quarantine_is_dirty() -> None:
    """It is proved again before it is lent."""
    runner = World().free_ppa()
    runner.order(Quarantine, reason="odd")
    assert (runner.known.state, runner.known.condition) == (State.DIRTY, Condition.QUARANTINED)
    assert why(runner.order(assign())) is No.LOST


@pytest.mark.parametrize("description", ["mine", 'mine\nppa-assigner: {"v":2}', "mine\nppa-assigner: x"])
def test_adopting_empties_a_ppa_and_keeps_its_words(description: str) -> None:
    """It begins with Launchpad's clock as serial, and is worked on at once."""
    world = World(description=description)
    world.launchpad.upload(world.ppa, "theirs")
    runner = world.start()
    runner.look()
    runner.pass_time(5.0)
    assert world.launchpad.archives[world.ppa].history == [description]
    from ppa_assigner.automaton.events import Adopt

    assert isinstance(runner.order(Adopt), Stands)
    assert abs(world.record.serial - world.launchpad.date().timestamp()) < 5
    began = world.boot
    runner.until(lambda: "Delete" in runner.kinds())
    assert world.boot - began < 5.0
    runner.until(lambda: runner.known.state is State.FREE)
    assert runner.known.text.human == "mine"


def test_confirm_reads_first_even_when_nothing_is_known() -> None:
    """The first event of a daemon may be a command."""
    runner, record = World().used_ppa()
    other: Runner = runner.world.start("other")
    command = Confirm(
        token=1, deadline=1e9, request="build-1", attempt=0, owner="job", by="client", pool="default"
    )  # fmt: skip
    other.give(command)
    assert other.outcomes() == [Lent(record)]
