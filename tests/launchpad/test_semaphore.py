"""Slots: so many at once, in the order of coming."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from ppa_assigner.launchpad.semaphore import FairSemaphore
from tests.waiting import until


def waits(slots: FairSemaphore, count: int) -> Callable[[], bool]:
    """Whether so many wait."""
    return lambda: slots.waiting == count


def test_whoever_has_waited_longest_is_next() -> None:
    """However many come, and one who comes as a slot becomes free does not pass them."""
    slots, order = FairSemaphore(1), list[int]()
    assert slots.acquire(0.0)

    def come(number: int) -> None:
        assert slots.acquire(30.0)
        order.append(number)

    threads = [threading.Thread(target=come, args=(number,)) for number in range(8)]
    for number, thread in enumerate(threads):
        thread.start()
        until(waits(slots, number + 1), "the next one waits")
    for number in range(8):
        slots.release()
        assert not slots.acquire(0.0)
        until(lambda number=number: len(order) == number + 1, "it has its turn")  # type: ignore[misc]  # a default binds it
    assert order == list(range(8))
    slots.release()
    assert slots.acquire(0.0)


def test_no_more_than_so_many_have_one() -> None:
    """And none is lost, whoever gives up meanwhile."""
    slots, lock, now, most = FairSemaphore(3), threading.Lock(), [0], [0]

    def use(number: int) -> bool:
        if not slots.acquire(0.0001 if number % 3 == 0 else 30.0):
            return False
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        with lock:
            now[0] -= 1
        slots.release()
        return True

    with ThreadPoolExecutor(12) as threads:
        used = list(threads.map(use, range(1200)))
    assert all(done for number, done in enumerate(used) if number % 3)
    assert most[0] <= 3
    assert [slots.acquire(0.0) for _ in range(4)] == [True, True, True, False]


def test_who_waits_in_vain_is_told_in_time() -> None:
    """A time that is over already is no wait at all."""
    slots = FairSemaphore(1)
    assert slots.acquire(-1.0)
    assert not slots.acquire(-1.0)
    assert not slots.acquire(0.01)
    slots.release()
    assert slots.acquire(0.0)
