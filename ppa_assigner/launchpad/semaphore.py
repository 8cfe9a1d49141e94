"""A fair semaphore: first come, first served.

Rule: a slot that is released goes to the thread that has waited longest, never to one that arrives at that moment:
`threading.Semaphore` lets the newcomer pass, and the thread that it woke starts to wait again.
"""

from __future__ import annotations

import threading
from collections import deque


class FairSemaphore:
    """A semaphore for `count` threads at a time, in the order in which they came.  Safe for threads."""

    def __init__(self, count: int) -> None:
        self._lock = threading.Lock()
        self._free = count  # 0 while any thread waits
        self._waiting: deque[threading.Lock] = deque()

    @property
    def waiting(self) -> int:
        """How many threads wait."""
        return len(self._waiting)

    def acquire(self, timeout: float) -> bool:
        """Take a slot; false when none became free within `timeout` seconds."""
        with self._lock:
            if self._free:
                self._free -= 1
                return True
            turn = threading.Lock()
            turn.acquire()
            self._waiting.append(turn)
        if turn.acquire(timeout=max(0.0, timeout)):
            return True
        with self._lock:
            if turn in self._waiting:
                self._waiting.remove(turn)
                return False
        return True  # it was handed over at the last moment

    def release(self) -> None:
        """Give the slot back, to the thread that has waited longest if any does."""
        with self._lock:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._free += 1
