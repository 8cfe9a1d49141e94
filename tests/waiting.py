"""Wait for a condition, with a deadline: what tests use in place of a sleep."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

_NEVER = threading.Event()


def until(
    condition: Callable[[], object], what: str | Callable[[], object] = "", seconds: float = 30.0, every: float = 0.002
) -> None:
    """Wait until the condition holds.  Fails, and says what was waited for, after so many seconds.

    `what`: a text, or what tells one when it is too late.  `every`: the pause between two looks, longer for those that
    cost something.
    """
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= end:
            raise AssertionError(f"not in {seconds:g} s: {what() if callable(what) else what or condition}")
        _NEVER.wait(every)
