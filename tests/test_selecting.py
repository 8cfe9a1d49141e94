"""Requests that select by labels: which PPAs they get, what they wait for, and when it is in vain."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ppa_assigner.automaton.events import Assign, CheckBurnt, ListProcessors, ProcessorsShown, Refusal
from ppa_assigner.config import Pool, Settings
from ppa_assigner.options import PoolOptions
from ppa_assigner.packages import SourcePackage
from ppa_assigner.problems import Kind, Problem
from ppa_assigner.record import State
from ppa_assigner.selectors import parse
from ppa_assigner.supervisor.shell import Call

from .fakecrew import Desk, lent, problem, ref
from .memory import START
from .settings import settings

BIG = {"size": "big"}


def labelled(labels: dict[str, str] | None = None, **own: dict[str, str]) -> Settings:
    """One pool with these labels and PPAs, each with labels of its own."""
    all_of_pool = labels or {}
    of_ppas = {ref(name): {**all_of_pool, **each} for name, each in own.items()}
    pool = Pool("default", tuple(map(ref, own)), PoolOptions(settle=0.0), all_of_pool, of_ppas)
    return settings(pools={"default": pool})


def asks(desk: Desk, select: str, request: str = "r", **wish: Any) -> Call:
    """An assign with a selector."""
    return desk.ask(request, select=parse(select), **wish)


@pytest.fixture
def desk() -> Desk:
    """`small` has been free for longer than `big`."""
    made = Desk(given=labelled({"team": "core"}, small={}, big=BIG))
    made["small"].free()
    made["big"].free(5)
    return made


@pytest.mark.parametrize(
    ("select", "name"),
    [("", "small"), ("size=big", "big"), ("size!=big", "small"), ("team=core,size", "big"), ("lp/owner=team", "small")],
)
def test_the_one_that_fits_and_was_free_longest_is_lent(desk: Desk, select: str, name: str) -> None:
    """Also by labels of the pool, and what the name of the PPA tells."""
    call = asks(desk, select)
    assert desk.asked() == name
    desk[name].lend()
    assert lent(call).ppa == ref(name)


def test_what_nothing_can_ever_match_is_refused_at_once(desk: Desk) -> None:
    """However long it would wait, and whatever is free; and the PPA that is named with a selector must match it."""
    told = problem(asks(desk, "size in (huge),team", wait=600.0))
    assert (told.kind, told.facts["request_id"]) == (Kind.NO_MATCH, "r")
    assert told.detail == "no PPA of pool 'default' can ever match size=huge,team"
    told = problem(asks(desk, "size=big", "s", wait=600.0, ppa=ref("small")))
    assert (told.kind, told.detail) == (Kind.NO_MATCH, "~team/ubuntu/small can never match size=big")
    assert desk.asked() is None
    assert not desk.core.requests.by_id


def test_one_that_only_used_ppas_match_waits(desk: Desk) -> None:
    """None-free counts those that fit, and says when the next of these ends; whoever is behind it is served."""
    desk["big"].used("other")
    now = problem(asks(desk, "size=big", "now"))
    assert now.kind is Kind.NONE_FREE
    assert now.facts["counts"]["state"] == {state.value: int(state is State.USED) for state in State}
    assert now.facts["next_until"] is not None
    assert "that matches size=big" in now.detail
    waiting, behind = asks(desk, "size=big", wait=600.0), asks(desk, "", "behind")
    desk["small"].lend()
    assert lent(behind).ppa == ref("small")
    desk["big"].free()
    desk["big"].lend()
    assert lent(waiting).ppa == ref("big")


def test_other_labels_after_a_reload_wake_those_who_wait(desk: Desk) -> None:
    """One is served, another learns that it never can be."""
    desk["big"].used("other")
    assert [view.labels for view in desk.supervisor.pools()] == [{"team": "core"}]
    big, team = asks(desk, "size=big", wait=600.0), asks(desk, "team=core,size=big", "team", wait=600.0)
    desk.supervisor.reload(labelled({}, small=BIG, big=BIG))
    desk["small"].lend()
    assert lent(big).ppa == ref("small")
    assert problem(team).kind is Kind.NO_MATCH
    shown = desk.supervisor.snapshot(ref("small")).labels.values
    assert shown == {"size": "big", "lp/owner": "team", "lp/distribution": "ubuntu"}
    assert [view.labels for view in desk.supervisor.pools()] == [{}]


def test_what_launchpad_has_not_told_is_waited_for(desk: Desk) -> None:
    """It may match, so it is not in vain; once told it is lent, or the request refused."""
    private, public = asks(desk, "lp/private=true", wait=600.0), asks(desk, "lp/private=false", "s", wait=600.0)
    assert desk.asked() is None
    desk["small"].private = False
    desk["small"].show(desk["small"].snapshot.record)
    desk["small"].lend()
    assert lent(public).ppa == ref("small")
    desk["big"].private = False
    desk["big"].show(desk["big"].snapshot.record)
    assert problem(private).kind is Kind.NO_MATCH


def test_under_the_same_request_id_the_selector_is_the_same(desk: Desk) -> None:
    """However it is written."""
    desk["small"].used("x")
    desk["big"].used("y")
    first = asks(desk, "size=big,team", wait=600.0)
    again = asks(desk, " team , size in (big)", wait=600.0)
    with pytest.raises(Problem) as caught:
        asks(desk, "size=big", wait=600.0)
    assert caught.value.kind is Kind.REQUEST_ID_TAKEN
    desk["big"].free()
    desk["big"].lend()
    assert lent(first).ppa == lent(again).ppa == ref("big")


def test_only_ppas_that_fit_are_asked_what_they_had(desk: Desk) -> None:
    """And `all-burnt` is said of these alone."""
    call = asks(desk, "size=big", sources=(SourcePackage("hello", "1"),), wait=600.0)
    desk["big"].deny(Assign, Refusal.BURNT, "hello 1")
    told = problem(call)
    assert (told.kind, list(told.facts["burnt"])) == (Kind.ALL_BURNT, [str(ref("big"))])
    assert not desk["small"].has(CheckBurnt)


def test_a_place_that_is_kept_is_the_selectors(desk: Desk) -> None:
    """Who comes back with another one is behind those who came meanwhile."""
    for name in ("small", "big"):
        desk[name].used(name)
    problem_of_first = asks(desk, "size=big", "first", wait=1.0)
    desk.wait(2.0)
    assert problem(problem_of_first).kind is Kind.NONE_FREE
    second = asks(desk, "size=big", "second", wait=600.0)
    first = asks(desk, "size", "first", attempt=0, wait=600.0)
    desk["big"].free()
    desk["big"].lend()
    assert lent(second).ppa == ref("big")
    assert not first.future.done()


def test_a_lease_goes_on_when_its_ppa_has_other_labels(desk: Desk) -> None:
    """Asked again with the same selector, the same lease is told: it was made for that."""
    call = asks(desk, "size=big", wait=600.0)
    desk["big"].lend()
    assert lent(call).ppa == ref("big")
    desk.supervisor.reload(labelled({}, small=BIG, big={}))
    again = asks(desk, "size=big", attempt=0, wait=600.0)
    record = desk["big"].confirm()
    assert lent(again).record.lease == record.lease
    assert replace(lent(again).record, nonce="") == replace(lent(call).record, nonce="")


# -- what PPAs build for -----------------------------------------------------------------------------------------------


def shown(desk: Desk, *names: str) -> None:
    """Looks have shown these, which are public."""
    for name in names:
        desk[name].private = False
        desk[name].show(desk[name].snapshot.record)


def told(desk: Desk, name: str, *processors: str) -> None:
    """A PPA tells that it builds for these."""
    desk[name].reply(desk[name].take(ListProcessors), ProcessorsShown(processors))


@pytest.fixture
def plain() -> Desk:
    """Two free public PPAs in a pool without labels."""
    made = Desk("a", "b")
    for number, name in enumerate("ab"):
        made[name].free(number)
    shown(made, "a", "b")
    return made


def test_nobody_asks_what_ppas_build_for_unless_somebody_selects_by_it(plain: Desk) -> None:
    """It costs a request for each PPA."""
    asks(plain, "lp/private=false,lp/owner")
    assert plain.asked() == "a"
    assert not any(plain[name].has(ListProcessors) for name in "ab")


def test_a_request_waits_for_what_ppas_build_for(plain: Desk) -> None:
    """Though it would not wait for a PPA: it is no PPA that is not free.  What no PPA builds for is refused."""
    riscv64, sparc = asks(plain, "lp/arch-riscv64"), asks(plain, "lp/arch-sparc", "s", wait=60.0)
    told(plain, "a", "amd64")
    assert not riscv64.future.done()
    told(plain, "b", "amd64", "riscv64")
    plain["b"].lend()
    assert lent(riscv64).ppa == ref("b")
    refused = problem(sparc)
    assert (refused.kind, refused.detail) == (Kind.NO_MATCH, "no PPA of pool 'default' can ever match lp/arch-sparc")
    assert plain.supervisor.snapshot(ref("b")).labels.values["lp/arch-riscv64"] == ""


def test_it_is_read_again_after_each_clean(plain: Desk) -> None:
    """Who had the PPA may have changed it; until it is told nothing is concluded."""
    asks(plain, "lp/arch-amd64", wait=60.0)
    told(plain, "a", "amd64")
    told(plain, "b", "amd64")
    plain["a"].lend()
    plain["b"].free(9)
    assert not plain["b"].has(ListProcessors)  # nobody had it
    plain["a"].free(10)
    assert "lp/arch-amd64" not in plain.supervisor.snapshot(ref("a")).labels.values
    told(plain, "a", "arm64")
    assert lent_to(plain, "lp/arch-arm64") == "a"


def lent_to(desk: Desk, select: str) -> str | None:
    """Which PPA is to be lent to a new request with this selector."""
    asks(desk, select, f"new {select}")
    return desk.asked()


def test_what_cannot_be_read_is_an_outage_and_read_at_the_next_look(plain: Desk) -> None:
    """None-free is said of what Launchpad answered only."""
    now, waiting = asks(plain, "lp/arch-amd64"), asks(plain, "lp/arch-amd64", "w", wait=600.0)
    for name in "ab":
        plain[name].deny(ListProcessors, Refusal.OUTAGE, "503")
    unknown = problem(now)
    assert unknown.kind is Kind.UNAVAILABLE
    assert unknown.detail == "~team/ubuntu/a: what it builds for could not be read: 503"
    plain["a"].show(plain["a"].snapshot.record)
    assert not plain["a"].has(ListProcessors)
    plain["a"].seen = START + timedelta(minutes=1)
    plain["a"].show(plain["a"].snapshot.record)
    told(plain, "a", "amd64")
    plain["a"].lend()
    assert lent(waiting).ppa == ref("a")


def test_only_ppas_that_are_lent_and_were_shown_are_read(plain: Desk) -> None:
    """Once each, and in the time of a call."""
    plain["b"].used("other")
    plain.supervisor.reload(settings(ref("a"), ref("c")))
    plain["c"].free()
    plain.supervisor.find_out(parse("lp/arch-amd64"))
    assert [name for name in "abc" if plain[name].has(ListProcessors)] == ["a"]
    command = plain["a"].take(ListProcessors)
    assert command.deadline == plain.now + plain.core.total
    plain["a"].reply(command, ProcessorsShown(("amd64",)))
    shown(plain, "a", "c")
    assert [name for name in "abc" if plain[name].has(ListProcessors)] == ["c"]


def test_few_ppas_are_read_at_a_time() -> None:
    """Their workers do nothing else meanwhile; the free ones come first."""
    names = [f"p{number}" for number in range(10)]
    desk = Desk(*names)
    for name in names[:5]:
        desk[name].used(name)
    for name in names[5:]:
        desk[name].free()
    shown(desk, *names)
    desk.supervisor.find_out(parse("lp/arch-amd64"))
    read: list[str] = []
    while reading := [name for name in names if desk[name].has(ListProcessors)]:
        assert len(reading) <= 4
        read.append(reading[-1])
        told(desk, reading[-1], "amd64")
    assert sorted(read) == names
    assert set(read[:2]) <= set(names[5:])
    desk.supervisor.find_out(parse("lp/arch-amd64"))
    assert not any(desk[name].has(ListProcessors) for name in names)


def test_where_ppas_have_labels_it_is_read_from_the_start() -> None:
    """Whoever gives labels selects by them, and lists show what there is to select by."""
    desk = Desk(given=labelled({}, a=BIG, b={}))
    for name in "ab":
        desk[name].free()
    shown(desk, "a", "b")
    told(desk, "a", "amd64")
    told(desk, "b")
    assert desk.supervisor.snapshot(ref("a")).labels.untold == ()
