"""Which of those who wait in a line get which of the free PPAs: a pure function over plain values.

Rule: nobody starves, and nobody blocks those who could be served without taking anything from it.  Each wish of the
line, in order, is in one of these cases; the first one that fits holds:

1. It is over a quota.  What the earlier wishes of the line want counts too, or else a client's later small wishes would
   keep its earlier large one there for ever.  It is skipped, and keeps its place.
2. All PPAs that could ever be lent, used and dirty ones included, are too few for it.  It is skipped, and keeps its
   place: those behind it need not wait for a person to act.
3. As many of the free PPAs as it needs fit: it gets them, if nothing else must be known of it first.
4. Too few fit: those are kept for it, and never more than it needs.  Nobody behind it gets one of them.

Of those that fit, it gets the ones that the fewest of the others that wait could use.
"""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

W = TypeVar("W", bound=Hashable)
P = TypeVar("P", bound=Hashable)
Q = TypeVar("Q", bound=Hashable)


@dataclass(frozen=True, slots=True)
class QueuedWish(Generic[W]):
    """A wish of the line.  `needs`: how many PPAs of each thing that it wants; `quotas`: those that it counts
    for, and as how many PPAs.

    `shape`: wishes of one shape fit the same PPAs; with None those that fit one that says so too.
    `ready`: nothing else must be known before it is served; until then what fits is only kept for it.
    `patient`: it leaves PPAs to those who are `away`, whose place is kept though nobody stands there just now.
    `drawn`: the number that was drawn to choose by among all that fit; None: the one that has been free longest.
    """

    id: W
    needs: tuple[int, ...] = (1,)
    quotas: tuple[tuple[Hashable, int], ...] = ()
    shape: Hashable = None
    ready: bool = True
    patient: bool = True
    away: bool = False
    drawn: int | None = None


class Skip(enum.Enum):
    """Why a wish is passed by, though it waits."""

    QUOTA = "quota"
    HOPELESS = "hopeless"


@dataclass(slots=True)
class Allocation(Generic[W, P]):
    """Who gets which PPAs, for whom others are kept, and who is skipped."""

    served: dict[W, tuple[P, ...]] = field(default_factory=dict)
    kept: dict[W, tuple[P, ...]] = field(default_factory=dict)
    skipped: dict[W, Skip] = field(default_factory=dict)


Fits = Callable[[QueuedWish[W], int], Iterable[P]]
"""Those of the free PPAs that can be what a wish wants, by the number of that in its `needs`, in the order of all."""
Enough = Callable[[QueuedWish[W]], bool]
"""Whether all PPAs that could ever be lent would be enough for a wish."""


Room = Callable[[Hashable], int | None]
"""How many more PPAs a quota has room for; None: it has no limit."""


