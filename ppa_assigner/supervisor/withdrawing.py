"""The end of a request: what is on its way is ended, and each lease that it got is released, by one call.

Rule: that call is answered when all of them are; what it began goes on when it is over: the request was withdrawn all
the same.
"""

from __future__ import annotations

from ..automaton.events import Denied, Outcome, Refusal, Release
from ..backoff import IN_DOUBT_S, RETRY_AFTER_S
from ..problems import Kind, Problem
from ..record import Record
from ..reference import Reference
from . import assigning, releases
from .calls import begin, end, forget, unfound, within
from .core import Core, Withdrawal
from .events import WithdrawAsked
from .keys import CallId, key_in
from .recovery import NEWER
from .rounds import Failures
from .steps import Settled, WithdrawalLooks, WithdrawalSearch, Withdraws


def on_withdraw(core: Core, event: WithdrawAsked) -> None:
    """End what is on its way, or search for what it got."""
    ending, own = assigning.to_withdraw(core, event.key, others=event.operator)
    boot = core.now.boot
    call = Withdrawal(
        event.call, event, boot, boot + core.total, key=event.key, others=event.operator and not own,
        unsettled=len(ending),
    )  # fmt: skip
    begin(core, call)
    if not ending:
        call.searched = True
        if not call.over and not _found(core, call):
            core.want_look(WithdrawalSearch(call.id))
    for request in ending:
        assigning.withdraw(core, request, call.id)


def on_settled(core: Core, step: Settled) -> None:
    """With the last request release what they got; if that was `certain`ly seen, without another look."""
    call = _of(core, step.call)
    if call is None:
        return
    call.unsettled, call.certain = call.unsettled - 1, call.certain and step.certain
    if call.unsettled:
        return
    if not call.certain and not call.over:
        if not _found(core, call):
            core.want_look(WithdrawalSearch(call.id))
    elif not _found(core, call):
        end(core, call, [])
    forget(core, call)


def on_looks(core: Core, step: WithdrawalLooks) -> None:
    """Look once more."""
    if (call := _of(core, step.call)) is not None and not call.over:
        core.want_look(WithdrawalSearch(call.id))


def on_looked(core: Core, waits: WithdrawalSearch, failed: Failures) -> None:
    """What it got is there now, or it is looked for again, or there is nothing."""
    call = _of(core, waits.call)
    if call is None or call.over or _found(core, call):
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
    call, ppa = _of(core, waits.call), waits.ppa
    if call is None:
        return
    match outcome:
        case Denied(Refusal.IN_DOUBT):
            within(core, call, IN_DOUBT_S)
            return
        case Denied(Refusal.ELSEWHERE):  # it ended by itself meanwhile
            pass
        case Denied(_, detail):
            releases.take(core, ppa, call.releasing.get(ppa, ""))
            end(core, call, Problem(Kind.UNAVAILABLE, f"{ppa}: {detail}", retry_after=RETRY_AFTER_S))
        case _:
            call.released.append(core.served(ppa).snapshot)
    call.releasing.pop(ppa, None)
    if not call.releasing:
        end(core, call, call.released)
        forget(core, call)


def _of(core: Core, number: CallId) -> Withdrawal | None:
    call = core.calls.get(number)
    return call if isinstance(call, Withdrawal) else None


def _found(core: Core, call: Withdrawal) -> bool:
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
