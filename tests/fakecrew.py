"""A supervisor whose workers only write down what they are told, and answer by hand; time is moved by hand too."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import replace
from datetime import timedelta
from functools import partial
from random import Random
from typing import Any, TypeVar

from ppa_assigner.automaton import Daemon, WorkerState
from ppa_assigner.automaton.events import (
    Abandoned,
    Assign,
    Command,
    Confirm,
    Denied,
    Duplicate,
    Event,
    LeaseShown,
    Looked,
    LookFailed,
    Outcome,
    Refusal,
)
from ppa_assigner.clock import LaunchpadClock
from ppa_assigner.config import Settings
from ppa_assigner.port import Launchpad
from ppa_assigner.problems import Problem
from ppa_assigner.record import Record, State, Text
from ppa_assigner.reference import Reference
from ppa_assigner.supervisor import Supervisor
from ppa_assigner.supervisor.machine import handle, wake
from ppa_assigner.supervisor.shell import Call, Handle
from ppa_assigner.supervisor.tickets import TicketOffice
from ppa_assigner.views import AssignRequest, Condition, LeaseView as LentView, Sight, Snapshot
from ppa_assigner.worker import Listener, Worker

from .memory import START, MemoryLaunchpad
from .settings import settings

C = TypeVar("C", bound="Command | Duplicate | Abandoned")


def ref(name: str) -> Reference:
    """~team/ubuntu/NAME."""
    return Reference("team", "ubuntu", name)


class FakeWorker(Worker):
    """Runs no thread: `told` is its mailbox."""

    def __init__(self, known: WorkerState, launchpad: Launchpad, clock: LaunchpadClock, listener: Listener) -> None:
        super().__init__(known, launchpad, clock, listener)
        self.told: list[Event] = []
        self.running = False
        self.ended = False
        self.serial = 1000
        self.private: bool | None = None
        self.seen = START

    def start(self) -> None:
        self.running = True

    def stop(self) -> None:
        self.ended = True

    def tell(self, event: Event) -> None:
        self.told.append(event)

    def show(
        self,
        record: Record | None,
        condition: Condition = Condition.OK,
        fault: str | None = None,
        sight: Sight = Sight.SHOWN,
        sent: Record | None = None,
        occupied: bool = False,
    ) -> None:
        """The PPA is now this."""
        self._known = replace(self._known, text=Text(None, record))
        self.snapshot = Snapshot(
            self.ppa, "default", record, condition, self.seen, None, fault, sight=sight, sent=sent, occupied=occupied,
            private=self.private,
        )  # fmt: skip
        self._listener.on_snapshot(self._known, self.snapshot)

    def record(self, state: State, minutes: float = 0, **fields: Any) -> Record:
        """A record, written so many minutes after the start."""
        self.serial += 1
        fields.setdefault("pool", "default")
        when = START + timedelta(minutes=minutes)
        return Record(serial=self.serial, nonce=f"n{self.serial}", state=state, since=when, touched=when, **fields)

    def free(self, minutes: int = 0) -> None:
        """The PPA is free since so many minutes after the start."""
        self.show(self.record(State.FREE, minutes))

    def used(self, request: str = "r", **fields: Any) -> Record:
        """The PPA is used under this request id."""
        given = {"owner": "me", "lease": f"lease-{self.ppa.name}", "until": START + timedelta(hours=8), **fields}
        record = self.record(State.USED, request=request, **given)
        self.show(record)
        return record

    def take(self, kind: type[C]) -> C:
        """The oldest command of this kind, out of the mailbox."""
        found = next(event for event in self.told if isinstance(event, kind))
        self.told.remove(found)
        return found

    def has(self, kind: type[Event]) -> bool:
        """Whether such an event is in the mailbox."""
        return any(isinstance(event, kind) for event in self.told)

    def looked(self, number: int, reason: str | None = None) -> None:
        """It is done with that round of looks; or could not be read, for this reason."""
        self._listener.on_round_done(self.ppa, number, reason)

    def reply(self, command: Command, outcome: Outcome) -> None:
        """The command's outcome."""
        self._listener.on_reply(self.ppa, command.token, outcome)

    def deny(self, kind: type[Command], why: Refusal, detail: str = "because") -> None:
        """The oldest command of this kind is not carried out."""
        command = self.take(kind)
        if why is Refusal.IN_DOUBT:
            self.told.append(command)
        self.reply(command, Denied(why, detail))

    def hear(self) -> None:
        """Silence counts from now on."""
        self._known = replace(self._known, heard=self._clock.now().date, heard_at=self._clock.boot())
        self._listener.on_snapshot(self._known, self.snapshot)

    def lend(self, attempt: int | None = None) -> Record:
        """Carry out the oldest Assign."""
        command = self.take(Assign)
        wish = command.wish
        record = self.used(
            wish.request_id, owner=wish.owner, by=wish.by, lease=command.lease, idle=wish.idle,
            attempt=wish.attempt if attempt is None else attempt,
        )  # fmt: skip
        self.reply(command, LeaseShown(record, fresh=True))
        return record

    def confirm(self) -> Record:
        """Carry out the oldest Confirm: a lower attempt is raised first."""
        command, record = self.take(Confirm), self.snapshot.record
        assert record is not None
        if record.attempt < command.wish.attempt:
            self.serial += 1
            record = replace(record, attempt=command.wish.attempt, nonce=f"n{self.serial}", serial=self.serial)
            self.show(record)
        self.reply(command, LeaseShown(record))
        return record

    def die(self, known: WorkerState | None = None) -> None:
        """End of a bug, knowing this."""
        if known is not None:
            self._known = known
        self._listener.on_death(self.ppa, self._known, RuntimeError("a bug"))


