"""Who gets which PPA, and what becomes of every way that can go wrong: with workers that answer by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ppa_assigner.access import EVERYBODY, Caller, Role
from ppa_assigner.automaton.events import Assign, Confirm, Denied, GiveUp, LeaseShown, RecordShown, Refusal, Release
from ppa_assigner.backoff import LOOK_FRESH_S, UNCLAIMED_AGAIN_S
from ppa_assigner.config import Pool
from ppa_assigner.options import PoolOptions
from ppa_assigner.problems import Kind, Problem
from ppa_assigner.record import HOST, State
from ppa_assigner.supervisor.requests import Key
from ppa_assigner.supervisor.steps import ClaimIsDue
from ppa_assigner.supervisor.tickets import Place, TicketOffice
from ppa_assigner.views import AssignRequest, Condition

from .fakecrew import Desk, lent, problem, ref
from .memory import START
from .settings import settings


def desk(*names: str, free: bool = True) -> Desk:
    """Ready, all PPAs free since as many minutes as their place in the list."""
    made = Desk(*names)
    for minutes, name in enumerate(names):
        if free:
            made[name].free(minutes)
    return made


def nothing_left(made: Desk) -> None:
    """No wish, no bound PPA, no expected outcome, no open call is kept."""
    core = made.core
    assert not len(core.requests)
    assert not core.requests.by_id
    assert not core.requests.of_call
    assert not core.registry.free_list.bound
    assert not core.expected
    assert not core.calls


# -- matching ----------------------------------------------------------------------------------------------------------


def test_a_lease_that_is_over_when_it_is_made_is_told_to_nobody() -> None:
    """Its worker was held up until past the end: whoever waits still gets another PPA."""
    made = desk("a", "b")
    call = made.ask(wait=600.0)
    command = made["a"].take(Assign)
    record = made["a"].used("r", lease=command.lease, until=START - timedelta(seconds=1))
    made["a"].reply(command, LeaseShown(record, fresh=True))
    assert not call.future.done()
    made["a"].deny(Confirm, Refusal.ELSEWHERE)
    assert made["b"].lend().lease == lent(call).record.lease
    assert lent(call).ppa == ref("b")
    made["a"].show(made["a"].record(State.FREE))
    nothing_left(made)


def test_who_does_not_wait_wakes_no_timer() -> None:
    """That its wait is over is decided with its request: all that is left to come is its deadline."""
    made = desk("a")
    first, second = made.ask("one"), made.ask("other")
    assert [moment for moment, _ in made.core.timers.waiting() if moment <= made.core.now.boot] == []
    made["a"].lend()
    assert lent(first).ppa == ref("a")
    assert problem(second).kind is Kind.NONE_FREE
    nothing_left(made)


def test_a_lease_that_nobody_was_told_of_is_looked_after_once() -> None:
    """However often it is looked at again there is one moment for that, and none once it is over."""
    made = desk("a")

    def due() -> int:
        return sum(isinstance(step, ClaimIsDue) for _, step in made.core.timers.waiting())

    for outages in (3, 0):
        made["a"].free()
        made.supervisor.hang_up(made.ask())
        made["a"].lend()
        for _ in range(outages):
            made["a"].deny(GiveUp, Refusal.OUTAGE)
            assert due() == 1
            made.wait(UNCLAIMED_AGAIN_S)
        made["a"].free()
        made["a"].deny(GiveUp, Refusal.ELSEWHERE)
        assert due() == 0


def test_the_longest_free_ppa_is_lent_and_told_as_made_by_this_call() -> None:
    """Of three free PPAs the one free longest is bound; the lease is the one that its worker wrote."""
    made = desk("a", "b", "c")
    call = made.ask(note="n", ttl=60.0, idle=7.6)
    command = made["a"].take(Assign)
    made["a"].told.append(command)
    assert command.wish == AssignRequest("me", "default", "r", note="n", ttl=60.0, idle=7.6)
    record = made["a"].lend()
    assert (lent(call).ppa, lent(call).record, lent(call).fresh) == (ref("a"), record, True)
    nothing_left(made)


def test_first_come_first_served() -> None:
    """Three wait for one PPA: each time it becomes free the one who waits longest gets it."""
    made = desk("a", free=False)
    calls = [made.ask(f"r{n}", wait=600.0) for n in range(3)]
    for n, call in enumerate(calls):
        made["a"].free()
        made["a"].lend()
        assert [c.future.done() for c in calls] == [True] * (n + 1) + [False] * (2 - n)
        assert lent(call).record.request == f"r{n}"


def test_after_a_lost_race_a_random_ppa_is_taken() -> None:
    """Two daemons that both take the longest free one collide at each burst: after a loss others are drawn too."""
    drawn = set()
    for seed in range(20):
        made = Desk("a", "b", "c", "d", seed=seed)
        for minutes, name in enumerate("abcd"):
            made[name].free(minutes)
        made.ask()
        made["a"].used("other", lease="theirs")
        made["a"].deny(Assign, Refusal.LOST)
        drawn.add(made.asked())
    assert drawn == {"b", "c", "d"}


def test_a_ppa_that_was_lost_twice_is_passed_by_until_it_changes() -> None:
    """A PPA that looks free and cannot be lent does not hold a wish up, and is tried again later."""
    made = desk("a")
    call = made.ask(wait=60.0)
    made["a"].deny(Assign, Refusal.LOST)
    made["a"].deny(Assign, Refusal.LOST)
    assert made.asked() is None
    made.wait(9.0)
    assert made.asked() is None
    made.wait(1.0)
    assert made.asked() == "a"
    made["a"].lend()
    assert lent(call).fresh


def test_one_ppa_only_is_asked_for() -> None:
    """`ppa` waits for that very PPA, and does not keep those behind it from the others."""
    made = desk("a", "b")
    made["b"].show(made["b"].record(State.DIRTY))
    first, second = made.ask("r1", ppa=ref("b"), wait=60.0), made.ask("r2", wait=60.0)
    made["a"].lend()
    assert lent(second).ppa == ref("a")
    made["b"].free()
    made["b"].lend()
    assert lent(first).ppa == ref("b")


@pytest.mark.parametrize("condition", [c for c in Condition if c is not Condition.OK])
def test_only_a_ppa_in_order_is_lent(condition: Condition) -> None:
    """A free PPA in any condition but ok is no candidate."""
    made = desk("a", free=False)
    made["a"].show(made["a"].record(State.FREE), condition)
    made.ask(wait=5.0)
    assert made.asked() is None


# -- none free, and no answer -----------------------------------------------------------------------------------------


def test_none_free_says_what_a_client_can_use() -> None:
    """Counts, place in the line, earliest end, ticket, when to ask again."""
    made = desk("a", "b")
    made["a"].used("x", until=START + timedelta(hours=2))
    made["b"].used("y", until=START + timedelta(hours=1), lease="other")
    made.ask("first", wait=60.0)
    told = problem(made.ask("second"))
    assert told.kind is Kind.NONE_FREE
    assert told.retry_after is not None
    facts = told.facts
    assert facts["request_id"] == "second"
    assert facts["counts"]["state"] == {"free": 0, "used": 2, "dirty": 0, "discarded": 0}
    assert facts["counts"]["condition"]["ok"] == 2
    assert facts["position"] == 2
    assert facts["next_until"] == "2026-11-25T04:00:00Z"
    assert facts["next_ends"] is None  # no worker is there that would know
    place = made.tickets.redeem(facts["ticket"], "default", Key(None, "second"), made.clock.epoch())
    assert place is not None


@pytest.mark.parametrize(
    ("state", "condition", "fields", "fault", "said"),
    [
        (State.DIRTY, Condition.OK, {}, None, "is being cleaned"),
        (State.DIRTY, Condition.QUARANTINED, {"quarantined": "kept for #42"}, None, "is quarantined: kept for #42"),
        (None, Condition.MISSING, {}, "Launchpad answers 404", "is missing: Launchpad answers 404"),
        (None, Condition.UNMANAGED, {}, "it has packages in it", "is unmanaged: it has packages in it"),
        (State.FREE, Condition.DISABLED, {}, None, "is disabled"),
    ],
)
def test_none_free_says_why_the_one_that_is_wanted_is_not(
    state: State | None, condition: Condition, fields: dict[str, Any], fault: str | None, said: str
) -> None:
    """Its state or condition, and the reason; not that there is none of the whole pool."""
    made = desk("a", "b")
    made["a"].show(made["a"].record(state, **fields) if state else None, condition, fault)
    assert problem(made.ask(ppa=ref("a"))).detail == f"{ref('a')} {said}"


def test_none_free_says_until_when_the_one_that_is_wanted_is_used() -> None:
    """And not when some other lease ends, nor whose it is."""
    made = desk("a", "b")
    made["b"].used("y", lease="other", until=START + timedelta(hours=1))
    made["a"].used("x", until=START + timedelta(hours=2), owner="somebody")
    told = problem(made.ask(ppa=ref("a")))
    assert told.detail.startswith(f"{ref('a')} is used")
    assert "somebody" not in told.detail
    assert told.facts["next_until"] == "2026-11-25T05:00:00Z"


def test_who_begins_to_wait_has_it_looked_once() -> None:
    """Another daemon may have freed one: a look begins at once, or after a pause if one began just before; not for
    who does not wait, nor again for the next part of a long wait.
    """
    made = desk("a", free=False)
    made["a"].used("x")
    asked_for_a_look = made.supervisor.poller.was_asked
    asked_for_a_look()
    made.ask("now")
    assert not asked_for_a_look()
    made.ask("waits", wait=1.0)
    assert asked_for_a_look()
    made.ask("also", wait=60.0)
    made.ask("short", wait=2.0)
    assert not asked_for_a_look()
    made.wait(LOOK_FRESH_S)
    assert asked_for_a_look()
    ticket = ticket_of(made, "long")
    made.wait(LOOK_FRESH_S)
    made.ask("long", wait=60.0, ticket=ticket)
    assert not asked_for_a_look()


def test_none_free_without_an_end_in_sight() -> None:
    """`next_until` is null while nothing is used."""
    made = desk("a", free=False)
    made["a"].show(made["a"].record(State.DIRTY))
    assert problem(made.ask()).facts["next_until"] is None
    nothing_left(made)


def test_the_wait_ends_in_none_free_and_the_deadline_in_503() -> None:
    """While waiting: none-free at `wait`.  While a PPA is being written: 503 at `wait` + total; it stays bound."""
    made = desk("a", "b")
    made["b"].used("x")
    stuck, waits = made.ask("stuck", wait=10.0), made.ask("waits", wait=10.0, ppa=ref("b"))
    made.wait(9.9)
    assert not waits.future.done()
    made.wait(0.2)
    assert problem(waits).kind is Kind.NONE_FREE
    made.wait(4.8)
    assert not stuck.future.done()
    made.wait(0.2)
    assert problem(stuck).kind is Kind.UNAVAILABLE
    assert made.tickets.redeem(problem(stuck).facts["ticket"], "default", Key(None, "stuck"), made.clock.epoch())
    assert made.core.registry.free_list.bound == {ref("a")}


def test_none_free_waits_for_what_is_being_decided() -> None:
    """A PPA that is being lent to somebody else counts as lent once Launchpad said so, and not before."""
    made = desk("a")
    first, second = made.ask("first"), made.ask("second")
    assert not second.future.done()
    made["a"].lend()
    assert lent(first).ppa == ref("a")
    assert problem(second).kind is Kind.NONE_FREE
    third = made.ask("third")
    assert problem(third).kind is Kind.NONE_FREE


def test_what_is_never_decided_is_no_none_free() -> None:
    """Launchpad did not answer for the only PPA: 503 for the other too, by its deadline."""
    made = desk("a")
    made.ask("first")
    second = made.ask("second")
    made["a"].deny(Assign, Refusal.IN_DOUBT)
    made["a"].show(made["a"].record(State.FREE), Condition.UNREACHABLE, "in doubt")
    made.wait(6.0)
    assert problem(second).kind is Kind.UNAVAILABLE


def test_unanswered_is_never_none_free() -> None:
    """A PPA that Launchpad does not answer for could be free: 503 with a ticket."""
    made = desk("a", "b", free=False)
    made["a"].used("x")
    made["b"].show(made["b"].record(State.FREE), Condition.UNREACHABLE, "no answer")
    told = problem(made.ask())
    assert (told.kind, told.facts["request_id"]) == (Kind.UNAVAILABLE, "r")
    assert "ticket" in told.facts
    assert "no answer" in told.detail


def test_a_ppa_that_was_not_read_yet_is_told_as_such() -> None:
    """There is no answer yet to tell of: it has just been created, or found."""
    made = desk("a", free=False)
    made["a"].show(None, Condition.UNREACHABLE)
    told = problem(made.ask())
    assert told.kind is Kind.UNAVAILABLE
    assert "~team/ubuntu/a: it was not read yet" in told.detail


def test_another_ppa_out_of_reach_does_not_matter_to_who_wants_a_certain_one() -> None:
    """`ppa` is used, as Launchpad says: none-free, whatever is with the others."""
    made = desk("a", "b", free=False)
    made["a"].used("x")
    made["b"].show(None, Condition.UNREACHABLE)
    assert problem(made.ask(ppa=ref("a"))).kind is Kind.NONE_FREE


def test_an_assign_that_launchpad_did_not_answer_is_503_until_it_is_long_past() -> None:
    """The outage of the one candidate counts while the PPA is passed by for it; later the truth is none-free."""
    made = desk("a")
    short, long = made.ask("short", wait=3.0), made.ask("long", wait=30.0)
    made["a"].deny(Assign, Refusal.OUTAGE, "time-out")
    made["a"].used("x")
    made["a"].deny(Assign, Refusal.LOST)
    made.wait(3.0)
    assert problem(short).kind is Kind.NONE_FREE
    made.wait(27.0)
    assert problem(long).kind is Kind.NONE_FREE
    second = desk("a")
    call = second.ask(wait=0.0)
    second["a"].deny(Assign, Refusal.OUTAGE, "time-out")
    assert (problem(call).kind, problem(call).detail) == (Kind.UNAVAILABLE, "time-out")


def test_an_unknown_pool_is_refused_with_those_that_there_are() -> None:
    """A name that was misspelt is found without another question."""
    with pytest.raises(Problem) as caught:
        desk("a").ask(pool="x")
    assert str(caught.value) == "there is no pool 'x'; the pools are default"


@pytest.mark.parametrize(
    ("wish", "kind"),
    [
        ({"pool": "x"}, Kind.UNKNOWN_POOL),
        ({"ppa": ref("x")}, Kind.UNKNOWN_PPA),
        ({"ttl": 8 * 86400.0}, Kind.INVALID),
        ({"uploader": "~ann"}, Kind.INVALID),
    ],
)
def test_a_wish_that_no_ppa_can_meet(wish: dict[str, object], kind: Kind) -> None:
    """It is told at once, with its request id, and leaves nothing behind."""
    made = desk("a")
    with pytest.raises(Problem) as caught:
        made.ask(**wish)  # type: ignore[arg-type]  # the fields of a wish
    assert (caught.value.kind, caught.value.facts["request_id"]) == (kind, "r")
    nothing_left(made)


def test_a_refused_uploader_is_told_as_invalid() -> None:
    """Launchpad refuses the upload right: the worker ends the lease, the client is told why."""
    made = desk("a")
    call = made.ask()
    made["a"].deny(Assign, Refusal.INVALID, "uploader ~ann: no such person")
    assert (problem(call).kind, problem(call).detail) == (Kind.INVALID, "uploader ~ann: no such person")
    nothing_left(made)


# -- one request id ---------------------------------------------------------------------------------------------------


def test_two_connections_share_one_place() -> None:
    """Both are told of the one lease."""
    made = desk("a", "b", free=False)
    calls = [made.ask(wait=60.0), made.ask(wait=60.0)]
    made["a"].free()
    made["b"].free()
    made["a"].lend()
    assert [lent(call).ppa for call in calls] == [ref("a"), ref("a")]
    assert made.asked() is None


def test_a_place_is_lost_with_the_last_connection() -> None:
    """One hangs up: the place stays.  The other too: it is gone, and the next in line is served."""
    made = desk("a", free=False)
    one, two, behind = made.ask("r", wait=60.0), made.ask("r", wait=60.0), made.ask("behind", wait=60.0)
    made.supervisor.hang_up(one)
    assert len(made.core.requests.waiting("default")) == 2
    made.supervisor.hang_up(two)
    made.supervisor.hang_up(two)
    made["a"].free()
    made["a"].lend()
    assert lent(behind).record.request == "behind"
    nothing_left(made)


@pytest.mark.parametrize("other", [{"owner": "you"}, {"pool": "second"}])
def test_another_wish_of_the_client_has_the_request_id(other: dict[str, str]) -> None:
    """Another owner or pool: 409."""
    pools = {
        "default": Pool("default", (ref("a"),), PoolOptions()),
        "second": Pool("second", (ref("b"),), PoolOptions()),
    }
    made = Desk(given=settings(pools=pools))
    made.ask(wait=60.0)
    with pytest.raises(Problem) as caught:
        made.ask(**other)
    assert caught.value.kind is Kind.REQUEST_ID_TAKEN


def test_another_lease_of_the_client_has_the_request_id() -> None:
    """The same when it has its lease already: the worker read the PPA and says so."""
    made = desk("a", "b")
    made["a"].used("r", owner="you")
    call = made.ask()
    made["a"].deny(Confirm, Refusal.TAKEN)
    assert problem(call).kind is Kind.REQUEST_ID_TAKEN
    nothing_left(made)


def test_a_live_lease_is_told_again_after_a_read() -> None:
    """A first attempt finds the lease in memory, and is told only what the worker confirms."""
    made = desk("a", "b")
    record = made["b"].used("r")
    call = made.ask()
    assert not call.future.done()
    made["b"].confirm()
    assert (lent(call).record, lent(call).fresh) == (record, False)
    nothing_left(made)


def test_a_lease_that_is_not_there_any_more_leads_to_a_new_one() -> None:
    """What memory knew as a live lease is over: the wish gets another PPA, and does not ask the same one in a loop."""
    made = desk("a", "b")
    made["b"].used("r")
    call = made.ask()
    made["b"].deny(Confirm, Refusal.ELSEWHERE)
    made["a"].lend()
    assert lent(call).ppa == ref("a")
    assert not made["b"].has(Confirm)


@pytest.mark.parametrize(
    ("why", "kind"),
    [(Refusal.OUTAGE, Kind.UNAVAILABLE), (Refusal.SUPERSEDED, Kind.SUPERSEDED), (Refusal.INVALID, Kind.INVALID)],
)
def test_a_lease_that_cannot_be_confirmed(why: Refusal, kind: Kind) -> None:
    """No answer, a later attempt has it, or the upload right is refused now."""
    made = desk("a")
    made["a"].used("r")
    call = made.ask()
    made["a"].deny(Confirm, why)
    assert problem(call).kind is kind
    nothing_left(made)


def test_a_raised_attempt_in_doubt_ends_at_the_deadline() -> None:
    """The worker does not know whether its rewrite landed: nothing is told before it does."""
    made = desk("a")
    made["a"].used("r")
    call = made.ask()
    made["a"].deny(Confirm, Refusal.IN_DOUBT)
    assert not call.future.done()
    made.wait(5.0)
    assert problem(call).kind is Kind.UNAVAILABLE
    made["a"].confirm()
    nothing_left(made)


def test_a_lower_attempt_is_superseded() -> None:
    """An attempt that was overtaken on the way is refused; the later one keeps the place."""
    made = desk("a", free=False)
    later = made.ask(attempt=2, wait=60.0)
    with pytest.raises(Problem) as caught:
        made.ask(attempt=1)
    assert caught.value.kind is Kind.SUPERSEDED
    assert not later.future.done()


# -- attempts ---------------------------------------------------------------------------------------------------------


def test_a_later_attempt_searches_in_a_look_that_began_after_it() -> None:
    """A look under way when the call came does not count, even when it is over later."""
    made = desk("a", "b")
    made.begin_look()
    call = made.ask(attempt=1, wait=60.0)
    made.end_look()
    assert made.asked() is None
    made.look()
    assert made.asked() == "a"
    made["a"].lend()
    assert lent(call).record.attempt == 1


def test_a_lease_found_by_the_look_is_raised_before_it_is_told() -> None:
    """The lease of an earlier attempt, landed late or made elsewhere, is the one that is told."""
    made = desk("a", "b")
    call = made.ask(attempt=3, wait=60.0)
    made["b"].used("r", attempt=1)
    made.look()
    assert made["b"].confirm().attempt == 3
    assert lent(call).ppa == ref("b")


def test_a_failing_look_is_503_once_the_wait_is_over() -> None:
    """Not every PPA was seen: the lease may be in the one that was not.  It is looked again while there is time."""
    made = desk("a", "b")
    now, later = made.ask("now", attempt=1), made.ask("later", attempt=1, wait=60.0)
    made.look(b="no answer")
    assert problem(now).kind is Kind.UNAVAILABLE
    assert "no answer" in problem(now).detail
    assert not later.future.done()
    made.wait(2.0)
    made.look()
    made["a"].lend()
    assert lent(later).ppa == ref("a")


def test_a_look_that_fails_elsewhere_does_not_matter() -> None:
    """A PPA of another pool cannot hold the lease, unless its record names this pool or it is served out."""
    pools = {
        "default": Pool("default", (ref("a"),), PoolOptions()),
        "second": Pool("second", (ref("b"),), PoolOptions()),
    }
    made = Desk(given=settings(pools=pools, retire=(ref("c"),)))
    made["a"].free()
    made["b"].show(made["b"].record(State.FREE, pool="second"))
    call = made.ask("r1", attempt=1)
    made.look(b="no answer")
    made["a"].lend()
    assert lent(call).ppa == ref("a")
    retired = made.ask("r2", attempt=1)
    made.look(c="no answer")
    assert problem(retired).kind is Kind.UNAVAILABLE
    made["b"].used("other", pool="default")
    was_ours = made.ask("r3", attempt=1)
    made.look(b="no answer")
    assert problem(was_ours).kind is Kind.UNAVAILABLE


def test_an_attempt_raised_while_searching_needs_a_look_of_its_own() -> None:
    """The look of the lower attempt, begun before the higher came, settles nothing for the higher."""
    made = desk("a")
    low = made.ask(attempt=1, wait=60.0)
    made.begin_look()
    high = made.ask(attempt=2, wait=60.0)
    assert problem(low).kind is Kind.SUPERSEDED
    made.end_look()
    assert made.asked() is None
    made.look()
    made["a"].lend()
    assert lent(high).record.attempt == 2


def test_a_repeated_search_of_a_raised_attempt_is_not_doubled() -> None:
    """The pause of the lower attempt's failed search ends nothing for the higher."""
    made = desk("a")
    made.ask(attempt=1, wait=60.0)
    made.look(a="no answer")
    high = made.ask(attempt=2, wait=60.0)
    made.wait(2.0)
    made.look()
    made["a"].lend()
    assert lent(high).record.attempt == 2
    nothing_left(made)


