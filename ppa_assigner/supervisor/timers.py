"""What is to be done at a time: the steps of the supervisor that wait for a moment, in its state.

Rule: plain data; to add and to cancel one costs no walk.  The shell asks when the next is due.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field

from .keys import TimerId

SWEEP_FROM = 1024  # fewer cancelled ones than that are not worth a sweep


@dataclass(slots=True)
class Timers:
    """Steps by the boot time at which they are due; those of one moment in the order in which they were added."""

    _steps: dict[TimerId, tuple[float, object]] = field(default_factory=dict)
    _heap: list[tuple[float, TimerId]] = field(default_factory=list, compare=False)
    _last: int = 0

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
        return timer

    def cancel(self, timer: TimerId | None) -> None:
        """Take that step no more, and keep nothing that it holds."""
        if timer is None or self._steps.pop(timer, None) is None:
            return
        if len(self._heap) >= SWEEP_FROM + 2 * len(self._steps):
            self._heap = [(moment, kept) for kept, (moment, _) in self._steps.items()]
            heapq.heapify(self._heap)

    @property
    def next(self) -> float | None:
        """When the next one is due (boot time); None: none is waiting."""
        while self._heap and self._heap[0][1] not in self._steps:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def pop(self, boot: float) -> object | None:
        """The first step that is due by then, taken out; None: there is none."""
        if (moment := self.next) is None or moment > boot:
            return None
        return self._steps.pop(heapq.heappop(self._heap)[1])[1]

    def waiting(self) -> list[tuple[float, object]]:
        """All that wait, the first one first."""
        return [(moment, step) for (moment, _), step in sorted(((m, t), s) for t, (m, s) in self._steps.items())]
