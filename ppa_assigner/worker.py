"""One thread per PPA: the shell around the automaton, and the only writer to its PPA.

Rule: it takes one event at a time from its mailbox, lets the automaton decide, carries out what was decided and feeds
the answers back.  It decides nothing itself.  What anybody may see of the PPA is one immutable snapshot.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, assert_never

from . import automaton
from .automaton import Event, Now, WorkerState
from .automaton.events import (
    Alarm,
    Answered,
    AskLead,
    Effect,
    LaunchpadAnswer,
    Outcome,
    Progress,
    Reply,
    Requeue,
    RoundDone,
    Tick,
    Transition,
)
from .automaton.requests import (
    TOO_LATE,
    AddDependency,
    Apply,
    Cancel,
    CheckEnabled,
    Create,
    Delete,
    Grant,
    ListVersions,
    LookForNewContent,
    LookForPublished,
    PastRequest,
    Read,
    ReadDeleted,
    ReadDisk,
    ReadFiles,
    ReadIndexes,
    ReadProcessors,
    ReadRequest,
    ReadSettings,
    Remove,
    RemoveDependency,
    Request,
    Revoke,
    SetFields,
    SetProcessors,
    Survey,
    WasPublished,
    Write,
)
from .automaton.state import Step
from .backoff import WORKER_IDLE_S
from .clock import LaunchpadClock
from .journal import about
from .mailbox import Mailbox
from .port import (
    ActAnswer,
    Lane,
    Launchpad,
    Moment,
    PublishedVersions,
    SourceFiles,
    Unavailable,
    WriteAnswer,
)
from .reference import Reference
from .views import Cleaning, Snapshot

log = logging.getLogger(__name__)


Stepper = Callable[[WorkerState, Event, Now], Step]
"""What decides: `automaton.step`, or one that does nothing but that and keeps what was decided."""


class Listener(Protocol):
    """Receives what a worker reports.  Calls come from the worker's thread; they must be short and must not raise."""

    def on_snapshot(self, known: WorkerState, snapshot: Snapshot) -> None:
        """The snapshot of the PPA, of which this is `known`, changed, or the owner of its lease was heard."""

    def on_reply(self, ppa: Reference, token: int, outcome: Outcome) -> None:
        """A command's outcome.  `Refusal.IN_DOUBT` is not the last one."""

    def on_round_done(self, ppa: Reference, number: int, reason: str | None) -> None:
        """The PPA was read in, or after, that round of looks, or (`reason`) could not be."""

    def on_transition(self, ppa: Reference, transition: Transition) -> None:
        """The record changed its state or lease."""

    def on_progress(self, ppa: Reference, cleaning: Cleaning) -> None:
        """A clean began its next step."""

    def on_alarm(self, ppa: Reference, text: str) -> None:
        """Something needs a person's attention."""

    def on_lead_wanted(self, ppa: Reference, lead: Reference, nonce: str) -> None:
        """The lead is to be read from now on, and what came of that told by a `LeadRead` with this nonce."""

    def on_death(self, ppa: Reference, known: WorkerState, error: BaseException) -> None:
        """The worker ended by an unexpected exception."""


@dataclass(frozen=True, slots=True)
class _Stop:
    pass


class Worker(threading.Thread):
    """The thread of one PPA.  Neither `tell`, which hands it an event, nor `snapshot` ever waits."""

    def __init__(
        self,
        known: WorkerState,
        launchpad: Launchpad,
        clock: LaunchpadClock,
        listener: Listener,
        step: Stepper = automaton.step,
    ) -> None:
        super().__init__(name=f"worker {known.ppa}", daemon=True)
        self._step = step
        self._known = known
        self._launchpad = launchpad
        self._clock = clock
        self._listener = listener
        self._mailbox: Mailbox[Event | _Stop] = Mailbox()
        self._stopping = threading.Event()
        self._ticked = False
        self.ppa = known.ppa
        self.snapshot = known.snapshot()
        self._heard_at = known.heard_at
        self.busy = False
        self.turned = clock.boot()
        """Boot time of the last sign of life: the loop turned, or a bounded request began."""

    def tell(self, event: Event) -> None:
        """Put an event in the mailbox."""
        self._mailbox.put(event)

    def stop(self) -> None:
        """Let the request under way end, make no other, and end.  `join` waits for it."""
        self._stopping.set()
        self._mailbox.put(_Stop())

    @property
    def known(self) -> WorkerState:
        """What the worker knows, for its successor."""
        return self._known

    @property
    def gone(self) -> bool:
        """Whether the thread ended although nobody stopped it."""
        return self.ident is not None and not self.is_alive() and not self._stopping.is_set()

    def run(self) -> None:
        """Handle events until stopped.  An exception is a bug: it is reported, and the supervisor starts another
        worker.
        """
        try:
            while not self._stopping.is_set():
                self.turn(self._next())
        except BaseException as error:
            try:
                log.exception("%s: the worker died", self.ppa, extra=about(ppa=self.ppa))
            finally:
                self._listener.on_death(self.ppa, self._known, error)

    def turn(self, event: Event | _Stop) -> None:
        """Handle one event, and all the answers that it leads to."""
        self.busy = True
        while not isinstance(event, _Stop):
            now = self._clock.now()
            self.turned = now.boot
            self._known, effects = self._step(self._known, event, now)
            self._publish()
            request = self._carry_out(effects)
            if request is None or self._stopping.is_set():
                return
            answer = self._send(request)
            self._observe(answer)
            event = Answered(answer)

    def _next(self) -> Event | _Stop:
        """The next event of the mailbox, or a tick when one is due.  When both are there they take turns: a full
        mailbox does not keep a lease from ending.
        """
        now = self._clock.now()
        self.busy, self.turned = False, now.boot
        due = automaton.wake(self._known, now)
        wait = WORKER_IDLE_S if due is None else min(WORKER_IDLE_S, max(0.0, due - now.boot))
        self._ticked = not self._ticked and wait == 0
        if self._ticked:
            return Tick()
        event = self._mailbox.get(wait)
        return Tick() if event is None else event

    def _publish(self) -> None:
        snapshot, heard_at = self._known.snapshot(), self._known.heard_at
        if snapshot != self.snapshot or heard_at != self._heard_at:
            self.snapshot, self._heard_at = snapshot, heard_at
            self._listener.on_snapshot(self._known, snapshot)

    def _carry_out(self, effects: list[Effect]) -> Request | None:
        """Carry the effects out; return the request to Launchpad among them, if there is one."""
        request: Request | None = None
        for effect in effects:
            match effect:
                case Reply():
                    self._listener.on_reply(self.ppa, effect.token, effect.outcome)
                case Requeue():
                    self._mailbox.put(effect.command)
                case RoundDone():
                    self._listener.on_round_done(self.ppa, effect.round, effect.reason)
                case Transition():
                    self._listener.on_transition(self.ppa, effect)
                case Progress():
                    self._listener.on_progress(self.ppa, effect.cleaning)
                case AskLead():
                    self._listener.on_lead_wanted(self.ppa, effect.lead, effect.nonce)
                case Alarm():
                    self._listener.on_alarm(self.ppa, effect.text)
                case _:
                    request = effect
        return request

    def _send(self, request: Request) -> LaunchpadAnswer:
        return carry_out(request, self.ppa, self._launchpad, self._clock.boot)

    def _observe(self, answer: LaunchpadAnswer) -> None:
        moment = getattr(answer, "moment", None)
        if isinstance(moment, Moment):
            self._clock.observe(moment)


