"""Times in records while clocks lie: what is written by which, what is put right, and what no date can hide."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from ppa_assigner.automaton.events import Denied, LeaseShown, Refusal, Release, Touch
from ppa_assigner.automaton.requests import LookForNewContent
from ppa_assigner.automaton.state import AHEAD
from ppa_assigner.options import PoolOptions
from ppa_assigner.record import HOST, State, compose
from ppa_assigner.views import Condition
from tests.automaton.lab import Runner, World, assign, changed, faults

DAY = 86_400.0
CLOSE = timedelta(seconds=3)


def world(**options: object) -> World:
    """With options of its pool."""
    return World(options=PoolOptions(**{"settle": 100.0, **options}))  # type: ignore[arg-type]


def lie(runner: Runner, ahead: float) -> None:
    """From the next answer on, which comes at once."""
    runner.world.launchpad.skew = ahead
    runner.look()


def lent_in_a_lie(ahead: float = DAY, **fields: object) -> Runner:
    """Launchpad's clock was off while the PPA was lent."""
    runner = world().free_ppa()
    lie(runner, ahead)
    assert isinstance(runner.order(assign(**fields)), LeaseShown)
    return runner


def true_now(runner: Runner) -> datetime:
    """By clocks that are right."""
    return runner.world.launchpad.date() - timedelta(seconds=runner.world.launchpad.skew)


def test_what_a_clock_that_lied_wrote_is_put_right_by_itself() -> None:
    """Begin, end and touch, once both agree; the lease lasts as long as was promised from then on, and ends."""
    runner = lent_in_a_lie()
    runner.pass_time(30.0)
    assert runner.world.record.since > true_now(runner) + timedelta(hours=23)
    lie(runner, 0.0)
    assert runner.known.fault == AHEAD
    runner.tick()
    record, now = runner.world.record, runner.clock.now().date
    assert record.until is not None
    assert max(abs(record.since - now), abs(record.touched - now)) <= CLOSE
    assert record.until - record.since == timedelta(seconds=3600)
    assert record.clock is None
    assert runner.known.snapshot().fault is None
    runner.pass_time(3610.0)
    assert runner.world.state is State.DIRTY


@pytest.mark.parametrize("until", ["2026-11-25T11:00:00Z", "2200-12-31T23:59:58Z"])
def test_a_lease_whose_end_lies_before_its_beginning_is_over_whatever_its_years(until: str) -> None:
    """The end would move by centuries with the beginning, to where no record can be written and no clean begins."""
    text = (
        'ppa-assigner: {"v":1,"serial":42,"nonce":"n","state":"used","since":"2200-12-31T23:59:59Z","touched":'
        '"2026-11-25T03:00:00Z","pool":"default","owner":"job","lease":"lease-1","request":"build-1","until":"%s"}'
    )
    runner = World(description=text % until, options=PoolOptions(settle=100.0)).start()
    runner.look()
    runner.until(lambda: runner.known.state is State.FREE)
    assert runner.alarms == []
    assert [(t.why, t.record.state) for t in runner.transitions][1:] == [
        ("expired", State.DIRTY),
        ("proved clean", State.FREE),
    ]


def test_nothing_is_put_right_before_time_is_believed() -> None:
    """Both agree in the first answer after a start, which may lie as the host's clock does."""
    runner = lent_in_a_lie()
    runner.world.launchpad.skew = 0.0
    other = runner.world.start("other", seasoned=False)
    other.look()
    assert (other.clock.now().agreed, other.clock.now().trusted) == (True, False)
    other.pass_time(60.0)
    assert "Write" not in other.kinds()
    for _ in range(2):
        other.look()
    other.tick()
    assert other.kinds() == ["Write"]


def test_the_times_of_a_lease_in_a_disabled_ppa_are_put_right_too() -> None:
    """Else it would be tried again at once, for ever."""
    runner = lent_in_a_lie()
    runner.world.archive.enabled = False
    runner.look(compare=True)
    lie(runner, 0.0)
    assert runner.known.condition is Condition.DISABLED
    runner.tick()
    assert abs(runner.world.record.since - runner.clock.now().date) <= CLOSE
    runner.pass_time(3610.0)
    assert runner.world.state is State.DIRTY


