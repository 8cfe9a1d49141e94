"""The wait queues, one of each pool, in the order of places.

Rule: to come, to go and to ask for a position cost no walk along the queue: thousands may stand in it.  Nothing here
decides who stands in it.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from dataclasses import dataclass, field

from .keys import RequestId
from .requests import PendingRequest

Position = tuple[float, int]
"""What a queue is ordered by: since when (seconds since 1970), and who came first."""


@dataclass(slots=True)
class WaitQueue:
    """A request stands at the place that it had when it was added."""

    _queues: dict[str, list[tuple[Position, RequestId]]] = field(default_factory=dict)
    _at: dict[RequestId, tuple[str, Position]] = field(default_factory=dict)

    def add(self, request: PendingRequest) -> None:
        """Let it stand in the queue of its pool, at its place."""
        self.discard(request.id)
        pool, place = self._at[request.id] = (request.wish.pool, request.place)
        insort(self._queues.setdefault(pool, []), (place, request.id))  # no two have the same number

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

    def ahead(self, request: PendingRequest) -> int:
        """How many of its pool have a place before that of this request, which need not stand in the queue itself."""
        return bisect_left(self._queues.get(request.wish.pool, []), (request.place,))
