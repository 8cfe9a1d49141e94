"""Random walks of groups: daemons that try, wound each other, die and recover, while writes and reads get lost.

What a supervisor does is done here step by step and by the rules: the lead first and confirmed, then the members, the
commit, all of them rolled forward, and told only on a read of the lead that began after that.  A walk is its seed.
Run alone it walks one seed, or so many from it on: `python -m tests.automaton.group_walk 0 100`.
"""

from __future__ import annotations

import random
import sys
from dataclasses import dataclass, field, replace
from typing import Any

from ppa_assigner.automaton.events import (
    AskLead,
    CheckLead,
    Committed,
    Denied,
    LeadRead,
    LeadShown,
    LeaseShown,
    MemberShown,
    Outcome,
    RecordShown,
    Refusal,
    Release,
)
from ppa_assigner.automaton.group_commands import ClaimPpa, Commit, EndGroup, ReadLead, RollForward, Unclaim
from ppa_assigner.options import PoolOptions
from ppa_assigner.record import Rank, Record, State
from ppa_assigner.reference import Reference
from tests.memory import Request

from .lab import Runner, assign
from .together import Site, Team, wished

OPTIONS = PoolOptions(settle=100.0, ttl=1e6, max_ttl=2e6, verify_age=None)
STEPS, PPAS, TRIES = 90, 4, 3
WRITES, READS = ("unknown", "lost", "late", "late", "down", "resent"), ("down", "denied", "down")
QUIET_S = 1_500.0


class Wrong(AssertionError):  # noqa: N818 - it says what is wrong
    """An invariant does not hold."""


@dataclass
class Try:
    """One try of a request for a group, at one daemon."""

    team: Team
    group: str
    rank: Rank
    ppas: list[Reference]
    doing: str = "lead"
    left: list[Reference] = field(default_factory=list)
    waits: tuple[Runner, int] | None = None  # for the outcome of this command
    shown: LeadShown | None = None

    @property
    def lead(self) -> Reference:
        """The PPA that leads."""
        return self.ppas[0]


