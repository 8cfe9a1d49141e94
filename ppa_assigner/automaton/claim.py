"""The claim that a group has on a free PPA: when it binds others, how it is written, and who takes it off.

Invariants: a claim of the lead gives way only to an older request, to its own, or after it stood unchanged for
CLAIM_SILENCE_S; a member's only after a read of the lead that began later than that of the member shows nothing of its
group †.  Taking a claim, or taking it off, leaves the PPA free as it was (docs/explanation/protocol.md#groups).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from ..backoff import CLAIM_SILENCE_S, LEAD_AGAIN_S, LEAD_FIRST_S
from ..record import GroupClaim, Record
from ..reference import Reference
from .events import AskLead, Assign, Command, Denied, Effect, Operate, Refusal, Reply
from .group_commands import ClaimPpa, Unclaim
from .now import Now
from .operation import LeadInquiry
from .replies import deny, tell_record
from .state import Step, WorkerState
from .transitions import WriteReason
from .write import begin, drop_waiting

BINDS_ALONE = timedelta(hours=1)
"""After which a claim is taken off even if nobody can read its lead."""
CLAIMED = "a group claims it"


def write(known: WorkerState, command: ClaimPpa, now: Now) -> Step:
    """Claim the PPA, or claim it anew."""
    claim = GroupClaim(command.group, command.lead, command.rank, now.date)
    return begin(known, WriteReason.WANT, now, command, claim=claim)


def unclaim(known: WorkerState, command: Unclaim, now: Now) -> Step:
    """Take the claim of that very group off, or the one over which it was to be written."""
    record = known.record
    if record is None or record.claim is None or record.claim.group not in (command.group, command.over):
        return tell_record(known, command, now)
    return begin(known, WriteReason.UNWANT, now, command, claim=None)


def is_of(record: Record | None, group: str) -> bool:
    """Whether that group claims the PPA of this record."""
    return record is not None and record.claim is not None and record.claim.group == group


def obstacle(known: WorkerState, command: Assign | ClaimPpa | Operate, record: Record, now: Now) -> Step | None:
    """What is done where a claim keeps this command from writing the PPA; None where none does."""
    held = record.claim
    if held is None or known.void_claim == record.nonce:
        return None
    if held.lead != known.ppa:
        return ask_lead(known, record, held.lead, now, command)
    if isinstance(command, ClaimPpa) and command.over == held.group:
        return None
    if isinstance(command, Operate) or (command.rank is not None and command.rank < held.rank):
        return None
    return deny(known, command, Refusal.CLAIMED, CLAIMED)


def ask_lead(known: WorkerState, record: Record, lead: Reference, now: Now, command: Command | None = None) -> Step:
    """Have the lead read from now on.  The command comes in again once that is answered."""
    waiting = known.waiting if command is None else (*known.waiting, command)
    inquiry = known.inquiry
    if inquiry is not None and inquiry.nonce == record.nonce:
        return replace(known, waiting=waiting), []
    inquiry = LeadInquiry(record.nonce, now.boot + LEAD_AGAIN_S)
    return replace(known, waiting=waiting, inquiry=inquiry), [AskLead(lead, record.nonce)]


def stands(known: WorkerState) -> Step:
    """The claim stands, or nobody can tell: what waits for the PPA is told so."""
    return replace(known, waiting=()), [_refused(command) for command in known.waiting]


def _refused(command: Command) -> Effect:
    why = Refusal.WRONG_STATE if isinstance(command, Operate) else Refusal.CLAIMED
    return Reply(command.token, Denied(why, CLAIMED))


# -- what time brings -------------------------------------------------------------------------------------------------


def tick(known: WorkerState, now: Now) -> Step:
    """Take the claim off where nothing stands behind it, else ask what does."""
    record = known.record
    if record is None or (held := record.claim) is None or now.boot < due(known, now):
        return known, []
    if held.lead == known.ppa or known.void_claim == record.nonce or _is_old(held, now):
        return begin(known, WriteReason.UNWANT, now, claim=None)
    return ask_lead(known, record, held.lead, now)


def due(known: WorkerState, now: Now) -> float:
    """The boot time of what is to be done next about a claim."""
    record = known.record
    if record is None or (held := record.claim) is None:
        return float("inf")
    if held.lead == known.ppa:
        return known.unchanged + CLAIM_SILENCE_S
    if known.void_claim == record.nonce:
        return now.boot
    return float("inf") if known.inquiry is not None else max(known.ask_again, known.unchanged + LEAD_FIRST_S)


def drop_overdue(known: WorkerState, now: Now) -> Step:
    """Answer those who waited for the lead for too long, all of them where it was not read at all."""
    inquiry = known.inquiry
    if inquiry is None or now.boot < inquiry_due(known):
        return known, []
    known, effects = drop_waiting(known, now)
    if now.boot < inquiry.due:
        return known, effects
    known, more = stands(answered(known, now))
    return known, [*effects, *more]


def inquiry_due(known: WorkerState) -> float:
    """The boot time at which an inquiry has been unanswered for too long, or somebody has waited for it that long."""
    if known.inquiry is None or known.pending is not None:
        return float("inf")
    return min([known.inquiry.due, *(command.deadline for command in known.waiting)])


def answered(known: WorkerState, now: Now) -> WorkerState:
    """The state once an inquiry is over."""
    return replace(known, inquiry=None, ask_again=now.boot + LEAD_AGAIN_S)


def _is_old(held: GroupClaim, now: Now) -> bool:
    return now.trusted and now.date - held.at >= BINDS_ALONE
