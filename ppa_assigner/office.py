"""What the supervisor's parts share: the lock, the clock, the workers, who waits for which answer.

Rule: decide under the lock, act outside it.  `deciding()` holds it; what is handed to `later` (answers that wake
other threads) is done once it is released.  Putting an event in a worker's mailbox never waits: that is done inside.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count

from .automaton.events import Command, Denied, No, Outcome
from .clock import LaunchpadClock
from .crew import Crew
from .looking import Failures, Rounds
from .reference import Reference
from .ticket import TicketOffice
from .timer import Timer

OnOutcome = Callable[[Outcome], None]


class Office:
    """Shared by Supervisor, Assigning and Ordering; `total` is how long a call may take beyond its `wait`, seconds."""

    def __init__(self, clock: LaunchpadClock, tickets: TicketOffice, rng: random.Random, total: float) -> None:
        self.clock = clock
        self.tickets = tickets
        self.rng = rng
        self.total = total
        self.timer = Timer(clock.boot)
        self.crew = Crew()
        self.rounds = Rounds()
        self.ready = False
        self.trouble: str | None = "the first look at the PPAs is not over"
        self.stopping = False
        self.look_now: Callable[[], None] = lambda: None
        self._lock = threading.RLock()
        self._depth = 0
        self._after: list[Callable[[], None]] = []
        self._tokens = count(1)
        self._expected: dict[int, tuple[Reference, OnOutcome]] = {}

    @contextmanager
    def deciding(self) -> Iterator[None]:
        """Hold the lock; afterwards do what was put off."""
        acts: list[Callable[[], None]] = []
        with self._lock:
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
                if self._depth == 0:
                    acts, self._after = self._after, []
        for act in acts:
            act()

    def later(self, act: Callable[[], None]) -> None:
        """Do this once the lock is released."""
        self._after.append(act)

    def at(self, moment: float, call: Callable[[], None]) -> None:
        """Decide something when the boot-time clock shows `moment`."""
        self.timer.at(moment, lambda: self._decide(call))

    def order(self, ppa: Reference, command: Callable[[int], Command], on: OnOutcome) -> None:
        """Give a worker a command; `on` gets each outcome, under the lock."""
        member, token = self.crew.get(ppa), next(self._tokens)
        if member is None:
            on(Denied(No.ELSEWHERE, "it is no longer served"))
            return
        self._expected[token] = (ppa, on)
        member.worker.tell(command(token))

    def outcome(self, token: int, outcome: Outcome) -> None:
        """A worker's answer.  `IN_DOUBT` is not the last one."""
        last = not (isinstance(outcome, Denied) and outcome.why is No.IN_DOUBT)
        expected = self._expected.pop(token, None) if last else self._expected.get(token)
        if expected is not None:
            expected[1](outcome)

    def unanswered(self, ppa: Reference, outcome: Outcome, but: frozenset[int] = frozenset()) -> None:
        """The worker of this PPA died: what it was asked is answered for it, but what its successor knows of."""
        for token in [t for t, (where, _) in self._expected.items() if where == ppa and t not in but]:
            self.outcome(token, outcome)

    def want_look(self, done: Callable[[Failures], None]) -> None:
        """Call `done`, under the lock, after a round of looks that began after now."""
        self.rounds.wait(self.rounds.next, done)
        self.later(self.look_now)

    def _decide(self, call: Callable[[], None]) -> None:
        with self.deciding():
            call()
