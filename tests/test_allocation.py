"""Which of those who wait get which of the free PPAs, held to a plain reading of the rules; and, by search over small
closed worlds, that nobody starves and that nobody keeps the others from what they could have.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import permutations

from hypothesis import given, strategies as st

from ppa_assigner.supervisor.allocation import Allocation, QueuedWish, Skip, allocate
from ppa_assigner.supervisor.shares import key_at

Wish = QueuedWish[int]
Shape = tuple[frozenset[str], ...]
PPAS = "abcdef"


def among(free: Sequence[str]) -> Callable[[Wish, int], list[str]]:
    """What `allocate` is to choose from."""
    return lambda wish, number: [ppa for ppa in free if fits(wish, number, ppa)]


def fits(wish: Wish, number: int, ppa: str) -> bool:
    """A wish's shape names, for each thing that it wants, those that can be that."""
    assert isinstance(wish.shape, tuple)
    return ppa in wish.shape[number]


def wish(number: int, *wants: str, **facts: object) -> Wish:
    """One that wants one of each of these sets of letters; `needs` says how many of each, if not one."""
    shape = tuple(frozenset(want) for want in wants)
    return replace(QueuedWish(number, (1,) * len(wants), shape=shape), **facts)  # type: ignore[arg-type]


# -- one decision, held to a plain reading -----------------------------------------------------------------------------

_SETS = st.sets(st.sampled_from(PPAS), min_size=1).map(frozenset)
_WANTS = st.lists(st.tuples(_SETS, st.integers(1, 2)), min_size=1, max_size=2)
_QUOTAS = st.sampled_from([(), (("x", 1),), (("x", 2),), (("y", 1), ("x", 1))])
_WISHES = st.builds(
    lambda wants, quotas, ready, patient, away, drawn: QueuedWish(
        0, tuple(many for _, many in wants), quotas, tuple(which for which, _ in wants), ready, patient, away, drawn,
    ),
    _WANTS, _QUOTAS, st.booleans(), st.booleans(), st.booleans(), st.none() | st.integers(0, 9),
)  # fmt: skip
_LINES = st.lists(_WISHES, max_size=6).map(lambda found: [replace(each, id=n) for n, each in enumerate(found)])


def most(each: Wish, ppas: Sequence[str]) -> int:
    """How many of these it could use at once, by trying all ways."""
    slots = [number for number, many in enumerate(each.needs) for _ in range(many)]
    ways = permutations([*ppas, *[None] * len(slots)], len(slots))
    return max(sum(p is not None and fits(each, n, p) for n, p in zip(slots, way, strict=True)) for way in ways)


@given(_LINES, st.permutations(PPAS).flatmap(lambda ppas: st.integers(0, 4).map(lambda n: ppas[:n])), st.integers(0, 3))
def test_each_wish_of_a_line_is_in_its_case(line: list[Wish], free: list[str], room: int) -> None:
    """Read one after the other, as the rules say it; so many PPAs as it could use at once, and never more."""
    lendable = frozenset("abcde")
    found = allocate(
        line,
        free,
        among(free),
        lambda quota: room if quota == "x" else None,
        lambda each: most(each, sorted(lendable)) == sum(each.needs),
    )
    left, away, wanted = list(free), set[str](), 0
    for each in line:
        many, mine = sum(each.needs), dict(each.quotas).get("x", 0)
        over = mine and wanted + mine > room
        wanted += mine
        got = found.served.get(each.id, ()) + found.kept.get(each.id, ())
        if not left:  # nothing is left to decide about
            assert not got
            assert each.id not in found.skipped
            continue
        if over or most(each, sorted(lendable)) < many:
            assert found.skipped[each.id] is (Skip.QUOTA if over else Skip.HOPELESS)
            assert not got
            continue
        assert each.id not in found.skipped
        may_have = [ppa for ppa in left if not each.patient or ppa not in away]
        assert set(got) <= set(may_have)
        assert len(set(got)) == len(got) == most(each, may_have) == most(each, got)
        assert (each.id in found.served) is (len(got) == many and each.ready and not each.away)
        if each.away:
            away |= set(got)
        else:
            left = [ppa for ppa in left if ppa not in got]


