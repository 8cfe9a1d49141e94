"""A pool that grows by itself: on real daemons, with one Launchpad in memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from ppa_assigner.access import EVERYBODY
from ppa_assigner.options import AsNew, Grow, PoolOptions, Wear
from ppa_assigner.packages import SourcePackage
from ppa_assigner.problems import Kind, Problem
from ppa_assigner.record import State
from ppa_assigner.reference import Reference
from ppa_assigner.supervisor import Supervisor
from ppa_assigner.views import AssignRequest, LeaseView, Want

from .fleet import OPTIONS, Fleet
from .waiting import until

NAMES = tuple(Reference("team", "ubuntu", f"g{number}") for number in range(1, 7))


def growing(**grow: Any) -> PoolOptions:
    """A pool that has no list of PPAs."""
    options = {name: grow.pop(name) for name in list(grow) if name not in ("keep_free", "max", "per_hour")}
    return replace(OPTIONS, grow=Grow(NAMES, **{"keep_free": 1, "max": 3, **grow}), **options)


@pytest.fixture
def fleet() -> Iterator[Fleet]:
    """No PPA at all."""
    fleet = Fleet()
    yield fleet
    fleet.close()


def made(fleet: Fleet) -> list[str]:
    """The names of all PPAs that are there under their names."""
    return sorted(ppa.name for ppa, archive in fleet.launchpad.archives.items() if archive.status == "Active")


def created(fleet: Fleet) -> list[str]:
    """The names for which a creation was sent, in order."""
    return [request.ppa.name for request in fleet.launchpad.log if request.what == "create"]


def ask(supervisor: Supervisor, request: str, wait: float = 20.0, **fields: Any) -> LeaseView:
    """A lease, or the Problem."""
    wish = AssignRequest(owner="job", pool="default", request_id=request, by=None, wait=wait, **fields)
    return supervisor.assign(wish).future.result(wait + 10.0)


def test_a_pool_has_one_free_and_no_more_than_it_may(fleet: Fleet) -> None:
    """The first names of the range, one after the other; those that are lent count."""
    supervisor = fleet.daemon(options=growing())
    fleet.all_free(supervisor)
    leases = [ask(supervisor, f"r{number}").ppa.name for number in range(3)]
    assert leases == ["g1", "g2", "g3"]
    with pytest.raises(Problem) as none:
        ask(supervisor, "r4", 0.5)
    assert none.value.kind is Kind.NONE_FREE
    assert made(fleet) == created(fleet) == ["g1", "g2", "g3"]


def test_a_restarted_daemon_serves_what_is_there(fleet: Fleet) -> None:
    """And finds a lease on a PPA that it never saw, before it says that it is unknown."""
    first = fleet.daemon(options=growing())
    lease = ask(first, "r1")
    fleet.kill(first)
    second = fleet.daemon(options=growing())
    assert ask(second, "r1", attempt=1).ppa == lease.ppa
    until(lambda: len(created(fleet)) == 2, "one more is made", 10.0)
    assert created(fleet) == ["g1", "g2"]


def test_a_lease_that_another_daemon_made_meanwhile_is_found(fleet: Fleet) -> None:
    """On a PPA that came to be after this daemon's last look."""
    idle = fleet.daemon(options=growing(keep_free=0), every=600.0)
    until(lambda: idle.unready() is None, "the first look", 10.0)
    busy = fleet.daemon(options=growing())
    lease = ask(busy, "r1")
    assert idle.lease(lease.record.lease or "").result(10.0).ppa == lease.ppa


@pytest.mark.parametrize("how", ["late", "lost", "unknown"])
def test_a_creation_without_an_answer_is_followed_by_a_look(fleet: Fleet, how: str) -> None:
    """Never more than the most, and no name is left out or used twice."""
    script = iter([how])
    fleet.launchpad.fault = lambda request: next(script, None) if request.what == "create" else None
    supervisor = fleet.daemon(options=growing(max=1))
    until(lambda: len(created(fleet)) >= 1, "a creation", 10.0)
    fleet.launchpad.land()
    fleet.all_free(supervisor)
    until(lambda: State.FREE in fleet.states(supervisor), "one is free", 10.0)
    assert made(fleet) == ["g1"]


def test_a_name_that_was_used_is_passed_by(fleet: Fleet) -> None:
    """Deleted, or somebody's: an upload that was meant for the deleted one would land in the new one."""
    fleet.launchpad.add("~team/ubuntu/g1-deletedppa")
    fleet.launchpad.archives[Reference("team", "ubuntu", "g1-deletedppa")].status = "Deleted"
    (theirs,) = fleet.launchpad.add("~team/ubuntu/g2")
    fleet.launchpad.upload(theirs, "hello")
    supervisor = fleet.daemon(options=growing())
    until(lambda: "g3" in made(fleet), "the third name is made", 10.0)
    until(lambda: State.FREE in fleet.states(supervisor), "it is free", 10.0)
    assert created(fleet) == ["g3"]
    assert fleet.launchpad.archives[theirs].description is None


