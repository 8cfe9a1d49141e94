"""The workers of the PPAs that are served: their threads, found by name.

Rule: it carries out what is decided, and is called by who holds the lock; nothing here waits.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import replace

from ..automaton import WorkerState
from ..clock import LaunchpadClock
from ..port import Launchpad
from ..reference import Reference
from ..worker import Listener, Worker
from .events import LetGo, NotStarted, Send, Start, Started

MakeWorker = Callable[[WorkerState, Launchpad, LaunchpadClock, Listener], Worker]
"""Makes a worker that does not run yet."""


class WorkerThreads:
    """`listener` is told what the workers report."""

    def __init__(self, launchpad: Launchpad, clock: LaunchpadClock, listener: Listener, make: MakeWorker) -> None:
        self._launchpad, self._clock, self._listener, self._make = launchpad, clock, listener, make
        self._workers: dict[Reference, Worker] = {}

    def __iter__(self) -> Iterator[Worker]:
        return iter(list(self._workers.values()))

    def get(self, ppa: Reference) -> Worker | None:
        """The worker of this PPA, or the last one that it had."""
        return self._workers.get(ppa)

    def send(self, effect: Send) -> None:
        """Into its mailbox."""
        if (worker := self._workers.get(effect.ppa)) is not None:
            worker.tell(effect.event)

    def start(self, effect: Start) -> Started | NotStarted:
        """A worker with a seed of its own: what it draws nobody else does."""
        known = replace(effect.known, seed=secrets.token_hex(16))
        before = self._workers.get(known.ppa)
        try:
            worker = self._workers[known.ppa] = self._make(known, self._launchpad, self._clock, self._listener)
            worker.start()
        except Exception as error:
            if before is not None:
                self._workers[known.ppa] = before
            return NotStarted(known, str(error))
        return Started(known.ppa, known.seed)

    def let_go(self, effect: LetGo) -> None:
        """Its thread ends after the request that is under way."""
        if (worker := self._workers.pop(effect.ppa, None)) is not None:
            worker.stop()