def test_an_attempt_raised_while_waiting_searches_and_keeps_its_place() -> None:
    """The earlier call is superseded; the place stays ahead of those who came later."""
    made = desk("a", free=False)
    low, behind = made.ask("r", wait=60.0), made.ask("behind", wait=60.0)
    high = made.ask("r", attempt=1, wait=60.0)
    assert problem(low).kind is Kind.SUPERSEDED
    made.look()
    made["a"].free()
    made["a"].lend()
    assert lent(high).record.request == "r"
    assert not behind.future.done()


def test_an_attempt_raised_while_assigning_is_searched_for_and_raised_before_it_is_told() -> None:
    """The lease that was on its way is told to the later attempt only after a look, and rewritten."""
    made = desk("a", "b")
    low = made.ask()
    high = made.ask(attempt=1)
    assert problem(low).kind is Kind.SUPERSEDED
    made["a"].lend()
    assert not high.future.done()
    made.look()
    assert made["a"].confirm().attempt == 1
    assert lent(high).ppa == ref("a")


def test_an_attempt_raised_while_assigning_takes_the_higher_lease_that_another_daemon_made() -> None:
    """The client may have been told of that one: it is the one that is told here too."""
    made = desk("a", "b")
    made.ask()
    high = made.ask(attempt=3)
    made["a"].lend()
    made["b"].used("r", attempt=2)
    made.look()
    made["b"].confirm()
    assert (lent(high).ppa, lent(high).record.attempt) == (ref("b"), 3)


