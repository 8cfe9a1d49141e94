"""Who was told none-free and comes back at once is not passed by: a long wait may be asked for in short ones."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from ppa_assigner.access import Caller, Role
from ppa_assigner.automaton.events import Abandoned, Assign, CheckBurnt, GiveUp, RecordShown, Refusal
from ppa_assigner.backoff import PLACE_KEPT_S, SEARCH_TURN_S
from ppa_assigner.clock import REMEMBERED
from ppa_assigner.packages import SourcePackage
from ppa_assigner.port import Moment
from ppa_assigner.problems import Kind
from ppa_assigner.supervisor.queue import places_of_others
from ppa_assigner.supervisor.requests import Key
from ppa_assigner.supervisor.shell import Call
from ppa_assigner.supervisor.steps import PlaceIsOver
from ppa_assigner.supervisor.tickets import Place

from .fakecrew import Desk, lent, problem
from .memory import START


def two_in_line(**first: Any) -> Desk:
    """`first` was told none-free just now after a second in the line, `second` came after it and waits."""
    made = Desk("a", "b")
    for name in "ab":
        made[name].used(f"of-{name}")
    call = made.ask("first", wait=1.0, **first)
    made.ask("second", wait=600.0)
    made.wait(1.0)
    assert problem(call).kind is Kind.NONE_FREE
    return made


def served(made: Desk) -> str | None:
    """The request that PPA `a` is being lent to, which became free just now."""
    made["a"].free()
    return made["a"].lend().request if made.asked() else None


def test_who_comes_back_at_once_is_not_passed_by() -> None:
    """A PPA that becomes free between two of its calls waits for it; nobody else is told none-free for that."""
    made = two_in_line()
    made["a"].free()
    assert made.asked() is None
    made.wait(PLACE_KEPT_S / 2)
    back = made.ask("first", wait=60.0, attempt=1)
    made["a"].lend()
    assert lent(back).record.request == "first"
    assert not len(made.core.requests.kept)
    assert not [step for _, step in made.core.timers.waiting() if isinstance(step, PlaceIsOver)]


def test_who_cannot_wait_is_not_told_none_free_for_who_is_away() -> None:
    """It would be none-free for a PPA that is free, and that perhaps nobody comes back for."""
    made = two_in_line()
    made["a"].free()
    assert made.asked() is None
    made.ask("now")
    assert made["a"].lend().request == "now"


def test_a_second_ppa_goes_to_the_second() -> None:
    """One kept place keeps one PPA."""
    made = two_in_line()
    made["b"].free()
    assert made.asked() is None
    made["a"].free()
    assert made.asked() is not None


def test_who_does_not_come_back_costs_a_moment() -> None:
    """Then the next one is served, and nothing is kept."""
    made = two_in_line()
    made["a"].free()
    made.wait(PLACE_KEPT_S)
    assert made["a"].lend().request == "second"
    assert not len(made.core.requests.kept)


def test_who_comes_back_needs_no_look_and_stays_ahead() -> None:
    """The next attempt goes on where the one before ended: Launchpad is not asked again because of it."""
    made = two_in_line()
    rounds = made.core.rounds.begun
    made.ask("first", wait=60.0, attempt=1)
    assert [a.wish.request_id for a in made.core.requests.waiting("default")] == ["first", "second"]
    assert not made.core.rounds.awaited
    assert made.core.rounds.begun == rounds
    assert served(made) == "first"


@pytest.mark.parametrize("again", [{"attempt": 2}, {"attempt": 1, "note": "other"}])
def test_who_may_have_asked_elsewhere_is_searched_for(again: dict[str, Any]) -> None:
    """An attempt was left out, so another daemon may have had it; or the wish is another.  The place is the same."""
    made = two_in_line()
    made.ask("first", wait=60.0, **again)
    made["a"].free()
    assert made.asked() is None
    made.look()
    assert made["a"].lend().request == "first"


def test_who_shows_its_ticket_goes_on_too() -> None:
    """As clients do that wait in short waits: what a call is told changes nothing of what is asked for."""
    made = Desk("a")
    made["a"].used("x")
    call = made.ask("first", wait=1.0)
    made.wait(1.0)
    made.ask("first", wait=60.0, attempt=1, ticket=problem(call).facts["ticket"])
    assert not made.core.rounds.awaited
    assert served(made) == "first"


def test_an_attempt_that_comes_twice_is_searched_for() -> None:
    """Another daemon may have had it in between."""
    made = Desk("a")
    made["a"].used("x")
    call = made.ask("first", wait=1.0, attempt=1)
    made.look()
    made.wait(1.0)
    assert problem(call).kind is Kind.NONE_FREE
    made.ask("first", wait=60.0, attempt=1)
    made["a"].free()
    assert made.asked() is None
    made.look()
    assert made.asked() == "a"


def test_somebody_else_does_not_get_the_place() -> None:
    """Only the same owner comes back to it."""
    made = two_in_line()
    made.ask("first", wait=60.0, owner="you")
    assert served(made) == "second"


def test_another_client_does_not_take_the_place_away() -> None:
    """Its request of that name is another: the place is kept for whom it is."""
    made = two_in_line()
    made.ask("first", wait=60.0, by="jenkins")
    made["a"].free()
    assert made.asked() is None
    back = made.ask("first", wait=60.0, attempt=1)
    made["a"].lend()
    assert lent(back).record.by is None


def test_who_does_not_wait_leaves_no_place() -> None:
    """Those who only ask whether one is free keep nobody waiting."""
    made = Desk("a")
    made["a"].used("x")
    assert problem(made.ask("first")).kind is Kind.NONE_FREE
    made.ask("second", wait=60.0)
    assert served(made) == "second"


def test_who_hangs_up_leaves_no_place() -> None:
    """A place is lost with its last connection."""
    made = Desk("a")
    made["a"].used("x")
    call = made.ask("first", wait=60.0)
    made.ask("second", wait=60.0)
    made.supervisor.hang_up(call)
    assert served(made) == "second"


def test_who_withdraws_leaves_no_place() -> None:
    """The next one is served at once; somebody else cannot take it away."""
    made = two_in_line(by="jenkins")
    made["a"].free()
    made.supervisor.withdraw("first", Caller("other", Role.CLIENT))
    assert made.asked() is None
    made.supervisor.withdraw("first", Caller("jenkins", Role.CLIENT))
    assert made["a"].lend().request == "second"
    assert not len(made.core.requests.kept)


def test_an_operator_who_withdraws_its_own_kept_place_ends_nobody_elses() -> None:
    """Only one who has no such request means that of another client."""
    made = two_in_line(by="op")
    other = made.ask("first", wait=60.0, by="jenkins")
    made.supervisor.withdraw("first", Caller("op", Role.OPERATOR))
    assert not other.future.done()
    made.supervisor.withdraw("first", Caller("op", Role.OPERATOR))
    assert problem(other).kind is Kind.SUPERSEDED


def test_a_kept_place_counts_for_the_position() -> None:
    """Who is second is told so also in the moment when the first is away."""
    made = two_in_line()
    assert problem(made.ask("third")).facts["position"] == 3


def test_the_places_of_other_clients_under_one_request_id() -> None:
    """All but one's own, and none of another request."""
    made = Desk("a")
    made["a"].used("x")
    for by, request in ((None, "r"), ("ann", "r"), ("bob", "r"), ("ann", "s")):
        made.ask(request, wait=1.0, by=by)
    made.wait(1.0)
    assert {*places_of_others(made.core, Key("ann", "r"))} == {Key(None, "r"), Key("bob", "r")}


