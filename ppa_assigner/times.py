"""Durations as people write and read them, and the clock that all waits go by.

Rule: seconds as plain numbers; nothing here waits, and nothing knows what a time is for.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable
from functools import partial

MINUTE = 60.0
HOUR = 60 * MINUTE
DAY = 24 * HOUR
_UNITS = {"ms": 0.001, "s": 1.0, "m": MINUTE, "h": HOUR, "d": DAY}
_LOCAL = "%b %d %H:%M:%S"
_COARSE = (("d", DAY), ("h", HOUR), ("m", MINUTE))
_DURATION = r"(-?[0-9]+(?:\.[0-9]+)?) ?(ms|s|m|h|d|)"  # compiled when it is needed: that takes its time


_CLOCK: int | None = getattr(time, "CLOCK_BOOTTIME", None)
boottime: Callable[[], float] = time.monotonic if _CLOCK is None else partial(time.clock_gettime, _CLOCK)
"""Seconds since boot, including the time that the host slept where the system tells."""


def parse_duration(text: str) -> float | None:
    """The seconds in a text like 500ms, 30s, 5m, 8h, 7d or 90; None if it is not a duration."""
    match = re.fullmatch(_DURATION, text)
    return float(match[1]) * _UNITS[match[2] or "s"] if match else None


def exactly(seconds: float) -> str:
    """Seconds as a configuration has them: a whole number of the largest unit that divides them, like `90m`."""
    for unit, size in reversed(_UNITS.items()):
        if seconds >= size and math.isclose(seconds / size, round(seconds / size), rel_tol=1e-9):
            return f"{round(seconds / size)}{unit}"
    return f"{seconds:g}s"


def age(seconds: float) -> str:
    """Seconds in one unit, for a narrow column: `45s`, `12m`, `3h`, `2d`.  Never more than it is, and never off by more
    than half: a unit is used from two of it on.
    """
    rest = max(0.0, seconds)
    unit, size = next(((unit, size) for unit, size in _COARSE if rest >= 2 * size), ("s", 1.0))
    return f"{int(rest // size)}{unit}"


def local_time(text: object) -> str:
    """A time of a document in this host's time zone, as its journal has it; the text itself if it is not one."""
    from datetime import datetime

    try:
        return datetime.fromisoformat(str(text)).astimezone().strftime(_LOCAL)
    except ValueError:
        return str(text)
