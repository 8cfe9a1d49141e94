"""Clients of a soak: they ask for one PPA or several, lose their answers, ask another daemon, upload, touch, release or
forget to; and an operator, who discards PPAs.

Rule: what they were told, and when, is noted as it came; nothing is judged here but answers that are never right.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import ClassVar

from ppa_assigner.client import (
    AssignerError,
    Client,
    Lease,
    LeaseOver,
    NoneFree,
    NotPermitted,
    Source,
    Unavailable,
    UnknownLease,
    UsageError,
)
from ppa_assigner.documents import Want, Wish
from ppa_assigner.record import parse_time
from ppa_assigner.standin.control_client import ControlClient

from ..processes import Daemon, environment
from .history import Released, Told

TTL_S = 5.0
ANSWER_S = 8.0
TRIES = 12
AT_ONCE_S = 0.2  # the pause after an answer that did not wait
PER_TRY = 1000  # attempts that one try of the client may count
_PAUSE = threading.Event()


@dataclass
class Notes:
    """What all clients were told.  For many threads: lists are only appended to."""

    told: list[Told] = field(default_factory=list)
    released: list[Released] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def tell(self, leases: Sequence[Lease], called: float) -> None:
        """An answer told of these leases."""
        returned = time.time()
        for lease in leases:
            until = parse_time(lease["until"] or "").timestamp()
            self.told.append(
                Told(
                    lease["request_id"] or "", lease["id"], lease["ppa"], called, returned, until, lease["group"] or ""
                )
            )

    @property
    def groups(self) -> int:
        """How many groups were told."""
        return len({tell.group for tell in self.told if tell.group})


def drawn(rng: Random) -> Wish:
    """What somebody wants: mostly one PPA, of any kind, or several."""
    several: list[list[Want]] = [
        [{"count": rng.randint(2, 4)}],
        [{"select": "size=big", "count": 2}],
        [{"select": "!size"}, {"pool": "grown"}],
        [{"pool": "grown", "count": 2}, {"select": "size in (big)"}],
    ]
    hello: Source = {"name": "hello", "version": "1.0"}
    single: list[Wish] = [{}, {}, {}, {"select": "size=big"}, {"pool": "grown"}, {"pool": "grown", "sources": [hello]}]
    wish: Wish = rng.choice(single) if rng.random() < 0.7 else {"want": rng.choice(several)}
    return {**wish, "priority": rng.choice([0, 0, 0, 5])}


def count_of(wish: Wish) -> int:
    """How many PPAs are wanted."""
    return sum(want.get("count", 1) for want in wish.get("want") or [{}])


class Visitor(threading.Thread):
    """One client after the other, until `over`.  It asks `tries` times, waiting for one of `waits` (seconds)."""

    tries: ClassVar[int] = TRIES
    waits: ClassVar[Sequence[float]] = (0.0, 0.5, 3.0)

    def __init__(self, name: str, rng: Random, daemons: Sequence[Daemon], control: ControlClient, notes: Notes,
                 over: threading.Event, token: str | None = None) -> None:  # fmt: skip
        super().__init__(name=name, daemon=True)
        self.rng, self.daemons, self.control, self.notes, self.over = rng, daemons, control, notes, over
        self.token = token
        self.clients = [Client(f"unix:{daemon.address}", token, answer_s=ANSWER_S) for daemon in daemons]

    def run(self) -> None:
        """Wish after wish."""
        number = 0
        while not self.over.is_set():
            number += 1
            try:
                self.visit(f"{self.name}-{number}")
            except Exception as error:  # whatever it is, it is a defect
                self.notes.wrong.append(f"{self.name}-{number}: {error!r}")

    @property
    def client(self) -> Client:
        """Of any daemon."""
        return self.rng.choice(self.clients)

    def visit(self, request: str) -> None:
        """One wish: PPAs that are used or not, or given up."""
        wish = drawn(self.rng)
        leases = self.ask(request, wish)
        if not leases:
            with suppress(Unavailable):
                self.client.withdraw(request)
            return
        if self.rng.random() < 0.2:  # asked again as if the answer had been lost
            leases = self.ask(request, wish, first=TRIES) or leases
        self.use(leases)

    def ask(self, request: str, wish: Wish, first: int = 0) -> list[Lease]:
        """Until there is what is wanted, at another daemon each time."""
        uploader = "~ann" if self.rng.random() < 0.3 else None
        ticket: str | None = None
        for number in range(first, first + self.tries):
            called, wait = time.time(), self.rng.choice(self.waits)
            asked: Wish = {**wish, "request_id": request, "attempt": number * PER_TRY, "wait": wait, "ttl": TTL_S,
                           "uploader": uploader, "ticket": ticket}  # fmt: skip
            try:
                leases = self.client.assign_several(self.name, **asked)
            except (NoneFree, Unavailable) as error:
                ticket = error.problem.get("ticket", ticket)
                if self.over.wait(AT_ONCE_S if error.slug in ("quota", "all-burnt") else 0.0):
                    return []
                continue
            self.notes.tell(leases, called)
            self.is_whole(leases, wish)
            return leases
        return []

    def is_whole(self, leases: Sequence[Lease], wish: Wish) -> None:
        """As many as were wanted, each of another PPA, in one group."""
        several = len(leases) > 1
        groups = {lease["group"] for lease in leases}
        if len({lease["ppa"] for lease in leases}) != count_of(wish) or len(groups) != 1 or (None in groups) is several:
            self.notes.wrong.append(f"told in part: {wish}: {leases}")

    def use(self, leases: list[Lease]) -> None:
        """Upload, stay, touch; then release them, or leave them to their end."""
        for lease in leases:
            self.upload(lease)
        _PAUSE.wait(self.rng.random() * 0.4)
        if self.rng.random() < 0.4:
            ttl, lease = self.rng.choice([None, TTL_S]), self.rng.choice(leases)
            if not self.kept(lease, ttl):
                return
        if self.rng.random() < 0.85:
            self.release(leases)

    def upload(self, lease: Lease) -> None:
        """Something, or nothing."""
        draw = self.rng.random()
        if draw < 0.5 and self.has_time(lease):
            self.control.upload(lease["ppa"], "hello", "1.0", binaries=[{"name": "hello"}])
        elif draw < 0.7 and self.has_time(lease):
            self.control.dput(lease["ppa"], "world", f"1.{time.time_ns()}", signer="mia")  # no version comes twice

    def has_time(self, lease: Lease) -> bool:
        """An upload is surely there before the lease ends."""
        return time.time() < parse_time(lease["until"] or "").timestamp() - 2.0

    def kept(self, lease: Lease, ttl: float | None) -> bool:
        """A touch; false when it is over or nobody answers."""
        called = time.time()
        try:
            touched = self.client.touch(lease["id"], ttl)
        except Unavailable:
            return False
        except (LeaseOver, UnknownLease) as error:
            self.over_by_now(lease, error)
            return False
        self.notes.tell([touched], called)
        return True

    def release(self, leases: Sequence[Lease]) -> None:
        """Once, by any of them; a client that hears nothing leaves them to their end."""
        called, returned, lease = time.time(), None, self.rng.choice(leases)
        try:
            self.client.release(lease["id"])
            returned = time.time()
        except Unavailable:
            pass
        except UnknownLease as error:
            self.over_by_now(lease, error)
        self.notes.released.extend(Released(each["id"], called, returned) for each in leases)

    def over_by_now(self, lease: Lease, error: AssignerError) -> None:
        """A lease is not lost before its end."""
        if time.time() < parse_time(lease["until"] or "").timestamp():
            self.notes.wrong.append(f"lost before its end: {lease}: {error!r}")


COMMAND = 'date +%s.%N; echo "$PPA_LEASE_ID $PPA_REFERENCE"; sleep 0.2; date +%s.%N'


class Executing(Visitor):
    """Lends by `ppa-assigner exec`: between the two times that the command tells, the lease is held."""

    def visit(self, request: str) -> None:
        """One run of the command."""
        daemon = self.rng.choice(self.daemons)
        called = time.time()
        done = subprocess.run(
            [sys.executable, "-m", "ppa_assigner.cli", "exec", "--url", f"unix:{daemon.address}", "--owner", self.name,
             "--request-id", request, "--ttl", f"{TTL_S}s", "--wait", "5s", "--", "sh", "-c", COMMAND],
            capture_output=True, text=True, timeout=120, check=False,
            env={**environment(daemon.folder), "PPA_ASSIGNER_TOKEN": self.token or ""},
        )  # fmt: skip
        if done.returncode == 0:
            start, lease, ppa, end = done.stdout.split()
            self.notes.told.append(Told(request, lease, ppa, called, float(start), float(end)))
        elif done.returncode not in (69, 75, 128 + 15):
            self.notes.wrong.append(f"{request}: exec ended with {done.returncode}: {done.stderr}")
        self.over.wait(3.0)


class Operating(Visitor):
    """Has PPAs discarded, lent ones too, and looks who waits."""

    def visit(self, request: str) -> None:
        """One act."""
        with suppress(Unavailable, NotPermitted, UsageError):  # by now it is discarded, or gone
            self.client.line()
            there = self.client.ppas(pool="grown")
            if there:
                delete = self.rng.random() < 0.5
                self.client.operate(self.rng.choice(there)["ppa"], "discard", reason=request, delete=delete)
        self.over.wait(self.rng.uniform(2.0, 8.0))
