"""Which PPAs cannot take what a request is about to upload: those that had one of its sources before, or other files of
the same names, burnt ones.

Invariants: `all-burnt` is told only when every PPA that the request could get was seen to be burnt, and there is one.
No PPA is asked twice in the same state, and none while another is known that the request may wait for: one that is not
burnt, or cannot be asked now, may be free tomorrow; one that is out of service until a person acts is waited for by
nobody.  However many wait and whatever they name, only so many PPAs are asked at a time, and a request has so many
questions; one that has used them up waits for what it did not ask about.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

from ..automaton.events import CheckBurnt, Denied, Outcome, Refusal
from ..reference import Reference
from ..views import Condition, Sight
from .core import Core
from .registry import ManagedPPA, free_for_anyone
from .requests import PendingRequest, Stage, state_of
from .steps import AskOn, AsksBurnt, Learnt, Pursue

AT_ONCE = 16  # PPAs, for all requests together
QUESTIONS = 1000  # of one request: one a source and PPA; for the files of a source some more may follow
UNASKABLE = (Condition.MISSING, Condition.UNREACHABLE)


class Outlook(Enum):
    """What a request that waits, and names sources, may hope for."""

    HOPE = "a PPA is known that it may wait for"
    UNKNOWN = "none is, and not all were asked"
    NONE = "every one that it could get is burnt"


def outlook(core: Core, request: PendingRequest) -> Outlook:
    """What it may hope for, as far as is known."""
    if _still_hopes(core, request):
        return Outlook.HOPE
    left = _left(core, request)
    if not left and burnt(core, request):
        return Outlook.NONE
    return Outlook.HOPE if _any_hope(core, request, left) else Outlook.UNKNOWN


def burnt(core: Core, request: PendingRequest) -> dict[Reference, str]:
    """Those of its pool that are known to be burnt, and what they had."""
    return {ppa: request.burnt[ppa] for ppa in sorted(request.burnt) if _of_pool(core, request, ppa)}


def ask_all(core: Core, request: PendingRequest) -> None:
    """Ask all that it could get what they had."""
    _ask(core, request, _left(core, request))


def ask_free(core: Core, request: PendingRequest) -> None:
    """A PPA that was to be lent turned out to be burnt.  Others that are free may be too: they are asked at once, for
    one after the other could take longer than the request has time.
    """
    if request.calls:
        free = [m for m in _left(core, request) if _free(core, m)]
        _ask(core, request, [m for m in free if request.asked.get(m.ppa) != state_of(m.snapshot)])


def undecided(core: Core, request: PendingRequest) -> bool:
    """Whether an answer that is under way may show that all are burnt."""
    return bool(request.asking) and not _any_hope(core, request, _left(core, request))


def on_answer(core: Core, waits: AsksBurnt, outcome: Outcome) -> None:
    """A PPA told what it had, or could not."""
    if isinstance(outcome, Denied) and outcome.why is Refusal.IN_DOUBT:
        return
    core.asking -= 1
    core.later(AskOn())
    request, ppa = core.requests.by_id.get(waits.request), waits.ppa
    if request is None:
        return
    if isinstance(outcome, Denied) and outcome.why is Refusal.BURNT:
        request.burnt[ppa] = outcome.detail
        request.questions -= _unasked(request, outcome.detail)
    del request.asking[ppa]
    abandoned = isinstance(outcome, Denied) and outcome.why is Refusal.LOST
    if (managed := core.registry.get(ppa)) is not None and not abandoned:
        request.asked[ppa] = state_of(managed.snapshot)
    if request.stage is Stage.WAITING and core.requests.is_current(request):
        core.then(Learnt(request.id))


def _ask(core: Core, request: PendingRequest, found: Iterable[ManagedPPA]) -> None:
    ppas = [managed.ppa for managed in found if managed.ppa not in request.asking]
    deadline, sources = request.deadline, request.wish.sources
    room = max(0, AT_ONCE - core.asking)
    if len(ppas) > room:
        core.short.add(request.wish.pool)
    for ppa in ppas[: min(room, (QUESTIONS - request.questions) // len(sources))]:
        request.questions += len(sources)
        core.asking += 1
        command = CheckBurnt(token=core.token(), deadline=deadline, sources=sources)
        request.asking[ppa] = core.order(ppa, command, AsksBurnt(request.id, ppa))


def on_room(core: Core, _: AskOn) -> None:
    """There is room for those who found none."""
    pools, core.short = core.short, set()
    for pool in sorted(pools):
        core.then(Pursue(pool))


def _left(core: Core, request: PendingRequest) -> list[ManagedPPA]:
    """Those that may serve for all that is known, and are not known to be burnt."""
    found = [m for m in core.registry.in_pool(request.wish.pool) if request.wish.ppa in (None, m.ppa)]
    return [m for m in found if m.ppa not in request.burnt and not _out_of_service(m)]


def _of_pool(core: Core, request: PendingRequest, ppa: Reference) -> ManagedPPA | None:
    managed = core.registry.get(ppa)
    return managed if managed is not None and managed.lent and managed.pool == request.wish.pool else None


def _any_hope(core: Core, request: PendingRequest, left: Iterable[ManagedPPA]) -> bool:
    """Whether there is one that it may wait for; to one that has no questions left each is."""
    request.hope = next((managed.ppa for managed in left if _hope(core, request, managed)), None)
    return request.hope is not None or request.questions + len(request.wish.sources) > QUESTIONS


def _still_hopes(core: Core, request: PendingRequest) -> bool:
    """The same without going through the pool, for this is asked at each change: where there was hope last."""
    managed = _of_pool(core, request, request.hope) if request.hope is not None else None
    return managed is not None and managed.ppa not in request.burnt and _hope(core, request, managed)


def _hope(core: Core, request: PendingRequest, managed: ManagedPPA) -> bool:
    """Whether it may be waited for: it is free, cannot be asked, or did not say in this state that it is burnt."""
    if _free(core, managed) or managed.snapshot.condition in UNASKABLE:
        return not _out_of_service(managed)
    return managed.ppa not in request.asking and request.asked.get(managed.ppa) == state_of(managed.snapshot)


def _free(core: Core, managed: ManagedPPA) -> bool:
    return free_for_anyone(managed.snapshot) and managed.ppa not in core.registry.free_list.bound


def _unasked(request: PendingRequest, hit: str) -> int:
    """How many of its sources were not asked for because of this one."""
    words = hit.split(" ")
    of = (
        number
        for number, source in enumerate(request.wish.sources)
        if hit == str(source) or words[0] in {file.name for file in source.files}
    )
    return len(request.wish.sources) - 1 - next(of, len(request.wish.sources) - 1)


def _out_of_service(managed: ManagedPPA) -> bool:
    """Whether it serves nobody before a person acts: gone for good, disabled, not ours to write to, somebody's
    packages in it, its record garbled.  One that is still being looked into is not, nor one that the daemon is about to
    create.
    """
    snapshot = managed.snapshot
    if snapshot.condition is Condition.MISSING:
        return snapshot.sight is Sight.LASTING_GONE and not managed.options.create
    if snapshot.condition is Condition.DISABLED or snapshot.sight is Sight.BARRED:
        return True
    if snapshot.condition is Condition.UNMANAGED:
        return snapshot.occupied
    return snapshot.condition is Condition.UNREADABLE and snapshot.record is None
