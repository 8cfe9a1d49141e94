"""Two witnesses of the time: it is believed where both clocks agree, or Launchpad's alone after long enough."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ppa_assigner.automaton import Now
from ppa_assigner.clock import LaunchpadClock
from ppa_assigner.port import Moment
from ppa_assigner.times import boottime

T0 = datetime(2026, 11, 25, 3, 0, 0, tzinfo=UTC)
DAY = 86_400.0


class Host:
    """A boot-time clock moved by hand, this host's own clock (`wrong`: how far it is ahead), and answers from a
    Launchpad whose clock is `skew` seconds off.
    """

    def __init__(self, *, wrong: float = 0.0, alone_after: float = 900.0) -> None:
        self.boot, self.wrong = 500.0, wrong
        self.alarms: list[str] = []
        self.clock = LaunchpadClock(
            lambda: self.boot,
            self.alarms.append,
            host=lambda: T0.timestamp() + self.boot + self.wrong,
            alone_after=alone_after,
        )

    def answer(self, skew: float = 0.0, late: float = 0.0) -> None:
        """An answer comes in whose Date was written `late` seconds ago."""
        date = T0 + timedelta(seconds=self.boot - late + skew)
        self.clock.observe(Moment(date.replace(microsecond=0), self.boot - late, self.boot))

    def answers(self, seconds: float, every: float = 5.0, skew: float = 0.0) -> None:
        """For so long, one each `every` seconds; the first at once."""
        end = self.boot + seconds
        self.answer(skew)
        while self.boot < end:
            self.boot = min(end, self.boot + every)
            self.answer(skew)

    def started(self) -> Host:
        """It runs, and time is believed."""
        self.answers(10.0)
        assert self.trusted
        return self

    @property
    def trusted(self) -> bool:
        """Whether time is believed."""
        return self.clock.now().trusted

    def off(self) -> float:
        """How far the clock is from a Launchpad without skew, in seconds."""
        return (self.clock.now().date - T0).total_seconds() - self.boot


# -- both agree --------------------------------------------------------------------------------------------------------


def test_before_the_first_answer_nothing_is_trusted() -> None:
    """This host's clock is shown and decides nothing."""
    now = Host(wrong=7.0).clock.now()
    assert (now.trusted, now.agreed, now.dated) == (False, False, False)
    assert now.date == T0 + timedelta(seconds=507)
    assert now.boot == 500.0


def test_after_a_start_three_answers_over_ten_seconds_must_agree() -> None:
    """Fewer, or quicker ones, are not enough; that is no alarm."""
    quick, few = Host(), Host()
    for _ in range(20):
        quick.boot += 0.4
        quick.answer()
    few.answer()
    few.boot += 60.0
    few.answer()
    for host in (quick, few):
        assert not host.trusted
        assert (host.clock.starting, host.clock.alarm, host.alarms) == (True, False, [])
        host.boot += 3.0
        host.answer()
        assert (host.trusted, host.clock.starting) == (True, False)


def test_a_first_answer_that_lies_is_not_believed() -> None:
    """A day ahead for under a second after the start: nothing is believed, and it is no alarm; the ten seconds count
    from when both agree.
    """
    host = Host()
    host.answers(0.9, 0.1, skew=DAY)
    assert not host.trusted
    host.boot += 0.1
    host.answers(9.0)
    assert not host.trusted
    host.boot += 1.0
    host.answer()
    assert host.trusted
    assert not host.alarms
    assert abs(host.off()) <= 1.0


@pytest.mark.parametrize("skew", [DAY, -DAY, 302.0, -302.0])
def test_a_clock_that_lies_is_never_believed_however_many_answers_agree(skew: float) -> None:
    """Not after an hour of answers either: it jumped.  One alarm is raised, and time is believed again at once."""
    host = Host().started()
    host.answers(3600.0, 1.0, skew=skew)
    assert (host.trusted, host.clock.alarm, len(host.alarms)) == (False, True, 1)
    assert "no lease ends by time until they agree; set" in host.alarms[0]
    host.answer()
    assert (host.trusted, host.clock.alarm) == (True, False)
    host.answer(skew=skew)
    assert len(host.alarms) == 2


