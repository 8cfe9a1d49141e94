"""The machine's state is a value: it compares, copies and hashes, and what follows depends on nothing else."""

from __future__ import annotations

import copy
import dataclasses
from collections import deque
from random import Random
from typing import Any

import pytest

from ppa_assigner.supervisor.core import Core
from ppa_assigner.supervisor.machine import handle

from .copying import copied
from .moves import moves, play
from .scene import Scene
from .scenes import FULL, RESTARTED, WAITING
from .search import begin

MOVES = 60


def frozen(value: Any) -> Any:
    """The same value, for ever: equal ones have equal hashes."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in dataclasses.fields(value) if field.compare]
        return (type(value), *(frozen(getattr(value, name)) for name in names))
    match value:
        case dict():
            return frozenset((frozen(key), frozen(one)) for key, one in value.items())
        case set() | frozenset():
            return frozenset(map(frozen, value))
        case list() | tuple() | deque():
            return tuple(map(frozen, value))
    return value


@pytest.mark.parametrize("scene", [FULL, WAITING, RESTARTED], ids=lambda scene: scene.name)
@pytest.mark.parametrize("seed", range(3))
def test_what_follows_depends_on_the_state_and_the_events_alone(scene: Scene, seed: int) -> None:
    """A copy that is told the same is equal afterwards, has the same hash, and the original is as it was before."""
    rng, world, events = Random(seed), begin(scene), 0
    for _ in range(MOVES):
        if not (found := list(moves(world))):
            break
        before = {site.generation: copied(site.core) for site in world.sites if site is not None}
        kept = {generation: hash(frozen(core)) for generation, core in before.items()}
        following = play(world, rng.choice(found))
        for site, event, now in list(world.stage.told):
            if site.generation in before:
                handle(before[site.generation], event, now)
                events += 1
        for site in following.sites:
            if site is not None and site.generation in before:
                assert before[site.generation] == site.core
                assert hash(frozen(before[site.generation])) == hash(frozen(site.core))
        for site in world.sites:
            assert site is None or hash(frozen(site.core)) == kept[site.generation]
        world = following
    assert events > MOVES / 2


def test_a_state_is_made_of_values_only() -> None:
    """Python's own deep copy of it is equal and apart; it is changed by no event of the original's."""
    world = begin(FULL)
    (site, _) = world.sites
    assert site is not None
    other: Core = copy.deepcopy(site.core)
    assert other == site.core
    assert other is not site.core
    play(world, ("ask", 0, 0))
    assert other == site.core
    world = play(world, ("ask", 0, 0))
    assert world.sites[0] is not None
    assert other != world.sites[0].core
