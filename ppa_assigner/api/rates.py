"""How much each client may ask: a steady rate, and a burst above it.

Rule: one client's haste costs no other client anything.  Used in the loop of the server alone; times are monotonic.
"""

from __future__ import annotations

import time
from collections.abc import Callable

BURST_S = 20.0
"""A client that was quiet may ask at once for what the rate gives in that time."""


class Rates:
    """What each client has left, by its name; None is everybody where no clients are configured."""

    def __init__(self, per_second: float, now: Callable[[], float] = time.monotonic) -> None:
        self.per_second = per_second
        self._now = now
        self._spent: dict[str | None, float] = {}  # until when what was asked is paid off

    def ask(self, name: str | None) -> float:
        """Count a request.  Gives 0, or the seconds after which the next one may come: then it was not counted."""
        now = self._now()
        paid = max(now, self._spent.get(name, now)) + 1 / self.per_second
        excess = paid - now - BURST_S
        if excess > 1e-9:  # what rounding makes of nothing
            return excess
        self._spent[name] = paid
        return 0.0