def carry_out(request: Request, ppa: Reference, launchpad: Launchpad, boot: Callable[[], float]) -> LaunchpadAnswer:
    """Send a request by the port; changes leave before their deadline or not at all."""
    match request:
        case Apply():
            return TOO_LATE if boot() >= request.not_after else _change(request, launchpad)
        case Write():
            return launchpad.write(request.entry, request.description, request.lane)
        case Remove():
            return TOO_LATE if boot() >= request.not_after else launchpad.remove(request.entry, request.not_after)
        case Create():
            return launchpad.create(request.ppa, request.displayname, request.description)
    return _read(request, ppa, launchpad)


def _read(request: ReadRequest, ppa: Reference, launchpad: Launchpad) -> LaunchpadAnswer:
    match request:
        case Read():
            return launchpad.read(ppa, request.lane)
        case ReadDeleted():
            return launchpad.deleted(ppa)
        case CheckEnabled():
            return launchpad.enabled(request.entry)
        case LookForNewContent():
            return launchpad.new_content(request.entry, request.since, Lane.ASSIGN)
        case WasPublished() | ListVersions() | ReadFiles() | LookForPublished():
            return _read_past(request, launchpad)
        case Survey() | ReadSettings() | ReadProcessors() | ReadIndexes() | ReadDisk():
            return _read_whole(request, launchpad)
    assert_never(request)


def _read_whole(
    request: Survey | ReadSettings | ReadProcessors | ReadIndexes | ReadDisk, launchpad: Launchpad
) -> LaunchpadAnswer:
    match request:
        case Survey():
            return launchpad.content(request.entry, request.whole)
        case ReadSettings():
            return launchpad.archive_settings(request.entry)
        case ReadProcessors():
            return launchpad.processors(request.ppa)
        case ReadIndexes():
            return launchpad.index_leftovers(request.ppa)
        case ReadDisk():
            return launchpad.disk_leftovers(request.entry)
    assert_never(request)


def _read_past(request: PastRequest, launchpad: Launchpad) -> bool | PublishedVersions | SourceFiles | Unavailable:
    match request:
        case WasPublished():
            return launchpad.was_published(request.entry, request.source, request.version, request.lane)
        case ListVersions():
            return launchpad.source_versions(request.ppa, request.source, request.lane)
        case ReadFiles():
            return launchpad.source_files(request.url, request.lane)
        case LookForPublished():
            return launchpad.published_since(request.entry, request.since)
    assert_never(request)


def _change(request: Apply, launchpad: Launchpad) -> ActAnswer | WriteAnswer:
    change, entry, not_after = request.change, request.entry, request.not_after
    match change:
        case Delete():
            return launchpad.delete(change.publication, request.comment, not_after)
        case Cancel():
            return launchpad.cancel(change.build, not_after)
        case Revoke():
            return launchpad.revoke(entry, change.who, not_after)
        case Grant():
            return launchpad.grant(entry, change.who, request.lane, not_after)
        case RemoveDependency():
            return launchpad.remove_dependency(entry, change.dependency, not_after)
        case AddDependency():
            return launchpad.add_dependency(entry, change.dependency, not_after)
        case SetProcessors():
            return launchpad.set_processors(entry, change.names, not_after)
        case SetFields():
            return launchpad.set_fields(entry, dict(change.fields))
    assert_never(change)
