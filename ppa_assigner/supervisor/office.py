"""What the supervisor's parts share: the lock, the clock, the workers, who waits for which answer.

Rule: decide under the lock, act outside it.  `deciding()` holds it; what is handed to `later` (answers that wake
other threads) is done once it is released.  Putting an event in a worker's mailbox never waits: that is done inside.
No outcome comes back while the command is being given: nobody is called in the middle of a decision.
"""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import count

from ..automaton.events import Abandoned, Command, Denied, Outcome, Refusal
from ..clock import LaunchpadClock
from ..reference import Reference
from .crew import Crew
from .looking import Failures, Rounds
from .releases import Releases
from .spent import Spent
from .ticket import TicketOffice
from .timer import Timed, Timer

log = logging.getLogger(__name__)

OnOutcome = Callable[[Outcome], None]

_NEXT_S = 1e-6  # apart as little as a float of seconds since 1970 can tell, and a ticket can say


class Office:
    """Shared by Supervisor, Assigning and Ordering; `total` is how long a call may take beyond its `wait`, seconds."""

    def __init__(self, clock: LaunchpadClock, tickets: TicketOffice, rng: random.Random, total: float) -> None:
        self.clock = clock
        self.tickets = tickets
        self.rng = rng
        self.total = total
        self.timer = Timer(clock.boot)
        self.spent = Spent(clock.boot, self.arrival)
        self.releases = Releases(self)
        self.crew = Crew()
        self.rounds = Rounds()
        self.ready = False
        self.trouble: str | None = "the first look at the PPAs is not over"
        self.stopping = False
        self.open: dict[int, Callable[[], None]] = {}
        """How to end each call that has no answer yet."""
        self.look_now: Callable[[], None] = lambda: None
        self._lock = threading.RLock()
        self._depth = 0
        self._soon: list[Callable[[], None]] = []
        self._after: list[Callable[[], None]] = []
        self._tokens = count(1)
        self._came = 0.0
        self._expected: dict[int, tuple[Reference, OnOutcome]] = {}

    @contextmanager
    def deciding(self) -> Iterator[None]:
        """Hold the lock; afterwards do what was put off, whatever came in between."""
        acts: list[Callable[[], None]] = []
        try:
            with self._lock:
                self._depth += 1
                try:
                    yield
                    self._decide_the_rest()
                finally:
                    self._depth -= 1
                    if self._depth == 0:
                        acts, self._after = self._after, []
        finally:
            for act in acts:
                _do(act, "an answer could not be handed over")

    @contextmanager
    def hearing(self) -> Iterator[None]:
        """As `deciding`, for what a worker tells: a bug of those who listen is not the worker's death."""
        try:
            with self.deciding():
                yield
        except Exception:
            log.exception("what a worker told could not be handled")

    def each(self, calls: Iterable[Callable[[], None]]) -> None:
        """Make these calls, each of which somebody waits for: one that fails keeps none of the others from him."""
        for call in calls:
            _do(call, "what was told could not be handled")

    def soon(self, call: Callable[[], None]) -> None:
        """Decide this too before the lock is released, when all that is decided now stands."""
        self._soon.append(call)

    def later(self, act: Callable[[], None]) -> None:
        """Do this once the lock is released."""
        self._after.append(act)

    def at(self, moment: float, call: Callable[[], None]) -> Timed:
        """Decide something when the boot-time clock shows `moment`."""
        return self.timer.at(moment, partial(self._decide, call))

    def order(self, ppa: Reference, command: Callable[[int], Command], on: OnOutcome) -> int:
        """Give a worker a command; `on` gets each outcome, under the lock, later.  Its token."""
        member, token = self.crew.get(ppa), next(self._tokens)
        if member is None:
            self.at(self.clock.boot(), partial(on, Denied(Refusal.ELSEWHERE, "it is no longer served")))
        elif member.down is not None:
            self.at(self.clock.boot(), partial(on, Denied(Refusal.OUTAGE, member.down)))
        else:
            self._expected[token] = (ppa, on)
            member.worker.tell(command(token))
        return token

    def abandon(self, token: int) -> None:
        """Nobody waits for what that command searches: its outcome may come at once."""
        expected = self._expected.get(token)
        if expected is not None and (member := self.crew.get(expected[0])) is not None:
            member.worker.tell(Abandoned(token))

    def arrival(self) -> float:
        """Now, by Launchpad's clock in seconds since 1970, and later than whatever this gave before.

        That clock is read from answers in whole seconds, so it goes back by up to one when the best is forgotten; who
        came later must be behind all the same, also by the tickets, and at the next daemon.
        """
        self._came = max(self.clock.epoch(), self._came + _NEXT_S)
        return self._came

    def outcome(self, token: int, outcome: Outcome) -> None:
        """A worker's answer.  `IN_DOUBT` is not the last one."""
        last = not (isinstance(outcome, Denied) and outcome.why is Refusal.IN_DOUBT)
        expected = self._expected.pop(token, None) if last else self._expected.get(token)
        if expected is not None:
            expected[1](outcome)

    def expects(self, ppa: Reference) -> bool:
        """Whether this PPA's worker has a command that it has not answered."""
        return any(where == ppa for where, _ in self._expected.values())

    def unanswered(self, ppa: Reference, outcome: Outcome, but: frozenset[int] = frozenset()) -> None:
        """The worker of this PPA died: what it was asked is answered for it, but what its successor knows of."""
        for token in [t for t, (where, _) in self._expected.items() if where == ppa and t not in but]:
            self.outcome(token, outcome)

    def close(self) -> None:
        """End every call that has no answer yet: none will come."""
        for end in list(self.open.values()):
            end()

    def want_look(self, done: Callable[[Failures], None], *, under_way: bool = False) -> None:
        """Call `done`, under the lock, after a round of looks that began after now, or is `under_way`."""
        self.rounds.wait(self.rounds.latest if under_way else self.rounds.next, done)
        self.later(self.look_now)

    def _decide(self, call: Callable[[], None]) -> None:
        with self.deciding():
            call()

    def _decide_the_rest(self) -> None:
        while self._depth == 1 and self._soon:
            _do(self._soon.pop(0), "what follows from a decision could not be handled")


def _do(act: Callable[[], None], failed: str) -> None:
    try:
        act()
    except Exception:
        log.exception(failed)