def test_no_more_are_made_within_an_hour_than_that(fleet: Fleet) -> None:
    """However many are wanted."""
    supervisor = fleet.daemon(options=growing(keep_free=3, per_hour=2))
    until(lambda: fleet.states(supervisor).count(State.FREE) == 2, "two are free", 10.0)
    leases = [ask(supervisor, f"r{number}").ppa.name for number in range(2)]
    assert leases == ["g1", "g2"]
    with pytest.raises(Problem):
        ask(supervisor, "r3", 1.0)
    assert created(fleet) == ["g1", "g2"]


def test_two_daemons_make_no_more_than_the_most(fleet: Fleet) -> None:
    """Both see that one is wanted; Launchpad makes each name once."""
    both = [fleet.daemon(options=growing(keep_free=2, max=2)) for _ in range(2)]
    for supervisor in both:
        until(lambda one=supervisor: fleet.states(one).count(State.FREE) == 2, "two are free", 20.0)  # type: ignore[misc]
    assert made(fleet) == ["g1", "g2"]


def test_a_request_for_which_all_are_burnt_gets_a_new_one(fleet: Fleet) -> None:
    """Though one is free; only when nothing may be created it is told that all are burnt."""
    supervisor = fleet.daemon(options=growing(max=2))
    fleet.all_free(supervisor)
    fleet.launchpad.upload(NAMES[0], "hello", version="1").active = False
    source = (SourcePackage("hello", "1"),)
    assert ask(supervisor, "r1", sources=source).ppa == NAMES[1]
    fleet.launchpad.upload(NAMES[1], "hello", version="1").active = False
    with pytest.raises(Problem) as burnt:
        ask(supervisor, "r2", sources=source)
    assert burnt.value.kind is Kind.ALL_BURNT


def test_a_burnt_one_makes_room_where_no_more_may_be_made(fleet: Fleet) -> None:
    """The one with the most leases that is not lent is discarded, and another made."""
    supervisor = fleet.daemon(options=growing(max=1, as_new=AsNew(when=frozenset({Wear.BURNT}))))
    fleet.all_free(supervisor)
    fleet.launchpad.upload(NAMES[0], "hello", version="1").active = False
    assert ask(supervisor, "r1", sources=(SourcePackage("hello", "1"),)).ppa == NAMES[1]
    record = fleet.launchpad.record(NAMES[0])
    assert record is not None
    assert record.state is State.DISCARDED


def test_a_group_gets_as_many_as_may_be_created(fleet: Fleet) -> None:
    """However few are to be free; and more than that are refused at once, with numbers."""
    supervisor = fleet.daemon(options=growing(max=4))
    fleet.all_free(supervisor)
    with pytest.raises(Problem) as too_many:
        ask(supervisor, "r5", want=(Want("default", count=5),))
    assert (too_many.value.kind, too_many.value.facts["has"]) == (Kind.TOO_MANY_WANTED, 4)
    lent = ask(supervisor, "r4", want=(Want("default", count=4),))
    assert len(lent.members) == 3
    assert made(fleet) == ["g1", "g2", "g3", "g4"]


def test_a_group_gets_a_new_one_in_place_of_one_that_is_burnt(fleet: Fleet) -> None:
    """It is not said that all are, while one may be created."""
    supervisor = fleet.daemon(options=growing(keep_free=2, max=3, as_new=AsNew()))
    fleet.all_free(supervisor)
    until(lambda: fleet.states(supervisor).count(State.FREE) == 2, "two are free", 10.0)
    fleet.launchpad.upload(NAMES[0], "hello").active = False
    lent = ask(supervisor, "r1", want=(Want("default", count=2),), sources=(SourcePackage("hello", "1"),))
    assert {one.ppa for one in (lent, *lent.members)} == {NAMES[1], NAMES[2]}


def test_too_few_that_are_not_burnt_are_told_to_a_group(fleet: Fleet) -> None:
    """It need not wait for what does not come."""
    supervisor = fleet.daemon(options=growing(keep_free=3, max=3))
    until(lambda: fleet.states(supervisor).count(State.FREE) == 3, "three are free", 10.0)
    fleet.launchpad.upload(NAMES[0], "hello").active = False
    with pytest.raises(Problem) as burnt:
        ask(supervisor, "r1", want=(Want("default", count=3),), sources=(SourcePackage("hello", "1"),))
    assert (burnt.value.kind, list(burnt.value.facts["burnt"])) == (Kind.ALL_BURNT, [str(NAMES[0])])
    assert "fewer than 3 are left" in burnt.value.detail


def test_a_group_has_what_is_burnt_replaced_and_nothing_else(fleet: Fleet) -> None:
    """Where no more may be made; those that it can use are kept for it, however many leases they had."""
    supervisor = fleet.daemon(options=growing(keep_free=2, max=2, as_new=AsNew(when=frozenset({Wear.BURNT}))))
    until(lambda: fleet.states(supervisor).count(State.FREE) == 2, "two are free", 10.0)
    lease = ask(supervisor, "before", ppa=NAMES[1])
    supervisor.release(lease.record.lease or "", EVERYBODY).result(10.0)
    until(lambda: fleet.states(supervisor).count(State.FREE) == 2, "two are free again", 10.0)
    fleet.launchpad.upload(NAMES[0], "hello").active = False
    lent = ask(supervisor, "r1", want=(Want("default", count=2),), sources=(SourcePackage("hello", "1"),))
    assert {one.ppa for one in (lent, *lent.members)} == {NAMES[1], NAMES[2]}
