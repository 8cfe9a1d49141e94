"""Which PPAs have a worker, and what becomes of a worker that died or of a PPA that was taken off the list.

Rule: a PPA with a lease is never just dropped; what a dead worker knew of an unknown outcome goes to its successor.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from ..automaton import Daemon, WorkerState
from ..automaton.events import Denied, Reconfigured, Refusal
from ..automaton.operation import Granting
from ..backoff import LONG_ALIVE_S, WORKER_START
from ..clock import LaunchpadClock
from ..config import Settings
from ..journal import about
from ..options import PoolOptions
from ..port import Launchpad
from ..record import State
from ..reference import Reference
from ..views import Condition, Sight, Snapshot
from ..worker import Listener, Worker
from .crew import Member
from .office import Office

log = logging.getLogger(__name__)

Hire = Callable[[WorkerState, Launchpad, LaunchpadClock, Listener], Worker]
"""Makes a worker that does not run yet."""


class Serving:
    """Every method is called under the office's lock."""

    def __init__(
        self,
        office: Office,
        launchpad: Launchpad,
        daemon: Daemon,
        listener: Listener,
        let_go: Callable[[Reference], None],
        hire: Hire = Worker,
    ) -> None:
        """`let_go` is called, without the lock, with each PPA that is not served any more."""
        self._office, self._launchpad, self._daemon, self._listener = office, launchpad, daemon, listener
        self._let_go, self._hire = let_go, hire
        self._settings: Settings
        self.restarts = 0
        """How many workers died and were followed by another."""

    def serve(self, settings: Settings) -> list[str]:
        """Start, move and retire workers until they are those of the settings.  Gives warnings for people."""
        self._settings = settings
        wanted = {ppa: pool for pool in settings.pools.values() for ppa in pool.ppas}
        for ppa, pool in wanted.items():
            self._put(ppa, pool.name, pool.options, lent=True)
        for ppa in settings.retire:
            self._put(ppa, *self._options_of_record(ppa), lent=False)
        removed = [m for m in self._office.crew if m.worker.ppa not in wanted and m.worker.ppa not in settings.retire]
        for member in removed:
            self._put(member.worker.ppa, *self._options_of_record(member.worker.ppa), lent=False)
            self.serve_out(member)
        return [
            f"{member.worker.ppa} is served to the end of its lease; list it under `retire` to keep that over a restart"
            for member in removed
            if self._office.crew.get(member.worker.ppa) is member
        ]

    def serve_out(self, member: Member) -> None:
        """A PPA that is lent no more keeps the options of the pool that its record names; when nobody has it and
        nothing is to be done about it, it is let go.
        """
        ppa = member.worker.ppa
        name, options = self._options_of_record(ppa)
        if name != member.pool:
            member.pool = name
            self._office.crew.put(member)
            member.worker.tell(Reconfigured(name, options))
        if ppa not in self._settings.retire and _at_rest(member.snapshot) and not self._office.expects(ppa):
            member.worker.stop()
            self._office.crew.drop(ppa)
            self._office.later(partial(self._let_go, ppa))
            self._round_without(ppa)

    def succeed(self, ppa: Reference, known: WorkerState, error: BaseException) -> None:
        """The worker died: answer what it was asked, but for what its successor will know, and start that one."""
        member = self._office.crew.get(ppa)
        if member is None or member.worker.known is not known or self._office.stopping:
            return
        self.restarts += 1
        if self._office.clock.boot() - member.started > LONG_ALIVE_S:
            member.restarts = 0
        self._went_down(member, known, f"the worker failed of a bug ({type(error).__name__}): the log says more")

    def tend(self) -> None:
        """A worker that died and could not even tell so is followed by another all the same."""
        for member in self._office.crew:
            if member.down is None and member.worker.gone:
                self.succeed(member.worker.ppa, member.worker.known, RuntimeError("its thread ended"))

    def _went_down(self, member: Member, known: WorkerState, reason: str) -> None:
        """Nobody works for this PPA.  That it is tried again is seen to first, whatever fails after that."""
        ppa, now = member.worker.ppa, self._office.clock.boot()
        tried = member.restarts
        pause = WORKER_START.pause(tried - 1) if tried else 0.0
        member.restarts += 1
        member.down_since = now if member.down is None else member.down_since
        member.down = reason
        member.failing = now if member.failing is None else member.failing
        self._office.at(now + pause, partial(self._replace, member, known))
        self._office.crew.indexed(member.snapshot)
        self._answer_for(ppa, known, reason)
        self._round_without(ppa, reason)

    def _answer_for(self, ppa: Reference, known: WorkerState, reason: str) -> None:
        """A lease that stood already when the worker died is not to be looked for elsewhere."""
        kept = {command.token for command in known.waiting}
        if known.pending is not None and known.pending.command is not None:
            kept.add(known.pending.command.token)
        if isinstance(known.operation, Granting):
            self._office.outcome(known.operation.command.token, Denied(Refusal.UNTOLD, reason))
        self._office.unanswered(ppa, Denied(Refusal.OUTAGE, reason), frozenset(kept))

    def _put(self, ppa: Reference, pool: str, options: PoolOptions, *, lent: bool) -> None:
        member = self._office.crew.get(ppa)
        if member is not None:
            member.pool, member.lent = pool, lent
            self._office.crew.put(member)
            member.worker.tell(Reconfigured(pool, options))
            return
        kept = self._settings.launchpad.snapshots
        worker = self._worker(WorkerState(ppa, pool, options, self._daemon, secrets.token_hex(16), snapshots=kept))
        member = Member(worker, pool, lent, started=self._office.clock.boot())
        self._office.crew.put(member)
        self._start(member)

    def _start(self, member: Member) -> None:
        """A thread that cannot be started (none left, no memory) is tried again like one that died."""
        try:
            member.worker.start()
        except Exception as error:
            self._not_started(member, member.worker.known, error)

    def _not_started(self, member: Member, known: WorkerState, error: Exception) -> None:
        reason = f"its worker cannot be started, trying on: {error}"
        if reason != member.down:
            log.error("%s: %s", member.worker.ppa, reason, extra=about(ppa=member.worker.ppa))
        self._went_down(member, known, reason)

    def _options_of_record(self, ppa: Reference) -> tuple[str, PoolOptions]:
        pools, member = self._settings.pools, self._office.crew.get(ppa)
        record = member.snapshot.record if member is not None else None
        pool = pools.get(record.pool if record is not None else "") or next(iter(pools.values()))
        return pool.name, replace(pool.options, create=False)  # what is lent no more is not made either

    def _replace(self, member: Member, known: WorkerState) -> None:
        if self._office.crew.get(known.ppa) is not member or self._office.stopping:
            return
        pending = replace(known.pending, unsettled=True, due=0.0) if known.pending is not None else None
        heir = WorkerState(
            known.ppa, member.pool, self._options(member), self._daemon, secrets.token_hex(16), heard=known.heard,
            heard_at=known.heard_at, unchanged=known.unchanged,
            highest=known.highest, entry=known.entry if pending else None, text=known.text, pending=pending,
            waiting=known.waiting, duplicate=known.duplicate, burnt=known.burnt, files=known.files,
            vanished=known.vanished, over=known.over, floor=known.floor, disabled=known.disabled,
            snapshots=known.snapshots,
        )  # fmt: skip
        try:
            worker = self._worker(heir)
            worker.start()
        except Exception as error:
            self._not_started(member, known, error)
            return
        member.worker, member.started, member.down = worker, self._office.clock.boot(), None
        self._office.crew.put(member)
        self._office.later(self._office.look_now)

    def _options(self, member: Member) -> PoolOptions:
        pool = self._settings.pools.get(member.pool)
        return pool.options if pool is not None else self._options_of_record(member.worker.ppa)[1]

    def _worker(self, known: WorkerState) -> Worker:
        return self._hire(known, self._launchpad, self._office.clock, self._listener)

    def _round_without(self, ppa: Reference, reason: str | None = None) -> None:
        self._office.each(self._office.rounds.forget(ppa, reason))


def _at_rest(snapshot: Snapshot) -> bool:
    """Nobody has it, and nothing is to be cleaned: free, nothing of ours as far as was ever seen, or gone for good."""
    if snapshot.sight in (Sight.GONE, Sight.DENIED, Sight.LASTING_DENIED):
        return False  # there may be a lease in it
    if snapshot.record is not None:
        return snapshot.record.state is State.FREE and snapshot.condition in (Condition.OK, Condition.DISABLED)
    return snapshot.condition in (Condition.UNMANAGED, Condition.UNREADABLE, Condition.MISSING)
