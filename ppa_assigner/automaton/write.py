"""How a record is written: compare-and-swap only, and what becomes of a write whose answer was lost.

Invariant: while an outcome is unknown nothing else is decided about the PPA.  A read that still shows the text we
wrote over never settles it (the request may still land); one of our nonces, another record, or a conditional write
of our own does (docs/explanation/protocol.md#settling).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from ..backoff import FORBIDDEN, OWN_WORK, REQUEST_ENDS_S, SETTLING, UNMANAGED_S
from ..port import (
    AccessDenied,
    Conflict,
    Content,
    Deleted,
    Entry,
    Gone,
    Lane,
    ReadAnswer,
    Refused,
    Unavailable,
    Unknown,
    WriteAnswer,
)
from ..record import INTEGER_MAX, Record, RecordError, State, compose, parse
from ..reference import Reference
from ..views import snapshot_in
from .events import (
    DEADLINE_EXCEEDED,
    Alarm,
    Command,
    Confirm,
    Denied,
    Effect,
    Refusal,
    Reply,
    Requeue,
    Taking,
    Transition,
)
from .group_commands import ClaimPpa, RollForward
from .now import Now, as_written
from .observe import draw_nonce, jitter, with_absence, with_denial, with_entry, with_nothing_there, with_outage
from .operation import Candidate, DeletedReason, PendingWrite, Reading, ReadingDeleted, ReadReason, Surveying, Writing
from .reachability import is_final
from .requests import Read, ReadDeleted, Survey, Write
from .state import FORBIDDEN_BECAUSE, Step, WorkerState
from .transitions import LEGAL, WriteReason


@dataclass(frozen=True, slots=True)
class Applied:
    """A candidate stands: the intended record, or (not `intended`) the base again, written only to settle."""

    pending: PendingWrite
    intended: bool


@dataclass(frozen=True, slots=True)
class NotApplied:
    """Another record stands, as this entry shows: the write was not applied and cannot be any more."""

    pending: PendingWrite
    entry: Entry


Verdict = Applied | NotApplied | None
Settled = tuple[WorkerState, list[Effect], Verdict]
_INTENDED_AGAIN = (WriteReason.RESTORE, WriteReason.ROLLED_BACK)


def begin(known: WorkerState, reason: WriteReason, now: Now, command: Command | None = None, **changes: Any) -> Step:
    """Write the known record with these changes.  Serial and nonce are set here, and nowhere else."""
    before = known.record
    if before is None or known.entry is None:
        raise AssertionError(f"{reason} without a record to start from")
    record = replace(before, **changes)
    if before.state is record.state is State.USED and reason not in _INTENDED_AGAIN:
        record = as_written(record, now)
    return write_record(known, reason, record, now, command)


def write_record(
    known: WorkerState, reason: WriteReason, record: Record, now: Now, command: Command | None = None
) -> Step:
    """Write this record over what is known.  Raises AssertionError for a change that LEGAL does not allow."""
    entry = _legal(known, reason, record)
    known, nonce = draw_nonce(known)
    record = replace(record, serial=next_serial(known, now), nonce=nonce)
    try:
        text = compose(known.text.human, record)
    except RecordError as error:
        return on_unwritable(known, command, error, now)
    pending = PendingWrite(reason, entry, record, (Candidate(nonce, True),), command, under_way=now.boot)
    return replace(known, pending=pending, operation=Writing()), [Write(entry, text, lane_of(known.ppa, command))]


def _legal(known: WorkerState, reason: WriteReason, record: Record) -> Entry:
    """The entry to write over, if the table allows this change of what is known."""
    before, entry = known.record, known.entry
    if ((before.state if before else None), record.state) not in LEGAL[reason] or entry is None:
        raise AssertionError(f"{reason} may not lead from {before} to {record}")
    return entry


def next_serial(known: WorkerState, now: Now) -> int:
    """One more than any serial seen.  A record that starts from nothing, or follows the highest serial that there can
    be, starts with Launchpad's clock.
    """
    seen = max(known.floor, *(record.serial for record in (known.record, known.highest) if record is not None), 0)
    return seen + 1 if 0 < seen < INTEGER_MAX else int(now.date.timestamp())


def on_write(known: WorkerState, answer: WriteAnswer, now: Now) -> Settled:
    """The answer to a write, each outcome by itself.  Without a verdict the write is not settled yet, or nothing was
    written.
    """
    pending = _pending_of(known)
    match answer:
        case Entry():
            return _on_applied(known, answer, pending.candidates[-1].intended, now)
        case Gone():
            return *_on_gone(with_absence(known, answer), now), None
        case Conflict():
            return *read_to_settle(replace(known, pending=replace(pending, unsettled=True, under_way=now.boot))), None
        case Unknown():
            return *_on_unknown(known, now), None
        case AccessDenied() | Refused() | Unavailable() if not pending.unsettled:
            return *_on_not_applied(known, answer, now), None
        case AccessDenied() | Refused() if pending.base.moment.started - pending.under_way > REQUEST_ENDS_S:
            return *_on_not_applied(known, answer, now), None
    return *_settle_later(known, now), None


def on_settling_read(known: WorkerState, answer: ReadAnswer, now: Now) -> Settled:
    """The answer to a read that is to settle a write."""
    pending = _pending_of(known)
    if isinstance(answer, Gone):
        return *_on_gone(with_nothing_there(known, answer), now), None
    if isinstance(answer, AccessDenied):
        return *_settle_later(with_denial(known, answer), now), None
    if isinstance(answer, Unavailable):
        return *_settle_later(with_outage(known, answer.reason), now), None
    record = parse(answer.description).record
    ours = next(
        (candidate for candidate in pending.candidates if record is not None and candidate.nonce == record.nonce), None
    )
    if ours is not None:
        return _on_applied(known, answer, ours.intended, now)
    if _still_stands(pending.base, answer) and not (record is None and known.vanished):
        return *_settle(known, answer), None
    known, drained = _with_waiting(_without_pending(known), [])
    return known, drained, NotApplied(pending, answer)


def _on_gone(known: WorkerState, now: Now) -> Step:
    """The PPA is not there.  A write that may still be under way binds nobody once the PPA is gone for good: until then
    it may come back, and the write be applied.
    """
    pending = _pending_of(known)
    if pending.unsettled and not is_final(known.reach):
        return _settle_later(known, now)
    if isinstance(pending.command, Taking):
        return _with_waiting(
            _without_pending(known), _replies(pending.command, Denied(Refusal.LOST, known.fault or ""))
        )
    return _with_waiting(_without_pending(known), [Requeue(pending.command)] if pending.command is not None else [])


def retry_due(known: WorkerState, now: Now) -> bool:
    """Whether an unsettled write is to be looked for again."""
    return known.pending is not None and known.pending.unsettled and now.boot >= known.pending.due


def read_to_settle(known: WorkerState) -> Step:
    """Read the PPA to settle a write whose outcome is unknown."""
    return replace(known, operation=Reading(ReadReason.SETTLE)), [Read(lane_of(known.ppa, _pending_of(known).command))]


def on_survey(known: WorkerState, answer: Content | Refused | Unavailable, now: Now) -> Step:
    """The base of an unsettled taking-in still stands: write it once more, but only if the PPA is still empty."""
    match answer:
        case Content(empty=True):
            return _once_more(known)
        case Content():
            known = replace(_without_pending(known), silent=None, occupied=True, not_before=now.boot + UNMANAGED_S)
            return _with_waiting(known, [])
    return _settle_later(with_outage(known, answer.reason), now)


def _pending_of(known: WorkerState) -> PendingWrite:
    if known.pending is None:
        raise AssertionError("no write is under way")
    return known.pending


def lane_of(ppa: Reference, command: Command | None) -> Lane:
    """Which connections the writes of a command use."""
    match command:
        case RollForward():
            return Lane.MEMBERS
        case ClaimPpa(lead=lead) if lead != ppa:
            return Lane.MEMBERS
        case Taking() | Confirm():
            return Lane.ASSIGN
    return Lane.WORK


def on_unwritable(known: WorkerState, command: Command | None, error: RecordError, now: Now) -> Step:
    """A record that Launchpad cannot store: the API should have refused what is in it."""
    if command is not None:
        return known, _replies(command, Denied(Refusal.INVALID, str(error)))
    return back_off(known, now), [Alarm(f"{known.ppa}: its record cannot be written: {error}")]


def _still_stands(base: Entry, entry: Entry) -> bool:
    """Whether the record that was written over still stands; people's text beside it may have changed."""
    before, record = parse(base.description).record, parse(entry.description).record
    if before is None or record is None:
        return base.description == entry.description
    return before.nonce == record.nonce


