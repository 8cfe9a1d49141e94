"""Several PPAs for one request, all or nothing, by daemons with real workers: nothing in part, nothing twice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from random import Random
from typing import Any

import pytest

from ppa_assigner.access import EVERYBODY
from ppa_assigner.problems import Kind, Problem
from ppa_assigner.record import Record, State
from ppa_assigner.selectors import EVERYTHING, parse
from ppa_assigner.supervisor import Supervisor
from ppa_assigner.views import AssignRequest, HoldAction, LeaseView, ReleaseAction, Snapshot, Want

from .fleet import OPTIONS, Fleet
from .memory import Request
from .test_supervisor_threads import ask, ends
from .waiting import until


@pytest.fixture
def fleet() -> Iterator[Fleet]:
    """Six PPAs."""
    made = Fleet(6)
    yield made
    made.close()


def several(count: int) -> dict[str, Any]:
    """A wish for so many."""
    return {"want": (Want("default", count=count),)}


def whole(fleet: Fleet, lent: LeaseView) -> list[Record]:
    """The records of a group that is told, the lead first: all used, and each says so of the others."""
    lead, *members = (fleet.launchpad.record(one.ppa) for one in (lent, *lent.members))
    assert isinstance(lead, Record), lent
    assert lead.members == tuple(one.ppa for one in lent.members)
    assert lead.group is not None
    for member in members:
        assert isinstance(member, Record), lent
        assert (member.state, member.group, member.lead) == (State.USED, lead.group, lent.ppa)
    return [lead, *[member for member in members if isinstance(member, Record)]]


def ready(fleet: Fleet, **kind: Any) -> Supervisor:
    """A daemon that knows all PPAs as free."""
    supervisor = fleet.daemon(**kind)
    fleet.all_free(supervisor)
    return supervisor


def _logged(fleet: Fleet, count: int) -> bool:
    return len(fleet.launchpad.log) >= count


def claims(supervisor: Supervisor) -> list[Snapshot]:
    """The PPAs that are claimed, as this daemon knows."""
    return [s for s in supervisor.snapshots() if s.record is None or s.record.claim]


def nothing_left(fleet: Fleet, supervisor: Supervisor) -> None:
    """All PPAs are free again, and claimed by nobody."""
    fleet.all_free(supervisor)
    until(lambda: not claims(supervisor), lambda: f"no claim is left: {claims(supervisor)}", 10.0)
    until(lambda: not supervisor.core.tries, "no try is left", 10.0)
    bound = supervisor.core.registry.free_list.bound
    until(lambda: not bound, lambda: f"nothing is kept from others: {bound}", 10.0)
    fleet.serials_grow_by_one()


def test_a_group_is_lent_in_four_steps(fleet: Fleet) -> None:
    """One claim, the other claims, the commit, the members: two writes of each PPA, and no read between."""
    supervisor = ready(fleet)
    before = [len(fleet.launchpad.records(ppa)) for ppa in fleet.ppas]
    lent = ask(supervisor, "r", **several(4)).future.result(10.0)
    assert len(lent.members) == 3
    records = whole(fleet, lent)
    assert {record.request for record in records} == {"r"}
    assert len({record.lease for record in records}) == 4
    writes = [len(fleet.launchpad.records(ppa)) - n for ppa, n in zip(fleet.ppas, before, strict=True)]
    assert sorted(writes) == [0, 0, 2, 2, 2, 2]


@pytest.mark.parametrize("of", [0, 2])
def test_any_lease_of_it_is_the_groups(fleet: Fleet, of: int) -> None:
    """Touched and released by the lead's lease or a member's: all of it."""
    supervisor = ready(fleet)
    lent = ask(supervisor, "r", **several(3)).future.result(10.0)
    record = whole(fleet, lent)[of]
    touched = ends(supervisor.touch(record.lease or "", 1200.0, EVERYBODY))
    assert touched.record.lease == record.lease
    lead = fleet.launchpad.record(lent.ppa)
    assert isinstance(lead, Record)
    assert lead.until == touched.record.until != lent.record.until
    listed = [one for one in supervisor.snapshots() if one.record is not None and one.record.group == lead.group]
    assert {one.record.until for one in listed if one.record is not None} == {lead.until}
    assert len({one.end for one in listed}) == 1
    ends(supervisor.release(record.lease or "", EVERYBODY))
    nothing_left(fleet, supervisor)


def test_asked_again_it_is_told_whole_with_the_higher_attempt(fleet: Fleet) -> None:
    """By the lead; another want under its id is another request's."""
    supervisor = ready(fleet)
    first = ask(supervisor, "r", **several(3)).future.result(10.0)
    again = ask(supervisor, "r", attempt=1, **several(3)).future.result(10.0)
    assert [one.ppa for one in (again, *again.members)] == [one.ppa for one in (first, *first.members)]
    assert (again.record.attempt, again.fresh) == (1, False)
    for other in ({}, several(2)):
        taken = ends(ask(supervisor, "r", attempt=2, **other).future)
        assert isinstance(taken, Problem)
        assert taken.kind is Kind.REQUEST_ID_TAKEN
    assert whole(fleet, again)