def test_a_touch_is_put_right_by_itself_and_leaves_the_end() -> None:
    """Only what lies ahead is changed."""
    runner, lease = world().used_ppa(idle=600)
    lie(runner, DAY)
    runner.world.boot += 200.0
    assert isinstance(runner.order(Touch, lease="lease-1"), LeaseShown)
    assert runner.world.record.touched > lease.touched + timedelta(hours=23)
    lie(runner, 0.0)
    runner.tick()
    record = runner.world.record
    assert (record.since, record.until) == (lease.since, lease.until)
    assert abs(record.touched - runner.clock.now().date) <= CLOSE


def test_a_touch_puts_right_first_and_then_reckons_its_ttl() -> None:
    """In one write: the new end counts from the true begin."""
    runner = lent_in_a_lie()
    runner.world.launchpad.skew = 0.0
    runner.clock.observe(runner.world.launchpad.moment(0.0))
    runner.forget_the_past()
    told = runner.order(Touch, lease="lease-1", ttl=7200.0)
    assert isinstance(told, LeaseShown)
    assert told.record.until is not None
    assert abs(told.record.until - runner.clock.now().date - timedelta(seconds=7200)) <= CLOSE
    assert runner.kinds().count("Write") == 1


@pytest.mark.parametrize("ahead", [-DAY, DAY])
def test_while_time_is_not_believed_a_touch_is_neither_refused_nor_too_long(ahead: float) -> None:
    """Not over, not invalid: its end is cut to what a lease may last."""
    runner = world(max_ttl=7200.0).free_ppa()
    lie(runner, ahead)
    assert isinstance(runner.order(assign(ttl=60.0)), LeaseShown)
    runner.world.boot += 400.0
    told = runner.order(Touch, lease="lease-1", ttl=1e6)
    assert isinstance(told, LeaseShown)
    assert told.record.until == told.record.since + timedelta(seconds=7200)
    lie(runner, 0.0)
    refused = runner.order(Touch, lease="lease-1", ttl=1e6)
    assert isinstance(refused, Denied)
    assert refused.why is Refusal.INVALID


def test_a_lease_of_a_clock_that_is_behind_does_not_end_when_it_is_right_again() -> None:
    """It is written by the host's, and says so until a clock that is believed writes it."""
    runner = lent_in_a_lie(-DAY)
    assert runner.world.record.clock == HOST
    lie(runner, 0.0)
    runner.pass_time(3000.0)
    assert runner.world.state is State.USED
    assert isinstance(runner.order(Touch, lease="lease-1"), LeaseShown)
    assert runner.world.record.clock is None
    runner.order(Release, lease="lease-1")
    assert runner.world.record.clock is None


def test_what_a_hosts_clock_wrote_is_put_right_by_who_believes_launchpads_alone() -> None:
    """A host ten days ahead: its lease would never end."""
    made = World(options=PoolOptions(settle=100.0), host_skew=0.0)
    made.free_ppa()
    made.host_skew = 10 * DAY
    runner = made.start(seasoned=False)
    runner.look()
    assert isinstance(runner.order(assign()), LeaseShown)
    assert made.record.clock == HOST
    runner.until(lambda: made.record.clock is None, look_every=60.0)
    record = made.record
    assert abs(record.since - runner.clock.now().date) <= timedelta(seconds=90)
    assert record.until is not None
    assert record.until - record.since == timedelta(seconds=3600)


def test_silence_is_not_stretched_by_a_first_look_that_lied() -> None:
    """It is counted by the boot-time clock, whatever the Date of that look said."""
    runner, _ = world().used_ppa(idle=600)
    heir = runner.world.start(seasoned=False)
    lie(heir, DAY)
    lie(heir, 0.0)
    heir.until(lambda: runner.world.state is State.DIRTY, look_every=5.0, ticks=400)
    assert heir.world.boot < 10_000.0 + 300.0 + 900.0


