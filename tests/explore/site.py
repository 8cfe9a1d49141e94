"""A daemon without threads: the real supervisor and the real automaton, whose every request waits for the explorer.

Rule: nothing here decides.  A worker's mailbox is emptied as soon as it has no request under way; what is under way
goes on only by a move of the explorer's: its request reaches Launchpad, its answer arrives, or neither.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Collection
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from math import inf
from typing import Any, cast

from ppa_assigner import automaton
from ppa_assigner.automaton import Daemon, Event, WorkerState
from ppa_assigner.automaton.events import Answered, Tick
from ppa_assigner.automaton.requests import Request
from ppa_assigner.clock import LaunchpadClock
from ppa_assigner.config import Settings
from ppa_assigner.port import Launchpad
from ppa_assigner.reference import Reference
from ppa_assigner.supervisor import Supervisor
from ppa_assigner.supervisor.line import Call
from ppa_assigner.supervisor.ticket import TicketOffice
from ppa_assigner.worker import Listener, Worker, carry_out

from .copying import copied
from .stage import Stage

TURNS_MAX = 300


class Mailbox(list[Event]):
    """A worker's mailbox, in order."""

    def put(self, event: Event) -> None:
        self.append(event)


class Shell(Worker):
    """The real worker but for its thread: one event at a time, and a stop at each request."""

    def __init__(self, known: WorkerState, launchpad: Launchpad, clock: LaunchpadClock, listener: Listener) -> None:
        super().__init__(known, launchpad, clock, listener)
        self.mail = Mailbox()
        self._mailbox = cast("Any", self.mail)
        self.ask: Request | None = None
        self.answer: Any = None
        self.stalled = False

    def start(self) -> None:
        """No thread."""

    def stop(self) -> None:
        """No thread."""

    @property
    def idle(self) -> bool:
        """Whether no request is under way."""
        return self.ask is None and self.answer is None

    def handle(self, event: Event) -> None:
        """As Worker.turn, up to the request that it leads to."""
        self._known, effects = automaton.step(self._known, event, self._clock.now())
        self._publish()
        self.ask = self._carry_out(effects)

    def due(self) -> float:
        """When time brings something; infinity while a request is under way."""
        due = automaton.wake(self._known, self._clock.now()) if self.idle else None
        return inf if due is None else due

    def send(self) -> Any:
        """The request reaches Launchpad, now."""
        ask, self.ask, self.stalled = self.ask, None, False
        assert ask is not None
        return carry_out(ask, self.ppa, self._launchpad, self._clock.boot)

    def hear(self, answer: Any) -> None:
        """The answer arrives."""
        self.ask, self.answer, self.stalled = None, None, False
        self._observe(answer)
        self.handle(Answered(answer))


def _unsaid(_: str) -> None:
    """An alarm that somebody hears."""


@dataclass(eq=False)
class Site:
    """One daemon, from its start to its crash, with the connections of its clients (by their number)."""

    name: str
    generation: int
    every: float
    supervisor: Supervisor = field(init=False)
    shells: dict[Reference, Shell] = field(init=False, default_factory=dict)
    form: tuple[float, Any] | None = None
    lies: bool = False
    looking: tuple[int, Collection[Reference]] | None = None
    seen: Any = None
    wanted: bool = True
    next_look: float = 0.0
    calls: dict[int, Call] = field(default_factory=dict)
    deserted: list[Call] = field(default_factory=list)
    releases: dict[int, Future[Any]] = field(default_factory=dict)

    def start(self, stage: Stage, settings: Settings, *, told: bool, lies: bool) -> None:
        """A blind start: it knows nothing yet, but (`told`) the time.  Where nobody `lies`, no alarm is right."""
        self.lies = lies
        alarm = _unsaid if lies else stage.wrong.append
        clock = LaunchpadClock(stage.boot, alarm, host=stage.host, alone_after=inf)
        for ago in (12.0, 6.0, 0.0) if told else ():
            clock.observe(stage.world.launchpad.moment(ago))
        self.supervisor = Supervisor(
            settings, cast("Launchpad", stage), clock=clock, daemon=Daemon(self.name, self.generation, "x"),
            tickets=TicketOffice(b"pool"), rng=cast("Any", stage), hire=self._hire,
        )  # fmt: skip
        self.supervisor.prepare()
        self.settle(stage)

    def copy(self) -> Site:
        """One that goes its own way from here."""
        new: Site = copied(self)
        new.form = None
        office = new.supervisor._office
        office.open = {id(cast("Any", end).__self__): end for end in office.open.values()}  # calls by their identity
        new.timer._heap[:] = [one for one in new.timer._heap if one.call is not None]  # as the timer's own sweep does
        heapq.heapify(new.timer._heap)
        new.timer._cancelled = 0
        return new

    def _hire(self, known: WorkerState, launchpad: Launchpad, clock: LaunchpadClock, listener: Listener) -> Worker:
        known = replace(known, seed=f"{self.name}{self.generation}/{known.ppa.name}")
        self.shells[known.ppa] = shell = Shell(known, launchpad, clock, listener)
        return shell

    @property
    def timer(self) -> Any:
        """The supervisor's own deadlines."""
        return self.supervisor._office.timer

    def due(self) -> float:
        """When time brings something to this daemon."""
        timed = min((one.moment for one in self.timer._heap if one.call is not None), default=inf)
        look = self.next_look if self.looking is None else inf
        return min(timed, look, *(shell.due() for shell in self.shells.values()))

    def settle(self, stage: Stage) -> None:
        """Do all that needs no Launchpad."""
        for _ in range(TURNS_MAX):
            if not self._turn(stage.boot()):
                return
        busy = Counter(str(shell.known.operation) for shell in self.shells.values())
        stage.wrong.append(f"{self.name} turns and turns: {busy}")

    def _turn(self, boot: float) -> bool:
        self.timer.run_due()
        self._begin_look(boot)
        for shell in self.shells.values():
            if shell.idle and shell.mail:
                shell.handle(shell.mail.pop(0))
                return True
            if shell.due() <= boot:
                shell.handle(Tick())
                return True
        return any(one.call is not None and one.moment <= boot for one in self.timer._heap)

    def _begin_look(self, boot: float) -> None:
        wake = self.supervisor._looker._wake
        self.wanted = self.wanted or wake.is_set()
        wake.clear()
        if self.looking is None and (self.wanted or self.next_look <= boot):
            self.wanted, self.next_look = False, boot + self.every
            self.looking = self.supervisor._looker._begin()

    def looked(self, stage: Stage, answer: Any) -> None:
        """The listing that was asked for is this."""
        assert self.looking is not None
        (number, ppas), self.looking, self.seen = self.looking, None, None
        stage.given = answer
        self.supervisor._looker._look_at("team", list(ppas), number)
        stage.given = None
