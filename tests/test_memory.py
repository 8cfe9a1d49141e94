"""The Launchpad in memory does with settings, indexes and history what the real one does."""

from __future__ import annotations

from ppa_assigner.port import ArchiveSettings, Conflict, Done, Entry, Leftovers, Refused, Unavailable, Unknown
from ppa_assigner.reference import Reference
from tests.memory import MemoryLaunchpad, Request

PPA = Reference("ci", "ubuntu", "one")


def world() -> tuple[MemoryLaunchpad, Entry]:
    """One PPA, as a read showed it."""
    lp = MemoryLaunchpad(lambda: 0.0)
    lp.add(str(PPA))
    entry = lp.read(PPA)
    assert isinstance(entry, Entry)
    return lp, entry


def count(answer: object) -> int:
    assert isinstance(answer, Leftovers)
    return answer.count


def test_indexes_lag_behind_and_the_disk_behind_them() -> None:
    """Deleted, then out of the index, then off the disk; the version is never forgotten."""
    lp, entry = world()
    item = lp.upload(PPA, "foo")
    assert (count(lp.index_leftovers(PPA)), count(lp.disk_leftovers(entry)), lp.was_published(entry, "foo", "1")) == (
        0,
        1,
        True,
    )
    lp.publish()
    lp.delete(item.publication, "over", 1.0)
    assert (count(lp.index_leftovers(PPA)), count(lp.disk_leftovers(entry))) == (1, 1)
    lp.publish()
    assert (count(lp.index_leftovers(PPA)), count(lp.disk_leftovers(entry))) == (0, 1)
    lp.death_row()
    assert (count(lp.disk_leftovers(entry)), lp.was_published(entry, "foo", "1")) == (0, True)
    assert lp.was_published(entry, "foo", "2") is False


def test_settings_are_what_was_set() -> None:
    """A dependency that is not there cannot be taken away."""
    lp, entry = world()
    assert isinstance(lp.add_dependency(entry, "ubuntu", 1.0), Done)
    assert isinstance(lp.set_processors(entry, ["riscv64"], 1.0), Done)
    found = lp.archive_settings(entry)
    assert isinstance(found, ArchiveSettings)
    assert (found.dependencies, found.processors) == (("ubuntu",), ("riscv64",))
    assert isinstance(lp.remove_dependency(entry, "ubuntu", 1.0), Done)
    assert isinstance(lp.remove_dependency(entry, "ubuntu", 1.0), Unavailable)


def test_fields_are_compared_and_swapped() -> None:
    """Another write makes an entry stale, whichever field it wrote; a late one lands only on what it knew."""
    lp, entry = world()
    told = lp.set_fields(entry, {"publish": False})
    assert isinstance(told, Entry)
    assert (told.publish, told.description) == (False, entry.description)
    assert isinstance(lp.set_fields(entry, {"publish": True}), Conflict)
    assert isinstance(lp.write(entry, "x"), Conflict)
    lp.fault = lambda request: "late"
    assert isinstance(lp.set_fields(told, {"displayname": "late"}), Unknown)
    assert lp.archives[PPA].displayname != "late"
    lp.land()
    assert lp.archives[PPA].displayname == "late"


def test_a_ppa_is_made_once() -> None:
    """Also when its answer is lost."""
    lp, _ = world()
    new = Reference("ci", "ubuntu", "new")

    def lost(request: Request) -> str | None:
        return "lost" if request.what == "create" else None

    lp.fault = lost
    assert isinstance(lp.create(new, "New", "text"), Unknown)
    lp.fault = lambda request: None
    assert isinstance(lp.create(new, "New", "other"), Refused)
    assert lp.archives[new].description == "text"