def test_it_outlives_its_daemon(fleet: Fleet) -> None:
    """Another daemon finds it by its request, and ends it by a member."""
    killed = ready(fleet)
    first = ask(killed, "r", **several(3)).future.result(10.0)
    fleet.kill(killed)
    supervisor = fleet.daemon()
    again = ask(supervisor, "r", attempt=1, **several(3)).future.result(10.0)
    assert again.record.group == first.record.group
    assert ends(supervisor.withdraw("r", EVERYBODY))
    nothing_left(fleet, supervisor)


def test_another_want_is_another_request_whoever_is_asked(fleet: Fleet) -> None:
    """Another selector too, of as many PPAs of the same pool, and by a daemon that knows nothing but the records."""
    killed = ready(fleet)
    first = ask(killed, "r", **several(3)).future.result(10.0)
    fleet.kill(killed)
    supervisor = fleet.daemon()
    for select, count in (("!big", 3), (None, 2)):
        want = (Want("default", EVERYTHING if select is None else parse(select), count),)
        taken = ends(ask(supervisor, "r", attempt=1, want=want).future)
        assert isinstance(taken, Problem)
        assert taken.kind is Kind.REQUEST_ID_TAKEN
    again = ask(supervisor, "r", attempt=1, **several(3)).future.result(10.0)
    assert again.record.group == first.record.group


def test_who_withdraws_a_group_is_told_of_all_its_ppas(fleet: Fleet) -> None:
    """The lead first."""
    supervisor = ready(fleet)
    lent = ask(supervisor, "r", **several(3)).future.result(10.0)
    told = ends(supervisor.withdraw("r", EVERYBODY))
    assert [one.ppa for one in told] == [one.ppa for one in (lent, *lent.members)]
    assert {one.record.state for one in told} == {State.DIRTY}


def _keeps_members_and_clean(request: Request) -> str | None:
    text = request.text or ""
    return "down" if request.what == "write" and ('"lead"' in text or '"free"' in text) else None


def test_members_are_shown_as_ended_with_their_lead(fleet: Fleet) -> None:
    """Whenever their own records are written: in lists, in numbers, and to whoever asks for one of the leases."""
    supervisor = ready(fleet)
    lent = ask(supervisor, "r", **several(3)).future.result(10.0)
    fleet.launchpad.fault = _keeps_members_and_clean
    member = lent.members[0]
    told = ends(supervisor.release(member.record.lease or "", EVERYBODY))
    assert told.ppa == member.ppa
    record = fleet.launchpad.record(member.ppa)
    assert isinstance(record, Record)
    assert record.state is State.USED
    shown = [supervisor.snapshot(one.ppa) for one in (lent, *lent.members)]
    for one in (told, *shown):
        assert (one.record and one.record.state, one.end) == (State.DIRTY, None)
        assert one.record is None or one.record.until is None
    assert supervisor.pools()[0].states["used"] == 0
    assert ends(supervisor.lease(member.record.lease or "")).record.state is State.DIRTY
    assert not [one for one in supervisor.snapshots() if one.record is not None and one.record.state is State.USED]
    fleet.launchpad.fault = lambda request: None
    nothing_left(fleet, supervisor)


def test_who_hangs_up_leaves_nothing(fleet: Fleet) -> None:
    """At whatever step: what is claimed is given up, what is lent is given back."""
    supervisor = ready(fleet)
    for step in range(12):
        seen = len(fleet.launchpad.log)
        call = ask(supervisor, f"r{step}", **several(3))
        until(partial(_logged, fleet, seen + step), "it is so far", 10.0)
        supervisor.hang_up(call)
        nothing_left(fleet, supervisor)


