"""What happened since the daemon started: a bounded list that many may follow.

Rule: writing never waits for a reader; a reader that falls behind misses events and can see it by their numbers.  A
follower that fails is logged and hinders nobody.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime
from itertools import islice
from typing import Any

from ..reference import Reference
from ..views import PpaEvent

log = logging.getLogger(__name__)

KEPT = 10_000
Follower = Callable[[PpaEvent], None]


class EventLog:
    """Safe for threads.  Followers are called one at a time, in the order of the numbers; they must be short and must
    not wait for another thread.  `run` tells this start of the daemon from its others, whose numbers mean nothing here.
    """

    def __init__(self, kept: int = KEPT, run: str = "0") -> None:
        self.run = run
        self._lock = threading.RLock()
        self.kept: deque[PpaEvent] = deque(maxlen=kept)
        """The latest events, for `since`."""
        self._newest = 0
        self._followers: list[Follower] = []

    @property
    def newest(self) -> int:
        """The number of the last event; 0 before the first."""
        return self._newest

    @property
    def followers(self) -> int:
        """How many follow."""
        return len(self._followers)

    def add(self, at: datetime, ppa: Reference, kind: str, data: Mapping[str, Any]) -> PpaEvent:
        """Write an event down and show it to all who follow."""
        with self._lock:
            self._newest += 1
            event = PpaEvent(self._newest, at, ppa, kind, data)
            self.kept.append(event)
            for follower in list(self._followers):
                _show(follower, event)
        return event

    def since(self, number: int, limit: int | None = None) -> tuple[list[PpaEvent], int]:
        """The events that are still kept and come after this number (the first `limit` of them), and the number to ask
        with next time.  Costs what comes after, not what is kept: the numbers have no gaps.
        """
        with self._lock:
            count = max(0, min(len(self.kept), self._newest - number))
            events = list(islice(reversed(self.kept), count))
        events.reverse()
        events = events[:limit]
        return events, events[-1].number if events else number

    def subscribe(self, follower: Follower) -> Callable[[], None]:
        """Call `follower` with each new event, from any thread; call what is returned to end that."""
        with self._lock:
            self._followers.append(follower)
        return lambda: self._unsubscribe(follower)

    def _unsubscribe(self, follower: Follower) -> None:
        with self._lock:
            if follower in self._followers:
                self._followers.remove(follower)


def _show(follower: Follower, event: PpaEvent) -> None:
    try:
        follower(event)
    except Exception:
        log.exception("a follower of the events failed")
