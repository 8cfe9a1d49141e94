"""A random run of two daemons with faults and impatient clients; afterwards the invariants are checked.

A client of this run keeps to the contract: one call open at a time under a request id, each with a higher attempt.
`PPA_ASSIGNER_SOAK` is how many seconds it lasts, `PPA_ASSIGNER_SEED` repeats a choice of faults and moves.
"""

from __future__ import annotations

import os
import threading
from datetime import datetime
from itertools import pairwise
from random import Random, SystemRandom

from ppa_assigner.access import EVERYBODY
from ppa_assigner.options import PoolOptions, Retry
from ppa_assigner.problems import Kind, Problem
from ppa_assigner.record import State
from ppa_assigner.reference import Reference
from ppa_assigner.supervisor import Supervisor
from ppa_assigner.supervisor.shell import Call
from ppa_assigner.times import boottime
from ppa_assigner.views import AssignRequest, LeaseView

from .fleet import Fleet
from .memory import Request
from .waiting import until

SECONDS = float(os.environ.get("PPA_ASSIGNER_SOAK", "5"))
SEED = int(os.environ.get("PPA_ASSIGNER_SEED", SystemRandom().randrange(2**32)))
PPAS, CLIENTS, TTL, TOTAL = 8, 8, 6.0, 2.0
OPTIONS = PoolOptions(settle=0.0, verify_age=0.0, retry=Retry(0.01, 0.05), max_tries=10**6)
_PAUSE = threading.Event()


