"""Groups of leases: all or nothing, by claims, one write of the lead, and reads of the lead by whoever meets them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ppa_assigner import automaton
from ppa_assigner.automaton import observe
from ppa_assigner.automaton.events import (
    AskLead,
    CheckLead,
    Committed,
    Denied,
    GiveUp,
    LeadGone,
    LeadRead,
    LeadShown,
    LeaseShown,
    MemberShown,
    RecordShown,
    Refusal,
    Release,
    Supersede,
    Touch,
)
from ppa_assigner.automaton.group import says
from ppa_assigner.automaton.group_commands import EndGroup, ReadLead, RollForward, TellLead, Unclaim
from ppa_assigner.automaton.operation import LeadInquiry
from ppa_assigner.options import PoolOptions
from ppa_assigner.port import AccessDenied, Lane
from ppa_assigner.record import HOST, GroupClaim, Rank, State, encode
from ppa_assigner.views import HoldAction, QuarantineAction
from tests.automaton.lab import assign, changed, confirm, faults, untrusted, why
from tests.automaton.together import Site, Team, wished

OLD, YOUNG = Rank(1_000, "client", "build-1"), Rank(2_000, "client", "build-2")


def lent(site: Site, team: Team, count: int = 2, **fields: Any) -> Any:
    """A group on the first PPAs; its lead and its members."""
    team.lends("g1", site.ppas[:count], OLD, **fields)
    return site.ppas[0], site.ppas[1:count]


# -- taking it --------------------------------------------------------------------------------------------------------


def test_a_group_is_lent_by_one_write_of_its_lead() -> None:
    """Four round trips however many: the lead's claim, those of the members, the commit, the members."""
    site = Site(4, PoolOptions(settle=100.0, max_ttl=7200.0, max_hold=600.0, verify_age=None))
    team = site.daemon()
    lead, *members = site.ppas
    team.lends("g1", site.ppas, OLD, uploader=None, note="for a try", idle=60.0, ttl=3600.0, attempt=2)
    led, *followed = [site.record(ppa) for ppa in site.ppas]
    assert (led.group, led.members, led.lead, led.leases) == ("g1", tuple(members), None, 1)
    assert led.until == led.since + timedelta(hours=1)
    assert {(one.group, one.lead, one.members, one.leases) for one in followed} == {("g1", lead, (), 1)}
    assert {(one.owner, one.request, one.by, one.note, one.attempt) for one in (led, *followed)} == {
        ("job", "build-1", "client", "for a try", 2)
    }
    assert len({one.lease for one in (led, *followed)}) == 4
    assert {one.until for one in followed} == {led.since + timedelta(seconds=7800)}
    assert {one.idle for one in followed} == {None}
    assert all(worker.kinds() == ["Write", "Write"] for worker in team.workers.values())
    lanes = [{ask.lane for ask in team.workers[ppa].asked} for ppa in site.ppas]
    assert lanes == [{Lane.ASSIGN}, *[{Lane.MEMBERS}] * 3]  # which leave at once


def test_a_claim_leaves_the_ppa_free_as_it_was() -> None:
    """Taken, written anew and taken off: since stays, nothing is to be cleaned, and the record says version 1 again."""
    site = Site(1)
    team, (ppa,) = site.daemon(), site.ppas
    before = site.record(ppa)
    for _ in range(2):
        assert team.claims(ppa, "g1", ppa, OLD)
        record = site.record(ppa)
        assert record.claim == GroupClaim("g1", ppa, OLD, record.claim.at if record.claim else record.since)
        assert (record.state, record.since, record.version) == (State.FREE, before.since, 2)
        site.first.move_to(site.first.boot + 60.0)
    assert isinstance(team.unclaim(ppa, "g2"), RecordShown)
    assert site.record(ppa) == record
    team.unclaim(ppa, "g1")
    record = site.record(ppa)
    assert record == replace(before, serial=before.serial + 3, nonce=record.nonce)
    assert record.version == 1
    assert isinstance(team.workers[ppa].order(assign()), LeaseShown)