def test_an_attempt_raised_while_assigning_is_searched_for_when_the_ppa_is_lost() -> None:
    """The next candidate is not bound before the look that the higher attempt asks for."""
    made = desk("a", "b")
    made.ask()
    high = made.ask(attempt=1)
    made["a"].used("other", lease="theirs")
    made["a"].deny(Assign, Refusal.LOST)
    assert made.asked() is None
    made.look()
    made["b"].lend()
    assert lent(high).ppa == ref("b")


def test_an_attempt_raised_in_doubt_gets_the_result() -> None:
    """In doubt, the first call is superseded; once settled the later attempt is told of that very PPA."""
    made = desk("a", "b")
    low = made.ask(wait=60.0)
    made["a"].deny(Assign, Refusal.IN_DOUBT)
    high = made.ask(attempt=1, wait=60.0)
    assert problem(low).kind is Kind.SUPERSEDED
    assert made.asked() == "a"
    made["a"].lend()
    made.look()
    made["a"].confirm()
    assert lent(high).ppa == ref("a")
    nothing_left(made)


def test_an_attempt_raised_while_confirming() -> None:
    """What was confirmed for the lower attempt is searched for and raised again before the higher is told."""
    made = desk("a")
    made["a"].used("r")
    made.ask()
    high = made.ask(attempt=1)
    made["a"].confirm()
    assert not high.future.done()
    made.look()
    made["a"].confirm()
    assert lent(high).record.attempt == 1


