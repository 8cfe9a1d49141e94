"""What stands around the machine: the lock, the clock, the lots, the timer's thread, the futures of the calls, and what
workers are told and tell.

Rule: decide under the lock, act outside it.  What goes into workers' mailboxes never waits, and goes there under the
lock: so each PPA's worker is told in the order of the decisions.  All else, also answers that wake other threads, is
done once the lock is released.
"""

from __future__ import annotations

import logging
import secrets
import threading
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count
from math import inf
from typing import Any

from ..automaton import WorkerState
from ..automaton.events import Outcome, Transition
from ..clock import LaunchpadClock
from ..journal import about
from ..port import Launchpad
from ..problems import Problem
from ..reference import Reference
from ..views import AssignRequest, Cleaning, LeaseView, Snapshot
from ..worker import Listener, Worker
from .core import Core
from .event_log import EventWriter
from .events import (
    AnswerCall,
    Changed,
    Died,
    Effect,
    Event,
    Failed,
    Instant,
    LeadWanted,
    LetGo,
    LookBegins,
    LookDone,
    LookEvent,
    LookSaw,
    LookSoon,
    NamesSeen,
    Note,
    NotStarted,
    Poll,
    Refuse,
    Replied,
    Say,
    Send,
    Start,
    Started,
    TimePassed,
)
from .machine import handle
from .requests import CallId

MakeWorker = Callable[[WorkerState, Launchpad, LaunchpadClock, Listener], Worker]
"""Makes a worker that does not run yet."""


class WorkerThreads:
    """The threads of the PPAs that are served, each with the worker that it has now."""

    def __init__(self, launchpad: Launchpad, clock: LaunchpadClock, make: MakeWorker) -> None:
        self._launchpad, self._clock, self._make = launchpad, clock, make
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

    def start(self, effect: Start, listener: Listener) -> Started | NotStarted:
        """A worker with a seed of its own: what it draws nobody else does.  `listener` is told what it reports."""
        known = replace(effect.known, seed=secrets.token_hex(16))
        before = self._workers.get(known.ppa)
        try:
            worker = self._workers[known.ppa] = self._make(known, self._launchpad, self._clock, listener)
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


log = logging.getLogger(__name__)

RECHECK_S = 30.0  # a wait does not count the time that the host sleeps, the boot-time clock does


@dataclass(frozen=True, eq=False, slots=True)
class Call:
    """An assign that waits for its answer, on one connection."""

    number: CallId
    wish: AssignRequest
    future: Future[LeaseView]


Handle = Callable[[Core, Event, Instant], list[Effect]]
"""What decides: `machine.handle`, or one that does nothing but that and keeps what was decided."""