@pytest.mark.parametrize("ahead", [DAY, -DAY])
def test_free_is_dated_by_the_earlier_clock(ahead: float) -> None:
    """Else new content is not looked for."""
    runner = world().dirty_ppa()
    lie(runner, ahead)
    runner.until(lambda: runner.known.state is State.FREE)
    late = true_now(runner) - runner.world.record.since
    assert abs(late - timedelta(seconds=max(0.0, -ahead))) <= CLOSE


def test_a_ppa_is_looked_into_whole_where_nobody_watched_the_clocks() -> None:
    """By a daemon that started since, and by one that saw them disagree; that look counts from then on."""
    runner = world(verify_age=60.0).free_ppa()
    runner.world.boot += 100.0
    other = runner.world.start("other")
    other.look()
    for skew in (DAY, 0.0):
        lie(runner, skew)
    for one in (runner, other):
        one.world.launchpad.fault = faults("down", of="write")
        one.order(assign())
        looked = [ask for ask in one.asked if isinstance(ask, LookForNewContent)]
        assert [ask.since for ask in looked] == [None]
        one.world.launchpad.fault = faults("down", of="write")
        one.order(assign())
        assert one.kinds().count("LookForNewContent") == 1  # it counts for verify_age
        one.world.boot += 100.0
        one.clock.observe(one.world.launchpad.moment(0.0))
        one.world.launchpad.fault = faults("down", of="write")
        one.order(assign())
        last = [ask for ask in one.asked if isinstance(ask, LookForNewContent)][-1]
        assert last.since is not None


def test_a_date_that_nobody_watched_is_no_recent_look() -> None:
    """The last look of its proof was a moment ago, if its date is right: this daemon cannot know."""
    runner = world(verify_age=60.0).free_ppa()
    other = runner.world.start("other", seasoned=False)
    for _ in range(3):
        runner.world.boot += 6.0
        other.look()
    assert other.clock.now().trusted
    other.order(assign())
    assert [ask.since for ask in other.asked if isinstance(ask, LookForNewContent)] == [None]
    assert runner.world.state is State.USED


def test_no_record_starts_anew_while_nobody_knows_the_time() -> None:
    """Its serial would be of a clock that lies: it waits, and is taken in when both agree."""
    made = World()
    runner = made.start(seasoned=False)
    lie(runner, DAY)
    runner.pass_time(60.0)
    assert runner.known.condition is Condition.UNMANAGED
    assert runner.kinds() == []
    lie(runner, 0.0)
    runner.until(lambda: runner.known.state is State.DIRTY)
    assert abs(made.record.serial - made.launchpad.date().timestamp()) < 100


def test_another_daemons_cleaner_that_was_touched_in_years_to_come_keeps_nobody_away() -> None:
    """Its record was seen unchanged for five minutes; until then it is shown whose times lie ahead."""
    runner = world().dirty_ppa()
    ahead = changed(
        runner.world.record, cleaner="other/1-x", touched=runner.world.record.touched + timedelta(days=1800)
    )
    runner.world.launchpad.describe(runner.world.ppa, compose(None, ahead))
    runner.look()
    assert (runner.known.fault, runner.known.condition) == (AHEAD, Condition.OK)
    seen = runner.world.boot
    runner.until(lambda: runner.world.record.cleaner == runner.known.daemon.cleaner, look_every=1e9)
    assert 300.0 <= runner.world.boot - seen < 302.0
    runner.until(lambda: runner.known.state is State.FREE)


def test_a_cleaner_whose_record_changes_is_at_work_whatever_its_dates_say() -> None:
    """Touched long ago, by its dates, and anew each minute."""
    runner = world().dirty_ppa()
    old = replace(runner.world.record, touched=runner.world.record.touched - timedelta(days=1), cleaner="other/1-x")
    for number in range(10):
        old = changed(old, nonce=f"theirs-{number}")
        runner.world.launchpad.describe(runner.world.ppa, compose(None, old))
        runner.look()
        runner.pass_time(60.0)
    assert runner.world.record.cleaner == "other/1-x"
