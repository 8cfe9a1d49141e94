"""The stand-in's own clock: it can be set, stepped and sped up, and everything the stand-in dates comes from it.

After its start it looks at nothing but the monotonic clock, so a test that sets the host's time changes nothing here.
"""

import threading
import time
from datetime import UTC, datetime, timedelta


class Clock:
    """UTC time that runs `speed` times as fast as real time (0 stands still). Safe to use from any thread."""

    def __init__(self, speed: float = 1.0) -> None:
        self.changed = threading.Condition(threading.RLock())
        self._speed = speed
        self._base = datetime.now(UTC)
        self._mark = time.monotonic()

    @property
    def speed(self) -> float:
        """How many of its seconds pass in one real second."""
        return self._speed

    def now(self) -> datetime:
        """The time it shows, aware, in UTC."""
        with self.changed:
            return self._now()

    def set(self, when: datetime) -> None:
        """Show `when` from now on; a time without a zone is taken as UTC."""
        with self.changed:
            self._restart(when if when.tzinfo else when.replace(tzinfo=UTC), self._speed)

    def step(self, seconds: float) -> None:
        """Jump by `seconds`, back when they are negative."""
        with self.changed:
            self._restart(self._now() + timedelta(seconds=seconds), self._speed)

    def run(self, speed: float) -> None:
        """Go on from the present time at another speed."""
        if speed < 0:
            raise ValueError("a clock cannot run backwards")
        with self.changed:
            self._restart(self._now(), speed)

    def _now(self) -> datetime:
        return self._base + timedelta(seconds=(time.monotonic() - self._mark) * self._speed)

    def _restart(self, base: datetime, speed: float) -> None:
        self._base, self._mark, self._speed = base, time.monotonic(), speed
        self.changed.notify_all()
