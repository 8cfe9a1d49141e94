"""Several PPAs for one request, all or nothing: claimed, lent by one write, made used, and told.

Invariants: the lead's claim stands before any member is claimed †, and all of them before the lead is committed, from
our own claim alone †.  What was committed is rolled forward, whoever still waits for it; it is told once all members
are used, and only on a read of the lead that began after that, or so soon after the commit was sent that the lease
cannot have ended †.  What a try that failed had claimed is taken off (docs/explanation/protocol.md#groups).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256

from ..automaton.events import Committed, Denied, LeadShown, LeaseShown, Outcome, RecordShown, Refusal
from ..automaton.group_commands import ClaimPpa, Commit, EndGroup, ReadLead, RollForward, TellLead, Unclaim
from ..backoff import CLAIM_RENEWED_S, GROUP_AGAIN, TOLD_AFTER_COMMIT_S, jitter_of
from ..record import Record, State
from ..reference import Reference
from . import groups, recovery
from .core import Core
from .group_steps import (
    Adopts,
    Claims,
    Commits,
    EndsGroup,
    ReadsAgain,
    RenewClaims,
    Renews,
    RollsForward,
    TakesOff,
    Tried,
)
from .group_try import ClaimOn, GroupTry, Phase
from .groups import Plan, rank_of
from .requests import PendingRequest, Stage
from .steps import TryAgain

_GONE = frozenset({Refusal.LOST, Refusal.CLAIMED, Refusal.BURNT, Refusal.INVALID})
"""Of these refusals of a claim it is certain that nothing was claimed."""


def begin(core: Core, request: PendingRequest, plan: Plan) -> None:
    """Try to take these PPAs for it."""
    group, rank = new_id(core), rank_of(request)
    wish = replace(request.wish, attempt=request.attempt)
    one = GroupTry(request.id, group, plan.lead, plan.members, wish, new_id(core), rank)
    alone = not plan.members  # then only claims are broken, and the PPA is lent like any other
    breaking = [tuple(ClaimOn(ppa, new_id(core), ppa) for ppa in ppas) for ppas in (plan.broken_first, plan.broken)]
    over = {claim.ppa: claim.group for claim in breaking[0]}
    parts = (plan.lead,), plan.before, plan.rest
    own = [tuple(ClaimOn(ppa, group, plan.lead, over.get(ppa)) for ppa in ppas) for ppas in parts]
    batches = [breaking[0]] if alone else [breaking[0], own[0], own[1] + breaking[1], own[2]]
    one.batches = [batch for batch in batches if batch]
    request.bound, request.outage, request.lease, request.trying = plan.lead, None, one.lease, group
    core.requests.put(request, Stage.ASSIGNING)
    one.bound = frozenset((*one.ppas, *(claim.ppa for batch in one.batches for claim in batch)))
    for ppa in one.bound:
        core.registry.free_list.bind(ppa)
    core.tries[group] = one
    one.timer = core.after(CLAIM_RENEWED_S, RenewClaims(group))
    _advance(core, one)


def takes_off_old(core: Core, request: PendingRequest) -> bool:
    """Have the claims taken off by which an earlier attempt of it was on its way, so that its commit cannot land any
    more †; the request goes on after that.  Whether there is one.
    """
    if not (old := groups.old_leads(core, request)):
        return False
    one = GroupTry(request.id, new_id(core), old[0].ppa, (), request.wish, claims={claim.ppa: claim for claim in old})
    request.bound, request.trying = one.lead, one.group
    core.requests.put(request, Stage.ASSIGNING)
    core.tries[one.group] = one
    _give_up(core, one)
    return True


def on_adopts(core: Core, step: Adopts) -> None:
    """A request has a group already, whose lead was read for it just now: make it whole, and tell."""
    request, lead, record = recovery.current(core, step.request, Stage.CONFIRMING), step.lead, step.record
    if request is None:
        return
    shown = LeadShown(record, latest(core, lead, record))
    group = record.group or ""
    one = GroupTry(request.id, group, lead, record.members, request.wish, shown=shown, own=False)
    request.bound, request.trying = lead, group
    core.requests.put(request, Stage.ASSIGNING)
    core.tries[group] = one
    _roll(core, one)


def end_of_breaking(core: Core, group: str) -> None:
    """A single PPA is lent, or is not: the claims that were broken for it are taken off."""
    if (one := core.tries.get(group)) is not None:
        _close(core, one)


def new_id(core: Core) -> str:
    """A name that nobody can guess, and that nothing else ever has."""
    return sha256(f"{core.now.drawn:x}/{core.token()}".encode()).hexdigest()[:32]


def latest(core: Core, lead: Reference, record: Record) -> datetime:
    """When the lease in this record ends at the latest, by the options of its lead's pool."""
    managed = core.registry.ppas.get(lead)
    seconds = managed.options.max_ttl + managed.options.max_hold if managed is not None else 0
    return record.since + timedelta(seconds=seconds)