class Desk:
    """A supervisor over fake workers of ~team/ubuntu/NAME."""

    def __init__(
        self,
        *names: str,
        given: Settings | None = None,
        ready: bool = True,
        seed: int = 1,
        handle: Handle = handle,
        secret: bytes = b"secret",
    ) -> None:
        self.now = 1000.0
        self.launchpad = MemoryLaunchpad(lambda: self.now)
        self.clock = LaunchpadClock(lambda: self.now, host=self.launchpad.host)
        for ago in (10.0, 5.0, 0.0):
            self.clock.observe(self.launchpad.moment(ago))
        self.workers: dict[str, FakeWorker] = {}
        self.hired: list[FakeWorker] = []
        self.tickets = TicketOffice(secret)
        self.supervisor = Supervisor(
            given or settings(*(ref(name) for name in names)), self.launchpad, clock=self.clock,
            daemon=Daemon("test", 1, "x"), tickets=self.tickets, draw=partial(Random(seed).getrandbits, 128),
            make_worker=self.hire, handle=handle,
        )  # fmt: skip
        self.supervisor.prepare()
        self.core = self.supervisor.core
        """What tests look at that must not grow."""
        if ready:
            self.look()

    def hire(self, known: WorkerState, launchpad: Launchpad, clock: LaunchpadClock, listener: Listener) -> Worker:
        worker, self.listener = FakeWorker(known, launchpad, clock, listener), listener
        self.workers[known.ppa.name] = worker
        self.hired.append(worker)
        return worker

    def __getitem__(self, name: str) -> FakeWorker:
        return self.workers[name]

    def wait(self, seconds: float) -> None:
        """Let time pass; what is due happens, in its order."""
        end = self.now + seconds
        while (due := wake(self.core)) is not None and due < end:
            self.now = max(self.now, due)
            self.supervisor.tick()
        self.now = end
        self.supervisor.tick()

    def begin_look(self) -> None:
        """A round of looks begins; workers are told, and say nothing yet."""
        self.supervisor.poller.look()

    def end_look(self, **failed: str) -> None:
        """All workers are done with all that they were told of looks; those named failed, for these reasons."""
        for worker in list(self.workers.values()):
            for event in [e for e in worker.told if isinstance(e, Looked | LookFailed)]:
                worker.told.remove(event)
                worker.looked(event.round, failed.get(worker.ppa.name))

    def look(self, **failed: str) -> None:
        """A whole round."""
        self.begin_look()
        self.end_look(**failed)

    def ask(self, request: str = "r", **fields: Any) -> Call:
        """An assign."""
        return self.supervisor.assign(
            AssignRequest(**{"owner": "me", "pool": "default", "request_id": request, **fields})
        )

    def asked(self) -> str | None:
        """The one PPA whose worker has an Assign in its mailbox."""
        names = [name for name, worker in self.workers.items() if worker.has(Assign)]
        assert len(names) <= 1, names
        return names[0] if names else None


def problem(call: Call | Future[Any]) -> Problem:
    """The problem that a call was answered with."""
    future = call.future if isinstance(call, Call) else call
    error = future.exception(0)
    assert isinstance(error, Problem), error
    return error


def lent(call: Call) -> LentView:
    """The lease that an assign was answered with."""
    return call.future.result(0)
