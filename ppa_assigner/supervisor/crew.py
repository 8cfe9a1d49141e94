"""The workers and what is known of their PPAs, found by name, by lease and by the wish that they are lent to.

Rule: no decisions and no waiting; the supervisor's lock is around all of it.
"""

from __future__ import annotations

import json
import re
from bisect import insort
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from ..record import Record, State
from ..reference import Reference
from ..views import Condition, LeaseView, PoolView, Sight, Snapshot
from ..worker import Worker
from .keys import Key, key_in
from .shelf import Shelf

N = TypeVar("N", str, Key)


@dataclass(eq=False, slots=True)
class Member:
    """One PPA with its worker.  `lent` is false for those that are only served to their end (`retire`, removed)."""

    worker: Worker
    pool: str
    lent: bool
    restarts: int = 0
    started: float = 0.0  # boot time
    down: str | None = None  # its worker died or could not be started, and has no successor yet
    down_since: float = 0.0  # boot time
    failing: float | None = None  # boot time since which its workers have died without a look between

    @property
    def snapshot(self) -> Snapshot:
        """The PPA as its worker knew it last."""
        if self.down is not None:
            return replace(self.worker.snapshot, condition=Condition.UNREACHABLE, fault=self.down)
        return self.worker.snapshot


class Crew:
    """All members, and where each lease and request is."""

    def __init__(self) -> None:
        self._members: dict[Reference, Member] = {}
        self._leases: dict[str, set[Reference]] = {}
        self._wishes: dict[Key, set[Reference]] = {}
        self._indexed: dict[Reference, Snapshot] = {}
        self.denied: set[Reference] = set()
        """Those that Launchpad does not show us."""
        self._foreign: set[Reference] = set()  # whose record is of a version unknown here
        self._by_name: list[Member] = []
        self._by_pool: dict[str, list[Member]] = {}  # made when asked for, until a PPA changes its pool
        self.shelf = Shelf()

    def __iter__(self) -> Iterator[Member]:
        return iter(list(self._members.values()))

    def __len__(self) -> int:
        return len(self._members)

    def get(self, ppa: Reference) -> Member | None:
        """The member of that name."""
        return self._members.get(ppa)

    def put(self, member: Member) -> None:
        """Add a member, or another worker for the same PPA."""
        ppa = member.worker.ppa
        if self._members.get(ppa) is not member:
            self.drop(ppa)
            insort(self._by_name, member, key=lambda one: one.worker.ppa)
        self._members[ppa] = member
        self._by_pool.clear()
        self.indexed(member.snapshot)

    def drop(self, ppa: Reference) -> None:
        """Forget a PPA."""
        self._unindex(ppa)
        self._foreign.discard(ppa)
        self.denied.discard(ppa)
        self.shelf.take(ppa)
        if (member := self._members.pop(ppa, None)) is not None:
            self._by_name.remove(member)
            self._by_pool.clear()

    def names(self) -> list[Reference]:
        """All PPAs."""
        return list(self._members)

    def in_pool(self, pool: str) -> Sequence[Member]:
        """Those that a pool lends."""
        if (found := self._by_pool.get(pool)) is None:
            found = [member for member in self._members.values() if member.lent and member.pool == pool]
            self._by_pool[pool] = found
        return found

    def snapshots(self) -> list[Snapshot]:
        """All PPAs as they were known last, by name; may be called without the lock."""
        return [member.snapshot for member in self._by_name.copy()]

    def free(self, pool: str, ppa: Reference | None = None) -> Iterator[Snapshot]:
        """Those of a pool, or this one alone, that may be lent as far as is known, the one that has been free longest
        first; not to be changed meanwhile.
        """
        snapshots = (self._members[one].snapshot for one in self.shelf.of(pool, ppa))
        return (snapshot for snapshot in snapshots if free_for_anyone(snapshot))

    def unbind(self, ppa: Reference) -> None:
        """It is no longer being lent."""
        self.shelf.bound.discard(ppa)
        if (member := self._members.get(ppa)) is not None:
            self._shelve(member, member.snapshot)

    def concerns(self, ppa: Reference, pool: str) -> bool:
        """Whether a lease of this pool could be in that PPA: its own, one that was moved to another pool since, and
        those that only finish their lease.
        """
        member = self._members.get(ppa)
        if member is None:
            return False
        record = member.snapshot.record
        return not member.lent or member.pool == pool or (record is not None and record.pool == pool)

    def indexed(self, snapshot: Snapshot) -> None:
        """The PPA is now this."""
        member = self._members[snapshot.ppa]
        self._shelve(member, snapshot)
        (self._foreign.add if member.worker.known.text.foreign else self._foreign.discard)(snapshot.ppa)
        denied = snapshot.sight in (Sight.DENIED, Sight.LASTING_DENIED)
        (self.denied.add if denied else self.denied.discard)(snapshot.ppa)
        before = self._indexed.get(snapshot.ppa)
        if before is None or _names(before) != _names(snapshot):
            self._unindex(snapshot.ppa)
            leases, key = _names(snapshot)
            for lease in leases:
                self._leases.setdefault(lease, set()).add(snapshot.ppa)
            if key is not None:
                self._wishes.setdefault(key, set()).add(snapshot.ppa)
        self._indexed[snapshot.ppa] = snapshot

    def with_lease(self, lease: str) -> tuple[Reference, Record] | None:
        """The PPA that holds the lease or, while it is dirty, remembers it, with its record; or the last record of a
        lease whose PPA is gone for good.
        """
        found = [self._members[ppa].snapshot for ppa in sorted(self._leases.get(lease, ()))]
        records = ((s.ppa, record) for s in found for record in (s.record, s.over) if record is not None)
        return next(((ppa, record) for ppa, record in records if record.lease == lease), None)

    def lent(self, ppa: Reference, record: Record, *, fresh: bool = False) -> LeaseView:
        """This lease there, as it may be told, with its end as far as that is known."""
        member = self._members.get(ppa)
        snapshot = member.snapshot if member is not None else None
        known = snapshot is not None and snapshot.record is not None and snapshot.record.lease == record.lease
        if snapshot is None or not known:
            return LeaseView(ppa, record, fresh)
        return LeaseView(ppa, record, fresh, snapshot.end, snapshot.left)

    def behind_newer_record(self, field: str, value: str) -> Reference | None:
        """The PPA whose record is of a version unknown here and names this `lease`: whether it runs cannot be told."""
        return self._foreign_one(lambda description: _says(description, field, value))

    def behind_newer_request(self, key: Key) -> Reference | None:
        """The same for a wish."""
        return self._foreign_one(
            lambda description: _says(description, "request", key.request) and _says(description, "by", key.client)
        )

    def with_request(self, key: Key) -> list[Snapshot]:
        """The PPAs that are used for this wish, the one with the highest attempt first."""
        found = [self._members[ppa].snapshot for ppa in sorted(self._wishes.get(key, ()))]
        used = [s for s in found if s.record and s.record.state is State.USED and key_in(s.record) == key]
        return sorted(used, key=lambda s: s.record.attempt if s.record else 0, reverse=True)

    def with_request_of_others(self, key: Key) -> list[Snapshot]:
        """Those that are used for wishes of other clients under the same request id."""
        others = [other for other in self._wishes if other.request == key.request and other != key]
        return [snapshot for other in others for snapshot in self.with_request(other)]

    def _shelve(self, member: Member, snapshot: Snapshot) -> None:
        if member.lent and snapshot.record is not None and free_for_anyone(snapshot):
            self.shelf.put(snapshot.ppa, member.pool, snapshot.record.since)
        else:
            self.shelf.take(snapshot.ppa)

    def _unindex(self, ppa: Reference) -> None:
        if (before := self._indexed.pop(ppa, None)) is None:
            return
        leases, key = _names(before)
        for lease in leases:
            _drop(self._leases, lease, ppa)
        _drop(self._wishes, key, ppa)

    def _foreign_one(self, names: Callable[[str], bool]) -> Reference | None:
        knowns = (self._members[ppa].worker.known for ppa in sorted(self._foreign))
        foreign = ((known.ppa, known.entry.description or "") for known in knowns if known.text.foreign and known.entry)
        return next((ppa for ppa, description in foreign if names(description)), None)


