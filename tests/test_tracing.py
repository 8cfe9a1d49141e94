"""Burnt versions: who is lent what when PPAs had the sources before, and when that is asked and told."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any

import pytest

from ppa_assigner.access import EVERYBODY
from ppa_assigner.automaton.events import Abandoned, Assign, CheckBurnt, Denied, RecordShown, Refusal
from ppa_assigner.config import Pool
from ppa_assigner.options import PoolOptions
from ppa_assigner.packages import SourcePackage
from ppa_assigner.problems import Kind, Problem
from ppa_assigner.record import State
from ppa_assigner.supervisor.used_versions import AT_ONCE, QUESTIONS
from ppa_assigner.views import AssignRequest, Condition, LeaseView, Sight

from .fakecrew import Desk, FakeWorker, lent, problem, ref
from .fleet import Fleet
from .memory import Request
from .settings import settings
from .waiting import until

SOURCES = (SourcePackage("hello", "1"), SourcePackage("bye", "2"))


def used(*names: str) -> Desk:
    """Ready, all PPAs used by others."""
    made = Desk(*names)
    for name in names:
        made[name].used(f"of-{name}")
    return made


def clear(worker: FakeWorker) -> None:
    """It never had any of them."""
    worker.reply(worker.take(CheckBurnt), RecordShown(worker.snapshot.record))


def asked(made: Desk) -> set[str]:
    """Whose workers are asked whether they had the sources."""
    return {name for name, worker in made.workers.items() if worker.has(CheckBurnt)}


def nothing_left(made: Desk) -> None:
    """No wish, no bound PPA, no expected outcome is kept."""
    assert not len(made.core.requests)
    assert not made.core.registry.free_list.bound
    assert not made.core.expected


def test_a_burnt_ppa_is_passed_by_and_no_loss() -> None:
    """The sources go with the assign; a burnt PPA leads to the one that is free longest of the others."""
    made = Desk("a", "b", "c")
    for minutes, name in enumerate("abc"):
        made[name].free(minutes)
    call = made.ask(sources=SOURCES)
    assert next(e for e in made["a"].told if isinstance(e, Assign)).sources == SOURCES
    made["a"].deny(Assign, Refusal.BURNT, "hello 1")
    assert made.asked() == "b"
    made["b"].lend()
    assert lent(call).ppa == ref("b")
    for name in asked(made):
        clear(made[name])
    nothing_left(made)


def test_after_a_burnt_one_the_other_free_ones_are_asked_together() -> None:
    """What they say at once need not be found out by trying to lend one after the other."""
    made = Desk(*"abcde")
    for minutes, name in enumerate("abcde"):
        made[name].free(minutes)
    call = made.ask(sources=SOURCES)
    assert asked(made) == set()
    made["a"].deny(Assign, Refusal.BURNT, "hello 1")
    assert asked(made) == set("bcde")
    for name in "cd":
        made[name].deny(CheckBurnt, Refusal.BURNT, "bye 2")
    made["b"].deny(Assign, Refusal.BURNT, "bye 2")
    assert made.asked() == "e"
    made["e"].lend()
    assert lent(call).ppa == ref("e")


def test_a_burnt_ppa_stays_so_for_this_wish() -> None:
    """However it changes and however long it takes; for another wish it is a candidate."""
    made = Desk("a", "b")
    made["a"].free()
    made["b"].used("x")
    call = made.ask(sources=SOURCES, wait=3600.0)
    made["a"].deny(Assign, Refusal.BURNT, "hello 1")
    clear(made["b"])
    made.wait(1000.0)
    made["a"].show(made["a"].record(State.DIRTY))
    made["a"].free(5)
    assert made.asked() is None
    other = made.ask("other", sources=(SourcePackage("hello", "1.1"),))
    made["a"].lend()
    assert lent(other).ppa == ref("a")
    made["b"].free(6)
    made["b"].lend()
    assert lent(call).ppa == ref("b")


@pytest.mark.parametrize("wait", [0.0, 600.0])
def test_all_burnt_is_told_at_once(wait: float) -> None:
    """Those that are not free are asked, all at once; the answer says which had which."""
    made = used("b", "c")
    made["c"].show(made["c"].record(State.DIRTY))
    call = made.ask(sources=SOURCES, wait=wait)
    assert asked(made) == {"b", "c"}
    assert next(e for e in made["b"].told if isinstance(e, CheckBurnt)).sources == SOURCES
    made["b"].deny(CheckBurnt, Refusal.BURNT, "hello 1")
    made.wait(1.0)
    assert not call.future.done()
    made["c"].deny(CheckBurnt, Refusal.BURNT, "bye 2")
    told = problem(call)
    assert told.kind is Kind.ALL_BURNT
    assert told.facts == {
        "request_id": "r",
        "sources": [{"name": "hello", "version": "1"}, {"name": "bye", "version": "2"}],
        "burnt": {"~team/ubuntu/b": "hello 1", "~team/ubuntu/c": "bye 2"},
    }
    nothing_left(made)


def test_all_burnt_of_free_and_used_ones() -> None:
    """The free ones say so when they are to be lent, the others when they are asked."""
    made = Desk("a", "b")
    made["a"].free()
    made["b"].used("x")
    call = made.ask(sources=SOURCES)
    assert asked(made) == set()
    made["a"].deny(Assign, Refusal.BURNT, "hello 1")
    made["b"].deny(CheckBurnt, Refusal.BURNT, "hello 1")
    assert problem(call).kind is Kind.ALL_BURNT


def test_the_one_ppa_that_is_wanted_is_burnt() -> None:
    """The others do not matter, and are not asked."""
    made = used("a", "b")
    call = made.ask(sources=SOURCES, ppa=ref("b"), wait=60.0)
    assert asked(made) == {"b"}
    made["b"].deny(CheckBurnt, Refusal.BURNT, "hello 1")
    told = problem(call)
    assert (told.kind, told.facts["burnt"]) == (Kind.ALL_BURNT, {"~team/ubuntu/b": "hello 1"})
    assert "~team/ubuntu/b" in told.detail


def test_none_free_once_one_is_known_that_is_not_burnt() -> None:
    """With `wait` 0 the answer comes after the check, not before, and does not wait for the rest of it."""
    made = used("a", "b", "c")
    call = made.ask(sources=SOURCES)
    made["a"].deny(CheckBurnt, Refusal.BURNT, "hello 1")
    assert not call.future.done()
    clear(made["b"])
    assert problem(call).kind is Kind.NONE_FREE
    made["c"].deny(CheckBurnt, Refusal.BURNT, "hello 1")
    nothing_left(made)


def test_a_check_without_an_answer_ends_at_the_deadline() -> None:
    """503, for nobody can tell; a late answer changes nothing."""
    made = used("a")
    call = made.ask(sources=SOURCES)
    made.wait(4.9)
    assert not call.future.done()
    made.wait(0.1)
    assert problem(call).kind is Kind.UNAVAILABLE
    made["a"].deny(CheckBurnt, Refusal.BURNT, "hello 1")
    nothing_left(made)


def test_who_waits_is_asked_for_again_only_in_another_state() -> None:
    """Neither a touch nor time leads to another request; the end of the lease does."""
    made = used("a")
    call = made.ask(sources=SOURCES, wait=3600.0)
    clear(made["a"])
    made["a"].used("of-a", note="touched")
    made.wait(1000.0)
    made.look()
    assert asked(made) == set()
    made["a"].show(made["a"].record(State.DIRTY))
    assert asked(made) == {"a"}
    made["a"].deny(CheckBurnt, Refusal.BURNT, "hello 1")
    assert problem(call).kind is Kind.ALL_BURNT


def test_nobody_is_asked_while_one_may_be_waited_for() -> None:
    """One that is not burnt is enough: the others are asked when that one goes to somebody else and is burnt then."""
    made = Desk(*(f"p{n:02}" for n in range(AT_ONCE + 4)))
    for name, worker in made.workers.items():
        worker.used(f"of-{name}")
    call = made.ask(sources=SOURCES, wait=3600.0)
    assert len(asked(made)) == AT_ONCE
    clear(made["p00"])
    for name in sorted(asked(made)):
        made[name].deny(CheckBurnt, Refusal.BURNT, "hello 1")
    assert asked(made) == set()
    made["p00"].show(made["p00"].record(State.DIRTY))
    assert asked(made) == {"p00", "p16", "p17", "p18", "p19"}
    for name in sorted(asked(made)):
        assert not call.future.done()
        made[name].deny(CheckBurnt, Refusal.BURNT, "hello 1")
    assert problem(call).kind is Kind.ALL_BURNT


@pytest.mark.parametrize(
    ("condition", "create", "sight"),
    [
        (Condition.MISSING, True, Sight.LASTING_GONE),
        (Condition.MISSING, False, Sight.GONE),
        (Condition.UNREACHABLE, False, Sight.SHOWN),
        (Condition.UNREACHABLE, False, Sight.DENIED),
    ],
)
def test_a_ppa_that_cannot_be_asked_may_come_back(condition: Condition, create: bool, sight: Sight) -> None:
    """It is not burnt for all that is known, gone for a moment only, or about to be created: the wish waits, and asks
    when it is there.
    """
    made = Desk(given=settings(ref("a"), ref("b"), options=PoolOptions(settle=0.0, create=create)))
    for name in "ab":
        made[name].used(f"of-{name}")
    record = made["b"].snapshot.record
    made["b"].show(record, condition, "down", sight)
    call = made.ask(sources=SOURCES, wait=600.0)
    now = made.ask("at once", sources=SOURCES)
    expected = Kind.UNAVAILABLE if condition is Condition.UNREACHABLE else Kind.NONE_FREE
    assert problem(now).kind is expected
    assert asked(made) == set()
    made["b"].show(record)
    assert asked(made) == {"a", "b"}
    made["a"].deny(CheckBurnt, Refusal.BURNT, "hello 1")
    assert not call.future.done()
    made["b"].deny(CheckBurnt, Refusal.BURNT, "hello 1")
    assert problem(call).kind is Kind.ALL_BURNT


@pytest.mark.parametrize(
    "condition", [Condition.MISSING, Condition.UNMANAGED, Condition.UNREADABLE, Condition.DISABLED]
)
def test_a_ppa_that_is_not_the_pools_any_more_is_not_waited_for(condition: Condition) -> None:
    """Deleted, somebody's packages in it, or its record garbled: it does not serve before a person acts, so when all
    others are burnt that is told at once; also to those who waited for it until then.
    """
    made = used("a", "b")
    call = made.ask(sources=SOURCES, wait=600.0)
    clear(made["b"])
    made["a"].deny(CheckBurnt, Refusal.BURNT, "hello 1")
    assert not call.future.done()
    sight = Sight.LASTING_GONE if condition is Condition.MISSING else Sight.SHOWN
    made["b"].show(None, condition, "what is wrong", sight, occupied=condition is Condition.UNMANAGED)
    assert (problem(call).kind, problem(call).facts["burnt"]) == (Kind.ALL_BURNT, {"~team/ubuntu/a": "hello 1"})
    at_once = made.ask("at once", sources=SOURCES)
    made["a"].deny(CheckBurnt, Refusal.BURNT, "hello 1")
    assert problem(at_once).kind is Kind.ALL_BURNT
    nothing_left(made)


def test_a_pool_of_which_nothing_is_left_is_not_burnt() -> None:
    """Nobody had these sources, so none-free it is."""
    made = used("a")
    made["a"].show(None, Condition.MISSING, "deleted")
    assert problem(made.ask(sources=SOURCES)).kind is Kind.NONE_FREE


@pytest.mark.parametrize("condition", [Condition.QUARANTINED, Condition.UNMANAGED])
def test_a_ppa_that_is_not_lent_now_is_asked_too(condition: Condition) -> None:
    """A pool whose other PPAs wait for an operator is not waited for when all had the sources."""
    made = used("a", "b")
    made["b"].show(made["b"].record(State.DIRTY) if condition is Condition.QUARANTINED else None, condition)
    call = made.ask(sources=SOURCES, wait=600.0)
    for name in "ab":
        made[name].deny(CheckBurnt, Refusal.BURNT, "hello 1")
    assert problem(call).kind is Kind.ALL_BURNT


def test_an_outage_is_no_answer_and_is_asked_again_when_it_is_over() -> None:
    """Not at once, and not while it lasts."""
    made = used("a", "b")
    call = made.ask(sources=SOURCES, wait=600.0)
    made["a"].deny(CheckBurnt, Refusal.BURNT, "hello 1")
    record = made["b"].snapshot.record
    made["b"].show(record, Condition.UNREACHABLE, "down")
    made["b"].deny(CheckBurnt, Refusal.OUTAGE)
    made.wait(100.0)
    assert asked(made) == set()
    assert not call.future.done()
    made["b"].show(record)
    assert asked(made) == {"b"}
    made["b"].deny(CheckBurnt, Refusal.OUTAGE, "deadline exceeded")
    assert asked(made) == set()
    made.wait(500.0)
    assert problem(call).kind is Kind.NONE_FREE


def test_a_check_in_doubt_is_awaited() -> None:
    """Its answer follows."""
    made = used("a")
    call = made.ask(sources=SOURCES, wait=60.0)
    made["a"].deny(CheckBurnt, Refusal.IN_DOUBT)
    assert not call.future.done()
    made["a"].deny(CheckBurnt, Refusal.BURNT, "hello 1")
    assert problem(call).kind is Kind.ALL_BURNT


def test_a_ppa_that_is_just_being_lent_to_another_is_asked() -> None:
    """It is free as far as is known, and no candidate."""
    made = Desk("a")
    made["a"].free()
    first = made.ask("first")
    call = made.ask("second", sources=SOURCES)
    made["a"].lend()
    assert lent(first).fresh
    made["a"].deny(CheckBurnt, Refusal.BURNT, "hello 1")
    assert problem(call).kind is Kind.ALL_BURNT


def test_without_sources_nobody_is_asked() -> None:
    """And a lost race is no burnt version."""
    made = used("a")
    assert problem(made.ask()).kind is Kind.NONE_FREE
    made["a"].free()
    call = made.ask(wait=60.0, sources=SOURCES)
    made["a"].deny(Assign, Refusal.LOST)
    made["a"].lend()
    assert lent(call).ppa == ref("a")
    assert asked(made) == set()


def test_hanging_up_in_the_middle_of_the_check() -> None:
    """The wish is gone; answers that come later hurt nobody."""
    made = used("a", "b")
    call = made.ask(sources=SOURCES, wait=60.0)
    made.supervisor.hang_up(call)
    made["a"].deny(CheckBurnt, Refusal.BURNT, "hello 1")
    made["b"].deny(CheckBurnt, Refusal.BURNT, "hello 1")
    assert not call.future.done()
    nothing_left(made)


def test_hanging_up_while_a_burnt_ppa_is_tried() -> None:
    """Nobody is asked for nobody."""
    made = Desk("a", "b")
    made["a"].free()
    made["b"].free(1)
    made.supervisor.hang_up(made.ask(sources=SOURCES))
    made["a"].deny(Assign, Refusal.BURNT, "hello 1")
    assert asked(made) == set()
    nothing_left(made)


def test_a_lease_that_the_request_has_is_told_whatever_is_burnt() -> None:
    """Its sources may be in its PPA already: that is what it was lent for."""
    made = used("a", "b")
    made["b"].used("r", lease="mine")
    call = made.ask(sources=SOURCES, attempt=1)
    made.look()
    made["b"].confirm()
    assert lent(call).record.lease == "mine"
    assert asked(made) == set()


def test_a_reload_brings_a_ppa_that_may_be_waited_for() -> None:
    """Until it was looked at nobody knows; the burnt ones that left the pool are not told of."""
    made = used("a", "b")
    call = made.ask(sources=SOURCES, wait=600.0)
    made["a"].deny(CheckBurnt, Refusal.BURNT, "hello 1")
    made.supervisor.reload(settings(pools={"default": Pool("default", (ref("b"), ref("c")), PoolOptions())}))
    made["b"].deny(CheckBurnt, Refusal.BURNT, "bye 2")
    assert not call.future.done()
    made["c"].used("x")
    made["c"].deny(CheckBurnt, Refusal.BURNT, "hello 1")
    assert problem(call).facts["burnt"] == {"~team/ubuntu/b": "bye 2", "~team/ubuntu/c": "hello 1"}


def test_two_wishes_with_sources_get_what_fits_each() -> None:
    """A PPA that is burnt for the first in the line goes to the second."""
    made = Desk("a", "b")
    made["a"].used("x")
    made["b"].used("y", lease="theirs")
    first = made.ask("r1", sources=SOURCES, wait=60.0)
    second = made.ask("r2", sources=(SourcePackage("other", "1"),), wait=60.0)
    for name in "ab":
        while made[name].has(CheckBurnt):
            clear(made[name])
    made["a"].free()
    made["a"].deny(Assign, Refusal.BURNT, "hello 1")
    made["a"].lend()
    assert lent(second).ppa == ref("a")
    assert not first.future.done()


def test_all_wishes_together_ask_so_many_ppas_at_a_time() -> None:
    """Who found no room goes on when there is some, whichever pool's wish it was that took it."""
    first, second = [tuple(ref(f"{pool}{n:02}") for n in range(AT_ONCE + 1)) for pool in "ab"]
    pools = {"default": Pool("default", first, PoolOptions()), "second": Pool("second", second, PoolOptions())}
    made = Desk(given=settings(pools=pools))
    for name, worker in made.workers.items():
        worker.used(f"of-{name}", lease=f"l-{name}")
    made.ask("r1", sources=SOURCES, wait=3600.0)
    made.ask("r2", pool="second", sources=SOURCES, wait=3600.0)
    assert asked(made) == {f"a{n:02}" for n in range(AT_ONCE)}
    made["a00"].deny(CheckBurnt, Refusal.BURNT, "hello 1")
    assert len(asked(made)) == AT_ONCE
    clear(made["a01"])  # the first wish may wait for that one, and asks no more
    made["a02"].deny(CheckBurnt, Refusal.BURNT, "hello 1")
    assert "b00" in asked(made)
    assert len(asked(made)) == AT_ONCE


