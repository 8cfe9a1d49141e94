"""Two leases of one request: a late PATCH of a killed daemon, or two daemons that were asked for the same.

Rule: the one with the lower attempt ends, once a read that began after it was seen shows the higher still used; with
equal attempts neither does, and both are shown as `duplicate`
(docs/explanation/protocol.md#two-leases-of-one-request).
"""

from __future__ import annotations

from ..automaton.events import Duplicate, Outcome, ReadNow, RecordShown, Supersede
from ..record import Record, State
from ..reference import Reference
from ..views import Condition, Snapshot
from .core import Core
from .events import Send
from .keys import Key, key_in
from .steps import Compare, ReadsHigher, Supersedes


def on_seen(core: Core, step: Compare) -> None:
    """A PPA is now this: is its request lent twice?"""
    snapshot, marked = step.snapshot, core.duplicates.marked
    now, before = key_in(snapshot.record), [k for k, ppas in marked.items() if snapshot.ppa in ppas]
    for key in dict.fromkeys([*before, now] if now is not None else before):
        _compare(core, key)


def on_higher_read(core: Core, waits: ReadsHigher, outcome: Outcome) -> None:
    """The lower one ends if the higher still stands."""
    low, high = waits.low, waits.high
    core.duplicates.asked.discard((_lease(low), _lease(high)))
    match outcome:
        case RecordShown(Record(state=State.USED, lease=lease) as record) if lease == _lease(high):
            if same_wish(record, low.record) and record.attempt > _attempt(low):
                _end(core, low)


def on_superseded(core: Core, waits: Supersedes, outcome: Outcome) -> None:
    """Nobody waits for that."""


def _compare(core: Core, key: Key) -> None:
    """The leases of one request stand together; those of the highest attempt are equal, the others end."""
    equal: set[Reference] = set()
    left = found = core.registry.with_request(key)
    while left:
        same = [s for s in left if same_wish(left[0].record, s.record)]
        left = [s for s in left if s not in same]
        highest = [s for s in same if _attempt(s) == _attempt(same[0])]
        equal |= {s.ppa for s in highest} if len(highest) > 1 else set()
        for low in same[len(highest) :]:
            _read_higher(core, low, highest[0])
    _mark(core, key, equal, {s.ppa for s in found})


def _mark(core: Core, key: Key, equal: set[Reference], found: set[Reference]) -> None:
    """Told again while it is not shown: a worker's successor does not know it."""
    before = core.duplicates.marked.pop(key, set())
    if equal:
        core.duplicates.marked[key] = equal
    for ppa in sorted(before | found):
        managed = core.registry.get(ppa)
        if managed is not None and (ppa in equal) != (managed.snapshot.condition is Condition.DUPLICATE):
            core.effects.append(Send(ppa, Duplicate(ppa in equal)))


def _read_higher(core: Core, low: Snapshot, high: Snapshot) -> None:
    pair = (_lease(low), _lease(high))
    if pair in core.duplicates.asked:
        return
    core.duplicates.asked.add(pair)
    command = ReadNow(token=core.token(), deadline=core.now.boot + core.total)
    core.order(high.ppa, command, ReadsHigher(low, high))


def _end(core: Core, low: Snapshot) -> None:
    lease, attempt, deadline = _lease(low) or "", _attempt(low), core.now.boot + core.total
    command = Supersede(token=core.token(), deadline=deadline, lease=lease, attempt=attempt)
    core.order(low.ppa, command, Supersedes())


def same_wish(one: Record | None, other: Record | None) -> bool:
    """Whether two leases are of the same request id, owner, client and pool."""
    return one is not None and other is not None and _wish(one) == _wish(other)


def _wish(record: Record) -> tuple[str | None, str | None, str | None, str]:
    return record.request, record.owner, record.by, record.pool


def _attempt(snapshot: Snapshot) -> int:
    return snapshot.record.attempt if snapshot.record is not None else 0


def _lease(snapshot: Snapshot) -> str | None:
    return snapshot.record.lease if snapshot.record is not None else None
