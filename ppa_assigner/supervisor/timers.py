"""What waits, as values in the state: steps for a moment, and those that asked for a round of looks for its end.

Rule: plain data; to add a step and to cancel one costs no walk, and the shell asks when the next is due.  A look that
somebody waits for began after he asked; one look serves all who asked before it began.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from operator import itemgetter

from ..reference import Reference
from .requests import TimerId

SWEEP_FROM = 1024  # fewer cancelled ones than that are not worth a sweep


@dataclass(slots=True)
class Timers:
    """Steps by the boot time at which they are due; those of one moment in the order in which they were added."""

    _steps: dict[TimerId, tuple[float, object]] = field(default_factory=dict)
    _heap: list[tuple[float, TimerId]] = field(default_factory=list, compare=False)
    _last: int = 0
    next: float | None = field(default=None, compare=False)
    """When the next one is due (boot time); None: none is waiting."""

    def __len__(self) -> int:
        return len(self._steps)

    @property
    def kept(self) -> int:
        """How many are kept in mind, cancelled ones that are not swept yet included."""
        return len(self._heap)

    def at(self, moment: float, step: object) -> TimerId:
        """Have this step taken once the boot-time clock shows `moment` (seconds)."""
        self._last += 1
        timer = TimerId(self._last)
        self._steps[timer] = (moment, step)
        heapq.heappush(self._heap, (moment, timer))
        self.next = self._heap[0][0]
        return timer

    def cancel(self, timer: TimerId | None) -> None:
        """Take that step no more, and keep nothing that it holds."""
        if timer is None or self._steps.pop(timer, None) is None:
            return
        if len(self._heap) >= SWEEP_FROM + 2 * len(self._steps):
            self._heap = [(moment, kept) for kept, (moment, _) in self._steps.items()]
            heapq.heapify(self._heap)
        self._sweep()

    def pop(self, boot: float) -> object | None:
        """The first step that is due by then, taken out; None: there is none."""
        if (moment := self.next) is None or moment > boot:
            return None
        _, step = self._steps.pop(heapq.heappop(self._heap)[1])
        self._sweep()
        return step

    def _sweep(self) -> None:
        """Cancelled ones are not the next."""
        while self._heap and self._heap[0][1] not in self._steps:
            heapq.heappop(self._heap)
        self.next = self._heap[0][0] if self._heap else None

    def waiting(self) -> list[tuple[float, object]]:
        """All that wait, the first one first."""
        return [(moment, step) for (moment, _), step in sorted(((m, t), s) for t, (m, s) in self._steps.items())]


# -- rounds of looks ---------------------------------------------------------------------------------------------------


Failures = Mapping[Reference, str]


@dataclass(slots=True)
class PollRound:
    """A round that is under way: the PPAs that it waits for, and those that could not be looked at."""

    pending: set[Reference]
    failed: dict[Reference, str] = field(default_factory=dict)


@dataclass(slots=True)
class Rounds:
    """All rounds under way, by number.  Who waits for one is a value that says what the end of the round is for."""

    begun: int = 0
    _rounds: dict[int, PollRound] = field(default_factory=dict)
    _waiting: dict[int, list[object]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._rounds)

    @property
    def next(self) -> int:
        """The number of the round that begins next: the first that began after now."""
        return self.begun + 1

    @property
    def latest(self) -> int:
        """The number of the round that is under way, or else of the next."""
        return self.begun if self.begun in self._rounds else self.next

    @property
    def awaited(self) -> int:
        """How many wait for the end of a round."""
        return sum(map(len, self._waiting.values()))

    def under_way(self) -> list[tuple[int, PollRound]]:
        """The rounds that are not over, by number."""
        return sorted(self._rounds.items(), key=itemgetter(0))

    def waiting(self) -> list[tuple[int, list[object]]]:
        """What waits for each round, by its number."""
        return sorted(self._waiting.items(), key=itemgetter(0))

    def wait(self, number: int, waits: object) -> None:
        """Have that value given back once that round is over."""
        self._waiting.setdefault(number, []).append(waits)

    def begin(self, ppas: Collection[Reference]) -> int:
        """Begin the next round."""
        self.begun += 1
        self._rounds[self.begun] = PollRound(set(ppas))
        return self.begun

    def add(self, ppa: Reference, number: int) -> None:
        """A round that is under way waits for this PPA too."""
        if number in self._rounds:
            self._rounds[number].pending.add(ppa)

    def done(self, ppa: Reference, number: int, reason: str | None) -> tuple[Failures, list[object]] | None:
        """One PPA is known as of that round, or not.  As `over`."""
        round_ = self._rounds.get(number)
        if round_ is None:
            return None
        round_.pending.discard(ppa)
        if reason is not None:
            round_.failed[ppa] = reason
        return self.over(number)

    def over(self, number: int) -> tuple[Failures, list[object]] | None:
        """If nothing of that round is pending: what failed in it, and those that waited for it, in their order."""
        round_ = self._rounds.get(number)
        if round_ is None or round_.pending:
            return None
        del self._rounds[number]
        return round_.failed, [w for n in sorted(self._waiting) if n <= number for w in self._waiting.pop(n)]

    def pending(self, ppa: Reference) -> list[int]:
        """The rounds that wait for this PPA."""
        return [number for number, round_ in self._rounds.items() if ppa in round_.pending]