def test_what_is_claimed_was_looked_into() -> None:
    """As before a lease: what is not empty is cleaned, and not claimed."""
    site = Site(1)
    team, (ppa,) = site.daemon(), site.ppas
    site.first.move_to(site.first.boot + 1000.0)
    site.launchpad.upload(ppa, "stray")
    assert why(team.claim(ppa, "g1", ppa, OLD)) is Refusal.LOST
    assert site.record(ppa).state is State.DIRTY


@pytest.mark.parametrize("stands", ["a claim for another lead", "a PPA that is disabled"])
def test_a_lead_is_committed_only_where_it_may_lead(stands: str) -> None:
    """From its own claim for itself, and while it could be lent."""
    site = Site(2)
    team, (ppa, other) = site.daemon(), site.ppas
    team.claims(ppa, "g1", other if stands == "a claim for another lead" else ppa, YOUNG)
    if stands == "a PPA that is disabled":
        team.workers[ppa].known = replace(team.workers[ppa].known, disabled=True)
    before = site.record(ppa)
    assert why(team.commit("g1", ppa, [other], YOUNG)) is Refusal.LOST
    assert site.record(ppa) == before


@pytest.mark.parametrize("stands", ["nothing", "another's", "a lease"])
def test_a_commit_is_made_from_our_own_claim_alone(stands: str) -> None:
    """Whatever else stands there, the try is lost, and nothing is written."""
    site = Site(2)
    team, (ppa, other) = site.daemon(), site.ppas
    team.claims(ppa, "g1", ppa, YOUNG)
    if stands == "nothing":
        team.unclaim(ppa, "g1")
    elif stands == "another's":
        assert team.claims(ppa, "g2", ppa, OLD)
    else:
        assert isinstance(team.workers[ppa].order(assign(), within=60.0), Denied)
        team.unclaim(ppa, "g1")
        team.workers[ppa].order(assign())
    before = site.record(ppa)
    assert why(team.commit("g1", ppa, [other], YOUNG)) is Refusal.LOST
    assert site.record(ppa) == before


def test_a_commit_that_another_daemon_overtook_is_lost() -> None:
    """It is a compare-and-swap from the claim that this daemon wrote."""
    site = Site(2)
    team, other = site.daemon(), site.daemon("other")
    lead, member = site.ppas
    team.claims(lead, "g1", lead, YOUNG)
    other.look()
    assert other.claims(lead, "g2", lead, OLD)
    assert why(team.commit("g1", lead, [member], YOUNG)) is Refusal.LOST
    assert site.record(lead).group is None


@pytest.mark.parametrize("how", ["lost", "unknown", "late"])
def test_a_commit_without_an_answer_is_settled_first(how: str) -> None:
    """It may have been made: nobody knows by when, so its lead is read again before it is told."""
    site = Site(2)
    team, (lead, member) = site.daemon(), site.ppas
    for ppa in site.ppas:
        team.claims(ppa, "g1", lead, OLD)
    site.launchpad.fault = faults(how, of="write")
    first = team.commit("g1", lead, [member], OLD)
    site.launchpad.land()
    site.pass_time(100.0, team)
    outcomes = team.workers[lead].outcomes()
    state = site.record(lead).state
    assert first in outcomes
    assert team.workers[lead].known.pending is None
    committed = [one for one in outcomes if isinstance(one, Committed)]
    if how == "lost":
        assert (state, [one.sent for one in committed]) == (State.USED, [None])
    else:  # another conditional write came first
        assert (state, committed, Refusal.LOST in map(why, outcomes)) == (State.FREE, [], True)


