"""How calls on leases and PPAs begin, wait and end, and the releases that go on after they ended.

Rule: a call ends within its deadline, with what is known by then.  That something is unknown is said only after a look
that began after the call came and that saw every PPA.  A release that Launchpad's absence put off is carried out when
it is back, and nobody has to ask again: only a lease that was read here is taken over, one for each PPA at the most; it
is over for all from then on.  A restart forgets it: then the lease ends at its time, or whoever asks again releases it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..automaton.events import (
    Denied,
    MemberShown,
    Outcome,
    Refusal,
    Release,
)
from ..backoff import IN_DOUBT_S, PUT_OFF_RELEASE, RETRY_AFTER_S, SEARCH_AGAIN_S, jitter_of
from ..problems import Kind, Problem
from ..record import Record, State
from ..reference import Reference
from ..views import Condition, ReleaseAction
from .core import Core, OpenCall, PutOff, Withdrawal
from .events import (
    InquiryBegan,
    InquiryEnded,
    OperatorActed,
    ReleaseAsked,
    TouchAsked,
)
from .looks import unseen
from .steps import CallIsLate, ReleaseSeen, ReleasesLater, TryRelease
from .timers import Failures

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
            managed = core.registry.ppas.get(call.ppa)
            heard = managed is not None and managed.down is None and managed.heard_at >= call.came
            return {"heard": True} if heard else {}
        case ReleaseAsked(lease=lease):
            return {"pending": call.ppa is not None and take_over(core, call.ppa, call.lease or lease)}
        case OperatorActed(ppa=ppa, act=ReleaseAction(lease)):
            return {"pending": take_over(core, call.ppa or ppa, call.lease or lease)}
    return _facts_of_withdrawal(core, call) if isinstance(call, Withdrawal) else {}


def _facts_of_withdrawal(core: Core, call: Withdrawal) -> Mapping[str, Any]:
    """Launchpad did not answer: what is left to be released is taken over.  What a write in doubt got is released once
    that is settled in any case.
    """
    taken = [take_over(core, ppa, lease) for ppa, lease in call.releasing.items()]
    return {"pending": any(taken) or (call.unsettled > 0 and not core.stopping)}


# -- releases that are put off -----------------------------------------------------------------------------------------


def take_over(core: Core, ppa: Reference, lease: str) -> bool:
    """Carry this release out as soon as that can be done.  False: as far as is known that PPA does not hold it."""
    if core.stopping or not _holds(core, ppa, lease):
        return False
    before = core.releases.put_off.get(ppa)
    if before is None or before.lease != lease:
        core.say(f"{ppa}: the release of its lease waits for Launchpad", ppa)
        core.releases.last += 1
        one = core.releases.put_off[ppa] = PutOff(core.releases.last, ppa, lease)
        _time_release(core, one)
    return True


def on_release_seen(core: Core, step: ReleaseSeen) -> None:
    """A PPA is now this: it may have come back, or its lease is over."""
    snapshot = step.snapshot
    one = core.releases.put_off.get(snapshot.ppa)
    if one is None:
        return
    if not _holds(core, one.ppa, one.lease):
        _end_release(core, one)
    elif snapshot.condition not in (Condition.UNREACHABLE, Condition.MISSING):
        _try_release(core, one)


def on_try_release(core: Core, step: TryRelease) -> None:
    """The pause since the last try is over."""
    if (one := _put_off(core, step.ppa, step.number)) is not None:
        _try_release(core, one)


def on_release_tried(core: Core, waits: ReleasesLater, outcome: Outcome) -> None:
    """It is carried out, or is tried again."""
    one = _put_off(core, waits.ppa, waits.number)
    if one is None or (isinstance(outcome, Denied) and outcome.why is Refusal.IN_DOUBT):
        return  # in doubt: settled by its worker, whatever that takes
    one.trying = False
    if isinstance(outcome, MemberShown):
        _end_release(core, one)
        _release_lead(core, outcome.record)
        return
    if not isinstance(outcome, Denied) or not _holds(core, one.ppa, one.lease):
        _end_release(core, one)
        return
    one.failed += 1
    _time_release(core, one)


def _release_lead(core: Core, member: Record) -> None:
    """The group of a member is to end, at its lead."""
    managed = core.registry.ppas.get(member.lead) if member.lead is not None else None
    lead = managed.snapshot.record if managed is not None else None
    if managed is not None and lead is not None and lead.group == member.group:
        take_over(core, managed.ppa, lead.lease or "")
        if (one := core.releases.put_off.get(managed.ppa)) is not None:
            _try_release(core, one)


def _put_off(core: Core, ppa: Reference, number: int) -> PutOff | None:
    one = core.releases.put_off.get(ppa)
    return one if one is not None and one.number == number else None


def _holds(core: Core, ppa: Reference, lease: str) -> bool:
    """Whether a release has something to do there, for all that is known: what cannot be read may come back."""
    managed = core.registry.ppas.get(ppa)
    record = managed.snapshot.record if managed is not None else None
    return record is not None and record.lease == lease and record.state is State.USED


def _try_release(core: Core, one: PutOff) -> None:
    if one.trying:
        return
    if not _holds(core, one.ppa, one.lease):
        _end_release(core, one)
        return
    one.trying, deadline = True, core.now.boot + core.total
    command = Release(token=core.token(), deadline=deadline, lease=one.lease)
    core.order(one.ppa, command, ReleasesLater(one.ppa, one.number))


def _time_release(core: Core, one: PutOff) -> None:
    """The next try by itself: one at a time, however often a look leads to another."""
    core.timers.cancel(one.timer)
    pause = PUT_OFF_RELEASE.pause(one.failed, jitter_of(f"{one.lease} {one.failed}"))
    one.timer = core.after(pause, TryRelease(one.ppa, one.number))


def _end_release(core: Core, one: PutOff) -> None:
    core.timers.cancel(one.timer)
    del core.releases.put_off[one.ppa]