# -- claimed -----------------------------------------------------------------------------------------------------------


def _advance(core: Core, one: GroupTry) -> None:
    """The next batch, once nothing is under way; the commit after the last one."""
    if one.under_way or one.phase is not Phase.CLAIMING:
        return
    request = core.requests.by_id[one.request]
    if one.why is None and not request.calls:
        one.why = "nobody waits for it any more"
    if one.why is not None:
        _give_up(core, one)
    elif one.batches:
        for claim in one.batches.pop(0):
            one.claims[claim.ppa] = claim
            one.under_way.add(claim.ppa)
            _claim(core, one, claim, Claims(one.group, claim.ppa))
    elif one.members:
        _commit(core, one)
    else:
        core.then(Tried(one.request, one.lead, alone=True))


def _claim(core: Core, one: GroupTry, claim: ClaimOn, waits: object) -> None:
    command = ClaimPpa(
        token=core.token(), deadline=_deadline(core, one), group=claim.group, lead=claim.lead, rank=one.rank,
        wish=one.wish, over=claim.over,
    )  # fmt: skip
    core.order(claim.ppa, command, waits)


def on_claimed(core: Core, waits: Claims | Renews, outcome: Outcome) -> None:
    """A claim stands, or cannot be had."""
    one = core.tries.get(waits.group)
    if one is None or _in_doubt(outcome):
        return
    (one.under_way if isinstance(waits, Claims) else one.renewing).discard(waits.ppa)
    claim = one.claims.get(waits.ppa)
    if one.phase is Phase.CLAIMING and claim is not None and not _stands(claim, outcome):
        _lost(core, one, waits.ppa, outcome)
    _advance(core, one)


def _stands(claim: ClaimOn, outcome: Outcome) -> bool:
    record = outcome.record if isinstance(outcome, RecordShown) else None
    return record is not None and record.claim is not None and record.claim.group == claim.group


def _lost(core: Core, one: GroupTry, ppa: Reference, outcome: Outcome) -> None:
    """What it means for the request that this claim was not had."""
    request, (why, detail) = core.requests.by_id[one.request], recovery.why_not(outcome)
    one.why, request.lost = f"{ppa}: {detail}", request.lost + 1
    if why in _GONE and one.phase is Phase.CLAIMING and one.claims[ppa].over is None:  # else one of them stood
        del one.claims[ppa]
    match why:
        case Refusal.BURNT:
            request.burnt[ppa] = detail
        case Refusal.INVALID:
            one.invalid = detail
        case Refusal.CLAIMED | Refusal.LOST:
            _rest(core, one, request)
        case _:
            request.outage = detail
            recovery.avoid(core, request, ppa)