def test_a_higher_attempt_in_the_record_supersedes_an_assign_under_way() -> None:
    """Another daemon raised the lease that this one wrote: its caller is told, ours is superseded, nothing ends it."""
    made = desk("a")
    call = made.ask()
    made["a"].lend(attempt=4)
    assert problem(call).kind is Kind.SUPERSEDED
    made.wait(400.0)
    assert not made["a"].has(GiveUp)
    nothing_left(made)


def test_a_lease_that_another_daemon_raised_and_told_is_not_given_up_here() -> None:
    """In doubt here, found, raised and told there, asked for here again with a still higher attempt by one who hangs
    up: the nonce is that of the other daemon's write, and the lease stays.
    """
    made = desk("a")
    made.ask()
    made["a"].deny(Assign, Refusal.IN_DOUBT)
    again = made.ask(attempt=2)
    made["a"].lend(attempt=1)
    made.supervisor.hang_up(again)
    made.wait(400.0)
    assert not made["a"].has(GiveUp)
    nothing_left(made)


def test_a_lease_raised_elsewhere_whose_upload_right_is_missing_is_not_given_up_here() -> None:
    """The same where it may not be told yet."""
    made = desk("a")
    made.ask()
    command = made["a"].take(Assign)
    made["a"].used("r", lease=command.lease, attempt=1)
    made["a"].reply(command, Denied(Refusal.UNTOLD))
    made.wait(400.0)
    assert not made["a"].has(GiveUp)
    nothing_left(made)


