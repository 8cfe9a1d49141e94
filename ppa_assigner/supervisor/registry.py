"""The PPAs that are served, found by name, by lease and by the request that they are lent to; those that are free.

Rule: what was last told of each PPA, and no decisions.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeVar

from ..labels import NO_LABELS, LabelIndex, PpaLabels, index_of, labels_of
from ..options import PoolOptions
from ..record import OVER_WITH_A_LEASE, Record, State
from ..reference import Reference
from ..views import Condition, LeaseView, Sight, Snapshot
from .requests import Key, key_in

N = TypeVar("N", str, Key, Reference)


_Entry = tuple[datetime, str, str, str, Reference]


@dataclass(slots=True)
class FreeList:
    """The PPAs that may be lent as far as is known, of each pool the one that has been free longest first; `bound` are
    those that are being lent.

    To put one there and to take the first one cost no walk along the list: thousands may be free.  A PPA that is bound
    to a request is not in it, whatever becomes known of it meanwhile.
    """

    bound: set[Reference] = field(default_factory=set)
    _lists: dict[str, list[_Entry]] = field(default_factory=dict)
    _where: dict[Reference, tuple[str, _Entry]] = field(default_factory=dict)

    def put(self, ppa: Reference, pool: str, since: datetime) -> None:
        """It is free in this pool, and has been since then."""
        entry = (since, ppa.owner, ppa.distribution, ppa.name, ppa)  # flat: compared often, and then fast
        if self._where.get(ppa) == (pool, entry):
            return
        self.take(ppa)
        if ppa not in self.bound:
            self._where[ppa] = (pool, entry)
            insort(self._lists.setdefault(pool, []), entry)

    def take(self, ppa: Reference) -> None:
        """It is not free."""
        if (where := self._where.pop(ppa, None)) is not None:
            pool, entry = where
            del self._lists[pool][bisect_left(self._lists[pool], entry)]

    def bind(self, ppa: Reference) -> None:
        """It is being lent."""
        self.take(ppa)
        self.bound.add(ppa)

    def place(self, ppa: Reference) -> tuple[datetime, str, str, str]:
        """What those that are free are ordered by."""
        return self._where[ppa][1][:-1]

    def count(self, pool: str) -> int:
        """How many of a pool may be lent."""
        return len(self._lists.get(pool, ()))

    def of(self, pool: str, ppa: Reference | None = None) -> Iterator[Reference]:
        """Those of a pool, or this one alone if it is among them; not to be changed meanwhile."""
        if ppa is None:
            return (entry[-1] for entry in self._lists.get(pool, ()))
        where = self._where.get(ppa)
        return iter((ppa,) if where is not None and where[0] == pool else ())


@dataclass(slots=True)
class ManagedPPA:
    """One PPA that is served.  `lent` is false for those that are only served to their end (`retire`, removed)."""

    ppa: Reference
    pool: str
    options: PoolOptions
    lent: bool
    told: Snapshot  # as its worker knew it last
    seed: str = ""  # of its worker
    heard_at: float = 0.0  # boot time at which its lease's owner was heard last
    foreign: str | None = None  # its text, if that holds a record of a version unknown here
    shown: bool = False  # an answer has shown it to its worker
    restarts: int = 0
    started: float = 0.0  # boot time
    down: str | None = None  # its worker died or could not be started, and has no successor yet
    down_since: float = 0.0  # boot time
    failing: float | None = None  # boot time since which its workers have died without a look between
    configured: Mapping[str, str] = field(default_factory=dict)  # its labels, as the configuration has them
    processors: tuple[str, ...] | None = None  # that it builds for; None: that is not known
    unread: str | None = None  # why it is not, where Launchpad was asked
    unread_since: datetime | None = None  # when the PPA had been seen last by then
    labels: PpaLabels = NO_LABELS
    labelled_by: tuple[Mapping[str, str], bool | None, tuple[str, ...] | None] | None = None  # what they were made of

    def relabel(self) -> None:
        """Show its labels with what was told last."""
        sources = self.configured, self.told.private, self.processors
        if sources != self.labelled_by:
            self.labelled_by = sources
            labels = labels_of(self.ppa, *sources)
            if labels != self.labels:
                self.labels = labels
        if self.told.labels is not self.labels:
            self.told = replace(self.told, labels=self.labels)

    @property
    def snapshot(self) -> Snapshot:
        """The PPA as it was known last."""
        if self.down is not None:
            return replace(self.told, condition=Condition.UNREACHABLE, fault=self.down)
        return self.told


@dataclass(slots=True)
class Registry:
    """All PPAs, and where each lease and request is."""

    ppas: dict[Reference, ManagedPPA] = field(default_factory=dict)
    """Those that are served; `put` and `drop` change it."""
    _leases: dict[str, set[Reference]] = field(default_factory=dict)
    requests: dict[Key, set[Reference]] = field(default_factory=dict)
    """The PPAs that are used for each request, or remember it."""
    _indexed: dict[Reference, tuple[frozenset[str], Key | None]] = field(default_factory=dict)
    denied: set[Reference] = field(default_factory=set)
    """Those that Launchpad does not show us."""
    _foreign: set[Reference] = field(default_factory=set)  # whose record is of a version unknown here
    _by_name: list[Reference] = field(default_factory=list)
    _by_pool: dict[str, dict[Reference, int]] = field(default_factory=dict, compare=False)
    """Made when asked for, until a PPA changes its pool."""
    _by_labels: dict[str, LabelIndex] = field(default_factory=dict, compare=False)  # the same, and until labels change
    claimed: set[Reference] = field(default_factory=set)
    """Those that would be free, but for the claim of a group."""
    followers: dict[Reference, set[Reference]] = field(default_factory=dict)
    """Of each PPA that leads a group, as far as others say so, these others."""
    _leads: dict[Reference, Reference] = field(default_factory=dict)
    free_list: FreeList = field(default_factory=FreeList)
    counts: dict[Hashable, Any] = field(default_factory=dict, compare=False)
    """What was counted of the PPAs, by what it was counted for; empty again as soon as one of them changes."""

    def __iter__(self) -> Iterator[ManagedPPA]:
        return iter(list(self.ppas.values()))

    def __len__(self) -> int:
        return len(self.ppas)

    def put(self, managed: ManagedPPA) -> None:
        """Add a PPA, or say that it is in another pool or has another worker."""
        if self.ppas.get(managed.ppa) is not managed:
            self.drop(managed.ppa)
            insort(self._by_name, managed.ppa)
        self.ppas[managed.ppa] = managed
        self._by_pool, self._by_labels = {}, {}
        self.indexed(managed)

    def drop(self, ppa: Reference) -> None:
        """Forget a PPA."""
        self._unindex(ppa)
        self.counts.clear()
        self._follows(ppa, None)
        self.claimed.discard(ppa)
        self._foreign.discard(ppa)
        self.denied.discard(ppa)
        self.free_list.take(ppa)
        if self.ppas.pop(ppa, None) is not None:
            self._by_name.remove(ppa)
            self._by_pool, self._by_labels = {}, {}

    def names(self) -> list[Reference]:
        """All PPAs."""
        return list(self.ppas)

    def in_pool(self, pool: str) -> Sequence[ManagedPPA]:
        """Those that a pool lends."""
        return [self.ppas[ppa] for ppa in self.numbers(pool)]

    def numbers(self, pool: str) -> Mapping[Reference, int]:
        """Where each of them is in that order, from 0."""
        if (found := self._by_pool.get(pool)) is None:
            lent = (ppa for ppa, managed in self.ppas.items() if managed.lent and managed.pool == pool)
            found = self._by_pool[pool] = {ppa: number for number, ppa in enumerate(lent)}
        return found

    def labels(self, pool: str) -> LabelIndex:
        """The labels of those that a pool lends, in the order of `in_pool`."""
        if (found := self._by_labels.get(pool)) is None:
            found = self._by_labels[pool] = index_of(managed.labels for managed in self.in_pool(pool))
        return found

    def snapshots(self) -> list[Snapshot]:
        """All PPAs as they are told of, by name; may be called while others change them."""
        found = (self.ppas.get(ppa) for ppa in self._by_name.copy())
        return [self.told(managed.snapshot) for managed in found if managed is not None]

    def told(self, snapshot: Snapshot) -> Snapshot:
        """The PPA as it was known last; the lease of a group's member lives as long as its lead's, and ends with it."""
        record = snapshot.record
        if record is None or record.lead is None or (lead := self._lead_of_lease(record)) is None:
            return snapshot
        return replace(snapshot, record=_lives_as(record, lead), end=lead.end)

    def with_members(self, snapshot: Snapshot) -> list[Snapshot]:
        """A PPA as it is told of, and those that it leads."""
        record = snapshot.record
        found = [self.ppas[ppa].snapshot for ppa in (record.members if record else ()) if ppa in self.ppas]
        group = record.group if record is not None else None
        return [self.told(each) for each in (snapshot, *(s for s in found if s.record and s.record.group == group))]

    def free(self, pool: str, ppa: Reference | None = None) -> Iterator[ManagedPPA]:
        """Those of a pool, or this one alone, that may be lent as far as is known, the one that has been free longest
        first; not to be changed meanwhile.
        """
        return (self.ppas[one] for one in self.free_list.of(pool, ppa))

    def unbind(self, ppa: Reference) -> None:
        """It is no longer being lent."""
        self.free_list.bound.discard(ppa)
        if (managed := self.ppas.get(ppa)) is not None:
            self._list(managed, managed.snapshot)

    def concerns(self, ppa: Reference, pool: str) -> bool:
        """Whether a lease of this pool could be in that PPA: its own, one that was moved to another pool since, and
        those that only finish their lease.
        """
        managed = self.ppas.get(ppa)
        if managed is None:
            return False
        record = managed.snapshot.record
        return not managed.lent or managed.pool == pool or (record is not None and record.pool == pool)

    def indexed(self, managed: ManagedPPA) -> Key | None:
        """It is now as it says: find it by that.  The key of the request that it is used for, or remembers."""
        before = managed.labels
        managed.relabel()
        if managed.labels is not before:
            self._by_labels.clear()
        self.counts.clear()
        snapshot, ppa = managed.snapshot, managed.ppa
        self._list(managed, snapshot)
        (self._foreign.add if managed.foreign is not None else self._foreign.discard)(ppa)
        denied = snapshot.sight in (Sight.DENIED, Sight.LASTING_DENIED)
        (self.denied.add if denied else self.denied.discard)(ppa)
        self._follows(ppa, lead_of(snapshot))
        names = _names(snapshot)
        if self._indexed.get(ppa) != names:
            self._unindex(ppa)
            leases, key = self._indexed[ppa] = names
            for lease in leases:
                self._leases.setdefault(lease, set()).add(ppa)
            if key is not None:
                self.requests.setdefault(key, set()).add(ppa)
        return names[1]

    def with_lease(self, lease: str) -> tuple[Reference, Record] | None:
        """The PPA that holds the lease or, while it is dirty, remembers it, with its record; or the last record of a
        lease whose PPA is gone for good.
        """
        found = [self.ppas[ppa].snapshot for ppa in sorted(self._leases.get(lease, ()))]
        records = ((s.ppa, record) for s in found for record in (s.record, s.over) if record is not None)
        return next(((ppa, record) for ppa, record in records if record.lease == lease), None)

    def lent(self, ppa: Reference, record: Record, *, fresh: bool = False) -> LeaseView:
        """This lease there, as it may be told, with its end as far as that is known."""
        managed = self.ppas.get(ppa)
        snapshot = managed.snapshot if managed is not None else None
        known = snapshot is not None and snapshot.record is not None and snapshot.record.lease == record.lease
        if (lead := self._lead_of_lease(record)) is not None:
            return LeaseView(ppa, _lives_as(record, lead), fresh, lead.end)
        if snapshot is None or not known:
            return LeaseView(ppa, record, fresh)
        return LeaseView(ppa, record, fresh, snapshot.end, snapshot.left)

    def _lead_of_lease(self, record: Record) -> Snapshot | None:
        """The lead of the group that this lease is a member of; None without one, or where it is not known to be that
        any more, or this lease is over by itself.
        """
        lead = self.ppas.get(record.lead) if record.lead is not None else None
        known = lead.snapshot.record if lead is not None else None
        leads = known is not None and known.group == record.group and record.state is State.USED
        return lead.snapshot if lead is not None and leads else None

    def behind_newer_record(self, field: str, value: str) -> Reference | None:
        """The PPA whose record is of a version unknown here and names this `lease`: whether it runs cannot be told."""
        return self._foreign_one(lambda description: _says(description, field, value))

    def behind_newer_request(self, key: Key) -> Reference | None:
        """The PPA whose record is of a version unknown here and names this request."""
        return self._foreign_one(
            lambda description: _says(description, "request", key.request) and _says(description, "by", key.client)
        )

    def with_request(self, key: Key) -> list[Snapshot]:
        """The PPAs that are used for this request, the one with the highest attempt first."""
        found = [self.ppas[ppa].snapshot for ppa in sorted(self.requests.get(key, ()))]
        used = [s for s in found if s.record and s.record.state is State.USED]
        return sorted(used, key=lambda s: s.record.attempt if s.record else 0, reverse=True)

    def with_request_of_others(self, key: Key) -> list[Snapshot]:
        """Those that are used for requests of other clients under the same request id."""
        others = [other for other in self.requests if other.request == key.request and other != key]
        return [snapshot for other in others for snapshot in self.with_request(other)]

    def _list(self, managed: ManagedPPA, snapshot: Snapshot) -> None:
        claimed = managed.lent and snapshot.record is not None and snapshot.record.claim is not None
        (self.claimed.add if claimed and snapshot.condition is Condition.OK else self.claimed.discard)(snapshot.ppa)
        if managed.lent and snapshot.record is not None and free_for_anyone(snapshot):
            self.free_list.put(snapshot.ppa, managed.pool, snapshot.record.since)
        else:
            self.free_list.take(snapshot.ppa)

    def _follows(self, ppa: Reference, lead: Reference | None) -> None:
        if (before := self._leads.get(ppa)) == lead:
            return
        if before is not None:
            del self._leads[ppa]
            _drop(self.followers, before, ppa)
        if lead is not None:
            self._leads[ppa] = lead
            self.followers.setdefault(lead, set()).add(ppa)

    def _unindex(self, ppa: Reference) -> None:
        if (before := self._indexed.pop(ppa, None)) is None:
            return
        leases, key = before
        for lease in leases:
            _drop(self._leases, lease, ppa)
        _drop(self.requests, key, ppa)

    def _foreign_one(self, names: Callable[[str], bool]) -> Reference | None:
        texts = ((ppa, self.ppas[ppa].foreign or "") for ppa in sorted(self._foreign))
        return next((ppa for ppa, description in texts if names(description)), None)


def free_for_anyone(snapshot: Snapshot) -> bool:
    """Whether the PPA may be lent as far as is known: one that a group claims is that group's to take."""
    record = snapshot.record
    free = record is not None and record.state is State.FREE and record.claim is None
    return free and snapshot.condition is Condition.OK


def _lives_as(record: Record, lead: Snapshot) -> Record:
    """A member's record with its lead's times, by which the group ends; once that is over, as it is about to be."""
    if (known := lead.record) is None:
        return record
    if known.state is State.USED:
        return replace(record, until=known.until, touched=known.touched, idle=known.idle)
    over = {**OVER_WITH_A_LEASE, "began": record.since, "told": known.told}
    return replace(record, state=known.state, since=known.since, touched=known.touched, **over)


def lead_of(snapshot: Snapshot) -> Reference | None:
    """The PPA that decides what becomes of this one, where it is another."""
    record = snapshot.record
    if record is None:
        return None
    lead = record.lead if record.claim is None else record.claim.lead
    return lead if lead != snapshot.ppa else None


def _names(snapshot: Snapshot) -> tuple[frozenset[str], Key | None]:
    """The leases and the request that it is found by."""
    leases = (record.lease for record in (snapshot.record, snapshot.over) if record is not None)
    leading = lead_of(snapshot) is None  # a group is found at its lead
    return frozenset(lease for lease in leases if lease is not None), key_in(snapshot.record) if leading else None


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
