"""The times in a used record: by which clock they are written, and what a clock that lied wrote is put right.

Rule: only while time is believed is anything put right, and only what lies more than five minutes ahead; whatever is
written meanwhile by a clock that is not Launchpad's says so (`clock`).  Pure; nothing is written here.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from ..record import HOST, Record, State
from .now import AGREE, Now


def touched(record: Record, now: Now) -> dict[str, Any]:
    """What changes in a used record whose owner was heard just now."""
    return {"touched": max(now.stamp, record.touched), "clock": HOST if now.by_host else record.clock}


def written(record: Record, now: Now) -> Record:
    """A used record as it is written: by a clock that is believed, all its times are right afterwards."""
    return replace(put_right(record, now), clock=None) if now.trusted else record


def put_right(record: Record, now: Now) -> Record:
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


def to_put_right(record: Record | None, now: Now) -> bool:
    """Whether there is anything of that."""
    return record is not None and record.state is State.USED and put_right(record, now) != record


def ahead(record: Record | None, now: Now) -> bool:
    """Whether its times lie ahead of both clocks."""
    return record is not None and max(record.since, record.touched) > now.latest + AGREE


def _limit(record: Record, now: Now) -> datetime | None:
    """Both clocks tell it when they agree; what a host's clock wrote, Launchpad's alone, once believed, too."""
    if now.trusted and now.agreed:
        return now.latest + AGREE
    return now.date + AGREE if now.trusted and record.clock == HOST else None
