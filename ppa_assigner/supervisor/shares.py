"""What clients and owners have, and what follows for who waits: the key that a line is ordered by, and quotas.

Rule: used PPAs count, as the last look showed them, and those that are being assigned here, each once.  Two daemons
know of each other's leases by looks alone, so each may lend one beyond a quota.  A key is fixed when its request enters
the line, and is a time: since no priority is worth more than a fixed time, whoever waits comes before all that ask
later than that, and nobody starves.  Nothing here decides who is served.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from ..record import Record, State
from ..reference import Reference
from ..views import AssignRequest, LeaseView
from .core import Core
from .requests import PendingRequest


class Holder(NamedTuple):
    """Who has a PPA, and of which pool."""

    client: str | None
    owner: str | None
    pool: str | None


@dataclass(frozen=True, slots=True)
class Quota:
    """At most so many PPAs are had by a client; with `owner` and `pool`, by it for this owner and of this pool."""

    option: str
    most: int
    client: str | None
    owner: str | None = None
    pool: str | None = None

    def counts(self, holder: Holder) -> bool:
        """Whether what this one has counts for it."""
        whose = self.owner is None or (holder.owner, holder.pool) == (self.owner, self.pool)
        return whose and holder.client == self.client

    def taken_by(self, wish: AssignRequest) -> int:
        """How many of the PPAs that are wished count for it."""
        return sum(many for holder, many in wished(wish) if self.counts(holder))

    def __str__(self) -> str:
        whose = f"client {self.client}" if self.owner is None else f"owner {self.owner} in pool {self.pool}"
        return f"{self.option} {self.most} of {whose}"


def wished(wish: AssignRequest) -> Iterator[tuple[Holder, int]]:
    """Who would have what is wished, and how many PPAs of each pool."""
    return ((Holder(wish.by, wish.owner, pool), many) for pool, many in wish.by_pool.items())


def holders(core: Core) -> dict[Reference, Holder]:
    """Who has each PPA that is used or being assigned."""
    found = {one.bound: _holder(core, one.wish, one.bound) for one in core.requests if one.bound is not None}
    for trying in core.tries.values():
        found |= {ppa: _holder(core, trying.wish, ppa) for ppa in trying.ppas}
    return found | {ppa: Holder(record.by, record.owner, record.pool) for ppa, record in _used(core)}


def _holder(core: Core, wish: AssignRequest, ppa: Reference) -> Holder:
    """Who is to have this PPA."""
    managed = core.registry.ppas.get(ppa)
    return Holder(wish.by, wish.owner, managed.pool if managed is not None else wish.pool)


def _used(core: Core) -> Iterator[tuple[Reference, Record]]:
    records = ((managed.ppa, managed.told.record) for managed in core.registry)
    return ((ppa, record) for ppa, record in records if record is not None and record.state is State.USED)


# -- the key -----------------------------------------------------------------------------------------------------------


def key_at(first_asked: float, priority: int, has: int, age_step: float, fair_step: float) -> float:
    """The key of a request (seconds since 1970): the lowest comes first.  Each step of priority is worth `age_step`
    seconds.  Each PPA that its client has for its owner, being assigned included, and each request of theirs that came
    before (`has` counts both) costs `fair_step`.
    """
    return first_asked - priority * age_step + has * fair_step


def key_of_new(core: Core, wish: AssignRequest, first_asked: float) -> float:
    """The key of a request that enters the line now."""
    pool = core.settings.pools.get(wish.pool)
    if pool is None:
        return first_asked
    order = pool.options.order
    return key_at(
        first_asked, wish.priority, _has(core, wish) if order.fair_step else 0, order.age_step, order.fair_step
    )


def _has(core: Core, wish: AssignRequest) -> int:
    mine = wish.by, wish.owner
    held = sum(holder[:2] == mine for holder in holders(core).values())
    ours = (one for one in core.requests if one.wish.owner == wish.owner and one.wish.by == wish.by)
    waiting = (one for one in ours if one.in_queue and one.wish.request_id != wish.request_id)
    return held + sum(one.wish.many for one in waiting)


# -- quotas ------------------------------------------------------------------------------------------------------------


class Quotas:
    """The quotas of the configuration, as they are filled at this moment."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._of: dict[Hashable, tuple[tuple[Quota, int], ...]] = {}
        self._held: Counter[Holder] | None = None
        self._room: dict[Quota, int] = {}
        most = {client.name: client.max_leases for client in core.settings.api.clients}
        self._clients = {name: many for name, many in most.items() if many is not None}
        self.across_pools = bool(self._clients) and len(core.settings.pools) > 1
        """Whether what is in one pool may keep a request of another from being served."""
        owners = any(pool.options.max_per_owner is not None for pool in core.settings.pools.values())
        self.none = not self._clients and not owners
        """Whether there are none."""

    def of(self, wish: AssignRequest) -> tuple[tuple[Quota, int], ...]:
        """The quotas that a request counts for, and as how many PPAs."""
        if self.none:
            return ()
        asked = wish.by, wish.owner, wish.pool, wish.want
        if (found := self._of.get(asked)) is None:
            found = self._of[asked] = tuple((quota, quota.taken_by(wish)) for quota in self._found(wish))
        return found

    def _found(self, wish: AssignRequest) -> Iterator[Quota]:
        if wish.by in self._clients:
            yield Quota("max_leases", self._clients[wish.by], wish.by)
        for name in wish.by_pool:
            pool = self._core.settings.pools.get(name)
            if pool is not None and (most := pool.options.max_per_owner) is not None:
                yield Quota("max_per_owner", most, wish.by, wish.owner, name)

    def room(self, quota: Hashable) -> int | None:
        """How many more PPAs a quota has room for; less than none after a reload."""
        if not isinstance(quota, Quota):
            return None
        if quota not in self._room:
            if self._held is None:
                self._held = Counter(holders(self._core).values())
            self._room[quota] = quota.most - sum(many for who, many in self._held.items() if quota.counts(who))
        return self._room[quota]


def full(core: Core, request: PendingRequest) -> Quota | None:
    """The quota that keeps a request from being served; what its client's earlier requests want counts too."""
    quotas = Quotas(core)
    wanted = ((quota, _before(core, request, quota) + many) for quota, many in quotas.of(request.wish))
    return next((quota for quota, many in wanted if many > (quotas.room(quota) or 0)), None)


def _before(core: Core, request: PendingRequest, quota: Quota) -> int:
    mine = (one for one in core.requests if one.wish.by == quota.client and one.in_queue)
    return sum(quota.taken_by(one.wish) for one in mine if one.place < request.place)


def never_met(core: Core, wish: AssignRequest) -> Quota | None:
    """The quota that a wish by itself is more than, whoever has what."""
    return next((quota for quota, many in Quotas(core).of(wish) if quota.most < many), None)


def leases_of(core: Core, quota: Quota) -> list[LeaseView]:
    """The leases that fill it."""
    mine = ((ppa, record) for ppa, record in _used(core) if quota.counts(Holder(record.by, record.owner, record.pool)))
    return [core.registry.lent(ppa, record) for ppa, record in mine]


def too_many_wait(core: Core, request: PendingRequest) -> int | None:
    """How many requests of its client may wait, if so many do besides this one; places that are kept count too."""
    client = core.settings.api.client(request.wish.by)
    most = client.max_waiting if client is not None else None
    if most is None:
        return None
    others = (one for one in core.requests.by_id.values() if one.wish.by == request.wish.by and one.id != request.id)
    waiting = sum(core.requests.is_kept(one) or (one.in_queue and one.admitted) for one in others)
    return most if waiting >= most else None