def free_for_anyone(snapshot: Snapshot) -> bool:
    """Whether the PPA may be lent as far as is known."""
    record = snapshot.record
    return record is not None and record.state is State.FREE and snapshot.condition is Condition.OK


def _names(snapshot: Snapshot) -> tuple[frozenset[str], Key | None]:
    """The leases and the wish that it is found by."""
    leases = (record.lease for record in (snapshot.record, snapshot.over) if record is not None)
    return frozenset(lease for lease in leases if lease is not None), key_in(snapshot.record)


def _drop(index: dict[N, set[Reference]], name: N | None, ppa: Reference) -> None:
    if name is not None and name in index:
        index[name].discard(ppa)
        if not index[name]:
            del index[name]


def _says(description: str, field: str, value: str | None) -> bool:
    """Whether this text of an unknown version has that value in its field; None: no text at all."""
    value_of = rf'"{field}"\s*:\s*'
    if value is None:
        return re.search(value_of + '"', description) is None
    return re.search(value_of + re.escape(json.dumps(value)), description) is not None


def counted(snapshots: Iterable[Snapshot]) -> dict[str, dict[str, int]]:
    """How many are in each state and condition; every one is named, if with 0."""
    seen = list(snapshots)
    states = Counter(s.record.state for s in seen if s.record is not None)
    conditions = Counter(s.condition for s in seen)
    return {
        "state": {state.value: states[state] for state in State},
        "condition": {condition.value: conditions[condition] for condition in Condition},
    }


def pool_view(pool: str, members: Iterable[Member], waiting: int, oldest_wait: float | None) -> PoolView:
    """A pool in numbers."""
    seen = [member.snapshot for member in members]
    counts, available = counted(seen), sum(map(free_for_anyone, seen))
    return PoolView(pool, counts["state"], counts["condition"], waiting, oldest_wait, available)
