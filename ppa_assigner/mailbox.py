"""What a thread is told, in order, and how it waits for it.

Rule: one thread reads, and its wait ends when it should.  `SimpleQueue.get` with a time-out may wait for ever on Python
3.11 and 3.12: where its lock was left open by a `put` before, it looks at the clock once more, and takes a time that is
over by then for no time-out at all.  A look that does not wait closes the lock.
"""

from __future__ import annotations

from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

T = TypeVar("T")


class Mailbox(Generic[T]):
    """Whoever puts something in never waits."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[T] = SimpleQueue()

    def put(self, item: T) -> None:
        """From any thread, and from a signal handler."""
        self._queue.put(item)

    def get(self, wait: float) -> T | None:
        """What was put in first; None if there is nothing within so many seconds.  For the one thread that reads."""
        try:
            return self._queue.get_nowait()
        except Empty:
            return self._awaited(wait) if wait > 0 else None

    def _awaited(self, wait: float) -> T | None:
        try:
            return self._queue.get(timeout=wait)
        except Empty:
            return None
