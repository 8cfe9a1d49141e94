"""Threads that cannot be started, or that end: nothing that they did is lost for good, and what is missing is told."""

from __future__ import annotations

import json
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pytest

from ppa_assigner.access import EVERYBODY
from ppa_assigner.automaton import Daemon as Name, WorkerState
from ppa_assigner.clock import LaunchpadClock
from ppa_assigner.options import PoolOptions
from ppa_assigner.port import Launchpad as Port
from ppa_assigner.problems import Kind
from ppa_assigner.record import State
from ppa_assigner.supervisor import Supervisor
from ppa_assigner.supervisor.shell import Timer
from ppa_assigner.supervisor.tickets import TicketOffice
from ppa_assigner.times import boottime
from ppa_assigner.views import Condition
from ppa_assigner.worker import Listener, Worker

from .fakecrew import Desk, FakeWorker, problem, ref
from .memory import MemoryLaunchpad
from .processes import Daemon, Launchpad, configure, running, start_launchpad
from .settings import settings
from .waiting import until

NO_THREAD = "can't start new thread"
PPAS = 16


class Bare(Desk):
    """Whose host has no thread left for these PPAs, so many times."""

    def __init__(self, *names: str, without: dict[str, int] | None = None) -> None:
        self.without = without or {}
        super().__init__(*names)

    def hire(self, known: WorkerState, launchpad: Port, clock: LaunchpadClock, listener: Listener) -> Worker:
        worker = super().hire(known, launchpad, clock, listener)
        if self.without.get(known.ppa.name, 0):
            self.without[known.ppa.name] -= 1
            assert isinstance(worker, FakeWorker)
            worker.start = _no_thread  # type: ignore[method-assign]  # a worker of this desk, not of others
        return worker


def _no_thread() -> None:
    raise RuntimeError(NO_THREAD)


def test_a_worker_that_cannot_be_started_is_tried_again_until_it_runs() -> None:
    """At the daemon's start and after a death, with longer and longer pauses; meanwhile its PPA is unreachable."""
    made = Bare("a", "b", without={"a": 3})
    made["b"].free()
    shown = made.supervisor.snapshot(ref("a"))
    assert (shown.condition, NO_THREAD in (shown.fault or "")) == (Condition.UNREACHABLE, True)
    assert made.supervisor.health().stuck == 1
    made.wait(0.5)
    assert not made["a"].running
    made.wait(10.0)
    assert made["a"].running
    made.look()
    made["a"].free()
    assert made.supervisor.health().stuck == 0
    made.without["a"] = 2
    made["a"].die()
    assert made.supervisor.health().stuck == 1
    made.wait(200.0)
    assert made["a"].running
    assert made.supervisor.health().stuck == 0
    made["a"].free()
    assert made.supervisor.snapshot(ref("a")).condition is Condition.OK


def test_what_a_worker_was_asked_that_cannot_be_started_is_answered() -> None:
    """A touch is 503 at once, not at its deadline."""
    made = Bare("a")
    made["a"].used("r", lease="L")
    made.hired.clear()
    made.without["a"] = 3
    made["a"].die()
    made.wait(1.0)
    touch = made.supervisor.touch("L", None, EVERYBODY)
    made.wait(0.0)
    assert problem(touch).kind is Kind.UNAVAILABLE
    made.wait(60.0)
    assert made.hired[-1].running


def test_a_ppa_without_a_worker_for_two_minutes_is_told_to_the_watchdog() -> None:
    """And the daemon is not ready; one that dies again and again runs in between, and is not."""
    made = Bare("a", "b", without={"a": 10**6})
    made.end_look(a="no worker")
    assert made.supervisor.stuck(60.0) == []
    assert made.supervisor.unready() is None
    made.wait(121.0)
    assert made.supervisor.stuck(60.0) == [str(ref("a"))]
    assert str(ref("a")) in (made.supervisor.unready() or "")
    for _ in range(10):
        made["b"].die()
        made.wait(61.0)
    assert str(ref("b")) not in made.supervisor.stuck(60.0)
    assert made.supervisor.health().restarts == 10


class Vanishing(Worker):
    """The thread of the first one of each PPA ends and tells nobody."""

    seen: set[Any]

    def run(self) -> None:
        if self.ppa in self.seen:
            super().run()
        self.seen.add(self.ppa)


def test_a_worker_that_could_not_even_tell_its_death_is_followed_by_another() -> None:
    """The next round of looks finds it, or whoever feeds the watchdog."""
    launchpad = MemoryLaunchpad(boottime)
    ppas = launchpad.add("~team/ubuntu/a", "~team/ubuntu/b")
    Vanishing.seen = set()
    supervisor = Supervisor(
        settings(*ppas, options=PoolOptions(settle=0.0), total=5.0, look_every=0.3), launchpad,
        clock=LaunchpadClock(host=launchpad.host), daemon=Name("test", 1, "x"),
        tickets=TicketOffice(b"pool"), draw=partial(Random(1).getrandbits, 128), make_worker=Vanishing,
    )  # fmt: skip
    supervisor.start()
    try:
        until(lambda: all(s.record and s.record.state is State.FREE for s in supervisor.snapshots()), "free", 20.0)
        assert supervisor.health().restarts == 2
    finally:
        supervisor.stop(5.0)