def test_an_answered_commit_says_when_it_was_sent() -> None:
    """For ten seconds from then on it needs no further read before it is told."""
    site = Site(2)
    team, (lead, member) = site.daemon(), site.ppas
    team.claims(lead, "g1", lead, OLD)
    sent = site.first.boot
    committed = team.commit("g1", lead, [member], OLD)
    assert isinstance(committed, Committed)
    assert (committed.sent, committed.record) == (sent, site.record(lead))
    assert committed.latest == committed.record.since + timedelta(days=10)


def test_a_member_that_is_not_claimed_any_more_is_not_rolled_forward() -> None:
    """Its group cannot be had then, and is ended at its lead, told to nobody."""
    site = Site(2)
    team, (lead, member) = site.daemon(), site.ppas
    for ppa in site.ppas:
        team.claims(ppa, "g1", lead, OLD)
    committed = team.commit("g1", lead, [member], OLD)
    assert isinstance(committed, Committed)
    other = site.daemon("other")
    other.unclaim(member, "g1")
    assert why(team.roll(member, lead, committed)) is Refusal.LOST
    assert why(team.workers[lead].order(EndGroup, group="g2", told=False)) is Refusal.ELSEWHERE
    for _ in range(2):
        assert isinstance(team.workers[lead].order(EndGroup, group="g1", told=False), RecordShown)
    record = site.record(lead)
    assert (record.state, record.told, record.group, record.members) == (State.DIRTY, False, "g1", (member,))


def test_a_member_is_rolled_forward_once() -> None:
    """Asked again, also after its answer was lost, it has the lease that it has, with its right."""
    site = Site(2)
    team = site.daemon()
    lead, (member,) = lent(site, team, uploader="~ann")
    record = site.record(member)
    shown = team.workers[lead].order(ReadLead)
    assert isinstance(shown, LeadShown)
    assert team.roll(member, lead, shown) == LeaseShown(record)
    assert team.workers[member].kinds()[-1] == "Grant"


@pytest.mark.parametrize(("fresh", "refused"), [(True, False), (True, True), (False, True)])
def test_a_lead_is_told_once_its_uploader_has_the_right(fresh: bool, refused: bool) -> None:
    """On a read of its own; who cannot have it ends the group, if nobody was told of it yet."""
    site = Site(2)
    team = site.daemon()
    lead, _ = lent(site, team, uploader="~ann")
    worker = team.workers[lead]
    worker.forget_the_past()
    site.launchpad.fault = faults("refused", of="grant") if refused else faults()
    outcome = worker.order(TellLead, fresh=fresh)
    assert worker.kinds()[:2] == ["Read", "Grant"]
    record = site.record(lead)
    if refused:
        assert why(outcome) is Refusal.INVALID
        assert (record.state, record.told) == ((State.DIRTY, False) if fresh else (State.USED, True))
    else:
        assert isinstance(outcome, LeadShown)
        assert (outcome.record, site.launchpad.archives[lead].uploaders) == (record, ["~ann"])


def test_a_commit_with_an_uploader_does_not_say_when_it_was_sent() -> None:
    """Its lead is to be read again in any case, for the right."""
    site = Site(2)
    team, (lead, member) = site.daemon(), site.ppas
    team.claims(lead, "g1", lead, OLD)
    committed = team.commit("g1", lead, [member], OLD, uploader="~ann")
    assert isinstance(committed, Committed)
    assert committed.sent is None
    assert site.launchpad.archives[lead].uploaders == []


# -- who gives way -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["a group", "a lease"])
def test_an_older_request_writes_over_the_claim_of_a_lead(by: str) -> None:
    """At once, by compare-and-swap; a younger one, or one of the same rank, does not."""
    site = Site(1)
    team, other, (ppa,) = site.daemon(), site.daemon("other"), site.ppas
    middle = Rank(1_500, "client", "build-3")
    team.claims(ppa, "g1", ppa, middle)
    other.look()
    for rank in (YOUNG, middle):
        given = other.claim(ppa, "g2", ppa, rank) if by == "a group" else order(other, rank)
        assert why(given) is Refusal.CLAIMED
    given = other.claim(ppa, "g3", ppa, OLD) if by == "a group" else order(other, OLD)
    assert isinstance(given, RecordShown | LeaseShown)
    claim = site.record(ppa).claim
    assert (claim and claim.group) == ("g3" if by == "a group" else None)