def test_five_minutes_are_no_jump() -> None:
    """Servers differ a little, and so do hosts."""
    host = Host(wrong=-290.0).started()
    host.answer(skew=8.0)
    assert host.trusted
    assert not host.alarms


def test_a_host_whose_own_clock_is_set_wrong_ends_the_belief_and_the_watch() -> None:
    """Without an answer in between; when it is set right, the watch begins anew with the next answer."""
    host = Host().started()
    assert host.clock.now().agreeing_since == 500.0
    host.wrong = 400.0
    assert not host.clock.now().trusted
    host.wrong = 0.0
    now = host.clock.now()
    assert (now.trusted, now.agreeing_since) == (True, None)
    host.boot += 7.0
    host.answer()
    assert host.clock.now().agreeing_since == host.boot


def test_what_is_not_looked_at_is_not_watched() -> None:
    """More than five minutes without an answer: Launchpad may have lied meanwhile."""
    host = Host().started()
    host.answers(3600.0, 299.0)
    assert host.clock.now().agreeing_since == 500.0
    host.boot += 301.0
    host.answer()
    assert host.clock.now().agreeing_since == host.boot


# -- Launchpad's alone -------------------------------------------------------------------------------------------------


def test_a_host_whose_clock_is_wrong_believes_launchpads_alone_in_the_end() -> None:
    """After clock_alone_after, and with an alarm until then, but for the first ten seconds."""
    host = Host(wrong=-10 * DAY)
    host.answers(9.0)
    assert (host.clock.alarm, host.alarms) == (False, [])
    host.answers(890.0, 60.0)
    assert (host.trusted, host.clock.alarm, len(host.alarms)) == (False, True, 1)
    assert "or Launchpad's has gone on steadily for 900 s" in host.alarms[0]
    host.answers(2.0, 1.0)
    assert (host.trusted, host.clock.alarm, host.clock.now().agreed) == (True, False, False)
    assert abs(host.off()) <= 1.0
    host.boot += 7200.0  # an outage does not take the belief away
    assert host.trusted


def test_answers_must_be_spread_over_all_of_the_time() -> None:
    """No pause between two of them may be longer than a third of it; then it counts anew."""
    host = Host(wrong=DAY)
    host.answers(600.0, 60.0)
    host.boot += 301.0
    host.answers(899.0, 299.0)
    assert not host.trusted
    host.answers(1.0)
    assert host.trusted


@pytest.mark.parametrize("skew", [3600.0, -3600.0])
def test_a_clock_that_once_jumped_is_never_believed_alone(skew: float) -> None:
    """Not even one that was believed alone before; only agreement helps."""
    host = Host(wrong=DAY, alone_after=60.0)
    host.answers(60.0)
    assert host.trusted
    host.answer(skew)
    host.answers(7200.0, 60.0)
    assert not host.trusted
    assert "until they agree; set" in host.alarms[-1]
    host.wrong = 0.0
    host.answers(10.0)
    assert host.trusted


def test_a_clock_that_creeps_is_not_steady() -> None:
    """No single answer is off by five minutes, and all of them together are."""
    host = Host(wrong=DAY, alone_after=600.0)
    for step in range(700):
        host.boot += 1.0
        host.answer(skew=-float(step))
    assert not host.trusted


# -- what Launchpad's clock shows --------------------------------------------------------------------------------------


def test_the_quickest_of_several_answers_counts() -> None:
    """A Date has travelled: one that took long does not put the clock back."""
    host = Host().started()
    host.answer(late=40.0)
    assert abs(host.off()) <= 1.0
    assert host.trusted


def test_an_answer_that_was_long_on_its_way_is_no_jump() -> None:
    """The host slept while it waited: the Date is an hour old when it is read, first or later."""
    host = Host(wrong=DAY, alone_after=60.0)
    host.answer(late=3600.0)
    host.answers(60.0)
    host.answer(late=3600.0)
    assert host.trusted
    assert abs(host.off()) <= 1.0


