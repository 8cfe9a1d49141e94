"""Launchpad's clock: it is believed until it jumps, and then only when three answers agree."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta, timezone

from ppa_assigner.clock import LaunchpadClock, boottime
from ppa_assigner.port import Moment

T0 = datetime(2026, 11, 25, 3, 0, 0, tzinfo=timezone.utc)


class Host:
    """A boot-time clock moved by hand, and answers from a Launchpad whose clock is `skew` seconds off."""

    def __init__(self) -> None:
        self.boot = 500.0
        self.alarms: list[str] = []
        self.clock = LaunchpadClock(lambda: self.boot, self.alarms.append)

    def answer(self, skew: float = 0.0, late: float = 0.0) -> None:
        """An answer comes in whose Date was written `late` seconds ago."""
        date = T0 + timedelta(seconds=self.boot - late + skew)
        self.clock.observe(Moment(date.replace(microsecond=0), self.boot - late, self.boot))

    def off(self) -> float:
        """How far the clock is from a Launchpad without skew, in seconds."""
        return self.clock.epoch() - (T0.timestamp() + self.boot)


def test_before_the_first_answer_nothing_is_trusted() -> None:
    """This host's clock is shown and decides nothing."""
    now = Host().clock.now()
    assert not now.trusted
    assert abs((now.date - datetime.now(timezone.utc)).total_seconds()) < 60
    assert now.boot == 500.0


def test_one_answer_tells_the_time() -> None:
    """In whole seconds, whatever this host's clock says."""
    host = Host()
    host.answer()
    assert host.clock.now().date == T0 + timedelta(seconds=500)
    assert host.clock.now().trusted
    host.boot += 7.9
    assert host.clock.now().date == T0 + timedelta(seconds=507)


def test_the_quickest_of_several_answers_counts() -> None:
    """A Date has travelled: one that took long does not put the clock back."""
    host = Host()
    host.answer()
    host.answer(late=40.0)
    assert abs(host.off()) <= 1.0
    assert host.clock.now().trusted


def test_only_so_many_answers_are_remembered() -> None:
    """A drifting clock is followed."""
    host = Host()
    host.answer(skew=100.0)
    for _ in range(16):
        host.answer()
    assert abs(host.off()) <= 1.0


def test_a_jump_is_believed_after_three_agreeing_answers() -> None:
    """Until then the old time goes on, untrusted; one alarm is raised."""
    host = Host()
    host.answer()
    for _ in range(2):
        host.answer(skew=3600.0)
        assert not host.clock.now().trusted
        assert abs(host.off()) <= 1.0
    host.answer(skew=3600.0)
    assert host.clock.now().trusted
    assert abs(host.off() - 3600.0) <= 1.0
    assert len(host.alarms) == 1


def test_a_jump_back_is_doubted_too() -> None:
    """It would keep leases alive."""
    host = Host()
    host.answer()
    host.answer(skew=-301.0)
    assert not host.clock.now().trusted
    assert host.alarms


def test_five_minutes_are_no_jump() -> None:
    """Servers differ a little."""
    host = Host()
    host.answer()
    host.answer(skew=299.0)
    assert host.clock.now().trusted
    assert not host.alarms


def test_one_wild_answer_changes_nothing() -> None:
    """An answer that agrees with what was known ends the doubt."""
    host = Host()
    host.answer()
    host.answer(skew=86400.0)
    host.answer()
    assert host.clock.now().trusted
    assert abs(host.off()) <= 1.0


def test_answers_that_disagree_are_not_believed() -> None:
    """Three jumps to three places are three doubts."""
    host = Host()
    host.answer()
    for skew in (3600.0, 7200.0, 10800.0, 3600.0):
        host.answer(skew=skew)
        assert not host.clock.now().trusted


def test_a_second_jump_alarms_again() -> None:
    """Each is worth a person's look."""
    host = Host()
    host.answer()
    for skew in (3600.0, 3600.0, 3600.0, -3600.0):
        host.answer(skew=skew)
    assert len(host.alarms) == 2


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