def test_an_older_request_never_writes_over_a_commit() -> None:
    """Neither over the lead nor over a member: what is lent is nobody's to take."""
    site = Site(2)
    team, other = site.daemon(), site.daemon("other")
    lead, (member,) = lent(site, team)
    other.look()
    before = [site.record(ppa) for ppa in (lead, member)]
    for ppa in (lead, member):
        assert why(other.claim(ppa, "g2", ppa, Rank(1, "client", "build-0"))) is Refusal.LOST
    assert [site.record(ppa) for ppa in (lead, member)] == before


def order(team: Team, rank: Rank | None) -> Any:
    """A single lease of the first PPA, at that place."""
    command = assign(request="build-9", lease="lease-9")
    worker = next(iter(team.workers.values()))
    return worker.order(lambda token, deadline: replace(command(token, deadline), rank=rank))


def test_an_assign_without_a_rank_gives_way_to_every_claim() -> None:
    """It may be younger than any."""
    site = Site(1)
    team, (ppa,) = site.daemon(), site.ppas
    team.claims(ppa, "g1", ppa, YOUNG)
    assert why(order(team, None)) is Refusal.CLAIMED


@pytest.mark.parametrize("lead_is", ["claimed", "free", "claimed by another", "gone", "denied", "down"])
def test_the_claim_of_a_member_binds_others_while_its_lead_stands_behind_it(lead_is: str) -> None:
    """Also an older request, which has to break the lead's first; a lead that cannot be read decides nothing."""
    site = Site(2)
    team, other, (lead, member) = site.daemon(), site.daemon("other"), site.ppas
    team.claims(lead, "g1", lead, YOUNG)
    team.claims(member, "g1", lead, YOUNG)
    if lead_is in ("free", "claimed by another"):
        team.unclaim(lead, "g1")
    if lead_is == "claimed by another":
        team.claims(lead, "g2", lead, YOUNG)
    if lead_is == "gone":
        site.launchpad.delete_ppa(lead, published=False)
        site.pass_time(90.0, other)
    if lead_is == "denied":
        site.launchpad.archives[lead].readable = False
    other.look()
    worker, given = other.workers[member], wished(OLD)
    site.launchpad.fault = faults("down", of="read") if lead_is == "down" else faults()
    first = worker.order(assign(request="build-1", lease="lease-9"))
    assert why(first) is Refusal.UNTOLD  # it waits for the lead
    other.read_leads()
    first = worker.outcomes()[-1]
    binds = lead_is in ("claimed", "denied", "down")
    assert (why(first) is Refusal.CLAIMED) == binds, (first, given)
    assert isinstance(first, LeaseShown) == (not binds)


# -- whoever meets it --------------------------------------------------------------------------------------------------


def left(site: Site, *, committed: bool) -> tuple[Any, Any]:
    """A daemon was killed with a lead and a member claimed, or the lead committed."""
    team, (lead, member) = site.daemon(), site.ppas[:2]
    team.claims(lead, "g1", lead, OLD)
    team.claims(member, "g1", lead, OLD)
    if committed:
        assert isinstance(team.commit("g1", lead, [member], OLD, ttl=3600.0), Committed)
    return lead, member


def test_a_member_that_somebody_else_has_is_not_told_as_one() -> None:
    """Its claim was broken, and it was lent to that one."""
    site = Site(2)
    team, (lead, member) = site.daemon(), site.ppas
    for ppa in site.ppas:
        team.claims(ppa, "g1", lead, OLD)
    committed = team.commit("g1", lead, [member], OLD)
    assert isinstance(committed, Committed)
    assert isinstance(team.unclaim(member, "g1"), RecordShown)
    assert isinstance(team.workers[member].order(assign(request="build-9")), LeaseShown)
    assert why(team.roll(member, lead, committed)) is Refusal.LOST


