"""What time alone brings, and when it brings it next.

Invariant: whatever `tick` has to do, `wake` names the moment of; a tick at any other moment changes nothing.
"""

from __future__ import annotations

from dataclasses import replace

from ..backoff import TIME_AGAIN_S
from ..record import Record, State
from ..views import Condition
from . import claim, clean, discard, lease, provision, write
from .now import Now, end_of, needs_correction
from .operation import Reading, ReadReason, Surveying
from .reachability import Seen, undecided
from .requests import Read, Survey
from .state import Step, WorkerState
from .transitions import WriteReason
from .write import begin

EXPIRING = frozenset({Condition.OK, Condition.DUPLICATE, Condition.QUARANTINED, Condition.DISABLED})
"""In these a lease ends as in any other, and its times are put right."""
FREED = frozenset({Condition.OK, Condition.DISABLED})
"""In these a claim is taken off that nobody stands behind."""


def tick(known: WorkerState, now: Now) -> Step:
    """What time alone brings: first an unsettled write, then the end of a lease or the next step of a clean."""
    if known.pending is not None:
        return _unsettled(known, now)
    if now.boot >= _inquiry_due(known):
        return claim.drop_overdue(known, now)
    if now.boot >= _undecided(known):
        return replace(known, operation=Reading(ReadReason.AGAIN)), [Read()]
    return (known, []) if now.boot < known.not_before else _tick(known, now)


def _tick(known: WorkerState, now: Now) -> Step:
    if _creation_due(known):
        return provision.read_deleted_first(known) if now.dated else (known, [])
    if known.entry is None:
        return known, []
    if known.forbidden is not None:
        return replace(known, forbidden=None), []
    match known.condition, known.state:
        case condition, State.USED if condition in EXPIRING and _lease_is_over(known, now):
            return lease.expire(known, now)
        case condition, State.USED if condition in EXPIRING:
            return begin(known, WriteReason.REPAIR, now) if needs_correction(known.record, now) else (known, [])
        case Condition.OK, State.DIRTY:
            return clean.advance(known, now)
        case Condition.OK, State.DISCARDED:
            return discard.advance(known, now)
        case condition, State.FREE if condition in FREED:
            return claim.tick(known, now)
        case Condition.UNMANAGED, _ if now.dated:
            return replace(known, operation=Surveying(ReadReason.TAKE_IN)), [Survey(known.entry, whole=False)]
    return known, []


def wake(known: WorkerState, now: Now) -> float | None:
    """The boot time at which `Tick` has something to do; None: only an event can change anything."""
    if known.pending is not None:
        settled = known.pending.due if known.pending.unsettled else float("inf")
        return min(settled, *(command.deadline for command in known.waiting), float("inf"))
    due = min(_due(known, now), _undecided(known), _inquiry_due(known))
    return due if due < float("inf") else None


def _due(known: WorkerState, now: Now) -> float:
    if _creation_due(known):
        return _when_dated(known, now)
    if known.entry is None:
        return float("inf")
    record = known.record
    match known.condition, record.state if record is not None else None:
        case condition, State.USED if condition in EXPIRING:
            return _expiry(known, record, now)
        case Condition.OK, State.DIRTY if record is not None:
            return max(known.not_before, clean.due(known, record, now))
        case Condition.OK, State.DISCARDED:
            return float("inf") if (at := discard.due(known, now)) is None else at
        case condition, State.FREE if condition in FREED:
            return max(known.not_before, claim.due(known, now))
        case Condition.UNMANAGED, _:
            return _when_dated(known, now)
    return known.not_before if known.forbidden is not None else float("inf")


def _when_dated(known: WorkerState, now: Now) -> float:
    """When a record that starts from nothing can be numbered by the time."""
    return known.not_before if now.dated else max(known.not_before, now.boot + TIME_AGAIN_S)


def _undecided(known: WorkerState) -> float:
    """When the PPA is to be read again, because it is not known yet whether its absence or denial lasts."""
    last = undecided(known.reach) if not isinstance(known.reach, Seen) else None
    return last.streak.due if last is not None else float("inf")


def _inquiry_due(known: WorkerState) -> float:
    """When a lead that was asked about has been silent for too long."""
    return claim.inquiry_due(known) if known.inquiry is not None else float("inf")


def _creation_due(known: WorkerState) -> bool:
    """Whether the PPA, which has never been seen or is gone for good, is to be created."""
    return known.highest is None and provision.creation_due(known)


def _unsettled(known: WorkerState, now: Now) -> Step:
    known, effects = write.drop_waiting(known, now)
    if not write.retry_due(known, now):
        return known, effects
    known, more = write.read_to_settle(known)
    return known, [*effects, *more]


def _expiry(known: WorkerState, record: Record | None, now: Now) -> float:
    """When the lease ends or its times are corrected: at once, if time is believed; else time is checked again soon."""
    if needs_correction(record, now):
        return max(known.not_before, now.boot)
    end = end_of(record, known.heard)
    left = (end.at - now.date).total_seconds() if end is not None else TIME_AGAIN_S
    soon = TIME_AGAIN_S if known.ahead or not now.trusted else left
    return max(known.not_before, now.boot + (min(left, soon) if now.trusted else max(min(left, soon), TIME_AGAIN_S)))


def _lease_is_over(known: WorkerState, now: Now) -> bool:
    end = end_of(known.record, known.heard)
    return now.trusted and end is not None and now.date >= end.at
