"""A queue of events for one thread, which waits for them with a time-out.

Rule: one thread reads, and its wait ends in time.  `SimpleQueue.get` with a time-out may wait for ever on Python
3.11 and 3.12: where its lock was left open by a `put` before, it looks at the clock once more, and takes a time-out
that has passed by then for none.  A read that does not wait closes the lock.
"""

from __future__ import annotations

from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

T = TypeVar("T")


class Mailbox(Generic[T]):
    """A queue that any thread may put into without waiting, and one thread reads."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[T] = SimpleQueue()

    def put(self, item: T) -> None:
        """Add an item; from any thread, and from a signal handler."""
        self._queue.put(item)

    def get(self, wait: float) -> T | None:
        """The oldest item; None if there is none within `wait` seconds.  For the one thread that reads."""
        try:
            return self._queue.get_nowait()
        except Empty:
            return self._awaited(wait) if wait > 0 else None

    def _awaited(self, wait: float) -> T | None:
        try:
            return self._queue.get(timeout=wait)
        except Empty:
            return None
