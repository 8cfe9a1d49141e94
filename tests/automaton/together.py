"""Several PPAs on one Launchpad in memory, and daemons whose workers ask each other for reads of a lead."""

from __future__ import annotations

import itertools
from typing import Any

from ppa_assigner.automaton import Daemon, WorkerState
from ppa_assigner.automaton.events import Committed, LeadRead, LeadShown, LeaseShown, Outcome, RecordShown
from ppa_assigner.automaton.group_commands import ClaimPpa, Commit, ReadLead, RollForward, Unclaim
from ppa_assigner.options import PoolOptions
from ppa_assigner.record import Rank, Record
from ppa_assigner.reference import Reference
from ppa_assigner.views import AssignRequest

from .lab import Runner, World, wish


class Place(World):
    """One more PPA, on the Launchpad and in the time of the first one."""

    def __init__(self, first: World, name: str) -> None:
        self.first = first
        (self.ppa,) = first.launchpad.add(name)
        self.options, self.launchpad, self.coming = first.options, first.launchpad, first.coming
        self.host_skew, self._starts = first.host_skew, itertools.count(1)

    @property
    def boot(self) -> float:
        """The host's boot-time clock, which is everybody's."""
        return self.first.boot

    @boot.setter
    def boot(self, moment: float) -> None:
        self.first.boot = moment


class Team:
    """A daemon, as far as its workers go: what its supervisor would do for a group is done step by step."""

    def __init__(self, places: list[World], name: str, started: int) -> None:
        daemon = Daemon(name, started, f"s{started}")
        self.workers: dict[Reference, Runner] = {}
        for number, place in enumerate(places):
            seed = f"{name} {started} {number}"
            known = WorkerState(place.ppa, daemon=daemon, seed=seed, options=place.options, pool="default")
            self.workers[place.ppa] = Runner(place, known)

    def look(self) -> None:
        """A bulk look at all PPAs."""
        for worker in self.workers.values():
            worker.look()

    def read_leads(self) -> None:
        """Do all that workers asked for: each lead is read by its own worker."""
        for worker in self.workers.values():
            while worker.leads:
                ask = worker.leads.pop(0)
                outcome: Any = self.workers[ask.lead].order(ReadLead)
                worker.give(LeadRead(ask.nonce, outcome))

    def claim(self, ppa: Reference, group: str, lead: Reference, rank: Rank, **fields: Any) -> Outcome:
        """One claim."""
        return self.workers[ppa].order(ClaimPpa, group=group, lead=lead, rank=rank, wish=wished(rank, **fields))

    def claims(self, ppa: Reference, group: str, lead: Reference, rank: Rank) -> bool:
        """Whether that claim stands then."""
        outcome = self.claim(ppa, group, lead, rank)
        return isinstance(outcome, RecordShown) and outcome.record is not None and outcome.record.claim is not None

    def commit(self, group: str, lead: Reference, members: list[Reference], rank: Rank, **fields: Any) -> Outcome:
        """The one write by which the group is lent."""
        given = wished(rank, **fields)
        return self.workers[lead].order(
            Commit, group=group, lease=f"lease of {group}", wish=given, members=tuple(members)
        )

    def roll(self, ppa: Reference, lead: Reference, shown: Committed | LeadShown) -> Outcome:
        """What follows for a member."""
        return self.workers[ppa].order(RollForward, lead=lead, shown=LeadShown(shown.record, shown.latest))

    def unclaim(self, ppa: Reference, group: str) -> Outcome:
        """Take it off."""
        return self.workers[ppa].order(Unclaim, group=group)

    def lends(self, group: str, ppas: list[Reference], rank: Rank, **fields: Any) -> Record:
        """A whole group, the first of them its lead; its record."""
        lead, *members = ppas
        for ppa in ppas:
            assert self.claims(ppa, group, lead, rank), ppa
        committed = self.commit(group, lead, members, rank, **fields)
        assert isinstance(committed, Committed), committed
        for ppa in members:
            assert isinstance(self.roll(ppa, lead, committed), LeaseShown)
        return committed.record


class Site:
    """Some free PPAs, and daemons that come and go."""

    def __init__(self, count: int = 3, options: PoolOptions | None = None) -> None:
        self.first = World(options=options or PoolOptions(settle=100.0))
        self.places: list[World] = [self.first]
        self.places += [Place(self.first, f"~team/ubuntu/p{number}") for number in range(1, count)]
        self.ppas = [place.ppa for place in self.places]
        self._started = 1_000
        for number, place in enumerate(self.places):
            place.free_ppa(f"cleaner {number}")

    @property
    def launchpad(self) -> Any:
        """The Launchpad of all of them."""
        return self.first.launchpad

    def daemon(self, name: str = "host") -> Team:
        """A daemon that has looked."""
        self._started += 1
        team = Team(self.places, name, self._started)
        team.look()
        for worker in team.workers.values():
            worker.forget_the_past()
        return team

    def record(self, ppa: Reference) -> Record:
        """The record that stands."""
        record = self.launchpad.record(ppa)
        assert isinstance(record, Record), ppa
        return record

    def pass_time(self, seconds: float, *teams: Team) -> None:
        """Time passes, with all that it brings, and with looks every minute."""
        end = self.first.boot + seconds
        while self.first.boot < end:
            until = min(end, self.first.boot + 10.0)
            for team in teams:
                for worker in team.workers.values():
                    while worker.tick(limit=until):
                        team.read_leads()
                team.read_leads()
            self.first.move_to(max(until, self.first.boot))
            for team in teams:
                team.look()


def wished(rank: Rank, **fields: Any) -> AssignRequest:
    """The wish of that rank."""
    return wish(request=rank.request, by=rank.client, **fields)