def test_only_so_many_answers_are_remembered() -> None:
    """A drifting clock is followed."""
    host = Host()
    host.answer(skew=100.0)
    for _ in range(16):
        host.answer()
    assert abs(host.off()) <= 1.0


# -- what is written by ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("skew", "wrong", "stamp", "by_host"), [
    (0.0, 0.0, 0.0, False), (0.0, 200.0, 0.0, False), (DAY, 0.0, DAY, False), (-DAY, 0.0, 0.0, True),
    (-DAY, -2 * DAY, 0.0, True), (0.0, DAY, DAY, True), (0.0, -DAY, 0.0, False), (0.0, -200.0, 0.0, False),
])  # fmt: skip
def test_the_latest_clock_writes_used_records_while_time_is_not_believed(
    skew: float, wrong: float, stamp: float, by_host: bool
) -> None:
    """Launchpad's, the host's, or what was believed last and went on by the boot-time clock; the host's within five
    minutes of Launchpad's is noise.
    """
    host = Host().started()
    host.boot += 100.0
    host.wrong = wrong
    host.answer(skew)
    now = host.clock.now()
    assert abs((now.stamp - T0).total_seconds() - host.boot - stamp) <= 1.0
    assert now.by_host == by_host
    earlier = now.earlier_at(Moment(now.date, host.boot, host.boot))
    assert abs((earlier - T0).total_seconds() - host.boot - min(skew, wrong)) <= 1.0


def test_the_earlier_clock_of_a_request_that_left_a_while_ago() -> None:
    """What the host's showed when it left, in whole seconds; a moment that is yet to come was now."""
    now = Now(T0, 100.0, host=T0 - timedelta(seconds=50.5))
    moment = Moment(T0 - timedelta(seconds=10), 90.0, 91.0)
    assert now.earlier_at(moment) == T0 - timedelta(seconds=61)
    assert now.earlier_at(replace(moment, started=200.0)) == T0 - timedelta(seconds=51)
    assert now.earlier_at(replace(moment, date=T0 - timedelta(seconds=70))) == T0 - timedelta(seconds=70)
    assert replace(now, host=None).earlier_at(replace(moment, started=80.0)) == T0 - timedelta(seconds=20)


def test_what_launchpads_clock_showed_at_a_boot_time() -> None:
    """As it is now: before and after."""
    now = Now(T0, 100.0)
    assert now.date_of(90.0) == T0 - timedelta(seconds=10)
    assert now.date_of(101.5) == T0 + timedelta(seconds=1.5)


def test_an_alarm_tells_by_how_much_the_clocks_differ(caplog: pytest.LogCaptureFixture) -> None:
    """Once; and that it is over is told, once."""
    host = Host().started()
    host.wrong = -400.0
    for _ in range(3):
        host.answer()
    assert [alarm.split(":")[0] for alarm in host.alarms] == ["Launchpad's clock and this host's differ by 400 s"]
    host.wrong = 0.0
    with caplog.at_level("INFO"):
        for _ in range(3):
            host.answer()
    assert [record.getMessage() for record in caplog.records] == ["time is believed again"]


def test_the_first_seconds_after_a_start_are_no_alarm() -> None:
    """Ten since the first answer, not since the host's start."""
    host = Host(wrong=DAY)
    assert not host.clock.alarm
    host.answers(9.5, 9.5)
    assert (host.clock.alarm, host.clock.starting) == (False, False)
    host.boot += 0.5
    assert host.clock.alarm


@pytest.mark.parametrize(("wrong", "agree"), [(300.0, True), (301.0, False), (-299.0, True), (-301.0, False)])
def test_both_agree_within_five_minutes(wrong: float, agree: bool) -> None:
    """Exactly five are no disagreement."""
    host = Host(wrong=wrong)
    host.answers(30.0)
    assert host.clock.now().agreed is agree
    assert host.trusted is agree


def test_a_disagreement_begins_the_count_after_a_start_anew() -> None:
    """Three answers that agree in a row, over ten seconds."""
    host = Host()
    host.answers(9.0, 3.0)
    host.answer(skew=DAY)
    host.boot += 1.0
    host.answer()
    host.boot += 9.0
    host.answer()
    assert not host.trusted
    host.boot += 1.0
    host.answer()
    assert host.trusted


