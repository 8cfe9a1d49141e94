"""The requests on their way, by client and request id: how connections share one, how their calls end, and the places
that are kept for those who were told none-free a moment ago.

Rule: every call ends, by an answer or at its deadline; nothing here decides who gets which PPA.  A client that waits
long asks in short waits, so that it always has a fresh ticket, and must not be passed by between two of them: who was
willing to wait leaves a place behind, only for a moment, and only the same wisher comes back to it.  Nobody is told of
it, and it is not a request on its way: nothing is lent to it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import takewhile

from ..backoff import PLACE_KEPT_S
from ..problems import Kind, Problem
from ..views import AssignRequest, LeaseView
from . import refusals, shares
from .core import Core
from .events import AnswerCall
from .requests import IN_QUEUE, AssignCall, CallId, Key, PendingRequest, RequestId, Stage
from .steps import Match, PlaceIsOver, TimeIsUp


def waits_for_a_search(core: Core, request: PendingRequest) -> bool:
    """Whether others before it in the queue are searched for, and keep their turn."""
    boot, place = core.now.boot, request.place
    lines = (core.requests.waiting(pool) for pool in request.wish.by_pool)
    before = (one for line in lines for one in takewhile(lambda one: one.place < place, line))
    return any(each.keeps_its_turn(boot) for each in before)


def enter(core: Core, key: Key, call: AssignCall) -> tuple[PendingRequest, bool]:
    """A new request, behind all others; or the one whose place is kept goes on there, if the same wisher came back:
    whether it did.  It stands in the queue once it is decided that it is to wait.
    """
    wish, requests = call.wish, core.requests
    before = _take_place(core, key, wish)
    requests.last += 1
    if wish.ticket is not None and (shown := refusals.place_of(core, wish)) is not None:
        core.asked_before(shown.first_asked)
    arrival = core.arrival()
    rank = shares.key_of_new(core, wish, arrival)
    request = PendingRequest(RequestId(requests.last), key, wish, wish.attempt, arrival, rank)
    if before is not None and not core.spent.is_spent(before.key, before.first, core.now.boot):
        place = replace(request, first=before.first, rank=before.rank, admitted=before.admitted)
        request = _gone_on(before, wish) or place
    requests.by_id[request.id] = request
    requests.current[request.key] = request.id
    if wish.want:
        requests.several.add(request.id)
    if wish.sources:
        requests.with_sources[request.key] = request.id
    _add(core, request, call)
    return request, before is not None


def unfit(core: Core, request: PendingRequest, wish: AssignRequest) -> Problem | None:
    """Why this wish may not share the place of its client's request that is here under its id."""
    if not request.same_wisher(wish):
        return refusals.problem(wish, Kind.REQUEST_ID_TAKEN, "a request for another owner, pool or select has this id")
    if wish.attempt < request.attempt:
        detail = f"attempt {request.attempt} of this request came before"
        return refusals.problem(wish, Kind.SUPERSEDED, detail)
    if request.withdrawn:
        return refusals.soon(core, wish, "the request with this id is being withdrawn")
    return None


def join(core: Core, request: PendingRequest, call: AssignCall) -> None:
    """A connection shares the place; one that asks with another priority has a new one for all of them."""
    if call.wish.priority != request.wish.priority:
        _place_anew(core, request, call.wish.priority)
    request.abandoned = False
    _add(core, request, call)
    core.requests.put(request, request.stage)
    if call.until <= core.now.boot:
        core.then(TimeIsUp(request.id, call.id))  # a timer would wake another thread for that


def _add(core: Core, request: PendingRequest, call: AssignCall) -> None:
    step = TimeIsUp(request.id, call.id)
    timers = tuple([core.timers.at(moment, step) for moment in {call.until, call.deadline} if moment > core.now.boot])
    request.calls[call.id] = replace(call, timers=timers)
    core.requests.of_call[call.id] = request.id
    _date(core, request, [call])


def _place_anew(core: Core, request: PendingRequest, priority: int) -> None:
    request.wish, request.first = replace(request.wish, priority=priority), core.arrival()
    request.rank = shares.key_of_new(core, request.wish, request.first)


def placed_by(core: Core, request: PendingRequest, calls: Iterable[AssignCall]) -> None:
    """It has the earliest place that any of these can show by a ticket: who has none came only now."""
    _date(core, request, calls)
    core.requests.put(request, request.stage)


def _date(core: Core, request: PendingRequest, calls: Iterable[AssignCall]) -> None:
    tickets = (call.wish for call in calls if call.wish.ticket is not None)
    for place in [refusals.place_of(core, wish) for wish in tickets]:
        if place is not None and (place.position, request.id) < request.place:
            request.first, request.rank = place.first_asked, place.position


