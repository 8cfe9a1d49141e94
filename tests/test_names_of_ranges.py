"""Which names of a growing pool's range are used, and how many requests it takes to know that."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ppa_assigner.port import Look, Unavailable
from ppa_assigner.reference import Reference
from ppa_assigner.supervisor.events import NamesSeen, Poll
from ppa_assigner.supervisor.names import NameReader, NamesFound
from ppa_assigner.supervisor.poller import Poller
from ppa_assigner.times import boottime

from .memory import MemoryLaunchpad

NAMES = tuple(Reference("team", "ubuntu", f"g{number}") for number in range(1, 6))
FIRST, SECOND, THIRD = NAMES[:3]


@pytest.fixture
def launchpad() -> MemoryLaunchpad:
    """The first two names are there, the third was deleted."""
    launchpad = MemoryLaunchpad(boottime)
    launchpad.add(*map(str, NAMES[:3]))
    launchpad.delete_ppa(THIRD)
    return launchpad


def look(launchpad: MemoryLaunchpad, requests: int = 1, without: tuple[Reference, ...] = ()) -> Look:
    """A listing of so many pages, which left these out."""
    found = launchpad.look("team")
    assert isinstance(found, Look)
    launchpad.log.clear()
    entries = {ppa: entry for ppa, entry in found.entries.items() if ppa not in without}
    return replace(found, entries=entries, named=found.named - set(without), requests=requests)


def find(launchpad: MemoryLaunchpad, seen: Look, *known: Reference, listed: bool = True) -> NamesFound:
    """What the names are."""
    found = NameReader(launchpad).find(seen, [NAMES], known, listed=listed)
    assert isinstance(found, NamesFound)
    return found


def test_one_page_shows_all_of_it(launchpad: MemoryLaunchpad) -> None:
    """Names of deleted PPAs are not used again."""
    found = find(launchpad, look(launchpad))
    assert found.present == {FIRST, SECOND}
    assert found.gone == {THIRD}
    assert found.first_unknown(NAMES) == NAMES[3]
    assert launchpad.log == []


def test_what_a_longer_listing_left_out_is_read(launchpad: MemoryLaunchpad) -> None:
    """Pages are not a snapshot: up to the first name that no PPA has or had, and no further."""
    found = find(launchpad, look(launchpad, requests=2, without=(SECOND, THIRD._replace(name="g3-deletedppa"))))
    assert found.present == {FIRST, SECOND}
    assert found.gone == {THIRD}
    assert set(found.entries) == {SECOND}
    asked = [(request.what, request.ppa) for request in launchpad.log]
    assert asked == [
        ("read", SECOND), ("read", THIRD), ("deleted", THIRD), ("read", NAMES[3]), ("deleted", NAMES[3]),
    ]  # fmt: skip


def test_without_a_listing_all_names_but_the_known_ones_are_read(launchpad: MemoryLaunchpad) -> None:
    """Also one that is being deleted, which still has its name."""
    launchpad.archives[SECOND].status = "Deleting"
    found = find(launchpad, look(launchpad), FIRST, listed=False)
    assert found.present == {FIRST, SECOND}
    assert not found.whole


@pytest.mark.parametrize("what", ["read", "deleted"])
def test_a_name_that_cannot_be_read_is_not_unknown(launchpad: MemoryLaunchpad, what: str) -> None:
    """Then nothing is said of the names at all."""
    seen = look(launchpad, requests=2)
    launchpad.fault = lambda request: "down" if request.what == what else None
    assert isinstance(NameReader(launchpad).find(seen, [NAMES], (), listed=True), Unavailable)


def test_a_long_listing_is_read_every_tenth_time_only() -> None:
    """Deleted PPAs are listed for ever; where that costs more than reading the PPAs, they are read."""
    launchpad = MemoryLaunchpad(boottime)
    launchpad.add(str(FIRST))
    told: list[NamesSeen] = []
    numbers = iter(range(1, 100))
    listed: list[frozenset[str]] = [frozenset()]

    class Long(MemoryLaunchpad):
        """Its listings take eleven requests."""

        def look(self, owner: str, compare: bool = False) -> Look:
            seen = launchpad.look(owner, compare)
            assert isinstance(seen, Look)
            return replace(seen, requests=11)

        def __getattribute__(self, name: str) -> object:
            return super().__getattribute__(name) if name == "look" else getattr(launchpad, name)

    poller = Poller(
        Long(boottime), lambda: (next(numbers), (FIRST,)), lambda ppa, seen: None, every=60.0, observe=lambda _: None,
        plan=lambda number: Poll(number, (FIRST,), {"team": (NAMES,)}, listed[0]), tell_names=told.append,
    )  # fmt: skip
    for _ in range(11):
        poller.look()
    assert [request.what for request in launchpad.log].count("look") == 2
    assert [event.found.whole for event in told if event.found is not None] == [True, *[False] * 9, True]
    listed[0] = frozenset({"team"})
    poller.look()
    assert told[-1].found is not None
    assert told[-1].found.whole
