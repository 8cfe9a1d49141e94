"""The timer: calls are made in the order of their times, by one thread, and cancelled ones hold nothing."""

from __future__ import annotations

import gc
import logging
import threading
import weakref
from collections.abc import Iterator

import pytest

from ppa_assigner.supervisor.timer import SWEEP_FROM, Timer
from ppa_assigner.times import boottime

PATIENCE_S = 10.0


class Hand:
    """A clock moved by hand, and a timer that is run in the test's own thread."""

    def __init__(self) -> None:
        self.boot = 100.0
        self.timer = Timer(lambda: self.boot)
        self.made: list[str] = []

    def at(self, moment: float, name: str) -> None:
        """Note the name at that moment."""
        self.timer.at(moment, lambda: self.made.append(name))

    def show(self, boot: float) -> list[str]:
        """What was made until then."""
        self.boot = boot
        self.timer.run_due()
        return self.made


@pytest.fixture
def running() -> Iterator[Timer]:
    """A timer with its thread, on the real clock."""
    timer = Timer(boottime)
    timer.start()
    yield timer
    timer.stop()
    timer.join(PATIENCE_S)
    assert not timer.is_alive()


def test_calls_are_made_in_the_order_of_their_times() -> None:
    """Those of one moment in the order in which they were given; none before its time."""
    hand = Hand()
    for moment, name in ((103.0, "c"), (101.0, "a"), (102.0, "b1"), (102.0, "b2")):
        hand.at(moment, name)
    assert hand.show(100.9) == []
    assert hand.show(102.0) == ["a", "b1", "b2"]
    assert hand.show(103.0) == ["a", "b1", "b2", "c"]
    assert len(hand.timer) == 0


def test_a_call_may_ask_for_another() -> None:
    """Also for one that is due at once."""
    hand = Hand()
    hand.timer.at(100.0, lambda: hand.at(100.0, "second"))
    assert hand.show(100.0) == ["second"]


def test_a_cancelled_call_is_not_made() -> None:
    """Cancelling twice, or after it was made, is no error."""
    hand = Hand()
    kept = hand.timer.at(101.0, lambda: hand.made.append("kept"))
    gone = hand.timer.at(101.0, lambda: hand.made.append("gone"))
    hand.timer.cancel(gone)
    hand.timer.cancel(gone)
    assert len(hand.timer) == 1
    assert hand.show(101.0) == ["kept"]
    hand.timer.cancel(kept)
    assert len(hand.timer) == 0


def test_a_cancelled_call_holds_nothing() -> None:
    """What it would have used can go at once, though its time is hours away."""

    class Big:
        pass

    hand, big = Hand(), Big()
    gone = weakref.ref(big)
    timed = hand.timer.at(9e9, lambda big=big: None)  # type: ignore[misc]  # a default holds it
    hand.timer.cancel(timed)
    del big
    gc.collect()
    assert gone() is None


def test_many_cancelled_calls_are_swept() -> None:
    """The list does not grow with calls that nobody wants."""
    hand = Hand()
    hand.at(101.0, "kept")
    for number in range(4 * SWEEP_FROM):
        hand.timer.cancel(hand.timer.at(1000.0 + number, lambda: None))
    assert len(hand.timer) == 1
    assert len(hand.timer._heap) <= 2 * SWEEP_FROM
    assert hand.show(101.0) == ["kept"]


def test_a_call_that_fails_hinders_no_other(caplog: pytest.LogCaptureFixture) -> None:
    """It is logged."""
    hand = Hand()

    def fail() -> None:
        raise RuntimeError("oops")

    hand.timer.at(100.0, fail)
    hand.at(100.0, "next")
    with caplog.at_level(logging.ERROR):
        assert hand.show(100.0) == ["next"]
    assert "a timed call failed" in caplog.text


def test_the_thread_makes_calls_in_time(running: Timer) -> None:
    """A call for an earlier moment than the one that it waits for is made first."""
    done = threading.Event()
    made: list[str] = []
    now = boottime()

    def last() -> None:
        made.append("last")
        done.set()

    running.at(now + 0.2, last)
    running.at(now + 0.05, lambda: made.append("first"))
    assert done.wait(PATIENCE_S)
    assert made == ["first", "last"]
    assert boottime() >= now + 0.2


def test_a_stopped_timer_makes_no_more_calls() -> None:
    """It ends though a call is hours away, and at once."""
    timer = Timer(boottime)
    made: list[str] = []
    timer.at(boottime() + 3600.0, lambda: made.append("late"))
    timer.start()
    timer.stop()
    timer.join(PATIENCE_S)
    assert not timer.is_alive()
    assert made == []
