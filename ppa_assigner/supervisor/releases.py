"""Releases that Launchpad's absence put off: they are carried out when it is back, and nobody has to ask again.

Rule: only a lease that was read here is taken over, one for each PPA at the most; it is over for all from then on.
A restart forgets it: then the lease ends at its time, or whoever asks again releases it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from ..automaton.events import Command, Denied, Outcome, Refusal, Release
from ..backoff import PUT_OFF_RELEASE, jitter_of
from ..clock import LaunchpadClock
from ..journal import about
from ..record import State
from ..reference import Reference
from ..views import Condition, Snapshot
from .crew import Crew
from .timer import Timed, Timer

log = logging.getLogger(__name__)


class Calls(Protocol):
    """What a release that is put off needs of the office."""

    clock: LaunchpadClock
    crew: Crew
    timer: Timer
    total: float
    stopping: bool

    def at(self, moment: float, call: Callable[[], None]) -> Timed:
        """Decide something when the boot-time clock shows `moment`."""

    def order(self, ppa: Reference, command: Callable[[int], Command], on: Callable[[Outcome], None]) -> int:
        """Give a worker a command; `on` gets each outcome."""


@dataclass(eq=False, slots=True)
class _PutOff:
    """A release whose next try is `timed`; so many `failed`."""

    ppa: Reference
    lease: str
    failed: int = 0
    trying: bool = False
    timed: Timed | None = None


class Releases:
    """Every method is called under the office's lock."""

    def __init__(self, office: Calls) -> None:
        self._office = office
        self._put_off: dict[Reference, _PutOff] = {}

    def __len__(self) -> int:
        return len(self._put_off)

    def __contains__(self, lease: str | None) -> bool:
        return any(each.lease == lease for each in self._put_off.values())

    def take(self, ppa: Reference, lease: str) -> bool:
        """Carry this release out as soon as that can be done.  False: as far as is known that PPA does not hold it."""
        if self._office.stopping or not self._holds(ppa, lease):
            return False
        before = self._put_off.get(ppa)
        if before is None or before.lease != lease:
            log.info("%s: the release of its lease waits for Launchpad", ppa, extra=about(ppa=ppa))
            one = self._put_off[ppa] = _PutOff(ppa, lease)
            self._time(one)
        return True

    def seen(self, snapshot: Snapshot) -> None:
        """A PPA is now this: it may have come back, or its lease is over."""
        one = self._put_off.get(snapshot.ppa)
        if one is None:
            return
        if not self._holds(one.ppa, one.lease):
            del self._put_off[one.ppa]
        elif snapshot.condition not in (Condition.UNREACHABLE, Condition.MISSING):
            self._try(one)

    def _holds(self, ppa: Reference, lease: str) -> bool:
        """Whether a release has something to do there, for all that is known: what cannot be read may come back."""
        member = self._office.crew.get(ppa)
        record = member.snapshot.record if member is not None else None
        return record is not None and record.lease == lease and record.state is State.USED

    def _try(self, one: _PutOff) -> None:
        if self._put_off.get(one.ppa) is not one or one.trying:
            return
        if not self._holds(one.ppa, one.lease):
            del self._put_off[one.ppa]
            return
        one.trying, deadline = True, self._office.clock.boot() + self._office.total
        self._office.order(
            one.ppa,
            lambda token: Release(token=token, deadline=deadline, lease=one.lease),
            partial(self._tried, one),
        )

    def _tried(self, one: _PutOff, outcome: Outcome) -> None:
        if isinstance(outcome, Denied) and outcome.why is Refusal.IN_DOUBT:
            return  # settled by its worker, whatever that takes
        one.trying = False
        if self._put_off.get(one.ppa) is not one:
            return
        if not isinstance(outcome, Denied) or not self._holds(one.ppa, one.lease):
            del self._put_off[one.ppa]
            return
        one.failed += 1
        self._time(one)

    def _time(self, one: _PutOff) -> None:
        """The next try by itself: one at a time, however often a look leads to another."""
        if one.timed is not None:
            self._office.timer.cancel(one.timed)
        pause = PUT_OFF_RELEASE.pause(one.failed, jitter_of(f"{one.lease} {one.failed}"))
        one.timed = self._office.at(self._office.clock.boot() + pause, partial(self._try, one))
