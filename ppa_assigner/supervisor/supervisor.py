"""The supervisor as the API sees it: what it asks becomes events of the machine, which the shell has handled.

Rule: it decides nothing.  All requests to Launchpad are made by workers, the poller and inquiries.  Nothing is kept
over a restart: everything can be read from the PPAs again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from concurrent.futures import Future

from ..access import Caller, Role
from ..automaton import Daemon
from ..backoff import DOWN_S, STUCK_S
from ..clock import LaunchpadClock
from ..config import Settings
from ..journal import about
from ..labels import ARCH
from ..port import Content, Launchpad
from ..reference import Reference
from ..selectors import Selector
from ..uploads import FollowedLease
from ..uploads.model import SourceReport
from ..views import (
    AssignRequest,
    DaemonHealth,
    LaunchpadStatus,
    LeaseView,
    OperatorAction,
    PoolView,
    Snapshot,
    WaitingView,
)
from ..worker import Worker
from . import line
from .archive_calls import ArchiveCalls
from .core import Core
from .event_log import EventLog, EventWriter
from .events import (
    Asked,
    Closed,
    Configured,
    ContentAsked,
    HungUp,
    Instant,
    LeaseAsked,
    OperatorActed,
    ProcessorsWanted,
    ReleaseAsked,
    Stopping,
    TouchAsked,
    Warn,
    WithdrawAsked,
)
from .inquiries import Archives
from .machine import handle
from .poller import Availability, Poller
from .requests import Key
from .shell import Call, Handle, MakeWorker, Shell, WorkerThreads, drawn, of
from .tickets import TicketOffice

log = logging.getLogger(__name__)


class Supervisor(ArchiveCalls):
    """Thread-safe.  Every future it hands out ends with a result or a Problem, within the deadline of its call."""

    def __init__(
        self,
        settings: Settings,
        launchpad: Launchpad,
        *,
        clock: LaunchpadClock,
        daemon: Daemon,
        tickets: TicketOffice,
        draw: Callable[[], int] = drawn,
        make_worker: MakeWorker = Worker,
        handle: Handle = handle,
        archives: Archives | None = None,
    ) -> None:
        """Without `archives` nothing is known of uploads, nor of the distribution's own archive."""
        time, epoch = clock.read()
        core = Core(settings, daemon, tickets, settings.launchpad.total, Instant(time.boot, epoch, time, 0))
        self.events = EventLog(run=f"{daemon.started:x}{daemon.salt}")
        self._writer = EventWriter(self.events, lambda: clock.now().date)
        self._clock, self._workers = clock, WorkerThreads(launchpad, clock, make_worker)
        shell = Shell(core, clock, self._workers, self._writer, draw=draw, handle=handle)
        super().__init__(shell, settings, launchpad, archives)
        self.core = core
        """The machine's state, to be read only; it changes meanwhile."""
        self._availability = Availability(lambda: clock.now().date)
        self.poller = Poller(
            launchpad, shell.begin_round, shell.saw, every=settings.launchpad.look_every, observe=clock.observe,
            wake=shell.look_soon, heard=self._availability.heard,
            plan=shell.plan, tell_names=shell.saw_names,
            wanted=lambda: clock.starting,  # a lease that is over need not wait for the next look
        )  # fmt: skip

    # -- life ------------------------------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Start a worker for each PPA; nothing looks and no time passes before `start`."""
        self._shell.do(Configured(self._settings))

    def start(self, *, look: bool = True) -> None:
        """Start a worker for each PPA and begin to look, or (not `look`) wait for `begin_to_look`: calls are taken."""
        self.prepare()
        self._shell.timer.start()
        if look:
            self.begin_to_look()

    def begin_to_look(self) -> None:
        """There is a login, or the first try at it failed."""
        self.poller.start()

    def stop(self, deadline: float = 30.0) -> None:
        """Take no more requests, answer those who wait, let requests in flight end; within `deadline` seconds."""
        end = self._clock.boot() + deadline
        self._shell.do(Stopping())
        workers = list(self._workers)
        self.poller.stop()
        for worker in workers:
            worker.stop()
        for thread in (*workers, self.poller):
            if thread.ident is not None:
                thread.join(max(0.0, end - self._clock.boot()))
        self._shell.do(Closed())
        self._shell.timer.stop()
        self.ask_no_more()

    def reload(self, settings: Settings) -> list[str]:
        """Serve these pools from now on.  Gives warnings for people."""
        self._settings = settings
        return [warning.text for warning in of(Warn, self._shell.do(Configured(settings)))]

    def tick(self) -> None:
        """Have done what is due by now."""
        self._shell.catch_up()

    # -- calls -----------------------------------------------------------------------------------------------------

    def assign(self, wish: AssignRequest) -> Call:
        """Ask for a PPA.  Raises Problem at once for a wish that cannot be met."""
        number, future = self._shell.ask(Asked, wish)
        return Call(number, wish, future)

    def hang_up(self, call: Call) -> None:
        """The connection of this call is gone before any byte of its answer was handed to it."""
        self._shell.leave(call.number, HungUp(call.number))

    def withdraw(self, request_id: str, caller: Caller) -> Future[list[Snapshot]]:
        """End a request of the caller's, and release what it got.  An operator who has none of this request id ends
        those of other clients.
        """
        key, operator = Key(caller.name, request_id), caller.role is Role.OPERATOR
        return self._shell.call(WithdrawAsked, key, operator)

    def touch(self, lease: str, ttl: float | None, caller: Caller) -> Future[LeaseView]:
        """Proof of life; with `ttl` (seconds) the end moves.  Where that can be neither written nor denied now, it is
        told whether it was heard.
        """
        return self._shell.call(TouchAsked, lease, ttl, caller)

    def release(self, lease: str, caller: Caller) -> Future[Snapshot]:
        """End a lease; the PPA, while it remembers it.  What cannot be done now is done when it can be."""
        return self._shell.call(ReleaseAsked, lease, caller)

    def lease(self, lease: str) -> Future[LeaseView]:
        """What is known of a lease."""
        return self._shell.call(LeaseAsked, lease)

    def operate(self, ppa: Reference, act: OperatorAction, caller: Caller) -> Future[Snapshot]:
        """An operator's act.  Raises Problem for a PPA that is not served."""
        future = self._shell.call(OperatorActed, ppa, act)
        log.info("%s: %s by %s", ppa, act, caller.name, extra=about(ppa=ppa))
        return future

    def content(self, ppa: Reference) -> Future[Content]:
        """What a clean would delete.  Raises Problem for a PPA that is not served."""
        return self._shell.call(ContentAsked, ppa)

    # -- from memory -----------------------------------------------------------------------------------------------

    def snapshots(self) -> list[Snapshot]:
        """All PPAs as they were known last, by name."""
        return self.core.registry.snapshots()

    def snapshot(self, ppa: Reference) -> Snapshot:
        """One of them.  Raises Problem for a PPA that is not served."""
        return self.core.registry.told(self.core.served(ppa).snapshot)

    def find_out(self, select: Selector) -> None:
        """Have what a selector asks about be known to later lists, where Launchpad has to be asked for it."""
        if select.asks_about(ARCH) and not self._settings.pools.keys() <= self.core.processors.pools:
            self._shell.do(ProcessorsWanted())

    def pool_names(self) -> Collection[str]:
        """The pools that are configured now."""
        return self._settings.pools.keys()

    def pools(self) -> list[PoolView]:
        """All pools in numbers."""
        with self._shell.reading() as core:
            return [self._pool(core, name) for name in sorted(self._settings.pools)]

    def line(self, pool: str | None = None) -> list[WaitingView]:
        """Those who wait, of one pool or of all, in the order in which they are served."""
        with self._shell.reading() as core:
            return line.shown(core, pool)

    def unready(self) -> str | None:
        """Why nothing can be lent yet, or not every PPA is worked for; None once all is well."""
        core = self.core
        if core.stopping:
            return "the daemon is being stopped"
        stuck = self.stuck(self._settings.launchpad.total + STUCK_S)
        turning = f"no longer turning: {', '.join(stuck)}" if stuck else None
        return turning if core.ready else core.trouble

    def stuck(self, patience: float) -> list[str]:
        """What has not turned for so many seconds, for the watchdog: workers, those that could not be started for
        `DOWN_S`, the poller, the timer.
        """
        core, now, workers = self.core, self._clock.boot(), self._workers
        up = [(m.ppa, workers.get(m.ppa)) for m in core.registry if m.down is None]
        busy = [ppa for ppa, one in up if one is not None and one.busy and now - one.turned > patience]
        down = [m.ppa for m in core.registry if m.down is not None and now - m.down_since > max(patience, DOWN_S)]
        threads = (("the poller", self.poller.gone), ("the timer", self._shell.timer.late > patience))
        return [*map(str, (*busy, *down)), *(name for name, stuck in threads if stuck and not core.stopping)]

    def tend(self) -> None:
        """See to it that every PPA has a worker, whatever became of those that there were: one that died and could not
        even tell so is followed by another all the same.
        """
        self._shell.tend()

    def health(self) -> DaemonHealth:
        """The daemon itself, in numbers."""
        registry, now, looked = self.core.registry, self._clock.now(), self.poller.oldest
        down = {str(managed.ppa) for managed in registry if managed.down is not None}
        stuck = down.union(self.stuck(self._settings.launchpad.total + STUCK_S))
        ago = None if looked is None else self._clock.boot() - looked
        return DaemonHealth(now.date, self._clock.alarm, ago, len(registry), len(stuck), self.core.restarts)

    def launchpad(self) -> LaunchpadStatus:
        """Whether Launchpad answers, as the last looks tell."""
        return self._availability.state

    def _pool(self, core: Core, name: str) -> PoolView:
        queue = core.requests.waiting(name)
        oldest = max(0.0, self._clock.epoch() - min(request.first for request in queue)) if queue else None
        seen = [core.registry.told(managed.snapshot) for managed in core.registry.in_pool(name)]
        return line.pool_view(self._settings.pools[name], seen, len(queue), oldest)

    def uploaded(self, lease: FollowedLease, before: str | None, source: SourceReport) -> None:
        """A source that somebody waits for is in another state than `before`."""
        try:
            self._writer.uploaded(lease, before, source)
        except Exception:
            log.exception("what became of an upload could not be told")
