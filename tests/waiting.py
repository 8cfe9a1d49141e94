"""Wait for a condition, with a deadline: what tests use in place of a sleep."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

SHARE, LONGEST_S = 0.05, 0.05  # of what was waited so far, a pause is at most
_NEVER = threading.Event()


def until(
    condition: Callable[[], object], what: str | Callable[[], object] = "", seconds: float = 30.0, every: float = 0.002
) -> None:
    """Wait until the condition holds.  Fails, and says what was waited for, after so many seconds.

    `what`: a text, or what tells one when it is too late.  `every`: the pause between the first looks, longer for those
    that cost something.  It grows with the wait, for a look takes processor time from what is waited for.
    """
    begin = time.monotonic()
    while not condition():
        waited = time.monotonic() - begin
        if waited >= seconds:
            raise AssertionError(f"not in {seconds:g} s: {what() if callable(what) else what or condition}")
        _NEVER.wait(max(every, min(waited * SHARE, LONGEST_S)))