@pytest.mark.parametrize("attempt", [0, 1])
def test_what_is_known_of_burnt_ppas_is_not_asked_again(attempt: int) -> None:
    """A wish that waits for a PPA without its sources goes on knowing which those are."""
    made = Desk("a", "b")
    for name in "ab":
        made[name].used(f"of-{name}")
    call = made.ask("first", wait=1.0, sources=(SourcePackage("hello", "1"),))
    made["a"].deny(CheckBurnt, Refusal.BURNT, "hello 1")
    command = made["b"].take(CheckBurnt)
    made["b"].reply(command, RecordShown(made["b"].snapshot.record))
    made.wait(1.0)
    assert problem(call).kind is Kind.NONE_FREE
    made.ask("first", wait=60.0, attempt=attempt, sources=(SourcePackage("hello", "1"),))
    assert not made["b"].has(CheckBurnt)
    made["a"].free()
    assert made.asked() is None
    made["b"].free()
    assert made.asked() == "b"


def test_a_clock_that_goes_back_lets_nobody_pass() -> None:
    """Launchpad's clock is known to a second only, and may go back by that: who came later is behind, here, when one
    asks over a second connection, and by the tickets at another daemon.
    """
    one, two = Desk("a"), Desk("a")
    for made in (one, two):
        made["a"].used("x")
    calls = {"first": one.ask("first", wait=1.0)}
    for _ in range(REMEMBERED):
        one.clock.observe(Moment(START - timedelta(seconds=1), one.now, one.now))
    calls["second"] = one.ask("second", wait=1.0)
    one.ask("second", wait=1.0)
    assert [a.wish.request_id for a in one.core.requests.waiting("default")] == ["first", "second"]
    for made in (one, two):
        made.wait(1.0)
    for name in ("second", "first"):
        two.ask(name, wait=60.0, ticket=problem(calls[name]).facts["ticket"])
    assert [a.wish.request_id for a in two.core.requests.waiting("default")] == ["first", "second"]


