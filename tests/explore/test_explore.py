"""Every interleaving, breadth first: both real machines, two daemons, and all that may go wrong.

What is the model: Launchpad (in memory, each request one step), clients, time, and when what arrives.  A worker has one
mailbox, which is emptied whenever it has no request under way; the look and the passing of time are moves like others.
The bounds of each exploration are in `scenes`: within them it is exhaustive.  Some close, which means that no state was
left out; the others are complete to the depth that they tell.  `make explore` goes on where these end.
How the full one is walked to its end, past any such depth, is said in `deviating`.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .form import form_of
from .moves import moves, play
from .mutant import Mutant
from .mutants import MUTANTS
from .scene import Scene
from .scenes import FULL, ONE_CLIENT, REDUCED
from .search import Bounds, begin, explore, successors, told_in_words
from .world import World

SHALLOW = 150


@pytest.mark.parametrize(("scene", "bounds"), REDUCED, ids=lambda one: one.name if isinstance(one, Scene) else "")
def test_all_that_can_happen_keeps_the_invariants(
    scene: Scene, bounds: Bounds, record_property: Callable[[str, object], None]
) -> None:
    """I1 to I8 in every state, and from a share of them I9: without faults all PPAs are free at last."""
    found = explore(scene, bounds)
    assert not found.wrong, told_in_words(scene, found)
    assert found.closed or found.states >= bounds.states
    assert found.lively > 0
    record_property("states explored", found.states)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_unbroken_the_scene_of_a_mutant_shows_nothing(
    mutant: Mutant, record_property: Callable[[str, object], None]
) -> None:
    """What is found in a mutant is the mutant's."""
    found = explore(mutant.scene, Bounds(states=SHALLOW, lively_every=10 if mutant.lively else 0))
    assert not found.wrong, told_in_words(mutant.scene, found)
    record_property("states explored", found.states)


def test_the_scene_that_closes_has_a_whole_lease_cycle() -> None:
    """Free, used, dirty and free again, by moves that the exploration makes."""
    world, states = begin(ONE_CLIENT), ["free"]
    way = iter([("ask", 0, 0), ("go", 0, 0), ("go", 0, 0), ("release", 0, 0)])
    while len(states) < 4:
        possible = list(moves(world))
        onward = next((move for move in possible if move[0] in ("go", "look", "time")), None)
        move = next(way, onward)
        assert move in possible
        world = play(world, move)
        assert not world.stage.wrong
        states += [_state(world)] if _state(world) != states[-1] else []
    assert states == ["free", "used", "dirty", "free"]


def test_a_world_is_not_changed_by_what_follows_it() -> None:
    """All successors of a world leave it as it was: no state is shared between them."""
    world = begin(FULL)
    for _ in range(12):
        before = form_of(world)
        following = [new for _, new in successors(world)]
        forms = [form_of(new) for new in following]
        for new in following:
            list(successors(new))
        assert form_of(world) == before
        assert [form_of(new) for new in following] == forms
        world = following[len(following) // 2]


def test_the_form_tells_worlds_apart_by_what_is_under_way() -> None:
    """Equal after the same moves although other names were drawn, different once one request more was answered."""
    first, second = begin(ONE_CLIENT), begin(ONE_CLIENT)
    assert form_of(first) == form_of(second)
    for move in (("ask", 0, 0), ("go", 0, 0), ("go", 0, 0)):
        last = form_of(first)
        first, second = play(first, move), play(second, move)
        assert form_of(first) == form_of(second) != last


def test_what_has_one_form_goes_on_in_one_way() -> None:
    """In the scene that closes: wherever a form is met again, the same forms follow as the first time."""
    first, queue, met = {form_of(world := begin(ONE_CLIENT)): _following(world)}, [world], 0
    for world in queue:
        for _, new in successors(world):
            form, following = form_of(new), _following(new)
            if form in first:
                met += 1
                assert following == first[form]
            else:
                first[form] = following
                queue.append(new)
    assert met > 100


def _following(world: World) -> frozenset[int]:
    return frozenset(form_of(new) for _, new in successors(world))


def _state(world: World) -> str:
    launchpad = world.launchpad
    (ppa,) = launchpad.archives
    record = launchpad.record(ppa)
    return record.state.value if record is not None else "none"