@given(st.lists(_SETS, min_size=1, max_size=6), st.permutations(PPAS))
def test_of_those_that_fit_the_one_is_taken_that_the_fewest_others_could_use(
    wants: list[frozenset[str]], free: list[str]
) -> None:
    """And of those the one that has been free longest."""
    line = [QueuedWish(number, shape=(want,)) for number, want in enumerate(wants)]
    found, left = allocate(line, free, among(free)), list(free)
    for number, want in enumerate(wants):
        fit = [ppa for ppa in left if ppa in want]
        if fit:
            best = min(fit, key=lambda ppa: sum(ppa in other for other in wants[number:]))
            assert found.served[number] == (best,)
            left.remove(best)
        else:
            assert number not in found.served


def test_after_a_lost_race_those_that_are_wanted_alike_are_taken_by_lot() -> None:
    """For two daemons that both take the one that has been free longest collide at every burst."""
    line = [wish(0, "abc", drawn=5), wish(1, "a")]
    assert allocate(line, "abc", among("abc")).served == {0: ("c",), 1: ("a",)}


def test_what_one_of_several_wants_has_is_given_to_another_that_can_use_nothing_else() -> None:
    """A group of any PPA and of a certain one does not take the certain one for the other."""
    assert allocate([wish(0, "ab", "a")], "ab", among("ab")).served == {0: ("b", "a")}
    assert allocate([wish(0, "a", "ab")], "ab", among("ab")).served == {0: ("a", "b")}


def test_what_any_part_of_a_group_could_use_is_left_to_it() -> None:
    """Not only what its first part could."""
    assert allocate([wish(0, "ab"), wish(1, "c", "a")], "abc", among("abc")).served == {0: ("b",), 1: ("c", "a")}


def test_who_cannot_wait_takes_first_what_is_left_to_nobody() -> None:
    """And what is kept for those who are away only if there is nothing else."""
    away, others = wish(0, "ab", away=True), [wish(number, "ab", patient=False) for number in (1, 2)]
    found = allocate([away, *others], "ab", among("ab"))
    assert (found.kept, found.served) == ({0: ("a",)}, {1: ("b",), 2: ("a",)})


def test_all_that_came_before_count_for_a_quota() -> None:
    """Two are not one: the third of a client that may have two is skipped."""
    line = [wish(number, "abc", quotas=(("x", 1),)) for number in range(3)]
    found = allocate(line, "abc", among("abc"), lambda _: 2)
    assert (found.served, found.skipped) == ({0: ("a",), 1: ("b",)}, {2: Skip.QUOTA})


# -- the order ---------------------------------------------------------------------------------------------------------


def test_without_priorities_who_asked_first_comes_first() -> None:
    """The key is when it was first asked for, to the last bit."""
    assert key_at(1764512345.678901, 0, 7, 600.0, 0.0) == 1764512345.678901


@given(st.floats(1e9, 2e9), st.integers(0, 100), st.integers(0, 50), st.integers(0, 100))
def test_nobody_that_asks_late_enough_comes_before(first: float, priority: int, has: int, other: int) -> None:
    """However high its priority: no priority is worth more than 100 steps."""
    waits = key_at(first, priority, has, 600.0, 30.0)
    assert waits < key_at(first + 100 * 600.0 + has * 30.0 + 1.0, other, 0, 600.0, 30.0)


def test_a_priority_is_worth_its_steps_and_what_one_has_costs_its_own() -> None:
    """Ten minutes each, and half a minute each."""
    assert key_at(10_000.0, 2, 3, 600.0, 30.0) == 10_000.0 - 1200.0 + 90.0


