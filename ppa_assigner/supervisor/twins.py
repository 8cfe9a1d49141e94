"""Two leases of one request: a late PATCH of a killed daemon, or two daemons that were asked for the same.

Rule: the one with the lower attempt ends, once a read that began after it was seen shows the higher still used; with
equal attempts neither does, and both are shown as `duplicate`
(docs/explanation/protocol.md#two-leases-of-one-request).
"""

from __future__ import annotations

from functools import partial

from ..automaton.events import Duplicate, Outcome, ReadNow, RecordShown, Supersede
from ..record import Record, State
from ..reference import Reference
from ..views import Condition, Snapshot
from .keys import Key, key_in
from .office import Office


class Twins:
    """Watches for them.  Methods are called under the office's lock."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._asked: set[tuple[str | None, str | None]] = set()
        self._marked: dict[Key, set[Reference]] = {}

    def seen(self, snapshot: Snapshot) -> None:
        """A PPA is now this: is its request lent twice?"""
        now, before = key_in(snapshot.record), [k for k, ppas in self._marked.items() if snapshot.ppa in ppas]
        for key in {*before, *([now] if now is not None else ())}:
            self._compare(key)

    def _compare(self, key: Key) -> None:
        """The leases of one wish stand together; those of the highest attempt are equal, the others end."""
        equal: set[Reference] = set()
        left = found = self._office.crew.with_request(key)
        while left:
            same = [s for s in left if same_wish(left[0].record, s.record)]
            left = [s for s in left if s not in same]
            highest = [s for s in same if _attempt(s) == _attempt(same[0])]
            equal |= {s.ppa for s in highest} if len(highest) > 1 else set()
            for low in same[len(highest) :]:
                self._read_higher(low, highest[0])
        self._mark(key, equal, {s.ppa for s in found})

    def _mark(self, key: Key, equal: set[Reference], found: set[Reference]) -> None:
        """Told again while it is not shown: a worker's successor does not know it."""
        before = self._marked.pop(key, set())
        if equal:
            self._marked[key] = equal
        for ppa in before | found:
            member = self._office.crew.get(ppa)
            if member is not None and (ppa in equal) != (member.snapshot.condition is Condition.DUPLICATE):
                member.worker.tell(Duplicate(ppa in equal))

    def _read_higher(self, low: Snapshot, high: Snapshot) -> None:
        pair = (_lease(low), _lease(high))
        if pair in self._asked:
            return
        self._asked.add(pair)
        deadline = self._office.clock.boot() + self._office.total
        self._office.order(
            high.ppa, lambda token: ReadNow(token=token, deadline=deadline), partial(self._higher_read, low, high, pair)
        )

    def _higher_read(
        self, low: Snapshot, high: Snapshot, pair: tuple[str | None, str | None], outcome: Outcome
    ) -> None:
        self._asked.discard(pair)
        match outcome:
            case RecordShown(Record(state=State.USED, lease=lease) as record) if lease == _lease(high):
                if same_wish(record, low.record) and record.attempt > _attempt(low):
                    self._end(low)

    def _end(self, low: Snapshot) -> None:
        lease, attempt, deadline = _lease(low) or "", _attempt(low), self._office.clock.boot() + self._office.total
        self._office.order(
            low.ppa,
            lambda token: Supersede(token=token, deadline=deadline, lease=lease, attempt=attempt),
            lambda _: None,
        )


def same_wish(one: Record | None, other: Record | None) -> bool:
    """Whether two leases are of the same request id, owner, client and pool."""
    return one is not None and other is not None and _wish(one) == _wish(other)


def _wish(record: Record) -> tuple[str | None, str | None, str | None, str]:
    return record.request, record.owner, record.by, record.pool


def _attempt(snapshot: Snapshot) -> int:
    return snapshot.record.attempt if snapshot.record is not None else 0


def _lease(snapshot: Snapshot) -> str | None:
    return snapshot.record.lease if snapshot.record is not None else None
