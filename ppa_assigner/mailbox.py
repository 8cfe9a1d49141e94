"""A queue of events for one thread, which waits for them with a time-out.

Rule: one thread reads, and its wait ends in time.  On Python 3.11 and 3.12 `SimpleQueue.get` with a time-out may wait
for ever: if an earlier `put` left the queue's lock open, it looks at the clock once more, and a time-out that has
passed by then counts as none.  A read that does not wait closes the lock, so one comes before each wait.
"""

from __future__ import annotations

from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

T = TypeVar("T")


class Mailbox(Generic[T]):
    """A queue into which any thread may put items without waiting, and which one thread reads."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[T] = SimpleQueue()

    def put(self, item: T) -> None:
        """Add an item; may be called from any thread, and from a signal handler."""
        self._queue.put(item)

    def get(self, wait: float) -> T | None:
        """Remove and return the oldest item; None if there is none within `wait` seconds.

        Only the one thread that reads may call this.
        """
        try:
            return self._queue.get_nowait()
        except Empty:
            return self._awaited(wait) if wait > 0 else None

    def _awaited(self, wait: float) -> T | None:
        try:
            return self._queue.get(timeout=wait)
        except Empty:
            return None