def _rest(core: Core, one: GroupTry, request: PendingRequest) -> None:
    """Two groups that want the same would meet again and again: try only after a while, and not both after the same."""
    pause = GROUP_AGAIN.pause(min(request.lost, 16) - 1, jitter_of(one.group))
    request.rests_until = core.now.boot + pause
    core.at(request.rests_until, TryAgain(request.id))


def on_renew(core: Core, step: RenewClaims) -> None:
    """What is still wanted is claimed anew, for claims that stand unchanged are taken off."""
    one = core.tries.get(step.group)
    if one is None or one.phase is not Phase.CLAIMING:
        return
    one.timer = core.after(CLAIM_RENEWED_S, step)
    for ppa, claim in one.claims.items():
        if ppa not in one.under_way and ppa not in one.renewing:
            one.renewing.add(ppa)
            _claim(core, one, claim, Renews(one.group, ppa))


def _give_up(core: Core, one: GroupTry) -> None:
    one.phase = Phase.GIVING_UP
    one.under_way = set(one.claims)
    for claim in list(one.claims.values()):
        _take_off(core, one, claim)
    _given_up(core, one)


def _take_off(core: Core, one: GroupTry, claim: ClaimOn) -> None:
    command = Unclaim(token=core.token(), deadline=core.now.boot + core.total, group=claim.group, over=claim.over)
    core.order(claim.ppa, command, TakesOff(one.group, claim.ppa))


def on_taken_off(core: Core, waits: TakesOff, outcome: Outcome) -> None:
    """A claim is off, or will be when nobody renews it."""
    if _in_doubt(outcome):
        return
    one = core.tries.get(waits.group)
    if one is None or waits.ppa not in one.under_way:
        core.registry.unbind(waits.ppa)
        return
    one.under_way.discard(waits.ppa)
    if isinstance(outcome, Denied) and one.phase is Phase.GIVING_UP:
        recovery.avoid(core, core.requests.by_id[one.request], waits.ppa)
    _given_up(core, one)


def _given_up(core: Core, one: GroupTry) -> None:
    if one.phase is Phase.GIVING_UP and not one.under_way:
        one.claims.clear()
        _over(core, one, Tried(one.request, one.lead, invalid=one.invalid))


# -- lent --------------------------------------------------------------------------------------------------------------


def _commit(core: Core, one: GroupTry) -> None:
    one.phase = Phase.COMMITTING
    command = Commit(
        token=core.token(), deadline=_deadline(core, one), group=one.group, lease=one.lease, wish=one.wish,
        members=one.members,
    )  # fmt: skip
    core.order(one.lead, command, Commits(one.group))


def on_committed(core: Core, waits: Commits, outcome: Outcome) -> None:
    """The group is lent, or for certain is not: a write without an answer is settled before this comes †."""
    one = core.tries.get(waits.group)
    if one is None or _in_doubt(outcome):
        return
    if isinstance(outcome, Committed):
        one.shown, one.sent = LeadShown(outcome.record, outcome.latest), outcome.sent
        _roll(core, one)
    else:
        _lost(core, one, one.lead, outcome)
        _give_up(core, one)


def _roll(core: Core, one: GroupTry) -> None:
    shown = one.shown
    if shown is None:
        return
    one.phase, one.why, one.under_way = Phase.ROLLING, None, set(one.members)
    for ppa in one.members:
        command = RollForward(token=core.token(), deadline=core.now.boot + core.total, lead=one.lead, shown=shown)
        core.order(ppa, command, RollsForward(one.group, ppa))


def on_rolled(core: Core, waits: RollsForward, outcome: Outcome) -> None:
    """A member is used, or is not to be had, or cannot be told of now."""
    one = core.tries.get(waits.group)
    if one is None or _in_doubt(outcome) or one.phase is not Phase.ROLLING:
        return
    one.under_way.discard(waits.ppa)
    if not isinstance(outcome, LeaseShown):
        why, detail = recovery.why_not(outcome)
        one.why, one.member_lost = f"{waits.ppa}: {detail}", one.member_lost or why is Refusal.LOST
    if not one.under_way:
        _rolled(core, one)


