"""The decision: which request gets which PPA, and who learns that it gets none.

Rule: that is decided nowhere else.  Each time something changes that concerns a pool, every request that stands in its
queue is in one of these cases of `match`; the first one that fits holds, in the order of their places:

0. No PPA of the pool can ever match its selector: `no-match`, as soon as that is so.
1. It is searched for still: it keeps its turn for a moment, and a PPA that fits is kept for it.
2. It seems to have a lease already: that is asked of Launchpad before it is told.
3. It is over a quota: it waits on, and those behind it go on.
4. A PPA fits that is not kept for others ahead of it, who are searched for or, while it may wait, come back to a place:
   it is bound to the one that the fewest others could use, of these to the one that has been free longest, or after a
   lost race to any.  The cases 1, 3 and 4 are those of `allocation`.
5. None fits: it waits on.

One that waits and names what will be uploaded is then in one of these:

6. Every PPA that it could get was seen to be burnt: `all-burnt`.
7. None is known that it may wait for: those that were not asked are asked what they had.

When the wait of one of its calls is over (`_time_is_up`):

8. Its deadline is over as well: 503, for Launchpad did not answer in time.
9. Something is under way that may still give it a PPA: it is held up until that is decided.
10. `quota`, or `none-free`; who was willing to wait leaves a place behind for a moment.

One that came just now and would wait, though its client may have no more that do, or no PPA at all, is told `quota` at
once (`_admit`).
"""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

from ..automaton.events import Assign
from ..labels import ARCH
from ..problems import Problem
from ..record import Rank
from ..reference import Reference
from ..views import AssignRequest
from . import fitting, groups, growth, line, queue, recovery, refusals, shares, tries, used_versions
from .allocation import Allocation, allocate
from .core import Core
from .registry import free_for_anyone
from .requests import CallId, PendingRequest, RequestId, Stage
from .steps import Assigns, Decide, Learnt, Match, Pursue, Relabelled, TimeIsUp, TryAgain, TurnIsOver, WaitsAreOver
from .used_versions import Outlook


def match(core: Core, pool: str) -> None:
    """Who gets which PPA of this pool, and who learns that all are burnt: cases 1 to 7."""
    _lend(core, pool)
    if any(client.max_leases is not None for client in core.settings.api.clients):
        for other in sorted(core.settings.pools.keys() - {pool}):  # a lease that is over there makes room here
            _lend(core, other)
    _grow_for_groups(core, pool)
    _pursue_all(core, pool)


def decide(core: Core, request: PendingRequest) -> None:
    """Nothing binds this request to a PPA, but perhaps a lease that it has."""
    if request.searched < request.attempt and not recovery.search(core, request):
        return  # it goes on once that is over
    if held := recovery.holding(core, request):
        recovery.confirm(core, request, held.ppa)
    elif not (request.attempt > 0 and tries.takes_off_old(core, request)) and not end_unmatched(core, request):
        if request.wish.select.requirements and request.wish.select.asks_about(ARCH):
            fitting.find_out(core, request.wish.pool)
        for want in request.wish.want:
            if want.select.asks_about(ARCH):
                fitting.find_out(core, want.pool)
        request.bound = None
        core.requests.put(request, Stage.WAITING)
        wait_on(core, request)


def end_unmatched(core: Core, request: PendingRequest) -> bool:
    """End a request that no PPA of its pool can ever match: case 0.  Whether that was so."""
    if (problem := _never(core, request.wish)) is None:
        return False
    queue.answer(core, request, problem)
    queue.forget(core, request)
    return True


def _never(core: Core, wish: AssignRequest) -> Problem | None:
    """Why no PPAs can ever be what is wished; None as long as they may, as where any PPA of the pool will do."""
    if wish.want and (problem := groups.never(core, wish)) is not None:
        return problem
    return refusals.no_match(core, wish) if wish.select.requirements else None


def wait_on(core: Core, request: PendingRequest) -> None:
    """It is in the queue, or more is known of those that it waits for."""
    match(core, request.wish.pool)
    _admit(core, request)
    for call in list(request.calls):
        _time_is_up(core, request, call)


