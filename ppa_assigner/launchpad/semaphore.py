"""So many at once, and whoever has waited longest is next.

Rule: a slot that becomes free is handed to the first who waits, never to one who comes just then: a semaphore lets
that one pass, and sends who was woken in vain to the end.
"""

from __future__ import annotations

import threading
from collections import deque


class Slots:
    """Safe for threads."""

    def __init__(self, count: int) -> None:
        self._lock = threading.Lock()
        self._free = count  # 0 while anybody waits
        self._waiting: deque[threading.Lock] = deque()

    def acquire(self, timeout: float) -> bool:
        """Whether there was one for us within so many seconds."""
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
        return True  # it was handed over in the very moment

    def release(self) -> None:
        """Somebody else may have it."""
        with self._lock:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._free += 1
