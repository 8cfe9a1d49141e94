"""A group of leases, of which one PPA leads and all others are members: it is lent by one write, and ends by one.

Invariants: all members are claimed when the lead is written used, and from then on each is rolled forward by whoever
meets it; a member ends only after a read of the lead that began later than that of the member shows that its group is
over †, or past its own end.  What a lease may do is decided by the lead alone (docs/explanation/protocol.md#groups).
"""

from __future__ import annotations

import enum
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from ..record import Record, State
from ..reference import Reference
from ..views import Condition
from . import assign, claim, lease
from .events import (
    CheckLead,
    Command,
    Committed,
    Denied,
    LeadGone,
    LeadRead,
    LeadShown,
    Refusal,
    Requeue,
)
from .group_commands import Commit, EndGroup, ReadLead, RollForward, TellLead
from .now import Now
from .observe import draw_nonce, made_dirty
from .operation import PendingWrite
from .replies import deny, deny_plainly, read_first, tell, tell_record
from .state import Step, WorkerState
from .transitions import WriteReason
from .write import begin, write_record


class LeadSays(enum.Enum):
    """What a read of the lead says of a group, to one PPA that it may name."""

    LENT = "the group is lent, and this PPA is in it"
    CLAIMED = "the group claims its lead, and may be lent yet"
    NOTHING = "there is no such group, or not any more, or without this PPA"
    UNKNOWN = "the lead could not be read"


# -- the lead ---------------------------------------------------------------------------------------------------------


def commit(known: WorkerState, command: Commit, now: Now) -> Step:
    """Lend the whole group: from our own claim on the lead, and from nothing else †."""
    record = known.record
    ours = claim.is_of(record, command.group) and record is not None and record.claim is not None
    if not ours or record.claim.lead != known.ppa or known.condition is not Condition.OK:  # type: ignore[union-attr]
        return deny(known, command, Refusal.LOST, "the claim on the lead is off")
    used = assign.record_of(known, command.wish, command.lease, now)
    used = replace(used, group=command.group, members=command.members)
    return write_record(known, WriteReason.COMMIT, used, now, command)


def on_written(known: WorkerState, pending: PendingWrite) -> Step:
    """The group is lent, or one of its members is."""
    match pending.command:
        case Commit() as command if known.record is not None:
            return _on_committed(known, command, known.record, pending)
        case RollForward() as command:
            return assign.grant_or_tell(known, command, fresh=False)
    return again(known)


def _on_committed(known: WorkerState, command: Commit, record: Record, pending: PendingWrite) -> Step:
    """When the write had left is known only if the first answer said that it was applied; with an uploader the lead is
    read again before it is told anyway.
    """
    sent = None if pending.unsettled or record.uploader is not None else pending.under_way
    return tell(known, command, Committed(record, sent, _latest(known, record)))


def read_lead(known: WorkerState, command: ReadLead, _: Now) -> Step:
    """Read the PPA for the worker of one that it may lead."""
    return read_first(known, command)


def on_read(known: WorkerState, command: ReadLead, _: Now) -> Step:
    """The read is here: what it showed, and nothing that was known before."""
    record = known.record
    if record is None:
        return deny(known, command, Refusal.OUTAGE, known.fault or "it has no record")
    return tell(known, command, LeadShown(record, _latest(known, record)))


def on_read_to_tell(known: WorkerState, command: TellLead, now: Now) -> Step:
    """The read is here: the uploader's right is given again before the lead is told."""
    record = known.record
    if record is None or record.state is not State.USED or not record.members:
        return on_read(known, command, now)
    return assign.grant_first(known, command, LeadShown(record, _latest(known, record)), fresh=command.fresh)


def end(known: WorkerState, command: EndGroup, now: Now) -> Step:
    """End the group at its lead, which is repeatable while that remembers it."""
    record = known.record
    if record is None or record.group != command.group or not record.members:
        return deny_plainly(known, command, Refusal.ELSEWHERE)
    if record.state is not State.USED:
        return tell_record(known, command, now)
    if command.told:
        return lease.end(known, WriteReason.END_GROUP, now, command)
    return begin(known, WriteReason.END_GROUP, now, command, **_untold(known, now))


def _latest(known: WorkerState, record: Record) -> datetime:
    """When a lease in this record ends at the latest, by the options of its pool."""
    return record.since + timedelta(seconds=known.options.max_ttl + known.options.max_hold)


# -- its members ------------------------------------------------------------------------------------------------------


