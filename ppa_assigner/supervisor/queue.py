"""The wait queues, one of each pool, in the order of places.

Rule: to come, to go and to ask for a position cost no walk along the queue: thousands may stand in it.  Nothing here
decides who stands in it.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from dataclasses import dataclass, field

from .keys import RequestId
from .requests import Position


@dataclass(slots=True)
class WaitQueue:
    """A request stands at the place that it had when it was added."""

    _queues: dict[str, list[tuple[Position, RequestId]]] = field(default_factory=dict)
    _at: dict[RequestId, tuple[str, Position]] = field(default_factory=dict)

    def add(self, request: RequestId, pool: str, place: Position) -> None:
        """Let it stand in the queue of this pool, at this place."""
        at = self._at.get(request)
        if at != (pool, place):
            if at is not None:
                self.discard(request)
            self._at[request] = (pool, place)
            insort(self._queues.setdefault(pool, []), (place, request))  # no two have the same number

    def discard(self, request: RequestId) -> None:
        """Let it stand in no queue."""
        if (at := self._at.pop(request, None)) is not None:
            pool, place = at
            del self._queues[pool][bisect_left(self._queues[pool], (place,))]

    def of(self, pool: str) -> list[RequestId]:
        """All of a pool, the first one first."""
        return [request for _, request in self._queues.get(pool, ())]

    def length(self, pool: str) -> int:
        """How many stand in it."""
        return len(self._queues.get(pool, ()))

    def ahead(self, pool: str, place: Position) -> int:
        """How many have a place before that one, at which nobody need stand."""
        return bisect_left(self._queues.get(pool, []), (place,))