def test_a_lease_that_appears_while_waiting_is_confirmed() -> None:
    """What was sent before this daemon's life lands late: the wish that waits gets it."""
    made = desk("a", free=False)
    call = made.ask(wait=60.0)
    made["a"].used("r")
    made["a"].confirm()
    assert lent(call).ppa == ref("a")


def test_a_lease_that_disappointed_does_not_appear_again() -> None:
    """A lease past its end keeps showing: it is asked once, not at every look."""
    made = desk("a", free=False)
    made.ask(wait=60.0)
    record = made["a"].used("r")
    made["a"].deny(Confirm, Refusal.ELSEWHERE)
    made["a"].show(record)
    assert not made["a"].has(Confirm)


def test_a_waiting_wish_confirms_its_lease_when_it_is_not_avoided_any_more() -> None:
    """Before a free PPA is bound, a lease that shows for the request is asked for."""
    made = desk("a", "b", free=False)
    call = made.ask(wait=60.0)
    made["a"].used("r")
    made["a"].deny(Confirm, Refusal.ELSEWHERE)
    made.wait(10.0)
    made["b"].free()
    assert made.asked() is None
    made["a"].confirm()
    assert lent(call).ppa == ref("a")


# -- before the first look ------------------------------------------------------------------------------------------


def test_before_the_first_look_a_request_waits_for_it() -> None:
    """Nothing is known, so nothing is said; the look under way is enough for a first attempt."""
    made = Desk("a", ready=False)
    made.begin_look()
    call = made.ask()
    assert not call.future.done()
    made["a"].free()
    made.end_look()
    made["a"].lend()
    assert lent(call).fresh


def test_a_first_look_that_fails_is_tried_again_until_the_deadline() -> None:
    """Launchpad down at start: the request waits, is then told 503 with the reason, and later ones are served."""
    made = Desk("a", ready=False)
    call = made.ask()
    made.look(a="no answer")
    assert made.supervisor.unready() == "no answer"
    made.wait(4.9)
    assert not call.future.done()
    made.wait(0.1)
    assert (problem(call).kind, problem(call).detail) == (Kind.UNAVAILABLE, "no answer")
    made["a"].free()
    made.look()
    assert made.supervisor.unready() is None
    late = made.ask()
    made["a"].lend()
    assert lent(late).fresh


# -- tickets ----------------------------------------------------------------------------------------------------------


def ticket_of(made: Desk, request: str) -> str:
    """What a none-free answer gave to keep the place."""
    ticket = problem(made.ask(request)).facts["ticket"]
    assert isinstance(ticket, str)
    return ticket


def test_a_ticket_keeps_the_place_and_is_void_in_time() -> None:
    """It comes back ahead of those who came later; ten minutes after it was last used it counts as none."""
    made = desk("a", free=False)
    made["a"].used("x")
    old = ticket_of(made, "old")
    made.wait(1.0)
    behind = made.ask("behind", wait=2000.0)
    made.wait(598.0)
    back = made.ask("old", ticket=old, wait=1.0)
    assert [a.wish.request_id for a in made.core.requests.waiting("default")] == ["old", "behind"]
    made.wait(2.0)
    told = problem(back)
    assert told.facts["position"] == 1
    made.wait(602.0)
    late = problem(made.ask("old", ticket=old))
    assert late.facts["position"] == 2
    assert not behind.future.done()


def test_a_ticket_works_at_another_daemon_of_the_pool() -> None:
    """The line is not stored: whoever has the key knows the place."""
    one, two = desk("a", free=False), desk("a", free=False)
    one["a"].used("x")
    ticket = ticket_of(one, "r")
    two.wait(5.0)
    two.ask("behind", wait=60.0)
    two.ask("r", ticket=ticket, wait=60.0)
    assert [a.wish.request_id for a in two.core.requests.waiting("default")] == ["r", "behind"]


@pytest.mark.parametrize("kind", ["forged", "foreign", "nonsense", "pool"])
def test_a_ticket_that_is_none(kind: str) -> None:
    """Forged, another request's, garbage, another pool's: the end of the line, no error."""
    made = desk("a", free=False)
    made["a"].used("x")
    place = Place("default", "r", made.clock.epoch() - 5.0, made.clock.epoch())
    tickets: dict[str, Callable[[], str]] = {
        "forged": lambda: TicketOffice(b"other").issue(place),
        "foreign": lambda: ticket_of(made, "somebody"),
        "nonsense": lambda: "x.y",
        "pool": lambda: made.tickets.issue(replace(place, pool="other")),
    }
    ticket = tickets[kind]()
    made.ask("before", wait=60.0)
    assert problem(made.ask("r", ticket=ticket)).facts["position"] == 2
    good = made.tickets.issue(place)
    assert problem(made.ask("r", ticket=good)).facts["position"] == 1


def test_a_connection_that_joins_may_bring_an_earlier_place() -> None:
    """The shared place is the earliest that any of its connections can show."""
    made = desk("a", free=False)
    made.ask("before", wait=60.0)
    made.ask("r", wait=60.0)
    made.ask("r", wait=60.0, ticket=made.tickets.issue(Place("default", "r", 1.0, made.clock.epoch())))
    assert [a.wish.request_id for a in made.core.requests.waiting("default")] == ["r", "before"]


# -- hanging up -------------------------------------------------------------------------------------------------------


def test_hanging_up_while_searching_and_confirming() -> None:
    """The wish is gone, and what comes back for it is dropped."""
    made = desk("a", "b")
    searching = made.ask("s", attempt=1, wait=60.0)
    made.supervisor.hang_up(searching)
    made.look()
    assert made.asked() is None
    made["b"].used("r")
    confirming = made.ask("r")
    made.supervisor.hang_up(confirming)
    made["b"].confirm()
    assert not confirming.future.done()
    nothing_left(made)


def test_hanging_up_while_assigning_gives_the_lease_up() -> None:
    """Nobody is there when the write is settled: the lease ends, by the very nonce of the assignment."""
    made = desk("a")
    call = made.ask()
    made.supervisor.hang_up(call)
    record = made["a"].lend()
    command = made["a"].take(GiveUp)
    assert (command.lease, command.nonce) == (record.lease, record.nonce)
    made["a"].reply(command, RecordShown(record))
    assert not len(made.core.unclaimed)
    made.wait(301.0)
    assert not made["a"].has(GiveUp)
    nothing_left(made)


def test_hanging_up_while_assigning_and_losing() -> None:
    """Nothing was got: nothing is left."""
    made = desk("a")
    call = made.ask()
    made.supervisor.hang_up(call)
    made["a"].deny(Assign, Refusal.LOST)
    assert made.asked() is None
    nothing_left(made)


def test_hanging_up_before_a_byte_of_the_answer_gives_the_lease_up() -> None:
    """The answer was settled and could not be handed over."""
    made = desk("a")
    call = made.ask()
    record = made["a"].lend()
    made.supervisor.hang_up(call)
    assert made["a"].take(GiveUp).nonce == record.nonce


