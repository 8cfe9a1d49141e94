"""Requests come, go and are withdrawn, and what becomes of a PPA that a request is bound to.

Invariants: a request is bound to at most one PPA at a time, and to a PPA whose outcome is unknown until that is
settled; a request that may have been sent before (`attempt` > 0) is searched for in a look that began after it came; a
lease is told only on an answer of Launchpad's that began after the request came
(docs/explanation/protocol.md#telling-a-lease).  A call that withdraws a request is answered when each lease that it got
is released; what it began goes on when it is over: the request was withdrawn all the same.
"""

from __future__ import annotations

from ..automaton.events import Denied, LeaseShown, Outcome, Refusal, Release
from ..automaton.replies import alive
from ..backoff import IN_DOUBT_S, LOOK_FRESH_S, RETRY_AFTER_S, RETRY_SOON_S
from ..problems import Kind, Problem
from ..record import Record, State
from ..reference import Reference
from . import calls, matching, queue, recovery, refusals, tries, unclaimed, used_versions
from .calls import begin, end, forget, unfound, within
from .core import Core, Withdrawal
from .events import Asked, HungUp, WithdrawAsked
from .group_steps import Tried
from .recovery import NEWER
from .requests import IN_QUEUE, AssignCall, CallId, Key, PendingRequest, Stage, key_in, key_of
from .steps import Assigns, LookNow, Remember, Settled, WaitsAreOver, WithdrawalLooks, WithdrawalSearch, Withdraws
from .timers import Failures

LOSSES_PER_PPA = 2


# -- calls come and go -------------------------------------------------------------------------------------------------


def on_asked(core: Core, event: Asked) -> None:
    """Take a place in the queue, or join that of its request id."""
    wish, key = event.wish, key_of(event.wish)
    request = core.requests.get(key)
    if (problem := _not_taken(core, request, event)) is not None:
        raise problem
    until = core.now.boot - wish.spent + wish.wait
    call = AssignCall(event.call, wish, until, until + core.total)
    if request is None:
        _enter(core, key, call)
        return
    raised = wish.attempt > request.attempt
    if raised:
        request.attempt = wish.attempt
        queue.refuse(core, request, Kind.SUPERSEDED, "a later attempt of this request came")
    queue.join(core, request, call)
    if raised and request.stage in IN_QUEUE:
        recovery.search(core, request)


def _not_taken(core: Core, request: PendingRequest | None, event: Asked) -> Problem | None:
    if core.stopping:
        return refusals.soon(core, event.wish, "the daemon is being stopped")
    unmet = refusals.unmet(event.wish, core.settings.pools)
    return unmet if unmet is not None or request is None else queue.unfit(core, request, event.wish)


def _enter(core: Core, key: Key, call: AssignCall) -> None:
    wish = call.wish
    request, came_back = queue.enter(core, key, call)
    matching.decide(core, request)
    if not came_back and wish.attempt == 0 and wish.ticket is None and request.stage is Stage.WAITING:
        _look_afresh(core, call.until)


def _look_afresh(core: Core, until: float) -> None:
    """Whoever is willing to wait is told none-free only after a look that began after it came, where its wait leaves
    the time: another daemon may have freed a PPA since the last one.  One look serves all who came before it began, and
    such looks leave a pause between them.
    """
    boot = core.now.boot
    begins = max(boot, core.fresh_look + LOOK_FRESH_S)
    if core.fresh_look > boot or begins >= until:
        return
    core.fresh_look = begins
    if begins > boot:
        core.at(begins, LookNow())
    else:
        core.look()


def on_hung_up(core: Core, event: HungUp) -> None:
    """The last connection to go takes the request, or the lease that nobody was told of, along."""
    number = core.requests.of_call.get(event.call)
    if number is None:
        unclaimed.on_hang_up(core, event.call)
        return
    request = core.requests.by_id[number]
    queue.leave(core, request, event.call)
    request.abandoned = not request.calls
    if request.abandoned and request.stage is not Stage.ASSIGNING:
        unclaimed.abandoned(core, request.key)


def to_withdraw(core: Core, key: Key, *, others: bool) -> tuple[list[PendingRequest], bool]:
    """The requests on their way that are to end: the caller's own, or where it has none (`others`) those of other
    clients under the same request id; places that are kept for them go at once.  And whether it had one itself.
    """
    core.spent.withdrawn(key, core.now.boot, core.arrival())
    kept, own = queue.withdraw_place(core, key), core.requests.get(key)
    if own is not None or kept or not others or core.registry.with_request(key):
        return [own] if own is not None else [], True
    for other in queue.places_of_others(core, key):
        queue.withdraw_place(core, other)
    ending = [one for one in core.requests if one.key.request == key.request and one.key != key]
    for one in ending:
        core.spent.withdrawn(one.key, core.now.boot, core.arrival())
    return ending, False


