"""What an exploration may do: how many of each, and how often anything goes wrong.

Rule: plain values.  Whatever is not bounded here happens in every order that it can happen in.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ppa_assigner.options import PoolOptions
from ppa_assigner.reference import Reference

from .stage import ref

SETTLE_S = 120.0
DAY = 86_400.0


@dataclass(frozen=True)
class Scene:
    """The bounds of one exploration.

    `waits` has for each client how long it is ready to wait in line (seconds), `attempts` how often each may ask.
    Budgets, of the whole run: `faults` (a request that is lost on its way, whose answer is lost, or that lands late),
    `crashes`, `slow` (an answer that arrives after other things happened), `stalls` (a request that leaves only after
    time has passed), `unheard` (an answer that left and never reached the client), `vanish` (a client that
    gives up without the daemon noticing), `hangups`, `uploads` (of holders),
    `strays` (content that comes to be while nobody holds the PPA), `edits` (of a person, in the words), `again` (a
    former owner releases or touches once more), `touches`, `lies` (Launchpad's clock is a day off, until it is right
    again), `veils` (a PPA answers 404, or 403, until it answers again: before a minute is over, unless that is
    `for_ever`), `remakes` (people delete a PPA and make another of its name, with a package in it), `makes` (people
    make a PPA, with a package in it, of a name that is free), `discards` (an operator has a PPA discarded and deleted),
    `misses` (a listing of several pages does not show a PPA that is there).
    `counts` has for each client how many PPAs it wants, all or nothing; with 0, which is what others want, it asks for
    one without saying so.
    Time passes to the next moment at which anything is due, in steps of `grain` seconds: what is due in one step comes
    late, and in any order with all that waits for the explorer.
    """

    name: str
    ppas: int = 1
    daemons: int = 2
    waits: tuple[float, ...] = (0.0,)
    attempts: int = 2
    faults: int = 0
    crashes: int = 0
    slow: int = 0
    stalls: int = 0
    unheard: int = 0
    vanish: int = 0
    hangups: int = 0
    uploads: int = 0
    strays: int = 0
    edits: int = 0
    again: int = 0
    touches: int = 0
    lies: int = 0
    lying: tuple[float, ...] = (DAY, -DAY)
    new: bool = False  # the daemons have had no answers yet that would make time believed
    veils: int = 0
    remakes: int = 0
    makes: int = 0
    discards: int = 0
    misses: int = 0
    counts: tuple[int, ...] = ()
    named: tuple[int | None, ...] = ()  # which PPA each client asks for; others take any
    idle: float | None = None
    by_member: bool = False  # a group is released by the lease of its last member
    uploaders: tuple[str | None, ...] = (None, None)
    human: str | None = "words"
    ttl: float = 240.0
    every: float = 300.0
    grain: float = 60.0
    total: float = 60.0
    twins: bool = False  # both daemons have the same name, as two runs of one have
    start: str = "free"  # "free", "dirty", "discarded" or "bare" (no record), all PPAs
    made: bool = False  # those that are dirty at the start were made by a daemon
    age: float = 0.0  # since so many seconds before the start
    gone: tuple[int, ...] = ()  # names of which there was a PPA before that was deleted
    discarded: bool = True  # and whose record says so
    empty: bool = False  # what people make has no package in it
    cleaner: str | None = None  # of all PPAs that are dirty at the start
    touched: float = 0.0  # how far ahead of the true time all PPAs were touched last
    arriving: bool = False  # strays come to free PPAs too, while nobody asks
    lying_database: bool = False  # publications are dated by the clock that lies
    options: PoolOptions = field(
        default_factory=lambda: PoolOptions(settle=SETTLE_S, verify_age=0.0, grant_upload=True)
    )
    for_ever: bool = False
    wiped: bool = False  # whoever deletes a PPA takes its record out of it before
    shared: bool = False  # all clients happened to choose the same request id, each as another client of the daemon's
    persistent: bool = False  # without faults, clients ask until they have a lease
    first: tuple[tuple[Any, ...], ...] = ()  # moves that are made before the exploration begins
    only: frozenset[str] | None = None  # the kinds of moves there are; None: all

    @property
    def budget(self) -> tuple[tuple[str, int], ...]:
        """What is left at the start."""
        names = ("faults", "crashes", "slow", "stalls", "unheard", "vanish", "hangups", "uploads", "strays", "edits",
                 "again", "touches", "lies", "veils", "remakes", "makes", "discards", "misses")  # fmt: skip
        return tuple((name, getattr(self, name)) for name in names)

    @property
    def names(self) -> tuple[Reference, ...]:
        """All names that there may be a PPA of."""
        grow = self.options.grow
        return tuple(sorted({*map(ref, range(self.ppas)), *(grow.names if grow is not None else ())}))

    def wanted(self, client: int) -> Reference | None:
        """The PPA that it asks for by name."""
        number = self.named[client] if client < len(self.named) else None
        return ref(number) if number is not None else None

    def count(self, client: int) -> int:
        """How many PPAs it wants; 0: one, and it does not say so."""
        return self.counts[client] if client < len(self.counts) else 0
