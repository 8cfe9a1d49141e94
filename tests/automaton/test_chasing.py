"""Two requests for the same PPAs, each with its lead where the other has a member: the older one gets through in a few
of its own steps, whenever and however often the younger one takes its.

What their supervisors do is done here step by step: a lead's claim of the younger that is to be a member is written
over by a claim of the older that leads there, and that by the member's claim once the own lead is had.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

import pytest

from ppa_assigner.automaton.events import AskLead, Denied, LeadRead, Outcome, RecordShown, Refusal
from ppa_assigner.automaton.group_commands import ClaimPpa, ReadLead, Unclaim
from ppa_assigner.options import PoolOptions
from ppa_assigner.record import Rank
from ppa_assigner.reference import Reference

from .together import Site, Team, wished

OPTIONS = PoolOptions(settle=100.0, verify_age=None)
ENOUGH = 12  # steps of the older one: a try that is overtaken between two of its steps, and the one that gets through
WALKS = 40


@dataclass
class Claim:
    """One that is to be written, or stands."""

    ppa: Reference
    group: str
    lead: Reference
    over: str | None = None


@dataclass
class Rival:
    """A request at a daemon, which tries until it has all of its PPAs."""

    site: Site
    team: Team
    rank: Rank
    ppas: list[Reference]
    tries: int = 0
    todo: list[Claim] = field(default_factory=list)
    stand: dict[Reference, Claim] = field(default_factory=dict)
    steps: int = 0
    served: bool = False

    def step(self) -> None:
        """One claim is written, over what stands there; or all are taken off, since one is lost; or a try begins."""
        self.steps += 1
        self.team.look()
        if self.stand and not all(self._leads(one.ppa, one.group) for one in self.stand.values()):
            self.give_up()
        elif not self.todo:
            self._plan()
        else:
            self._claim()

    def _claim(self) -> None:
        claim = self.todo.pop(0)
        given: dict[str, Any] = {"group": claim.group, "lead": claim.lead, "rank": self.rank, "over": claim.over}
        outcome = self._order(claim.ppa, ClaimPpa, wish=wished(self.rank), **given)
        if isinstance(outcome, RecordShown):
            self.stand[claim.ppa] = claim
            self.served = not self.todo
        else:
            self.give_up()

    @property
    def waits(self) -> bool:
        """Whether it has nothing to do: all claims stand, for all that it knows."""
        return self.served and all(self._leads(one.ppa, one.group) for one in self.stand.values())

    def give_up(self) -> None:
        """The claims are taken off."""
        for claim in self.stand.values():
            self._order(claim.ppa, Unclaim, group=claim.group, over=claim.over)
        self.todo, self.stand, self.served = [], {}, False

    def _plan(self) -> None:
        self.tries += 1
        lead, *members = self.ppas
        group, breaking = f"{self.rank.request} {self.tries}", f"{self.rank.request} {self.tries} breaks"
        held = self.site.record(lead).claim
        bound = held is not None and self.rank < held.rank and held.lead != lead and self._leads(held.lead, held.group)
        broken = [held.lead] if held is not None and bound else []
        own = [Claim(ppa, group, lead, breaking if ppa in broken else None) for ppa in (lead, *members)]
        self.todo = [Claim(ppa, breaking, ppa) for ppa in broken] + own

    def _leads(self, lead: Reference, group: str) -> bool:
        claim = self.site.record(lead).claim
        return claim is not None and claim.group == group

    def _order(self, ppa: Reference, kind: object, **fields: object) -> Outcome:
        worker = self.team.workers[ppa]
        worker.order(kind, within=1e6, **fields)
        token = worker.latest
        while worker.leads:
            ask: AskLead = worker.leads.pop(0)
            shown = self.team.workers[ask.lead].order(ReadLead)
            worker.give(LeadRead(ask.nonce, shown))  # type: ignore[arg-type]
        return worker.replies[token][-1]


def chase(seed: int, count: int) -> tuple[Rival, Rival]:
    """The older one and the younger one, once the older is served or took many steps."""
    site, rng = Site(count, OPTIONS), random.Random(seed)
    older = Rival(site, site.daemon("one"), Rank(1, "c", "older"), site.ppas)
    younger = Rival(site, site.daemon("two"), Rank(2, "c", "younger"), site.ppas[::-1])
    while not older.served and older.steps < 4 * ENOUGH:
        for _ in range(rng.choice((0, 0, 1, 1, 2, 3, 5, 8))):
            if not younger.todo and not younger.stand:
                younger.ppas = rng.sample(younger.ppas, count)
            if not younger.waits:
                younger.step()
        older.step()
    return older, younger


@pytest.mark.parametrize("count", [2, 3])
def test_the_older_gets_through_however_the_younger_tries(count: int) -> None:
    """It has all its PPAs, each by its own group, after a few steps; the younger had its turns."""
    turns = 0
    for seed in range(WALKS):
        older, younger = chase(seed, count)
        assert older.steps <= ENOUGH, f"seed {seed}: {older.steps} steps"
        turns += younger.tries
        (group,) = {older.site.record(ppa).claim.group for ppa in older.ppas}  # type: ignore[union-attr]
        assert group == older.stand[older.ppas[0]].group
    assert turns > WALKS


def test_what_breaks_a_claim_gives_way_to_its_own_request_alone() -> None:
    """Another one of the same rank does not know that group."""
    site = Site(2, OPTIONS)
    team, (ppa, other) = site.daemon(), site.ppas
    rank = Rank(1, "c", "r")
    assert team.claims(ppa, "breaks", ppa, rank)
    given: dict[str, Any] = {"lead": other, "rank": rank, "wish": wished(rank)}
    denied = team.workers[ppa].order(ClaimPpa, group="g", **given)
    assert isinstance(denied, Denied)
    assert denied.why is Refusal.CLAIMED
    assert isinstance(team.workers[ppa].order(ClaimPpa, group="g", over="breaks", **given), RecordShown)
    claim = site.record(ppa).claim
    assert claim is not None
    assert (claim.group, claim.lead) == ("g", other)


@pytest.mark.parametrize("stands", ["breaks", "g"])
def test_whichever_of_both_stands_is_taken_off(stands: str) -> None:
    """The one that is written over, where the other was never written."""
    site = Site(1, OPTIONS)
    team, (ppa,) = site.daemon(), site.ppas
    assert team.claims(ppa, stands, ppa, Rank(1, "c", "r"))
    assert isinstance(team.workers[ppa].order(Unclaim, group="g", over="breaks"), RecordShown)
    assert site.record(ppa).claim is None
