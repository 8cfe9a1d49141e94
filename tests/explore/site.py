"""A daemon without threads: the real machine and the real automaton, whose every request waits for the explorer.

Rule: nothing here decides.  A worker's mailbox is emptied as soon as it has no request under way; what is under way
goes on only by a move of the explorer's: its request reaches Launchpad, its answer arrives, or neither.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from math import inf
from typing import Any, cast

from ppa_assigner import automaton
from ppa_assigner.automaton import Daemon, Event, WorkerState
from ppa_assigner.automaton.events import Answered, Outcome, Tick, Transition
from ppa_assigner.automaton.requests import Create, Request
from ppa_assigner.clock import LaunchpadClock
from ppa_assigner.config import Settings
from ppa_assigner.port import Launchpad, Look as Listing, Unavailable
from ppa_assigner.problems import Problem
from ppa_assigner.reference import Reference
from ppa_assigner.supervisor import events as ev
from ppa_assigner.supervisor.core import Core
from ppa_assigner.supervisor.machine import handle, wake
from ppa_assigner.supervisor.names import NameReader, NamesFound
from ppa_assigner.supervisor.poller import told_of
from ppa_assigner.supervisor.requests import CallId
from ppa_assigner.supervisor.tickets import TicketOffice
from ppa_assigner.views import AssignRequest, Cleaning, LeaseView, Snapshot
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

    def copy(self, site: Site) -> Shell:
        """One that goes its own way at this daemon."""
        new = object.__new__(Shell)
        vars(new).update(vars(self))
        new.move_to(site)
        return new

    def move_to(self, site: Site) -> None:
        """It works for this daemon from now on, with a mailbox of its own."""
        self._listener, self._clock, self.mail = site, site.clock, Mailbox(self.mail)
        self._mailbox = cast("Any", self.mail)

    @property
    def idle(self) -> bool:
        """Whether no request is under way."""
        return self.ask is None and self.answer is None

    def handle(self, event: Event) -> None:
        """As Worker.turn, up to the request that it leads to."""
        self._known, effects = automaton.step(self._known, event, self._clock.now())
        self._publish()
        self.ask = self._carry_out(effects)
        stage = cast("Stage", self._launchpad)
        if isinstance(self.ask, Create) and not stage.world.scene.slow:  # what was read is so now
            stage.world.launchpad.judge_name(self.ppa)

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


@dataclass(frozen=True, slots=True)
class Ask:
    """A call of a client: of an assign what it asks for, and its deadline; `answer` once there is one."""

    number: CallId
    wish: AssignRequest | None = None
    deadline: float = inf
    answer: Any = None

    @property
    def done(self) -> bool:
        """Whether it is answered."""
        return self.answer is not None

    @property
    def problem(self) -> Problem | None:
        """What it was told, if that is not what it asked for."""
        return self.answer if isinstance(self.answer, Problem) else None

    @property
    def lent(self) -> LeaseView:
        """The lease that it was answered with."""
        assert isinstance(self.answer, LeaseView)
        return self.answer


class Lot(int):
    """What is drawn by lot: which of several, the explorer says."""

    stage: Stage

    def __mod__(self, count: int) -> int:
        chosen: int = self.stage.choice(range(count))
        return chosen

    def __deepcopy__(self, _: object) -> Lot:
        return self  # a number


@dataclass(eq=False)
class Site:
    """One daemon, from its start to its crash, with the connections of its clients (by their number)."""

    name: str
    generation: int
    every: float
    stage: Stage
    core: Core = field(init=False)
    clock: LaunchpadClock = field(init=False)
    shells: dict[Reference, Shell] = field(init=False, default_factory=dict)
    form: tuple[float, Any] | None = None
    lies: bool = False
    names: NameReader = field(init=False)
    looking: ev.Poll | None = None
    seen: Any = None
    wanted: bool = True
    next_look: float = 0.0
    asked: int = 0
    calls: dict[int, Ask] = field(default_factory=dict)
    deserted: list[Ask] = field(default_factory=list)
    releases: dict[int, Ask] = field(default_factory=dict)

    def start(self, settings: Settings, *, told: bool, lies: bool) -> None:
        """A blind start: it knows nothing yet, but (`told`) the time.  Where nobody `lies`, no alarm is right."""
        self.lies, stage = lies, self.stage
        alarm = _unsaid if lies else stage.wrong.append
        self.clock = LaunchpadClock(stage.boot, alarm, host=stage.host, alone_after=inf)
        for ago in (12.0, 6.0, 0.0) if told else ():
            self.clock.observe(stage.world.launchpad.moment(ago))
        daemon, tickets = Daemon(self.name, self.generation, "x"), TicketOffice(b"pool")
        self.core = Core(settings, daemon, tickets, settings.launchpad.total, self._now())
        self.names = NameReader(cast("Launchpad", stage))
        self.do(ev.Configured(settings))
        self.settle()

    def copy(self) -> Site:
        """One that goes its own way from here."""
        new = object.__new__(Site)
        vars(new).update(vars(self))
        new.core, new.clock, new.form = copied(self.core), copied(self.clock), None
        new.shells = {ppa: shell.copy(new) for ppa, shell in self.shells.items()}
        new.calls, new.deserted, new.releases = dict(self.calls), list(self.deserted), dict(self.releases)
        new.names = copy.copy(self.names)
        new.names.gone = set(self.names.gone)
        return new

    # -- the machine ---------------------------------------------------------------------------------------------------

    def do(self, event: ev.Event) -> list[ev.Effect]:
        """Have the machine handle this, and carry out what it says."""
        now = self._now()
        self.stage.told.append((self, event, now))
        effects = handle(self.core, event, now)
        for effect in effects:
            self._carry_out(effect)
        return effects

    def _now(self) -> ev.Instant:
        time, epoch = self.clock.read()
        lot = Lot(self.generation)
        lot.stage = self.stage
        return ev.Instant(time.boot, epoch, time, lot)

    def _carry_out(self, effect: ev.Effect) -> None:
        match effect:
            case ev.Send(ppa, event):
                self.shells[ppa].mail.put(event)
            case ev.Start(known):
                known = replace(known, seed=f"{self.name}{self.generation}/{known.ppa.name}")
                self.shells[known.ppa] = Shell(known, cast("Launchpad", self.stage), self.clock, self)
                self.do(ev.Started(known.ppa, known.seed))
            case ev.LetGo(ppa):
                self.shells.pop(ppa, None)
            case ev.AnswerCall(call, result):
                self._answered(call, result)
            case ev.LookSoon():
                self.wanted = True
            case ev.Failed(what, error):
                self.stage.wrong.append(f"an exception: {what!r}: {error!r}")

    def _answered(self, call: CallId, result: Any) -> None:
        for asks in (self.calls, self.releases):
            asks.update({n: replace(one, answer=result) for n, one in asks.items() if one.number == call})
        self.deserted = [replace(one, answer=result) if one.number == call else one for one in self.deserted]

    # -- clients -------------------------------------------------------------------------------------------------------

    def number(self) -> CallId:
        """That of a new call."""
        self.asked += 1
        return CallId(self.asked)

    def ask(self, client: int, wish: AssignRequest) -> Problem | None:
        """An assign; the Problem if it is refused at once."""
        number, boot = self.number(), self.stage.boot()
        self.calls[client] = Ask(number, wish, boot + wish.wait + self.core.total)
        refused = [one.problem for one in self.do(ev.Asked(number, wish)) if isinstance(one, ev.Refuse)]
        if refused:
            del self.calls[client]
        return refused[0] if refused else None

    # -- what workers tell (worker.Listener) ---------------------------------------------------------------------------

    def on_snapshot(self, known: WorkerState, snapshot: Snapshot) -> None:
        text = known.entry.description or "" if known.entry is not None and known.text.foreign else None
        self.do(ev.Changed(snapshot, known.heard_at, text, known.entry is not None))

    def on_reply(self, ppa: Reference, token: int, outcome: Outcome) -> None:
        self.do(ev.Replied(ppa, token, outcome))

    def on_round_done(self, ppa: Reference, number: int, reason: str | None) -> None:
        self.do(ev.LookDone(ppa, number, reason))

    def on_lead_wanted(self, ppa: Reference, lead: Reference, nonce: str) -> None:
        self.do(ev.LeadWanted(ppa, lead, nonce))

    def on_transition(self, ppa: Reference, transition: Transition) -> None:
        """Nobody reads it."""

    def on_progress(self, ppa: Reference, cleaning: Cleaning) -> None:
        """Nobody reads it."""

    def on_alarm(self, ppa: Reference, text: str) -> None:
        """Nobody reads it."""

    def on_death(self, ppa: Reference, known: WorkerState, error: BaseException) -> None:
        raise AssertionError(error)

    # -- time ----------------------------------------------------------------------------------------------------------

    def due(self) -> float:
        """When time brings something to this daemon."""
        timed, look = wake(self.core), self.next_look if self.looking is None else inf
        return min(inf if timed is None else timed, look, *(shell.due() for shell in self.shells.values()))

    def settle(self) -> None:
        """Do all that needs no Launchpad."""
        for _ in range(TURNS_MAX):
            if not self._turn(self.stage.boot()):
                return
        busy = Counter(str(shell.known.operation) for shell in self.shells.values())
        self.stage.wrong.append(f"{self.name} turns and turns: {busy}")

    def _turn(self, boot: float) -> bool:
        while self._is_due(boot):
            self.do(ev.TimePassed())
        self._begin_look(boot)
        for shell in self.shells.values():
            if shell.idle and shell.mail:
                shell.handle(shell.mail.pop(0))
                return True
            if shell.due() <= boot:
                shell.handle(Tick())
                return True
        return self._is_due(boot)

    def _is_due(self, boot: float) -> bool:
        due = wake(self.core)
        return due is not None and due <= boot

    def _begin_look(self, boot: float) -> None:
        if self.looking is None and (self.wanted or self.next_look <= boot):
            self.wanted, self.next_look = False, boot + self.every
            self.looking = next(one for one in self.do(ev.LookBegins()) if isinstance(one, ev.Poll))

    def looked(self, answer: Listing | Unavailable | None) -> None:
        """The listing that was asked for is this; None: it is read now."""
        assert self.looking is not None
        poll, self.looking, self.seen = self.looking, None, None
        listing = answer if answer is not None else self.stage.world.launchpad.look("team")
        if isinstance(listing, Listing):
            for moment in {entry.moment.started: entry.moment for entry in listing.entries.values()}.values():
                self.clock.observe(moment)
        ppas = dict.fromkeys(poll.ppas)
        for owner, ranges in poll.ranges.items():
            listing, found = self._find_names(owner, ranges, poll, listing)
            ppas |= dict.fromkeys(sorted(found))
        for ppa in ppas:
            self.do(ev.LookSaw(ppa, told_of(listing, ppa, poll.number)))

    def _find_names(
        self, owner: str, ranges: tuple[tuple[Reference, ...], ...], poll: ev.Poll, listing: Any
    ) -> tuple[Any, Collection[Reference]]:
        """As the poller does: which names of growing pools there are."""
        found = self.names.find(listing, ranges, poll.ppas, listed=True) if isinstance(listing, Listing) else listing
        if not isinstance(found, NamesFound):
            self.do(ev.NamesSeen(owner, poll.number, None, found.reason))
            return listing, ()
        self.do(ev.NamesSeen(owner, poll.number, found))
        return replace(listing, entries={**found.entries, **listing.entries}), found.present