def withdraw(core: Core, request: PendingRequest, call: CallId) -> None:
    """End this request; the call that withdraws it is told once what it got is known to those who look for it."""
    queue.refuse(core, request, Kind.SUPERSEDED, "the request was withdrawn")
    if request.stage is Stage.ASSIGNING:
        queue.search_no_more(core, request)
        request.withdrawn.append(call)
    else:
        queue.forget(core, request)
        core.then(Settled(call, request.stage is Stage.WAITING))


def end_unmet(core: Core) -> None:
    """The pools are others now: some requests cannot be met any more."""
    for request in [request for request in core.requests if request.stage in IN_QUEUE]:
        if (unmet := refusals.unmet(request.wish, core.settings.pools)) is not None:
            queue.close(core, request, unmet)


def end_all(core: Core) -> None:
    """Answer all who wait; their tickets keep their places."""
    for request in core.requests:
        problem = refusals.unavailable(core, request, "the daemon is being stopped", RETRY_SOON_S)
        for call in list(request.calls):
            queue.end(core, request, call, problem)


# -- bound to a PPA ----------------------------------------------------------------------------------------------------


def on_assigned(core: Core, waits: Assigns, outcome: Outcome) -> None:
    """The PPA is lent, or is not, or nobody may know yet."""
    request, ppa = core.requests.by_id[waits.request], waits.ppa
    core.soon += map(WaitsAreOver, request.wish.by_pool)
    if isinstance(outcome, Denied) and outcome.why is Refusal.IN_DOUBT:
        return  # the request stays bound to this PPA
    if request.trying is not None:
        tries.end_of_breaking(core, request.trying)
    core.registry.unbind(ppa)
    match outcome:
        case LeaseShown(record):
            _holds(core, request, ppa, record)
        case Denied(Refusal.INVALID, detail):
            queue.refuse(core, request, Kind.INVALID, detail)
            _settled(core, request)
        case Denied(Refusal.BURNT, source):
            request.burnt[ppa] = source
            used_versions.ask_free(core, request)
            _go_on(core, request)
        case Denied(why, detail) if why is not Refusal.UNTOLD:
            _lost(core, request, ppa, why, detail)
            _go_on(core, request)
        case _:
            _untold(core, request, ppa, recovery.why_not(outcome)[1])


def on_tried(core: Core, step: Tried) -> None:
    """Several PPAs are lent, or are not, or may not be told now; or what a single one waited for is out of its way."""
    request, ppa = core.requests.by_id[step.request], step.lead
    core.soon += map(WaitsAreOver, request.wish.by_pool)
    if step.alone:
        core.registry.unbind(ppa)
        matching.lend_over(core, request, ppa)
    elif step.record is not None:
        _holds(core, request, ppa, step.record, fresh=step.fresh)
    elif step.invalid is not None:
        queue.refuse(core, request, Kind.INVALID, step.invalid)
        _settled(core, request)
    elif step.untold is not None:
        _untold(core, request, ppa, step.untold)
    else:
        _go_on(core, request)


def _holds(core: Core, request: PendingRequest, ppa: Reference, record: Record, *, fresh: bool = True) -> None:
    if request.withdrawn:
        _settled(core, request)
        return
    if record.attempt > request.attempt:
        queue.refuse(core, request, Kind.SUPERSEDED, "a later attempt of this request has a lease")
        _settled(core, request)
        return
    if not alive(record, core.now.time):  # its worker was held up until past the end: there is nothing to tell
        _go_on(core, request)
        return
    _made(core, request, ppa, record)
    if not request.calls:
        _settled(core, request)
        if request.abandoned:
            unclaimed.abandoned(core, request.key)
    elif request.searched < request.attempt:
        matching.decide(core, request)
    else:
        recovery.finish(core, request, ppa, record, fresh=fresh)


def _made(core: Core, request: PendingRequest, ppa: Reference, record: Record) -> None:
    """A record with a higher attempt than was sent is another daemon's, who told of the lease: not ours to end."""
    if record.lease == request.lease and record.attempt <= request.searched:
        unclaimed.made(core, request.key, ppa, record)


def _untold(core: Core, request: PendingRequest, ppa: Reference, detail: str) -> None:
    """The lease stands and may not be told yet: asking again gets it, until it is given up."""
    managed = core.registry.ppas.get(ppa)
    record = managed.snapshot.record if managed is not None else None
    queue.answer(core, request, refusals.unavailable(core, request, detail))
    if record is not None and not request.withdrawn:
        _made(core, request, ppa, record)
    _settled(core, request)


def _lost(core: Core, request: PendingRequest, ppa: Reference, why: Refusal, detail: str) -> None:
    request.lost += 1
    if why is Refusal.OUTAGE:
        request.outage = detail
    if why is Refusal.OUTAGE or request.lost >= LOSSES_PER_PPA:
        recovery.avoid(core, request, ppa)


def _go_on(core: Core, request: PendingRequest) -> None:
    """The next candidate, if anybody still waits for one."""
    if request.calls:
        matching.decide(core, request)
    else:
        _settled(core, request)