# -- nobody starves ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Group:
    """Who asks, and for how many of each pool; a pool is named by its PPAs' first letters."""

    client: str
    want: Mapping[str, int]

    def wish(self, number: int) -> Wish:
        """It in a line."""
        return QueuedWish(
            number, tuple(self.want.values()), ((self.client, sum(self.want.values())),), tuple(self.want)
        )


@dataclass(frozen=True)
class World:
    """PPAs by their names, the first letter of each its pool; wishes in the order of their keys, and kinds of wishes
    that come behind them, again and again.  Some PPAs are `used` at first, `by` a client.  A lease may end at any
    time; those in `lasting` never do, those in `broken` are out of service.  `quota`: how many each client may have.
    """

    ppas: tuple[str, ...]
    line: tuple[Group, ...]
    come: tuple[Group, ...] = ()
    used: tuple[str, ...] = ()
    by: str = "?"
    lasting: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()
    quota: Mapping[str, int] | None = None


State = tuple[tuple[str, ...], tuple[int, ...]]
"""Who has each PPA (a client's name; empty: it is free), and who waits, in order."""


class Search:
    """All states of a world; what is asked of it is asked of the wish `number`."""

    def __init__(self, world: World, number: int, *, skips: bool = True) -> None:
        """`skips`: those for whom all PPAs are not enough are skipped."""
        self.world, self.number, self.skips = world, number, skips
        self.groups = (*world.line, *world.come)
        first = tuple("*" if p in world.broken else world.by if p in world.used else "" for p in world.ppas)
        self.steps: dict[State, list[tuple[str, State]]] = {}
        todo: list[State] = [(first, tuple(range(len(world.line))))]
        while todo:
            state = todo.pop()
            if state not in self.steps:
                self.steps[state] = list(self.next(state))
                todo += [after for _, after in self.steps[state]]

    def allocation(self, state: State) -> Allocation[int, str]:
        """What the rules say now."""
        has, waits = state
        free = [ppa for ppa, who in zip(self.world.ppas, has, strict=True) if not who]
        held = Counter(has)
        room: dict[Hashable, int] = {client: most - held[client] for client, most in (self.world.quota or {}).items()}
        lendable = Counter(ppa[0] for ppa in self.world.ppas if ppa not in self.world.broken)
        return allocate(
            [self.groups[number].wish(number) for number in waits], free,
            lambda each, number: [ppa for ppa in free if ppa[0] == each.shape[number]],  # type: ignore[index]
            room.get,
            lambda each: not self.skips or all(lendable[p] >= many for p, many in self.groups[each.id].want.items()),
        )  # fmt: skip

    def next(self, state: State) -> Iterator[tuple[str, State]]:
        """What may happen next, and what is then."""
        has, waits = state
        if served := self.allocation(state).served:
            got = {ppa: self.groups[number].client for number, ppas in served.items() for ppa in ppas}
            now = tuple(got.get(ppa, who) for ppa, who in zip(self.world.ppas, has, strict=True))
            yield "serves", (now, tuple(number for number in waits if number not in served))
            return
        for number in range(len(self.world.line), len(self.groups)):
            if number not in waits:
                yield "comes", (has, (*waits, number))
        for at, ppa in enumerate(self.world.ppas):
            if has[at] not in ("", "*") and ppa not in self.world.lasting:
                yield f"ends {ppa}", ((*has[:at], "", *has[at + 1 :]), waits)

    def waits(self, state: State) -> bool:
        """Whether the wish that is asked about is not served."""
        return self.number in state[1]

    def locked(self) -> bool:
        """Whether there is a state from which it is served no more."""
        served = {state for state in self.steps if not self.waits(state)}
        while more := {s for s, steps in self.steps.items() if s not in served and any(a in served for _, a in steps)}:
            served |= more
        return len(served) < len(self.steps)

    def starves(self) -> bool:
        """Whether others can be served again and again while it waits, though all leases that can end do."""
        return any(self._unfair(component) for component in self._components())

    def _unfair(self, component: set[State]) -> bool:
        inside = [what for state in component for what, after in self.steps[state] if after in component]
        used = {p for p in self.world.ppas if p not in (*self.world.lasting, *self.world.broken)}
        idle = {p for at, p in enumerate(self.world.ppas) if all(not state[0][at] for state in component)}
        return "serves" in inside and used - idle <= {what.removeprefix("ends ") for what in inside}

    def _components(self) -> Iterator[set[State]]:
        """The sets of states in which it waits, and which can be gone around for ever."""
        ahead = {s: [a for _, a in steps if self.waits(a)] for s, steps in self.steps.items() if self.waits(s)}
        back: dict[State, list[State]] = {state: [] for state in ahead}
        for state, after in ahead.items():
            for each in after:
                back[each].append(state)
        left = set(ahead)
        while left:
            one = next(iter(left))
            component = reached(one, ahead) & reached(one, back) & left
            left -= component
            yield component


