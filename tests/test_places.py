"""Who was told none-free and comes back at once is not passed by: a long wait may be asked for in short ones."""

from __future__ import annotations

from typing import Any

import pytest

from ppa_assigner.access import Caller, Role
from ppa_assigner.automaton.events import CheckBurnt, No, Stands
from ppa_assigner.problems import Kind
from ppa_assigner.supervisor.places import KEPT_S

from .fakecrew import Desk, lent, problem


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
    made.wait(KEPT_S / 2)
    back = made.ask("first", wait=60.0, attempt=1)
    made["a"].lend()
    assert lent(back).record.request == "first"
    assert not len(made.supervisor._assigning._places)


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
    made.wait(KEPT_S)
    assert made["a"].lend().request == "second"
    assert not len(made.supervisor._assigning._places)


def test_who_comes_back_needs_no_look_and_stays_ahead() -> None:
    """The next attempt goes on where the one before ended: Launchpad is not asked again because of it."""
    made = two_in_line()
    rounds = made.office.rounds.begun
    made.ask("first", wait=60.0, attempt=1)
    assert [a.wish.request_id for a in made.supervisor._assigning.waiting("default")] == ["first", "second"]
    assert not made.office.rounds._waiters
    assert made.office.rounds.begun == rounds
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


@pytest.mark.parametrize("other", [{"owner": "you"}, {"by": "jenkins"}])
def test_somebody_else_does_not_get_the_place(other: dict[str, Any]) -> None:
    """Only the same owner and client come back to it."""
    made = two_in_line()
    made.ask("first", wait=60.0, **other)
    assert served(made) == "second"


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
    assert not len(made.supervisor._assigning._places)


def test_a_kept_place_counts_for_the_position() -> None:
    """Who is second is told so also in the moment when the first is away."""
    made = two_in_line()
    assert problem(made.ask("third")).facts["position"] == 3


def test_what_is_known_of_burnt_ppas_is_not_asked_again() -> None:
    """A wish that waits for a PPA without its sources goes on knowing which those are."""
    made = Desk("a", "b")
    for name in "ab":
        made[name].used(f"of-{name}")
    call = made.ask("first", wait=1.0, sources=(("hello", "1"),))
    made["a"].deny(CheckBurnt, No.BURNT, "hello 1")
    command = made["b"].take(CheckBurnt)
    made["b"].reply(command, Stands(made["b"].snapshot.record))
    made.wait(1.0)
    assert problem(call).kind is Kind.NONE_FREE
    made.ask("first", wait=60.0, attempt=1, sources=(("hello", "1"),))
    assert not made["b"].has(CheckBurnt)
    made["a"].free()
    assert made.asked() is None
    made["b"].free()
    assert made.asked() == "b"
