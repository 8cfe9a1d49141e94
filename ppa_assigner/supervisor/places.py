"""Places in the queue of those who were told none-free a moment ago: a client that waits long asks in short waits, so
that it always has a fresh ticket, and must not be passed by between two of them.

Rule: only who was willing to wait leaves a place behind, only for a moment, and only the same wisher comes back to it.
Nobody is told of it, and it is not a request on its way: nothing is lent to it.
"""

from __future__ import annotations

from ..backoff import PLACE_KEPT_S
from ..views import AssignRequest
from .core import Core
from .keys import Key
from .requests import PendingRequest
from .steps import Match, PlaceIsOver


def keep(core: Core, request: PendingRequest) -> None:
    """Keep its place: its last call was told none-free just now."""
    requests = core.requests
    requests.by_id[request.id] = request
    requests.kept[request.key] = (request.id, core.after(PLACE_KEPT_S, PlaceIsOver(request.id)))
    requests.kept_queue.add(request.id, request.wish.pool, request.place)


def take(core: Core, key: Key, wish: AssignRequest) -> PendingRequest | None:
    """The request as it was, when the same wisher comes back in time; whoever comes, the place is kept no more."""
    kept = _give_up(core, key)
    return kept if kept is not None and kept.same_wisher(wish) else None


def withdraw(core: Core, key: Key) -> bool:
    """Let nobody come back to it.  Whether there was one."""
    kept = _give_up(core, key)
    if kept is not None:
        core.then(Match(kept.wish.pool))
    return kept is not None


def of_others(core: Core, key: Key) -> list[Key]:
    """Those of other clients under the same request id."""
    return [other for other in core.requests.kept if other.request == key.request and other != key]


def ahead(core: Core, request: PendingRequest) -> int:
    """How many of its pool's are kept ahead of a request."""
    return core.requests.kept_queue.ahead(request.wish.pool, request.place)


def on_over(core: Core, step: PlaceIsOver) -> None:
    """Nobody came back: those of its pool who waited behind it go on."""
    kept = core.requests.by_id.get(step.request)
    if kept is not None and core.requests.kept.get(kept.key, (None,))[0] == kept.id:
        withdraw(core, kept.key)


def _give_up(core: Core, key: Key) -> PendingRequest | None:
    requests = core.requests
    if (kept := requests.kept.pop(key, None)) is None:
        return None
    number, timer = kept
    core.timers.cancel(timer)
    requests.kept_queue.discard(number)
    return requests.by_id.pop(number)
