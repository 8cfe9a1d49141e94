"""What the supervisor's parts share: the lock, calls at a time, the list of events."""

from __future__ import annotations

import threading
from random import Random

import pytest

from ppa_assigner.clock import LaunchpadClock
from ppa_assigner.supervisor.eventlog import EventLog
from ppa_assigner.supervisor.office import Office
from ppa_assigner.supervisor.ticket import TicketOffice
from ppa_assigner.supervisor.timer import SWEEP_FROM, Timer
from ppa_assigner.times import boottime
from ppa_assigner.views import PpaEvent

from .fakecrew import ref
from .memory import START
from .waiting import until

# -- timer ------------------------------------------------------------------------------------------------------------


def test_calls_are_made_in_the_order_of_their_times() -> None:
    """And not before; what they have in common is the order in which they were asked for."""
    now, made = [0.0], list[str]()
    timer = Timer(lambda: now[0])
    timer.at(2.0, lambda: made.append("late"))
    timer.at(1.0, lambda: made.append("first"))
    timer.at(1.0, lambda: made.append("second"))
    timer.run_due()
    assert made == []
    now[0] = 1.0
    timer.run_due()
    assert made == ["first", "second"]
    now[0] = 5.0
    timer.run_due()
    assert made == ["first", "second", "late"]


def test_a_cancelled_call_is_not_made_and_not_kept() -> None:
    """Cancelling twice, or what was made already, changes nothing; many cancelled calls are swept away."""
    now, made = [0.0], list[int]()
    timer = Timer(lambda: now[0])
    timed = [timer.at(float(n), lambda n=n: made.append(n)) for n in range(3)]  # type: ignore[misc]  # a default binds each
    timer.cancel(timed[1])
    timer.cancel(timed[1])
    assert len(timer) == 2
    now[0] = 3.0
    timer.run_due()
    timer.cancel(timed[0])
    assert (made, len(timer)) == ([0, 2], 0)
    for other in [timer.at(3600.0, lambda: None) for _ in range(SWEEP_FROM + 100)]:
        timer.cancel(other)
    assert len(timer) == 0
    assert len(timer._heap) < SWEEP_FROM


def test_a_call_that_fails_hinders_no_other(caplog: pytest.LogCaptureFixture) -> None:
    """It is logged, and the thread goes on."""
    timer, done = Timer(boottime), threading.Event()
    timer.start()
    timer.at(boottime(), lambda: [][0])
    timer.at(boottime() + 0.01, done.set)
    assert done.wait(30.0)
    timer.stop()
    timer.join(30.0)
    assert not timer.is_alive()
    assert "a timed call failed" in caplog.text


def test_an_earlier_call_wakes_the_thread() -> None:
    """It does not sleep until the time it had first."""
    timer, done = Timer(boottime), threading.Event()
    timer.at(boottime() + 3600.0, lambda: None)
    timer.start()
    timer.at(boottime() + 0.01, done.set)
    assert done.wait(30.0)
    timer.stop()
    timer.join(30.0)


# -- office -----------------------------------------------------------------------------------------------------------


def office() -> Office:
    """An office of nobody."""
    return Office(LaunchpadClock(), TicketOffice(b"x"), Random(1), 5.0)


def test_what_is_put_off_is_done_outside_the_lock() -> None:
    """Another thread may take the lock while it is done; nested decisions are one."""
    made, free = office(), list[bool]()

    def act() -> None:
        taken = threading.Event()

        def take() -> None:
            with made.deciding():
                taken.set()

        thread = threading.Thread(target=take)
        thread.start()
        free.append(taken.wait(5.0))
        thread.join(30.0)

    with made.deciding():
        with made.deciding():
            made.later(act)
        assert free == []
    assert free == [True]


def test_what_is_put_off_is_done_even_if_the_decision_fails(caplog: pytest.LogCaptureFixture) -> None:
    """Answers that were decided go out; one that fails hinders no other."""
    made, done = office(), list[int]()

    def decide() -> None:
        with made.deciding():
            made.later(lambda: [][0])
            made.later(lambda: done.append(1))
            raise KeyError("a bug")

    with pytest.raises(KeyError):
        decide()
    assert done == [1]
    assert "could not be handed over" in caplog.text


def test_hearing_survives_a_bug_of_those_who_listen(caplog: pytest.LogCaptureFixture) -> None:
    """A worker that tells something does not die of it."""
    made = office()
    with made.hearing():
        raise KeyError("a bug")
    assert "could not be handled" in caplog.text


# -- events -----------------------------------------------------------------------------------------------------------


def test_events_are_kept_within_bounds() -> None:
    """The oldest go; who asks since a number gets what is left, and the number to go on with."""
    log = EventLog(kept=3)
    assert log.since(0) == ([], 0)
    for n in range(5):
        log.add(START, ref("a"), "alarm", {"n": n})
    events, number = log.since(0)
    assert [event.number for event in events] == [3, 4, 5]
    assert number == 5
    assert log.since(5) == ([], 5)


def test_followers_see_events_in_order_and_one_that_fails_hinders_nobody(caplog: pytest.LogCaptureFixture) -> None:
    """Many writers, one order; ending twice is harmless."""
    log, seen = EventLog(), list[int]()

    def follow(event: PpaEvent) -> None:
        seen.append(event.number)

    def fail(event: PpaEvent) -> None:
        raise RuntimeError("the loop is closed")

    ends = [log.subscribe(fail), log.subscribe(follow)]
    threads = [
        threading.Thread(target=lambda: [log.add(START, ref("a"), "alarm", {}) for _ in range(50)]) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10.0)
    assert seen == list(range(1, 201))
    assert "a follower of the events failed" in caplog.text
    for end in (*ends, *ends):
        end()
    log.add(START, ref("a"), "alarm", {})
    assert len(seen) == 200


def test_waiting_says_what_it_waited_for() -> None:
    """What tests wait with fails in time."""
    with pytest.raises(AssertionError, match="the moon"):
        until(lambda: False, "the moon", 0.01)
