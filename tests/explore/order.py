"""Who comes before whom in a line: nobody passes one who waits ahead of it for what that one could use.

Rule: judged by the places of the requests and by what is left free, not by how the machine shares out.
"""

from __future__ import annotations

from collections.abc import Iterator

from ppa_assigner.reference import Reference
from ppa_assigner.supervisor.core import Core
from ppa_assigner.supervisor.requests import PendingRequest, Stage

from .site import Site
from .world import World


def judge(before: World, after: World) -> None:
    """What the move from one world to the other gave to whom."""
    for index in after.fresh:
        old, new = before.sites[index], after.sites[index]
        if old is not None and new is not None and old.generation == new.generation:
            after.stage.wrong += _passed(old, new)


def _passed(old: Site, new: Site) -> Iterator[str]:
    was = old.core.requests.by_id
    waiting = [r for r in new.core.requests.by_id.values() if _waits(r) and r.id in was and _waits(was[r.id])]
    for request in new.core.requests.by_id.values():
        if request.stage is Stage.ASSIGNING and (request.id not in was or was[request.id].stage in _IN_LINE):
            for ahead in (one for one in waiting if one.place < request.place):
                if _took(new.core, request, ahead):
                    yield f"order: {request.key.request} passes {ahead.key.request}, who waits for what it takes"


_IN_LINE = frozenset({Stage.WAITING, Stage.SEARCHING})


def _waits(request: PendingRequest) -> bool:
    return request.stage is Stage.WAITING and bool(request.calls)


def _took(core: Core, request: PendingRequest, ahead: PendingRequest) -> bool:
    """Whether it took of what the one ahead could use, and left it less than that needs."""
    one = core.tries.get(request.trying or "")
    taken = one.ppas if one is not None else (request.bound,)
    left = [managed.ppa for managed in core.registry.free(request.wish.pool) if _fits(core, ahead, managed.ppa)]
    return any(ppa is not None and _fits(core, ahead, ppa) for ppa in taken) and len(left) < ahead.wish.many


def _fits(core: Core, request: PendingRequest, ppa: Reference) -> bool:
    managed = core.registry.ppas.get(ppa)
    named = request.wish.ppa in (None, ppa)
    return named and managed is not None and not request.avoids(managed.told, core.now.boot)
