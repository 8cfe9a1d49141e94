"""What a call is told whose wait, or whose deadline, is over.

Rule: none-free is said only of what Launchpad answered, and not while something is under way that may still turn out to
be a PPA for it; at the deadline everybody is answered.
"""

from __future__ import annotations

from collections.abc import Callable

from ..reference import Reference
from .crew import free_for_anyone
from .line import Asked, Call, Stage
from .office import Office
from .places import Places
from .tracing import Tracing
from .wishes import Wishes


class Waits:
    """Every method is called under the office's lock.  `match` is who decides which wish of a pool gets which PPA."""

    def __init__(
        self, office: Office, wishes: Wishes, places: Places, tracing: Tracing, match: Callable[[str], None]
    ) -> None:
        self._office, self._wishes, self._places = office, wishes, places
        self._tracing, self._match = tracing, match
        self._held_up: set[Asked] = set()
        """Whose wait is over, and who are told none-free only once something is decided."""

    def time_is_up(self, asked: Asked, call: Call) -> None:
        """Its wait is over: none free.  Its deadline is over: no answer of Launchpad's came in time."""
        boot = self._office.clock.boot()
        if call not in asked.calls:
            return
        if boot >= call.deadline:
            detail = asked.outage or "Launchpad did not answer in time"
            self._wishes.end(asked, call, self._wishes.refusals.unavailable(asked, detail))
        elif boot >= call.until and asked.stage is Stage.WAITING:
            self._match(asked.wish.pool)  # it need not let anybody go first any more
            if asked.stage is Stage.WAITING and call in asked.calls:
                if self._undecided(asked):
                    self._held_up.add(asked)
                else:
                    self._none_free(asked, call)

    def overdue(self, pool: str) -> None:
        """Something is decided: those whose wait is over and who waited for that are answered."""
        held_up = sorted((a for a in self._held_up if a.wish.pool == pool), key=lambda asked: asked.place)
        self._held_up.difference_update(held_up)
        for asked in held_up:
            if asked.stage is Stage.WAITING:  # else it is held up again when it comes back to the line
                for call in list(asked.calls):
                    self.time_is_up(asked, call)

    def _none_free(self, asked: Asked, call: Call) -> None:
        position = 1 + self._wishes.lines.ahead(asked) + self._places.ahead(asked)
        self._wishes.end(asked, call, self._wishes.refusals.none_free(asked, position))
        if not asked.calls and call.wish.wait > 0:
            self._places.keep(asked)

    def _undecided(self, asked: Asked) -> bool:
        """Whether a PPA may still turn out to be free for it: none-free is said of what Launchpad answered only, and
        not while a free one waits for those who are searched for.
        """
        if self._office.crew.shelf.count(asked.wish.pool) and self._wishes.lets_go_first(asked):
            return True
        return self._tracing.undecided(asked) or any(asked.wish.ppa in (None, ppa) for ppa in self._asked_for(asked))

    def _asked_for(self, asked: Asked) -> list[Reference]:
        """PPAs of its pool that are being lent to others, and Launchpad has not answered yet."""
        members = (self._office.crew.get(ppa) for ppa in self._office.crew.shelf.bound)
        pool = [m for m in members if m is not None and m.pool == asked.wish.pool]
        return [m.worker.ppa for m in pool if free_for_anyone(m.snapshot)]
