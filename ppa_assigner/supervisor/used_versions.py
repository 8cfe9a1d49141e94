"""Which PPAs cannot take what is about to be uploaded: those that had one of its sources before, or other files of the
same names, burnt ones; for a request that waits, and for who asks without one.

Invariants: `all-burnt` is told only when every PPA that the request could get was seen to be burnt, and there is one.
No PPA is asked twice in the same state, and none while another is known that the request may wait for: one that is not
burnt, or cannot be asked now, may be free tomorrow; one that is out of service until a person acts is waited for by
nobody.  However many wait and whatever they name, only so many PPAs are asked at a time, and a request has so many
questions; one that has used them up waits for what it did not ask about.
Rule of an upload's check: each PPA's worker is asked, as for a request, no more than a few at a time; who does not
answer in time is said to be unknown.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

from ..automaton.events import CheckBurnt, Denied, Outcome, Refusal
from ..backoff import RETRY_AFTER_S
from ..port import Lane
from ..problems import Kind, Problem
from ..reference import Reference
from ..views import Condition, Sight, SourceCheck, UploadCheck
from . import groups
from .calls import begin, end
from .core import Core, UploadCall
from .events import CheckAsked, SourcesChecked
from .fitting import may_match, possible
from .registry import ManagedPPA, free_for_anyone
from .requests import CallId, PendingRequest, Stage, state_of
from .steps import AskOn, AsksBurnt, CheckIsOver, Checks, Learnt, Pursue

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
    if burnt(core, request) and (_too_few(core, request) if request.wish.want else not left):
        return Outlook.NONE
    return Outlook.HOPE if _any_hope(core, request, left) else Outlook.UNKNOWN


def burnt(core: Core, request: PendingRequest) -> dict[Reference, str]:
    """Those of its pool that are known to be burnt, and what they had."""
    return {ppa: request.burnt[ppa] for ppa in sorted(request.burnt) if _of_pool(core, request, ppa)}


def ask_all(core: Core, request: PendingRequest) -> None:
    """Ask all that it could get what they had, unless they have said so."""
    _ask(core, request, [one for one in _left(core, request) if not _hope(core, request, one)])


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
    if (managed := core.registry.ppas.get(ppa)) is not None and not abandoned:
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
    if wants := request.wish.want:
        in_pools = [m for pool in request.wish.by_pool for m in core.registry.in_pool(pool)]
        wanted = {m.ppa for want in wants for m in possible(core, want.pool, want.select)}
        found = [m for m in in_pools if m.ppa in wanted]
    else:
        found = [m for m in core.registry.in_pool(request.wish.pool) if may_match(request.wish, m) is not False]
    return [m for m in found if m.ppa not in request.burnt and not _out_of_service(m)]


def _too_few(core: Core, request: PendingRequest) -> bool:
    """Whether it is for what PPAs had that there are not enough for several."""
    return not groups.enough(core, request) and groups.enough(core, request, burnt=())


def _of_pool(core: Core, request: PendingRequest, ppa: Reference) -> ManagedPPA | None:
    managed = core.registry.ppas.get(ppa)
    return managed if managed is not None and managed.lent and managed.pool in request.wish.by_pool else None


def _any_hope(core: Core, request: PendingRequest, left: Iterable[ManagedPPA]) -> bool:
    """Whether there is one that it may wait for, or enough of them; to one that has no questions left each is."""
    if request.wish.want:
        others = {one.ppa for one in left if not _hope(core, request, one)}
        hopes = groups.enough(core, request, burnt=others | request.burnt.keys()) or not groups.enough(core, request)
        return hopes or request.questions + len(request.wish.sources) > QUESTIONS
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


# -- asked without a request -------------------------------------------------------------------------------------------


AT_ONCE = 16
FOR_THE_REST = 0.1  # of a call's time is kept to tell what is known by then
LATE = "it did not answer in time"


def on_check_asked(core: Core, event: CheckAsked) -> None:
    """Wait for what concerns no single PPA."""
    found = sorted(one.ppa for one in core.registry if one.lent and event.pool in (None, one.pool))
    boot = core.now.boot
    begin(core, UploadCall(event.call, event, boot, boot + core.total, ppas=tuple(found)))


def on_sources_checked(core: Core, event: SourcesChecked) -> None:
    """Ask every PPA about every source."""
    call = _check(core, event.call)
    if call is None:
        return
    call.checks = event.checks
    call.burnt = {number: {} for number in range(len(event.checks))}
    call.todo.extend((number, ppa) for ppa in call.ppas for number in range(len(event.checks)))
    core.after((call.deadline - core.now.boot) * (1 - FOR_THE_REST), CheckIsOver(call.id))
    _go_on_checking(core, call)


def on_check_answer(core: Core, waits: Checks, outcome: Outcome) -> None:
    """A PPA told what it had, or could not."""
    call, ppa = _check(core, waits.call), waits.ppa
    if call is None:
        return
    match outcome:
        case Denied(Refusal.IN_DOUBT):
            return
        case Denied(Refusal.BURNT, had):
            call.burnt[waits.number][ppa] = had
        case Denied(_, why):
            call.unknown[ppa] = why
    call.under_way.discard((waits.number, ppa))
    _go_on_checking(core, call)


def on_check_over(core: Core, step: CheckIsOver) -> None:
    """What is known by now is told."""
    if (call := _check(core, step.call)) is not None:
        _end_check(core, call)


def _check(core: Core, number: CallId) -> UploadCall | None:
    call = core.calls.get(number)
    return call if isinstance(call, UploadCall) else None


def _go_on_checking(core: Core, call: UploadCall) -> None:
    while call.todo and len(call.under_way) < AT_ONCE:
        _ask_about(core, call, *call.todo.popleft())
    if not call.todo and not call.under_way:
        _end_check(core, call)


def _ask_about(core: Core, call: UploadCall, number: int, ppa: Reference) -> None:
    source = call.checks[number].source
    call.under_way.add((number, ppa))
    command = CheckBurnt(token=core.token(), deadline=call.deadline, sources=(source,), lane=Lane.WORK)
    core.order(ppa, command, Checks(call.id, number, ppa))


def _end_check(core: Core, call: UploadCall) -> None:
    late = {ppa for _, ppa in (*call.todo, *call.under_way)}
    unknown = dict.fromkeys(sorted(late), LATE) | call.unknown
    burnt = {ppa for had in call.burnt.values() for ppa in had}
    takes = tuple(ppa for ppa in call.ppas if ppa not in burnt and ppa not in unknown)
    if not takes and unknown and not any(check.hopeless for check in call.checks):
        ppa, why = next(iter(unknown.items()))
        end(core, call, Problem(Kind.UNAVAILABLE, f"{ppa}: {why}", retry_after=RETRY_AFTER_S))
        return
    checks = (
        SourceCheck(one.source, one.known, one.component, one.orig, call.burnt[number])
        for number, one in enumerate(call.checks)
    )
    end(core, call, UploadCheck(tuple(checks), takes, {ppa: unknown[ppa] for ppa in sorted(unknown)}))
