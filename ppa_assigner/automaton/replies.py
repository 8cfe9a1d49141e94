"""How a command is answered, and what its caller is told while the PPA cannot be read.

Invariant: a lease is unknown here, or over, only where its PPA is gone for good or its end has passed; until then
nobody can tell, and the caller is to ask again.
"""

from __future__ import annotations

from dataclasses import replace

from ..port import Lane
from ..record import Record, State
from ..views import Sight
from .events import (
    Command,
    Confirm,
    Denied,
    Inspect,
    LeadGone,
    Operate,
    Outcome,
    ReadNow,
    RecordShown,
    Refusal,
    Release,
    Reply,
    Taking,
    Touch,
)
from .group_commands import ReadLead, TellLead
from .now import Now
from .operation import Reading, ReadReason
from .reachability import is_deleted
from .requests import Read
from .state import Step, WorkerState


def tell(known: WorkerState, command: Command, outcome: Outcome) -> Step:
    """Answer the command; nothing more is to be done for it."""
    return known, [Reply(command.token, outcome)]


def deny(known: WorkerState, command: Command, why: Refusal, detail: str) -> Step:
    """Answer that the command is not carried out, and why, in words for people."""
    return tell(known, command, Denied(why, detail))


def deny_plainly(known: WorkerState, command: Command, why: Refusal) -> Step:
    """Answer that the command is not carried out, for a reason that needs no words."""
    return tell(known, command, Denied(why))


def ended_with_ppa(known: WorkerState, lease: str) -> bool:
    """Whether this lease ended because its PPA is gone for good."""
    return known.over is not None and known.over.lease == lease


def read_first(known: WorkerState, command: Command) -> Step:
    """Read the PPA, then decide on the command."""
    lane = Lane.ASSIGN if isinstance(command, Confirm | TellLead) else Lane.WORK
    return replace(known, operation=Reading(ReadReason.COMMAND, command)), [Read(lane)]


def tell_record(known: WorkerState, command: Command, _: Now) -> Step:
    """Answer with the record as it is now."""
    return tell(known, command, RecordShown(known.record))


def read_now(known: WorkerState, command: ReadNow, _: Now) -> Step:
    """Read the PPA for a `ReadNow`."""
    return read_first(known, command)


def alive(record: Record, now: Now) -> bool:
    """Whether the record holds a lease that has not reached its end."""
    return record.state is State.USED and not (now.trusted and record.until is not None and now.date >= record.until)


def reply_unseen(known: WorkerState, command: Command, now: Now, reason: str | None = None) -> Step:
    """Answer a command whose PPA could not be read just now, or (`reason`) not be compared with the deleted ones.  Only
    where the PPA is gone for good, or the lease past its end, is anything known of a lease in it; every other caller is
    to ask again.
    """
    record, detail = known.record, reason or known.fault or ""
    if isinstance(command, Taking):
        return deny(known, command, Refusal.LOST, detail)
    if isinstance(command, Operate) and is_deleted(known.reach):
        return deny(known, command, Refusal.WRONG_STATE, detail)
    if known.sight is Sight.LASTING_GONE:
        return _of_a_gone_one(known, command, detail)
    match command:
        case Touch() | Release() if ended_with_ppa(known, command.lease):  # another PPA may have the name now
            return _of_a_gone_one(known, command, detail)
        case Touch(lease=str(lease)) | Release(lease=str(lease)) if _is_over(record, lease, now):
            if isinstance(command, Release) and known.state is State.DIRTY:
                return tell(known, command, RecordShown(record))
            return deny_plainly(known, command, Refusal.OVER)
        case Confirm() if record is not None and record.request == command.wish.request_id and not alive(record, now):
            return deny(known, command, Refusal.ELSEWHERE, detail)
    return deny(known, command, Refusal.OUTAGE, detail)


def _is_over(record: Record | None, lease: str, now: Now) -> bool:
    return record is not None and record.lease == lease and not alive(record, now)


def _of_a_gone_one(known: WorkerState, command: Command, detail: str) -> Step:
    """Answer a command for a PPA, or a lease, that is gone for good."""
    match command:
        case ReadLead():
            return tell(known, command, LeadGone())
        case Touch() if ended_with_ppa(known, command.lease):
            return deny(known, command, Refusal.OVER, detail)
        case Release() if ended_with_ppa(known, command.lease):
            return tell(known, command, RecordShown(None))
        case Inspect():
            return deny(known, command, Refusal.OUTAGE, detail)
    return deny(known, command, Refusal.ELSEWHERE, detail)