def test_the_head_of_the_line_is_not_passed(fleet: Fleet) -> None:
    """A group that waits keeps what is free: who came later gets none of it, and the group is served."""
    supervisor = ready(fleet)
    holders = [ask(supervisor, f"h{n}").future.result(10.0) for n in range(5)]
    group = ask(supervisor, "g", wait=20.0, **several(4))
    late = ends(ask(supervisor, "late").future)
    assert isinstance(late, Problem)
    assert late.kind is Kind.NONE_FREE
    for lent in holders[:3]:
        ends(supervisor.release(lent.record.lease or "", EVERYBODY))
    assert len(group.future.result(15.0).members) == 3


@pytest.mark.parametrize(
    ("want", "kind"),
    [
        ((Want("default", count=7),), Kind.TOO_MANY_WANTED),
        ((Want("default", count=2), Want("none")), Kind.UNKNOWN_POOL),
    ],
)
def test_what_can_never_be_had(fleet: Fleet, want: tuple[Want, ...], kind: Kind) -> None:
    """It is told at once."""
    supervisor = ready(fleet)
    try:
        told = ends(ask(supervisor, "r", wait=5.0, want=want).future, 2.0)
    except Problem as problem:
        told = problem
    assert told.kind is kind


@pytest.mark.parametrize("fault", ["lost", "late"])
@pytest.mark.parametrize("number", range(8))
def test_each_answer_may_be_lost(fleet: Fleet, fault: str, number: int) -> None:
    """One write's answer is lost, or the write lands later: it is settled, and the group is told whole or not."""
    supervisor = ready(fleet)
    count = 0

    def once(request: Request) -> str | None:
        nonlocal count
        if request.what != "write":
            return None
        count += 1
        return fault if count == number + 1 else None

    fleet.launchpad.fault = once
    told = ends(ask(supervisor, "r", **several(3)).future)
    fleet.launchpad.land()
    if isinstance(told, Problem):
        told = ends(ask(supervisor, "r", attempt=1, wait=10.0, **several(3)).future, 20.0)
    whole(fleet, told)
    assert ends(supervisor.withdraw("r", EVERYBODY))
    nothing_left(fleet, supervisor)


@pytest.mark.parametrize("seed", range(3))
def test_rivals_at_two_daemons(fleet: Fleet, seed: int) -> None:
    """Groups and single requests at once, at two daemons: each one told is whole, no PPA is lent twice at a time, and
    all are served in the end.
    """
    random, supervisors = Random(seed), [ready(fleet), ready(fleet)]
    calls = [
        (daemon, ask(daemon, f"r{n}", wait=60.0, **(several(size) if size > 1 else {})))
        for n in range(12)
        for daemon, size in ((supervisors[n % 2], random.randint(1, 4)),)
    ]
    held: set[object] = set()
    left = list(calls)
    while left:
        until(lambda: any(call.future.done() for _, call in left), "somebody is served", 40.0)
        daemon, call = next(one for one in left if one[1].future.done())
        left.remove((daemon, call))
        lent = call.future.result(0)
        ppas = {one.ppa for one in (lent, *lent.members)}
        if lent.members:
            whole(fleet, lent)
        assert not ppas & held
        ends(daemon.release(lent.record.lease or "", EVERYBODY))
    for supervisor in supervisors:
        nothing_left(fleet, supervisor)


def test_a_member_that_is_gone_for_good_ends_its_group(fleet: Fleet) -> None:
    """Its lead is cleaned, and so are the others."""
    supervisor = ready(fleet)
    lent = ask(supervisor, "r", **several(3)).future.result(10.0)
    gone, *others = (one.ppa for one in lent.members)
    fleet.launchpad.delete_ppa(gone)

    def free() -> bool:
        kept = [supervisor.snapshot(ppa).record for ppa in (lent.ppa, *others)]
        return all(record is not None and record.state is State.FREE for record in kept)

    until(free, "the rest of the group is free", 60.0)


def test_who_may_upload_gets_the_right_in_each(fleet: Fleet) -> None:
    """In the lead too, before anybody is told."""
    supervisor = fleet.daemon(options=replace(OPTIONS, grant_upload=True))
    fleet.all_free(supervisor)
    lent = ask(supervisor, "r", uploader="~ann", **several(3)).future.result(10.0)
    for one in (lent, *lent.members):
        assert fleet.launchpad.archives[one.ppa].uploaders == ["~ann"]