@pytest.mark.parametrize(("skew", "jumped"), [(301.0, False), (302.0, True), (-301.0, False), (-302.0, True)])
def test_five_minutes_more_or_less_are_no_jump(skew: float, jumped: bool) -> None:
    """A Date is a second long, so a second more may be none; a jump is followed at once, less is not."""
    host = Host(wrong=DAY, alone_after=60.0)
    host.answers(60.0)
    host.answer(skew=skew)
    assert host.trusted is not jumped
    assert abs(host.off() - (skew if jumped or skew > 0 else 0.0)) <= 1.0


def test_a_clock_that_goes_on_within_five_minutes_is_steady() -> None:
    """Exactly five are; the count goes on."""
    host = Host(wrong=DAY, alone_after=60.0)
    host.answers(50.0, 10.0)
    host.answers(10.0, 10.0, skew=301.0)
    assert host.trusted


def test_the_longest_pause_is_a_third_of_the_time() -> None:
    """Exactly that is none."""
    host = Host(wrong=DAY, alone_after=600.0)
    host.answers(600.0, 200.0)
    assert host.trusted


def test_an_answer_that_overtakes_another_is_no_pause() -> None:
    """They are told in the order of their ends, or of their locks: the last one counts, not the last told."""
    host = Host(wrong=DAY, alone_after=90.0)
    host.answers(60.0, 30.0)
    date = T0 + timedelta(seconds=host.boot - 30.0)
    host.clock.observe(Moment(date, host.boot - 30.0, host.boot - 29.0))
    host.boot += 30.0
    host.answer()
    assert host.trusted
    watched = Host().started()
    watched.clock.observe(Moment(T0 + timedelta(seconds=300), 300.0, 300.0))
    watched.boot += 299.0
    watched.answer()
    assert watched.clock.now().agreeing_since == 500.0


def test_exactly_five_minutes_without_an_answer_are_watched() -> None:
    """More are not."""
    host = Host().started()
    host.boot += 300.0
    host.answer()
    assert host.clock.now().agreeing_since == 500.0


def test_what_is_carried_on_is_the_time_that_was_believed_last() -> None:
    """Only while time is not believed, and not before it ever was."""
    fresh = Host(wrong=DAY)
    fresh.answer()
    assert fresh.clock.now().carried is None
    host = Host().started()
    assert host.clock.now().carried is None
    host.boot += 100.0
    host.answer(skew=DAY)
    carried = host.clock.now().carried
    assert carried is not None
    assert abs((carried - T0).total_seconds() - host.boot) <= 1.0


def test_before_any_answer_places_go_by_the_host() -> None:
    """There is nothing else."""
    assert Host(wrong=7.0).clock.epoch() == T0.timestamp() + 507.0


def test_places_in_the_line_do_not_follow_a_clock_that_lies() -> None:
    """What was believed last goes on; before anything was believed there is only Launchpad's."""
    host = Host().started()
    host.answer(skew=DAY)
    assert abs(host.clock.epoch() - T0.timestamp() - host.boot) <= 1.0
    host.wrong = -DAY
    assert abs(host.clock.epoch() - T0.timestamp() - host.boot) <= 1.0
    fresh = Host()
    fresh.answer(skew=DAY)
    assert abs(fresh.clock.epoch() - T0.timestamp() - fresh.boot - DAY) <= 1.0


def test_threads_may_share_it() -> None:
    """No answer is lost and no reader fails while others write."""
    host = Host()
    host.answer()

    def answers() -> None:
        for _ in range(200):
            host.answer()

    threads = [threading.Thread(target=answers) for _ in range(4)]
    for thread in threads:
        thread.start()
    dates = {host.clock.now().date for _ in range(200)}
    for thread in threads:
        thread.join(10.0)
    assert dates == {T0 + timedelta(seconds=500)}


def test_boot_time_grows() -> None:
    """Seconds of a clock that nobody sets."""
    first = boottime()
    assert boottime() >= first > 0