def _on_unknown(known: WorkerState, now: Now) -> Step:
    """The outcome is unknown: the request stays bound to this PPA, its caller is told so, and the outcome follows once
    it is settled.
    """
    pending = _pending_of(known)
    first = not pending.unsettled
    known = replace(known, pending=replace(pending, unsettled=True, under_way=now.boot))
    if not first:
        return _settle_later(known, now)
    known, effects = read_to_settle(known)
    return known, [*_replies(pending.command, Denied(Refusal.IN_DOUBT)), *effects]


def _settle_later(known: WorkerState, now: Now) -> Step:
    """Look for the outcome again after a pause."""
    pending = _pending_of(known)
    pause = SETTLING.pause(pending.reads, jitter(known))
    pending = replace(pending, reads=pending.reads + 1, due=now.boot + pause)
    effects = _replies(pending.command, Denied(Refusal.IN_DOUBT)) if pending.reads == 1 else []
    return replace(known, pending=pending), effects


def _settle(known: WorkerState, entry: Entry) -> Step:
    """The base still stands: only a conditional write of our own makes the one under way fail.

    An assign or a free record rests on a look that has grown old meanwhile, so the base is written again, unchanged.
    Where there is no base to repeat, or somebody brought it back, the intended record is written.
    """
    pending, base = _pending_of(known), parse(entry.description)
    known = replace(known, entry=entry)
    if pending.reason is WriteReason.TAKE_IN:
        return replace(known, operation=Surveying(ReadReason.TAKE_IN)), [Survey(entry, whole=False)]
    if pending.reason in _INTENDED_AGAIN:
        return replace(known, operation=ReadingDeleted(DeletedReason.SETTLE)), [ReadDeleted()]
    if base.record is None:
        return _once_more(known)
    record = replace(base.record, serial=min(base.record.serial + 1, INTEGER_MAX))
    return _conditional(known, WriteReason.SETTLE, record)


