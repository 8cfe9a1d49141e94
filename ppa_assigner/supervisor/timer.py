"""Calls at a time: one thread for all deadlines of the supervisor.

Rule: what is called must be short; it is called in the order of its times, on the boot-time clock.  A call that fails
is logged and hinders no other.
"""

from __future__ import annotations

import heapq
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

log = logging.getLogger(__name__)

RECHECK_S = 30.0  # a wait does not count the time that the host sleeps, the boot-time clock does
SWEEP_FROM = 1024  # fewer cancelled calls than that are not worth a sweep


@dataclass(order=True, slots=True)
class Timed:
    """A call that is to be made at `moment`; None once it was cancelled."""

    moment: float
    number: int
    call: Callable[[], None] | None = field(compare=False)


class Timer(threading.Thread):
    """`at` and `cancel` may be called from any thread."""

    def __init__(self, boot: Callable[[], float]) -> None:
        super().__init__(name="timer", daemon=True)
        self._boot = boot
        self._changed = threading.Condition()
        self._heap: list[Timed] = []
        self._cancelled = 0
        self._numbers = count()
        self._stopping = False

    def __len__(self) -> int:
        return len(self._heap) - self._cancelled

    @property
    def late(self) -> float:
        """For how many seconds a call has been due: many, when the thread is stuck or gone."""
        with self._changed:
            return max(0.0, self._boot() - self._heap[0].moment) if self._heap and self.ident is not None else 0.0

    def at(self, moment: float, call: Callable[[], None]) -> Timed:
        """Make the call once the boot-time clock shows `moment` (seconds)."""
        timed = Timed(moment, next(self._numbers), call)
        with self._changed:
            heapq.heappush(self._heap, timed)
            if self._heap[0] is timed:
                self._changed.notify()
        return timed

    def cancel(self, timed: Timed) -> None:
        """Make that call no more, and keep nothing that it holds."""
        with self._changed:
            if timed.call is None:
                return
            timed.call = None
            self._cancelled += 1
            if self._cancelled >= SWEEP_FROM and self._cancelled * 2 > len(self._heap):
                self._heap = [other for other in self._heap if other.call is not None]
                heapq.heapify(self._heap)
                self._cancelled = 0

    def stop(self) -> None:
        """Make no more calls."""
        with self._changed:
            self._stopping = True
            self._changed.notify()

    def run(self) -> None:
        """Make each call when its time comes."""
        while (call := self._next()) is not None:
            _make(call)

    def run_due(self) -> None:
        """Make the calls whose time has come, in this thread."""
        while (call := self._pop()) is not None:
            _make(call)

    def _next(self) -> Callable[[], None] | None:
        with self._changed:
            while not self._stopping:
                if (call := self._pop()) is not None:
                    return call
                left = self._heap[0].moment - self._boot() if self._heap else RECHECK_S
                self._changed.wait(min(left, RECHECK_S))
        return None

    def _pop(self) -> Callable[[], None] | None:
        with self._changed:
            while self._heap and (self._heap[0].call is None or self._heap[0].moment <= self._boot()):
                timed = heapq.heappop(self._heap)
                call, timed.call = timed.call, None
                if call is not None:
                    return call
                self._cancelled -= 1
        return None


def _make(call: Callable[[], None]) -> None:
    try:
        call()
    except Exception:
        log.exception("a timed call failed")
