"""The thread that tells the machine that time has passed.

Rule: it decides nothing, and wakes when the next thing is due on the boot-time clock, or earlier when that changes.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from math import inf

log = logging.getLogger(__name__)

RECHECK_S = 30.0  # a wait does not count the time that the host sleeps, the boot-time clock does


class Timer(threading.Thread):
    """`tick` is called, by this thread, when what is due is due; whoever it tells says by `set` what is due next."""

    def __init__(self, boot: Callable[[], float], tick: Callable[[], object]) -> None:
        super().__init__(name="timer", daemon=True)
        self._boot, self._tick = boot, tick
        self._changed = threading.Condition()
        self._due = inf
        self._sleeps_until = inf
        self._stopping = False

    @property
    def late(self) -> float:
        """For how many seconds something has been due: many, when the thread is stuck or gone."""
        due = self._due
        return max(0.0, self._boot() - due) if due < inf and self.ident is not None else 0.0

    def set(self, due: float | None) -> None:
        """The next thing is due at this boot time, or (None) nothing is."""
        self._due = inf if due is None else due
        if self._due < self._sleeps_until:
            with self._changed:
                self._sleeps_until = self._due
                self._changed.notify()

    def stop(self) -> None:
        """Tell nothing more, and end."""
        with self._changed:
            self._stopping = True
            self._changed.notify()

    def run(self) -> None:
        """Wait and tell, until stopped."""
        while self._is_due():
            try:
                self._tick()
            except Exception:
                log.exception("what was due could not be done")
                self._due = self._boot() + 1.0

    def _is_due(self) -> bool:
        with self._changed:
            while not self._stopping:
                self._sleeps_until = self._due
                left = self._due - self._boot()
                if left <= 0.0:
                    return True
                self._changed.wait(min(left, RECHECK_S))
        return False
