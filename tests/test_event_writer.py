"""What happens to a PPA is told once, with the reason, as loud as it should be."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

import pytest

from ppa_assigner.automaton.state import OCCUPIED
from ppa_assigner.reference import Reference
from ppa_assigner.supervisor.event_log import EventLog, EventWriter
from ppa_assigner.views import Condition, Snapshot
from tests.automaton.lab import World
from tests.fakecrew import Desk, ref
from tests.settings import settings

PPA = Reference("ci", "ubuntu", "one")
NOW = datetime(2026, 11, 25, tzinfo=UTC)
C = Condition


def told(caplog: pytest.LogCaptureFixture, *seen: tuple[Condition, str | None]) -> list[tuple[str, str]]:
    """Level and text of the lines that these snapshots lead to, one after the other."""
    writer = EventWriter(EventLog(), lambda: NOW)
    with caplog.at_level(logging.INFO):
        for condition, fault in seen:
            writer.changed(Snapshot(PPA, "default", None, condition, NOW, None, fault, occupied=fault == OCCUPIED))
    return [(record.levelname, record.getMessage()) for record in caplog.records]


def test_a_ppa_that_is_gone_is_a_warning_with_the_reason_and_once(caplog: pytest.LogCaptureFixture) -> None:
    """However many looks do not find it; and so is that it is back, as news."""
    gone = (C.MISSING, "404 Not Found")
    assert told(caplog, (C.OK, None), gone, gone, gone, (C.OK, None)) == [
        ("WARNING", f"{PPA}: ok -> missing: 404 Not Found"), ("INFO", f"{PPA}: missing -> ok"),
    ]  # fmt: skip


def test_what_is_wrong_from_the_start_is_told(caplog: pytest.LogCaptureFixture) -> None:
    """Not so that it is in order."""
    assert told(caplog, (C.MISSING, "404")) == [("WARNING", f"{PPA}: not seen before -> missing: 404")]
    caplog.clear()
    assert told(caplog, (C.UNREACHABLE, "down"), (C.OK, None)) == []


def test_an_outage_is_not_told_for_each_ppa(caplog: pytest.LogCaptureFixture) -> None:
    """Who looks tells it once for all."""
    assert told(caplog, (C.OK, None), (C.UNREACHABLE, "down"), (C.OK, None)) == []


def test_somebodys_packages_are_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    """A PPA without a record is looked into first: an empty one is taken in, and nobody need look."""
    assert told(caplog, (C.UNMANAGED, None), (C.OK, None)) == []
    caplog.clear()
    occupied = (C.UNMANAGED, OCCUPIED)
    assert told(caplog, (C.UNMANAGED, None), occupied, occupied) == [
        ("WARNING", f"{PPA}: not seen before -> unmanaged: {OCCUPIED}")
    ]


def test_a_ppa_with_packages_and_no_record_says_so() -> None:
    """In its fault, until it has a record."""
    world = World()
    item = world.launchpad.upload(world.ppa, "theirs")
    runner = world.start()
    runner.look()
    runner.tick()
    shown = runner.known.snapshot()
    assert (shown.condition, shown.fault, shown.occupied) == (C.UNMANAGED, OCCUPIED, True)
    item.active = False
    runner.until(lambda: runner.known.condition is C.OK)
    assert (runner.known.fault, runner.known.snapshot().occupied) == (None, False)


def test_a_ppa_that_a_reload_let_go_is_forgotten() -> None:
    """Should it come back it is new, so what is the matter with it is told again."""
    made = Desk("a", "b")
    made["a"].free()
    for names in ("a", "ab"):
        made["b"].show(None, C.UNREADABLE, "2 record lines")
        made.supervisor.reload(settings(*map(ref, names)))
    made["b"].show(None, C.UNREADABLE, "2 record lines")
    events, _ = made.supervisor.events.since(0)
    assert [event.data["from"] for event in events if event.ppa == ref("b")] == [None, None]
