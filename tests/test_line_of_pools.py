"""The line of several pools: who wants PPAs of more than one is served in its turn, and of many free ones each gets its
own.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from ppa_assigner.access import ClientConfig
from ppa_assigner.automaton.events import Assign, Refusal
from ppa_assigner.automaton.group_commands import ClaimPpa
from ppa_assigner.config import Pool
from ppa_assigner.options import LineOrder, PoolOptions
from ppa_assigner.packages import SourcePackage
from ppa_assigner.record import GroupClaim, Rank, State
from ppa_assigner.selectors import parse
from ppa_assigner.supervisor.line import joined
from ppa_assigner.supervisor.shares import Quota
from ppa_assigner.views import Condition, Want, WantedView

from .fakecrew import Desk, ref
from .memory import START
from .settings import settings

X, Y = Want("x"), Want("y")


def pools(*names: str, used: str = "", clients: tuple[ClientConfig, ...] = (), **options: Any) -> Desk:
    """PPAs whose pools are their first letters, all free but those `used`."""
    of_pool = {name[0]: tuple(ref(one) for one in names if one[0] == name[0]) for name in names}
    given = settings(pools={n: Pool(n, ppas, PoolOptions(settle=0.0, **options)) for n, ppas in of_pool.items()})
    made = Desk(given=replace(given, api=replace(given.api, clients=clients)))
    for name in names:
        if name in used.split():
            made[name].used(f"of-{name}", pool=name[0])
        else:
            free(made, name)
    return made


def free(made: Desk, name: str) -> None:
    """It is free."""
    made[name].show(made[name].record(State.FREE, pool=name[0]))


def claimed(made: Desk) -> set[str]:
    """The PPAs that a group is about to have, or has."""
    return {ppa.name for one in made.core.tries.values() for ppa in one.ppas}


def assigned(made: Desk) -> dict[str, str]:
    """Who is about to have which PPA."""
    given = {name: [told for told in worker.told if isinstance(told, Assign)] for name, worker in made.workers.items()}
    return {name: one.wish.request_id for name, told in given.items() for one in told}


def test_pools_are_joined_by_who_wants_ppas_of_several() -> None:
    """Also by way of a third one; the others have lines of their own."""
    made = pools("w1", "x1", "y1", "z1", used="w1 x1 y1 z1")
    made.ask("one", pool="x", want=(X, Y), wait=60.0)
    made.ask("two", pool="y", want=(Y, Want("z")), wait=60.0)
    assert [joined(made.core, pool) for pool in "wxyz"] == [("w",), *[("x", "y", "z")] * 3]


def test_what_is_free_is_kept_for_who_waits_for_more() -> None:
    """Those that came later get none of it, until it is served; one that is gone keeps nothing."""
    made = pools("x1", "y1", used="x1")
    group = made.ask("g", pool="x", want=(X, Y), wait=60.0)
    made.ask("late", pool="y", wait=60.0)
    assert (claimed(made), assigned(made)) == (set(), {})
    made.supervisor.hang_up(group)
    assert not made.core.requests.several
    made.ask("later", pool="y", wait=60.0)
    assert assigned(made) == {"y1": "late"}


def test_who_waits_for_more_is_served_once_all_of_it_is_free() -> None:
    """The first pool's PPA leads."""
    made = pools("x1", "y1", used="x1 y1")
    made.ask("early", pool="y", wait=60.0)
    made.ask("g", pool="x", want=(X, Y), wait=60.0)
    free(made, "y1")
    assert assigned(made) == {"y1": "early"}
    made["y1"].lend()
    free(made, "x1")
    assert claimed(made) == set()
    free(made, "y1")
    assert claimed(made) == {"x1", "y1"}
    assert made["x1"].has(ClaimPpa)


def test_several_of_one_pool_are_found_among_those_that_are_free() -> None:
    """Though only one waits."""
    made = pools("x1", "x2", "x3", "x4")
    made.ask("g", pool="x", want=(Want("x", count=3),), wait=60.0)
    assert claimed(made) == {"x1", "x2", "x3"}


@pytest.mark.parametrize(("one", "two", "other"), [("b", "a", "e"), ("e", "d", "c")])
def test_of_many_free_ones_each_gets_its_own_and_the_others_the_longest_free(one: str, two: str, other: str) -> None:
    """All at once, when the first look is over."""
    names = ("a", "b", "c", "d", "e")
    made = Desk(*names, ready=False)
    made.ask("one", ppa=ref(one), wait=60.0)
    made.ask("two", ppa=ref(two), wait=60.0)
    made.ask("any", wait=60.0)
    for number, name in enumerate(reversed(names)):
        made[name].free(number)
    made.look()
    assert assigned(made) == {one: "one", two: "two", other: "any"}


def test_of_many_free_ones_those_are_passed_by_that_are_burnt() -> None:
    """Only one waits, and the one that has been free longest is not for it."""
    made = Desk("a", "b", "c")
    for number, name in enumerate("abc"):
        made[name].free(number)
    made.ask("r", wait=60.0, sources=(SourcePackage("hello", "1"),))
    made["a"].deny(Assign, Refusal.BURNT, "hello 1")
    assert made.asked() == "b"


