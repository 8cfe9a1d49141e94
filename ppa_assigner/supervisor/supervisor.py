"""The supervisor: one worker per PPA, the waiting line, and what must outlive a worker.

Rule: under its lock it only decides; all requests to Launchpad are made by workers and the poller.  Nothing here is
kept over a restart: everything can be read from the PPAs again.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Collection
from concurrent.futures import Future
from functools import partial

from ..access import Caller, Role
from ..automaton import Daemon, WorkerState
from ..automaton.events import Outcome, Transition
from ..backoff import DOWN_S, LOOK_FIRST_S, STUCK_S
from ..clock import LaunchpadClock
from ..config import Settings
from ..journal import about
from ..port import Content, Launchpad
from ..record import Record, State
from ..reference import Reference
from ..uploads import FollowedLease
from ..uploads.model import SourceReport
from ..views import (
    AssignRequest,
    Cleaning,
    DaemonHealth,
    LaunchpadStatus,
    LeaseView,
    OperatorAction,
    PoolView,
    Sight,
    Snapshot,
)
from ..worker import Worker
from .archive_calls import ArchiveCalls
from .archives import Archives
from .assigning import Assigning
from .chronicle import Chronicle
from .crew import Member, pool_view
from .eventlog import EventLog
from .keys import Key, key_in
from .line import Call
from .looking import Failures, Looker, LookEvent
from .office import Office
from .ordering import Ordering
from .reach import Reach
from .serving import Hire, Serving
from .ticket import TicketOffice
from .twins import Twins

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
        rng: random.Random | None = None,
        hire: Hire = Worker,
        archives: Archives | None = None,
    ) -> None:
        """Without `archives` nothing is known of uploads, nor of the distribution's own archive."""
        office = Office(clock, tickets, rng or random.SystemRandom(), settings.launchpad.total)
        super().__init__(office, settings, launchpad, archives)
        self._ordering = Ordering(self._office)
        self._assigning = Assigning(self._office, settings.pools)
        self._twins = Twins(self._office)
        self.events = EventLog(run=f"{daemon.started:x}{daemon.salt}")
        self._chronicle = Chronicle(self.events, lambda: clock.now().date)
        self._serving = Serving(self._office, launchpad, daemon, self, self._chronicle.forget, hire)
        self._reach = Reach(lambda: clock.now().date)
        self._looker = Looker(
            launchpad, self._begin_round, self._tell, every=settings.launchpad.look_every, observe=clock.observe,
            heard=self._reach.heard,
            wanted=lambda: clock.starting,  # a lease that is over need not wait for the next look
        )  # fmt: skip
        self._office.look_now = self._looker.look_now

    # -- life ------------------------------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Start a worker for each PPA; nothing looks and no time passes before `start`."""
        with self._office.deciding():
            self._office.rounds.always = self._look_over
            self._serving.serve(self._settings)

    def start(self, *, look: bool = True) -> None:
        """Start a worker for each PPA and begin to look, or (not `look`) wait for `begin_to_look`: calls are taken."""
        self.prepare()
        self._office.timer.start()
        if look:
            self.begin_to_look()

    def begin_to_look(self) -> None:
        """There is a login, or the first try at it failed."""
        self._looker.start()

    def stop(self, deadline: float = 30.0) -> None:
        """Take no more requests, answer those who wait, let requests in flight end; within `deadline` seconds."""
        clock = self._office.clock
        end = clock.boot() + deadline
        with self._office.deciding():
            self._office.stopping = True
            self._assigning.stop()
            workers = [member.worker for member in self._office.crew]
        self._looker.stop()
        for worker in workers:
            worker.stop()
        for thread in (*workers, self._looker):
            if thread.ident is not None:
                thread.join(max(0.0, end - clock.boot()))
        with self._office.deciding():
            self._office.close()
        self._office.timer.stop()
        self._ask_no_more()

    def reload(self, settings: Settings) -> list[str]:
        """Serve these pools from now on.  Gives warnings for people."""
        with self._office.deciding():
            self._settings = settings
            self._assigning.serve(settings.pools)
            warnings = self._serving.serve(settings)
            for pool in settings.pools:
                self._assigning.match(pool)
            self._office.later(self._looker.look_now)
        return warnings

    # -- calls -----------------------------------------------------------------------------------------------------

    def assign(self, wish: AssignRequest) -> Call:
        """Ask for a PPA.  Raises Problem at once for a wish that cannot be met."""
        with self._office.deciding():
            return self._assigning.assign(wish)

    def hang_up(self, call: Call) -> None:
        """The connection of this call is gone before any byte of its answer was handed to it."""
        with self._office.deciding():
            self._assigning.hang_up(call)

    def withdraw(self, request_id: str, caller: Caller) -> Future[list[Snapshot]]:
        """End a wish of the caller's, and release what it got.  An operator who has none of this request id ends those
        of other clients.
        """
        with self._office.deciding():
            key, operator = Key(caller.name, request_id), caller.role is Role.OPERATOR
            ending, own = self._assigning.to_withdraw(key, others=operator)
            withdrawal = self._ordering.withdraw(key, len(ending), others=operator and not own)
            if not ending:
                withdrawal.search()
            for asked in ending:
                self._assigning.withdraw(asked, withdrawal.settled)
            return withdrawal.future

    def touch(self, lease: str, ttl: float | None, caller: Caller) -> Future[LeaseView]:
        """Proof of life; with `ttl` (seconds) the end moves."""
        with self._office.deciding():
            return self._ordering.touch(lease, ttl, caller)

    def release(self, lease: str, caller: Caller) -> Future[Snapshot]:
        """End a lease."""
        with self._office.deciding():
            return self._ordering.release(lease, caller)

    def lease(self, lease: str) -> Future[LeaseView]:
        """What is known of a lease."""
        with self._office.deciding():
            return self._ordering.lease(lease)

    def operate(self, ppa: Reference, act: OperatorAction, caller: Caller) -> Future[Snapshot]:
        """An operator's act.  Raises Problem for a PPA that is not served."""
        with self._office.deciding():
            self._member(ppa)
            future = self._ordering.operate(ppa, act)
        log.info("%s: %s by %s", ppa, act, caller.name, extra=about(ppa=ppa))
        return future

    def content(self, ppa: Reference) -> Future[Content]:
        """What a clean would delete."""
        with self._office.deciding():
            self._member(ppa)
            return self._ordering.content(ppa)

    # -- from memory -----------------------------------------------------------------------------------------------

    def snapshots(self) -> list[Snapshot]:
        """All PPAs as they were known last, by name."""
        return self._office.crew.snapshots()

    def snapshot(self, ppa: Reference) -> Snapshot:
        """One of them.  Raises Problem for a PPA that is not served."""
        return self._member(ppa).snapshot

    def pool_names(self) -> Collection[str]:
        """The pools that are configured now."""
        return self._settings.pools.keys()

    def pools(self) -> list[PoolView]:
        """All pools in numbers."""
        with self._office.deciding():
            return [self._pool(name) for name in sorted(self._settings.pools)]

    def unready(self) -> str | None:
        """Why nothing can be lent yet, or not every PPA is worked for; None once all is well."""
        if self._office.stopping:
            return "the daemon is being stopped"
        stuck = self.stuck(self._settings.launchpad.total + STUCK_S)
        turning = f"no longer turning: {', '.join(stuck)}" if stuck else None
        return turning if self._office.ready else self._office.trouble

    def stuck(self, patience: float) -> list[str]:
        """What has not turned for so many seconds, for the watchdog: workers, those that could not be started for
        `DOWN_S`, the poller, the timer.
        """
        crew, now = self._office.crew, self._office.clock.boot()
        busy = [m.worker.ppa for m in crew if m.down is None and m.worker.busy and now - m.worker.turned > patience]
        down = [m.worker.ppa for m in crew if m.down is not None and now - m.down_since > max(patience, DOWN_S)]
        threads = (("the poller", self._looker.gone), ("the timer", self._office.timer.late > patience))
        return [*map(str, (*busy, *down)), *(name for name, stuck in threads if stuck and not self._office.stopping)]

    def tend(self) -> None:
        """See to it that every PPA has a worker, whatever became of those that there were."""
        with self._office.deciding():
            self._serving.tend()

    def health(self) -> DaemonHealth:
        """The daemon itself, in numbers."""
        clock, now = self._office.clock, self._office.clock.now()
        looked = self._looker.oldest
        down = {str(member.worker.ppa) for member in self._office.crew if member.down is not None}
        stuck = down.union(self.stuck(self._settings.launchpad.total + STUCK_S))
        return DaemonHealth(
            now.date, clock.alarm, None if looked is None else clock.boot() - looked, len(self._office.crew),
            len(stuck), self._serving.restarts,
        )  # fmt: skip

    def launchpad(self) -> LaunchpadStatus:
        """Whether Launchpad answers, as the last looks tell."""
        return self._reach.state

    def _pool(self, name: str) -> PoolView:
        line = self._assigning.waiting(name)
        oldest = max(0.0, self._office.clock.epoch() - line[0].first) if line else None
        return pool_view(name, self._office.crew.in_pool(name), len(line), oldest)

    # -- what workers tell (worker.Listener) -----------------------------------------------------------------------

    def on_snapshot(self, snapshot: Snapshot) -> None:
        """A PPA is now this."""
        with self._office.hearing():
            member, record = self._office.crew.get(snapshot.ppa), snapshot.record
            if member is None:
                return
            self._office.crew.indexed(snapshot)
            self._office.later(partial(self._chronicle.changed, snapshot))  # who reads the log may be slow
            self._office.each([
                partial(self._twins.seen, snapshot), partial(self._office.releases.seen, snapshot),
                partial(self._remember, record), partial(self._go_on, member),
            ])  # fmt: skip

    def _remember(self, record: Record | None) -> None:
        """What this record says of the wish that it was written for."""
        if (untold := self._office.spent.saw(record)) is not None:
            self._assigning.untold(untold)
        key = key_in(record)
        if key is not None and record is not None and record.state is State.USED:
            self._assigning.appeared(key)

    def on_reply(self, ppa: Reference, token: int, outcome: Outcome) -> None:
        """A worker's answer to a command."""
        with self._office.hearing():
            member = self._office.crew.get(ppa)
            self._office.each([partial(self._office.outcome, token, outcome), partial(self._go_on, member)])

    def _go_on(self, member: Member | None) -> None:
        if member is None:
            return
        if member.lent:
            self._assigning.match(member.pool)
        else:
            self._serving.serve_out(member)

    def on_round_done(self, ppa: Reference, number: int, reason: str | None) -> None:
        """A PPA is known as of that round of looks, or is not."""
        with self._office.hearing():
            if (member := self._office.crew.get(ppa)) is not None:
                member.failing = None  # its worker lives, and says so
            self._office.each(self._office.rounds.done(ppa, number, reason))

    def on_transition(self, ppa: Reference, transition: Transition) -> None:
        """A record went from one state or lease to another."""
        self._office.each([partial(self._chronicle.moved, ppa, transition)])

    def on_progress(self, ppa: Reference, cleaning: Cleaning) -> None:
        """A clean does, or waits for, something else than before."""
        self._office.each([partial(self._chronicle.progressed, ppa, cleaning)])

    def uploaded(self, lease: FollowedLease, before: str | None, source: SourceReport) -> None:
        """A source that somebody waits for is in another state than `before`."""
        self._office.each([partial(self._chronicle.uploaded, lease, before, source)])

    def on_alarm(self, ppa: Reference, text: str) -> None:
        """A person should look at this."""
        self._office.each([partial(self._chronicle.alarmed, ppa, text)])

    def on_death(self, ppa: Reference, known: WorkerState, error: BaseException) -> None:
        """A worker ended of a bug: another takes over what it knew, and the requests bound to an unknown outcome."""
        with self._office.hearing():
            self._serving.succeed(ppa, known, error)

    # -- looks -----------------------------------------------------------------------------------------------------

    def _begin_round(self) -> tuple[int, Collection[Reference]]:
        with self._office.deciding():
            self._serving.tend()
            names = self._office.crew.names()
            number = self._office.rounds.begin(names)
            self._office.each(self._office.rounds.over(number))
            return number, names

    def _tell(self, ppa: Reference, event: LookEvent) -> None:
        with self._office.deciding():
            member = self._office.crew.get(ppa)
            if member is not None and member.down is None:
                member.worker.tell(event)
                return
            down = member.down if member is not None else None
            self._office.each(self._office.rounds.done(ppa, event.round, down))

    def _look_over(self, failed: Failures) -> None:
        """Ready once one round got through: a PPA of its own trouble does not keep the others waiting."""
        if self._office.ready:
            return
        crew = self._office.crew
        away = [ppa for ppa in failed if (member := crew.get(ppa)) and member.snapshot.sight is Sight.SHOWN]
        if len(away) < len(crew):
            self._office.ready, self._office.trouble = True, None
            log.info("ready: %d PPAs looked at, %d of them out of reach", len(crew), len(failed))
            for pool in self._settings.pools:
                self._assigning.match(pool)
            return
        self._office.trouble = next(iter(failed.values()), "there is no PPA to look at")
        self._office.at(self._office.clock.boot() + LOOK_FIRST_S, self._looker.look_now)
