"""The shell of the supervisor: the lock, the answers, and what a bug leaves as it was; the list of events."""

from __future__ import annotations

import threading
from concurrent.futures import Future

import pytest

from ppa_assigner.problems import Kind, Problem
from ppa_assigner.supervisor.event_log import EventLog
from ppa_assigner.supervisor.shell import settle
from ppa_assigner.views import PpaEvent

from .fakecrew import Desk, lent, problem, ref
from .memory import START
from .waiting import until

# -- shell ------------------------------------------------------------------------------------------------------------


def test_an_answer_is_handed_over_outside_the_lock() -> None:
    """Another thread may ask while whoever got an answer goes on."""
    made, free = Desk("a"), list[bool]()
    made["a"].free()

    def go_on(_: object) -> None:
        asked = threading.Event()

        def ask() -> None:
            made.supervisor.pools()
            asked.set()

        thread = threading.Thread(target=ask)
        thread.start()
        free.append(asked.wait(5.0))
        thread.join(30.0)

    call = made.ask(wait=60.0)
    call.future.add_done_callback(go_on)
    made["a"].lend()
    assert lent(call).ppa == ref("a")
    assert free == [True]


def test_an_answer_that_cannot_be_handed_over_hinders_no_other() -> None:
    """Whoever cancelled his future has gone."""
    made = Desk("a")
    made["a"].free()
    gone, call = made.ask(wait=60.0), made.ask(wait=60.0)
    gone.future.cancel()
    made["a"].lend()
    assert lent(call).ppa == ref("a")


def test_a_bug_keeps_nobody_else_from_what_is_theirs(caplog: pytest.LogCaptureFixture) -> None:
    """A step that nobody takes is told as a bug; what was due with it is done."""
    made = Desk("a")
    made["a"].used("x")
    made.core.at(made.now + 1.0, "nobody knows this step")
    call = made.ask(wait=1.0)
    made.wait(1.0)
    assert problem(call).kind is Kind.NONE_FREE
    assert "could not be handled" in caplog.text


def test_a_future_is_settled_once() -> None:
    """Twice, or after its waiter ended it, changes nothing and raises nothing."""
    future: Future[int] = Future()
    settle(future, 1)
    settle(future, Problem(Kind.INTERNAL, "late"))
    assert future.result(0) == 1
    failed: Future[int] = Future()
    settle(failed, Problem(Kind.INTERNAL, "bad"))
    with pytest.raises(Problem):
        failed.result(0)
    cancelled: Future[int] = Future()
    cancelled.cancel()
    settle(cancelled, 1)
    assert cancelled.cancelled()


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