def test_a_lease_told_to_two_is_given_up_when_both_hang_up() -> None:
    """One of them may have read its answer."""
    made = desk("a")
    one, two = made.ask(), made.ask()
    made["a"].lend()
    made.supervisor.hang_up(one)
    assert not made["a"].has(GiveUp)
    made.supervisor.hang_up(two)
    assert made["a"].has(GiveUp)


def test_a_lease_told_again_meanwhile_is_not_given_up() -> None:
    """Another connection with the request id was told of the lease: the first one's end does not take it away."""
    made = desk("a")
    first = made.ask()
    made["a"].lend()
    second = made.ask()
    made["a"].confirm()
    made.supervisor.hang_up(first)
    assert not made["a"].has(GiveUp)
    assert lent(second).ppa == ref("a")
    made.supervisor.hang_up(second)
    assert made["a"].has(GiveUp)


def test_a_lease_that_another_connection_asks_for_is_not_given_up() -> None:
    """It waits under the same request id: only when it hangs up too the lease goes."""
    made = desk("a")
    first = made.ask()
    made["a"].lend()
    second = made.ask()
    made.supervisor.hang_up(first)
    assert not made["a"].has(GiveUp)
    made.supervisor.hang_up(second)
    assert made["a"].has(GiveUp)


def test_a_lease_of_an_earlier_life_is_not_given_up() -> None:
    """Who was told of it is not known here."""
    made = desk("a")
    made["a"].used("r")
    call = made.ask()
    made["a"].confirm()
    made.supervisor.hang_up(call)
    assert not made["a"].has(GiveUp)


def test_a_lease_under_another_id_is_not_mistaken_for_the_one_made_here() -> None:
    """The same request holds a newer lease made elsewhere: hanging up after that was told gives nothing up."""
    made = desk("a", "b")
    made.supervisor.hang_up(made.ask(wait=60.0))
    first = made.ask()
    made["a"].lend()
    made["a"].show(made["a"].record(State.DIRTY))
    made["b"].used("r", attempt=0)
    second = made.ask()
    made["b"].confirm()
    made.supervisor.hang_up(second)
    assert not made["b"].has(GiveUp)
    assert lent(first).ppa == ref("a")


# -- unclaimed --------------------------------------------------------------------------------------------------------


def test_a_settled_lease_that_nobody_claims_is_given_up_after_five_minutes() -> None:
    """The client was told 503 while the write was in doubt, and did not ask again."""
    made = desk("a")
    call = made.ask()
    made["a"].deny(Assign, Refusal.IN_DOUBT)
    made.wait(5.0)
    assert problem(call).kind is Kind.UNAVAILABLE
    record = made["a"].lend()
    made.wait(299.0)
    assert not made["a"].has(GiveUp)
    made.wait(1.0)
    assert made["a"].take(GiveUp).nonce == record.nonce


def test_an_unclaimed_lease_is_told_to_who_asks_again() -> None:
    """Asking again gets the result, raised to the new attempt; it is then not given up."""
    made = desk("a", "b")
    made.ask()
    made.wait(5.0)
    made["a"].lend()
    again = made.ask(attempt=1)
    made.look()
    made["a"].confirm()
    assert lent(again).ppa == ref("a")
    made.wait(600.0)
    assert not made["a"].has(GiveUp)
    assert not len(made.core.unclaimed)


def test_giving_up_waits_for_who_asks_just_then_and_for_launchpad() -> None:
    """While somebody waits under the id it is put off; without an answer it is tried again; in doubt it is awaited."""
    made = desk("a", "b")
    made.ask()
    made.wait(5.0)
    made["a"].lend()
    made.wait(298.0)
    asking = made.ask()
    made.wait(3.0)
    assert not made["a"].has(GiveUp)
    made.wait(2.0)
    assert problem(asking).kind is Kind.UNAVAILABLE
    made.wait(30.0)
    command = made["a"].take(GiveUp)
    made["a"].reply(command, Denied(Refusal.OUTAGE))
    assert not made["a"].has(GiveUp)
    made.wait(30.0)
    command = made["a"].take(GiveUp)
    made["a"].reply(command, Denied(Refusal.IN_DOUBT))
    made.wait(60.0)
    assert not made["a"].has(GiveUp)
    made["a"].show(made["a"].record(State.DIRTY))
    made["a"].reply(command, Denied(Refusal.ELSEWHERE))
    assert not len(made.core.unclaimed)


def test_whoever_hangs_up_long_after_being_told_gives_nothing_up() -> None:
    """It was told, and five minutes later the lease is nobody's question any more."""
    made = desk("a")
    call = made.ask()
    made["a"].lend()
    made.wait(301.0)
    assert not len(made.core.unclaimed)
    made.supervisor.hang_up(call)
    assert not made["a"].has(GiveUp)


@pytest.mark.parametrize(("early", "again"), [(1.0, True), (0.0, False)])
def test_giving_up_ends_with_the_lease(early: float, again: bool) -> None:
    """At its very end nothing is left to be given up."""
    made = desk("a")
    call = made.ask()
    made.supervisor.hang_up(call)
    record = made["a"].lend()
    command = made["a"].take(GiveUp)
    assert record.until is not None
    made.wait((record.until - made.clock.now().date).total_seconds() - early)
    made["a"].reply(command, Denied(Refusal.OUTAGE))
    assert len(made.core.unclaimed) == again


def test_a_lease_whose_times_were_put_right_is_given_up_by_its_new_nonce() -> None:
    """Nobody claimed it by that; whoever moves its end at the same touch did, and what is theirs is not given up."""
    for changes, given_up in (
        ({"since": START - timedelta(hours=1), "touched": START - timedelta(hours=1), "clock": None}, True),
        ({"until": START + timedelta(hours=9)}, False),
    ):
        made = desk("a")
        call = made.ask()
        command = made["a"].take(Assign)
        record = made["a"].used(command.wish.request_id, owner=command.wish.owner, lease=command.lease, clock=HOST)
        made["a"].reply(command, LeaseShown(record, fresh=True))
        made["a"].show(replace(record, serial=record.serial + 1, nonce="new", **changes))
        made.supervisor.hang_up(call)
        assert (made["a"].take(GiveUp).nonce == "new") is given_up


def test_giving_up_is_ordered_until_launchpad_answered() -> None:
    """An outage that outlasts many a command: one at a time, every half minute, until the lease is over anyway."""
    made = desk("a")
    call = made.ask()
    made.wait(0.5)
    made.supervisor.hang_up(call)
    made["a"].lend()
    for _ in range(100):
        command = made["a"].take(GiveUp)
        assert command.deadline > made.now
        assert not made["a"].has(GiveUp)
        made["a"].reply(command, Denied(Refusal.OUTAGE, "deadline exceeded"))
        made.wait(29.0)
        assert not made["a"].has(GiveUp)
        made.wait(1.0)
    made.wait(8 * 3600.0)
    assert made["a"].has(GiveUp)
    made["a"].deny(GiveUp, Refusal.OUTAGE)
    made.wait(60.0)
    assert not made["a"].has(GiveUp)
    assert not len(made.core.unclaimed)
    nothing_left(made)


