"""The waiting lines, one of each pool, in the order of places.

Rule: to come, to go and to ask for a position cost no walk along the line: thousands may stand in it.  Nothing here
decides who stands in it.
"""

from __future__ import annotations

from bisect import bisect_left, insort

from .line import Asked

Place = tuple[float, int]


class Lines:
    """A wish stands at the place that it had when it was added."""

    def __init__(self) -> None:
        self._lines: dict[str, list[tuple[Place, Asked]]] = {}
        self._at: dict[Asked, tuple[str, Place]] = {}

    def add(self, asked: Asked) -> None:
        """It stands in the line of its pool, at its place."""
        self.discard(asked)
        pool, place = self._at[asked] = (asked.wish.pool, asked.place)
        insort(self._lines.setdefault(pool, []), (place, asked))  # no two have the same number

    def discard(self, asked: Asked) -> None:
        """It stands in no line."""
        if (at := self._at.pop(asked, None)) is not None:
            pool, place = at
            del self._lines[pool][bisect_left(self._lines[pool], (place,))]

    def of(self, pool: str) -> list[Asked]:
        """All of a pool, the first one first."""
        return [asked for _, asked in self._lines.get(pool, ())]

    def length(self, pool: str) -> int:
        """How many stand in it."""
        return len(self._lines.get(pool, ()))

    def ahead(self, asked: Asked) -> int:
        """How many of its pool have a place before that of this wish, which need not stand in the line itself."""
        return bisect_left(self._lines.get(asked.wish.pool, []), (asked.place,))