def test_a_wish_has_so_many_questions() -> None:
    """However many PPAs there are: then it waits for those that were not asked, and is not told that all are burnt."""
    sources = tuple(SourcePackage(f"source-{n}", "1") for n in range(50))
    most = QUESTIONS // len(sources)
    made = used(*(f"p{n:02}" for n in range(most + 5)))
    call = made.ask(sources=sources, wait=60.0)
    for _ in range(most):
        name = min(asked(made))
        made[name].deny(CheckBurnt, Refusal.BURNT, "source-49 1")
    assert asked(made) == set()
    made.wait(60.0)
    assert problem(call).kind is Kind.NONE_FREE
    nothing_left(made)


def test_what_was_not_asked_does_not_count() -> None:
    """A PPA that had the first of the sources costs one question."""
    sources = tuple(SourcePackage(f"source-{n}", "1") for n in range(50))
    made = used(*(f"p{n:02}" for n in range(QUESTIONS // len(sources) + 5)))
    call = made.ask(sources=sources, wait=60.0)
    while asked(made):
        made[min(asked(made))].deny(CheckBurnt, Refusal.BURNT, "source-0 1")
    assert problem(call).kind is Kind.ALL_BURNT


def test_nobody_is_searched_for_who_is_gone() -> None:
    """Hung up, withdrawn, or its time over: the workers are told, in the line as well as while a PPA is to be lent."""
    made = used("a", "b")
    call = made.ask("waits", sources=SOURCES, wait=60.0)
    tokens = {made[name].take(CheckBurnt).token for name in "ab"}
    made.supervisor.hang_up(call)
    assert {made[name].take(Abandoned).token for name in "ab"} == tokens
    made["a"].free()
    made.ask("lent", sources=SOURCES)
    command = made["a"].take(Assign)
    withdrawn = made.supervisor.withdraw("lent", EVERYBODY)
    assert made["a"].take(Abandoned).token == command.token
    made["a"].reply(command, Denied(Refusal.LOST))
    assert withdrawn.result(0) == []
    made.ask("late", sources=SOURCES)
    command = made["a"].take(Assign)
    made.wait(5.0)
    assert made["a"].take(Abandoned).token == command.token
    again = made.ask("late", sources=SOURCES, wait=60.0)
    made["a"].reply(command, Denied(Refusal.LOST))
    made["a"].lend()
    assert lent(again).ppa == ref("a")


# -- with real workers ------------------------------------------------------------------------------------------------


@pytest.fixture
def fleet() -> Iterator[Fleet]:
    """Three PPAs."""
    made = Fleet(3)
    yield made
    made.close()


def ends(future: Future[Any]) -> LeaseView | Problem:
    """The result or the problem, in time."""
    try:
        result = future.result(10.0)
    except Problem as told:
        return told
    assert isinstance(result, LeaseView)
    return result


def wish(request: str, **fields: Any) -> AssignRequest:
    """For hello 1."""
    return AssignRequest(
        **{"owner": "me", "pool": "default", "request_id": request, "sources": (SourcePackage("hello", "1"),), **fields}
    )


def upload(fleet: Fleet, number: int) -> None:
    """hello 1 was in this PPA, and is deleted."""
    fleet.launchpad.upload(fleet.ppas[number], "hello").active = False


def test_real_workers_lend_the_one_that_never_had_it(fleet: Fleet) -> None:
    """What is deleted long ago counts, whatever the order in which they are tried."""
    upload(fleet, 0)
    upload(fleet, 2)
    daemon = fleet.daemon()
    fleet.all_free(daemon)
    got = ends(daemon.assign(wish("r")).future)
    assert isinstance(got, LeaseView)
    assert got.ppa == fleet.ppas[1]
    late = ends(daemon.assign(wish("late")).future)
    assert isinstance(late, Problem)
    assert late.kind is Kind.NONE_FREE


def test_real_workers_know_when_all_are_burnt(fleet: Fleet) -> None:
    """Free, used and dirty ones; a wish that waits learns it as soon as the last one had the source."""
    upload(fleet, 0)
    upload(fleet, 1)
    daemon = fleet.daemon()
    fleet.all_free(daemon)
    holder = ends(daemon.assign(AssignRequest("me", "default", "holder", ppa=fleet.ppas[2])).future)
    assert isinstance(holder, LeaseView)
    waiting = daemon.assign(wish("waits", wait=60.0))
    until(lambda: any(r.what == "was_published" and r.ppa == fleet.ppas[2] for r in fleet.launchpad.log))
    upload(fleet, 2)
    fleet.launchpad.fault = lambda request: "down" if request.what == "content" else None  # it stays dirty
    daemon.release(holder.record.lease or "", EVERYBODY).result(10.0)
    told = ends(waiting.future)
    assert isinstance(told, Problem)
    assert told.kind is Kind.ALL_BURNT
    assert told.facts["burnt"] == {str(ppa): "hello 1" for ppa in fleet.ppas}
    again = ends(daemon.assign(wish("again")).future)
    assert isinstance(again, Problem)
    assert again.kind is Kind.ALL_BURNT


def test_real_workers_that_cannot_ask_leave_it_open(fleet: Fleet) -> None:
    """A wish that does not wait gets 503, and once Launchpad answers again all-burnt."""
    for number in range(3):
        upload(fleet, number)
    daemon = fleet.daemon()
    fleet.all_free(daemon)

    def fault(request: Request) -> str | None:
        return "down" if request.what == "was_published" and request.ppa == fleet.ppas[1] else None

    fleet.launchpad.fault = fault
    told = ends(daemon.assign(wish("r")).future)
    assert isinstance(told, Problem)
    assert told.kind is Kind.UNAVAILABLE
    fleet.launchpad.fault = lambda request: None

    def burnt() -> bool:
        again = ends(daemon.assign(wish("again")).future)
        return isinstance(again, Problem) and again.kind is Kind.ALL_BURNT

    until(burnt, "all burnt")