def test_nobody_knows_yet_that_a_member_was_lent_before() -> None:
    """A right that is refused for it ends no lease: that is the lead's."""
    site = Site(2)
    team, (lead, member) = site.daemon(), site.ppas
    for ppa in site.ppas:
        team.claims(ppa, "g1", lead, OLD)
    committed = team.commit("g1", lead, [member], OLD)
    assert isinstance(committed, Committed)
    assert team.roll(member, lead, committed) == LeaseShown(site.record(member), fresh=False)


def test_the_times_of_a_member_are_written_by_the_clock_that_is_believed() -> None:
    """As those of any lease are: a reader must know that a host's clock wrote them."""
    site = Site(2)
    lead, member = left(site, committed=True)
    team = site.daemon()
    worker = team.workers[member]
    shown = team.workers[lead].order(ReadLead)
    assert isinstance(shown, LeadShown)
    roll, right = RollForward(token=1, deadline=1e9, lead=lead, shown=shown), worker.clock.now()
    wrong = replace(untrusted(right), host=right.date + timedelta(hours=1), agreeing_since=None)
    for now, clock in ((right, None), (wrong, HOST)):
        known, _ = automaton.step(worker.known, roll, now)
        assert known.pending is not None
        assert (known.pending.record.since, known.pending.record.clock) == (now.stamp, clock)


@pytest.mark.parametrize("trouble", ["nothing", "it was rolled back", "it is not shown", "a write is under way"])
def test_a_lead_is_read_only_for_what_is_certain(trouble: str) -> None:
    """What is asked for this PPA's record, and what is made of the answer, needs that record to stand."""
    site = Site(2)
    left(site, committed=True)
    worker = site.daemon().workers[site.ppas[1]]
    nothing, sure = LeadRead(site.record(site.ppas[1]).nonce, LeadGone()), worker.known
    if trouble == "it was rolled back":
        worker.known = replace(worker.known, suspect=1)
    elif trouble == "it is not shown":
        worker.known = observe.with_denial(worker.known, AccessDenied("no", site.launchpad.moment(0.0)))
    elif trouble == "a write is under way":
        site.launchpad.fault = faults("unknown", "down")
        worker.order(Unclaim, group="g1")
        assert worker.known.pending is not None
    given = worker.known
    worker.give(CheckLead())
    assert bool(worker.leads) == (trouble == "nothing")
    asked = replace(given, inquiry=LeadInquiry(nothing.nonce, 1e9))
    known, effects = automaton.step(asked, nothing, worker.clock.now())
    assert (known.void_claim == nothing.nonce) == (trouble == "nothing")
    assert effects == []
    assert known.inquiry is None
    assert sure.shown


def test_nobody_has_a_right_given_for_a_group_that_is_over() -> None:
    """What is read is told, as it is."""
    site = Site(2)
    team = site.daemon()
    lead, _ = lent(site, team, uploader="~ann")
    worker = team.workers[lead]
    worker.order(EndGroup, group="g1", told=False)
    worker.forget_the_past()
    shown = worker.order(TellLead, fresh=False)
    assert isinstance(shown, LeadShown)
    assert (shown.record.state, shown.record.members != ()) == (State.DIRTY, True)
    assert worker.kinds() == ["Read"]


def test_a_lead_asks_nobody_about_itself() -> None:
    """Its own claim decides."""
    site = Site(2)
    lead, _ = left(site, committed=False)
    worker = site.daemon().workers[lead]
    worker.give(CheckLead())
    assert worker.leads == []


