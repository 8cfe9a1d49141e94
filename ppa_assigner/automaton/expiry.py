"""When a lease ends by itself, at its fixed end or by its owner's silence, and by which clock its times are written.

Rule: pure functions of a record, of the last touch and of the time.  Only while time is believed are the times that a
lying clock wrote corrected, and only what lies more than five minutes ahead; a record that is written meanwhile by a
clock that is not Launchpad's says so (`clock`).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from ..backoff import SILENCE_GAP_S
from ..record import HOST, Record, State
from ..views import End, EndsBy
from .now import AGREE, Now


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


def touch_fields(record: Record, now: Now) -> dict[str, Any]:
    """What changes in a used record whose owner was heard just now."""
    return {"touched": max(now.stamp, record.touched), "clock": HOST if now.by_host else record.clock}


def as_written(record: Record, now: Now) -> Record:
    """A used record as it is written: by a clock that is believed, all its times are right afterwards."""
    return replace(corrected(record, now), clock=None) if now.trusted else record


def corrected(record: Record, now: Now) -> Record:
    """What lies more than five minutes ahead was written by a clock that lied, each time for itself: the last touch was
    now at the latest, and so was the beginning, whose end moves with it.
    """
    limit = _limit(record, now)
    if limit is None:
        return record
    if record.since > limit:
        until = record.until - (record.since - now.date) if record.until is not None else None
        record = replace(record, since=now.date, until=until)
    return replace(record, touched=now.date) if record.touched > limit else record


def needs_correction(record: Record | None, now: Now) -> bool:
    """Whether there is anything of that."""
    return record is not None and record.state is State.USED and corrected(record, now) != record


def lies_ahead(record: Record | None, now: Now) -> bool:
    """Whether its times lie ahead of both clocks."""
    return record is not None and max(record.since, record.touched) > now.latest + AGREE


def _limit(record: Record, now: Now) -> datetime | None:
    """Both clocks tell it when they agree; what a host's clock wrote, Launchpad's alone, once believed, too."""
    if now.trusted and now.agreed:
        return now.latest + AGREE
    return now.date + AGREE if now.trusted and record.clock == HOST else None