class GroupWalk:
    """Some PPAs, two daemons, and all that may happen to them."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.site = Site(PPAS, OPTIONS)
        self.teams = {name: self.site.daemon(name) for name in ("one", "two")}
        self.tries: list[Try] = []
        self.told: dict[str, list[Reference]] = {}
        self.singles: dict[str, Reference] = {}
        self.reads: list[tuple[Runner, AskLead, Outcome]] = []
        self.number = 0
        self.writes: list[str] = []
        self.lost_reads: list[str] = []
        self.site.launchpad.fault = self._fault

    def run(self) -> None:
        """All steps, then quiet, in which all ends well."""
        acts = [act for act, weight in ACTS.items() for _ in range(weight)]
        for _ in range(STEPS):
            self.rng.choice(acts)(self)
            self.check()
        self.ends_well()

    # -- what may happen ----------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """A request for several is tried."""
        if len(self.tries) < TRIES:
            team = self.rng.choice(list(self.teams.values()))
            ppas = self.rng.sample(self.site.ppas, self.rng.choice((2, 2, 3)))
            self.number += 1
            rank = Rank(self.rng.randrange(1_000), "client", f"build-{self.number}")
            self.tries.append(Try(team, f"g{self.number}", rank, ppas))

    def go_on(self) -> None:
        """A try takes its next step."""
        if self.tries:
            one = self.rng.choice(self.tries)
            if (outcome := self._outcome(one)) is not WAITING:
                NEXT[one.doing](self, one, outcome)

    def single(self) -> None:
        """A request for one PPA is served, of whatever rank."""
        self.number += 1
        rank, lease = Rank(self.rng.randrange(1_000), "client", f"build-{self.number}"), f"lease-{self.number}"
        worker = self.rng.choice(list(self.rng.choice(list(self.teams.values())).workers.values()))
        given = assign(lease=lease, request=rank.request, ttl=1e6)
        outcome = worker.order(lambda token, deadline: _ranked(given(token, deadline), rank))
        if isinstance(outcome, LeaseShown):
            self.singles[lease] = worker.world.ppa

    def look(self) -> None:
        """A daemon looks."""
        self.rng.choice(list(self.teams.values())).look()

    def hint(self) -> None:
        """A daemon's supervisor has seen that a lead may be over."""
        for worker in self.rng.choice(list(self.teams.values())).workers.values():
            worker.give(CheckLead())

    def read(self) -> None:
        """A lead is read for a member; the answer is under way."""
        for team in self.teams.values():
            for worker in team.workers.values():
                while worker.leads:
                    ask = worker.leads.pop(0)
                    self.reads.append((worker, ask, team.workers[ask.lead].order(ReadLead)))

    def answer(self) -> None:
        """It arrives, perhaps after others."""
        if self.reads:
            worker, ask, outcome = self.reads.pop(self.rng.randrange(len(self.reads)))
            _give(worker, ask, outcome)
            worker.tick(limit=self.site.first.boot)

    def time(self) -> None:
        """It passes."""
        until = self.site.first.boot + self.rng.choice((1.0, 5.0, 25.0, 130.0))
        for team in self.teams.values():
            for worker in team.workers.values():
                while worker.tick(limit=until):
                    pass
        self.site.first.move_to(max(until, self.site.first.boot))

    def lose(self) -> None:
        """Something will be lost, or late."""
        if self.rng.random() < 0.6:
            self.writes.append(self.rng.choice(WRITES))
        else:
            self.lost_reads.append(self.rng.choice(READS))

    def land(self) -> None:
        """What was under way arrives at Launchpad."""
        self.site.launchpad.land()

    def kill(self) -> None:
        """A daemon is killed, and started blindly."""
        name = self.rng.choice(list(self.teams))
        killed = self.teams[name]
        self.tries = [one for one in self.tries if one.team is not killed]
        self.reads = [read for read in self.reads if read[0] not in killed.workers.values()]
        self.teams[name] = self.site.daemon(name)

    def release(self) -> None:
        """Who has a lease gives it back, at any daemon."""
        over = [*self.told, *self.singles]
        if not over:
            return
        name, team = self.rng.choice(over), self.rng.choice(list(self.teams.values()))
        ppa = self.rng.choice(self.told.pop(name)) if name in self.told else self.singles.pop(name)
        outcome = team.workers[ppa].order(Release, lease=self.site.record(ppa).lease)
        if isinstance(outcome, MemberShown) and outcome.record.lead is not None:
            lead = team.workers[outcome.record.lead]
            shown = lead.order(ReadLead)
            if isinstance(shown, LeadShown) and shown.record.group == name:
                lead.order(Release, lease=shown.record.lease)

    # -- the steps of a try -------------------------------------------------------------------------------------------

    def claim_lead(self, one: Try, outcome: Outcome | None) -> None:
        """Until it is confirmed nothing else is claimed."""
        if outcome is None:
            self._claim(one, one.lead)
        elif isinstance(outcome, RecordShown):
            one.doing, one.left = "members", one.ppas[1:]
        else:
            one.doing, one.left = "undo", [*one.ppas]

    def claim_members(self, one: Try, outcome: Outcome | None) -> None:
        """All of them, before the commit."""
        if isinstance(outcome, Denied):
            one.doing, one.left = "undo", [*one.ppas]
        elif one.left:
            self._claim(one, one.left.pop())
        else:
            one.doing = "commit"

    def commit(self, one: Try, outcome: Outcome | None) -> None:
        """The write by which they are lent."""
        match outcome:
            case None:
                given: Any = {"group": one.group, "lease": f"lease of {one.group}", "members": tuple(one.ppas[1:])}
                self._order(one, one.lead, Commit, wish=wished(one.rank, ttl=1e6), **given)
            case Committed():
                one.doing, one.left, one.shown = "roll", one.ppas[1:], LeadShown(outcome.record, outcome.latest)
            case Denied(why=Refusal.OUTAGE):
                one.doing = "commit"
            case _:
                one.doing, one.left = "undo", [*one.ppas]

    def roll(self, one: Try, outcome: Outcome | None) -> None:
        """Every member, until all are used."""
        if isinstance(outcome, Denied) and outcome.why is Refusal.LOST:
            self._lost(one)
        if isinstance(outcome, LeaseShown):
            one.left.pop()
        if one.left:
            self._order(one, one.left[-1], RollForward, lead=one.lead, shown=one.shown)
        else:
            one.doing = "tell"

    def tell(self, one: Try, outcome: Outcome | None) -> None:
        """On a read of the lead that began after all were used."""
        match outcome:
            case LeadShown(record=Record(state=State.USED, group=group)) if group == one.group:
                self.told[one.group] = one.ppas
                self.tries.remove(one)
            case LeadShown():
                self.tries.remove(one)
            case _:
                self._order(one, one.lead, ReadLead)

    def undo(self, one: Try, _: Outcome | None) -> None:
        """The claims are taken off; what remains of them is taken off by whoever meets it."""
        if one.left:
            self._order(one, one.left.pop(0), Unclaim, group=one.group)
        else:
            self.tries.remove(one)

    def _lost(self, one: Try) -> None:
        lead = self.site.record(one.lead)
        if (lead.state, lead.group) == (State.USED, one.group):
            raise Wrong(f"committed, and a member is lost: {one.left[-1]} is {self.site.record(one.left[-1])}")
        self.tries.remove(one)
        one.left = []

    def _claim(self, one: Try, ppa: Reference) -> None:
        given: Any = {"group": one.group, "lead": one.lead, "rank": one.rank, "wish": wished(one.rank)}
        self._order(one, ppa, ClaimPpa, **given)

    def _order(self, one: Try, ppa: Reference, kind: Any, **fields: Any) -> None:
        worker = one.team.workers[ppa]
        worker.order(kind, within=1e6, **fields)
        one.waits = (worker, worker.latest)

    def _outcome(self, one: Try) -> Any:
        """The outcome of its last command, once that is final."""
        if one.waits is None:
            return None
        worker, token = one.waits
        told = worker.replies.get(token, [])
        if not told or (isinstance(told[-1], Denied) and told[-1].why is Refusal.IN_DOUBT):
            return WAITING
        one.waits = None
        return told[-1]

    # -- what must hold -----------------------------------------------------------------------------------------------

    def check(self) -> None:
        """A group that was told is whole, and so is a lease."""
        for group, ppas in self.told.items():
            for ppa in ppas:
                record = self.site.record(ppa)
                if (record.state, record.group) != (State.USED, group):
                    raise Wrong(f"{group} was told, and {ppa} is {record}")
        for lease, ppa in self.singles.items():
            if (self.site.record(ppa).state, self.site.record(ppa).lease) != (State.USED, lease):
                raise Wrong(f"{lease} was told, and {ppa} is {self.site.record(ppa)}")

    def ends_well(self) -> None:
        """With nothing lost, and nobody wanting anything, what was committed is whole and all claims are off."""
        self.writes, self.lost_reads, self.tries, self.reads = [], [], [], []
        self.site.launchpad.land()
        self._quiet()
        self.check()
        records = {ppa: self.site.record(ppa) for ppa in self.site.ppas}
        for ppa, record in records.items():
            if record.claim is not None:
                raise Wrong(f"{ppa} is claimed for ever: {record.claim}")
            for member in record.members if record.state is State.USED else ():
                if (records[member].state, records[member].group) != (State.USED, record.group):
                    raise Wrong(f"{ppa} leads {record.group}, and {member} is {records[member]}")
            if record.state is State.USED and record.lead is not None and records[record.lead].group != record.group:
                raise Wrong(f"{ppa} follows {record.lead}, which is {records[record.lead]}")
        team = self.teams["one"]
        for ppa, record in records.items():
            if record.members and record.state is State.USED:
                team.workers[ppa].order(EndGroup, group=record.group)
            elif record.state is State.USED and record.lead is None:
                team.workers[ppa].order(Release, lease=record.lease)
        self._quiet()
        if any(self.site.record(ppa).state is not State.FREE for ppa in self.site.ppas):
            raise Wrong(f"not all is free at last: {[self.site.record(ppa) for ppa in self.site.ppas]}")

    def _quiet(self) -> None:
        for _ in range(6):
            for team in self.teams.values():
                for worker in team.workers.values():
                    worker.give(CheckLead())
            self.site.pass_time(QUIET_S / 6, *self.teams.values())

    def _fault(self, request: Request) -> str | None:
        if request.what == "write":
            return self.writes.pop() if self.writes else None
        return self.lost_reads.pop() if request.what == "read" and self.lost_reads else None