def reached(start: State, steps: Mapping[State, list[State]]) -> set[State]:
    """All that can be come to from there."""
    seen, todo = {start}, [start]
    while todo:
        new = [each for each in steps[todo.pop()] if each not in seen]
        seen.update(new)
        todo += new
    return seen


TWO = ("a1", "a2", "b1", "b2")
X, Y, Z = (Group("x", {"a": 1, "b": 1}), Group("y", {"a": 1, "b": 1}), Group("z", {"a": 1}))
SINGLE_B = Group("z", {"b": 1})
WORLDS = {
    "two groups over both pools, and single ones come": World(
        TWO, (Group("x", {"a": 2, "b": 1}), Group("y", {"a": 1, "b": 2})), (Z, SINGLE_B), used=("a1", "b1")
    ),
    "the first waits for a lease that lasts, the second in another pool where single ones come": World(
        TWO, (Group("x", {"a": 2}), Group("y", {"b": 2})), (SINGLE_B,), used=("a1", "b1"), lasting=("a1",)
    ),
    "the first needs a pool that is out of service": World(("a1", "b1"), (X, Z), (Z,), broken=("b1",)),
    "the first needs one of two that are free, and one that lasts": World(
        ("a1", "a2", "b1"), (X, Z), used=("b1",), lasting=("b1",)
    ),
    "a group as large as its client's quota, whose single ones come": World(
        ("a1", "a2", "a3"), (Group("c", {"a": 2}),), (Group("c", {"a": 1}), Group("d", {"a": 1})),
        used=("a1",), by="c", quota={"c": 2},
    ),
    "all together": World(
        TWO,
        (Group("x", {"a": 2, "b": 1}), Group("c", {"a": 1, "b": 1}), Group("y", {"b": 2})),
        (SINGLE_B, Group("c", {"a": 1})), used=("a1", "b1"), quota={"c": 2},
    ),
}  # fmt: skip


def test_nobody_starves_and_nobody_is_locked_out() -> None:
    """In none of these worlds, whichever wish is asked about; those that need what is out of service, or lasts, aside:
    they alone wait.
    """
    for name, world in WORLDS.items():
        for number, group in enumerate(world.line):
            out = (*world.broken, *world.lasting)
            usable = Counter(ppa[0] for ppa in world.ppas if ppa not in out)
            if all(usable[pool] >= many for pool, many in group.want.items()):
                search = Search(world, number)
                assert not search.locked(), (name, number)
                assert not search.starves(), (name, number)


def test_who_is_not_skipped_though_all_ppas_are_not_enough_keeps_others_out() -> None:
    """So the search finds what it is there to find."""
    world = WORLDS["the first needs a pool that is out of service"]
    assert Search(world, 1, skips=False).locked()
    assert not Search(world, 1).locked()
