"""The PPAs that may be lent as far as is known, of each pool the one that has been free longest first.

Rule: to put one there and to take the first one cost no walk along the list: thousands may be free.  A PPA that is
bound to a request is not in it, whatever becomes known of it meanwhile.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from ..reference import Reference

_Entry = tuple[datetime, str, str, str, Reference]


@dataclass(slots=True)
class FreeList:
    """`bound` are those that are being lent."""

    bound: set[Reference] = field(default_factory=set)
    _lists: dict[str, list[_Entry]] = field(default_factory=dict)
    _where: dict[Reference, tuple[str, _Entry]] = field(default_factory=dict)

    def put(self, ppa: Reference, pool: str, since: datetime) -> None:
        """It is free in this pool, and has been since then."""
        entry = (since, ppa.owner, ppa.distribution, ppa.name, ppa)  # flat: compared often, and then fast
        if self._where.get(ppa) == (pool, entry):
            return
        self.take(ppa)
        if ppa not in self.bound:
            self._where[ppa] = (pool, entry)
            insort(self._lists.setdefault(pool, []), entry)

    def take(self, ppa: Reference) -> None:
        """It is not free."""
        if (where := self._where.pop(ppa, None)) is not None:
            pool, entry = where
            del self._lists[pool][bisect_left(self._lists[pool], entry)]

    def bind(self, ppa: Reference) -> None:
        """It is being lent."""
        self.take(ppa)
        self.bound.add(ppa)

    def count(self, pool: str) -> int:
        """How many of a pool may be lent."""
        return len(self._lists.get(pool, ()))

    def of(self, pool: str, ppa: Reference | None = None) -> Iterator[Reference]:
        """Those of a pool, or this one alone if it is among them; not to be changed meanwhile."""
        if ppa is None:
            return (entry[-1] for entry in self._lists.get(pool, ()))
        where = self._where.get(ppa)
        return iter((ppa,) if where is not None and where[0] == pool else ())
