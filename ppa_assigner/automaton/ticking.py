"""What time alone brings, and when it brings it next.

Invariant: whatever `tick` has to do, `wake` names the moment of; a tick at any other moment changes nothing.
"""

from __future__ import annotations

from dataclasses import replace

from ..record import State
from ..views import Condition
from . import cleaning, creating, lending, writing
from .asks import Survey
from .known import Known, Now, Surveying, Why
from .learning import ends_at
from .writing import Step


def tick(known: Known, now: Now) -> Step:
    """What time alone brings: an unsettled write first, then the end of a lease, the next step of a clean."""
    if known.flight is not None:
        return _unsettled(known, now)
    if now.boot < known.not_before:
        return known, []
    if creating.due(known):
        return creating.create(known, now)
    if known.entry is None:
        return known, []
    if known.forbidden is not None:
        return replace(known, forbidden=None), []
    match known.condition, known.state:
        case Condition.OK | Condition.DUPLICATE | Condition.QUARANTINED, State.USED if _is_over(known, now):
            return lending.expire(known, now)
        case Condition.OK, State.DIRTY:
            return cleaning.advance(known, now)
        case Condition.UNMANAGED, _:
            return replace(known, doing=Surveying(Why.TAKE_IN)), [Survey(known.entry, whole=False)]
    return known, []


def wake(known: Known, now: Now) -> float | None:
    """The boot time at which `Tick` has something to do; None: only an event can change anything."""
    if known.flight is not None:
        due = known.flight.due if known.flight.unsettled else float("inf")
        return min(due, *(command.deadline for command in known.waiting), float("inf"))
    if creating.due(known):
        return known.not_before
    if known.entry is None:
        return None
    match known.condition, known.state:
        case Condition.OK | Condition.DUPLICATE | Condition.QUARANTINED, State.USED:
            return _expiry(known, now)
        case Condition.OK, State.DIRTY if known.record is not None:
            return max(known.not_before, cleaning.due(known, known.record, now))
        case Condition.UNMANAGED, _:
            return known.not_before
    return known.not_before if known.forbidden is not None else None


def _unsettled(known: Known, now: Now) -> Step:
    known, effects = writing.over_waiting(known, now)
    if not writing.retry_due(known, now):
        return known, effects
    known, more = writing.look_again(known)
    return known, [*effects, *more]


def _expiry(known: Known, now: Now) -> float | None:
    end = ends_at(known, known.record) if known.record is not None else None
    if end is None:
        return None
    left = (end - now.date).total_seconds()
    return max(known.not_before, now.boot + (left if now.trusted else max(left, 5.0)))


def _is_over(known: Known, now: Now) -> bool:
    end = ends_at(known, known.record) if known.record is not None else None
    return now.trusted and end is not None and now.date >= end
