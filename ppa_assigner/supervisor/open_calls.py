"""Calls about a lease or a PPA that exists, whatever they are about: how they begin, wait and end.

Rule: a call ends within its deadline, with what is known by then.  That something is unknown is said only after a look
that began after the call came and that saw every PPA.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..backoff import IN_DOUBT_S, RETRY_AFTER_S, SEARCH_AGAIN_S
from ..problems import Kind, Problem
from ..record import Record
from ..views import ReleaseAction
from . import releases
from .core import Core, OpenCall, Withdrawal
from .events import InquiryBegan, InquiryEnded, OperatorActed, ReleaseAsked, TouchAsked
from .rounds import Failures
from .sight import unseen
from .steps import CallIsLate

NOT_TAKEN = "; whether one of them holds this lease is not known, so its release was not taken over: ask again"


def begin(core: Core, call: OpenCall) -> None:
    """Let it end by its deadline; at once if the daemon is being stopped."""
    call.timer = core.at(call.deadline, CallIsLate(call.id))
    core.calls[call.id] = call
    if core.stopping:
        end(core, call, Problem(Kind.UNAVAILABLE, "the daemon is being stopped", retry_after=1.0))


def within(core: Core, call: OpenCall, seconds: float) -> None:
    """Answer by then, if that is earlier: what was begun goes on."""
    moment = min(call.deadline, core.now.boot + seconds)
    if not call.over and moment < call.deadline:
        core.timers.cancel(call.timer)
        call.timer = core.at(moment, CallIsLate(call.id))


def in_doubt(core: Core, call: OpenCall) -> None:
    """What was sent for it may have been done: wait for the end of that as long as this call may."""
    if call.doubt is not None:
        within(core, call, call.doubt)


def end(core: Core, call: OpenCall, result: Any) -> None:
    """Answer it; later answers to it are dropped."""
    if call.over:
        return
    call.over = True
    if isinstance(result, Problem) and result.kind is Kind.UNAVAILABLE:
        result.facts = {**result.facts, **_facts(core, call)}
    core.timers.cancel(call.timer)
    forget(core, call)
    core.answer(call.id, result)


def forget(core: Core, call: OpenCall) -> None:
    """Know nothing of it any more, once it is answered and nothing goes on for it."""
    goes_on = isinstance(call, Withdrawal) and (call.unsettled or call.releasing)
    if call.over and not goes_on:
        core.calls.pop(call.id, None)


def on_late(core: Core, step: CallIsLate) -> None:
    """Its deadline is over."""
    if (call := core.calls.get(step.call)) is not None:
        late(core, call)


def late(core: Core, call: OpenCall) -> None:
    """End it with what kept it from being answered."""
    end(core, call, Problem(Kind.UNAVAILABLE, call.outage, retry_after=RETRY_AFTER_S))


def unfound(
    core: Core, call: OpenCall, failed: Failures, names: Callable[[Record], bool], missing: Any, again: object
) -> None:
    """After a look that `failed` for these what it is about was not found: it is `missing` if that look saw every PPA
    where that may be which `names` tells; else it is looked for `again`.
    """
    why = unseen(core, failed, names)
    if why is None and core.ready:
        end(core, call, missing)
        return
    not_taken = NOT_TAKEN if isinstance(call.asked, ReleaseAsked) else ""
    call.outage = f"not every PPA could be looked at: {why or core.trouble or 'not looked yet'}{not_taken}"
    core.after(SEARCH_AGAIN_S, again)


def on_inquiry(core: Core, event: InquiryBegan) -> None:
    """Somebody else finds out; here it has its deadline."""
    call = OpenCall(event.call, event, core.now.boot, core.now.boot + core.total)
    begin(core, call)
    if event.within is not None:
        within(core, call, event.within)


def on_inquiry_ended(core: Core, event: InquiryEnded) -> None:
    """It is found out, unless nobody waits for it any more."""
    if (call := core.calls.get(event.call)) is not None:
        end(core, call, event.result)


def to_release(core: Core, call: OpenCall, lease: str) -> None:
    """Nobody need wait for Launchpad until the deadline: what is in doubt, or put off already, is carried out."""
    call.doubt = IN_DOUBT_S
    if lease in core.releases:
        within(core, call, IN_DOUBT_S)


def _facts(core: Core, call: OpenCall) -> Mapping[str, Any]:
    """What is said besides a 503, as it is when that is said."""
    match call.asked:
        case TouchAsked() if call.ppa is not None:
            managed = core.registry.get(call.ppa)
            heard = managed is not None and managed.down is None and managed.heard_at >= call.came
            return {"heard": True} if heard else {}
        case ReleaseAsked(lease=lease):
            return {"pending": call.ppa is not None and releases.take(core, call.ppa, lease)}
        case OperatorActed(ppa=ppa, act=ReleaseAction(lease)):
            return {"pending": releases.take(core, ppa, lease)}
    return _facts_of_withdrawal(core, call) if isinstance(call, Withdrawal) else {}


def _facts_of_withdrawal(core: Core, call: Withdrawal) -> Mapping[str, Any]:
    """Launchpad did not answer: what is left to be released is taken over.  What a write in doubt got is released once
    that is settled in any case.
    """
    taken = [releases.take(core, ppa, lease) for ppa, lease in call.releasing.items()]
    return {"pending": any(taken) or (call.unsettled > 0 and not core.stopping)}
