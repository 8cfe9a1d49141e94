"""One call about a lease or a PPA that exists, from its coming until its future ends.

Rule: it ends within its deadline.  That something is unknown is said only after a look that began after the call came
and that saw every PPA; until then it waits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from functools import partial
from typing import Any, Generic, TypeVar

from ..access import Caller
from ..automaton.events import Command, Denied, Outcome, Refusal
from ..backoff import RETRY_AFTER_S, SEARCH_AGAIN_S
from ..problems import Kind, Problem
from ..record import Record
from ..reference import Reference
from .line import settle
from .looking import Failures
from .office import Office
from .sight import unseen

T = TypeVar("T")
Make = Callable[[int, float], Command]
"""Makes a command from its token and its deadline."""
Names = Callable[[Record], bool]
"""Whether a record is of what is looked for."""

KINDS = {Refusal.OVER: Kind.LEASE_OVER, Refusal.INVALID: Kind.INVALID, Refusal.WRONG_STATE: Kind.WRONG_STATE}
LATE = "Launchpad did not answer in time; asking again is safe"


class Order(Generic[T]):
    """`translate` turns a PPA and a good outcome into the result.  Methods are called under the office's lock."""

    def __init__(self, office: Office, translate: Callable[[Reference, Outcome], T]) -> None:
        self.future: Future[T] = Future()
        self.deadline = office.clock.boot() + office.total
        self._office = office
        self._translate = translate
        self.facts: Callable[[], Mapping[str, Any]] = dict
        """What is said beside a 503, as it is when that is said."""
        self.unseen = ""
        """What is said beside that not every PPA could be looked at."""
        self.doubt = office.total
        """How long it waits for the end of a doubt, in seconds."""
        self._elsewhere: Callable[[], None] | None = None
        self._ended = False
        self._outage = LATE
        self._timed = office.at(self.deadline, self._late)
        office.open[id(self)] = self._late
        if office.stopping:
            self.end(Problem(Kind.UNAVAILABLE, "the daemon is being stopped", retry_after=1.0))

    @property
    def over(self) -> bool:
        """Whether the call is answered."""
        return self._ended

    def over_for(self, seconds: float) -> bool:
        """Whether the call is answered, and its deadline over for so long, or the daemon is being stopped."""
        late = self._office.stopping or not seconds or self._office.clock.boot() >= self.deadline + seconds
        return self._ended and late

    def within(self, seconds: float) -> None:
        """Answer by then, if that is earlier: what was begun goes on."""
        end = min(self.deadline, self._office.clock.boot() + seconds)
        if not self._ended and end < self.deadline:
            self._office.timer.cancel(self._timed)
            self._timed = self._office.at(end, self._late)

    def end(self, result: T | Problem) -> None:
        """The call is answered; later answers to it are dropped."""
        if not self._ended:
            self._ended = True
            if isinstance(result, Problem) and result.kind is Kind.UNAVAILABLE:
                result.facts = {**result.facts, **self.facts()}
            self._office.timer.cancel(self._timed)
            del self._office.open[id(self)]
            self._office.later(partial(settle, self.future, result))

    def send(self, ppa: Reference, make: Make) -> None:
        """Have the PPA's worker do it."""
        if not self._ended:
            self._office.order(ppa, lambda token: make(token, self.deadline), partial(self._outcome, ppa))

    def search(self, found: Callable[[], bool], names: Names, missing: T | Problem) -> None:
        """Try `found` on what is known, else again after fresh looks, until one saw every PPA where that may be which
        `names` tells: then it is `missing`.
        """
        if not self._ended and not found():
            self._look(found, names, missing)

    def with_lease(self, lease: str, caller: Caller | None, go: Callable[[Reference, Record], None]) -> Future[T]:
        """`go` on with the PPA that has the lease, if the caller may."""
        missing = Problem(Kind.UNKNOWN_LEASE, f"no PPA holds or remembers the lease {lease!r}")

        def found() -> bool:
            holding = self._office.crew.with_lease(lease)
            if holding is None:
                return self._cannot_tell(lease)
            ppa, record = holding
            if caller is not None and not caller.may_end(record):
                self.end(Problem(Kind.FORBIDDEN, "this lease is not yours to touch or end"))
            else:
                go(ppa, record)
            return True

        def names(record: Record) -> bool:
            return record.lease == lease

        def again() -> None:
            self._elsewhere = lambda: self.end(missing)
            self._look(found, names, missing)

        self._elsewhere = again
        self.search(found, names, missing)
        return self.future

    def _cannot_tell(self, lease: str) -> bool:
        """A newer daemon's lease is not unknown: a client that releases it must not take it for released."""
        ppa = self._office.crew.behind_newer_record("lease", lease)
        if ppa is not None:
            detail = f"{ppa}: its record is of a version that this daemon does not know, and names this lease"
            self.end(Problem(Kind.UNAVAILABLE, detail, retry_after=RETRY_AFTER_S))
        return ppa is not None

    def _look(self, found: Callable[[], bool], names: Names, missing: T | Problem) -> None:
        if not self._ended:
            self._office.want_look(partial(self._searched, found, names, missing))

    def _searched(self, found: Callable[[], bool], names: Names, missing: T | Problem, failed: Failures) -> None:
        if self._ended or found():
            return
        why = unseen(self._office, failed, names)
        if why is None and self._office.ready:
            self.end(missing)
            return
        why = f"{why or self._office.trouble or 'not looked yet'}{self.unseen}"
        self._outage = f"not every PPA could be looked at: {why}"
        self._office.at(self._office.clock.boot() + SEARCH_AGAIN_S, partial(self._look, found, names, missing))

    def _outcome(self, ppa: Reference, outcome: Outcome) -> None:
        match outcome:
            case Denied(Refusal.IN_DOUBT):
                self.within(self.doubt)
            case Denied(Refusal.ELSEWHERE) if self._elsewhere is not None:
                self._elsewhere()
            case Denied(why, detail):
                self.end(self._problem(ppa, why, detail))
            case _:
                self.end(self._translate(ppa, outcome))

    def _problem(self, ppa: Reference, why: Refusal, detail: str) -> Problem:
        if why is Refusal.OVER:
            return Problem(Kind.LEASE_OVER, f"the lease of {ppa} is over" + (f": {detail}" if detail else ""))
        if why is Refusal.ELSEWHERE:
            return Problem(Kind.WRONG_STATE, f"{ppa} does not hold this lease" + (f": {detail}" if detail else ""))
        if why in KINDS:
            return Problem(KINDS[why], detail if why is Refusal.INVALID else f"{ppa}: {detail}")
        return Problem(
            Kind.UNAVAILABLE, f"{ppa}: {detail or 'Launchpad did not answer'}", retry_after=RETRY_AFTER_S
        )  # fmt: skip

    def _late(self) -> None:
        self.end(Problem(Kind.UNAVAILABLE, self._outage, retry_after=RETRY_AFTER_S))
