"""Which PPAs have a worker, and what becomes of a worker that died or of a PPA that was taken off the list.

Rule: a PPA with a lease is never just dropped; what a dead worker knew of an unknown outcome goes to its successor.
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from functools import partial

from .automaton import Daemon, Known
from .automaton.events import Denied, No, Reconfigured
from .config import Settings
from .crew import Member
from .office import Office
from .options import PoolOptions
from .port import Launchpad
from .record import State
from .reference import Reference
from .worker import Listener, Worker

RESTART_PAUSES_S = (0.0, 1.0, 5.0, 30.0, 60.0)


class Serving:
    """Every method is called under the office's lock."""

    def __init__(self, office: Office, launchpad: Launchpad, daemon: Daemon, listener: Listener) -> None:
        self._office, self._launchpad, self._daemon, self._listener = office, launchpad, daemon, listener
        self._settings: Settings | None = None

    def serve(self, settings: Settings) -> list[str]:
        """Start, move and retire workers until they are those of the settings.  Gives warnings for people."""
        self._settings = settings
        wanted = {ppa: pool for pool in settings.pools.values() for ppa in pool.ppas}
        for ppa, pool in wanted.items():
            self._put(ppa, pool.name, pool.options, lent=True)
        for ppa in settings.retire:
            self._put(ppa, *self._options_of_record(ppa), lent=False)
        gone = [member for member in self._office.crew if member.worker.ppa not in wanted and member.lent]
        for member in gone:
            member.lent = False
            self.serve_out(member)
        return [
            f"{member.worker.ppa} is served to the end of its lease; list it under `retire` to keep that over a restart"
            for member in gone
        ]

    def serve_out(self, member: Member) -> None:
        """A PPA that is lent no more keeps the options of the pool that its record names; once free, it is let go."""
        ppa, record = member.worker.ppa, member.snapshot.record
        name, options = self._options_of_record(ppa)
        if name != member.pool:
            member.pool = name
            member.worker.tell(Reconfigured(name, options))
        listed = self._settings is not None and ppa in self._settings.retire
        if record is not None and record.state is State.FREE and not listed:
            member.worker.stop()
            self._office.crew.drop(ppa)
            self._round_without(ppa)

    def succeed(self, ppa: Reference, known: Known, error: BaseException) -> None:
        """The worker died: answer what it was asked, but for what its successor will know, and start that one."""
        member = self._office.crew.get(ppa)
        if member is None or self._office.stopping:
            return
        flight = known.flight
        kept = {command.token for command in known.waiting}
        if flight is not None and flight.command is not None:
            kept.add(flight.command.token)
        self._office.unanswered(ppa, Denied(No.OUTAGE, f"the worker failed: {error}"), frozenset(kept))
        self._round_without(ppa)
        pause = RESTART_PAUSES_S[min(member.restarts, len(RESTART_PAUSES_S) - 1)]
        member.restarts += 1
        self._office.at(self._office.clock.boot() + pause, partial(self._replace, member, known))

    def _put(self, ppa: Reference, pool: str, options: PoolOptions, *, lent: bool) -> None:
        member = self._office.crew.get(ppa)
        if member is not None:
            member.pool, member.lent = pool, lent
            member.worker.tell(Reconfigured(pool, options))
            return
        member = Member(self._worker(Known(ppa, pool, options, self._daemon, secrets.token_hex(16))), pool, lent)
        self._office.crew.put(member)
        member.worker.start()

    def _options_of_record(self, ppa: Reference) -> tuple[str, PoolOptions]:
        if self._settings is None:
            raise AssertionError("nothing is served yet")
        pools, member = self._settings.pools, self._office.crew.get(ppa)
        record = member.snapshot.record if member is not None else None
        pool = pools.get(record.pool if record is not None else "") or next(iter(pools.values()))
        return pool.name, pool.options

    def _replace(self, member: Member, known: Known) -> None:
        if self._office.crew.get(known.ppa) is not member or self._office.stopping:
            return
        flight = replace(known.flight, unsettled=True, due=0.0) if known.flight is not None else None
        heir = Known(
            known.ppa, known.pool, known.options, self._daemon, secrets.token_hex(16), heard=known.heard,
            highest=known.highest, entry=known.entry if flight else None, text=known.text, flight=flight,
            waiting=known.waiting,
        )  # fmt: skip
        member.worker = self._worker(heir)
        self._office.crew.put(member)
        member.worker.start()
        self._office.later(self._office.look_now)

    def _worker(self, known: Known) -> Worker:
        return Worker(known, self._launchpad, self._office.clock, self._listener)

    def _round_without(self, ppa: Reference) -> None:
        for call in self._office.rounds.forget(ppa):
            call()
