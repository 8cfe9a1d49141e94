"""Calls on an existing lease or PPA: touch, release, show, promote, operator actions.

Rule: how such a call waits and ends is in `calls`.  What may be done is the automaton's to say, who may do it is
`access`'s.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..access import Caller
from ..automaton.events import (
    Command,
    ContentShown,
    Denied,
    Inspect,
    LeadShown,
    LeaseShown,
    MemberShown,
    Operate,
    Outcome,
    Refusal,
    Release,
    Touch,
)
from ..automaton.group_commands import ReadLead
from ..backoff import RETRY_AFTER_S
from ..problems import Kind, Problem
from ..record import Record, State
from ..reference import Reference
from ..views import HoldAction, LeaseView, OperatorAction, ReleaseAction
from .calls import begin, end, in_doubt, to_release, unfound, within
from .core import Core, OpenCall
from .events import (
    ContentAsked,
    LeaseAsked,
    OperatorActed,
    Promotable,
    PromoteAsked,
    ReleaseAsked,
    TouchAsked,
)
from .group_steps import FindsLead
from .requests import CommandToken
from .steps import CallLooks, CallSearch, Serves
from .timers import Failures

PUT_OFF = "that is carried out once Launchpad answers"
KINDS = {Refusal.OVER: Kind.LEASE_OVER, Refusal.INVALID: Kind.INVALID, Refusal.WRONG_STATE: Kind.WRONG_STATE}
_PART_OF_IDLE = 1 / 8  # of which a touch may take so much: less than our client waits for one of several tries

LeaseEvent = TouchAsked | ReleaseAsked | LeaseAsked | PromoteAsked


# -- of a lease --------------------------------------------------------------------------------------------------------


def on_lease_call(core: Core, event: LeaseEvent) -> None:
    """Find the lease, and go on with it."""
    if isinstance(event, PromoteAsked) and core.registry.ppas.get(event.to) is not None:
        detail = f"to: {event.to} is lent itself, and must stay empty; name another PPA"
        raise Problem(Kind.INVALID, detail)
    call = _begun(core, event)
    if not call.over and not _found(core, call, event):
        core.want_look(CallSearch(call.id))


def on_looks(core: Core, step: CallLooks) -> None:
    """Look once more."""
    if step.call in core.calls:
        core.want_look(CallSearch(step.call))


def on_looked(core: Core, waits: CallSearch, failed: Failures) -> None:
    """Its lease is there now, or it is looked for again, or it is unknown."""
    call = core.calls.get(waits.call)
    if call is None or not isinstance(event := call.asked, LeaseEvent) or _found(core, call, event):
        return
    lease = event.lease
    unfound(core, call, failed, lambda record: record.lease == lease, _unknown(lease), CallLooks(call.id))


def _found(core: Core, call: OpenCall, event: LeaseEvent) -> bool:
    holding = core.registry.with_lease(event.lease)
    if holding is None:
        return _cannot_tell(core, call, event.lease)
    ppa, record = holding
    caller: Caller | None = getattr(event, "caller", None)
    if caller is not None and not caller.may_end(record):
        end(core, call, Problem(Kind.FORBIDDEN, "this lease is not yours to touch or end"))
    else:
        call.ppa = ppa
        _go_on(core, call, ppa, record)
    return True


def _cannot_tell(core: Core, call: OpenCall, lease: str) -> bool:
    """A newer daemon's lease is not unknown: a client that releases it must not take it for released."""
    ppa = core.registry.behind_newer_record("lease", lease)
    if ppa is not None:
        detail = f"{ppa}: its record is of a version that this daemon does not know, and names this lease"
        end(core, call, Problem(Kind.UNAVAILABLE, detail, retry_after=RETRY_AFTER_S))
    return ppa is not None