def on_deleted(known: WorkerState, answer: Deleted | Unavailable, now: Now) -> Step:
    """The deleted PPAs of this name do not include the one that is known: write once more what was lost."""
    if isinstance(answer, Unavailable):
        return _settle_later(with_outage(known, answer.reason), now)
    return _once_more(known)


def on_replaced(known: WorkerState) -> Settled:
    """Another PPA has the name: what was to be written back can never be applied to it."""
    pending, entry = _pending_of(known), known.entry
    if entry is None:
        raise AssertionError("nothing was read")
    known, drained = _with_waiting(_without_pending(replace(known, vanished=True)), [])
    return known, drained, NotApplied(pending, entry)


def _once_more(known: WorkerState) -> Step:
    """The intended record, over what the last read showed."""
    pending = _pending_of(known)
    return _conditional(known, pending.reason, pending.record)


def _conditional(known: WorkerState, reason: WriteReason, record: Record) -> Step:
    """One more request of the pending write, over what the last read showed."""
    pending, entry = _pending_of(known), _legal(known, reason, record)
    known, nonce = draw_nonce(known)
    candidate = Candidate(nonce, intended=reason is not WriteReason.SETTLE)
    pending = replace(pending, base=entry, candidates=(*pending.candidates, candidate))
    text = compose(parse(entry.description).human, replace(record, nonce=nonce))
    lane = lane_of(known.ppa, pending.command)
    return replace(known, pending=pending, operation=Writing()), [Write(entry, text, lane)]


