"""The line of a pool: as the decision sees it, and as people are shown it.

Rule: a request stands at its place as long as it waits; one that is searched for still has a PPA kept for it for a
moment, and so has one that was told `none-free` just now and may come back.  Nothing here decides or changes anything.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice

from ..reference import Reference
from ..views import AssignRequest, WaitingView, WantedView
from . import fitting, queue, refusals, shares
from .allocation import QueuedWish
from .core import Core
from .requests import PendingRequest, RequestId, Stage


def of(core: Core, pool: str, free: int) -> list[QueuedWish[RequestId]]:
    """Those among whom `free` PPAs are to be shared out: all of the pool, and all whom a quota joins with them; where
    all are alike, no more than can get one.
    """
    requests = _with_places(core, pool)
    if not any(_shape(pool, one) or shares.quotas_of(core, one.wish) for one in requests):
        return list(_cut(core, requests, free))
    if shares.across_pools(core):
        requests = sorted((*requests, *_joined(core, pool)), key=_place)
    return [
        _wish(core, one, shares.quotas_of(core, one.wish), _shape(pool, one)) for one in requests if _stands(core, one)
    ]


def free_for(core: Core, pool: str, line: Sequence[QueuedWish[RequestId]]) -> list[Reference]:
    """The free PPAs that this line could get, the one that has been free longest first: where none is choosy, no more
    than it needs and those that are asked for by name, for thousands may be free.
    """
    named = {wish.shape for wish in line if wish.shape is None or isinstance(wish.shape, Reference)}
    if any(wish.drawn is not None or wish.shape not in named for wish in line):
        return [managed.ppa for managed in core.registry.free(pool)]
    first = list(islice(core.registry.free(pool), len(line) + len(named)))
    if named <= {None}:
        return [managed.ppa for managed in first]
    more = (managed for ppa in named if ppa for managed in core.registry.free(pool, ppa))
    return sorted(dict.fromkeys(managed.ppa for managed in (*first, *more)), key=core.registry.free_list.place)


def fits(core: Core, pool: str, request: PendingRequest, ppa: Reference) -> bool:
    """Whether a free PPA of the pool may be lent to it."""
    managed = core.registry.ppas.get(ppa)
    if request.wish.pool != pool or managed is None or not fitting.fits(request, managed):
        return False
    return not request.avoids(managed.told, core.now.boot)


def position(core: Core, request: PendingRequest) -> int:
    """Its place in the line of its pool, from 1."""
    return 1 + core.requests.queue.ahead(request.wish.pool, request.place) + queue.places_ahead(core, request)


def _with_places(core: Core, pool: str) -> list[PendingRequest]:
    waiting, kept = core.requests.waiting(pool), core.requests.kept_in(pool)
    return sorted((*waiting, *kept), key=_place) if kept else waiting


def _joined(core: Core, pool: str) -> Iterator[PendingRequest]:
    """Those of other pools that count for a quota of this pool's clients."""
    return (one for one in core.requests if one.in_queue and one.wish.pool != pool and shares.quotas_of(core, one.wish))


def _cut(core: Core, requests: Sequence[PendingRequest], free: int) -> Iterator[QueuedWish[RequestId]]:
    """Of requests that take any PPA, and that no quota concerns."""
    for request in requests:
        if not free:
            return
        if _stands(core, request):
            wish = _wish(core, request, (), None)
            free -= not wish.away
            yield wish


def _stands(core: Core, request: PendingRequest) -> bool:
    return request.stage is Stage.WAITING or request.keeps_its_turn(core.now.boot)


def _wish(
    core: Core, request: PendingRequest, quotas: tuple[shares.Quota, ...], shape: Hashable
) -> QueuedWish[RequestId]:
    away = core.requests.is_kept(request)
    return QueuedWish(
        request.id,
        quotas=() if away else quotas,
        shape=shape,
        ready=request.stage is Stage.WAITING,
        patient=away or request.may_wait(core.now.boot),
        away=away,
        drawn=core.now.drawn if request.lost else None,
    )


def _shape(pool: str, request: PendingRequest) -> Hashable:
    """What else fits as it does; None: one that takes any PPA of the pool."""
    if request.wish.pool != pool:
        return request.wish.pool
    if request.burnt or request.avoided:
        return request.id
    return (request.wish.select, request.wish.ppa) if request.wish.select.requirements else request.wish.ppa


def _place(request: PendingRequest) -> tuple[float, int]:
    return request.place


# -- shown to people ---------------------------------------------------------------------------------------------------


def shown(core: Core, pool: str | None = None) -> list[WaitingView]:
    """Those who wait, of one pool or of all, in the order in which they are served."""
    pools = core.settings.pools if pool is None else (pool,)
    requests = sorted((one for name in pools for one in core.requests.waiting(name)), key=_place)
    return [_shown(core, one) for one in requests]


def _shown(core: Core, request: PendingRequest) -> WaitingView:
    wish = request.wish
    return WaitingView(
        wish.request_id, wish.owner, wish.pool, (_wanted(wish),), datetime.fromtimestamp(request.first, UTC),
        wish.priority, position(core, request), _why(core, request),
    )  # fmt: skip


def _wanted(wish: AssignRequest) -> WantedView:
    return WantedView(wish.pool, select=refusals.selection(wish))


def _why(core: Core, request: PendingRequest) -> str:
    if request.stage is Stage.SEARCHING:
        return "it may have a lease already, which is searched for"
    if (quota := shares.full(core, request)) is not None:
        return f"a quota is full: {quota}"
    return refusals.why_none(core, request)