def _go_on(core: Core, call: OpenCall, ppa: Reference, record: Record) -> None:
    match call.asked:
        case TouchAsked(lease=lease, ttl=ttl):
            if lease in core.releases:
                end(core, call, Problem(Kind.LEASE_OVER, f"the lease of {ppa} was released: {PUT_OFF}"))
            if record.idle is not None:  # who holds it must hear in time that silence counts anew
                within(core, call, record.idle * _PART_OF_IDLE)
            _send(core, call, ppa, Touch(token=core.token(), deadline=call.deadline, lease=lease, ttl=ttl))
        case ReleaseAsked(lease=lease):
            to_release(core, call, lease)
            _send(core, call, ppa, Release(token=core.token(), deadline=call.deadline, lease=lease))
        case LeaseAsked(lease=lease):
            end(core, call, _shown(core, ppa, record, lease))
        case PromoteAsked():
            _promote(core, call, ppa, record)


def _shown(core: Core, ppa: Reference, record: Record, lease: str) -> Any:
    managed = core.registry.ppas.get(ppa)
    if managed is not None and managed.snapshot.over == record:
        return Problem(Kind.UNKNOWN_LEASE, f"the lease {lease!r} is over: {ppa} is gone")
    return core.registry.lent(ppa, record)


def _promote(core: Core, call: OpenCall, ppa: Reference, record: Record) -> None:
    managed = core.registry.ppas.get(ppa)
    if record.state is not State.USED or managed is None or not managed.shown:
        end(core, call, Problem(Kind.LEASE_OVER, f"the lease of {ppa} is over: what was in it is being deleted"))
    else:
        end(core, call, Promotable(ppa, record, managed.told.private is True))


def _unknown(lease: str) -> Problem:
    return Problem(Kind.UNKNOWN_LEASE, f"no PPA holds or remembers the lease {lease!r}")


# -- of a group --------------------------------------------------------------------------------------------------------


def _at_lead(core: Core, call: OpenCall, ppa: Reference, member: Record) -> None:
    """The lead decides for the whole group: ask there, for the lease that it has in that very group †."""
    lead, group = member.lead, member.group
    if lead is None or group is None:
        raise AssertionError(f"{ppa}: {member} is not a member's")
    managed = core.registry.ppas.get(lead)
    record = managed.snapshot.record if managed is not None else None
    if record is not None and record.group == group:
        _ask_lead(core, call, lead, record)
    else:  # it is not known, or is another by now
        command = ReadLead(token=core.token(), deadline=call.deadline)
        core.order(lead, command, FindsLead(call.id, lead, group, ppa))


def on_lead_found(core: Core, waits: FindsLead, outcome: Outcome) -> None:
    """The lead as it is now: where it is of that group no more, the group is over."""
    call = core.calls.get(waits.call)
    if call is None:
        return
    match outcome:
        case Denied(Refusal.IN_DOUBT):
            in_doubt(core, call)
        case LeadShown(record) if record.group == waits.group:
            _ask_lead(core, call, waits.lead, record)
        case Denied(_, detail):
            end(core, call, _problem(waits.lead, Refusal.OUTAGE, detail))
        case _ if isinstance(call.asked, ReleaseAsked):
            end(core, call, core.served(waits.member).snapshot)
        case _:
            end(core, call, _problem(waits.member, Refusal.OVER, "that of its group's lead is"))


def _ask_lead(core: Core, call: OpenCall, lead: Reference, record: Record) -> None:
    token, deadline, lease = core.token(), call.deadline, record.lease or ""
    call.ppa, call.lease = lead, lease
    match call.asked:
        case TouchAsked(ttl=ttl):
            if lease in core.releases:
                end(core, call, Problem(Kind.LEASE_OVER, f"the lease of {lead} was released: {PUT_OFF}"))
            _send(core, call, lead, Touch(token=token, deadline=deadline, lease=lease, ttl=ttl))
        case OperatorActed(act=HoldAction() as act):
            if lease in core.releases:
                end(core, call, Problem(Kind.WRONG_STATE, f"{lead}: this lease was released: {PUT_OFF}"))
            _send(core, call, lead, Operate(token=token, deadline=deadline, act=replace(act, lease=lease)))
        case _:
            to_release(core, call, lease)
            _send(core, call, lead, Release(token=token, deadline=deadline, lease=lease))


def _of_member(core: Core, asked: str, record: Record) -> LeaseView | None:
    """A member's lease as its group's lead lets it live; None where it is not one that was asked for."""
    holding = core.registry.with_lease(asked)
    if holding is None or holding[1].lead is None or holding[1].group != record.group:
        return None
    return core.registry.lent(*holding)