def test_a_timer_that_is_held_up_is_late() -> None:
    """Deadlines are its calls: the watchdog must know."""
    held, let = threading.Event(), threading.Event()

    def hold() -> None:
        held.set()
        let.wait(30.0)
        timer.set(None)

    timer = Timer(boottime, hold)
    timer.set(boottime() - 100.0)
    assert timer.late == 0.0
    timer.start()
    assert held.wait(10.0)
    assert timer.late >= 100.0
    let.set()
    until(lambda: timer.late == 0.0, "it has caught up")
    timer.stop()


def test_one_who_waits_for_a_look_and_fails_keeps_it_from_no_other(caplog: pytest.LogCaptureFixture) -> None:
    """All who waited for the round are called."""
    made = Desk("a")
    made.core.want_look("nobody knows what this is for")
    unknown = made.supervisor.lease("L")
    made.look()
    assert problem(unknown).kind is Kind.UNKNOWN_LEASE
    assert "RoundOver could not be handled" in caplog.text


# -- on a host that has no memory for a thread's stack, in processes of their own --------------------------------------

STARVED = """
import resource, threading
from pathlib import Path
from ppa_assigner.automaton.events import Looked
from ppa_assigner.launchpad.sockets import Resolver
from ppa_assigner.supervisor.poller import Poller
from ppa_assigner.times import boottime
from tests.memory import MemoryLaunchpad

def starve():
    used = next(int(l.split()[1]) for l in Path("/proc/self/status").read_text().splitlines() if l.startswith("VmSize"))
    resource.setrlimit(resource.RLIMIT_AS, (used * 1024 + (2 << 20), resource.RLIM_INFINITY))

names = Resolver()
launchpad = MemoryLaunchpad(boottime)
ppas = launchpad.add(*(f"~team{n}/ubuntu/p" for n in range(9)))
told = []
tell = lambda ppa, event: told.append((ppa, event))
poller = Poller(launchpad, lambda: (1, ppas), tell, every=60, observe=lambda _: 0)
starve()
try:
    threading.Thread(target=print).start()
except RuntimeError as error:
    print("starved:", error)
try:
    names.addresses("localhost", 80, 5)
except OSError as error:
    print("names:", type(error).__name__, error)
poller.look()
print("looked:", len(told), all(isinstance(event, Looked) for _, event in told))
resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
print("names again:", bool(names.addresses("localhost", 80, 5)))
"""


def test_without_a_thread_names_and_looks_go_on() -> None:
    """A name that could not be looked up is asked for anew later; a round of looks makes do with fewer threads."""
    done = subprocess.run([sys.executable, "-c", STARVED], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.splitlines() == [
        f"starved: {NO_THREAD}",
        f"names: OSError the name is not looked up: {NO_THREAD}",
        "looked: 9 True",
        "names again: True",
    ], done.stderr


@pytest.fixture(scope="module")
def launchpad() -> Iterator[Launchpad]:
    """A stand-in with PPAs."""
    launchpad = start_launchpad("--owner", "ci-pool", "--ppas", str(PPAS))
    yield launchpad
    launchpad.stop()


def test_a_daemon_that_can_start_no_thread_tells_so_and_catches_up(tmp_path: Path, launchpad: Launchpad) -> None:
    """PPAs that a reload adds are unreachable while there is no memory for their threads, and free soon after."""
    daemon = configure(tmp_path, launchpad, ppas=("~ci-pool/ubuntu/pool-001",))
    with running(daemon):
        daemon.start()
        assert daemon.process is not None
        document = json.loads(daemon.config.read_text())
        document["pools"]["default"]["ppas"] = [f"~ci-pool/ubuntu/pool-{{001..{PPAS:03}}}"]
        daemon.config.write_text(json.dumps(document))
        resource.prlimit(daemon.process.pid, resource.RLIMIT_AS, (_size(daemon) + (3 << 20), resource.RLIM_INFINITY))
        daemon.process.send_signal(signal.SIGHUP)
        until(lambda: "reloaded" in daemon.log, "the reload", 30.0)
        lost = [ppa for ppa in daemon.http.get("/v1/ppas").json()["items"] if NO_THREAD in (ppa["fault"] or "")]
        assert {ppa["condition"] for ppa in lost} == {"unreachable"}
        assert _stuck(daemon) > 0
        unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        resource.prlimit(daemon.process.pid, resource.RLIMIT_AS, unlimited)
        until(lambda: _states(daemon) == ["free"] * PPAS, "all are free", 90.0)
        assert _stuck(daemon) == 0


def _stuck(daemon: Daemon) -> int:
    lines = daemon.http.get("/metrics").text.splitlines()
    return next(int(float(line.split()[1])) for line in lines if line.startswith("ppa_assigner_workers_stuck "))


def _states(daemon: Daemon) -> list[str]:
    return [ppa["state"] for ppa in daemon.http.get("/v1/ppas").json()["items"]]


def _size(daemon: Daemon) -> int:
    assert daemon.process is not None
    lines = Path(f"/proc/{daemon.process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmSize"))
