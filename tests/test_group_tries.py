"""Tries for several PPAs, step by step: workers do what they are told by hand, and time is moved by hand."""

from __future__ import annotations

from typing import Any

from ppa_assigner.automaton.events import Committed, Confirm, LeaseShown, RecordShown, Refusal
from ppa_assigner.automaton.group_commands import ClaimPpa, Commit, RollForward, Unclaim
from ppa_assigner.backoff import CLAIM_RENEWED_S, GROUP_AGAIN
from ppa_assigner.config import Pool
from ppa_assigner.options import PoolOptions
from ppa_assigner.problems import Kind
from ppa_assigner.record import GroupClaim, State
from ppa_assigner.supervisor.shell import Call
from ppa_assigner.views import Want

from .fakecrew import Desk, FakeWorker, lent, problem, ref
from .memory import START
from .settings import settings

OPTIONS = PoolOptions(settle=60.0)


def claim(worker: FakeWorker) -> ClaimPpa:
    """It carries out the oldest claim."""
    command = worker.take(ClaimPpa)
    record = worker.record(State.FREE, claim=GroupClaim(command.group, command.lead, command.rank, START))
    worker.show(record)
    worker.reply(command, RecordShown(record))
    return command


def commit(worker: FakeWorker, sent: float | None = None) -> Commit:
    """It lends the group, by a write that was sent then."""
    command = worker.take(Commit)
    wish = command.wish
    record = worker.used(
        wish.request_id, owner=wish.owner, lease=command.lease, attempt=wish.attempt, group=command.group,
        members=command.members,
    )  # fmt: skip
    worker.reply(command, Committed(record, sent, record.since))
    return command


def roll(worker: FakeWorker) -> RollForward:
    """It follows its lead."""
    command = worker.take(RollForward)
    lead = command.shown.record
    record = worker.used(
        lead.request or "", owner=lead.owner, lease=f"of {worker.ppa.name}", attempt=lead.attempt, group=lead.group,
        lead=command.lead,
    )  # fmt: skip
    worker.reply(command, LeaseShown(record))
    return command


def wanting(made: Desk, request: str = "r", **fields: Any) -> Call:
    """Two are asked for."""
    return made.ask(request, wait=3000.0, want=(Want("default", count=2),), **fields)


def desk() -> Desk:
    """Two are free."""
    made = Desk("a", "b", given=settings(ref("a"), ref("b"), options=OPTIONS))
    made["a"].free()
    made["b"].free()
    return made


def try_at(made: Desk) -> tuple[FakeWorker, FakeWorker]:
    """Two are asked for, and the lead is to be claimed: its worker, and that of the member."""
    wanting(made)
    (lead,) = [worker for worker in made.workers.values() if worker.has(ClaimPpa)]
    (member,) = [worker for worker in made.workers.values() if worker is not lead]
    return lead, member


# -- claims that are still wanted --------------------------------------------------------------------------------------


def test_a_claim_that_is_still_wanted_is_written_anew_every_minute() -> None:
    """As long as another one is waited for; not one that is under way, nor once the group is lent."""
    made = desk()
    lead, member = try_at(made)
    first = claim(lead)
    assert member.has(ClaimPpa)
    for _ in range(3):
        made.wait(CLAIM_RENEWED_S - 1.0)
        assert not lead.has(ClaimPpa)
        made.wait(1.0)
        anew = claim(lead)
        assert (anew.group, anew.lead, anew.rank) == (first.group, first.lead, first.rank)
        assert len([event for event in member.told if isinstance(event, ClaimPpa)]) == 1
    claim(member)
    assert commit(lead).group == first.group
    roll(member)
    made.wait(3 * CLAIM_RENEWED_S)
    assert not lead.has(ClaimPpa)
    assert not member.has(ClaimPpa)


def test_one_that_is_not_answered_is_not_renewed_twice() -> None:
    """Its worker may be held up."""
    made = desk()
    lead, _ = try_at(made)
    claim(lead)
    made.wait(5 * CLAIM_RENEWED_S)
    assert len([event for event in lead.told if isinstance(event, ClaimPpa)]) == 1


# -- the attempt of a try ----------------------------------------------------------------------------------------------


