"""Releases that Launchpad's absence put off: they are carried out when it is back, and nobody has to ask again.

Rule: only a lease that was read here is taken over, one for each PPA at the most; it is over for all from then on.
A restart forgets it: then the lease ends at its time, or whoever asks again releases it.
"""

from __future__ import annotations

from ..automaton.events import Denied, Outcome, Refusal, Release
from ..backoff import PUT_OFF_RELEASE, jitter_of
from ..record import State
from ..reference import Reference
from ..views import Condition
from .core import Core, PutOff
from .steps import ReleaseSeen, ReleasesLater, TryRelease


def take(core: Core, ppa: Reference, lease: str) -> bool:
    """Carry this release out as soon as that can be done.  False: as far as is known that PPA does not hold it."""
    if core.stopping or not _holds(core, ppa, lease):
        return False
    before = core.releases.put_off.get(ppa)
    if before is None or before.lease != lease:
        core.say(f"{ppa}: the release of its lease waits for Launchpad", ppa)
        core.releases.last += 1
        one = core.releases.put_off[ppa] = PutOff(core.releases.last, ppa, lease)
        _time(core, one)
    return True


def on_seen(core: Core, step: ReleaseSeen) -> None:
    """A PPA is now this: it may have come back, or its lease is over."""
    snapshot = step.snapshot
    one = core.releases.put_off.get(snapshot.ppa)
    if one is None:
        return
    if not _holds(core, one.ppa, one.lease):
        _end(core, one)
    elif snapshot.condition not in (Condition.UNREACHABLE, Condition.MISSING):
        _try(core, one)


def on_try(core: Core, step: TryRelease) -> None:
    """The pause since the last try is over."""
    if (one := _of(core, step.ppa, step.number)) is not None:
        _try(core, one)


def on_tried(core: Core, waits: ReleasesLater, outcome: Outcome) -> None:
    """It is carried out, or is tried again."""
    one = _of(core, waits.ppa, waits.number)
    if one is None or (isinstance(outcome, Denied) and outcome.why is Refusal.IN_DOUBT):
        return  # in doubt: settled by its worker, whatever that takes
    one.trying = False
    if not isinstance(outcome, Denied) or not _holds(core, one.ppa, one.lease):
        _end(core, one)
        return
    one.failed += 1
    _time(core, one)


def _of(core: Core, ppa: Reference, number: int) -> PutOff | None:
    one = core.releases.put_off.get(ppa)
    return one if one is not None and one.number == number else None


def _holds(core: Core, ppa: Reference, lease: str) -> bool:
    """Whether a release has something to do there, for all that is known: what cannot be read may come back."""
    managed = core.registry.get(ppa)
    record = managed.snapshot.record if managed is not None else None
    return record is not None and record.lease == lease and record.state is State.USED


def _try(core: Core, one: PutOff) -> None:
    if one.trying:
        return
    if not _holds(core, one.ppa, one.lease):
        _end(core, one)
        return
    one.trying, deadline = True, core.now.boot + core.total
    command = Release(token=core.token(), deadline=deadline, lease=one.lease)
    core.order(one.ppa, command, ReleasesLater(one.ppa, one.number))


def _time(core: Core, one: PutOff) -> None:
    """The next try by itself: one at a time, however often a look leads to another."""
    core.timers.cancel(one.timer)
    pause = PUT_OFF_RELEASE.pause(one.failed, jitter_of(f"{one.lease} {one.failed}"))
    one.timer = core.after(pause, TryRelease(one.ppa, one.number))


def _end(core: Core, one: PutOff) -> None:
    core.timers.cancel(one.timer)
    del core.releases.put_off[one.ppa]