def _kill_at_commit(fleet: Fleet, supervisor: Supervisor, request: str) -> None:
    """From now on that daemon is killed as it is about to commit the group of this request."""

    def kills(asked: Request) -> str | None:
        text = asked.text or ""
        if asked.what == "write" and '"members":' in text and f'"request":"{request}"' in text:
            fleet.kill(supervisor)
            return "down"
        return None

    fleet.launchpad.fault = kills


@pytest.mark.parametrize("wanted", [1, 6])
def test_an_older_request_breaks_the_claims_of_a_younger_one(fleet: Fleet, wanted: int) -> None:
    """Of a daemon that was killed before its commit: who came first does not wait until its claims are given up."""
    younger, older = ready(fleet), ready(fleet)
    holders = [ask(older, f"h{n}").future.result(10.0) for n in range(6)]
    waits = ask(older, "older", wait=60.0, **(several(wanted) if wanted > 1 else {"ppa": holders[0].ppa}))
    until(lambda: len(older.core.requests.queue.of("default")) == 1, "it stands in the line", 10.0)
    fleet.wire(older).hold()  # it does not see that any is free

    _kill_at_commit(fleet, younger, "younger")
    call = ask(younger, "younger", wait=60.0, **several(6))
    for lent in holders:
        ends(younger.release(lent.record.lease or "", EVERYBODY))
    until(lambda: fleet.wire(younger).cut, "it is killed at its commit", 30.0)
    fleet.wire(older).release()
    lent = waits.future.result(30.0)
    assert len(lent.members) == wanted - 1
    if wanted > 1:
        whole(fleet, lent)
    assert not call.future.done() or isinstance(ends(call.future), Problem)


def test_an_older_request_takes_the_lead_of_a_younger_one_for_a_member(fleet: Fleet) -> None:
    """Each has its lead in another pool: that of the younger is broken first, and then claimed as a member."""
    pools = {"a": fleet.ppas[:1], "b": fleet.ppas[1:2], "others": fleet.ppas[2:]}
    a_first, b_first = (Want("a"), Want("b")), (Want("b"), Want("a"))
    younger, older = ready(fleet, pools=pools), ready(fleet, pools=pools)
    holders = [ask(older, f"h{pool}", pool=pool).future.result(10.0) for pool in "ab"]
    waits = ask(older, "older", wait=60.0, pool="a", want=a_first)
    until(lambda: len(older.core.requests.queue.of("a")) == 1, "it stands in the line", 10.0)
    fleet.wire(older).hold()  # it does not see that any is free
    _kill_at_commit(fleet, younger, "younger")
    ask(younger, "younger", wait=60.0, pool="b", want=b_first)
    for lent in holders:
        ends(younger.release(lent.record.lease or "", EVERYBODY))
    until(lambda: fleet.wire(younger).cut, "it is killed at its commit", 30.0)
    fleet.wire(older).release()
    lent = waits.future.result(30.0)
    whole(fleet, lent)
    assert [one.ppa for one in (lent, *lent.members)] == list(fleet.ppas[:2])


@pytest.mark.parametrize("seed", range(3))
def test_rivals_whose_leads_are_in_different_pools(fleet: Fleet, seed: int) -> None:
    """At two daemons, each group with its lead where the others have members: all are served, and nothing is left."""
    random, pools = Random(seed), {"a": fleet.ppas[:2], "b": fleet.ppas[2:4], "c": fleet.ppas[4:]}
    supervisors = [ready(fleet, pools=pools), ready(fleet, pools=pools)]
    calls = []
    for number in range(12):
        names = random.sample(list(pools), random.choice((2, 3)))
        want = tuple(Want(name, count=random.choice((1, 1, 2))) for name in names)
        daemon = supervisors[number % 2]
        calls.append((daemon, ask(daemon, f"r{number}", wait=60.0, pool=names[0], want=want)))
    while calls:
        until(lambda: any(call.future.done() for _, call in calls), "somebody is served", 40.0)
        daemon, call = next(one for one in calls if one[1].future.done())
        calls.remove((daemon, call))
        lent = call.future.result(0)
        whole(fleet, lent)
        ends(daemon.release(lent.record.lease or "", EVERYBODY))
    for supervisor in supervisors:
        nothing_left(fleet, supervisor)


def test_a_wish_is_a_value() -> None:
    """One without more than one PPA says nothing of several."""
    assert AssignRequest("me", "default", "r").want == ()