def test_a_clock_that_is_behind_lets_nobody_pass() -> None:
    """A daemon that has just started knows Launchpad's clock by few answers: whoever brings a ticket has its place even
    where that was written later than it is here, and a newcomer is behind.
    """
    one, two = Desk("a"), Desk("a")
    for made in (one, two):
        made["a"].used("x")
    one.wait(0.7)
    tickets = {name: problem(one.ask(name)).facts["ticket"] for name in ("first", "second")}
    for name in ("second", "first"):
        two.ask(name, wait=60.0, ticket=tickets[name])
    two.ask("newcomer", wait=60.0)
    assert [a.wish.request_id for a in two.core.requests.waiting("default")] == ["first", "second", "newcomer"]


def searched_for(**newcomer: Any) -> tuple[Desk, Call, Call]:
    """After a restart: `back` has a ticket and is searched for when `a` becomes free; the newcomer's wait ends then."""
    made = Desk("a")
    made["a"].used("x")
    place = Place("default", "back", made.clock.epoch() - 60.0, made.clock.epoch())
    back = made.ask("back", wait=60.0, attempt=7, ticket=made.tickets.issue(place))
    made["a"].free()
    new = made.ask("newcomer", **newcomer)
    made.wait(1.0)
    assert made.asked() is None
    assert not new.future.done()
    return made, back, new


@pytest.mark.parametrize("wait", [0.0, 1.0])
def test_whose_wait_ends_does_not_pass_those_who_are_searched_for(wait: float) -> None:
    """A long wait begins with a short one, so its end is no reason to be served before those who came first."""
    made, back, new = searched_for(wait=wait)
    made.look()
    made["a"].lend()
    assert lent(back).record.request == "back"
    assert problem(new).kind is Kind.NONE_FREE


def test_who_is_searched_for_in_vain_is_passed_in_the_end() -> None:
    """A turn is kept for a moment only."""
    made, _, new = searched_for(wait=1.0)
    made.wait(SEARCH_TURN_S - 1.0)
    made["a"].lend()
    assert lent(new).record.request == "newcomer"


def test_whose_wait_ended_is_told_so_when_the_ppa_is_gone() -> None:
    """What it was held up for is nobody's: it is told none-free when the turn is over."""
    made, _, new = searched_for(wait=1.0)
    made["a"].used("y")
    made.wait(SEARCH_TURN_S)
    assert problem(new).kind is Kind.NONE_FREE


def test_who_hangs_up_after_its_wait_is_held_up_no_more() -> None:
    """Those who were searched for before it get what there is."""
    made, back, new = searched_for(wait=1.0)
    made.supervisor.hang_up(new)
    assert not made.core.requests.held_up
    made.wait(SEARCH_TURN_S)
    made.look()
    made["a"].lend()
    assert lent(back).record.request == "back"


def test_a_second_connection_that_does_not_wait_is_told_at_once() -> None:
    """The first one waits on."""
    made = Desk("a")
    made["a"].used("x")
    first, second = made.ask(wait=600.0), made.ask(wait=0.0)
    assert problem(second).kind is Kind.NONE_FREE
    assert not first.future.done()


def test_who_is_being_served_stands_in_no_line() -> None:
    """The next one is the first of it."""
    made = Desk("a")
    made["a"].free()
    made.ask("one", wait=60.0)
    assert made.asked() == "a"
    made.ask("two", wait=60.0)
    assert [(one.request_id, one.position) for one in made.supervisor.line()] == [("two", 1)]


def test_nobody_waits_for_a_search_of_what_a_ppa_had() -> None:
    """Once the last connection is gone its worker may stop searching, and not before."""
    made = Desk("a")
    made["a"].free()
    calls = [made.ask(wait=60.0, sources=(SourcePackage("hello", "1"),)) for _ in range(2)]
    made.supervisor.hang_up(calls[0])
    assert not made["a"].has(Abandoned)
    made.supervisor.hang_up(calls[1])
    assert made["a"].take(Abandoned).token == made["a"].take(Assign).token


def test_a_lease_is_kept_for_who_came_back_and_was_told_to_ask_again() -> None:
    """That somebody hung up before that does not give it up."""
    made = Desk("a")
    made["a"].free()
    made.supervisor.hang_up(made.ask())
    again = made.ask()
    made.wait(made.core.total)
    assert problem(again).kind is Kind.UNAVAILABLE
    record = made["a"].lend()
    assert not made["a"].has(GiveUp)
    late = made.ask()
    made["a"].confirm()
    assert lent(late).record.lease == record.lease