def test_giving_up_is_ordered_once_at_a_time() -> None:
    """While its outcome is in doubt the five minutes end: it is not ordered twice."""
    made = desk("a")
    call = made.ask()
    made.supervisor.hang_up(call)
    made["a"].lend()
    made["a"].deny(GiveUp, Refusal.IN_DOUBT)
    made.wait(1000.0)
    command = made["a"].take(GiveUp)
    assert not made["a"].has(GiveUp)
    made["a"].reply(command, RecordShown(None))
    made.wait(1000.0)
    assert not made["a"].has(GiveUp)
    assert not len(made.core.timers)
    nothing_left(made)


def test_a_lease_to_be_given_up_in_a_ppa_that_is_missing_for_a_while() -> None:
    """It may come back with the lease in it; once its record is another one there is nothing to give up."""
    made = desk("a")
    call = made.ask()
    made.supervisor.hang_up(call)
    record = made["a"].lend()
    made["a"].show(record, Condition.MISSING)
    made["a"].deny(GiveUp, Refusal.ELSEWHERE, "404")
    made.wait(30.0)
    made["a"].show(replace(record, attempt=1), Condition.MISSING)
    made["a"].deny(GiveUp, Refusal.ELSEWHERE, "404")
    made.wait(60.0)
    assert not made["a"].has(GiveUp)
    nothing_left(made)


@pytest.mark.parametrize("change", [{}, {"attempt": 1}, {"touched": START + timedelta(minutes=1)}])
def test_a_lease_to_be_given_up_whose_record_was_written_again(change: dict[str, Any]) -> None:
    """Settling an outcome writes the same record under another nonce: it is still nobody's.  Not so when it was told
    elsewhere with a higher attempt, or touched.
    """
    made = desk("a")
    call = made.ask()
    made.supervisor.hang_up(call)
    record = made["a"].lend()
    made["a"].show(replace(record, nonce="settled", serial=record.serial + 1, **change))
    made["a"].deny(GiveUp, Refusal.ELSEWHERE)
    made.wait(30.0)
    if change:
        assert not made["a"].has(GiveUp)
    else:
        assert made["a"].take(GiveUp).nonce == "settled"


def test_an_unclaimed_lease_that_went_is_forgotten() -> None:
    """Who asks again finds it ended, and gets another."""
    made = desk("a", "b")
    made.ask()
    made.wait(5.0)
    made["a"].lend()
    again = made.ask()
    made["a"].deny(Confirm, Refusal.ELSEWHERE)
    assert not len(made.core.unclaimed)
    made["b"].lend()
    assert lent(again).ppa == ref("b")
    made.wait(280.0)
    assert not made["a"].has(GiveUp)


def test_a_lease_whose_upload_right_is_not_there_yet_is_503_and_can_be_asked_for() -> None:
    """It stands and may not be told: the client asks again, or it is given up."""
    made = desk("a")
    call = made.ask()
    command = made["a"].take(Assign)
    made["a"].used("r", lease=command.lease)
    made["a"].reply(command, Denied(Refusal.UNTOLD, "not yet"))
    assert (problem(call).kind, problem(call).detail) == (Kind.UNAVAILABLE, "not yet")
    made.wait(300.0)
    assert made["a"].has(GiveUp)


# -- withdrawing ------------------------------------------------------------------------------------------------------


def released(made: Desk, name: str) -> None:
    """Carry out a Release."""
    worker = made[name]
    command = worker.take(Release)
    dirty = worker.record(State.DIRTY, lease=command.lease, request="r", owner="me")
    worker.show(dirty)
    worker.reply(command, RecordShown(dirty))


def test_withdrawing_from_the_line() -> None:
    """The place is given up, its calls are told, and nothing had been got."""
    made = desk("a", free=False)
    call = made.ask(wait=60.0)
    assert made.supervisor.withdraw("r", EVERYBODY).result(0) == []
    assert problem(call).kind is Kind.SUPERSEDED
    nothing_left(made)


def test_withdrawing_while_searching_looks_first() -> None:
    """A lease that was not seen yet is released too; only a whole look says that there is none."""
    made = desk("a", "b")
    made.ask(attempt=1, wait=60.0)
    future = made.supervisor.withdraw("r", EVERYBODY)
    made["b"].used("r")
    made.look()
    released(made, "b")
    assert [s.ppa for s in future.result(0)] == [ref("b")]
    made.ask("s", attempt=1, wait=60.0)
    nothing = made.supervisor.withdraw("s", EVERYBODY)
    assert not nothing.done()
    made.look()
    assert nothing.result(0) == []
    nothing_left(made)


def test_withdrawing_while_assigning_releases_what_was_got() -> None:
    """The write under way is awaited; the id takes no new wish meanwhile."""
    made = desk("a")
    call = made.ask()
    future = made.supervisor.withdraw("r", EVERYBODY)
    assert problem(call).kind is Kind.SUPERSEDED
    with pytest.raises(Problem) as caught:
        made.ask(attempt=1)
    assert (caught.value.kind, "ticket" in caught.value.facts) == (Kind.UNAVAILABLE, True)
    made["a"].lend()
    released(made, "a")
    assert [s.ppa for s in future.result(0)] == [ref("a")]
    nothing_left(made)


@pytest.mark.parametrize("why", [Refusal.LOST, Refusal.OUTAGE, Refusal.INVALID])
def test_withdrawing_while_assigning_what_is_lost(why: Refusal) -> None:
    """Nothing was got: the call ends all the same."""
    made = desk("a")
    made.ask()
    future = made.supervisor.withdraw("r", EVERYBODY)
    made["a"].deny(Assign, why)
    assert future.result(0) == []
    nothing_left(made)


def test_withdrawing_while_assigning_what_may_not_be_told() -> None:
    """The lease stands: it is released."""
    made = desk("a")
    made.ask()
    future = made.supervisor.withdraw("r", EVERYBODY)
    command = made["a"].take(Assign)
    made["a"].used("r", lease=command.lease)
    made["a"].reply(command, Denied(Refusal.UNTOLD))
    released(made, "a")
    assert len(future.result(0)) == 1
    nothing_left(made)


def test_withdrawing_in_doubt_ends_at_its_deadline() -> None:
    """503 in time; what lands later is released all the same."""
    made = desk("a")
    made.ask()
    made["a"].deny(Assign, Refusal.IN_DOUBT)
    future = made.supervisor.withdraw("r", EVERYBODY)
    made.wait(5.0)
    assert problem(future).kind is Kind.UNAVAILABLE
    made["a"].lend()
    released(made, "a")
    nothing_left(made)


def test_withdrawing_what_is_not_yours() -> None:
    """A wish or lease of another client is none of this one's: 404, and nothing happens to it."""
    made = desk("a", "b")
    stranger = Caller("eve", Role.CLIENT, owners=("*",))
    call = made.ask(by="ann")
    waiting = made.supervisor.withdraw("r", stranger)
    made["a"].lend()
    assert lent(call).fresh
    lease = made.supervisor.withdraw("r", stranger)
    made.look()
    assert problem(waiting).kind is Kind.UNKNOWN_REQUEST
    assert problem(lease).kind is Kind.UNKNOWN_REQUEST
    assert not made["a"].has(Release)


