"""Every schedule that deviates from the default one at most so many times, and each of them to its end.

The claim, for a scene and a bound k that was walked completely: take the default schedule (`schedule`), which takes
both clients through a whole lease cycle until all PPAs are free.  At any k points of it, or of what it has become, do
anything else that is possible there within the scene's budgets (another order, another draw, a loss, a late landing, a
crash, a hang-up, ...), or put off what would come next; whatever is then under way comes at once, after all else, or
after time has passed.  Then, in every state on the way, I1 to I8 hold; and if from there on nothing more goes wrong,
every PPA is free at last (I9).  How many schedules gave each client its lease, too, is counted.
What is not claimed: anything on schedules with more deviations, or beyond the budgets; and where two schedules meet,
the claim leans on the form.  It does not tell all small differences of time: walked one by one, schedules come by more.

Rule: a schedule ends where it meets one that is walked already with as many deviations left or more: same form, same
moves put off.  One that meets itself goes round for ever, which is against I9.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from math import inf

from .form import form_of
from .moves import play
from .scene import Scene
from .schedule import Deviation, Off, after, coming, deviations, is_at_its_end
from .search import Found, Step, begin, draws
from .world import World


@dataclass(frozen=True)
class Point:
    """A place on a schedule that no earlier one came by; `steps` lead there."""

    world: World
    off: Off
    way: Way
    length: int

    def __len__(self) -> int:
        return len(self.way) - len(self.way.steps) + self.length

    def all_steps(self) -> list[Step]:
        """All moves from the first world on."""
        steps = self.way.all_steps()
        return steps[: len(self)]


@dataclass(frozen=True)
class Way:
    """How a schedule goes on from where it left another."""

    before: Point | None
    steps: list[Step]

    def __len__(self) -> int:
        return (len(self.before) if self.before is not None else 0) + len(self.steps)

    def all_steps(self) -> list[Step]:
        """All moves from the first world on."""
        return (self.before.all_steps() if self.before is not None else []) + self.steps


@dataclass
class Walked(Found):
    """What was walked.  `depth` is that of the longest schedule.  `per_bound`: of each number of deviations, how many
    were made of how many there are, counted at all points that are not the same.
    """

    schedules: int = 0
    whole_cycles: int = 0
    longest: int = 0
    kinds: set[str] = field(default_factory=set)
    per_bound: list[tuple[int, int]] = field(default_factory=list)


Choice = tuple[Point, Deviation]


class Walk:
    """One walk through a scene."""

    def __init__(self, scene: Scene, seconds: float = inf) -> None:
        self.found = Walked(scene.name)
        self._started, self._seconds = time.process_time(), seconds
        self._came_by: dict[tuple[int, Off], tuple[int, int]] = {}  # which schedule, and after how many moves
        self._ends: dict[int, tuple[int, bool]] = {}  # of each schedule: how long it is; whether all had their leases
        self._forms: set[int] = set()
        self._first = begin(scene)

    def default(self) -> list[Point]:
        """The default schedule."""
        points = self._to_the_end(self._first, (), Way(None, []))
        self.found.per_bound.append((1, 1))
        return points

    def deviating(self, choices: list[Choice], of: int, keep: bool = False) -> list[Point]:
        """Each of these, while there is time; `of`: how many there are in all.  If they are kept, the new points."""
        points: list[Point] = []
        done = 0
        for choice in choices:
            if self.found.wrong or self.spent() >= self._seconds:
                break
            for new in self._deviate(*choice):
                points += new if keep else []
            done += 1
        self.found.per_bound.append((done, of))
        return points

    def spent(self) -> float:
        """Seconds of this processor."""
        self.found.states, self.found.seconds = len(self._forms), time.process_time() - self._started
        return self.found.seconds

    def _deviate(self, point: Point, deviation: Deviation) -> Iterator[list[Point]]:
        self.found.kinds.add(deviation.kind)
        if deviation.move is None:
            yield self._to_the_end(point.world, deviation.off, Way(point, []))
            return
        for step, new in draws(point.world, deviation.move):
            if deviation.default and not any(step[1]):
                continue
            way = Way(point, [step])
            if self._is_right(new, way):
                yield self._to_the_end(new, after(new, deviation.off, deviation.move), way)
            if self.found.wrong:
                return

    def _to_the_end(self, world: World, off: Off, way: Way) -> list[Point]:
        """The default schedule from here on; what nobody came by before."""
        self.found.schedules += 1
        number, begun, points = self.found.schedules, len(way), list[Point]()
        while (met := self._came_by.get(key := (form_of(world), off))) is None:
            self._came_by[key] = (number, begun + len(points))
            self._forms.add(key[0])
            points.append(Point(world, off, way, len(way.steps)))
            if is_at_its_end(world, off):
                self._ended(number, len(way), all(client.lease is not None for client in world.clients))
                return points
            move = coming(world, off)
            if move is None:
                self._tell(["I9: nothing comes next, and not all is free"], way)
                return points
            world = play(world, move)
            way.steps.append((move, ()))
            if not self._is_right(world, way):
                return points
            off = after(world, off, move)
        self._met(number, len(way), *met, way)
        return points

    def _met(self, number: int, length: int, other: int, place: int, way: Way) -> None:
        if other == number:
            self._tell(["I9: it goes round for ever without faults"], way)
            return
        its_length, whole = self._ends[other]
        self._ended(number, length + its_length - place, whole)

    def _ended(self, number: int, length: int, whole: bool) -> None:
        self._ends[number] = (length, whole)
        self.found.whole_cycles += whole
        self.found.longest = self.found.depth = max(self.found.longest, length)

    def _is_right(self, world: World, way: Way) -> bool:
        self.found.transitions += 1
        if wrong := list(dict.fromkeys(world.stage.wrong)):
            self._tell(wrong, way)
        return not wrong

    def _tell(self, wrong: list[str], way: Way) -> None:
        self.found.wrong, self.found.path = wrong, way.all_steps()


def all_choices(points: list[Point]) -> list[Choice]:
    """All deviations there are at these points."""
    return [(point, one) for point in points for one in deviations(point.world, point.off)]


def share(choices: list[Choice], every: int, first: int = 0) -> list[Choice]:
    """Of each kind of deviation every so manieth, and at least one."""
    ordered = sorted(choices, key=lambda choice: choice[1].kind)
    chosen: list[Choice] = []
    for _, group in groupby(ordered, key=lambda choice: choice[1].kind):
        same = list(group)
        chosen += same[first % min(every, len(same)) :: every]
    return chosen


def walk(
    scene: Scene, bound: int = 1, every: int = 1, seconds: float = inf, seed: int = 1,
    report: Callable[[Walked], None] = lambda _: None,
) -> Walked:  # fmt: skip
    """Up to `bound` deviations; of the last of them a share, if `every` says so.  All in an order that is drawn by the
    seed, until there is no time left.
    """
    one, rng = Walk(scene, seconds), random.Random(seed)
    points = one.default()
    for number in range(1, bound + 1):
        choices = all_choices(points)
        chosen = share(choices, every, seed) if number == bound else choices
        rng.shuffle(chosen)
        points = one.deviating(chosen, len(choices), keep=number < bound)
        one.spent()
        report(one.found)
    one.spent()
    return one.found
