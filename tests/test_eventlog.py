"""The list of events: bounded, numbered, and nobody who follows it hinders anybody."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from ppa_assigner.reference import Reference
from ppa_assigner.supervisor.event_log import EventLog
from ppa_assigner.views import PpaEvent

T0 = datetime(2026, 11, 25, 3, 0, 0, tzinfo=UTC)
PPA = Reference.parse("~owner/ubuntu/ppa")


def add(log: EventLog, kind: str = "transition") -> PpaEvent:
    """Something happened."""
    return log.add(T0, PPA, kind, {"to": "free"})


def test_events_are_numbered_from_one() -> None:
    """And come back as they were written down."""
    log = EventLog()
    first, second = add(log), add(log, "alarm")
    assert (first.number, second.number) == (1, 2)
    assert log.since(0) == ([first, second], 2)
    assert (first.at, first.ppa, first.kind, first.data) == (T0, PPA, "transition", {"to": "free"})


def test_a_reader_goes_on_where_it_was() -> None:
    """With the number that it was given; when nothing happened it is the same."""
    log = EventLog()
    add(log)
    _, number = log.since(0)
    assert log.since(number) == ([], 1)
    second = add(log)
    assert log.since(number) == ([second], 2)
    assert log.since(99) == ([], 99)


def test_only_so_many_are_kept() -> None:
    """A reader that fell behind sees by the numbers that it missed some."""
    log = EventLog(kept=3)
    for _ in range(10):
        add(log)
    events, number = log.since(2)
    assert [event.number for event in events] == [8, 9, 10]
    assert number == 10


def test_a_reader_may_take_a_few_at_a_time() -> None:
    """The oldest first, and where to go on."""
    log = EventLog(kept=5, run="a")
    for _ in range(8):
        add(log)
    events, number = log.since(0, 2)
    assert ([event.number for event in events], number) == ([4, 5], 5)
    events, number = log.since(number, 9)
    assert ([event.number for event in events], number) == ([6, 7, 8], 8)
    assert (log.run, log.newest, EventLog().newest) == ("a", 8, 0)


def test_reading_costs_what_is_new() -> None:
    """Not what is kept: events are not even looked at that the reader has."""
    log, looked = EventLog(), list[int]()

    class Watched(deque[PpaEvent]):
        def __reversed__(self) -> Iterator[PpaEvent]:
            for event in super().__reversed__():
                looked.append(event.number)
                yield event

    log.kept = Watched(log.kept, log.kept.maxlen)
    for _ in range(10_000):
        add(log)
    assert [event.number for event in log.since(9_998)[0]] == [9_999, 10_000]
    assert looked == [10_000, 9_999]


def test_followers_see_each_event_until_they_end() -> None:
    """Ending twice is no error, and the others go on."""
    log = EventLog()
    one: list[int] = []
    two: list[int] = []
    end = log.subscribe(lambda event: one.append(event.number))
    log.subscribe(lambda event: two.append(event.number))
    add(log)
    end()
    end()
    add(log)
    assert (one, two) == ([1], [1, 2])


def test_a_follower_that_fails_hinders_nobody(caplog: pytest.LogCaptureFixture) -> None:
    """Neither the one who writes nor the other followers; it is logged."""
    log = EventLog()
    seen: list[int] = []

    def fail(event: PpaEvent) -> None:
        raise RuntimeError("gone")

    log.subscribe(fail)
    log.subscribe(lambda event: seen.append(event.number))
    with caplog.at_level(logging.ERROR):
        add(log)
    assert seen == [1]
    assert "a follower of the events failed" in caplog.text


def test_a_follower_may_end_itself() -> None:
    """From inside its call."""
    log = EventLog()
    seen: list[int] = []

    def once(event: PpaEvent) -> None:
        seen.append(event.number)
        end()

    end = log.subscribe(once)
    add(log)
    add(log)
    assert seen == [1]


def test_many_threads_may_write() -> None:
    """Each event has its own number, and followers see them in that order."""
    log = EventLog()
    seen: list[int] = []
    log.subscribe(lambda event: seen.append(event.number))

    def write() -> None:
        for _ in range(200):
            add(log)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10.0)
    assert seen == list(range(1, 801))
