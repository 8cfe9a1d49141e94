"""Calls at a time: one thread for all deadlines of the supervisor.

Rule: what is called must be short; it is called in the order of its times, on the boot-time clock.
"""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable
from itertools import count


class Timer(threading.Thread):
    """`at` may be called from any thread."""

    def __init__(self, boot: Callable[[], float]) -> None:
        super().__init__(name="timer", daemon=True)
        self._boot = boot
        self._changed = threading.Condition()
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()
        self._stopping = False

    def at(self, moment: float, call: Callable[[], None]) -> None:
        """Make the call once the boot-time clock shows `moment` (seconds)."""
        with self._changed:
            heapq.heappush(self._heap, (moment, next(self._numbers), call))
            if self._heap[0][2] is call:
                self._changed.notify()

    def stop(self) -> None:
        """Make no more calls."""
        with self._changed:
            self._stopping = True
            self._changed.notify()

    def run(self) -> None:
        """Make each call when its time comes."""
        while (call := self._next()) is not None:
            call()

    def run_due(self) -> None:
        """Make the calls whose time has come, in this thread."""
        while (call := self._pop()) is not None:
            call()

    def _next(self) -> Callable[[], None] | None:
        with self._changed:
            while not self._stopping:
                if (call := self._pop()) is not None:
                    return call
                left = self._heap[0][0] - self._boot() if self._heap else None
                self._changed.wait(left)
        return None

    def _pop(self) -> Callable[[], None] | None:
        with self._changed:
            if self._heap and self._heap[0][0] <= self._boot():
                return heapq.heappop(self._heap)[2]
        return None
