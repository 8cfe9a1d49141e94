"""The operator's commands: hold, adopt, quarantine, resume, and a look at what is in a PPA.

Invariant: no command of an operator leads to `free` but through a proven clean, and none ends a lease.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from ..port import Content
from ..record import State
from ..views import AdoptAction, DiscardAction, HoldAction, PpaAction, QuarantineAction, ResumeAction
from . import claim, replies
from .events import ContentShown, Inspect, MemberShown, Operate, Refusal
from .now import Now
from .observe import made_dirty
from .operation import ReadReason, Surveying
from .provision import SurveyAnswer, take_in
from .replies import alive, deny
from .requests import Survey
from .state import Step, WorkerState
from .transitions import WriteReason
from .write import begin


def operate(known: WorkerState, command: Operate, now: Now) -> Step:
    """Carry out an operator's action."""
    return _ACTIONS[type(command.act)](known, command, command.act, now)


def _hold(known: WorkerState, command: Operate, act: HoldAction, now: Now) -> Step:
    """Keep a lease longer, once, and by at most the pool's max_hold; silence does not end it meanwhile."""
    record, most = known.record, known.options.max_hold
    if record is None or record.lease != act.lease or not alive(record, now):
        return deny(known, command, Refusal.WRONG_STATE, "this lease does not hold the PPA")
    if record.lead is not None:
        return replies.tell(known, command, MemberShown(record))
    if record.held:
        return deny(known, command, Refusal.WRONG_STATE, "it was held before; a lease can be held only once")
    if act.seconds > most:
        return deny(known, command, Refusal.INVALID, f"for: at most {most:g} s in this pool")
    until = (record.until or now.date) + timedelta(seconds=act.seconds)
    return begin(known, WriteReason.HOLD, now, command, until=until, held=True)


def _adopt(known: WorkerState, command: Operate, _: AdoptAction, now: Now) -> Step:
    """Write a new record over an unreadable one or none: the only way out of unmanaged and unreadable."""
    if known.record is not None:
        return deny(known, command, Refusal.WRONG_STATE, "it has a record; adopt is for unmanaged or unreadable")
    return take_in(known, WriteReason.ADOPT, now, command)


def _quarantine(known: WorkerState, command: Operate, act: QuarantineAction, now: Now) -> Step:
    """Quarantine a free or dirty PPA at once, a used one from the end of its lease on."""
    record = known.record
    if record is None:
        return deny(known, command, Refusal.WRONG_STATE, f"it is {known.condition.value}")
    if record.state is State.DISCARDED:
        return deny(known, command, Refusal.WRONG_STATE, "it is discarded: neither lent nor cleaned any more")
    if (claimed := claim.obstacle(known, command, record, now)) is not None:
        return claimed
    became = made_dirty(known, now) if record.state is State.FREE else {}
    return begin(known, WriteReason.QUARANTINE, now, command, **became, quarantined=act.reason)


def _resume(known: WorkerState, command: Operate, _: ResumeAction, now: Now) -> Step:
    """End the quarantine, with the tries reset."""
    record = known.record
    if record is None or (record.quarantined is None and not record.tries):
        return deny(known, command, Refusal.WRONG_STATE, "it is not in quarantine")
    known = replace(known, clean=None)
    return begin(known, WriteReason.RESUME, now, command, quarantined=None, tries=0, fault=None)


def _discard(known: WorkerState, command: Operate, act: DiscardAction, now: Now) -> Step:
    """Let the next clean end in `discarded`: of a free or dirty PPA at once, of a used one after its lease."""
    record = known.record
    if record is None:
        return deny(known, command, Refusal.WRONG_STATE, f"it is {known.condition.value}")
    if record.state is State.USED and not act.lent:
        return deny(known, command, Refusal.WRONG_STATE, "it is lent")
    if (claimed := claim.obstacle(known, command, record, now)) is not None:
        return claimed
    known = replace(known, deleting=known.deleting or act.delete)
    if record.state is State.DISCARDED:
        return replies.tell_record(known, command, now)
    became: dict[str, Any] = made_dirty(known, now) if record.state is State.FREE else {}
    changes = became | {"quarantined": None, "why": act.reason}  # what is in quarantine is not cleaned
    return begin(replace(known, clean=None), WriteReason.WEAR_OUT, now, command, **changes)


_ACTIONS: dict[type[PpaAction], Callable[[WorkerState, Operate, Any, Now], Step]] = {
    HoldAction: _hold,
    AdoptAction: _adopt,
    QuarantineAction: _quarantine,
    ResumeAction: _resume,
    DiscardAction: _discard,
}


def inspect(known: WorkerState, command: Inspect, _: Now) -> Step:
    """List what is in the PPA; nothing is changed."""
    if known.entry is None:
        raise AssertionError("nothing was read")
    return replace(known, operation=Surveying(ReadReason.COMMAND, command)), [Survey(known.entry)]


def on_inspection(known: WorkerState, command: Inspect, answer: SurveyAnswer) -> Step:
    """The answer to an operator's look."""
    match answer:
        case Content():
            return replies.tell(known, command, ContentShown(answer))
    return replies.deny(known, command, Refusal.OUTAGE, answer.reason)
