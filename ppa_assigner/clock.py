"""Launchpad's clock, as the Date headers of its answers tell it, so that all daemons agree about an end.

Rule: this host's wall clock is never used to decide anything; waits use the boot-time clock.  Launchpad's clock is
believed until it moves against the boot-time clock by more than five minutes; then nothing expires until three
answers in a row agree (design, section 2).
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta, timezone

from .automaton import Now
from .port import Moment

log = logging.getLogger(__name__)

JUMP_S = 300.0
AGREEING = 3
REMEMBERED = 16


def boottime() -> float:
    """Seconds since boot, sleep included."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class LaunchpadClock:
    """Shared by all workers; safe for threads."""

    def __init__(self, boot: Callable[[], float] = boottime, alarm: Callable[[str], object] = log.warning) -> None:
        self.boot = boot
        self._alarm = alarm
        self._lock = threading.Lock()
        self._offsets: deque[float] = deque(maxlen=REMEMBERED)
        self._latest: float | None = None  # the largest of them; the time is read far more often than observed
        self._doubted: list[float] = []

    def observe(self, moment: Moment) -> None:
        """An answer came with this Date."""
        offset = moment.date.timestamp() - moment.ended
        with self._lock:
            jumped = self._latest is not None and abs(offset - self._latest) > JUMP_S
            first = jumped and not self._doubted
            self._take(offset, jumped)
            self._latest = max(self._offsets)
        if first:
            self._alarm("Launchpad's clock jumped by more than 5 minutes: no lease expires until it is believed again")

    @property
    def jumped(self) -> bool:
        """Whether it moved by so much that it is not believed for now."""
        with self._lock:
            return bool(self._doubted)

    def now(self) -> Now:
        """The time by Launchpad's clock.  Before the first answer it is this host's, and not trusted."""
        boot = self.boot()
        epoch, trusted = self._read(boot)
        return Now(datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=int(epoch)), boot, trusted)

    def epoch(self) -> float:
        """The same in seconds since 1970, for what needs an order finer than a second."""
        return self._read(self.boot())[0]

    def _read(self, boot: float) -> tuple[float, bool]:
        with self._lock:
            if self._latest is None:
                return time.time(), False
            return boot + self._latest, not self._doubted

    def _take(self, offset: float, jumped: bool) -> None:
        """A Date is rounded down and has travelled, so the latest of several is the nearest to the truth."""
        if not jumped:
            self._doubted.clear()
            self._offsets.append(offset)
            return
        self._doubted = [old for old in self._doubted if abs(old - offset) <= JUMP_S] + [offset]
        if len(self._doubted) >= AGREEING:
            self._offsets.clear()
            self._offsets.extend(self._doubted)
            self._doubted.clear()
