"""When a lease ends by itself, at its fixed end or by its owner's silence, and by which clock its times are written.

Rule: pure functions of a record, of the last touch and of the time.  Only while time is believed are the times that a
lying clock wrote corrected, and only what lies more than five minutes ahead; a record that is written meanwhile by a
clock that is not Launchpad's says so (`clock`).  Silence also counts for who holds a lease, by its own clock
(`client.lease`), and for how long a touch may wait for its answer (`supervisor.lease_calls`).
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
    """How long after the last touch a lease with this `idle` ends, in seconds."""
    return idle + touch_due_after(idle)


def touch_due_after(idle: float | None) -> float:
    """How old `touched` may get before a touch is written, in seconds: the margin of `idle`."""
    return min(SILENCE_GAP_S, idle / 4) if idle is not None else SILENCE_GAP_S


def end_of(record: Record | None, heard: datetime | None, *, silence_counts: bool = True) -> End | None:
    """When and by what the lease of this record ends if nobody touches it; None where the PPA is not used.

    Silence counts from the later of the last touch written and `heard`, which only this daemon knows; it does not count
    while an operator holds the PPA, nor (`silence_counts`) while no touch could be written.
    """
    if record is None or record.state is not State.USED:
        return None
    ends = [End(record.until, EndsBy.UNTIL)] if record.until is not None else []
    if record.idle is not None and not record.held and silence_counts:
        last = max(record.touched, heard or record.touched)
        ends.append(End(last + timedelta(seconds=silence_allowed(record.idle)), EndsBy.IDLE))
    return min(ends, key=lambda end: end.at, default=None)


def touch_fields(record: Record, now: Now) -> dict[str, Any]:
    """The fields that a touch, or anything else that shows the owner alive, changes in a used record."""
    return {"touched": max(now.stamp, record.touched), "clock": HOST if now.by_host else record.clock}


def ttl_begins(record: Record, now: Now) -> datetime:
    """From when on a ttl counts that is asked for now: from the lease's beginning where that lies ahead and cannot be
    corrected yet, for the end will be moved back with it.
    """
    return max(now.stamp, record.since) if record.since > now.latest + AGREE else now.stamp


def as_written(record: Record, now: Now) -> Record:
    """A used record as it is written: while time is believed, with all its times corrected."""
    return replace(corrected(record, now), clock=None) if now.trusted else record


def corrected(record: Record, now: Now) -> Record:
    """The record without times more than five minutes ahead, which a wrong clock wrote: the last touch was now at the
    latest, and so was the beginning, whose end moves with it.  An end from before the beginning is now: moved with it,
    it could lie before all years that a record may name.
    """
    limit = _limit(record, now)
    if limit is None:
        return record
    if record.since > limit:
        until = max(now.date, record.until - (record.since - now.date)) if record.until is not None else None
        record = replace(record, since=now.date, until=until)
    return replace(record, touched=now.date) if record.touched > limit else record


def needs_correction(record: Record | None, now: Now) -> bool:
    """Whether `corrected` would change this record."""
    return record is not None and record.state is State.USED and corrected(record, now) != record


def lies_ahead(record: Record | None, now: Now) -> bool:
    """Whether the times of the record lie ahead of both clocks."""
    return record is not None and max(record.since, record.touched) > now.latest + AGREE


def _limit(record: Record, now: Now) -> datetime | None:
    """The time from which on a time is wrong: by both clocks while they agree; by Launchpad's alone, once it is
    believed, for what a host's clock wrote; else None.
    """
    if now.trusted and now.agreed:
        return now.latest + AGREE
    return now.date + AGREE if now.trusted and record.clock == HOST else None
