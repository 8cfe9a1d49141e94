"""When a lease ends by itself: at its fixed end, or by its owner's silence.

Rule: pure functions of a record and of who was heard when; whether that time has come is for the clock's readers
(docs/explanation/protocol.md#end-of-a-lease).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from ..backoff import SILENCE_GAP_S
from ..record import Record, State
from ..views import End, EndsBy


def silence_allowed(idle: float) -> float:
    """How long after the last touch a lease with this `idle` ends; seconds."""
    return idle + min(SILENCE_GAP_S, idle / 4)


def touch_due_after(idle: int | None) -> float:
    """How old `touched` may get before a touch is written; seconds."""
    return min(SILENCE_GAP_S, idle / 4) if idle is not None else SILENCE_GAP_S


def end_of(record: Record | None, heard: datetime | None, *, silence_counts: bool = True) -> End | None:
    """When and by what the lease of this record ends if nobody touches it; None where it is not used.

    Silence counts from the later of the last touch written and `heard`, which is what this daemon alone knows of; not
    while the PPA is held by an operator, nor (`silence_counts`) while nobody's touch could be written.
    """
    if record is None or record.state is not State.USED:
        return None
    ends = [End(record.until, EndsBy.UNTIL)] if record.until is not None else []
    if record.idle is not None and not record.held and silence_counts:
        last = max(record.touched, heard or record.touched)
        ends.append(End(last + timedelta(seconds=silence_allowed(record.idle)), EndsBy.IDLE))
    return min(ends, key=lambda end: end.at, default=None)
