"""A lease that nobody was told of, and an outage: a real worker and a supervisor, turned by hand on their own clock."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from random import Random

import pytest

from ppa_assigner import automaton
from ppa_assigner.automaton import Daemon, WorkerState
from ppa_assigner.automaton.events import Tick
from ppa_assigner.clock import LaunchpadClock
from ppa_assigner.port import Launchpad
from ppa_assigner.record import State
from ppa_assigner.supervisor import Supervisor
from ppa_assigner.supervisor.tickets import TicketOffice
from ppa_assigner.views import AssignRequest
from ppa_assigner.worker import Listener, Worker

from .memory import MemoryLaunchpad, Request
from .settings import settings

LOOK_EVERY = 60


class Turned(Worker):
    """Runs no thread: `catch_up` does what is due."""

    def start(self) -> None:
        """Turned by hand."""

    def catch_up(self) -> None:
        """All that is in the mailbox, and what time brings now."""
        while True:
            due = automaton.wake(self._known, self._clock.now())
            if (event := self._mailbox.get(0)) is not None:
                self.turn(event)
            elif due is not None and due <= self._clock.now().boot:
                self.turn(Tick())
            else:
                return


class Town:
    """One PPA, one daemon, and time that passes second by second."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.launchpad = MemoryLaunchpad(lambda: self.now)
        (self.ppa,) = self.launchpad.add("~team/ubuntu/a")
        self.supervisor = Supervisor(
            settings(self.ppa), self.launchpad, clock=LaunchpadClock(lambda: self.now, host=self.launchpad.host),
            daemon=Daemon("test", 1, "x"), tickets=TicketOffice(b"pool"),
            draw=partial(Random(1).getrandbits, 128), make_worker=self._turned,
        )  # fmt: skip
        self.core = self.supervisor.core
        self.workers: list[Turned] = []
        self.supervisor.prepare()

    def _turned(self, known: WorkerState, launchpad: Launchpad, clock: LaunchpadClock, listener: Listener) -> Worker:
        self.workers.append(Turned(known, launchpad, clock, listener))
        return self.workers[-1]

    def wait(self, seconds: int) -> None:
        for _ in range(seconds):
            if self.now % LOOK_EVERY == 0:
                self.supervisor.poller.look()
            self.catch_up()
            self.now += 1.0

    def wait_for(self, state: State) -> None:
        for _ in range(600):
            if self.state() is state:
                return
            self.wait(1)
        raise AssertionError(f"never {state}")

    def catch_up(self) -> None:
        self.supervisor.tick()
        for worker in self.workers:
            worker.catch_up()

    def state(self) -> State | None:
        record = self.launchpad.record(self.ppa)
        return record.state if record is not None else None


def down(request: Request) -> str | None:
    """Nothing gets through."""
    return "down"


def writes_unknown(request: Request) -> str | None:
    """Nothing gets through, and of a write nobody knows whether it did."""
    return "unknown" if request.what == "write" else "down"


def writes_only(request: Request) -> str | None:
    """Reads go on, no write does."""
    return "unknown" if request.what == "write" else None


def denied(request: Request) -> str | None:
    """Launchpad does not show it to us."""
    return "denied"


@pytest.mark.parametrize("outage", [down, writes_unknown, writes_only, denied])
def test_giving_up_outlasts_an_outage(outage: Callable[[Request], str | None]) -> None:
    """The client hangs up at the very begin of an outage that is longer than any command lasts; soon after it the PPA
    is given up and cleaned, long before the end of its lease.
    """
    town = Town()
    town.wait_for(State.FREE)
    call = town.supervisor.assign(AssignRequest("me", "default", "r", ttl=8 * 3600.0))
    town.catch_up()
    assert town.state() is State.USED
    town.launchpad.fault = outage
    town.supervisor.hang_up(call)
    town.wait(1500)
    assert town.state() is State.USED
    town.launchpad.fault = lambda request: None
    town.wait(200)
    states = [record.state for record in town.launchpad.records(town.ppa)]
    assert states[-1] is State.FREE
    assert State.DIRTY in states[states.index(State.USED) :]
    assert not len(town.core.unclaimed)
    assert not town.supervisor.core.expected


def test_giving_up_outlasts_a_clock_that_lies() -> None:
    """By Launchpad's clock the lease is over long ago, and that is not believed: it is given up all the same."""
    town = Town()
    town.wait_for(State.FREE)
    town.wait(200)
    call = town.supervisor.assign(AssignRequest("me", "default", "r", ttl=8 * 3600.0))
    town.catch_up()
    town.launchpad.skew, town.launchpad.fault = 86_400.0, denied
    town.supervisor.hang_up(call)
    town.wait(400)
    assert len(town.core.unclaimed) == 1
    town.launchpad.skew, town.launchpad.fault = 0.0, lambda request: None
    town.wait(300)
    assert town.state() is State.FREE


def test_giving_up_outlasts_that_its_times_are_put_right() -> None:
    """Launchpad's clock was a day ahead when the lease was made: putting it right is no trace of a touch."""
    town = Town()
    town.wait_for(State.FREE)
    town.wait(200)  # by now time is believed
    town.launchpad.skew = 86_400.0
    town.wait(60)
    call = town.supervisor.assign(AssignRequest("me", "default", "r", ttl=8 * 3600.0))
    town.catch_up()
    made = town.launchpad.record(town.ppa)
    town.launchpad.skew = 0.0
    town.wait(150)
    right = town.launchpad.record(town.ppa)
    assert made is not None
    assert right is not None
    assert (right.state, right.lease) == (State.USED, made.lease)
    assert right.since < made.since
    town.supervisor.hang_up(call)
    town.wait(300)
    assert town.state() is State.FREE
