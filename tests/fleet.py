"""Daemons with real workers on one Launchpad in memory, each on a wire of its own that can be cut or stopped up."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from random import Random
from typing import Any, cast

from ppa_assigner.automaton import Daemon
from ppa_assigner.clock import LaunchpadClock
from ppa_assigner.config import Pool
from ppa_assigner.options import PoolOptions, Retry
from ppa_assigner.port import Launchpad, Unavailable, Unknown
from ppa_assigner.record import State
from ppa_assigner.reference import Reference
from ppa_assigner.supervisor import Supervisor
from ppa_assigner.supervisor.tickets import TicketOffice
from ppa_assigner.times import boottime

from .memory import MemoryLaunchpad
from .settings import settings
from .waiting import until

OPTIONS = PoolOptions(settle=0.0, verify_age=0.0, retry=Retry(0.01, 0.05), max_tries=1000)
_started = itertools.count(1)


class Wire:
    """A daemon's way to Launchpad.  `hold()` lets nothing through until `release()`; `cut` ends it for good."""

    def __init__(self, launchpad: MemoryLaunchpad) -> None:
        self._launchpad = launchpad
        self._open = threading.Event()
        self._open.set()
        self.cut = False
        self.held = 0

    def hold(self) -> None:
        self._open.clear()

    def release(self) -> None:
        self._open.set()

    @property
    def port(self) -> Launchpad:
        """What the daemon is given."""
        return cast("Launchpad", self)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """Every request of the port goes this way."""
        request = getattr(self._launchpad, name)

        def sent(*arguments: Any) -> Any:
            if not self._open.is_set():
                self.held += 1
                assert self._open.wait(60.0)
            if self.cut:
                return Unknown("the wire is cut") if name == "write" else Unavailable("the wire is cut")
            return request(*arguments)

        return sent


class Fleet:
    """Some PPAs and the daemons that serve them."""

    def __init__(self, count: int = 0) -> None:
        self.launchpad = MemoryLaunchpad(boottime)
        self.ppas = self.launchpad.add(*(f"~team/ubuntu/p{n:02}" for n in range(count)))
        self.running: list[tuple[Supervisor, Wire]] = []

    def daemon(
        self,
        *,
        options: PoolOptions = OPTIONS,
        total: float = 5.0,
        every: float = 0.3,
        held: bool = False,
        wire: Wire | None = None,
        pools: Mapping[str, Sequence[Reference]] | None = None,
    ) -> Supervisor:
        """Start a daemon; a later one is a later run of the same name.  `pools`: these, in place of one of all PPAs."""
        wire = wire or Wire(self.launchpad)
        if held:
            wire.hold()
        number = next(_started)
        given = {name: Pool(name, tuple(ppas), options) for name, ppas in pools.items()} if pools is not None else None
        supervisor = Supervisor(
            settings(*self.ppas, options=options, total=total, look_every=every, pools=given), wire.port,
            clock=LaunchpadClock(host=self.launchpad.host), daemon=Daemon("test", number, "x"),
            tickets=TicketOffice(b"pool"), draw=partial(Random(number).getrandbits, 128),
        )  # fmt: skip
        self.running.append((supervisor, wire))
        supervisor.start()
        return supervisor

    def wire(self, supervisor: Supervisor) -> Wire:
        """The wire of this daemon."""
        return next(wire for one, wire in self.running if one is supervisor)

    def kill(self, supervisor: Supervisor) -> None:
        """As kill -9: from now on nothing of it reaches Launchpad."""
        self.wire(supervisor).cut = True

    def all_free(self, supervisor: Supervisor, seconds: float = 20.0) -> None:
        """Wait until this daemon knows all PPAs as free."""
        until(lambda: set(self.states(supervisor)) == {State.FREE}, "all PPAs free", seconds)

    def states(self, supervisor: Supervisor) -> list[State | None]:
        """The states as this daemon knows them."""
        return [s.record.state if s.record is not None else None for s in supervisor.snapshots()]

    def serials_grow_by_one(self) -> None:
        """Every write of every PPA followed the one before."""
        for ppa in self.ppas:
            serials = [record.serial for record in self.launchpad.records(ppa)]
            assert serials == list(range(serials[0], serials[0] + len(serials))), ppa

    def close(self) -> None:
        """End all daemons."""
        for supervisor, wire in self.running:
            wire.cut = True
            wire.release()
            supervisor.stop(10.0)
