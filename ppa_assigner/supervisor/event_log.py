"""What happened since the daemon started: a bounded list that many may follow; and who writes it, and the log.

Rule: nothing is decided here, and nothing kept but the events and what each PPA was last.  Writing never waits for a
reader; a reader that falls behind misses events and can see it by their numbers.  A follower that fails is logged and
hinders nobody.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime
from itertools import islice
from typing import Any

from ..automaton.events import Transition
from ..journal import about, named
from ..record import Record, format_time
from ..reference import Reference
from ..uploads import FollowedLease
from ..uploads.model import SourceReport
from ..views import Cleaning, Condition, PpaEvent, Snapshot, SnapshotAddress

log = logging.getLogger(__name__)

KEPT = 10_000
Follower = Callable[[PpaEvent], None]


class EventLog:
    """Safe for threads.  Followers are called one at a time, in the order of the numbers; they must be short and must
    not wait for another thread.  `run` tells this start of the daemon from its others, whose numbers mean nothing here.
    """

    def __init__(self, kept: int = KEPT, run: str = "0") -> None:
        self.run = run
        self._lock = threading.RLock()
        self.kept: deque[PpaEvent] = deque(maxlen=kept)
        """The latest events, for `since`."""
        self._newest = 0
        self._followers: list[Follower] = []

    @property
    def newest(self) -> int:
        """The number of the last event; 0 before the first."""
        return self._newest

    @property
    def followers(self) -> int:
        """How many follow."""
        return len(self._followers)

    def add(self, at: datetime, ppa: Reference, kind: str, data: Mapping[str, Any]) -> PpaEvent:
        """Write an event down and show it to all who follow."""
        with self._lock:
            self._newest += 1
            event = PpaEvent(self._newest, at, ppa, kind, data)
            self.kept.append(event)
            for follower in list(self._followers):
                _show(follower, event)
        return event

    def since(self, number: int, limit: int | None = None) -> tuple[list[PpaEvent], int]:
        """The events that are still kept and come after this number (the first `limit` of them), and the number to ask
        with next time.  Costs what comes after, not what is kept: the numbers have no gaps.
        """
        with self._lock:
            count = max(0, min(len(self.kept), self._newest - number))
            events = list(islice(reversed(self.kept), count))
        events.reverse()
        events = events[:limit]
        return events, events[-1].number if events else number

    def subscribe(self, follower: Follower) -> Callable[[], None]:
        """Call `follower` with each new event, from any thread; call what is returned to end that."""
        with self._lock:
            self._followers.append(follower)
        return lambda: self._unsubscribe(follower)

    def _unsubscribe(self, follower: Follower) -> None:
        with self._lock:
            if follower in self._followers:
                self._followers.remove(follower)


def _show(follower: Follower, event: PpaEvent) -> None:
    try:
        follower(event)
    except Exception:
        log.exception("a follower of the events failed")


# -- what happens to the PPAs, in words --------------------------------------------------------------------------------


TRANSITION = "transition"
"""The kind of an event about a record that went from one state or lease to another."""
ALARMING = frozenset(Condition) - {Condition.OK, Condition.UNREACHABLE}


class EventWriter:
    """Writes a line of the log and an event for each thing, with the same facts.  Safe for threads; `date` tells the
    time by Launchpad's clock.

    What went as it should is info, what a person should look at is a warning.  What others chose (owners) is quoted.
    """

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
        if now.condition is Condition.UNMANAGED and not now.occupied:
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
    return named(owner=record.owner, lease=record.lease, request=record.request)


def _why(snapshot: Snapshot) -> str | None:
    record = snapshot.record
    if snapshot.condition is Condition.QUARANTINED and record is not None:
        return record.quarantined
    return snapshot.fault if snapshot.condition is not Condition.OK else None


def _address(left: SnapshotAddress | None) -> dict[str, str] | None:
    return {"at": format_time(left.at), "url": left.url} if left is not None else None