@pytest.mark.parametrize("again", ["host", "other"])
def test_whoever_meets_a_member_of_a_committed_group_rolls_it_forward(again: str) -> None:
    """From the lead's record alone, within seconds, after a restart or at another daemon."""
    site = Site(2)
    lead, member = left(site, committed=True)
    team = site.daemon(again)
    site.pass_time(30.0, team)
    record, led = site.record(member), site.record(lead)
    assert (record.state, record.group, record.lead, record.request) == (State.USED, "g1", lead, led.request)
    assert record.until == led.since + timedelta(days=10)
    shown = team.workers[lead].order(ReadLead)
    assert isinstance(shown, LeadShown)
    assert team.roll(member, lead, shown) == LeaseShown(record)


def test_claims_that_nobody_wants_any_more_are_taken_off() -> None:
    """The lead's two minutes after it was written last, by the reader's clock, and then the member's."""
    site = Site(2)
    lead, member = left(site, committed=False)
    team = site.daemon()
    site.pass_time(110.0, team)
    assert [site.record(ppa).claim is not None for ppa in (lead, member)] == [True, True]
    site.pass_time(90.0, team)
    assert [site.record(ppa).claim for ppa in (lead, member)] == [None, None]
    assert [site.record(ppa).state for ppa in (lead, member)] == [State.FREE, State.FREE]


def test_a_claim_that_is_written_anew_is_still_wanted() -> None:
    """Whatever its date says."""
    site = Site(2)
    team, other, (lead, member) = site.daemon(), site.daemon("other"), site.ppas
    for _ in range(6):
        assert team.claims(lead, "g1", lead, OLD)
        assert team.claims(member, "g1", lead, OLD)
        site.pass_time(60.0, other)
    assert [site.record(ppa).claim is not None for ppa in (lead, member)] == [True, True]


def test_a_claim_whose_lead_cannot_be_read_is_taken_off_after_an_hour() -> None:
    """So that all ends at last; while time is believed."""
    site = Site(2)
    lead, member = left(site, committed=False)
    site.launchpad.archives[lead].readable = False
    team = site.daemon()
    site.pass_time(3300.0, team)
    assert site.record(member).claim is not None
    site.pass_time(400.0, team)
    assert site.record(member).claim is None


def test_a_read_of_the_lead_counts_for_the_record_that_stood_when_it_was_asked_for() -> None:
    """One that began before the member's record was read may show less than is so."""
    site = Site(2)
    team, (lead, member) = site.daemon(), site.ppas
    worker = team.workers[member]
    nothing = LeadShown(site.record(lead), site.record(lead).since)
    left(site, committed=True)
    worker.look()
    worker.give(LeadRead("any", nothing))
    worker.give(CheckLead())
    asked = list(worker.leads)
    assert asked == [AskLead(lead, site.record(member).nonce)]
    worker.give(LeadRead("any", nothing))
    worker.give(CheckLead())
    assert worker.leads == asked  # it is still under way
    site.launchpad.describe(member, encode(changed(site.record(member))))
    worker.look()
    before = site.record(member)
    worker.give(LeadRead(asked[0].nonce, nothing))
    assert site.record(member) == before


def test_a_lease_does_not_follow_a_read_from_before_its_record() -> None:
    """It was written anew meanwhile: what the lead showed before says nothing of that."""
    site = Site(2)
    team = site.daemon()
    _, (member,) = lent(site, team)
    worker, free = team.workers[member], replace(site.record(site.ppas[0]), state=State.FREE, group=None, members=())
    worker.give(CheckLead())
    site.launchpad.describe(member, encode(changed(site.record(member))))
    worker.look()
    worker.give(LeadRead(worker.leads[0].nonce, LeadShown(free, free.since)))
    assert site.record(member).state is State.USED
    worker.give(CheckLead())
    worker.give(LeadRead(worker.leads[1].nonce, LeadShown(free, free.since)))
    assert site.record(member).state is State.DIRTY


