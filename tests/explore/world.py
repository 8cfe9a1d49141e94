"""One state of everything: Launchpad, the daemons, the clients, what is under way, and who was told of what.

Rule: a world is changed by `Acts` only while it is new; afterwards it is a value, and its daemons are shared with the
worlds that follow from it until one of those changes them (`take`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import inf
from typing import Any

from ppa_assigner.automaton.requests import Request
from ppa_assigner.record import Record, State, compose
from ppa_assigner.reference import Reference
from tests.settings import settings

from .scene import Scene
from .site import Site
from .stage import Stage, ref
from .watched import WatchedLaunchpad

SERIALS = 1_000_000  # each PPA's serials begin so far apart that a serial tells whose it is
LEASED = ("holding", "leaving")
LANDS_WITHIN_S = 65.0  # Launchpad ends its requests then


@dataclass(frozen=True, slots=True)
class Client:
    """A client with one wish.  `phase`: apart, asking, holding, parting (its release is under way), over."""

    number: int
    phase: str = "apart"
    attempt: int = 0
    site: int | None = None
    ppa: Reference | None = None
    lease: str | None = None
    until: datetime | None = None
    shared: bool = False
    members: tuple[tuple[Reference, str], ...] = ()
    """The PPAs that it has beside the first, and their leases."""

    @property
    def ppas(self) -> set[Reference]:
        """All that it was told of."""
        return {*([self.ppa] if self.ppa is not None else ()), *(ppa for ppa, _ in self.members)}

    @property
    def request(self) -> str:
        """Its request id."""
        return "r" if self.shared else f"r{self.number}"

    @property
    def by(self) -> str | None:
        """Which client of the daemon's it is."""
        return f"c{self.number}" if self.shared else None


@dataclass(frozen=True, slots=True)
class Told:
    """An answer with this lease left for this client, who did nothing yet to end it."""

    client: int
    ppa: Reference
    lease: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Late:
    """A request that is under way and may land until `expires` (boot time), if anything."""

    ask: Request
    ppa: Reference
    expires: float


class World:
    """See above."""

    def __init__(self, stage: Stage, scene: Scene) -> None:
        self.stage, self.scene, self.boot, self.base = stage, scene, 12_000.0, 18_000.0
        stage.world = self
        self.launchpad = WatchedLaunchpad(stage)
        self.launchpad.lying_database = scene.lying_database
        self.launchpad.grow = scene.options.grow
        self.sites: tuple[Site | None, ...] = ()
        self.clients = tuple(Client(number, shared=scene.shared) for number in range(len(scene.waits)))
        self.late: tuple[Late, ...] = ()
        self.told: tuple[Told, ...] = ()
        self.budget = scene.budget
        self.started = 0
        self.fresh: set[int] = set()
        for number in scene.gone:
            self.launchpad.texts[ref(number)] = (self._past(number) if scene.discarded else None,)
        for number in range(scene.ppas):
            self._found(number)
        self.boot = self.base
        for index in range(scene.daemons):
            self.sites = (*self.sites, None)
            self.begin(index)

    def _found(self, number: int) -> None:
        (ppa,) = self.launchpad.add(str(ref(number)), description=self.scene.human)
        self.launchpad.words[ppa] = self.scene.human
        if self.scene.start != "bare":
            state, date = State(self.scene.start), self.launchpad.date()
            gone = state is State.DISCARDED
            record = Record(
                serial=SERIALS * (number + 1), nonce=f"first{number}", state=state,
                since=date - timedelta(seconds=self.scene.age),
                touched=date + timedelta(seconds=self.scene.touched), pool="default", cleaner=self.scene.cleaner,
                made=self.scene.made, why="worn" if gone else None,
            )  # fmt: skip
            self.launchpad.archives[ppa].description = compose(self.scene.human, record)
            self.launchpad.nonces[ppa] = frozenset({record.nonce})
        self.boot += 1.0

    def _past(self, number: int) -> str:
        """What stands in a PPA that was discarded, and deleted."""
        date = self.launchpad.date() - timedelta(days=1)
        record = Record(
            serial=SERIALS * number + 7, nonce=f"past{number}", state=State.DISCARDED, since=date, touched=date,
            pool="default", why="worn",
        )  # fmt: skip
        return compose(None, record)

    def begin(self, index: int) -> None:
        """A daemon starts."""
        self.started += 1
        scene = self.scene
        site = Site("ab"[0 if scene.twins else index], 1000 + self.started, scene.every, self.stage)
        grow = scene.options.grow
        listed = [ppa for ppa in map(ref, range(scene.ppas)) if grow is None or ppa not in grow.names]
        given = settings(*listed, options=scene.options, total=scene.total)
        site.start(given, told=not scene.new and not self.launchpad.skew, lies=scene.lies > 0)
        self.fresh.add(index)
        self.put(index, site)

    def put(self, index: int, site: Site | None) -> None:
        """This daemon is now that."""
        self.sites = (*self.sites[:index], site, *self.sites[index + 1 :])

    def follow(self) -> World:
        """A new world, as this one is."""
        new = object.__new__(World)
        vars(new).update(vars(self))
        new.launchpad, new.fresh = self.launchpad.copy(), set()
        return new

    def take(self, index: int) -> Site:
        """The daemon, to be changed."""
        site = self.sites[index]
        assert site is not None
        if index not in self.fresh:
            site = site.copy()
            self.fresh.add(index)
            self.put(index, site)
        return site

    def up(self) -> list[int]:
        """The daemons that run."""
        return [index for index, site in enumerate(self.sites) if site is not None]

    def left(self, name: str) -> int:
        """How many of these are left."""
        return dict(self.budget)[name]

    def spend(self, name: str) -> None:
        """One less."""
        self.budget = tuple((known, left - (known == name)) for known, left in self.budget)

    def client(self, number: int, **changes: Any) -> None:
        """This client is now so."""
        new = replace(self.clients[number], **changes)
        self.clients = (*self.clients[:number], new, *self.clients[number + 1 :])

    def due(self) -> float:
        """When time brings something next; infinity while a request is about to leave."""
        sites = [site for site in self.sites if site is not None]
        if any(site.looking is not None and site.seen is None for site in sites):
            return inf
        if any(shell.ask is not None and not shell.stalled for site in sites for shell in site.shells.values()):
            return inf
        if any(call.done for site in sites for call in site.calls.values()):
            return inf  # an answer that is there is handed over at once
        ends = [self._boot_of(one.until) for one in self.told]
        ends += [self._boot_of(client.until) for client in self.clients if client.until and client.phase in LEASED]
        moments = [*(site.due() for site in sites), *(late.expires for late in self.late), *ends]
        due = min(moments, default=inf)
        return max(due, self.boot)

    def _boot_of(self, date: datetime) -> float:
        return self.boot + (date - self.launchpad.true()).total_seconds()