class Shell:
    """Safe for threads; the listener of all workers.  `draw` draws a number by lot that nobody can guess; `writer` is
    told, without the lock, what each PPA is now, and which one is served no more.
    """

    def __init__(
        self,
        core: Core,
        clock: LaunchpadClock,
        workers: WorkerThreads,
        writer: EventWriter,
        *,
        draw: Callable[[], int],
        handle: Handle = handle,
    ) -> None:
        self.core, self.clock, self.workers = core, clock, workers
        self.look_soon = threading.Event()
        """Set when a round of looks is wanted."""
        self.timer = Timer(clock.boot, self.tick)
        self._draw, self._writer, self._handle = draw, writer, handle
        self._lock = threading.Lock()
        self._futures: dict[CallId, Future[Any]] = {}
        self._numbers = count(1)
        self._poll: Poll | None = None

    @contextmanager
    def reading(self) -> Iterator[Core]:
        """The state, which does not change meanwhile."""
        with self._lock:
            yield self.core

    def do(self, event: Event) -> list[Effect]:
        """Have this event handled, and what is decided carried out.  Raises the Problem of a call that is not taken,
        or what a bug raised; gives the effects.
        """
        with self._lock:
            effects = self._handled(event)
            self.timer.set(self.core.timers.next)
        wrong: Exception | None = None
        for effect in effects:
            match effect:
                case AnswerCall(call, result):
                    self._answer(call, result)
                case Refuse(problem):
                    wrong = problem
                case Failed(what, error) if what is event:
                    wrong = error
                case _:
                    _try(self._carry_out, effect)
        if wrong is not None:
            raise wrong
        return effects

    def tick(self) -> None:
        """Have the first thing done that is due; others may have a turn before the next one."""
        self.do(TimePassed())

    def catch_up(self) -> None:
        """Have all done that is due by now."""
        while (due := self.core.timers.next) is not None and due <= self.clock.boot():
            self.tick()

    def tend(self) -> None:
        """Have a worker that died and could not even tell so followed by another."""
        with self._lock:
            up = {managed.ppa for managed in self.core.registry if managed.down is None}
        for worker in self.workers:
            if worker.ppa in up and worker.gone:
                self.do(Died(worker.known, "its thread ended"))

    def begin_round(self) -> tuple[int, Collection[Reference]]:
        """The number of the round of looks that begins now, and what to look at."""
        self.tend()
        self._poll = next(iter(of(Poll, self.do(LookBegins()))))
        return self._poll.number, self._poll.ppas

    def plan(self, number: int) -> Poll | None:
        """What else that round looks at, if it is the one that began last."""
        return self._poll if self._poll is not None and self._poll.number == number else None

    def saw_names(self, event: NamesSeen) -> None:
        """What a look saw of the names of growing pools."""
        self.do(event)

    def saw(self, ppa: Reference, look: LookEvent) -> None:
        """What a look saw of a PPA."""
        self.do(LookSaw(ppa, look))

    def open(self) -> tuple[CallId, Future[Any]]:
        """A new call, for which an event is to be done."""
        number, future = CallId(next(self._numbers)), Future[Any]()
        self._futures[number] = future
        return number, future

    def ask(self, kind: Callable[..., Event], *about: object) -> tuple[CallId, Future[Any]]:
        """Open a call by an event of this kind, about that.  Raises Problem if it is not taken."""
        number, future = self.open()
        self.begin(number, kind(number, *about))
        return number, future

    def begin(self, number: CallId, event: Event) -> None:
        """Do the event that opens this call.  Raises Problem if it is not taken."""
        try:
            self.do(event)
        except Exception:
            self._futures.pop(number, None)
            raise

    def leave(self, number: CallId, event: Event) -> None:
        """Do the event that ends this call without an answer: nobody waits for one."""
        self._futures.pop(number, None)
        self.do(event)

    def call(self, kind: Callable[..., Event], *about: object) -> Future[Any]:
        """As `ask`, for who does not need its number."""
        return self.ask(kind, *about)[1]

    # -- what workers tell (worker.Listener): no bug in here is a worker's death ---------------------------------------

    def on_snapshot(self, known: WorkerState, snapshot: Snapshot) -> None:
        """A PPA is now this."""
        text = known.entry.description or "" if known.entry is not None and known.text.foreign else None
        _try(self.do, Changed(snapshot, known.heard_at, text, known.entry is not None))

    def on_reply(self, ppa: Reference, token: int, outcome: Outcome) -> None:
        """A worker's answer to a command."""
        _try(self.do, Replied(ppa, token, outcome))

    def on_round_done(self, ppa: Reference, number: int, reason: str | None) -> None:
        """A PPA is known as of that round of looks, or is not."""
        _try(self.do, LookDone(ppa, number, reason))

    def on_transition(self, ppa: Reference, transition: Transition) -> None:
        """A record went from one state or lease to another."""
        _try(self._writer.moved, ppa, transition)

    def on_progress(self, ppa: Reference, cleaning: Cleaning) -> None:
        """A clean does, or waits for, something else than before."""
        _try(self._writer.progressed, ppa, cleaning)

    def on_lead_wanted(self, ppa: Reference, lead: Reference, nonce: str) -> None:
        """A worker has to know what the record of its lead is."""
        _try(self.do, LeadWanted(ppa, lead, nonce))

    def on_alarm(self, ppa: Reference, text: str) -> None:
        """A person should look at this."""
        _try(self._writer.alarmed, ppa, text)

    def on_death(self, ppa: Reference, known: WorkerState, error: BaseException) -> None:
        """A worker ended of a bug: another takes over what it knew, and the requests bound to an unknown outcome."""
        worker = self.workers.get(ppa)
        if worker is not None and worker.known is known:
            _try(self.do, Died(known, type(error).__name__))

    # -- inside --------------------------------------------------------------------------------------------------------

    def _handled(self, event: Event) -> list[Effect]:
        events, effects = deque((event,)), list[Effect]()
        while events:
            for effect in self._handle(self.core, events.popleft(), self._instant()):
                match effect:
                    case Send():
                        _try(self.workers.send, effect)
                    case Start():
                        events.append(self.workers.start(effect, self))
                    case LetGo():
                        _try(self.workers.let_go, effect)
                        effects.append(effect)
                    case _:
                        effects.append(effect)
        return effects

    def _instant(self) -> Instant:
        time, epoch = self.clock.read()
        return Instant(time.boot, epoch, time, self._draw())

    def _answer(self, call: CallId, result: Any) -> None:
        if (future := self._futures.pop(call, None)) is not None:
            _try(settle, future, result)

    def _carry_out(self, effect: Effect) -> None:
        match effect:
            case Say(level, text, ppa):
                log.log(level, "%s", text, extra=about(ppa=ppa) if ppa is not None else None)
            case Failed(what, error):
                log.error("%s could not be handled", type(what).__name__, exc_info=error)
            case LookSoon():
                self.look_soon.set()
            case Note(snapshot):
                self._writer.changed(snapshot)
            case LetGo(ppa):
                self._writer.forget(ppa)