WAITING = object()
NEXT: dict[str, Any] = {
    "lead": GroupWalk.claim_lead,
    "members": GroupWalk.claim_members,
    "commit": GroupWalk.commit,
    "roll": GroupWalk.roll,
    "tell": GroupWalk.tell,
    "undo": GroupWalk.undo,
}
ACTS: dict[Any, int] = {
    GroupWalk.begin: 3,
    GroupWalk.go_on: 14,
    GroupWalk.single: 1,
    GroupWalk.look: 3,
    GroupWalk.hint: 2,
    GroupWalk.read: 3,
    GroupWalk.answer: 3,
    GroupWalk.time: 2,
    GroupWalk.lose: 2,
    GroupWalk.land: 2,
    GroupWalk.kill: 1,
    GroupWalk.release: 1,
}


def _ranked(command: Any, rank: Rank) -> Any:
    return replace(command, rank=rank)


def _give(worker: Runner, ask: AskLead, outcome: Outcome) -> None:
    if not isinstance(outcome, Denied) or outcome.why is not Refusal.UNTOLD:
        read: Any = outcome
        worker.give(LeadRead(ask.nonce, read))


def found(seeds: range) -> str:
    """What the first of these walks finds that finds anything; "" if none does."""
    for seed in seeds:
        try:
            GroupWalk(seed).run()
        except Wrong as wrong:
            return f"seed {seed}: {wrong}"
    return ""


if __name__ == "__main__":
    first, count = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1
    told = found(range(first, first + count))
    print(told)  # noqa: T201 - for who runs it
    sys.exit(1 if told else 0)
