"""Clients of a soak: they ask, lose their answers, ask another daemon, upload, touch, release or forget to.

Rule: what they were told, and when, is noted as it came; nothing is judged here but answers that are never right.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import TypeVar

from ppa_assigner.client import AssignerError, Client, Lease, LeaseOver, NoneFree, Unavailable, UnknownLease
from ppa_assigner.record import parse_time
from ppa_assigner.standin.control_client import ControlClient

from ..processes import Daemon, environment
from .history import Released, Told

TTL_S = 5.0
ANSWER_S = 8.0
TRIES = 12
PER_TRY = 1000  # attempts that one try of the client may count
_PAUSE = threading.Event()
_T = TypeVar("_T")


@dataclass
class Notes:
    """What all clients were told.  For many threads: lists are only appended to."""

    told: list[Told] = field(default_factory=list)
    released: list[Released] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def tell(self, lease: Lease, called: float) -> None:
        """An answer told of this lease."""
        until = parse_time(lease["until"] or "").timestamp()
        self.told.append(Told(lease["request_id"] or "", lease["id"], lease["ppa"], called, time.time(), until))


class Visitor(threading.Thread):
    """One client after the other, until `over`."""

    def __init__(self, name: str, rng: Random, daemons: Sequence[Daemon], control: ControlClient, notes: Notes,
                 over: threading.Event) -> None:  # fmt: skip
        super().__init__(name=name, daemon=True)
        self.rng, self.daemons, self.control, self.notes, self.over = rng, daemons, control, notes, over
        self.clients = [Client(f"unix:{daemon.address}", answer_s=ANSWER_S) for daemon in daemons]

    def run(self) -> None:
        """Wish after wish."""
        wish = 0
        while not self.over.is_set():
            wish += 1
            try:
                self.wish(f"{self.name}-{wish}")
            except Exception as error:  # whatever it is, it is a defect
                self.notes.wrong.append(f"{self.name}-{wish}: {error!r}")

    @property
    def client(self) -> Client:
        """Of any daemon."""
        return self.rng.choice(self.clients)

    def wish(self, request: str) -> None:
        """One wish: a PPA that is used or not, or given up."""
        lease = self.ask(request)
        if lease is None:
            with suppress(Unavailable):
                self.client.withdraw(request)
            return
        if self.rng.random() < 0.2:  # asked again as if the answer had been lost
            lease = self.ask(request, first=TRIES) or lease
        self.use(lease)

    def ask(self, request: str, first: int = 0) -> Lease | None:
        """Until there is one, at another daemon each time."""
        uploader = "~ann" if self.rng.random() < 0.3 else None
        ticket: str | None = None
        for number in range(first, first + TRIES):
            called, wait = time.time(), self.rng.choice([0.0, 0.5, 3.0])
            try:
                lease = self.client.assign(
                    self.name, request_id=request, attempt=number * PER_TRY, wait=wait, ttl=TTL_S, uploader=uploader,
                    ticket=ticket,
                )  # fmt: skip
            except (NoneFree, Unavailable) as error:
                ticket = error.problem.get("ticket", ticket)
                if self.over.is_set():
                    return None
                continue
            self.notes.tell(lease, called)
            return lease
        return None

    def use(self, lease: Lease) -> None:
        """Upload, stay, touch; then release it, or leave it to its end."""
        draw = self.rng.random()
        if draw < 0.5 and self.has_time(lease):
            self.control.upload(lease["ppa"], "hello", "1.0", binaries=[{"name": "hello"}])
        elif draw < 0.7 and self.has_time(lease):
            self.control.dput(lease["ppa"], "world", f"1.{time.time_ns()}", signer="mia")  # no version comes twice
        _PAUSE.wait(self.rng.random() * 0.4)
        if self.rng.random() < 0.4:
            ttl = self.rng.choice([None, TTL_S])
            touched = self.kept(lease, lambda: self.client.touch(lease["id"], ttl))
            if touched is None:
                return
            lease = touched
        if self.rng.random() < 0.85:
            self.release(lease)

    def has_time(self, lease: Lease) -> bool:
        """An upload is surely there before the lease ends."""
        return time.time() < parse_time(lease["until"] or "").timestamp() - 2.0

    def kept(self, lease: Lease, call: Callable[[], Lease]) -> Lease | None:
        """A touch; None when it is over or nobody answers."""
        called = time.time()
        try:
            touched = call()
        except Unavailable:
            return None
        except (LeaseOver, UnknownLease) as error:
            self.over_by_now(lease, error)
            return None
        self.notes.tell(touched, called)
        return touched

    def release(self, lease: Lease) -> None:
        """Once; a client that hears nothing leaves it to its end."""
        called = time.time()
        try:
            self.client.release(lease["id"])
        except Unavailable:
            self.notes.released.append(Released(lease["id"], called))
            return
        except UnknownLease as error:
            self.over_by_now(lease, error)
        self.notes.released.append(Released(lease["id"], called, time.time()))

    def over_by_now(self, lease: Lease, error: AssignerError) -> None:
        """A lease is not lost before its end."""
        if time.time() < parse_time(lease["until"] or "").timestamp():
            self.notes.wrong.append(f"lost before its end: {lease}: {error!r}")


COMMAND = 'date +%s.%N; echo "$PPA_LEASE_ID $PPA_REFERENCE"; sleep 0.2; date +%s.%N'


class Executing(Visitor):
    """Lends by `ppa-assigner exec`: between the two times that the command tells, the lease is held."""

    def wish(self, request: str) -> None:
        """One run of the command."""
        daemon = self.rng.choice(self.daemons)
        called = time.time()
        done = subprocess.run(
            [sys.executable, "-m", "ppa_assigner.cli", "exec", "--url", f"unix:{daemon.address}", "--owner", self.name,
             "--request-id", request, "--ttl", f"{TTL_S}s", "--wait", "5s", "--", "sh", "-c", COMMAND],
            capture_output=True, text=True, timeout=120, check=False,
            env=dict(environment(daemon.folder)),
        )  # fmt: skip
        if done.returncode == 0:
            start, lease, ppa, end = done.stdout.split()
            self.notes.told.append(Told(request, lease, ppa, called, float(start), float(end)))
        elif done.returncode not in (69, 75, 128 + 15):
            self.notes.wrong.append(f"{request}: exec ended with {done.returncode}: {done.stderr}")
        self.over.wait(3.0)