def leave(core: Core, request: PendingRequest, call: CallId) -> None:
    """A connection goes; with the last one the request does, unless a PPA is being written for it."""
    _no_more(core, request.calls.pop(call))
    if not request.calls and request.stage is not Stage.ASSIGNING:
        forget(core, request)
    elif not request.calls:
        search_no_more(core, request)


def search_no_more(core: Core, request: PendingRequest) -> None:
    """Nobody waits for the PPA that is to be lent: it is not asked on whether it may serve."""
    if request.wish.sources and request.assign is not None:
        core.abandon(request.assign)


def end(core: Core, request: PendingRequest, call: CallId, problem: Problem) -> None:
    """One call has its answer."""
    leave(core, request, call)
    core.answer(call, problem)


def answer(core: Core, request: PendingRequest, result: LeaseView | Problem) -> None:
    """All calls have their answer."""
    for call in request.calls.values():
        _no_more(core, call)
        core.effects.append(AnswerCall(call.id, result))
    request.calls = {}


def close(core: Core, request: PendingRequest, result: LeaseView | Problem) -> None:
    """All calls have their answer, and the request is no longer on its way."""
    answer(core, request, result)
    forget(core, request)


def refuse(core: Core, request: PendingRequest, kind: Kind, detail: str) -> None:
    """All calls are told what is wrong."""
    answer(core, request, refusals.problem(request.wish, kind, detail))


def forget(core: Core, request: PendingRequest) -> None:
    """The request is no longer on its way."""
    requests = core.requests
    if requests.current.get(request.key) == request.id:
        del requests.current[request.key], requests.by_id[request.id]
        requests.with_sources.pop(request.key, None)
        requests.several.discard(request.id)
        requests.held_up.discard(request.id)
        requests.queue.discard(request.id)
        for token in request.asking.values():
            core.abandon(token)
        if request.stage in IN_QUEUE:
            _others_go_on(core, request.wish)


def _others_go_on(core: Core, wish: AssignRequest) -> None:
    """What was kept for it in its pools is for those behind it."""
    for pool in wish.by_pool:
        if core.registry.free_list.count(pool) and core.requests.queue.length(pool):
            core.then(Match(pool))


def _no_more(core: Core, call: AssignCall) -> None:
    del core.requests.of_call[call.id]
    for timer in call.timers:
        core.timers.cancel(timer)


def _gone_on(before: PendingRequest, wish: AssignRequest) -> PendingRequest | None:
    """The request as if its last call had not been answered.  None when it has to be searched for afresh.

    Invariant: whoever asks next under a request id, with the next attempt, asked nobody in between: what a look showed
    for the attempt before, and what has been heard of since, tells for this one too
    (docs/explanation/protocol.md#attempts).
    """
    next_one = wish.attempt == before.attempt + 1 or wish.attempt == before.attempt == 0
    same = wish == replace(before.wish, attempt=wish.attempt, wait=wish.wait, ticket=wish.ticket)
    if not (next_one and same and before.searched == before.attempt):
        return None
    before.wish, before.attempt, before.searched = wish, wish.attempt, wish.attempt
    return before


# -- places that are kept ----------------------------------------------------------------------------------------------


def keep_place(core: Core, request: PendingRequest) -> None:
    """Keep its place: its last call was told none-free just now."""
    requests = core.requests
    requests.by_id[request.id] = request
    requests.kept[request.key] = (request.id, core.after(PLACE_KEPT_S, PlaceIsOver(request.id)))
    requests.kept_queue.add(request.id, request.wish.pool, request.place)


def _take_place(core: Core, key: Key, wish: AssignRequest) -> PendingRequest | None:
    """The request as it was, when the same wisher comes back in time; whoever comes, the place is kept no more."""
    kept = _give_up_place(core, key)
    return kept if kept is not None and kept.same_place(wish) else None


def withdraw_place(core: Core, key: Key) -> bool:
    """Let nobody come back to it.  Whether there was one."""
    kept = _give_up_place(core, key)
    if kept is not None:
        _others_go_on(core, kept.wish)
    return kept is not None


def places_of_others(core: Core, key: Key) -> list[Key]:
    """Those of other clients under the same request id."""
    return [other for other in core.requests.kept if other.request == key.request and other != key]


def places_ahead(core: Core, request: PendingRequest) -> int:
    """How many of its pool's are kept places_ahead of a request."""
    return core.requests.kept_queue.ahead(request.wish.pool, request.place)


def on_place_over(core: Core, step: PlaceIsOver) -> None:
    """Nobody came back: those of its pool who waited behind it go on."""
    kept = core.requests.by_id.get(step.request)
    if kept is not None and core.requests.kept.get(kept.key, (None,))[0] == kept.id:
        withdraw_place(core, kept.key)


def _give_up_place(core: Core, key: Key) -> PendingRequest | None:
    requests = core.requests
    if (kept := requests.kept.pop(key, None)) is None:
        return None
    number, timer = kept
    core.timers.cancel(timer)
    requests.kept_queue.discard(number)
    return requests.by_id.pop(number)