def test_withdrawing_after_the_lease_was_told_releases_it() -> None:
    """DELETE by request id ends the lease."""
    made = desk("a")
    made.ask()
    made["a"].lend()
    future = made.supervisor.withdraw("r", EVERYBODY)
    released(made, "a")
    assert len(future.result(0)) == 1


def test_withdrawing_both_of_two_leases() -> None:
    """The call ends once both are answered; one that ended by itself does not hinder."""
    made = desk("a", "b")
    made["a"].used("r", lease="one")
    made["b"].used("r", lease="two", attempt=1)
    future = made.supervisor.withdraw("r", EVERYBODY)
    made["b"].deny(Release, Refusal.IN_DOUBT)
    made["b"].deny(Release, Refusal.ELSEWHERE)
    assert not future.done()
    released(made, "a")
    assert [s.ppa for s in future.result(0)] == [ref("a")]
    nothing = made.supervisor.withdraw("r", EVERYBODY)
    made["b"].deny(Release, Refusal.OUTAGE)
    assert problem(nothing).kind is Kind.UNAVAILABLE


def test_withdrawing_an_unknown_request() -> None:
    """404 only after a look that began after the call came."""
    made = desk("a")
    made.begin_look()
    future = made.supervisor.withdraw("nobody", EVERYBODY)
    made.end_look()
    assert not future.done()
    made.look()
    assert problem(future).kind is Kind.UNKNOWN_REQUEST


# -- the end of the daemon, and what must not grow -----------------------------------------------------------------


def test_stopping_answers_all_who_wait_with_a_ticket() -> None:
    """In the line, searching, being written: 503, and the place is kept; later calls get the same."""
    made = desk("a")
    calls = [made.ask("w0"), made.ask("w1", wait=60.0), made.ask("w2", attempt=1, wait=60.0)]
    withdrawing = made.supervisor.withdraw("w0", EVERYBODY)
    made.supervisor.stop(0.1)
    assert problem(withdrawing).kind is Kind.UNAVAILABLE
    for call in calls[1:]:
        assert problem(call).kind is Kind.UNAVAILABLE
        assert "ticket" in problem(call).facts
    with pytest.raises(Problem) as caught:
        made.ask("late")
    assert (caught.value.kind, "ticket" in caught.value.facts) == (Kind.UNAVAILABLE, True)
    made["a"].lend()
    assert made.supervisor.unready() == "the daemon is being stopped"


def test_a_late_ticket_of_a_stopping_daemon_keeps_the_place() -> None:
    """The 503 of a daemon that stops gives back the place that the ticket held."""
    made = desk("a")
    ticket = made.tickets.issue(Place("default", "r", 5.0, made.clock.epoch()))
    made.supervisor.stop(0.1)
    with pytest.raises(Problem) as caught:
        made.ask("r", ticket=ticket)
    place = made.tickets.redeem(caught.value.facts["ticket"], "default", Key(None, "r"), made.clock.epoch())
    assert place is not None
    assert place.first_asked == 5.0


def test_a_pool_that_is_gone_has_no_line() -> None:
    """A reload takes the pool away: those who wait there are told, one that is being written gets its lease."""
    pools = {
        "default": Pool("default", (ref("a"),), PoolOptions()),
        "second": Pool("second", (ref("b"),), PoolOptions()),
    }
    made = Desk(given=settings(pools=pools))
    made["b"].show(made["b"].record(State.FREE, pool="second"))
    bound = made.ask("bound", pool="second")
    waits, stays = made.ask("waits", pool="second", wait=60.0), made.ask("stays", wait=60.0)
    made.supervisor.reload(settings(ref("a")))
    assert problem(waits).kind is Kind.UNKNOWN_POOL
    assert not stays.future.done()
    made["b"].lend()
    assert lent(bound).ppa == ref("b")


def test_nothing_grows_with_the_calls() -> None:
    """After many calls of all kinds no timer with their deadline, no token and no wish is left."""
    made = desk("a")
    for n in range(50):
        call = made.ask(f"r{n}", wait=3600.0)
        made["a"].lend()
        assert lent(call).fresh
        future = made.supervisor.withdraw(f"r{n}", EVERYBODY)
        released(made, "a")
        assert len(future.result(0)) == 1
        made["a"].free()
    nothing_left(made)
    made.wait(301.0)
    assert len(made.core.timers) == 0
    assert not len(made.core.unclaimed)


def test_a_future_that_its_waiter_cancelled_hurts_nobody() -> None:
    """A connection ends its future itself: the answer to the others still goes out."""
    made = desk("a")
    one, two = made.ask(), made.ask()
    one.future.cancel()
    made["a"].lend()
    assert lent(two).fresh


def test_an_uploader_is_taken_where_the_pool_grants_uploads() -> None:
    """And what the wish leaves open is left to the worker, which has the pool's options."""
    options = PoolOptions(grant_upload=True)
    made = Desk(given=settings(ref("a"), options=options))
    made["a"].free()
    made.supervisor.assign(AssignRequest("me", "default", "r", uploader="~ann"))
    command = made["a"].take(Assign)
    assert command.wish == AssignRequest("me", "default", "r", uploader="~ann")
    made["a"].reply(command, LeaseShown(made["a"].used("r", lease=command.lease)))


@pytest.mark.parametrize("kind", [Assign, Confirm])
def test_an_outcome_that_cannot_be_ends_the_call_all_the_same(kind: type[Assign] | type[Confirm]) -> None:
    """No call is left open, whatever a worker answers."""
    made = desk("a")
    if kind is Confirm:
        made["a"].used("r")
    call = made.ask()
    made["a"].reply(made["a"].take(kind), RecordShown(None))
    assert problem(call).kind is Kind.UNAVAILABLE
    nothing_left(made)


def test_a_new_lease_of_a_request_is_claimed_apart_from_its_last_one() -> None:
    """The first lease was told and released; the second one's end does not hang on the first one's calls."""
    made = desk("a", "b")
    first = made.ask()
    made["a"].lend()
    made["a"].show(made["a"].record(State.DIRTY))
    second = made.ask()
    made["b"].lend()
    made.supervisor.hang_up(first)
    made["a"].deny(GiveUp, Refusal.ELSEWHERE)
    assert not made["b"].has(GiveUp)
    made.supervisor.hang_up(second)
    assert made["b"].has(GiveUp)


def test_a_ppa_that_did_not_answer_is_looked_at_again() -> None:
    """It is tried again once a look shows it, not only at the next periodic one."""
    made = desk("a")
    made.ask(wait=60.0)
    made["a"].show(made["a"].snapshot.record, Condition.UNREACHABLE)
    made["a"].deny(Assign, Refusal.OUTAGE)
    made.supervisor.poller.was_asked()
    made.wait(10.0)
    assert made.supervisor.poller.was_asked()
