"""One lease that is followed, over a Launchpad in memory, with a clock that a test moves."""

from __future__ import annotations

from datetime import datetime

from ppa_assigner.reference import Reference
from ppa_assigner.uploads.following import Following, Waiting
from ppa_assigner.uploads.looks import FollowedLease, look, look_at_indexes
from ppa_assigner.uploads.model import Goal, Report, Wanted

from .reports import MemoryReports
from .seen import HELLO, NOW, SINCE

LEASE = FollowedLease("4c1f", Reference("ci", "ubuntu", "one"), SINCE, "~ann")
WANTED = Wanted(Goal.INSTALLABLE, (HELLO,))


def final(report: Report) -> bool:
    """Who waits for the end."""
    return report.final


class Place:
    """One lease, and a clock that a test moves."""

    def __init__(self, *wanted: Wanted, appear: float = 1200.0, holder: bool = True) -> None:
        self.reports, self.following, self.now = MemoryReports(), Following(LEASE), 1000.0
        self.waiting = [self.join(one, appear, holder=holder) for one in wanted]

    def join(self, wanted: Wanted, appear: float = 1200.0, *, holder: bool = True) -> Waiting:
        """Somebody begins to wait."""
        waiting = Waiting(wanted, appear, final, holder)
        self.following.join(waiting, self.now)
        return waiting

    def look(self, now: datetime = NOW) -> list[str]:
        """Look as the follower does; gives what was asked."""
        before = len(self.reports.asked)
        question = self.following.question(self.now)
        seen = self.following.index_alone(question, self.now)
        if seen is None:
            found = look(self.reports, self.following.known, question, now)
        else:
            found = look_at_indexes(self.reports, self.following.known, question, seen)
        self.following.looked(question, found, self.now, whole=seen is None)
        return self.reports.asked[before:]

    def changes(self) -> list[tuple[str, str | None, str]]:
        """What is told to all after a look: name, state before, state."""
        found = self.following.changes(self.following.question(self.now))
        return [(one.name, before, one.state.value) for before, one in found]

    def report(self, number: int = 0) -> Report:
        """What is known to one who waits."""
        return self.following.report(self.waiting[number], self.now)