def test_the_uploader_has_the_right_in_each_ppa_before_it_is_told(fleet: Fleet) -> None:
    """In the lead by the read before it is told."""
    supervisor = ready(fleet, options=replace(OPTIONS, grant_upload=True))
    lent = ask(supervisor, "r", uploader="~ann", **several(2)).future.result(20)
    whole(fleet, lent)
    assert [fleet.launchpad.archives[one.ppa].uploaders for one in (lent, *lent.members)] == [["~ann"], ["~ann"]]


def test_who_cannot_have_the_right_in_the_lead_is_told_so_and_gets_nothing(fleet: Fleet) -> None:
    """Nobody was told of the group: it ends, and asking again would not help."""
    supervisor = ready(fleet, options=replace(OPTIONS, grant_upload=True))
    refused = iter([None, "refused"])  # the member is given it first
    fleet.launchpad.fault = lambda request: next(refused, None) if request.what == "grant" else None
    told = ask(supervisor, "r", uploader="~ann", **several(2)).future.exception(20)
    assert isinstance(told, Problem)
    assert told.kind is Kind.INVALID
    fleet.launchpad.fault = lambda request: None
    nothing_left(fleet, supervisor)


@pytest.mark.parametrize("of", [0, 1])
def test_a_hold_of_any_lease_is_the_groups(fleet: Fleet, of: int) -> None:
    """Its end is put off at the lead, once; shown at all."""
    supervisor = ready(fleet, options=replace(OPTIONS, max_hold=600.0))
    lent = ask(supervisor, "r", **several(3)).future.result(10.0)
    one = (lent, *lent.members)[of]
    before = lent.record.until
    assert before is not None
    ends(supervisor.operate(one.ppa, HoldAction(one.record.lease or "", 60.0), EVERYBODY))
    lead, *_ = whole(fleet, lent)
    assert (lead.held, lead.until) == (True, before + timedelta(seconds=60))
    shown = [supervisor.snapshot(each.ppa) for each in (lent, *lent.members)]
    assert {each.record.until for each in shown if each.record is not None} == {lead.until}
    again = ends(supervisor.operate(one.ppa, HoldAction(one.record.lease or "", 60.0), EVERYBODY))
    assert isinstance(again, Problem)
    assert again.kind is Kind.WRONG_STATE


@pytest.mark.parametrize("asked", ["the lease", "the PPA", "the request"])
def test_a_release_of_a_member_is_put_off_and_ends_the_group(fleet: Fleet, asked: str) -> None:
    """Launchpad is away: it is carried out when that is back, and nobody has to ask again."""
    supervisor = ready(fleet, total=1.0)
    lent = ask(supervisor, "r", **several(3)).future.result(10.0)
    member = lent.members[-1]
    lease = member.record.lease or ""
    fleet.launchpad.fault = lambda request: "down"
    match asked:
        case "the lease":
            told = ends(supervisor.release(lease, EVERYBODY))
        case "the PPA":
            told = ends(supervisor.operate(member.ppa, ReleaseAction(lease), EVERYBODY))
        case _:
            told = ends(supervisor.withdraw("r", EVERYBODY))
    assert isinstance(told, Problem)
    assert (told.kind, told.facts["pending"]) == (Kind.UNAVAILABLE, True)
    over = ends(supervisor.touch(lease, None, EVERYBODY))
    assert isinstance(over, Problem)
    assert over.kind is Kind.LEASE_OVER
    held = ends(supervisor.operate(member.ppa, HoldAction(lease, 60.0), EVERYBODY))
    assert isinstance(held, Problem)
    assert (held.kind, "was released" in held.detail) == (Kind.WRONG_STATE, True)
    fleet.launchpad.fault = lambda request: None
    nothing_left(fleet, supervisor)


def test_a_group_may_want_one_by_what_it_builds_for(fleet: Fleet) -> None:
    """That is asked of Launchpad for whoever selects by it, in whatever pool of the request."""
    pools = {"a": fleet.ppas[:2], "b": fleet.ppas[2:]}
    fleet.launchpad.archives[fleet.ppas[4]].processors = ["amd64", "riscv64"]
    supervisor = ready(fleet, pools=pools)
    want = (Want("a"), Want("b", parse("lp/arch-riscv64")))
    lent = ask(supervisor, "r", wait=20.0, pool="a", want=want).future.result(20.0)
    assert [one.ppa for one in lent.members] == [fleet.ppas[4]]
