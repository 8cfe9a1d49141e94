"""The thread of one PPA: it carries out what the automaton decides, and says what it sees."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from random import Random

import pytest

from ppa_assigner.automaton import Daemon, WorkerState
from ppa_assigner.automaton.events import (
    Assign,
    CheckBurnt,
    Command,
    Inspect,
    Looked,
    Operate,
    Outcome,
    Reconfigured,
    Release,
    Touch,
    Transition,
)
from ppa_assigner.automaton.requests import (
    TOO_LATE,
    AddDependency,
    Apply,
    Cancel,
    Change,
    Delete,
    Grant,
    RemoveDependency,
    Revoke,
    SetFields,
    SetProcessors,
)
from ppa_assigner.clock import LaunchpadClock
from ppa_assigner.options import Baseline, PoolOptions, Proof
from ppa_assigner.packages import SourcePackage
from ppa_assigner.port import Build, Entry, Lane, Publication, ReadAnswer
from ppa_assigner.record import State
from ppa_assigner.reference import Reference
from ppa_assigner.times import boottime
from ppa_assigner.views import AdoptAction, AssignRequest, Cleaning, Snapshot
from ppa_assigner.worker import Worker, carry_out

from .automaton.lab import World
from .fakecrew import ref
from .memory import MemoryLaunchpad, Request
from .waiting import until

A = ref("a")
OPTIONS = PoolOptions(settle=0.0, grant_upload=True)


class Ear:
    """A Listener that writes everything down."""

    def __init__(self) -> None:
        self.snapshots: list[Snapshot] = []
        self.outcomes: list[tuple[int, Outcome]] = []
        self.rounds: list[tuple[int, str | None]] = []
        self.leads: list[tuple[Reference, str]] = []
        self.moves: list[Transition] = []
        self.alarms: list[str] = []
        self.progress: list[Cleaning] = []
        self.deaths: list[tuple[WorkerState, BaseException]] = []

    def on_snapshot(self, known: WorkerState, snapshot: Snapshot) -> None:
        self.snapshots.append(snapshot)

    def on_reply(self, ppa: Reference, token: int, outcome: Outcome) -> None:
        self.outcomes.append((token, outcome))

    def on_round_done(self, ppa: Reference, number: int, reason: str | None) -> None:
        self.rounds.append((number, reason))

    def on_transition(self, ppa: Reference, transition: Transition) -> None:
        self.moves.append(transition)

    def on_progress(self, ppa: Reference, cleaning: Cleaning) -> None:
        self.progress.append(cleaning)

    def on_lead_wanted(self, ppa: Reference, lead: Reference, nonce: str) -> None:
        self.leads.append((lead, nonce))

    def on_alarm(self, ppa: Reference, text: str) -> None:
        self.alarms.append(text)

    def on_death(self, ppa: Reference, known: WorkerState, error: BaseException) -> None:
        self.deaths.append((known, error))


class Bench:
    """A worker of PPA `a` over a Launchpad in memory."""

    def __init__(self, launchpad: MemoryLaunchpad | None = None, options: PoolOptions = OPTIONS) -> None:
        self.launchpad = launchpad or MemoryLaunchpad(boottime)
        self.launchpad.add(str(A))
        self.clock, self.ear = LaunchpadClock(host=self.launchpad.host), Ear()
        for ago in (10.0, 5.0, 0.0):
            self.clock.observe(self.launchpad.moment(ago))
        known = WorkerState(A, "default", options, Daemon("test", 1, "x"), f"{Random().random()}")
        self.worker = Worker(known, self.launchpad, self.clock, self.ear)
        self.tokens = iter(range(1, 1000))

    def look(self) -> None:
        """What a bulk look shows."""
        answer = self.launchpad.read(A)
        assert isinstance(answer, Entry)
        self.clock.observe(answer.moment)
        self.worker.tell(Looked(answer, answer.moment.started, 1))

    def do(self, kind: Callable[..., Command], **fields: object) -> Outcome:
        """Hand a command in and wait for its outcome."""
        token = next(self.tokens)
        self.worker.tell(kind(token=token, deadline=boottime() + 10.0, **fields))
        until(lambda: any(t == token for t, _ in self.ear.outcomes), f"outcome of {kind}")
        return next(outcome for t, outcome in self.ear.outcomes if t == token)

    def assign(self, **fields: object) -> Outcome:
        """Lend the PPA."""
        wish = replace(AssignRequest("me", "default", "r", ttl=60.0), **fields)  # type: ignore[arg-type]  # its fields
        return self.do(Assign, lease="L", wish=wish)

    def free(self) -> None:
        """Wait for the proof."""
        self.look()
        until(lambda: self.state() is State.FREE, "free")

    def state(self) -> State | None:
        """The state in the snapshot."""
        record = self.worker.snapshot.record
        return record.state if record is not None else None


@pytest.fixture
def bench() -> Iterator[Bench]:
    """A worker that runs."""
    made = Bench()
    made.worker.start()
    yield made
    made.worker.stop()
    made.worker.join(10.0)
    assert not made.worker.is_alive()


def test_a_life(bench: Bench) -> None:
    """Empty PPA taken in, proved, lent, used, given back, emptied, proved again: each step told, serials by one."""
    bench.free()
    assert "LeaseShown" in repr(bench.assign(uploader="~ann"))
    assert bench.launchpad.archives[A].uploaders == ["~ann"]
    assert "LeaseShown" in repr(bench.do(Touch, lease="L", ttl=90.0))
    bench.launchpad.upload(A, "hello")
    bench.launchpad.archives[A].builds.append(Build("memory:b", "build of hello", "Building", True))
    assert "ContentShown" in repr(bench.do(Inspect))
    assert "RecordShown" in repr(bench.do(Release, lease="L"))
    until(lambda: bench.state() is State.FREE, "free again")
    assert not any(item.active for item in bench.launchpad.archives[A].items)
    assert bench.launchpad.archives[A].uploaders == []
    assert bench.launchpad.archives[A].builds == []
    states = [move.record.state for move in bench.ear.moves]
    assert states == [State.DIRTY, State.FREE, State.USED, State.DIRTY, State.FREE]
    serials = [record.serial for record in bench.launchpad.records(A)]
    assert serials == list(range(serials[0], serials[0] + len(serials)))
    assert bench.ear.rounds == [(1, None)]
    assert bench.ear.deaths == []


def test_a_late_command_is_refused_and_a_round_answered(bench: Bench) -> None:
    """After its deadline nobody waits; a PPA in order can not be adopted."""
    bench.free()
    assert "OUTAGE" in repr(bench.do(lambda **f: Touch(**{**f, "deadline": 0.0}), lease="L"))
    assert "WRONG_STATE" in repr(bench.do(Operate, act=AdoptAction()))


def test_alarms_are_told(bench: Bench) -> None:
    """An old text that somebody brings back."""
    bench.free()
    bench.assign()
    bench.launchpad.describe(A, "my own words")
    bench.look()
    until(lambda: bench.ear.alarms, "an alarm")
    until(lambda: bench.launchpad.record(A), "the record again")
    record = bench.launchpad.record(A)
    assert record is not None
    assert record.lease == "L"


def test_an_answer_in_doubt_is_settled(bench: Bench) -> None:
    """The write was done and its answer lost: in doubt first, then lent."""
    bench.free()
    faults = ["lost"]
    bench.launchpad.fault = lambda r: faults.pop() if faults and r.what == "write" else None
    token = 500
    bench.worker.tell(
        Assign(token=token, deadline=boottime() + 10, lease="L", wish=AssignRequest("me", "default", "r", ttl=60.0))
    )
    until(lambda: any("LeaseShown" in repr(o) for t, o in bench.ear.outcomes if t == token))
    assert "IN_DOUBT" in repr(bench.ear.outcomes[0])


def test_what_comes_while_an_outcome_is_unknown_is_decided_afterwards(bench: Bench) -> None:
    """The release that came meanwhile finds the lease that landed."""
    bench.free()
    faults = {"write": ["lost"], "read": ["down", "down"]}
    bench.launchpad.fault = lambda r: faults[r.what].pop() if faults.get(r.what) else None
    wish = AssignRequest("me", "default", "r", ttl=60.0)
    bench.worker.tell(Assign(token=500, deadline=boottime() + 10.0, lease="L", wish=wish))
    until(lambda: not faults["write"], "the write")
    assert "RecordShown" in repr(bench.do(Release, lease="L"))
    outcomes = [repr(outcome) for token, outcome in bench.ear.outcomes if token == 500]
    assert "IN_DOUBT" in outcomes[0]
    assert "LeaseShown" in outcomes[-1]


def test_a_port_that_raises_ends_the_worker_with_what_it_knew() -> None:
    """The supervisor is told, with the write whose outcome nobody knows."""

    def fault(request: Request) -> str | None:
        if request.what == "write":
            raise KeyError("a bug")
        return None

    bench = Bench()
    bench.launchpad.fault = fault
    bench.worker.start()
    bench.look()
    bench.worker.join(10.0)
    known, error = bench.ear.deaths[0]
    assert isinstance(error, KeyError)
    assert known.pending is not None
    assert bench.worker.known is known


def test_stopping_lets_the_request_under_way_end_and_makes_no_other() -> None:
    """A read hangs; it is told to stop; after the answer nothing more is asked."""
    entered, leave = threading.Event(), threading.Event()

    class Slow(MemoryLaunchpad):
        def read(self, ppa: Reference, lane: Lane = Lane.WORK) -> ReadAnswer:
            entered.set()
            assert leave.wait(10.0)
            return super().read(ppa, lane)

    bench = Bench(Slow(boottime))
    bench.worker.start()
    bench.worker.tell(Looked(None, boottime(), 1))
    assert entered.wait(30.0)
    assert bench.worker.busy
    bench.worker.stop()
    leave.set()
    bench.worker.join(10.0)
    assert [request.what for request in bench.launchpad.log] == ["read"]
    assert bench.ear.deaths == []


def test_time_is_not_kept_waiting_by_a_full_mailbox() -> None:
    """Events and time take turns: a lease ends although events never cease."""
    bench = Bench()
    bench.worker.start()
    bench.free()
    bench.assign(ttl=1.0)
    stop = threading.Event()

    def flood() -> None:
        while not stop.is_set():
            for _ in range(50):
                bench.worker.tell(Reconfigured("default", OPTIONS))
            stop.wait(0.001)

    thread = threading.Thread(target=flood)
    thread.start()
    try:
        until(lambda: [m.why for m in bench.ear.moves].count("expired") == 1, "the end of the lease")
    finally:
        stop.set()
        thread.join(30.0)
        bench.worker.stop()
        bench.worker.join(20.0)


CHANGES: dict[str, Change] = {
    "delete": Delete(Publication("memory://x", "hello", "1", "noble")),
    "cancel": Cancel(Build("memory://y", "build", "Building", True)),
    "revoke": Revoke("~ann"),
    "grant": Grant("~ann"),
    "remove_dependency": RemoveDependency("~x/ubuntu/y"),
    "add_dependency": AddDependency("~x/ubuntu/y"),
    "set_processors": SetProcessors(("amd64",)),
    "set_fields": SetFields((("publish", False),)),
}


def test_what_cannot_be_conditional_is_not_asked_after_its_time() -> None:
    """Whatever a clean changes: too late is no request at all."""
    bench = Bench()
    entry = bench.launchpad.read(A)
    assert isinstance(entry, Entry)
    bench.launchpad.log.clear()
    for change in CHANGES.values():
        assert carry_out(Apply(change, entry, boottime() - 1.0), A, bench.launchpad, boottime) is TOO_LATE
    assert bench.launchpad.log == []


@pytest.mark.parametrize("call", CHANGES)
def test_each_change_is_one_call_of_the_port(call: str) -> None:
    """The one that means it."""
    bench = Bench()
    entry = bench.launchpad.read(A)
    assert isinstance(entry, Entry)
    bench.launchpad.upload(A, "hello")
    bench.launchpad.log.clear()
    publication = bench.launchpad.archives[A].items[0].publication
    change = Delete(publication) if call == "delete" else CHANGES[call]
    carry_out(Apply(change, entry, boottime() + 10.0), A, bench.launchpad, boottime)
    assert [request.what for request in bench.launchpad.log] == [call]


def test_a_whole_clean_with_a_baseline_and_the_strictest_proof() -> None:
    """Settings are restored, indexes and disk looked at, and what is waited for is told."""
    baseline = Baseline(dependencies=("~x/ubuntu/y",), processors=("amd64",), displayname="Pool", uploaders=("~bot",))
    bench = Bench(options=PoolOptions(settle=0.0, proof=Proof.DISK, baseline=baseline))
    archive = bench.launchpad.archives[A]
    archive.dependencies, archive.uploaders = ["ubuntu"], ["~eve"]
    bench.worker.start()
    bench.look()
    until(lambda: bench.state() is State.FREE, "free")
    bench.worker.stop()
    bench.worker.join(10.0)
    assert (archive.dependencies, archive.processors) == (["~x/ubuntu/y"], ["amd64"])
    assert (archive.displayname, archive.uploaders) == ("Pool", ["~bot"])
    assert "restoring its settings" in [cleaning.step for cleaning in bench.ear.progress]
    assert {"index_leftovers", "disk_leftovers", "archive_settings"} <= {
        request.what for request in bench.launchpad.log
    }
    assert bench.ear.deaths == []


def test_a_ppa_that_is_not_there_is_made() -> None:
    """With our record in it from the first moment on."""
    bench = Bench(options=PoolOptions(settle=0.0, create=True))
    del bench.launchpad.archives[A]
    bench.worker.start()
    bench.worker.tell(Looked(None, boottime(), 1))
    until(lambda: bench.state() is State.FREE, "free")
    bench.worker.stop()
    bench.worker.join(10.0)
    assert bench.ear.moves[0].why == "created"
    assert bench.launchpad.records(A)[0].state is State.DIRTY


def test_burnt_versions_are_asked_for(bench: Bench) -> None:
    """By a wish that names them, and by a question of its own."""
    bench.launchpad.upload(A, "hello").active = False
    bench.free()
    assert "BURNT" in repr(bench.do(CheckBurnt, sources=(SourcePackage("hello", "1"),)))
    assert "BURNT" in repr(bench.assign(sources=(SourcePackage("hello", "1"),)))
    assert "LeaseShown" in repr(bench.assign(sources=(SourcePackage("hello", "2"),)))


def test_a_touch_that_changes_nothing_is_told_of() -> None:
    """While Launchpad is away that the owner was heard is all that there is, and it decides what the owner is told."""
    world = World()
    runner, _ = world.used_ppa()
    world.launchpad.fault = lambda request: "down"
    ear = Ear()
    worker = Worker(runner.known, world.launchpad, runner.clock, ear)
    for number in (1, 2):
        world.boot += 1.0
        worker.turn(Touch(token=number, deadline=world.boot + 60.0, lease="lease-1"))
        assert worker.known.heard_at == world.boot
        assert len(ear.snapshots) > number - 1
    assert ear.snapshots[-1] == ear.snapshots[-2]