@pytest.mark.parametrize("says_so", ["a record that was read", "a lead that is gone for good", "no answer"])
def test_what_says_that_there_is_nothing(says_so: str) -> None:
    """And what says nothing at all."""
    site = Site(2)
    lead, member = left(site, committed=True)
    team = site.daemon()
    worker = team.workers[member]
    worker.give(CheckLead())
    free = site.record(site.ppas[1])
    outcome: Any = {
        "a record that was read": LeadShown(replace(free, claim=None), free.since),
        "a lead that is gone for good": LeadGone(),
        "no answer": Denied(Refusal.OUTAGE),
    }[says_so]
    worker.give(LeadRead(free.nonce, outcome))
    site.first.move_to(site.first.boot + 1.0)
    worker.tick(limit=site.first.boot + 1.0)
    assert (site.record(member).claim is None) == (says_so != "no answer")
    assert lead != member


# -- living with it ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("told", [True, False])
def test_a_member_follows_its_lead(told: bool) -> None:
    """Once a read says so, and told to nobody if the lead was not; not before, and not when it cannot be read."""
    site = Site(3)
    team = site.daemon()
    lead, members = lent(site, team, 3)
    for ppa in members:
        team.workers[ppa].give(CheckLead())
    team.read_leads()
    assert [site.record(ppa).state for ppa in members] == [State.USED, State.USED]
    team.workers[lead].order(EndGroup, group="g1", told=told)
    site.launchpad.fault = faults("down", of="read")
    for ppa in members:
        team.workers[ppa].give(CheckLead())
    team.read_leads()
    assert sorted(site.record(ppa).state.value for ppa in members) == ["dirty", "used"]
    site.launchpad.fault = faults()
    for ppa in members:
        team.workers[ppa].give(CheckLead())
    team.read_leads()
    for record in map(site.record, members):
        assert (record.state, record.told, record.group, record.lead) == (State.DIRTY, told, "g1", lead)


def test_a_member_ends_at_its_own_end_at_last() -> None:
    """Without its lead, which may be denied for ever; not by silence, which is the lead's."""
    site = Site(2, PoolOptions(settle=100.0, max_ttl=1000.0, max_hold=500.0))
    team = site.daemon()
    lead, (member,) = lent(site, team, idle=60.0, ttl=600.0)
    site.launchpad.archives[lead].readable = False
    site.pass_time(1400.0, team)
    assert site.record(member).state is State.USED
    site.pass_time(120.0, team)
    assert site.record(member).state is State.DIRTY


def test_what_is_asked_of_a_member_is_the_leads_to_decide() -> None:
    """Touch, release and hold change nothing there; the same is asked of the lead, for the lease that it has."""
    site = Site(2)
    team = site.daemon()
    lead, (member,) = lent(site, team)
    record, worker = site.record(member), team.workers[member]
    for outcome in (
        worker.order(Touch, lease=record.lease),
        worker.order(Release, lease=record.lease),
        worker.order(HoldAction(record.lease or "", 60.0)),
    ):
        assert outcome == MemberShown(record)
    assert why(worker.order(Release, lease="another")) is Refusal.ELSEWHERE
    assert why(worker.order(Supersede, lease=record.lease, attempt=0)) is Refusal.ELSEWHERE
    assert why(worker.order(GiveUp, lease=record.lease, nonce=record.nonce)) is Refusal.ELSEWHERE
    assert why(worker.order(confirm())) is Refusal.ELSEWHERE
    assert site.record(member) == record
    assert isinstance(team.workers[lead].order(Touch, lease="lease of g1", ttl=7200.0), LeaseShown)
    assert isinstance(team.workers[lead].order(Release, lease="lease of g1"), RecordShown)
    worker.give(CheckLead())
    team.read_leads()
    dirty = site.record(member)
    assert dirty.state is State.DIRTY
    assert worker.order(Release, lease=record.lease) == RecordShown(dirty)
    assert why(worker.order(Touch, lease=record.lease)) is Refusal.OVER


