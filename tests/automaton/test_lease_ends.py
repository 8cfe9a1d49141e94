"""A lease that stands: it is touched, held, released, given up, and ends at last (I7, I9)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ppa_assigner.automaton import WriteReason
from ppa_assigner.automaton.events import (
    GiveUp,
    LeaseShown,
    RecordShown,
    Refusal,
    Release,
    Supersede,
    Touch,
)
from ppa_assigner.record import State
from ppa_assigner.views import AdoptAction, Condition, End, EndsBy, HoldAction, QuarantineAction, ResumeAction
from tests.automaton.lab import Runner, World, assign, confirm, faults
from tests.automaton.test_lease import lent, why, world

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
    assert why(runner.order(Touch, lease="lease-1", ttl=5500.0)) is Refusal.INVALID
    assert runner.asked == []
    lent(runner.order(Touch, lease="lease-1", ttl=5300.0))
    assert runner.world.record.until <= record.since + timedelta(seconds=7200)  # type: ignore[operator]  # used


def test_a_touch_that_needs_no_write_needs_an_answer() -> None:
    """503 when Launchpad gives none."""
    runner, _ = World().used_ppa()
    runner.world.launchpad.fault = faults("down")
    assert why(runner.order(Touch, lease="lease-1")) is Refusal.OUTAGE


@pytest.mark.parametrize("after", [0.0, 59.0])
def test_from_its_end_on_a_touch_comes_too_late(after: float) -> None:
    """Whether the end was written or not."""
    runner, record = World().used_ppa()
    runner.world.boot += 3600.0 + after
    assert why(runner.order(Touch, lease="lease-1", ttl=60.0)) is Refusal.OVER
    assert runner.world.record == record
    runner.tick()
    assert why(runner.order(Touch, lease="lease-1")) is Refusal.OVER


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
    assert why(runner.order(Touch, lease="lease-1")) is Refusal.OVER


def test_late_commands_of_a_former_owner_change_nothing() -> None:
    """I7: release, touch, give up and supersede of a lease that was followed by another."""
    runner, old = World().used_ppa()
    runner.order(Release, lease="lease-1")
    runner.until(lambda: runner.known.state is State.FREE)
    lent(runner.order(assign(lease="lease-2", request="build-1")))
    record = runner.world.record
    assert why(runner.order(Touch, lease="lease-1", ttl=9000.0)) is Refusal.ELSEWHERE
    assert why(runner.order(Release, lease="lease-1")) is Refusal.ELSEWHERE
    assert why(runner.order(GiveUp, lease="lease-1", nonce=old.nonce)) is Refusal.ELSEWHERE
    assert why(runner.order(Supersede, lease="lease-1", attempt=0)) is Refusal.ELSEWHERE
    assert why(runner.order(HoldAction("lease-1", 9.0))) is Refusal.WRONG_STATE
    assert runner.world.record == record


# -- ends --------------------------------------------------------------------------------------------------------------


def test_a_release_may_be_repeated() -> None:
    """While the PPA remembers the lease; it keeps whose it was and drops the rest."""
    runner, record = World().used_ppa(uploader="~ann", note="n", idle=600)
    for _ in range(2):
        assert isinstance(runner.order(Release, lease="lease-1"), RecordShown)
    assert runner.kinds() == ["Write"]
    dirty = runner.world.record
    kept = ("owner", "lease", "request", "attempt", "uploader", "by")
    assert [getattr(dirty, name) for name in kept] == [getattr(record, name) for name in kept]
    assert (dirty.until, dirty.idle, dirty.note, dirty.held) == (None, None, None, False)
    assert dirty.cleaner == runner.known.daemon.cleaner
    runner.until(lambda: runner.known.state is State.FREE)
    assert why(runner.order(Release, lease="lease-1")) is Refusal.ELSEWHERE


def test_what_nobody_was_told_of_is_given_up() -> None:
    """† Only while the record has the very nonce of the assignment: any later write may have been told."""
    runner, record = World().used_ppa()
    assert isinstance(runner.order(GiveUp, lease="lease-1", nonce=record.nonce), RecordShown)
    assert runner.world.state is State.DIRTY

    runner, record = World().used_ppa()
    lent(runner.order(confirm(attempt=1)))
    assert why(runner.order(GiveUp, lease="lease-1", nonce=record.nonce)) is Refusal.ELSEWHERE
    assert runner.world.state is State.USED


def test_of_two_leases_the_lower_attempt_ends() -> None:
    """† And only if it still has that attempt: it may have been raised meanwhile."""
    runner, _ = World().used_ppa(attempt=1)
    assert why(runner.order(Supersede, lease="lease-1", attempt=0)) is Refusal.ELSEWHERE
    assert isinstance(runner.order(Supersede, lease="lease-1", attempt=1), RecordShown)
    assert runner.world.state is State.DIRTY


def test_a_lease_ends_at_its_until() -> None:
    """Neither before nor much later."""
    runner, record = World().used_ppa()
    runner.until(lambda: runner.known.state is State.DIRTY)
    assert record.until is not None
    assert timedelta(0) <= runner.world.record.since - record.until <= timedelta(seconds=1)
    assert runner.transitions[-1].why == WriteReason.EXPIRE.value


@pytest.mark.parametrize(("idle", "allowed"), [(40, 50), (600, 660)])
def test_silence_ends_a_lease(idle: int, allowed: int) -> None:
    """At idle + min(60 s, idle/4) after the last touch."""
    runner, record = World().used_ppa(idle=idle)
    runner.until(lambda: runner.known.state is State.DIRTY, look_every=1e9)
    assert (
        timedelta(0) <= runner.world.record.since - record.touched - timedelta(seconds=allowed) < timedelta(seconds=2)
    )


@pytest.mark.parametrize(("idle", "by"), [(40, EndsBy.IDLE), (None, EndsBy.UNTIL), (3600, EndsBy.UNTIL)])
def test_the_end_that_is_shown_is_the_one_that_comes(idle: int | None, by: EndsBy) -> None:
    """By silence or at `until`, whichever is earlier; then there is none."""
    runner, record = World().used_ppa(idle=idle)
    shown = runner.known.snapshot().end
    assert shown is not None
    assert shown.by is by
    assert by is EndsBy.IDLE or shown.at == record.until
    runner.until(lambda: runner.known.state is State.DIRTY, look_every=1e9)
    assert timedelta(0) <= runner.world.record.since - shown.at < timedelta(seconds=2)
    assert runner.known.snapshot().end is None


def test_the_end_that_is_shown_moves_with_each_touch_written_or_not() -> None:
    """And is `until` while silence ends nothing: held, or out of reach."""
    runner, record = World().used_ppa(idle=40)
    runner.pass_time(5.0)
    lent(runner.order(Touch, lease="lease-1"))
    assert runner.world.record.touched == record.touched
    shown = runner.known.snapshot().end
    assert shown is not None
    assert timedelta(seconds=54) <= shown.at - record.touched <= timedelta(seconds=56)
    runner.world.launchpad.fault = lambda request: "down"
    runner.look()
    assert runner.known.snapshot().end == End(record.until or record.since, EndsBy.UNTIL)
    runner.world.launchpad.fault = faults()
    runner.look()
    assert getattr(runner.known.snapshot().end, "by", None) is EndsBy.IDLE
    runner.order(HoldAction("lease-1", 60.0))
    held = runner.known.snapshot()
    assert held.record is not None
    assert held.end == End(held.record.until or record.since, EndsBy.UNTIL)


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
        assert why(runner.order(Touch, lease="lease-1")) is Refusal.OUTAGE
    runner.world.launchpad.fault = faults()
    runner.pass_time(39.0)
    lent(runner.order(Touch, lease="lease-1"))


def test_a_doubtful_clock_ends_nothing() -> None:
    """Launchpad's clock is a day ahead of the host's: however many answers agree about that, no lease ends by it."""
    runner, lease = World().used_ppa()
    runner.world.launchpad.skew = 86400.0
    for _ in range(20):
        runner.look()
        runner.pass_time(3.0)
    assert runner.kinds() == []
    assert len(runner.alarms) == 1
    runner.world.launchpad.skew = 0.0
    runner.look()
    runner.pass_time(3000.0)
    assert runner.world.record == lease
    runner.pass_time(600.0)
    assert runner.world.state is State.DIRTY


def test_an_end_that_comes_while_the_clock_is_in_doubt_waits() -> None:
    """Nobody knows what time it is; once both clocks agree again, it is ended."""
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
    assert why(runner.order(HoldAction("lease-1", 7201.0))) is Refusal.INVALID
    assert isinstance(runner.order(HoldAction("lease-1", 7200.0)), RecordShown)
    assert runner.world.record.until - record.until == timedelta(seconds=7200)  # type: ignore[operator]  # used
    assert why(runner.order(HoldAction("lease-1", 1.0))) is Refusal.WRONG_STATE
    runner.pass_time(10_000.0)
    assert runner.known.state is State.USED
    runner.until(lambda: runner.known.state is State.DIRTY)
    assert not runner.world.record.held


def test_a_hold_does_not_bring_a_lease_back() -> None:
    """Its owner may have been told that it is over."""
    runner, _ = World().used_ppa()
    runner.world.boot += 3600.0
    assert why(runner.order(HoldAction("lease-1", 60.0))) is Refusal.WRONG_STATE


def test_a_quarantine_of_a_used_ppa_waits_for_the_end_of_the_lease() -> None:
    """Its owner notices nothing until then; then it is not cleaned until resumed."""
    runner, _ = World().used_ppa()
    runner.order(QuarantineAction("odd"))
    assert runner.known.condition is Condition.OK
    lent(runner.order(Touch, lease="lease-1"))
    runner.order(Release, lease="lease-1")
    assert runner.known.snapshot().condition is Condition.QUARANTINED
    assert runner.world.record.quarantined == "odd"
    assert not runner.tick()
    assert isinstance(runner.order(ResumeAction()), RecordShown)
    runner.until(lambda: runner.known.state is State.FREE)
    assert runner.world.record.quarantined is None


def test_a_quarantine_of_a_used_ppa_can_be_taken_back() -> None:
    """Before the lease ends."""
    runner, _ = World().used_ppa()
    runner.order(QuarantineAction("odd"))
    runner.order(ResumeAction())
    assert (runner.world.record.quarantined, runner.world.state) == (None, State.USED)


def test_a_free_ppa_in_quarantine_is_dirty() -> None:
    """It is proved again before it is lent."""
    runner = World().free_ppa()
    runner.order(QuarantineAction("odd"))
    assert (runner.known.state, runner.known.condition) == (State.DIRTY, Condition.QUARANTINED)
    assert why(runner.order(assign())) is Refusal.LOST


@pytest.mark.parametrize("description", ["mine", 'mine\nppa-assigner: {"v":3}', "mine\nppa-assigner: x"])
def test_adopting_empties_a_ppa_and_keeps_its_words(description: str) -> None:
    """It begins with Launchpad's clock as serial, and is worked on at once."""
    world = World(description=description)
    world.launchpad.upload(world.ppa, "theirs")
    runner = world.start()
    runner.look()
    runner.pass_time(5.0)
    assert world.launchpad.archives[world.ppa].history == [description]
    assert isinstance(runner.order(AdoptAction()), RecordShown)
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
    other.give(confirm()(1, 1e9))
    assert other.outcomes() == [LeaseShown(record)]
