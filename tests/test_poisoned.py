"""One PPA that is in trouble of its own, among others: nobody else is kept waiting for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ppa_assigner.access import EVERYBODY
from ppa_assigner.problems import Kind, Problem
from ppa_assigner.record import State
from ppa_assigner.views import AssignRequest, Condition

from .fleet import Fleet
from .waiting import until

POISON = 'ppa-assigner: {"v":1,"serial":%s,"nonce":"n","state":"dirty","since":"%s","touched":"%s","pool":"default"}'
TIME = "2026-11-25T03:00:00Z"
POISONS = {
    "a serial that cannot be read": POISON % ("9" * 4_301, TIME, TIME),
    "a serial that can be read and not written": POISON % ("9" * 4_300, TIME, TIME),
    "a serial of 4,000 digits": POISON % ("9" * 4_000, TIME, TIME),
    "the end of time": POISON % ("1", "9999-12-31T23:59:59Z", TIME),
    "the beginning of time": POISON % ("1", TIME, "0001-01-01T00:00:00Z"),
    "a mountain of brackets": "ppa-assigner: " + "[" * 100_000,
}


@pytest.fixture
def fleet() -> Iterator[Fleet]:
    """Three PPAs."""
    fleet = Fleet(3)
    yield fleet
    fleet.close()


@pytest.mark.parametrize("poison", POISONS.values(), ids=POISONS)
def test_a_poisoned_record_keeps_nobody_waiting(fleet: Fleet, poison: str) -> None:
    """Its PPA is unreadable, and was looked at; who asks again, or releases what no PPA knows, is answered."""
    poisoned = fleet.ppas[0]
    fleet.launchpad.archives[poisoned].description = poison
    daemon = fleet.daemon()
    until(lambda: fleet.states(daemon).count(State.FREE) == 2, "the others are free")
    until(lambda: daemon.snapshot(poisoned).condition is Condition.UNREADABLE, "it is unreadable")
    assert daemon.snapshot(poisoned).fault
    asked = daemon.assign(AssignRequest("me", "default", "r", attempt=3)).future.result(10)
    assert asked.ppa != poisoned
    refused = daemon.release("no such lease", EVERYBODY).exception(10)
    assert isinstance(refused, Problem)
    assert refused.kind is Kind.UNKNOWN_LEASE
    assert daemon.health().restarts == 0
    assert fleet.launchpad.archives[poisoned].description == poison
