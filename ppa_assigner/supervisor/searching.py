"""Does a request have a lease already?  Memory tells for a first attempt, else only a fresh look does.

Invariant: what is found out for an attempt rests on a look that began after that attempt came, and that saw every PPA
where the lease might be: that it was not seen does not mean that it is not there
(docs/explanation/protocol.md#attempts).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from ..backoff import SEARCH_AGAIN_S, SEARCH_TURN_S
from .keys import key_in
from .line import Asked, Stage
from .looking import Failures
from .office import Office
from .sight import unseen
from .wishes import Wishes

NEWER = "{}: its record is of a version that this daemon does not know, and names this request"


class Searching:
    """Every method is called under the office's lock.  `found_out` goes on with a wish that was searched for;
    `turn_is_over` lets those of a pool go on who waited behind one whose search takes long.
    """

    def __init__(
        self,
        office: Office,
        wishes: Wishes,
        found_out: Callable[[Asked], None],
        turn_is_over: Callable[[str], None],
    ) -> None:
        self._office, self._wishes = office, wishes
        self._found_out, self._turn_is_over = found_out, turn_is_over

    def begin(self, asked: Asked) -> None:
        """Search, and go on once that is done; the calls whose wait is over meanwhile are told that it failed."""
        if asked.stage is not Stage.SEARCHING or asked.search == 0:
            asked.search_since = self._office.clock.boot()
        asked.bound, asked.search = None, asked.search + 1
        self._wishes.put(asked, Stage.SEARCHING)
        if asked.attempt == 0 and self._office.ready:
            self._done(asked)
        else:
            self._office.at(asked.search_since + SEARCH_TURN_S, partial(self._turn_is_over, asked.wish.pool))
            done = partial(self._looked, asked, asked.search)
            self._office.want_look(done, under_way=asked.attempt == 0)

    def _done(self, asked: Asked) -> None:
        asked.searched, asked.outage = asked.attempt, None
        self._found_out(asked)

    def _looked(self, asked: Asked, search: int, failed: Failures) -> None:
        """Only the look that was asked for last counts: an earlier one began before the attempt was raised."""
        if asked.search != search or not self._wishes.is_current(asked, Stage.SEARCHING):
            return
        why_not = self._why_not(asked, failed)
        if why_not is None:
            # All who waited for this look are in the line again before the first of them is served.
            asked.searched, asked.outage = asked.attempt, None
            self._wishes.put(asked, Stage.WAITING)
            self._office.soon(partial(self._found, asked, search))
            return
        asked.outage = why_not
        boot = self._office.clock.boot()
        self._office.at(boot + SEARCH_AGAIN_S, partial(self._again, asked, search))
        for call in [call for call in asked.calls if self._office.ready and call.until <= boot]:
            self._wishes.end(asked, call, self._wishes.refusals.unavailable(asked, why_not))

    def _found(self, asked: Asked, search: int) -> None:
        if asked.search == search and self._wishes.is_current(asked, Stage.WAITING):
            self._found_out(asked)

    def _again(self, asked: Asked, search: int) -> None:
        if asked.search == search and self._wishes.is_current(asked, Stage.SEARCHING):
            self.begin(asked)

    def _why_not(self, asked: Asked, failed: Failures) -> str | None:
        if not self._office.ready:
            return self._office.trouble or "the first look at the PPAs is not over"
        if asked.attempt == 0:
            return None
        concerns = partial(self._office.crew.concerns, pool=asked.wish.pool)
        if (why := unseen(self._office, failed, lambda record: key_in(record) == asked.key, concerns)) is not None:
            return why
        newer = self._office.crew.behind_newer_request(asked.key)
        return None if newer is None else NEWER.format(newer)
