"""Whether Launchpad answers, as the looks at each owner tell it."""

from __future__ import annotations

from datetime import datetime, timedelta

from ppa_assigner.supervisor.reach import Reach
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
    reach = Reach(Ticking())
    begun = reach.state.since
    assert reach.state == LaunchpadStatus(False, begun, "it was not asked yet")
    reach.heard("a", "not logged in", BOTH)
    assert reach.state == LaunchpadStatus(False, begun, "not logged in")
    reach.heard("a", None, BOTH)
    well = reach.state
    assert (well.ok, well.why) == (True, None)
    assert well.since > begun
    reach.heard("b", None, BOTH)
    assert reach.state == well
    reach.heard("a", "503", BOTH)
    assert (reach.state.ok, reach.state.why) == (False, "~a: 503")
    away = reach.state.since
    reach.heard("b", "503", BOTH)
    assert reach.state == LaunchpadStatus(False, away, "503")
    reach.heard("a", None, BOTH)
    assert reach.state == LaunchpadStatus(False, away, "~b: 503")
    reach.heard("b", None, BOTH)
    assert reach.state.ok
    assert reach.state.since > away


def test_an_owner_that_is_looked_at_no_more_is_forgotten() -> None:
    """A reload took the PPAs whose owner could not be looked at from the list."""
    reach = Reach(Ticking())
    reach.heard("b", "500", BOTH)
    reach.heard("a", None, {"a"})
    assert reach.state.ok