def test_a_place_that_is_kept_counts_for_no_quota() -> None:
    """Who is away may never come back; one PPA is kept for it all the same."""
    made = pools("x1", "x2", used="x1 x2", clients=(ClientConfig("c", "0" * 64, max_leases=1),))
    made.ask("away", pool="x", by="c", wait=1.0)
    made.wait(1.0)
    made.ask("here", pool="x", by="c", wait=60.0)
    free(made, "x1")
    assert assigned(made) == {}
    free(made, "x2")
    assert assigned(made) == {"x2": "here"}


@pytest.mark.parametrize("how", ["waits", "is away", "is searched for", "has a lease", "comes too late"])
def test_who_is_left_without_gets_what_a_younger_group_claims(how: str) -> None:
    """While it stands in the line itself, and is to be served."""
    made = pools("x1", "x2", used="x1 x2")
    call = made.ask("r", pool="x", wait=1.0 if how == "is away" else 60.0, attempt=int(how == "is searched for"))
    if how == "is away":
        made.wait(1.0)
        assert call.future.done()
    if how == "has a lease":
        made["x2"].used("r", pool="x", lease="lease-r")
    key = 0 if how == "comes too late" else 10**15
    claim = GroupClaim("g", ref("x1"), Rank(key, "", "other"), START)
    made["x1"].show(made["x1"].record(State.FREE, pool="x", claim=claim))
    assert assigned(made) == ({"x1": "r"} if how == "waits" else {})


@pytest.mark.parametrize("waits", ["an earlier one", "a later one"])
def test_what_a_client_waits_for_in_another_pool_counts_for_its_quota(waits: str) -> None:
    """If it came before: what it may have is kept for that."""
    made = pools("x1", "y1", used="x1 y1", clients=(ClientConfig("c", "0" * 64, max_leases=1),))
    order = ("elsewhere", "here") if waits == "an earlier one" else ("here", "elsewhere")
    for name in order:
        made.ask(name, pool="y" if name == "elsewhere" else "x", by="c", wait=60.0)
    free(made, "x1")
    assert assigned(made) == ({} if waits == "an earlier one" else {"x1": "here"})


def test_what_a_group_takes_counts_for_the_quota_of_each_pool() -> None:
    """While it is being taken, and together with what else its client has."""
    made = pools("x1", "y1", "y2", max_per_owner=1)
    made.ask("g", pool="x", want=(X, Y), wait=60.0)
    made.ask("more", pool="y", wait=60.0)
    assert (claimed(made), assigned(made)) == ({"x1", "y1"}, {})
    made = pools("x1", "x2", "x3", "x4", clients=(ClientConfig("c", "0" * 64, max_leases=3),))
    made.ask("one", pool="x", by="c", wait=60.0)
    made.ask("g", pool="x", by="c", want=(Want("x", count=2),), wait=60.0)
    made.ask("more", pool="x", by="c", wait=60.0)
    assert (assigned(made), claimed(made)) == ({"x1": "one"}, {"x2", "x3"})


def test_who_can_never_be_served_holds_nobody_up() -> None:
    """Each by what it wants: a group for which too many are broken, and one for which there are enough."""
    made = pools("x1", "x2", "y1", used="x1 x2 y1")
    made["x2"].show(made["x2"].snapshot.record, Condition.QUARANTINED)
    made.ask("hopeless", pool="x", want=(Want("x", count=2),), wait=60.0)
    made.ask("g", pool="x", want=(X, Y), wait=60.0)
    free(made, "x1")
    free(made, "y1")
    assert claimed(made) == {"x1", "y1"}


def test_a_quota_of_an_owner_is_of_its_client_and_pool() -> None:
    """It says so, and what fills it."""
    quota = Quota("max_per_owner", 1, "c", "ann", "x")
    assert str(quota) == "max_per_owner 1 of owner ann in pool x"
    made = pools("x1", "x2", "y1", used="x1 y1", max_per_owner=1)
    made["x1"].used("mine", owner="ann", by="c", pool="x")
    made["y1"].used("other", owner="ann", by="c", pool="y")
    made.ask("two", pool="x", owner="ann", by="c", wait=60.0)
    (shown,) = made.supervisor.line()
    assert shown.why == f"a quota is full: {quota}"
    made.ask("three", pool="x", owner="ann", by="d", wait=60.0)
    assert assigned(made) == {"x2": "three"}


def test_who_waits_is_shown_with_all_that_it_wants() -> None:
    """Of which pool, how many, and by which labels; and since when, in UTC."""
    made = pools("x1", "y1", used="x1 y1")
    made.ask("g", pool="x", want=(X, Want("y", parse("!gpu"))), wait=60.0)
    (shown,) = made.supervisor.line()
    assert shown.want == (WantedView("x", 1, None), WantedView("y", 1, "!gpu"))
    assert shown.since.tzinfo is UTC
    assert abs(shown.since - datetime.fromtimestamp(made.clock.epoch(), UTC)).total_seconds() < 2
    assert shown.since >= START


def test_a_group_that_is_being_taken_counts_for_its_owners_share() -> None:
    """As its leases will; the requests of other clients do not, though they name the same owner."""
    made = pools("x1", "x2", "x3", used="x3", order=LineOrder(fair_step=300.0))
    made.ask("g", pool="x", want=(Want("x", count=2),), owner="ann", by="c", wait=60.0)
    made.ask("other", pool="x", owner="ann", by="d", wait=60.0)
    made.ask("more", pool="x", owner="ann", by="c", wait=60.0)
    made.wait(1.0)
    made.ask("modest", pool="x", owner="bob", by="c", wait=60.0)
    assert [one.request_id for one in made.supervisor.line()] == ["other", "modest", "more"]