def _lend(core: Core, pool: str) -> None:
    pools = line.joined(core, pool) if core.requests.several else (pool,)
    claimed = bool(core.registry.claimed)
    free = claimed or any(map(core.registry.free_list.count, pools))
    if not free or not any(map(core.requests.queue.length, pools)):
        return
    requests, waiting = core.requests.by_id, line.PoolLine(core, pools)
    found = allocate(waiting, waiting.free.ppas, waiting.fit, waiting.quotas.room, waiting.enough)
    for number, ppa in waiting.held.items():  # 2
        recovery.confirm(core, requests[number], ppa)
    for number, ppas in found.served.items():  # 4
        _take(core, requests[number], ppas)
    if claimed:
        _break_claims(core, waiting, found)


def _take(core: Core, request: PendingRequest, ppas: tuple[Reference, ...]) -> None:
    if request.wish.want:
        tries.begin(core, request, groups.plan(ppas))
    else:
        _bind(core, request, ppas[0])


def _break_claims(core: Core, waiting: line.PoolLine, found: Allocation[RequestId, Reference]) -> None:
    """Who is left without gets what a younger request claims, if that helps: by itself where that leads its group, else
    once its lead is had.
    """
    for request in waiting.ready():
        others = {ppa for number, ppas in found.kept.items() if number != request.id for ppa in ppas}
        plan = groups.plan_over_claims(core, request, others) if request.id not in found.skipped else None
        if plan is None or shares.full(core, request) is not None:
            continue
        if plan.members or plan.broken_first:
            tries.begin(core, request, plan)
        else:
            lend_over(core, request, plan.lead)


def _grow_for_groups(core: Core, pool: str) -> None:
    """Who wants more PPAs at once than there are gets them where they may be created, however many are free."""
    waiting = (core.requests.by_id[one] for one in core.requests.several)
    for request in [one for one in waiting if one.stage is Stage.WAITING and one.calls and pool in one.wish.by_pool]:
        growing = [name for name in request.wish.by_pool if growth.of(core, name) is not None]
        if growing and shares.full(core, request) is None:
            for name in groups.lacking(core, request, request.burnt).keys() & growing:
                growth.need(core, name)


def _admit(core: Core, request: PendingRequest) -> None:
    """Whether it may wait at all."""
    if request.stage is not Stage.WAITING or request.admitted or not request.calls:
        return
    if (quota := shares.never_met(core, request.wish)) is not None:
        refusal = refusals.over_quota(core, request, quota, None)
    elif request.may_wait(core.now.boot) and (most := shares.too_many_wait(core, request)) is not None:
        refusal = refusals.too_many_wait(core, request, most)
    else:
        request.admitted = request.may_wait(core.now.boot)
        return
    queue.answer(core, request, refusal)
    queue.forget(core, request)


def lend_over(core: Core, request: PendingRequest, ppa: Reference) -> None:
    """Lend it a PPA whose claim does not bind it any more."""
    _bind(core, request, ppa, rank=groups.rank_of(request))


def _bind(core: Core, request: PendingRequest, ppa: Reference, rank: Rank | None = None) -> None:
    request.bound, request.outage, request.lease = ppa, None, _new_lease(core)
    core.requests.put(request, Stage.ASSIGNING)
    core.registry.free_list.bind(ppa)
    wish = replace(request.wish, attempt=request.attempt)
    command = Assign(token=core.token(), deadline=request.deadline, lease=request.lease, wish=wish, rank=rank)
    request.assign = core.order(ppa, command, Assigns(request.id, ppa))


def _new_lease(core: Core) -> str:
    """A name that nobody can guess, nor tell from another of the same moment."""
    return sha256(f"{core.now.drawn:x}/{core.tokens}".encode()).hexdigest()[:32]


# -- who names what will be uploaded -----------------------------------------------------------------------------------


def _pursue_all(core: Core, pool: str) -> None:
    """Whoever has asked least comes first."""
    found = [core.requests.by_id[one] for one in core.requests.with_sources.values()]
    for request in sorted((r for r in found if pool in r.wish.by_pool), key=lambda request: request.questions):
        _pursue(core, request)


def _pursue(core: Core, request: PendingRequest) -> None:
    if request.stage is not Stage.WAITING or not request.calls:
        return
    match used_versions.outlook(core, request):
        case Outlook.NONE if any(growth.on_all_burnt(core, request, pool) for pool in _short_of(core, request)):
            return
        case Outlook.NONE:  # 6
            burnt = used_versions.burnt(core, request)
            queue.close(core, request, refusals.all_burnt(request, burnt))
        case Outlook.UNKNOWN:  # 7
            used_versions.ask_all(core, request)


def _short_of(core: Core, request: PendingRequest) -> list[str]:
    """The pools that have too few PPAs left that are not burnt."""
    return sorted(groups.lacking(core, request, request.burnt)) if request.wish.want else [request.wish.pool]