# -- of a PPA ----------------------------------------------------------------------------------------------------------


def on_operator(core: Core, event: OperatorActed) -> None:
    """Have an operator's action carried out."""
    core.served(event.ppa)
    act, ppa, call = event.act, event.ppa, _begun(core, event)
    call.ppa = ppa
    if isinstance(act, ReleaseAction):
        to_release(core, call, act.lease)
    if isinstance(act, HoldAction) and act.lease in core.releases:
        end(core, call, Problem(Kind.WRONG_STATE, f"{ppa}: this lease was released: {PUT_OFF}"))
    _send(core, call, ppa, _command(act, core.token(), call.deadline))


def on_content_asked(core: Core, event: ContentAsked) -> None:
    """Have the worker look into its PPA."""
    core.served(event.ppa)
    call = _begun(core, event)
    _send(core, call, event.ppa, Inspect(token=core.token(), deadline=call.deadline))


def _command(act: OperatorAction, token: CommandToken, deadline: float) -> Command:
    if isinstance(act, ReleaseAction):
        return Release(token=token, deadline=deadline, lease=act.lease)
    return Operate(token=token, deadline=deadline, act=act)


# -- what workers answer -----------------------------------------------------------------------------------------------


def on_outcome(core: Core, waits: Serves, outcome: Outcome) -> None:
    """End the call, or look for the lease where it may have gone."""
    call, ppa = core.calls.get(waits.call), waits.ppa
    if call is None:
        return
    match outcome:
        case Denied(Refusal.IN_DOUBT):
            in_doubt(core, call)
        case MemberShown(record):
            _at_lead(core, call, ppa, record)
        case Denied(Refusal.ELSEWHERE) if isinstance(call.asked, LeaseEvent):
            _elsewhere(core, call, call.asked.lease)
        case Denied(why, detail):
            end(core, call, _problem(ppa, why, detail))
        case _:
            end(core, call, _result(core, call, ppa, outcome))


def _elsewhere(core: Core, call: OpenCall, lease: str) -> None:
    """It is not where it was known to be: once it is looked for afresh."""
    call.elsewhere += 1
    if call.elsewhere > 1:
        end(core, call, _unknown(lease))
    else:
        core.want_look(CallSearch(call.id))


def _problem(ppa: Reference, why: Refusal, detail: str) -> Problem:
    if why is Refusal.OVER:
        return Problem(Kind.LEASE_OVER, f"the lease of {ppa} is over" + (f": {detail}" if detail else ""))
    if why is Refusal.ELSEWHERE:
        return Problem(Kind.WRONG_STATE, f"{ppa} does not hold this lease" + (f": {detail}" if detail else ""))
    if why in KINDS:
        return Problem(KINDS[why], detail if why is Refusal.INVALID else f"{ppa}: {detail}")
    return Problem(Kind.UNAVAILABLE, f"{ppa}: {detail or 'Launchpad did not answer'}", retry_after=RETRY_AFTER_S)


def _result(core: Core, call: OpenCall, ppa: Reference, outcome: Outcome) -> Any:
    """The lease after a touch, what a PPA holds, or the PPA as it is after anything else."""
    match call.asked, outcome:
        case TouchAsked(lease=lease), LeaseShown(record, fresh):
            if lease != record.lease and (member := _of_member(core, lease, record)) is not None:
                return member
            return core.registry.lent(ppa, record, fresh=fresh)
        case ContentAsked(), ContentShown(content):
            return content
        case ReleaseAsked(lease=lease), _:
            of_member = core.registry.with_lease(lease)  # which is told as over with its lead
            return core.registry.told(core.served(of_member[0] if of_member is not None else ppa).snapshot)
        case OperatorActed(), _:
            return core.served(ppa).snapshot
    raise AssertionError(f"{ppa}: {outcome} is not an answer to {call.asked}")


def _begun(core: Core, event: LeaseEvent | OperatorActed | ContentAsked) -> OpenCall:
    call = OpenCall(event.call, event, core.now.boot, core.now.boot + core.total)
    begin(core, call)
    return call


def _send(core: Core, call: OpenCall, ppa: Reference, command: Command) -> None:
    if not call.over:
        core.order(ppa, command, Serves(call.id, ppa))
