"""The full configuration to the end: schedules that deviate from a whole lease cycle of both clients.

What is claimed is said in `deviating`.  Here a share of all schedules with one deviation is walked, of each kind of
deviation some; `make explore` walks all of them, and of those with two as many as its time allows.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from ppa_assigner.record import State
from ppa_assigner.reference import Reference

from .broken import found_in
from .deviating import Walk, all_choices, share, walk
from .mutants import BY_NAME
from .scenes import TO_THE_END
from .search import told_in_words
from .world import World

EVERY = 5
CAUGHT = (
    ("free before proof", "I2: "),  # on the default schedule already
    ("no answer is taken for success", "I1: "),  # where an answer is lost that would have come late
)


def test_some_schedules_with_one_deviation_end_well(record_property: Callable[[str, object], None]) -> None:
    """I1 to I8 in every state, and at the end all PPAs are free and both clients had their leases."""
    found = walk(TO_THE_END, bound=1, every=EVERY)
    assert not found.wrong, told_in_words(TO_THE_END, found)
    assert found.whole_cycles == found.schedules > 200
    record_property("schedules to the end", found.schedules)
    record_property("states explored", found.states)


def test_the_default_schedule_is_a_whole_lease_cycle_of_both_clients() -> None:
    """Both daemons serve, each client uploads, and each PPA is free, used, dirty and free again."""
    points = Walk(TO_THE_END).default()
    first, last = points[0].world, points[-1].world
    for ppa in last.launchpad.archives:
        states = [_state(point.world, ppa) for point in points]
        changes = [states[0], *(new for old, new in pairwise(states) if new != old)]
        assert changes == [State.FREE, State.USED, State.DIRTY, State.FREE]
        assert any(item.active for point in points for item in point.world.launchpad.archives[ppa].items)
        assert not any(item.active for item in last.launchpad.archives[ppa].items)
    assert {client.phase for client in first.clients} == {"apart"}
    assert {client.phase for client in last.clients} == {"over"}
    assert len({client.ppa for client in last.clients}) == 2
    assert last.left("touches") < first.left("touches") - 1


def test_a_share_has_some_of_each_kind() -> None:
    """Whatever the rotation begins with."""
    choices = all_choices(Walk(TO_THE_END).default())
    kinds = {deviation.kind for _, deviation in choices}
    for first in range(3):
        chosen = share(choices, EVERY, first)
        assert {deviation.kind for _, deviation in chosen} == kinds
        assert len(chosen) < len(choices) / 3


@pytest.mark.parametrize(("name", "finds"), CAUGHT)
def test_a_mutant_is_caught_in_the_full_configuration(
    name: str, finds: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """By schedules with one deviation, without a scene that was made for it."""
    told = found_in(BY_NAME[name], tmp_path, "deviating", "1", "1")
    assert f"{TO_THE_END.name}: {finds}" in told, told
    assert " moves:" in told
    record_property("mutants caught", 1)


def _state(world: World, ppa: Reference) -> State:
    record = world.launchpad.record(ppa)
    assert record is not None
    return record.state
