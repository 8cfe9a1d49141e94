"""What a worker has to know of the PPA that leads its own: read for it, and pointed out to it when that changes.

Rule: a worker writes its own PPA only, and decides alone what follows from a read of the lead; here the lead is read
afresh, after that was asked for.  What could not be read decides nothing (docs/explanation/protocol.md#groups).
"""

from __future__ import annotations

from ..automaton.events import CheckLead, Denied, LeadGone, LeadRead, LeadShown, Outcome, Refusal
from ..automaton.group_commands import EndGroup, ReadLead
from ..record import Record, State
from ..reference import Reference
from ..views import Snapshot
from .core import Core
from .events import LeadWanted, Send
from .group_steps import EndsGroup, ReadsLead
from .registry import lead_of

NOT_TOLD = Denied(Refusal.OUTAGE, "its lead could not be read")


def on_wanted(core: Core, event: LeadWanted) -> None:
    """Have the lead's worker read it."""
    command = ReadLead(token=core.token(), deadline=core.now.boot + core.total)
    core.order(event.lead, command, ReadsLead(event.ppa, event.nonce))


def on_read(core: Core, waits: ReadsLead, outcome: Outcome) -> None:
    """Give it to who has to know."""
    if isinstance(outcome, Denied) and outcome.why is Refusal.IN_DOUBT:
        return
    told = outcome if isinstance(outcome, LeadShown | LeadGone | Denied) else NOT_TOLD
    if core.registry.ppas.get(waits.ppa) is not None:
        core.effects.append(Send(waits.ppa, LeadRead(waits.nonce, told)))


def on_changed(core: Core, snapshot: Snapshot) -> None:
    """A PPA is now this: whoever it leads, or is led by, may have to act on that."""
    _end_without(core, snapshot.over)
    for ppa in sorted(core.registry.followers.get(snapshot.ppa, ())):
        if (managed := core.registry.ppas.get(ppa)) is not None:
            _point_out(core, managed.snapshot, snapshot)
    lead = lead_of(snapshot)
    if lead is not None and (managed := core.registry.ppas.get(lead)) is not None:
        _point_out(core, snapshot, managed.snapshot)


def _end_without(core: Core, over: Record | None) -> None:
    """A member is gone for good, told or not: its group is over."""
    managed = core.registry.ppas.get(over.lead) if over is not None and over.lead is not None else None
    record = managed.snapshot.record if managed is not None else None
    if over is None or over.group is None or managed is None or record is None:
        return
    if record.state is State.USED and record.group == over.group:
        command = EndGroup(token=core.token(), deadline=core.now.boot + core.total, group=over.group)
        core.order(managed.ppa, command, EndsGroup(over.group))


def _point_out(core: Core, member: Snapshot, lead: Snapshot) -> None:
    if member.record is None or lead.record is None:
        return
    group = member.record.group if member.record.claim is None else member.record.claim.group
    if group is None or group in core.tries or not _concerns(member.record, lead.record, group, member.ppa):
        return
    core.effects.append(Send(member.ppa, CheckLead()))


def _concerns(member: Record, lead: Record, group: str, ppa: Reference) -> bool:
    """Whether the member may have to become used, or to follow, or its claim to go."""
    lent = lead.state is State.USED and lead.group == group and ppa in lead.members
    if member.state is State.FREE:
        return lead.claim is None or lead.claim.group != group
    return member.state is State.USED and not lent