def _settled(core: Core, request: PendingRequest) -> None:
    """What the request got is known; who withdrew it waits for that."""
    queue.forget(core, request)
    for call in request.withdrawn:
        core.then(Settled(call, request.searched >= request.attempt))


# -- what is seen of PPAs ----------------------------------------------------------------------------------------------


def on_remember(core: Core, step: Remember) -> None:
    """What a record says of the request that it was written for.  What was given up for it before anybody was told
    spent no place: it has again what its tickets say.  What was sent for it before may have landed only now.
    """
    untold = core.spent.saw(step.key, step.record, core.now.boot, core.arrival())
    request = core.requests.get(step.key)
    if request is None:
        return
    if untold and request.calls:
        queue.placed_by(core, request, request.calls.values())
    used = step.record.state is State.USED
    if used and request.stage is Stage.WAITING and (held := recovery.holding(core, request)):
        recovery.confirm(core, request, held.ppa)


# -- withdrawn ---------------------------------------------------------------------------------------------------------


def on_withdraw(core: Core, event: WithdrawAsked) -> None:
    """End what is on its way, or search for what it got."""
    ending, own = to_withdraw(core, event.key, others=event.operator)
    boot = core.now.boot
    call = Withdrawal(
        event.call, event, boot, boot + core.total, key=event.key, others=event.operator and not own,
        unsettled=len(ending),
    )  # fmt: skip
    begin(core, call)
    if not ending:
        call.searched = True
        if not call.over and not _found_leases(core, call):
            core.want_look(WithdrawalSearch(call.id))
    for request in ending:
        withdraw(core, request, call.id)


def on_settled(core: Core, step: Settled) -> None:
    """With the last request release what they got; if that was `certain`ly seen, without another look."""
    call = _withdrawal(core, step.call)
    if call is None:
        return
    call.unsettled, call.certain = call.unsettled - 1, call.certain and step.certain
    if call.unsettled:
        return
    if not call.certain and not call.over:
        if not _found_leases(core, call):
            core.want_look(WithdrawalSearch(call.id))
    elif not _found_leases(core, call):
        end(core, call, [])
    forget(core, call)


def on_withdrawal_looks(core: Core, step: WithdrawalLooks) -> None:
    """Look once more."""
    if (call := _withdrawal(core, step.call)) is not None and not call.over:
        core.want_look(WithdrawalSearch(call.id))


def on_withdrawal_looked(core: Core, waits: WithdrawalSearch, failed: Failures) -> None:
    """What it got is there now, or it is looked for again, or there is nothing."""
    call = _withdrawal(core, waits.call)
    if call is None or call.over or _found_leases(core, call):
        return
    key, others = call.key, call.others
    missing: object = []
    if call.searched:
        detail = f"you have no request and no lease under the request id {key.request!r}"
        missing = Problem(Kind.UNKNOWN_REQUEST, detail)

    def names(record: Record) -> bool:
        return key_in(record) == key or (others and record.request == key.request)

    unfound(core, call, failed, names, missing, WithdrawalLooks(call.id))


def on_released(core: Core, waits: Withdraws, outcome: Outcome) -> None:
    """One of its leases is over, or will be."""
    call, ppa = _withdrawal(core, waits.call), waits.ppa
    if call is None:
        return
    match outcome:
        case Denied(Refusal.IN_DOUBT):
            within(core, call, IN_DOUBT_S)
            return
        case Denied(Refusal.ELSEWHERE):  # it ended by itself meanwhile
            pass
        case Denied(_, detail):
            calls.take_over(core, ppa, call.releasing.get(ppa, ""))
            end(core, call, Problem(Kind.UNAVAILABLE, f"{ppa}: {detail}", retry_after=RETRY_AFTER_S))
        case _:
            call.released += core.registry.with_members(core.served(ppa).snapshot)
    call.releasing.pop(ppa, None)
    if not call.releasing:
        end(core, call, call.released)
        forget(core, call)


def _withdrawal(core: Core, number: CallId) -> Withdrawal | None:
    call = core.calls.get(number)
    return call if isinstance(call, Withdrawal) else None


def _found_leases(core: Core, call: Withdrawal) -> bool:
    key, registry = call.key, core.registry
    leases = registry.with_request(key) or (registry.with_request_of_others(key) if call.others else [])
    if not leases and (newer := registry.behind_newer_request(key)) is not None:
        end(core, call, Problem(Kind.UNAVAILABLE, NEWER.format(newer), retry_after=RETRY_AFTER_S))
        return True
    call.releasing = {s.ppa: s.record.lease or "" for s in leases if s.record is not None}
    for ppa, lease in call.releasing.items():
        _release(core, call, ppa, lease)
    return bool(leases)


def _release(core: Core, call: Withdrawal, ppa: Reference, lease: str) -> None:
    if lease in core.releases:
        within(core, call, IN_DOUBT_S)
    command = Release(token=core.token(), deadline=core.now.boot + core.total, lease=lease)
    core.order(ppa, command, Withdraws(call.id, ppa))