def _rolled(core: Core, one: GroupTry) -> None:
    if one.member_lost:
        one.phase = Phase.ENDING
        command = EndGroup(token=core.token(), deadline=core.now.boot + core.total, group=one.group, told=not one.own)
        core.order(one.lead, command, EndsGroup(one.group))
    elif one.why is not None:
        _over(core, one, Tried(one.request, one.lead, untold=one.why))
    elif one.wish.uploader is not None:  # who gets the right to upload to the lead with this read
        one.phase = Phase.READING
        telling = TellLead(token=core.token(), deadline=core.now.boot + core.total, fresh=one.own)
        core.order(one.lead, telling, ReadsAgain(one.group))
    elif one.shown is not None and _soon_enough(core, one, one.shown.record):
        _over(core, one, Tried(one.request, one.lead, one.shown.record, fresh=one.own))
    else:
        one.phase = Phase.READING
        reading = ReadLead(token=core.token(), deadline=core.now.boot + core.total)
        core.order(one.lead, reading, ReadsAgain(one.group))


def _soon_enough(core: Core, one: GroupTry, record: Record) -> bool:
    """Whether the lease cannot have ended since its commit was sent †."""
    managed = core.registry.ppas.get(one.lead)
    if one.sent is None or managed is None:
        return False
    idle = record.idle / 4 if record.idle is not None else TOLD_AFTER_COMMIT_S
    return core.now.boot - one.sent < min(TOLD_AFTER_COMMIT_S, idle, managed.options.settle)


def on_read_again(core: Core, waits: ReadsAgain, outcome: Outcome) -> None:
    """The lead as it is, once all members are used: it is told, or is over."""
    one = core.tries.get(waits.group)
    if one is None or _in_doubt(outcome):
        return
    match outcome:
        case LeadShown(record) if record.state is State.USED and record.group == one.group:
            _over(core, one, Tried(one.request, one.lead, record, fresh=one.own))
        case LeadShown():
            _over(core, one, Tried(one.request, one.lead))
        case Denied(why=Refusal.INVALID):
            _over(core, one, Tried(one.request, one.lead, invalid=outcome.detail))
        case _:
            _over(core, one, Tried(one.request, one.lead, untold=recovery.why_not(outcome)[1]))


def on_group_ended(core: Core, waits: EndsGroup, outcome: Outcome) -> None:
    """A member was lost, and the whole is over: the request goes on from its place."""
    one = core.tries.get(waits.group)
    if one is None or _in_doubt(outcome):
        return
    if isinstance(outcome, Denied) and outcome.why is not Refusal.ELSEWHERE:
        _over(core, one, Tried(one.request, one.lead, untold=outcome.detail or one.why))
    else:
        recovery.avoid(core, core.requests.by_id[one.request], one.lead)
        _over(core, one, Tried(one.request, one.lead))


# -- over --------------------------------------------------------------------------------------------------------------


def _over(core: Core, one: GroupTry, how: Tried) -> None:
    _close(core, one)
    core.then(how)


def _close(core: Core, one: GroupTry) -> None:
    """Nothing of it is under way; what it broke only to get through is taken off."""
    del core.tries[one.group]
    core.timers.cancel(one.timer)
    broken = [claim for claim in one.claims.values() if claim.group != one.group]
    for claim in broken:
        _take_off(core, one, claim)
    for ppa in {*one.ppas, *one.claims, *one.bound} - {claim.ppa for claim in broken}:
        core.registry.unbind(ppa)


def _in_doubt(outcome: Outcome) -> bool:
    return isinstance(outcome, Denied) and outcome.why is Refusal.IN_DOUBT


def _deadline(core: Core, one: GroupTry) -> float:
    deadline = core.requests.by_id[one.request].deadline
    return deadline if deadline > core.now.boot else core.now.boot + core.total