def test_a_try_goes_on_with_the_attempt_that_was_looked_for() -> None:
    """A higher one that comes meanwhile is written only after a look that began after it; then it is told."""
    made = desk()
    lead, member = try_at(made)
    claim(lead)
    again = wanting(made, attempt=3)
    assert claim(member).wish.attempt == 0
    assert commit(lead, made.now).wish.attempt == 0
    assert roll(member).shown.record.attempt == 0
    assert not again.future.done()
    assert not lead.has(Confirm)
    made.look()
    made.look()
    assert lead.take(Confirm).wish.attempt == 3
    assert not again.future.done()


def test_a_try_carries_the_attempt_that_was_looked_for_last() -> None:
    """In its claims and in its commit: not the one with which the request had come first."""
    made = Desk("a", "b", given=settings(ref("a"), ref("b"), options=OPTIONS))
    made["a"].used("holder")
    made["b"].free()
    wanting(made)
    wanting(made, attempt=2)
    made.look()
    made.look()
    made["a"].free()
    (lead,) = [worker for worker in made.workers.values() if worker.has(ClaimPpa)]
    (member,) = [worker for worker in made.workers.values() if worker is not lead]
    assert claim(lead).wish.attempt == 2
    assert claim(member).wish.attempt == 2
    assert commit(lead, made.now).wish.attempt == 2


# -- the group of a try ------------------------------------------------------------------------------------------------


def test_each_try_is_a_group_of_its_own() -> None:
    """Else a claim of the try before, which another daemon has read or which lands late, would be one of this."""
    made = desk()
    wanting(made)
    groups = set()
    for _ in range(3):
        (lead,) = [worker for worker in made.workers.values() if worker.has(ClaimPpa)]
        (member,) = [worker for worker in made.workers.values() if worker is not lead]
        groups.add(claim(lead).group)
        member.deny(ClaimPpa, Refusal.LOST)
        command = lead.take(Unclaim)
        for worker in (lead, member):
            worker.free()
        lead.reply(command, RecordShown(lead.snapshot.record))
        made.wait(2 * GROUP_AGAIN.cap)
    assert len(groups) == 3
    assert {len(bytes.fromhex(group)) for group in groups} == {16}


# -- pools that a request links ----------------------------------------------------------------------------------------


def two_pools() -> Desk:
    """Each of one PPA, and one more that nobody links with them."""
    pools = {name: Pool(name, (ref(name),), OPTIONS) for name in "abc"}
    return Desk("a", "b", "c", given=settings(pools=pools))


def test_what_is_free_in_one_pool_is_kept_for_who_needs_more_of_another() -> None:
    """Whoever came first is not passed by in either of its pools; a third pool goes on by itself."""
    made = two_pools()
    made["a"].used("holder")
    made["b"].free()
    made["c"].free()
    group = made.ask("g", pool="a", wait=3000.0, want=(Want("a"), Want("b")))
    made.ask("later", pool="b", wait=3000.0)
    assert made.asked() is None
    made.ask("other", pool="c", wait=3000.0)
    assert made.asked() == "c"
    made["c"].lend()
    made["a"].free()
    assert claim(made["a"]).lead == ref("a")
    claim(made["b"])
    commit(made["a"], made.now)
    roll(made["b"])
    assert [one.ppa for one in (lent(group), *lent(group).members)] == [ref("a"), ref("b")]
    made["b"].free()
    assert made["b"].lend().request == "later"


def test_who_came_before_is_served_first_in_the_second_pool() -> None:
    """And once the group is gone, what was kept for it is for the next one, at once."""
    made = two_pools()
    made["a"].used("holder")
    made["b"].used("holder too")
    made.ask("first", pool="b", wait=3000.0)
    group = made.ask("g", pool="a", wait=3000.0, want=(Want("a"), Want("b")))
    made.ask("last", pool="b", wait=3000.0)
    made["b"].free()
    assert made["b"].lend().request == "first"
    made["b"].free()
    assert made.asked() is None
    made.supervisor.hang_up(group)
    made.wait(0.0)
    assert made["b"].lend().request == "last"


def test_none_free_counts_all_pools_of_a_request() -> None:
    """When the next lease ends that it waits for, too, wherever that is."""
    made = two_pools()
    made["a"].free()
    made["b"].used("holder")
    told = problem(made.ask("g", pool="a", want=(Want("a"), Want("b"))))
    assert told.kind is Kind.NONE_FREE
    assert told.facts["counts"]["state"]["used"] == 1
    assert told.facts["next_until"] is not None
