"""Which event leads to what: the automaton as tables.

`COMMANDS` names the function that decides on a command, `AFTER_READ` the one that decides on the read that it asked
for, `ANSWERS` the one that handles the answer to an operation.  What time brings is in `timers`.  The rules themselves
are in the modules that these name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ..backoff import ABSENCE_AGAIN_S
from ..port import AccessDenied, Entry, Gone, Unavailable
from . import assign, claim, clean, discard, group, lease, operator, provision, purge, replies, rollback, verify, write
from .events import (
    DEADLINE_EXCEEDED,
    Abandoned,
    Alarm,
    Answered,
    Assign,
    CheckBurnt,
    CheckLead,
    Command,
    Confirm,
    Duplicate,
    Effect,
    Event,
    GiveUp,
    Inspect,
    LeadRead,
    LeaseShown,
    ListProcessors,
    Looked,
    LookFailed,
    Operate,
    Progress,
    ReadNow,
    Reconfigured,
    Refusal,
    Release,
    RoundDone,
    Supersede,
    Taking,
    Tick,
    Touch,
)
from .group_commands import ClaimPpa, Commit, EndGroup, ReadLead, RollForward, TellLead, Unclaim
from .now import Now, lies_ahead
from .observe import with_dates_corrected, with_no_entry, with_outage
from .operation import (
    CheckingContent,
    CheckingEnabled,
    CheckingFiles,
    CheckingPublished,
    CheckingSource,
    Creating,
    DeletedReason,
    Granting,
    ListingProcessors,
    Operation,
    PendingWrite,
    Purging,
    Reading,
    ReadingDeleted,
    ReadReason,
    Removing,
    Surveying,
    Verifying,
    Writing,
)
from .reachability import ReadDenied, is_final, is_of_unknown_name, put_off, why_undecided
from .requests import Read
from .state import IN_DOUBT, Step, WorkerState
from .timers import tick
from .transitions import WriteReason

ABANDONED_KEPT = 64  # many more than there are searches of one PPA at a time

COMMANDS: dict[type[Command], Callable[[WorkerState, Any, Now], Step]] = {
    Assign: assign.assign,
    Confirm: lease.confirm,
    Touch: lease.touch,
    Release: lease.release,
    GiveUp: lease.give_up,
    Supersede: lease.supersede,
    ReadNow: replies.read_now,
    CheckBurnt: assign.check_sources,
    Operate: operator.operate,
    Inspect: operator.inspect,
    ClaimPpa: assign.assign,
    Unclaim: claim.unclaim,
    Commit: group.commit,
    RollForward: group.roll_forward,
    ReadLead: group.read_lead,
    TellLead: group.read_lead,
    EndGroup: group.end,
    ListProcessors: assign.list_processors,
}

AFTER_READ: dict[type[Command], Callable[[WorkerState, Any, Now], Step]] = {
    Confirm: lease.on_confirm_read,
    Touch: lease.on_touch_read,
    ReadNow: replies.tell_record,
    ReadLead: group.on_read,
    TellLead: group.on_read_to_tell,
}
"""What is decided on the read that these commands asked for; any other command is decided as if it had just come."""


def step(known: WorkerState, event: Event, now: Now) -> Step:
    """What is known after the event, and what is to be done.  Never raises for anything that Launchpad answers."""
    before = known
    known, effects = _step(with_dates_corrected(known, now), event, now)
    if (ahead := lies_ahead(known.text.record, now)) != known.ahead:
        known = replace(known, ahead=ahead)
    return known, [*_progress(before, known), *_news_of_reach(before, known, now), *effects]


def _progress(before: WorkerState, known: WorkerState) -> list[Effect]:
    if known.clean is None or known.cleaning_step == before.cleaning_step:
        return []
    return [Progress(cleaning)] if (cleaning := known.cleaning) is not None else []


def _news_of_reach(before: WorkerState, known: WorkerState, now: Now) -> list[Effect]:
    news: list[Effect] = []
    if (known.reach, known.forbidden) == (before.reach, before.forbidden):
        return news
    if is_final(known.reach) and not is_final(before.reach) and before.record is not None:
        news.append(rollback.gone_transition(before.record, now))
    if known.barred is not None and before.barred is None:
        news.append(Alarm(f"{known.ppa}: {known.barred}"))
    return news


def _step(known: WorkerState, event: Event, now: Now) -> Step:
    match event:
        case Answered():
            return _on_answer(known, event.value, now)
        case Command():
            return _on_command(known, event, now)
        case Looked() | LookFailed():
            return _on_look(known, event, now)
        case Tick():
            return tick(known, now)
        case Duplicate():
            return _on_duplicate(known, event)
        case Abandoned():
            return replace(known, abandoned=(*known.abandoned[1 - ABANDONED_KEPT :], event.token)), []
        case CheckLead() | LeadRead():
            return group.on_event(known, event, now)
        case Reconfigured():
            return replace(known, pool=event.pool, options=event.options), []


def _on_command(known: WorkerState, command: Command, now: Now) -> Step:
    if isinstance(command, Touch):
        known = lease.count_touch(known, command, now)
    if known.pending is not None:  # nothing is decided while an outcome is unknown
        return replace(known, waiting=(*known.waiting, command)), []
    if now.boot >= command.deadline:
        return replies.deny(known, command, Refusal.OUTAGE, DEADLINE_EXCEEDED)
    if _is_in_question(known, command):
        return replies.read_first(known, command)
    return COMMANDS[type(command)](known, command, now)


def _is_in_question(known: WorkerState, command: Command) -> bool:
    """Whether the record on Launchpad may differ from the known one: then nothing is written before it is read and
    compared †.
    """
    hidden = known.entry is None or not known.shown
    return hidden or (known.suspect > 0 and not isinstance(command, Taking))  # that is denied without a read


def _on_look(known: WorkerState, look: Looked | LookFailed, now: Now) -> Step:
    """A look older than what is known is ignored.  The round is done all the same if what is known rests on a request
    that left after the look began; else, and where the PPA was not listed (absence proves nothing), it is read by
    itself †.
    """
    if isinstance(look, LookFailed):
        return with_outage(known, look.reason), [RoundDone(look.round, look.reason)]
    if known.pending is not None:  # a lasting denial holds up nobody whom it does not concern
        lasting = known.silent is None and isinstance(known.reach, ReadDenied) and known.reach.streak.lasting
        return known, [RoundDone(look.round, None if lasting else IN_DOUBT)]
    if look.started <= known.basis and look.started < known.asof:
        return known, [RoundDone(look.round, why_undecided(known.reach, known.silent))]
    if look.entry is None or look.started < known.asof:
        return replace(known, operation=Reading(ReadReason.LOOK, round=look.round)), [Read()]
    known, effects = rollback.on_entry(known, look.entry, look.entry.moment.started, now)
    if look.hidden is not None:
        known = replace(known, disabled=look.hidden)
    known, more = purge.check_disabled(known)
    return known, [*effects, *more, RoundDone(look.round)]


def _on_duplicate(known: WorkerState, event: Duplicate) -> Step:
    if event.found == known.duplicate:
        return known, []
    alarm = Alarm(f"{known.ppa}: another PPA is lent under the same request and attempt")
    return replace(known, duplicate=event.found), [alarm] if event.found else []


# -- answers -------------------------------------------------------------------------------------------------------


def _on_answer(known: WorkerState, answer: Any, now: Now) -> Step:
    operation = known.operation
    if operation is None:
        raise AssertionError("an answer without an operation")
    return ANSWERS[type(operation)](replace(known, operation=None), operation, answer, now)


def _on_write(known: WorkerState, _: Writing, answer: Any, now: Now) -> Step:
    return _on_verdict(*write.on_write(known, answer, now), now)


def _on_survey(known: WorkerState, operation: Surveying, answer: Any, now: Now) -> Step:
    if operation.command is not None:
        return operator.on_inspection(known, operation.command, answer)
    return provision.on_survey(known, answer, now)


def _on_read(known: WorkerState, operation: Reading, answer: Any, now: Now) -> Step:
    match operation:
        case Reading(why=ReadReason.SETTLE):
            return _on_verdict(*write.on_settling_read(known, answer, now), now)
        case Reading(why=ReadReason.LOOK, round=int(round_)):
            return _on_look_alone(known, answer, round_, now)
        case Reading(why=ReadReason.AGAIN):
            return _on_read_again(known, answer, now)
        case Reading(command=Command() as command):
            return _on_read_for_command(known, command, answer, now)
    return clean.on_fence_read(known, answer, now)


def _on_look_alone(known: WorkerState, answer: Any, round_: int, now: Now) -> Step:
    match answer:
        case Entry():
            known, effects = rollback.on_entry(known, answer, answer.moment.started, now)
            return known, [*effects, RoundDone(round_)]
        case Gone() | AccessDenied():
            known = with_no_entry(known, answer)
            return known, [RoundDone(round_, why_undecided(known.reach, None))]
    return with_outage(known, answer.reason), [RoundDone(round_, answer.reason)]


def _on_read_again(known: WorkerState, answer: Any, now: Now) -> Step:
    """Another read of a PPA that is gone or denied, which tells whether that lasts.  One that was renamed when it was
    deleted is gone for good.
    """
    match answer:
        case Entry():
            return rollback.on_entry(known, answer, answer.moment.started, now)
        case Gone() | AccessDenied():
            known = _put_off(with_no_entry(known, answer), now)
            renamed = is_of_unknown_name(known.reach) and known.highest is not None
            return rollback.read_deleted(known, DeletedReason.GIVE_UP) if renamed else (known, [])
    return _put_off(with_outage(known, answer.reason), now), []


def _put_off(known: WorkerState, now: Now) -> WorkerState:
    return replace(known, reach=put_off(known.reach, now.boot + ABSENCE_AGAIN_S))


def _on_deleted(known: WorkerState, operation: ReadingDeleted, answer: Any, now: Now) -> Step:
    """The deleted PPAs of this name were read, or could not be."""
    match operation.before:
        case DeletedReason.GIVE_UP:
            return rollback.on_deleted_for_give_up(known, answer), []
        case DeletedReason.CREATE:
            return provision.on_deleted(known, answer, now)
        case DeletedReason.TAKE_IN:
            return provision.on_past(known, answer, now)
        case DeletedReason.PROOF:
            return discard.on_past(known, answer, now)
        case DeletedReason.SETTLE if isinstance(answer, Unavailable) or not rollback.was_replaced(known, answer):
            return write.on_deleted(known, answer, now)
        case DeletedReason.SETTLE:
            return _on_verdict(*write.on_replaced(known), now)
    known, effects = rollback.on_deleted(known, operation.command, answer, now)
    command = operation.command
    if command is None or known.pending is not None:
        return known, effects
    if isinstance(answer, Unavailable):
        known, more = replies.reply_unseen(known, command, now, answer.reason)
    else:
        known, more = _decide_on_read(known, command, now)
    return known, [*effects, *more]


def _on_read_for_command(known: WorkerState, command: Command, answer: Any, now: Now) -> Step:
    match answer:
        case Gone() | AccessDenied():
            return replies.reply_unseen(with_no_entry(known, answer), command, now)
        case Unavailable():
            return replies.deny(with_outage(known, answer.reason), command, Refusal.OUTAGE, answer.reason)
    known, effects = rollback.on_entry(known, answer, answer.moment.started, now)
    if isinstance(known.operation, ReadingDeleted):  # it may have to be written back first
        return replace(known, operation=replace(known.operation, command=command)), effects
    known, more = _decide_on_read(known, command, now)
    return known, [*effects, *more]


def _decide_on_read(known: WorkerState, command: Command, now: Now) -> Step:
    if known.suspect > 0:
        return replies.reply_unseen(known, command, now)
    return AFTER_READ.get(type(command), COMMANDS[type(command)])(known, command, now)


# -- after a write -------------------------------------------------------------------------------------------------


def _on_verdict(known: WorkerState, effects: list[Effect], verdict: write.Verdict, now: Now) -> Step:
    match verdict:
        case write.Applied(pending=pending, intended=True):
            known, more = _on_applied(known, pending, now)
            return known, [*effects, *more]
        case write.Applied(pending=pending):
            return clean.after_write(known), [*write.decide_again(pending), *effects]
        case write.NotApplied(pending=pending, entry=entry):
            known, more = rollback.on_entry(known, entry, entry.moment.started, now)
            return known, [*write.decide_again(pending), *effects, *more]
    return known, effects


def _on_applied(known: WorkerState, pending: PendingWrite, now: Now) -> Step:
    known, command = clean.after_write(known), pending.command
    match pending.reason, command:
        case WriteReason.ASSIGN, Assign():
            return assign.grant_or_tell(known, command, fresh=True)
        case WriteReason.RAISE, Confirm():
            return assign.grant_or_tell(known, command, fresh=False)
        case WriteReason.TOUCH, Touch() if known.record is not None:
            return replies.tell(known, command, LeaseShown(known.record))
        case ((WriteReason.COMMIT | WriteReason.ROLL_FORWARD), _):
            return group.on_written(known, pending)
        case WriteReason.FOUND, (Assign() | ClaimPpa()):
            return replies.deny(known, command, Refusal.LOST, "it was not empty")
        case WriteReason.DELETE, None:
            return discard.on_deleter_written(known, pending, now)
        case ((WriteReason.RESTORE | WriteReason.ROLLED_BACK), Command()):
            return known, write.decide_again(pending)
        case _, Command():
            return replies.tell_record(known, command, now)
    return known, []


ANSWERS: dict[type[Operation], Callable[[WorkerState, Any, Any, Now], Step]] = {
    Writing: _on_write,
    Reading: _on_read,
    Surveying: _on_survey,
    CheckingContent: assign.on_new_content,
    CheckingSource: assign.on_past,
    CheckingPublished: lease.on_published,
    CheckingFiles: assign.on_files,
    ListingProcessors: assign.on_processors,
    Granting: assign.on_grant,
    Purging: purge.on_change,
    Verifying: verify.on_look,
    Creating: provision.on_create,
    ReadingDeleted: _on_deleted,
    CheckingEnabled: purge.on_enabled,
    Removing: discard.on_removed,
}
"""What is made of an answer, by the operation that it belongs to."""
