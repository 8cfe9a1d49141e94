"""What stands around the machine: what is decided is done in its order, once, and nothing is kept of what is over."""

from __future__ import annotations

import gc
import weakref
from concurrent.futures import Future
from dataclasses import replace
from typing import Any, cast

from ppa_assigner.access import EVERYBODY
from ppa_assigner.automaton.events import Assign
from ppa_assigner.packages import SourcePackage
from ppa_assigner.problems import Kind, Problem
from ppa_assigner.record import State
from ppa_assigner.supervisor.archive_calls import ArchiveCalls
from ppa_assigner.supervisor.events import Died
from ppa_assigner.supervisor.inquiries import AT_ONCE, Archives
from ppa_assigner.supervisor.machine import handle
from ppa_assigner.supervisor.shell import Shell
from ppa_assigner.times import boottime
from ppa_assigner.views import Condition, PromoteRequest

from .fakecrew import Desk, problem, ref
from .memory import MemoryLaunchpad
from .settings import settings
from .test_inquiries import shell as shell

PATIENCE_S = 10.0
PROMOTER = replace(EVERYBODY, promote_to=("*",))


def ends(future: Future[Any]) -> Problem:
    """The problem of a call that ends without its deadline."""
    error = future.exception(PATIENCE_S)
    assert isinstance(error, Problem)
    return error


def test_nothing_is_kept_of_a_call_that_hung_up() -> None:
    """It is never answered."""
    made = Desk("a")
    call = made.ask(wait=60.0)
    future = weakref.ref(call.future)
    made.supervisor.hang_up(call)
    del call
    gc.collect()
    assert future() is None


def test_what_is_due_at_once_is_done_one_thing_at_a_time() -> None:
    """Of many whose time is up the first is answered, and others have the lock, before the last is seen to."""
    made = Desk("a")
    left = list[int]()
    for number in range(3):
        call = made.ask(f"r{number}", wait=60.0)
        call.future.add_done_callback(lambda _: left.append(made.supervisor.pools()[0].waiting))
    made.wait(61.0)
    assert left == [2, 1, 0]


def test_a_death_that_is_told_twice_starts_one_worker() -> None:
    """Two threads may notice it: the second one when the successor works already."""
    made = Desk("a")
    old = made["a"]
    old.die()
    assert handle(made.core, Died(old.known, "its thread ended"), made.core.now) == []
    made.wait(0.0)
    assert made["a"] is not old
    assert handle(made.core, Died(old.known, "its thread ended"), made.core.now) == []
    made.wait(60.0)
    assert [worker.ppa.name for worker in made.hired] == ["a", "a"]
    assert made.core.restarts == 1


def test_a_successor_looks_before_its_ppa_is_lent() -> None:
    """What the one before it saw last may not be so any more."""
    made = Desk("a")
    made["a"].free()
    made["a"].die()
    made.wait(0.0)
    assert made.supervisor.snapshot(ref("a")).condition is Condition.UNREACHABLE
    made.ask(wait=60.0)
    assert not made["a"].has(Assign)
    made["a"].free()
    assert made["a"].has(Assign)


def test_a_ppa_that_is_let_go_is_forgotten() -> None:
    """What it was last is told; when it is served again, it is told anew."""
    made = Desk("a", "b")
    made["a"].used("r")

    def conditions() -> list[tuple[Any, Any]]:
        found, _ = made.supervisor.events.since(0)
        return [(one.data["from"], one.data["to"]) for one in found if one.kind == "condition"]

    for expected in ([("ok", "disabled")], [("ok", "disabled"), (None, "disabled")]):
        made.supervisor.reload(settings(ref("b")))
        made["a"].show(made["a"].record(State.FREE), Condition.DISABLED)
        assert conditions() == expected
        assert made["a"].ended
        made.supervisor.reload(settings(ref("a"), ref("b")))


def test_a_bug_in_what_an_upload_is_checked_for_is_told_at_once(shell: Shell) -> None:
    """Nobody waits for the deadline to learn of it."""
    archives = Archives(*cast("Any", [object()] * 4))
    calls = ArchiveCalls(shell, settings(), MemoryLaunchpad(boottime), archives)
    source = SourcePackage("hello", "1", series="noble")
    assert ends(calls.check_upload((source,), None)).kind is Kind.INTERNAL
    calls.ask_no_more()


def test_who_promotes_waits_behind_no_lease_that_is_searched_for() -> None:
    """A search may take as long as a call; threads are for those whose lease is found."""
    made = Desk("a")
    made["a"].used("r", lease="L")
    to = PromoteRequest(ref("stable"))
    others = [made.supervisor.promote("unknown", to, PROMOTER) for _ in range(AT_ONCE)]
    assert ends(made.supervisor.promote("L", to, PROMOTER)).kind is Kind.LEASE_OVER
    assert not any(one.done() for one in others)
    made.look()
    assert [ends(one).kind for one in others] == [Kind.UNKNOWN_LEASE] * AT_ONCE


def test_at_its_end_every_call_is_answered_though_one_cannot_be() -> None:
    """A bug of one call keeps none of the others waiting for ever."""
    made = Desk("a")
    made["a"].used("r", lease="L")
    calls = [made.supervisor.touch("L", None, EVERYBODY) for _ in range(3)]
    del next(iter(made.core.calls.values())).outage
    made.supervisor.stop(0.0)
    assert [problem(call).kind for call in calls[1:]] == [Kind.UNAVAILABLE] * 2
