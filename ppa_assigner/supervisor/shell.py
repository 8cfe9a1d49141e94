"""What stands around the machine: the lock, the clock, the lots, the timer's thread, the futures of the calls.

Rule: decide under the lock, act outside it.  What goes into workers' mailboxes never waits, and goes there under the
lock: so each PPA's worker is told in the order of the decisions.  All else, also answers that wake other threads, is
done once the lock is released.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any, Protocol

from ..clock import LaunchpadClock
from ..journal import about
from ..problems import Problem
from ..views import AssignRequest, LeaseView
from .core import Core
from .events import (
    AnswerCall,
    Effect,
    Event,
    Failed,
    Instant,
    LetGo,
    NotStarted,
    Refuse,
    Say,
    Send,
    Start,
    Started,
    TimePassed,
)
from .keys import CallId
from .machine import handle, wake
from .timer import Timer

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False, slots=True)
class Call:
    """An assign that waits for its answer, on one connection."""

    number: CallId
    wish: AssignRequest
    future: Future[LeaseView]


class Hands(Protocol):
    """What carries out what is no answer and no line of the log."""

    def send(self, effect: Send) -> None:
        """Under the lock, without waiting."""

    def start_worker(self, effect: Start) -> Started | NotStarted:
        """Under the lock, without waiting."""

    def let_go(self, effect: LetGo) -> None:
        """Under the lock, without waiting."""

    def other(self, effect: Effect) -> None:
        """Any other, without the lock."""


class Shell:
    """Safe for threads.  `draw` draws a number by lot that nobody can guess."""

    def __init__(self, core: Core, clock: LaunchpadClock, draw: Callable[[], int], hands: Hands) -> None:
        self.core, self.clock = core, clock
        self.timer = Timer(clock.boot, self.tick)
        self._draw, self._hands = draw, hands
        self._lock = threading.Lock()
        self._futures: dict[CallId, Future[Any]] = {}
        self._numbers = count(1)

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
            self.timer.set(wake(self.core))
        wrong: Exception | None = None
        for effect in effects:
            match effect:
                case AnswerCall(call, result):
                    self._answer(call, result)
                case Refuse(_, problem):
                    wrong = problem
                case Failed(what, error) if what is event:
                    wrong = error
                case _:
                    _try(self._carry_out, effect)
        if wrong is not None:
            raise wrong
        return effects

    def hear(self, event: Event) -> None:
        """As `do`, for what is told by those who must not die of a bug here."""
        _try(self.do, event)

    def tick(self) -> None:
        """Have done what is due."""
        self.do(TimePassed())

    def open(self) -> tuple[CallId, Future[Any]]:
        """A new call, for which an event is to be done."""
        number, future = CallId(next(self._numbers)), Future[Any]()
        self._futures[number] = future
        return number, future

    def begin(self, number: CallId, event: Event) -> None:
        """Do the event that opens this call.  Raises Problem if it is not taken."""
        try:
            self.do(event)
        except Exception:
            self._futures.pop(number, None)
            raise

    def call(self, event: Callable[[CallId], Event]) -> Future[Any]:
        """Open a call with this event.  Raises Problem if it is not taken."""
        number, future = self.open()
        self.begin(number, event(number))
        return future

    def _handled(self, event: Event) -> list[Effect]:
        events, effects = deque((event,)), list[Effect]()
        while events:
            for effect in handle(self.core, events.popleft(), self._instant()):
                match effect:
                    case Send():
                        self._hands.send(effect)
                    case Start():
                        events.append(self._hands.start_worker(effect))
                    case LetGo():
                        self._hands.let_go(effect)
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
            case _:
                self._hands.other(effect)


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
