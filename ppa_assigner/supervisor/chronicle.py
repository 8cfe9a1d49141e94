"""What happens to the PPAs, in words: a line of the log and an event for each thing, with the same facts.

Rule: what went as it should is info, what a person should look at is a warning.  What others chose (owners) is quoted.
Nothing is decided here, and nothing kept but the events and what each PPA was last.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from ..automaton.events import Transition
from ..journal import about, quoted
from ..record import Record, format_time
from ..reference import Reference
from ..uploads import FollowedLease
from ..uploads.model import SourceReport
from ..views import Cleaning, Condition, Snapshot, SnapshotAddress
from .event_log import EventLog

log = logging.getLogger(__name__)

TRANSITION = "transition"
"""The kind of an event about a record that went from one state or lease to another."""
ALARMING = frozenset(Condition) - {Condition.OK, Condition.UNREACHABLE}


class Chronicle:
    """Safe for threads; `date` tells the time by Launchpad's clock."""

    def __init__(self, events: EventLog, date: Callable[[], datetime]) -> None:
        self._events = events
        self._date = date
        self._seen: dict[Reference, Snapshot] = {}

    def moved(self, ppa: Reference, transition: Transition) -> None:
        """A record went from one state or lease to another; or its PPA is gone: then `to` is null; or it was seen for
        the first time: then `from` is null and `first` true.
        """
        record, before = transition.record, transition.before.value if transition.before is not None else None
        state = record.state.value if not transition.gone else None
        facts = {"ppa": ppa, "owner": record.owner, "lease": record.lease, "state": state, "pool": record.pool,
                 "request_id": record.request, "why": transition.why}  # fmt: skip
        move = f"{before or 'no record'} -> {state or 'no record'} ({transition.why})"
        if transition.first:
            move = f"first seen: {state} since {format_time(record.since)}"
        log.info("%s: %s%s", ppa, move, _whose(record), extra=about(**facts))
        data = {
            "from": before, "to": state, "why": transition.why, "owner": record.owner, "lease": record.lease,
            "request_id": record.request, "pool": record.pool, "since": format_time(record.since),
            "lasted": transition.lasted, "tries": transition.tries, "first": transition.first,
            "snapshot": _address(transition.left),
        }  # fmt: skip
        self._events.add(transition.at, ppa, TRANSITION, data)

    def progressed(self, ppa: Reference, cleaning: Cleaning) -> None:
        """A clean does, or waits for, something else than before."""
        data = {"step": cleaning.step, "found": cleaning.found, "deleted": cleaning.deleted, "left": cleaning.left}
        self._events.add(self._date(), ppa, "cleaning", data)

    def uploaded(self, lease: FollowedLease, before: str | None, source: SourceReport) -> None:
        """A source that somebody waits for is further than before, or will get no further; `from` is null when it is
        seen for the first time.
        """
        data = {
            "lease": lease.lease, "name": source.name, "version": source.version, "series": source.series,
            "from": before, "to": source.state.value, "why": source.why,
        }  # fmt: skip
        log.info("%s: %s", lease.ppa, source.why, extra=about(ppa=lease.ppa, lease=lease.lease))
        self._events.add(self._date(), lease.ppa, "upload", data)

    def alarmed(self, ppa: Reference, text: str) -> None:
        """A person should look at this."""
        log.warning("%s", text, extra=about(ppa=ppa))
        self._events.add(self._date(), ppa, "alarm", {"text": text})

    def changed(self, now: Snapshot) -> None:
        """What is seen of a PPA may differ: its condition, or that a clean failed.  A PPA's are told one at a time."""
        if now.condition is Condition.UNREACHABLE:
            return  # outages are told by who looks, once for all PPAs
        if now.condition is Condition.UNMANAGED and now.fault is None:
            return  # it is looked into first: an empty one is taken in
        before = self._seen.get(now.ppa)
        self._seen[now.ppa] = now
        if (before.condition is not now.condition) if before is not None else now.condition in ALARMING:
            self._condition(before, now)
        record, earlier = now.record, before.record if before is not None else None
        if record is not None and earlier is not None and record.tries > earlier.tries:
            self._failed(now, record)

    def forget(self, ppa: Reference) -> None:
        """It is not served any more: should it come back, it is new."""
        self._seen.pop(ppa, None)

    def _condition(self, before: Snapshot | None, now: Snapshot) -> None:
        was, why = before.condition.value if before is not None else None, _why(now)
        level = logging.WARNING if now.condition in ALARMING else logging.INFO
        facts = about(ppa=now.ppa, pool=now.pool, state=now.record.state.value if now.record is not None else None)
        text = f": {why}" if why else ""
        log.log(level, "%s: %s -> %s%s", now.ppa, was or "not seen before", now.condition.value, text, extra=facts)
        data = {"from": was, "to": now.condition.value, "why": why, "pool": now.pool}
        self._events.add(self._date(), now.ppa, "condition", data)

    def _failed(self, now: Snapshot, record: Record) -> None:
        facts = about(ppa=now.ppa, pool=now.pool, state=record.state.value, lease=record.lease, owner=record.owner)
        log.info("%s: clean failed (try %d): %s", now.ppa, record.tries, record.fault, extra=facts)
        data = {"tries": record.tries, "fault": record.fault, "pool": now.pool}
        self._events.add(self._date(), now.ppa, "failure", data)


def _whose(record: Record) -> str:
    """Whose lease it is or was, so that no owner can be taken for more than that."""
    named = (("owner", record.owner), ("lease", record.lease), ("request", record.request))
    return "".join(f" {name}={quoted(value)}" for name, value in named if value is not None)


def _why(snapshot: Snapshot) -> str | None:
    record = snapshot.record
    if snapshot.condition is Condition.QUARANTINED and record is not None:
        return record.quarantined
    return snapshot.fault if snapshot.condition is not Condition.OK else None


def _address(left: SnapshotAddress | None) -> dict[str, str] | None:
    return {"at": format_time(left.at), "url": left.url} if left is not None else None
