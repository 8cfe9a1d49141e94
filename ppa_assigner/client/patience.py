"""How long a call is tried again, and when the next try is.

Rule: measured by the monotonic clock; every pause ends within the budget.  Nothing here sends anything.
"""

from __future__ import annotations

import random
import time

_FIRST_PAUSE_S = 0.1
_SPREAD = random.SystemRandom()  # the random numbers of the program that calls are its own: it may have seeded them
LONGEST_PAUSE_S = 2.0


class Patience:
    """A budget of seconds for tries of one call, from now on.  `maybe_done`: a try may have had its effect."""

    def __init__(
        self, seconds: float, *, read: float, bounded: bool = False, longest_pause: float = LONGEST_PAUSE_S
    ) -> None:
        """`read` is how long one answer may take; when `bounded`, no longer than what is left of the budget.
        `longest_pause`, in seconds, is between two tries unless the daemon asks for more.
        """
        self._end = time.monotonic() + seconds
        self._read = read
        self._bounded = bounded
        self._pause, self._longest_pause = _FIRST_PAUSE_S, longest_pause
        self.maybe_done = False

    @property
    def read(self) -> float:
        """How long the next answer may take, in seconds."""
        return max(0.1, min(self._read, self._left())) if self._bounded else self._read

    @property
    def is_over(self) -> bool:
        """Whether the budget is used up."""
        return self._left() <= 0

    def pause(self, retry_after: float | None = None) -> bool:
        """Wait before the next try, as long as the daemon asked for if the budget allows; False when it is used up."""
        left = self._left()
        if left <= 0:
            return False
        time.sleep(min(left, max(retry_after or 0.0, self._next_pause())))
        return True

    def _next_pause(self) -> float:
        pause, self._pause = self._pause, min(self._longest_pause, self._pause * 2)
        return pause * _SPREAD.uniform(0.5, 1.0)

    def _left(self) -> float:
        return self._end - time.monotonic()