def _on_applied(known: WorkerState, entry: Entry, intended: bool, now: Now) -> Settled:
    """A candidate stands: settle the write, and let waiting commands come in again."""
    pending, before = _pending_of(known), known.record
    known = with_entry(_without_pending(known), entry, entry.moment.ended)
    known = replace(known, suspect=0, forbidden=None, refusals=0, not_before=float("-inf"))
    # what was sent only to settle has the state and lease that stood, so there is no transition to report of it
    effects = transitions_of(before, known, pending.reason.value, now, first=False)
    known, effects = _with_waiting(known, effects)
    return known, effects, Applied(pending, intended)


def _on_not_applied(known: WorkerState, answer: AccessDenied | Refused | Unavailable, now: Now) -> Step:
    """Not applied, and no earlier request of this write can be applied any more."""
    pending, known = _pending_of(known), _without_pending(known)
    if not isinstance(answer, Unavailable):
        known = _with_refusal(known, answer, now)
        return _with_waiting(known, _replies(pending.command, Denied(_refused(pending.command), answer.reason)))
    return _with_waiting(back_off(known, now), _replies(pending.command, Denied(Refusal.OUTAGE, answer.reason)))


def _with_refusal(known: WorkerState, answer: AccessDenied | Refused, now: Now) -> WorkerState:
    """The state after Launchpad refused a write: left alone, at first for a moment, since the refusal may be of the
    account and pass.
    """
    pause = FORBIDDEN.pause(known.refusals, jitter(known))
    forbidden = FORBIDDEN_BECAUSE.format(reason=answer.reason, owner=known.ppa.owner)
    return replace(known, forbidden=forbidden, refusals=known.refusals + 1, not_before=now.boot + pause)


def back_off(known: WorkerState, now: Now) -> WorkerState:
    """The state in which the PPA's own work waits, longer with each failure of Launchpad in a row."""
    pause = OWN_WORK.pause(known.failures, jitter(known))
    return replace(known, failures=known.failures + 1, not_before=now.boot + pause)


def _refused(command: Command | None) -> Refusal:
    return Refusal.LOST if isinstance(command, Taking) else Refusal.OUTAGE


def decide_again(pending: PendingWrite) -> list[Effect]:
    """The effects of a write that was not applied: the supervisor gives a lost assign another PPA; any other command is
    decided again on the record that stands.
    """
    if pending.command is None:
        return []
    if isinstance(pending.command, Taking):
        return [Reply(pending.command.token, Denied(Refusal.LOST, "another write came first"))]
    return [Requeue(pending.command)]


def drop_waiting(known: WorkerState, now: Now) -> Step:
    """Answer the waiting commands whose deadline is over."""
    late = [command for command in known.waiting if now.boot >= command.deadline]
    known = replace(known, waiting=tuple(command for command in known.waiting if command not in late))
    return known, [Reply(command.token, Denied(Refusal.OUTAGE, DEADLINE_EXCEEDED)) for command in late]


def _without_pending(known: WorkerState) -> WorkerState:
    return replace(known, pending=None)


def _with_waiting(known: WorkerState, effects: list[Effect]) -> Step:
    """The outcome is known: the commands that waited for it come in again."""
    return replace(known, waiting=()), [*effects, *(Requeue(command) for command in known.waiting)]


def _replies(command: Command | None, outcome: Denied) -> list[Effect]:
    return [Reply(command.token, outcome)] if command is not None else []


def transitions_of(before: Record | None, known: WorkerState, why: str, now: Now, *, first: bool) -> list[Effect]:
    """The transition to report, if state or lease changed.  `first`: this PPA was not seen before."""
    record = known.record
    if record is None or (before and (before.state, before.lease) == (record.state, record.lease)):
        return []
    left = snapshot_in(known.snapshots, known.ppa, record) if known.snapshots is not None else None
    if before is None:
        return [Transition(None, record, why, now.date, first=first, left=left)]
    lasted = (record.since - before.since).total_seconds()
    return [Transition(before.state, record, why, now.date, max(0.0, lasted), before.tries, left=left)]
