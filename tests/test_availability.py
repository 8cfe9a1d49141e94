"""Whether Launchpad answers, as the looks at each owner tell it."""

from __future__ import annotations

from datetime import datetime, timedelta

from ppa_assigner.supervisor.poller import Availability
from ppa_assigner.views import LaunchpadStatus

from .memory import START

BOTH = frozenset({"a", "b"})


class Ticking:
    """A clock that moves with each look at it."""

    def __init__(self) -> None:
        self.at = START

    def __call__(self) -> datetime:
        self.at += timedelta(seconds=1)
        return self.at


def test_an_outage_has_a_begin_a_reason_and_an_end() -> None:
    """What is known stays with the same `since` until it changes; the reason is the latest."""
    availability = Availability(Ticking())
    begun = availability.state.since
    assert availability.state == LaunchpadStatus(False, begun, "it was not asked yet")
    availability.heard("a", "not logged in", BOTH)
    assert availability.state == LaunchpadStatus(False, begun, "not logged in")
    availability.heard("a", None, BOTH)
    well = availability.state
    assert (well.ok, well.why) == (True, None)
    assert well.since > begun
    availability.heard("b", None, BOTH)
    assert availability.state == well
    availability.heard("a", "503", BOTH)
    assert (availability.state.ok, availability.state.why) == (False, "~a: 503")
    away = availability.state.since
    availability.heard("b", "503", BOTH)
    assert availability.state == LaunchpadStatus(False, away, "503")
    availability.heard("a", None, BOTH)
    assert availability.state == LaunchpadStatus(False, away, "~b: 503")
    availability.heard("b", None, BOTH)
    assert availability.state.ok
    assert availability.state.since > away


def test_an_owner_that_is_looked_at_no_more_is_forgotten() -> None:
    """A reload took the PPAs whose owner could not be looked at from the list."""
    availability = Availability(Ticking())
    availability.heard("b", "500", BOTH)
    availability.heard("a", None, {"a"})
    assert availability.state.ok
