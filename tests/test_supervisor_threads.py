"""The assigner with real workers and threads: bursts, kills, lost answers, a Launchpad that is down or hangs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future
from itertools import count
from typing import Any

import pytest

from ppa_assigner.access import EVERYBODY
from ppa_assigner.problems import Kind, Problem
from ppa_assigner.record import State
from ppa_assigner.supervisor import Supervisor
from ppa_assigner.supervisor.shell import Call
from ppa_assigner.times import boottime
from ppa_assigner.views import AssignRequest, Condition, LeaseView, ResumeAction

from .fleet import Fleet
from .memory import Request
from .waiting import until


@pytest.fixture
def fleet() -> Iterator[Fleet]:
    """Ten PPAs."""
    made = Fleet(10)
    yield made
    made.close()


def ask(supervisor: Supervisor, request: str, **fields: Any) -> Call:
    """An assign."""
    return supervisor.assign(
        AssignRequest(**{"owner": "me", "pool": "default", "request_id": request, "ttl": 600.0, **fields})
    )


def ends(future: Future[Any], seconds: float = 10.0) -> Any:
    """The result or the problem, in time."""
    try:
        return future.result(seconds)
    except Problem as told:
        return told


@pytest.mark.parametrize("daemons", [1, 2])
def test_a_burst_gets_each_ppa_once(fleet: Fleet, daemons: int) -> None:
    """Fifty at once on ten PPAs, through one daemon or two: ten distinct leases, forty none-free, every serial once."""
    supervisors = [fleet.daemon() for _ in range(daemons)]
    for supervisor in supervisors:
        fleet.all_free(supervisor)
    calls: list[Call] = []
    lock, go = threading.Lock(), threading.Barrier(50)

    def client(number: int) -> None:
        go.wait(10.0)
        call = ask(supervisors[number % daemons], f"r{number}")
        with lock:
            calls.append(call)

    threads = [threading.Thread(target=client, args=(n,)) for n in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10.0)
    results = [ends(call.future) for call in calls]
    leases = [result for result in results if isinstance(result, LeaseView)]
    problems = [result.kind for result in results if isinstance(result, Problem)]
    assert len(leases) == len({lease.ppa for lease in leases}) == 10
    assert problems == [Kind.NONE_FREE] * 40
    for lease in leases:
        record = fleet.launchpad.record(lease.ppa)
        assert record is not None
        assert (record.lease, record.request) == (lease.record.lease, lease.record.request)
    fleet.serials_grow_by_one()


def test_leases_outlive_a_killed_daemon(fleet: Fleet) -> None:
    """Another daemon knows the same owners and ends, a client that asks again gets its lease, release works."""
    first = fleet.daemon()
    fleet.all_free(first)
    leases = [ends(ask(first, f"r{n}").future) for n in range(4)]
    fleet.kill(first)
    second = fleet.daemon()
    until(lambda: second.unready() is None, "the first look")
    shown = {s.record.lease: s.record for s in second.snapshots() if s.record and s.record.state is State.USED}
    assert shown == {lease.record.lease: lease.record for lease in leases}
    again = ends(ask(second, "r0", attempt=1).future)
    assert (again.ppa, again.record.lease, again.fresh) == (leases[0].ppa, leases[0].record.lease, False)
    released = ends(second.release(leases[1].record.lease, EVERYBODY))
    assert released.record.state is State.DIRTY
    until(lambda: fleet.states(second).count(State.FREE) == 7, "cleaned")


@pytest.mark.parametrize("fault", ["lost", "late"])
def test_an_answer_that_is_lost_binds_the_request_until_it_is_settled(fleet: Fleet, fault: str) -> None:
    """Whether the write landed or not, one PPA is lent, and a late landing lends no second one."""
    supervisor = fleet.daemon()
    fleet.all_free(supervisor)
    faults = [fault]
    fleet.launchpad.fault = lambda request: faults.pop() if faults and request.what == "write" else None
    lease = ends(ask(supervisor, "r").future)
    assert isinstance(lease, LeaseView)
    fleet.launchpad.land()
    # A look is over once an unknown lease is said to be so.
    assert ends(supervisor.lease("unknown")).kind is Kind.UNKNOWN_LEASE
    used = [s for s in supervisor.snapshots() if s.record and s.record.state is State.USED]
    assert [s.ppa for s in used] == [lease.ppa]
    fleet.serials_grow_by_one()


def test_a_write_of_a_killed_daemon_that_lands_late_makes_no_second_lease(fleet: Fleet) -> None:
    """The client asks the next daemon with a higher attempt; the late lease, of the lower one, ends."""
    first = fleet.daemon()
    fleet.all_free(first)
    fleet.launchpad.fault = lambda request: "late" if request.what == "write" else None
    ask(first, "r")
    until(lambda: fleet.launchpad.late, "the write under way")
    fleet.kill(first)
    fleet.launchpad.fault = lambda request: None
    second = fleet.daemon()
    until(lambda: second.unready() is None)
    # The PPA that the late write is for is the one that has been free longest: it must not be the one that is lent.
    taken = {p: fleet.launchpad.record(p) for p in fleet.ppas}
    lease = ends(ask(second, "r", attempt=1, ppa=fleet.ppas[-1]).future)
    assert isinstance(lease, LeaseView)
    fleet.launchpad.land()

    def lone() -> bool:
        records = [fleet.launchpad.record(ppa) for ppa in fleet.ppas]
        return [r.lease for r in records if r is not None and r.state is State.USED] == [lease.record.lease]

    until(lambda: any(fleet.launchpad.record(p) != taken[p] for p in fleet.ppas if p != lease.ppa), "it landed")
    until(lone, "the lower attempt's end")


def test_launchpad_down_at_start(fleet: Fleet) -> None:
    """It is tried again; a request that waits is served once it is up."""
    fleet.launchpad.fault = lambda request: "down"
    supervisor = fleet.daemon(total=20.0)
    call = ask(supervisor, "r", wait=20.0)
    until(lambda: "down" in str(supervisor.unready()), "the reason")
    fleet.launchpad.fault = lambda request: None
    assert isinstance(ends(call.future, 20.0), LeaseView)


@pytest.mark.parametrize("idle", [None, 600.0])
def test_each_touch_while_launchpad_is_down_says_that_it_was_heard(fleet: Fleet, idle: float | None) -> None:
    """Also when nothing else about the PPA changes: its owner works on through an outage that outlasts silence."""
    supervisor = fleet.daemon()
    fleet.all_free(supervisor)
    told = ends(ask(supervisor, "r", idle=idle).future)
    fleet.launchpad.fault = lambda request: "down"
    until(lambda: supervisor.snapshot(told.ppa).condition is Condition.UNREACHABLE, "the outage")
    for _ in range(3):
        touched = ends(supervisor.touch(told.record.lease, None, EVERYBODY))
        assert (touched.kind, touched.facts.get("heard")) == (Kind.UNAVAILABLE, True)


def calls_of(supervisor: Supervisor, fleet: Fleet, lease: str) -> dict[str, Future[Any]]:
    """One of each kind of call."""
    ppa = fleet.ppas[0]
    return {
        "assign": ask(supervisor, "new").future,
        "again": ask(supervisor, "r", attempt=1).future,
        "touch": supervisor.touch(lease, 60.0, EVERYBODY),
        "release": supervisor.release(lease, EVERYBODY),
        "lease": supervisor.lease("unknown"),
        "withdraw": supervisor.withdraw("unknown", EVERYBODY),
        "operate": supervisor.operate(ppa, ResumeAction(), EVERYBODY),
        "content": supervisor.content(ppa),
    }


@pytest.mark.parametrize("ready", [True, False])
def test_with_launchpad_hanging_every_call_ends_in_its_deadline(fleet: Fleet, ready: bool) -> None:
    """Known state or none: 503 when its time is over, and nothing is left open."""
    supervisor = fleet.daemon(total=0.5, held=not ready)
    lease = "unknown"
    if ready:
        fleet.all_free(supervisor)
        told = ends(ask(supervisor, "r").future)
        lease = told.record.lease
    wire = fleet.wire(supervisor)
    wire.hold()
    until(lambda: wire.held, "a request that hangs")
    began = boottime()
    results = {name: ends(future, 3.0) for name, future in calls_of(supervisor, fleet, lease).items()}
    assert boottime() - began < 2.5
    assert {name: result.kind for name, result in results.items()} == dict.fromkeys(results, Kind.UNAVAILABLE)
    assert not supervisor.core.open
    assert len(supervisor.snapshots()) == 10
    wire.release()
    if ready:
        until(lambda: not supervisor.core.expected, "all commands answered")


def test_stopping_with_launchpad_hanging(fleet: Fleet) -> None:
    """Those who wait are answered at once; stop gives up on the rest in its deadline."""
    supervisor = fleet.daemon()
    fleet.all_free(supervisor)
    fleet.wire(supervisor).hold()
    call, touch = ask(supervisor, "r"), supervisor.lease("unknown")
    began = boottime()
    supervisor.stop(0.5)
    assert boottime() - began < 3.0
    assert ends(call.future, 0.0).kind is ends(touch, 0.0).kind is Kind.UNAVAILABLE


def test_a_worker_that_dies_again_and_again_is_replaced(fleet: Fleet) -> None:
    """An exception in the port ends a worker, not the service: the lease is made by a successor, once."""
    supervisor = fleet.daemon(total=20.0)
    fleet.all_free(supervisor)
    bugs = count()

    def fault(request: Request) -> str | None:
        if request.what == "write" and next(bugs) < 3:
            raise KeyError("a bug")
        return None

    fleet.launchpad.fault = fault
    lease = ends(ask(supervisor, "r", wait=20.0).future, 20.0)
    assert isinstance(lease, LeaseView)
    used = [r for p in fleet.ppas if (r := fleet.launchpad.record(p)) is not None and r.state is State.USED]
    assert [record.lease for record in used] == [lease.record.lease]


def test_a_lease_ends_after_a_blind_restart_without_any_call(fleet: Fleet) -> None:
    """Time is believed by the looks alone, after ten seconds: nobody asks anything, and the lease ends all the same."""
    first = fleet.daemon()
    fleet.all_free(first)
    lease = ends(ask(first, "r", ttl=2.0).future)
    fleet.kill(first)
    second = fleet.daemon()
    until(lambda: [s for s in fleet.states(second) if s is State.USED], "seen")
    until(lambda: (r := fleet.launchpad.record(lease.ppa)) and r.state is not State.USED, "the end")


def test_many_wait_and_nobody_is_forgotten(fleet: Fleet) -> None:
    """Two hundred share ten PPAs, each gives it back at once: all are served within their wait."""
    supervisor = fleet.daemon(total=20.0)
    fleet.all_free(supervisor)
    calls = [ask(supervisor, f"r{n}", wait=60.0) for n in range(200)]
    for call in calls:
        call.future.add_done_callback(lambda done: supervisor.release(done.result().record.lease or "", EVERYBODY))
    results = [ends(call.future, 60.0) for call in calls]
    assert all(isinstance(result, LeaseView) for result in results)
    fleet.all_free(supervisor)
    fleet.serials_grow_by_one()
    assert not supervisor.core.expected
    assert not len(supervisor.core.requests)