def test_a_lead_is_told_again_with_its_attempt() -> None:
    """It is found by its request, rewritten, and still names its members."""
    site = Site(2)
    team = site.daemon()
    lead, (member,) = lent(site, team)
    outcome = team.workers[lead].order(confirm(attempt=2))
    assert isinstance(outcome, LeaseShown)
    assert (outcome.record.attempt, outcome.record.members) == (2, (member,))


def test_a_group_is_cleaned_like_any_other_lease() -> None:
    """And is gone from the records once they are free."""
    site = Site(2)
    team = site.daemon()
    lead, (member,) = lent(site, team)
    team.workers[lead].order(Release, lease="lease of g1")
    team.workers[member].give(CheckLead())
    team.read_leads()
    site.pass_time(600.0, team)
    for record in map(site.record, (lead, member)):
        assert (record.state, record.group, record.lead, record.members, record.leases, record.version) == (
            State.FREE, None, None, (), 1, 1,
        )  # fmt: skip


@pytest.mark.parametrize("of", ["the lead", "a member", "a committed member", "a member left behind"])
def test_an_operator_is_told_to_wait_for_a_claim_that_stands(of: str) -> None:
    """A lead's claim ends with it; a member's is resolved first, and what was committed is rolled forward."""
    site = Site(2)
    lead, member = left(site, committed=of == "a committed member")
    team = site.daemon()
    if of == "a member left behind":
        team.unclaim(lead, "g1")
    worker = team.workers[lead if of == "the lead" else member]
    worker.order(QuarantineAction("odd"))
    team.read_leads()
    expected = {"the lead": State.DIRTY, "a member left behind": State.DIRTY, "a committed member": State.USED}
    state = expected.get(of, State.FREE)
    record = site.record(worker.world.ppa)
    assert (record.state, record.quarantined) == (state, None if state is State.FREE else "odd")
    assert (why(worker.outcomes()[-1]) is Refusal.WRONG_STATE) == (of == "a member")


def test_nobody_waits_for_a_lead_for_ever() -> None:
    """Where nobody answers, a command is refused at its deadline, or once the read took too long."""
    site = Site(2)
    lead, member = left(site, committed=False)
    team = site.daemon()
    worker = team.workers[member]
    soon = worker.order(assign(), within=5.0)
    late = worker.order(assign(), within=500.0)
    assert (why(soon), why(late)) == (Refusal.UNTOLD, Refusal.UNTOLD)
    worker.pass_time(6.0)
    assert [why(outcome) for outcome in worker.outcomes()] == [Refusal.OUTAGE]
    worker.pass_time(64.0)
    assert [why(outcome) for outcome in worker.outcomes()] == [Refusal.OUTAGE, Refusal.CLAIMED]
    assert worker.known.waiting == ()
    assert lead != member


def test_a_rolled_back_lead_decides_nothing() -> None:
    """It is denied until it is written back."""
    site = Site(2)
    team = site.daemon()
    lead, (member,) = lent(site, team)
    older = replace(site.record(lead), serial=1, nonce="older", state=State.FREE, group=None, members=())
    site.launchpad.describe(lead, encode(older))
    site.launchpad.fault = faults("unknown", "unknown", "unknown", of="write")
    team.workers[member].give(CheckLead())
    team.read_leads()
    assert team.workers[lead].known.in_doubt
    assert site.record(member).state is State.USED


def test_the_lead_says_lent_only_to_whom_it_names() -> None:
    """Another PPA that claims to be of the group is not."""
    site = Site(3)
    team = site.daemon()
    lead, _ = lent(site, team)
    shown = team.workers[lead].order(ReadLead)
    assert isinstance(shown, LeadShown)
    said = [says(shown, team.workers[ppa].known, "g1").name for ppa in site.ppas]
    assert said == ["NOTHING", "LENT", "NOTHING"]
    assert says(shown, team.workers[site.ppas[1]].known, "g2").name == "NOTHING"
