"""The line of a pool: as the decision sees it, and as people are shown it.

Rule: a request stands at its place as long as it waits; one that is searched for still has a PPA kept for it for a
moment, and so has one that was told `none-free` just now and may come back.  Nothing here decides or changes anything.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice

from ..config import Pool
from ..reference import Reference
from ..views import PoolView, Snapshot, WaitingView, Want, WantedView
from . import fitting, groups, queue, recovery, refusals, shares
from .allocation import QueuedWish, QuotaDemand
from .core import Core
from .registry import counted, free_for_anyone
from .requests import PendingRequest, RequestId, Stage


def joined(core: Core, pool: str) -> tuple[str, ...]:
    """The pools that are to be shared out together with this one, since requests wait that want PPAs of several."""
    found, wider = {pool}, {pool}
    waiting = [groups.pools_of(core.requests.by_id[one].wish) for one in core.requests.several]
    while wider:
        wider = {name for pools in waiting if found & pools for name in pools} - found
        found |= wider
    return tuple(sorted(found))


class PoolLine:
    """Those among whom the free PPAs of some pools are shared out, the first one first: all of these pools, and all
    whom a quota joins with them.  Who seems to have a lease already is not among them, but in `held` once it was
    come to.
    """

    def __init__(self, core: Core, pools: tuple[str, ...]) -> None:
        self.held: dict[RequestId, Reference] = {}
        self.quotas = shares.Quotas(core)
        self._core, self._pools = core, pools
        self._requests = self._all()
        self._enough: dict[Hashable, bool] = {}
        self.free = fitting.FreePpas(core, self._free())

    def __iter__(self) -> Iterator[QueuedWish[RequestId]]:
        return (self._wish(request) for request in self._requests if self._stands(request))

    def fit(self, wish: QueuedWish[RequestId], number: int) -> list[Reference]:
        """The free PPAs that may be lent to a request, as what it wants by that number."""
        request = self._core.requests.by_id[wish.id]
        return self.free.fit(request, groups.wants_of(request.wish)[number])

    def enough(self, wish: QueuedWish[RequestId]) -> bool:
        """Whether all PPAs that could ever be lent would be enough for a request, reckoned once for all alike."""
        request = self._core.requests.by_id[wish.id]
        if not request.wish.want:
            return True
        alike = request.id if request.burnt else request.shape
        if alike not in self._enough:
            self._enough[alike] = groups.enough(self._core, request)
        return self._enough[alike]

    def _free(self) -> list[Reference]:
        """The free PPAs that these could get, the one that has been free longest first: where there are more of them
        than of those who wait, and these are not choosy, no more than they need, for thousands may be free.
        """
        registry, requests = self._core.registry, self._core.requests
        if requests.several:  # there may be several pools, and some need more than one PPA
            return [managed.ppa for pool in self._pools for managed in registry.free(pool)]
        (pool,) = self._pools
        most = len(self._requests)
        waiting = self._requests if registry.free_list.count(pool) > most else ()
        if not waiting or any(one.lost or one.burnt or one.wish.select.requirements for one in waiting):
            return [managed.ppa for managed in registry.free(pool)]
        named = {one.wish.ppa for one in waiting if one.wish.ppa is not None}
        first = islice(registry.free(pool), most + len(named))
        more = (managed for ppa in named for managed in registry.free(pool, ppa))
        return sorted({managed.ppa for managed in (*first, *more)}, key=registry.free_list.place)

    def ready(self) -> list[PendingRequest]:
        """Those that wait, have no lease, and may be served now."""
        boot = self._core.now.boot
        waiting = [one for one in self._requests if one.stage is Stage.WAITING and one.calls]
        return [one for one in waiting if boot >= one.rests_until and recovery.holding(self._core, one) is None]

    def _all(self) -> Sequence[PendingRequest]:
        requests = self._core.requests
        joined = self._joined() if self.quotas.across_pools else ()
        if not joined and not requests.kept and len(self._pools) == 1:
            return requests.waiting(self._pools[0])
        found = (one for pool in self._pools for one in (*requests.waiting(pool), *requests.kept_in(pool)))
        return sorted((*found, *joined), key=_place)

    def _joined(self) -> list[PendingRequest]:
        """Those of other pools that count for a quota of this pool's clients."""
        others = (one for one in self._core.requests if one.wish.pool not in self._pools and one.in_queue)
        return [one for one in others if self.quotas.of(one.wish)]

    def _stands(self, request: PendingRequest) -> bool:
        if request.stage is not Stage.WAITING:
            return request.keeps_its_turn(self._core.now.boot)
        if request.calls and (held := recovery.holding(self._core, request)) is not None:
            self.held[request.id] = held.ppa
        return request.id not in self.held

    def _wish(self, request: PendingRequest) -> QueuedWish[RequestId]:
        away, core = not request.calls, self._core
        return QueuedWish(
            request.id,
            needs=tuple(want.count for want in request.wish.want) or (1,),
            quotas=() if away or self.quotas.none else self.quotas.of(request.wish),
            shape=self._shape(request),
            ready=request.stage is Stage.WAITING and core.now.boot >= request.rests_until,
            patient=away or request.may_wait(core.now.boot),
            away=away,
            drawn=core.now.drawn if request.lost else None,
        )

    def _shape(self, request: PendingRequest) -> Hashable:
        if request.wish.pool not in self._pools:
            return None
        if request.burnt or request.avoided or request.wish.want:
            return request.id
        return request.wish.pool, request.shape


def position(core: Core, request: PendingRequest) -> int:
    """Its place in the line of its pool, from 1."""
    return 1 + core.requests.queue.ahead(request.wish.pool, request.place) + queue.places_ahead(core, request)


def _place(request: PendingRequest) -> tuple[float, int]:
    return request.place


# -- shown to people ---------------------------------------------------------------------------------------------------


def shown(core: Core, pool: str | None = None) -> list[WaitingView]:
    """Those who wait, of one pool or of all, in the order in which they are served."""
    quotas, reasons = shares.Quotas(core), dict[tuple[str, str], str]()
    earlier, found = QuotaDemand(quotas.room), []
    for request in sorted((one for name in core.settings.pools for one in core.requests.waiting(name)), key=_place):
        wish, own = request.wish, quotas.of(request.wish)
        full = earlier.full(own)
        earlier.add(own)
        if pool in (None, wish.pool):
            if (wish.pool, request.shape) not in reasons:
                reasons[wish.pool, request.shape] = refusals.why_none(core, request)
            found.append(_shown(core, request, _why(request, full, reasons[wish.pool, request.shape])))
    return found


def _shown(core: Core, request: PendingRequest, why: str) -> WaitingView:
    wish = request.wish
    return WaitingView(
        wish.request_id, wish.owner, wish.pool, tuple(map(_wanted, groups.wants_of(wish))),
        datetime.fromtimestamp(request.first, UTC),
        wish.priority, position(core, request), why,
    )  # fmt: skip


def _why(request: PendingRequest, full: shares.Quota | None, none: str) -> str:
    if request.stage is Stage.SEARCHING:
        return "it may have a lease already, which is searched for"
    return none if full is None else f"a quota is full: {full}"


def _wanted(want: Want) -> WantedView:
    return WantedView(want.pool, want.count, str(want.select) if want.select.requirements else None)


def pool_view(pool: Pool, seen: Collection[Snapshot], waiting: int, oldest_wait: float | None) -> PoolView:
    """A pool in numbers."""
    counts, available = counted(seen), sum(map(free_for_anyone, seen))
    return PoolView(pool.name, counts["state"], counts["condition"], waiting, oldest_wait, available, pool.labels)