# -- whose wait is over ------------------------------------------------------------------------------------------------


def _time_is_up(core: Core, request: PendingRequest, number: CallId) -> None:
    call, boot = request.calls.get(number), core.now.boot
    if call is None:
        return
    if boot >= call.deadline:  # 8
        detail = request.outage or "Launchpad did not answer in time"
        queue.end(core, request, number, refusals.unavailable(core, request, detail))
    elif boot >= call.until and request.stage is Stage.WAITING:
        match(core, request.wish.pool)  # it need not let anybody go first any more
        if request.stage is Stage.WAITING and number in request.calls:
            if _undecided(core, request):  # 9
                core.requests.held_up.add(request.id)
            else:  # 10
                _none_free(core, request, number)


def _none_free(core: Core, request: PendingRequest, number: CallId) -> None:
    position, patient = line.position(core, request), request.calls[number].wish.wait > 0
    quota = shares.full(core, request)
    none = refusals.over_quota(core, request, quota, position) if quota else refusals.none_free(core, request, position)
    queue.end(core, request, number, none)
    if not request.calls and patient:
        queue.keep_place(core, request)


def _undecided(core: Core, request: PendingRequest) -> bool:
    """Whether a PPA may still turn out to be free for it: none-free is said of what Launchpad answered only, and
    not while a free one waits for those who are searched for.
    """
    if any(map(core.registry.free_list.count, request.wish.by_pool)) and queue.waits_for_a_search(core, request):
        return True
    if fitting.undecided(core, request.wish):
        return True
    return used_versions.undecided(core, request) or _any_asked_for(core, request)


def _any_asked_for(core: Core, request: PendingRequest) -> bool:
    """Whether any PPA that it could get is being lent to another, and Launchpad has not answered yet."""
    found = (core.registry.ppas.get(ppa) for ppa in core.registry.free_list.bound)
    wanted = (one for one in found if one is not None and groups.may_serve(request.wish, one))
    return any(free_for_anyone(one.snapshot) for one in wanted)


# -- steps -------------------------------------------------------------------------------------------------------------


def on_match(core: Core, step: Match | TurnIsOver) -> None:
    """Something changed in this pool; if one was searched for too long, those behind it learn that they get none."""
    match(core, step.pool)
    if isinstance(step, TurnIsOver):
        overdue(core, step.pool)


def on_relabelled(core: Core, step: Relabelled) -> None:
    """PPAs of this pool have other labels: some who wait can never be served now, others perhaps at once."""
    for request in core.requests.waiting(step.pool):
        if request.stage is Stage.WAITING:
            end_unmatched(core, request)
    core.then(Match(step.pool))


def on_decide(core: Core, step: Decide) -> None:
    """It is not bound any more."""
    if (request := core.requests.by_id.get(step.request)) is not None:
        decide(core, request)


def on_learnt(core: Core, step: Learnt) -> None:
    """A PPA told what it had."""
    if (request := recovery.current(core, step.request, Stage.WAITING)) is not None:
        wait_on(core, request)


def on_pursue(core: Core, step: Pursue) -> None:
    """There is room to ask more PPAs what they had."""
    _pursue_all(core, step.pool)


def on_time_is_up(core: Core, step: TimeIsUp) -> None:
    """A call's wait or deadline is over."""
    if (request := core.requests.by_id.get(step.request)) is not None:
        _time_is_up(core, request, step.call)


def on_try_again(core: Core, step: TryAgain) -> None:
    """A PPA that disappointed it may be had again."""
    request = core.requests.by_id.get(step.request)
    if request is not None and request.stage is Stage.WAITING and request.calls:
        core.look()
        match(core, request.wish.pool)


def on_overdue(core: Core, step: WaitsAreOver) -> None:
    """Those whose wait is over and who waited for a decision are answered."""
    overdue(core, step.pool)


def overdue(core: Core, pool: str) -> None:
    """Something is decided: those whose wait is over and who waited for that are answered."""
    found = (core.requests.by_id[one] for one in core.requests.held_up)
    held_up = sorted((one for one in found if one.wish.pool == pool), key=lambda request: request.place)
    core.requests.held_up.difference_update(request.id for request in held_up)
    for request in held_up:
        if request.stage is Stage.WAITING:  # else it is held up again when it comes back to the queue
            for call in list(request.calls):
                _time_is_up(core, request, call)