def roll_forward(known: WorkerState, command: RollForward, now: Now) -> Step:
    """Make a claimed PPA used, as its lead says, or find that it is."""
    record, lead = known.record, command.shown.record
    if record is None or lead.group is None or says(command.shown, known, lead.group) is not LeadSays.LENT:
        return deny(known, command, Refusal.LOST, "it is not a member of the group")
    if record.state is State.USED and (record.group, record.lead) == (lead.group, command.lead):
        return assign.grant_or_tell(known, command, fresh=False)
    if not claim.is_of(record, lead.group) or record.claim is None or record.claim.lead != command.lead:
        return deny(known, command, Refusal.LOST, "it is not claimed for the group any more")
    return _roll(known, command.lead, command.shown, now, command)


def _roll(known: WorkerState, lead: Reference, by: LeadShown, now: Now, command: Command | None = None) -> Step:
    known, drawn = draw_nonce(known)
    shown = by.record
    used = assign.begun(
        known, now, until=by.latest, owner=shown.owner, lease=drawn, request=shown.request, attempt=shown.attempt,
        by=shown.by, note=shown.note, uploader=shown.uploader, group=shown.group, lead=lead,
    )  # fmt: skip
    return write_record(known, WriteReason.ROLL_FORWARD, used, now, command)


def on_event(known: WorkerState, event: CheckLead | LeadRead, now: Now) -> Step:
    """The lead is to be read, or was."""
    return on_lead_read(known, event, now) if isinstance(event, LeadRead) else check_lead(known, now)


def check_lead(known: WorkerState, now: Now) -> Step:
    """Have the lead read, if there is one, and no such read is under way."""
    record = known.record
    lead = _lead_of(known, record)
    if record is None or lead is None or known.pending is not None or not known.shown or known.suspect:
        return known, []
    return claim.ask_lead(known, record, lead, now)


def on_lead_read(known: WorkerState, event: LeadRead, now: Now) -> Step:
    """The lead was read, or could not be.  It counts for the record that this PPA had when that was asked for, and for
    no other †.
    """
    if known.inquiry is None or known.inquiry.nonce != event.nonce:
        return known, []
    known, record = claim.answered(known, now), known.record
    if known.pending is not None:  # what waits comes in again once the write is settled
        return known, []
    if record is None or record.nonce != event.nonce or known.suspect or not known.shown:
        return again(known)
    if record.claim is not None:
        return _on_lead_of_claim(known, event, record.claim.group, record.claim.lead, now)
    says_nothing = record.group is not None and says(event.outcome, known, record.group) is LeadSays.NOTHING
    if record.state is State.USED and says_nothing:
        return _follow(known, event, now)
    return again(known)


def _on_lead_of_claim(known: WorkerState, event: LeadRead, group: str, lead: Reference, now: Now) -> Step:
    """The lead of a claim was read: the claim stands, becomes a lease, or binds nobody."""
    match says(event.outcome, known, group), event.outcome:
        case LeadSays.LENT, LeadShown() as shown:
            return _roll(known, lead, shown, now)  # what waits comes in again once that is written
        case LeadSays.NOTHING, _:
            known = replace(known, void_claim=event.nonce)
            return again(known)
    return claim.stands(known)


def _follow(known: WorkerState, event: LeadRead, now: Now) -> Step:
    """The group is over: so is this lease, told to nobody where the lead says that."""
    outcome = event.outcome
    untold = isinstance(outcome, LeadShown) and outcome.record.state is State.DIRTY and not outcome.record.told
    if untold:
        return begin(known, WriteReason.FOLLOW, now, **_untold(known, now))
    return lease.end(known, WriteReason.FOLLOW, now)


def says(outcome: LeadShown | LeadGone | Denied, known: WorkerState, group: str) -> LeadSays:
    """What a read of the lead says to this PPA of that group.  Only a record that was read, or a lead that is gone for
    good, says that there is nothing †.
    """
    match outcome:
        case Denied():
            return LeadSays.UNKNOWN
        case LeadGone():
            return LeadSays.NOTHING
    lead = outcome.record
    if lead.state is State.USED and lead.group == group and known.ppa in lead.members:
        return LeadSays.LENT
    return LeadSays.CLAIMED if claim.is_of(lead, group) else LeadSays.NOTHING


def again(known: WorkerState) -> Step:
    """What waited for the lead comes in again."""
    return replace(known, waiting=()), [Requeue(command) for command in known.waiting]


def _lead_of(known: WorkerState, record: Record | None) -> Reference | None:
    """The PPA that decides about this one, where it is another."""
    if record is None or record.state not in (State.FREE, State.USED):
        return None
    lead = record.claim.lead if record.claim is not None else record.lead
    return lead if lead != known.ppa else None


def _untold(known: WorkerState, now: Now) -> dict[str, Any]:
    return made_dirty(known, now) | {"told": False}