class Register:
    """Who was told of what: the truth about invariants I1 and I3."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._lock = threading.Lock()
        self._holders: dict[Reference, tuple[str, datetime]] = {}
        self._told: dict[str, dict[Reference, datetime]] = {}
        self.wrong: list[str] = []
        self.count = 0

    def told(self, request: str, lease: LeaseView) -> None:
        """The answer reached the client, who now holds the PPA until the end of its lease."""
        with self._lock:
            self.count += 1
            now, end = self._fleet.launchpad.date(), lease.record.until
            assert end is not None
            holder, until_ = self._holders.get(lease.ppa, (request, end))
            if holder != request and now < until_:
                self.wrong.append(f"I1: {lease.ppa} told to {request} while {holder} holds it")
            self._holders[lease.ppa] = (request, end)
            # A lease that reached its end while the client asked on is over; the next one is another.
            told = {ppa: ends for ppa, ends in self._told.get(request, {}).items() if now < ends}
            self._told[request] = {**told, lease.ppa: end}
            if told.keys() - {lease.ppa}:
                self.wrong.append(f"I3: {request} told of {lease.ppa} at {now}, and of {told} before")

    def done(self, request: str, ppa: Reference) -> None:
        """The client does not use the PPA any more."""
        with self._lock:
            if self._holders.get(ppa, ("", None))[0] == request:
                del self._holders[ppa]

    def bad(self, text: str) -> None:
        """Something else is wrong."""
        with self._lock:
            self.wrong.append(text)


class Client(threading.Thread):
    """Asks, waits, loses patience or the answer, asks again, uses, releases; over and over."""

    def __init__(self, number: int, soak: Soak) -> None:
        super().__init__(daemon=True)
        self.rng, self.soak, self.number = Random(f"{SEED}/{number}"), soak, number

    def run(self) -> None:
        wish = 0
        while not self.soak.over.is_set():
            wish += 1
            try:
                self.wish(f"c{self.number}-{wish}")
            except Exception as error:  # anything but a Problem is a defect
                self.soak.register.bad(f"client: {error!r}")

    def wish(self, request: str) -> None:
        """One wish, until it was used or given up."""
        ticket: str | None = None
        for attempt in range(20):
            result = self.ask(request, attempt, ticket)
            if isinstance(result, Problem):
                ticket = result.facts.get("ticket", ticket)
                if self.soak.over.is_set():
                    break
            elif result is not None:
                self.soak.register.told(request, result)
                if self.rng.random() < 0.7:  # else its answer is lost after it left, and it asks again
                    self.use(request, result)
                    return
        self.withdraw(request)

    def ask(self, request: str, attempt: int, ticket: str | None) -> LeaseView | Problem | None:
        supervisor = self.rng.choice(self.soak.daemons)
        wait = self.rng.choice([0.0, 0.1, 1.0])
        wish = AssignRequest("me", "default", request, attempt=attempt, wait=wait, ttl=TTL, ticket=ticket)
        try:
            call = supervisor.assign(wish)
        except Problem as told:
            return told
        if self.rng.random() < 0.3:
            self.impatient(supervisor, call)
            return None
        return self.answer(call, wait)

    def impatient(self, supervisor: Supervisor, call: Call) -> None:
        """Hangs up at some moment, whatever the call has come to."""
        _PAUSE.wait(self.rng.random() * 0.05)
        supervisor.hang_up(call)

    def answer(self, call: Call, wait: float) -> LeaseView | Problem | None:
        try:
            return call.future.result(wait + TOTAL + 3.0)
        except Problem as told:
            if told.kind not in (Kind.NONE_FREE, Kind.UNAVAILABLE):
                self.soak.register.bad(f"{call.wish.request_id}: {told.kind}: {told.detail}")
            return told
        except TimeoutError:
            self.soak.register.bad(f"{call.wish.request_id}: no answer within its deadline")
            return None

    def use(self, request: str, lease: LeaseView) -> None:
        if self.rng.random() < 0.3:
            self.soak.fleet.launchpad.upload(lease.ppa, "hello")
        _PAUSE.wait(self.rng.random() * 0.05)
        self.soak.register.done(request, lease.ppa)
        if self.rng.random() < 0.9:
            self.end(lease.record.lease or "")

    def end(self, lease: str) -> None:
        future = self.rng.choice(self.soak.daemons).release(lease, EVERYBODY)
        try:
            future.result(TOTAL + 3.0)
        except Problem:
            pass
        except TimeoutError:
            self.soak.register.bad(f"release of {lease}: no answer within its deadline")

    def withdraw(self, request: str) -> None:
        for ppa in self.soak.fleet.ppas:
            self.soak.register.done(request, ppa)
        try:
            self.rng.choice(self.soak.daemons).withdraw(request, EVERYBODY).result(TOTAL + 3.0)
        except Problem:
            pass
        except TimeoutError:
            self.soak.register.bad(f"withdrawal of {request}: no answer within its deadline")


class Soak:
    """The run."""

    def __init__(self) -> None:
        self.fleet = Fleet(PPAS)
        self.register = Register(self.fleet)
        self.over = threading.Event()
        self.rng = Random(SEED)
        self.lock = threading.Lock()
        self.daemons = [self.start() for _ in range(2)]

    def start(self) -> Supervisor:
        return self.fleet.daemon(options=OPTIONS, total=TOTAL, every=1.0)

    def fault(self, request: Request) -> str | None:
        with self.lock:
            draw = self.rng.random()
            if request.what == "write":
                faults = {"lost": 0.04, "late": 0.04, "unknown": 0.02, "down": 0.03}
            else:
                faults = {"down": 0.03}
            for fault, share in faults.items():
                if draw < share:
                    return fault
                draw -= share
        return None

    def hang(self) -> None:
        """One daemon hears nothing of Launchpad for a while."""
        wire = self.fleet.wire(self.rng.choice(self.daemons))
        wire.hold()
        _PAUSE.wait(self.rng.random())
        wire.release()

    def go(self) -> None:
        self.fleet.launchpad.fault = self.fault
        clients = [Client(number, self) for number in range(CLIENTS)]
        for client in clients:
            client.start()
        end, replaced = boottime() + SECONDS, False
        while boottime() < end:
            _PAUSE.wait(0.03)
            if self.rng.random() < 0.5:
                self.fleet.launchpad.land()
            if self.rng.random() < 0.03:
                self.hang()
            if not replaced and boottime() > end - SECONDS / 2:
                replaced = True
                self.fleet.kill(self.daemons[0])
                self.daemons[0] = self.start()
        self.over.set()
        self.fleet.launchpad.fault = lambda request: None
        self.fleet.launchpad.land()
        for client in clients:
            client.join(40.0)
            assert not client.is_alive()


def test_a_random_run_keeps_the_invariants() -> None:
    """I1 nobody told twice, I3 one request one PPA, I2 free only from dirty, I9 every lease ends; nothing is left."""
    soak = Soak()
    try:
        soak.go()
        assert soak.register.wrong == [], f"PPA_ASSIGNER_SEED={SEED}"
        assert soak.register.count > 0
        for daemon in soak.daemons:
            soak.fleet.all_free(daemon, TTL + 20.0)
        soak.fleet.serials_grow_by_one()
        for ppa in soak.fleet.ppas:
            records = soak.fleet.launchpad.records(ppa)
            for before, after in pairwise(records):
                if after.state is State.FREE:
                    assert before.state in (State.DIRTY, State.FREE), f"I2: {ppa}"
            assert not any(item.active for item in soak.fleet.launchpad.archives[ppa].items)
        for daemon in soak.daemons:
            nothing_grows(daemon)
    finally:
        soak.fleet.close()


def nothing_grows(daemon: Supervisor) -> None:
    """No wish, bound PPA, token, open call or round is left behind."""
    core = daemon.core
    until(lambda: not core.expected, "all commands answered")
    until(lambda: not len(core.rounds), "all rounds over")
    assert not len(core.requests)
    assert not core.requests.by_id
    assert not core.registry.free_list.bound
    assert not core.calls
    assert not core.duplicates.asked
