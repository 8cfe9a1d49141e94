"""Whether Launchpad answers us, as the looks tell: for `/readyz`, the page, `doctor` and the metrics.

Rule: it decides nothing.  An owner who is not there was answered; refused credentials and outages were not.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from datetime import datetime

from ..views import LaunchpadStatus


class Availability:
    """Safe for threads.  `now` is the time that is shown."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._heard: dict[str, str | None] = {}
        self.state = LaunchpadStatus(ok=False, since=now(), why="it was not asked yet")
        """As it is now."""

    def heard(self, owner: str, why: str | None, owners: Collection[str]) -> None:
        """A look at the PPAs of this owner was answered, or (`why`) was not; `owners` are all that are looked at."""
        with self._lock:
            known = {**self._heard, owner: why}
            self._heard = {one: known[one] for one in sorted(owners) if one in known}
            trouble = self._trouble()
            before, ok = self.state, trouble is None
            self.state = LaunchpadStatus(ok, before.since if before.ok is ok else self._now(), trouble)

    def _trouble(self) -> str | None:
        failed = {owner: why for owner, why in self._heard.items() if why is not None}
        for owner, why in failed.items():
            return why if len(failed) == len(self._heard) else f"~{owner}: {why}"
        return None
