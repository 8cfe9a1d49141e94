"""Places in the line of those who were told none-free a moment ago: a client that waits long asks in short waits, so
that it always has a fresh ticket, and must not be passed by between two of them.

Rule: only who was willing to wait leaves a place behind, only for a moment, and only the same wisher comes back to it.
Nobody is told of it, and it is no wish: nothing is lent to it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from ..backoff import PLACE_KEPT_S
from ..views import AssignRequest
from .keys import Key, key_of
from .line import Asked
from .lines import Lines
from .office import Office
from .timer import Timed


@dataclass(frozen=True, slots=True)
class _Kept:
    asked: Asked
    timed: Timed


class Places:
    """Every method is called under the office's lock.  `given_up` lets those of a pool go on who waited behind one."""

    def __init__(self, office: Office, given_up: Callable[[str], None]) -> None:
        self._office, self._given_up = office, given_up
        self._kept: dict[Key, _Kept] = {}
        self._lines = Lines()

    def __len__(self) -> int:
        return len(self._kept)

    def keep(self, asked: Asked) -> None:
        """Its last call was told none-free just now."""
        until = self._office.clock.boot() + PLACE_KEPT_S
        timed = self._office.at(until, partial(self._over, asked))
        self._kept[asked.key] = _Kept(asked, timed)
        self._lines.add(asked)

    def take(self, wish: AssignRequest) -> Asked | None:
        """The wish as it was, when the same wisher comes back in time; whoever comes, the place is kept no more."""
        if (kept := self._kept.pop(key_of(wish), None)) is None:
            return None
        self._office.timer.cancel(kept.timed)
        self._lines.discard(kept.asked)
        return kept.asked if kept.asked.same_wisher(wish) else None

    def withdraw(self, key: Key) -> bool:
        """Nobody comes back to it.  Whether there was one."""
        kept = self._kept.get(key)
        if kept is not None:
            self._office.timer.cancel(kept.timed)
            self._over(kept.asked)
        return kept is not None

    def of_others(self, key: Key) -> list[Asked]:
        """Those of other clients under the same request id."""
        return [kept.asked for other, kept in self._kept.items() if other.request == key.request and other != key]

    def ahead(self, asked: Asked) -> int:
        """How many of its pool's are kept ahead of a wish."""
        return self._lines.ahead(asked)

    def _over(self, asked: Asked) -> None:
        kept = self._kept.get(asked.key)
        if kept is not None and kept.asked is asked:
            del self._kept[asked.key]
            self._lines.discard(asked)
            self._given_up(asked.wish.pool)