class QuotaDemand:
    """What those earlier in a line want of each quota: it counts against those behind them."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._wanted: Counter[Hashable] = Counter()

    def full(self, quotas: Iterable[tuple[Q, int]]) -> Q | None:
        """The first of these that has no room for so many more."""
        rooms = ((quota, many, self._room(quota)) for quota, many in quotas)
        return next((q for q, many, room in rooms if room is not None and self._wanted[q] + many > room), None)

    def add(self, quotas: Iterable[tuple[Hashable, int]]) -> None:
        """So many are wanted that count for these."""
        for quota, many in quotas:
            self._wanted[quota] += many


def unlimited(_: Hashable) -> int | None:
    """What a quota has room for where there are none."""
    return None


def enough(_: QueuedWish[W]) -> bool:
    """What is known of a pool whose lendable PPAs are not counted."""
    return True


def allocate(
    line: Iterable[QueuedWish[W]],
    free: Iterable[P],
    fits: Fits[W, P],
    room: Room = unlimited,
    enough: Enough[W] = enough,
) -> Allocation[W, P]:
    """The cases 1 to 4, along the line, until no PPA is left; `line` is gone along again only where several PPAs fit.
    `free`: the one that has been free longest first; `room`: how many more PPAs each quota has room for, what is being
    assigned counted.
    """
    found: Allocation[W, P] = Allocation()
    stock, earlier = _Stock(line, free, fits), QuotaDemand(room)
    for wish in line if stock.left else ():
        over = earlier.full(wish.quotas)
        earlier.add(wish.quotas)
        if over is not None:
            found.skipped[wish.id] = Skip.QUOTA
        elif not enough(wish):
            found.skipped[wish.id] = Skip.HOPELESS
        else:
            _allot(wish, stock, found)
        if not stock.left:
            break
    return found


def _allot(wish: QueuedWish[W], stock: _Stock[W, P], found: Allocation[W, P]) -> None:
    chosen = stock.choose(wish)
    if not chosen:
        return
    if wish.away:
        found.kept[wish.id] = chosen
        stock.leave(chosen)
        return
    stock.take(chosen)
    if wish.ready and len(chosen) == sum(wish.needs):
        found.served[wish.id] = chosen
        stock.waits_no_more(wish)
    else:
        found.kept[wish.id] = chosen


class _Stock(Generic[W, P]):
    """The free PPAs that nobody has, and how many of those that wait could use each."""

    def __init__(self, line: Iterable[QueuedWish[W]], free: Iterable[P], fits: Fits[W, P]) -> None:
        self.left: dict[P, None] = dict.fromkeys(free)
        self._away: set[P] = set()  # which only those who cannot wait may have
        self._fits, self._line = fits, line
        self._fit: dict[tuple[Hashable, int], list[P]] = {}
        self._served: set[W] = set()
        self._users: Counter[P] | None = None

    def choose(self, wish: QueuedWish[W]) -> tuple[P, ...]:
        """As many of those that fit as it needs, or as many as there are."""
        if wish.needs == (1,):
            return self._first(wish)
        slots = [number for number, many in enumerate(wish.needs) for _ in range(many)]
        fit = {number: sorted(self._may_have(wish, number), key=self._rank()) for number in dict.fromkeys(slots)}
        filled: dict[P, int] = {}
        for slot in range(len(slots)):
            _fill(slot, slots, fit, filled, set())
        return tuple(sorted(filled, key=filled.__getitem__))

    def take(self, chosen: Iterable[P]) -> None:
        """Nobody else gets these."""
        for ppa in chosen:
            del self.left[ppa]

    def leave(self, chosen: Iterable[P]) -> None:
        """Only those who cannot wait may have these."""
        self._away.update(chosen)

    def waits_no_more(self, wish: QueuedWish[W]) -> None:
        """It is served, and is none of those that wait any more."""
        self._served.add(wish.id)
        if self._users:
            self._users.subtract(self._could_use(wish))

    def _first(self, wish: QueuedWish[W]) -> tuple[P, ...]:
        """The one that it should have, if there is one."""
        found = self._may_have(wish, 0)
        first, second = next(found, None), next(found, None)
        if first is None:
            return ()
        if second is None or not (self._away or self._wanted_by()):  # all that fit are alike
            return (first,)
        return (min((first, second, *found), key=self._rank()),)

    def _may_have(self, wish: QueuedWish[W], number: int) -> Iterator[P]:
        """Of what is left, what fits; after a lost race from the one on that was drawn."""
        fit = self._fitting(wish, number)
        if wish.drawn is not None and fit:
            start = wish.drawn % len(fit)
            fit = fit[start:] + fit[:start]
        return (ppa for ppa in fit if ppa in self.left and not (wish.patient and ppa in self._away))

    def _rank(self) -> Callable[[P], tuple[bool, int]]:
        """By what it is chosen among those that fit: how many could use it, of whom the one that chooses is one."""
        users = self._wanted_by()
        return lambda ppa: (ppa in self._away, users[ppa])

    def _wanted_by(self) -> Counter[P]:
        """How many of those that wait could use each; empty where all of them are alike."""
        if self._users is None:
            waiting = [each for each in self._line if each.id not in self._served]
            alike = len({each.shape for each in waiting}) < 2
            self._users = Counter() if alike else Counter(p for each in waiting for p in self._could_use(each))
        return self._users

    def _could_use(self, wish: QueuedWish[W]) -> Collection[P]:
        return {ppa for number in range(len(wish.needs)) for ppa in self._fitting(wish, number)}

    def _fitting(self, wish: QueuedWish[W], number: int) -> list[P]:
        """What was free at first and fits, the one that has been free longest first; once for each shape."""
        if (found := self._fit.get((wish.shape, number))) is None:
            found = self._fit[wish.shape, number] = [ppa for ppa in self._fits(wish, number) if ppa in self.left]
        return found


def _fill(slot: int, slots: Sequence[int], fit: Mapping[int, list[P]], filled: dict[P, int], tried: set[P]) -> bool:
    """Find a PPA for one thing that a wish wants, if need be by giving another one to what has it (Kuhn)."""
    for ppa in fit[slots[slot]]:
        if ppa not in tried:
            tried.add(ppa)
            if ppa not in filled or _fill(filled[ppa], slots, fit, filled, tried):
                filled[ppa] = slot
                return True
    return False
