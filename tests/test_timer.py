"""What is to be done at a time: in the order of the times, what is cancelled holds nothing, and one thread tells it."""

from __future__ import annotations

import gc
import logging
import threading
import weakref
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from ppa_assigner.supervisor.shell import Timer
from ppa_assigner.supervisor.timers import SWEEP_FROM, Timers
from ppa_assigner.times import boottime

PATIENCE_S = 10.0


def due(timers: Timers, boot: float) -> list[object]:
    """What is due by then, taken out."""
    found = []
    while (step := timers.pop(boot)) is not None:
        found.append(step)
    return found


def test_steps_are_due_in_the_order_of_their_times() -> None:
    """Those of one moment in the order in which they were given; none before its time."""
    timers = Timers()
    for moment, name in ((103.0, "c"), (101.0, "a"), (102.0, "b1"), (102.0, "b2")):
        timers.at(moment, name)
    assert timers.next == 101.0
    assert due(timers, 100.9) == []
    assert due(timers, 102.0) == ["a", "b1", "b2"]
    assert timers.waiting() == [(103.0, "c")]
    assert due(timers, 103.0) == ["c"]
    assert len(timers) == 0
    assert timers.next is None


def test_a_cancelled_step_is_not_due() -> None:
    """Cancelling twice, or after it was taken, is not an error."""
    timers = Timers()
    kept, gone = timers.at(102.0, "kept"), timers.at(101.0, "gone")
    for _ in range(2):
        timers.cancel(gone)
    assert (len(timers), timers.next) == (1, 102.0)
    assert due(timers, 102.0) == ["kept"]
    timers.cancel(kept)
    timers.cancel(None)
    assert len(timers) == 0


def test_a_cancelled_step_holds_nothing() -> None:
    """What it would have used can go at once, though its time is hours away."""

    @dataclass
    class Big:
        name: str

    timers, big = Timers(), Big("big")
    gone = weakref.ref(big)
    timer = timers.at(9e9, big)
    timers.cancel(timer)
    del big
    gc.collect()
    assert gone() is None


def test_many_cancelled_steps_are_swept() -> None:
    """The list does not grow with steps that nobody wants, and what waits is not lost."""
    timers = Timers()
    timers.at(101.0, "kept")
    for number in range(4 * SWEEP_FROM):
        timers.cancel(timers.at(1000.0 + number, "gone"))
        assert timers.kept <= SWEEP_FROM + 2
    assert timers.waiting() == [(101.0, "kept")]
    assert due(timers, 101.0) == ["kept"]


# -- the thread --------------------------------------------------------------------------------------------------------


class Bell:
    """A timer with its thread, on the real clock, and what is to be told."""

    def __init__(self) -> None:
        self.timers, self.told, self.rang = Timers(), list[object](), threading.Event()
        self.waiting = threading.Event()
        self.timer = Timer(boottime, self.tick)

    def at(self, moment: float, name: str) -> None:
        """Tell this then."""
        self.timers.at(moment, name)
        self.timer.set(self.timers.next)

    def tick(self) -> None:
        """Time has passed."""
        self.told += due(self.timers, boottime())
        self.timer.set(self.timers.next)
        if "now" in self.told:
            self.told.remove("now")
            self.waiting.set()
        if "last" in self.told:
            self.rang.set()
        if "bad" in self.told:
            self.told.remove("bad")
            raise RuntimeError("oops")


@pytest.fixture
def bell() -> Iterator[Bell]:
    """It runs until the test is over."""
    bell = Bell()
    yield bell
    bell.timer.stop()
    bell.timer.join(PATIENCE_S)
    assert not bell.timer.is_alive()


def test_the_thread_tells_in_time(bell: Bell) -> None:
    """What is due earlier than what it waits for is told first."""
    bell.timer.start()
    now = boottime()
    bell.at(now + 0.2, "last")
    bell.at(now + 0.05, "first")
    assert bell.rang.wait(PATIENCE_S)
    assert bell.told == ["first", "last"]
    assert boottime() >= now + 0.2


def test_what_is_set_while_it_goes_to_sleep_is_not_missed(bell: Bell) -> None:
    """However often what is due next changes, from another thread, none is told late."""
    bell.timer.start()
    for number in range(300):
        told = threading.Event()
        bell.waiting = told
        bell.at(boottime() + 0.0002 * (number % 5), "now")
        assert told.wait(PATIENCE_S), number


def test_a_failure_ends_no_thread(bell: Bell, caplog: pytest.LogCaptureFixture) -> None:
    """It is logged, and the thread goes on."""
    bell.timer.start()
    with caplog.at_level(logging.ERROR):
        bell.at(boottime(), "bad")
        bell.at(boottime() + 0.01, "last")
        assert bell.rang.wait(PATIENCE_S)
    assert "what was due could not be done" in caplog.text


def test_a_stopped_timer_tells_nothing_more() -> None:
    """It ends though something is hours away, and at once."""
    bell = Bell()
    bell.at(boottime() + 3600.0, "late")
    bell.timer.start()
    bell.timer.stop()
    bell.timer.join(PATIENCE_S)
    assert not bell.timer.is_alive()
    assert bell.told == []