class Timer(threading.Thread):
    """`tick` is called, by this thread, when what is due is due; whoever it tells says by `set` what is due next."""

    def __init__(self, boot: Callable[[], float], tick: Callable[[], object]) -> None:
        super().__init__(name="timer", daemon=True)
        self._boot, self._tick = boot, tick
        self._changed = threading.Condition()
        self._due = inf
        self._sleeps_until = inf
        self._stopping = False

    @property
    def late(self) -> float:
        """For how many seconds something has been due: many, when the thread is stuck or gone."""
        due = self._due
        return max(0.0, self._boot() - due) if due < inf and self.ident is not None else 0.0

    def set(self, due: float | None) -> None:
        """The next thing is due at this boot time, or (None) nothing is."""
        with self._changed:  # what it is about to sleep until may not be read before, and stored after, this
            self._due = inf if due is None else due
            if self._due < self._sleeps_until:
                self._sleeps_until = self._due
                self._changed.notify()

    def stop(self) -> None:
        """Tell nothing more, and end."""
        with self._changed:
            self._stopping = True
            self._changed.notify()

    def run(self) -> None:
        """Wait and tell, until stopped."""
        while self._is_due():
            try:
                self._tick()
            except Exception:
                log.exception("what was due could not be done")
                self._due = self._boot() + 1.0

    def _is_due(self) -> bool:
        with self._changed:
            while not self._stopping:
                self._sleeps_until = self._due
                left = self._due - self._boot()
                if left <= 0.0:
                    return True
                self._changed.wait(min(left, RECHECK_S))
        return False


def drawn() -> int:
    """A number that nobody can guess."""
    return secrets.randbits(128)


def settle(future: Future[Any], result: Any) -> None:
    """End a future with a result or a Problem, unless whoever waited for it ended it."""
    if future.done() or not future.set_running_or_notify_cancel():
        return
    if isinstance(result, Problem):
        future.set_exception(result)
    else:
        future.set_result(result)


def of(kind: type[Any], effects: Iterable[Effect]) -> Iterator[Any]:
    """The effects of this kind."""
    return (effect for effect in effects if isinstance(effect, kind))


def _try(act: Callable[..., object], *arguments: Any) -> None:
    try:
        act(*arguments)
    except Exception:
        log.exception("what was decided could not be carried out")
