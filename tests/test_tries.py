"""A try to take what others claim: whatever becomes of it, what it was kept for is lent again."""

from __future__ import annotations

import pytest

from ppa_assigner.automaton.events import RecordShown, Refusal
from ppa_assigner.automaton.group_commands import ClaimPpa, Unclaim
from ppa_assigner.backoff import AVOID_S
from ppa_assigner.record import GroupClaim, Rank, State

from .fakecrew import Desk, ref
from .memory import START
from .test_groups_on_daemons import several

YOUNG = Rank(10**15, "", "younger")


def claimed(*names: str, lead: str) -> Desk:
    """All of these are claimed for a group that a younger request wants, and that this one leads."""
    made = Desk(*names)
    claim = GroupClaim("young", ref(lead), YOUNG, START)
    for name in names:
        made[name].show(made[name].record(State.FREE, claim=claim))
    return made


@pytest.mark.parametrize("why", [Refusal.LOST, Refusal.CLAIMED])
def test_a_lead_that_was_to_be_broken_is_lent_again(why: Refusal) -> None:
    """Its claim is broken first, for a member that somebody asks for by its name: that failed, and it is free again."""
    made = claimed("lead", "member", lead="lead")
    made.ask("older", wait=600.0, ppa=ref("member"))
    made["lead"].deny(ClaimPpa, why)
    made["lead"].free()
    made.ask("other", wait=600.0)
    assert made["lead"].lend().request == "other"


def test_a_lead_that_cannot_be_reached_is_let_alone_for_a_while() -> None:
    """Else it would be asked again and again, as soon as it has answered."""
    made = claimed("lead", "member", lead="lead")
    made.ask("older", wait=600.0, ppa=ref("member"))
    made["lead"].deny(ClaimPpa, Refusal.OUTAGE)
    made["lead"].deny(Unclaim, Refusal.OUTAGE)
    made.wait(AVOID_S - 1.0)
    assert not made["lead"].has(ClaimPpa)
    made.wait(1.0)
    assert made["lead"].has(ClaimPpa)


def test_what_was_not_come_to_is_lent_again() -> None:
    """The first of several claims is not had: those that were to follow are free, and bound by nothing."""
    made = claimed("a", "b", "c", lead="a")
    call = made.ask("older", wait=600.0, **several(3))
    (first,) = [name for name in "abc" if made[name].has(ClaimPpa)]
    made[first].deny(ClaimPpa, Refusal.LOST)
    made.supervisor.hang_up(call)
    for name in "abc":
        made[name].free()
    served = []
    for number in range(3):
        made.ask(f"r{number}", wait=600.0)
        lends = made.asked()
        assert lends is not None
        served.append(lends)
        made[lends].lend()
    assert sorted(served) == ["a", "b", "c"]


def test_a_broken_claim_is_taken_off_before_its_ppa_is_lent() -> None:
    """It stood only to let the older one through, who has its PPA then."""
    made = claimed("lead", "member", lead="lead")
    made.ask("older", wait=600.0, ppa=ref("member"))
    command = made["lead"].take(ClaimPpa)
    mine = made["lead"].record(State.FREE, claim=GroupClaim(command.group, ref("lead"), command.rank, START))
    made["lead"].show(mine)
    made["lead"].reply(command, RecordShown(mine))
    made["member"].lend()
    made["lead"].free()
    made.ask("other", wait=600.0)
    assert made.asked() is None
    made["lead"].reply(made["lead"].take(Unclaim), RecordShown(mine))
    assert made["lead"].lend().request == "other"
