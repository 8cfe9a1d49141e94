"""PPAs without a record: one that Launchpad lacks is created where the pool says so, one that is empty is taken in.

Invariant: a PPA has our record from its first moment on, as dirty, so that a kill at any instant leaves a PPA that is
proved clean like any other.  Launchpad creates no second one of a name, so asking again does no harm.  A PPA without a
record is somebody's until all of it was seen to be empty.
"""

from __future__ import annotations

from dataclasses import replace

from ..backoff import FORBIDDEN, UNMANAGED_S
from ..port import AccessDenied, Content, Deleted, Entry, Gone, ReadAnswer, Refused, Unavailable, Unknown
from ..record import Record, RecordError, State, compose, parse
from . import clean, rollback, write
from .events import Alarm, Command
from .now import Now
from .observe import draw_nonce, with_denial, with_entry, with_nothing_there, with_outage
from .operation import Creating, DeletedReason
from .reachability import is_of_unknown_name
from .requests import Create, Read
from .rollback import on_entry
from .state import Step, WorkerState
from .transitions import WriteReason
from .write import back_off, next_serial, on_unwritable, transitions_of, write_record

NEVER_AGAIN = "it is not created again: {why}"
NOT_TAKEN_IN = "it is not taken in: {why}"
SurveyAnswer = Content | Refused | Unavailable
CreateAnswer = Entry | Refused | Unknown | Unavailable


def creation_due(known: WorkerState) -> bool:
    """Whether the PPA is to be created: its pool says so, and it was never seen or is gone for good."""
    return known.highest is None and (known.options.create or known.make) and is_of_unknown_name(known.reach)


def read_deleted_first(known: WorkerState) -> Step:
    """Read the deleted PPAs of this name before it is created."""
    return rollback.read_deleted(known, DeletedReason.CREATE)


def on_deleted(known: WorkerState, answer: Deleted | Unavailable, now: Now) -> Step:
    """The deleted PPAs of this name are known: create it, unless one of them was discarded, or may have been."""
    if isinstance(answer, Unavailable):
        return back_off(known, now), []
    why = rollback.why_never_again(known, answer)
    return create(known, now) if why is None else _not_now(known, NEVER_AGAIN.format(why=why), now)


def create(known: WorkerState, now: Now) -> Step:
    """Create the PPA, with a higher serial than any record that a PPA of this name may have had."""
    known, nonce = draw_nonce(known)
    record = Record(
        serial=max(next_serial(known, now), int(now.date.timestamp())), nonce=nonce, state=State.DIRTY, since=now.date,
        touched=now.date, pool=known.pool, cleaner=known.daemon.cleaner, made=True,
    )  # fmt: skip
    try:
        text = compose(None, record)
    except RecordError as error:
        return on_unwritable(known, None, error, now)
    displayname = known.options.baseline.displayname or known.ppa.name
    return replace(known, operation=Creating(nonce), make=False), [Create(known.ppa, displayname, text)]


def on_create(known: WorkerState, operation: Creating, answer: CreateAnswer | ReadAnswer, now: Now) -> Step:
    """The answer to the creation, or to the read that follows where that was refused or its outcome is unknown."""
    match answer:
        case Entry():
            return _on_created(known, operation, answer, now)
        case Refused() | Unknown():
            return replace(known, operation=replace(operation, outcome=answer)), [Read()]
        case Unavailable():
            return back_off(with_outage(known, answer.reason), now), []
        case AccessDenied():
            return back_off(with_denial(known, answer), now), []
        case Gone():
            return _on_not_created(with_nothing_there(known, answer), operation.outcome, now)


def _on_created(known: WorkerState, operation: Creating, entry: Entry, now: Now) -> Step:
    record = parse(entry.description).record
    if record is None or record.nonce != operation.nonce:  # it was there already, or another daemon was first
        return on_entry(known, entry, entry.moment.started, now)
    known = clean.after_write(with_entry(known, entry, entry.moment.ended))
    return known, transitions_of(None, known, WriteReason.CREATE.value, now, first=False)


def _on_not_created(known: WorkerState, outcome: Refused | Unknown | None, now: Now) -> Step:
    if not isinstance(outcome, Refused):
        return back_off(known, now), []
    return _not_now(known, f"it cannot be created: {outcome.reason}", now)


def _not_now(known: WorkerState, reason: str, now: Now) -> Step:
    alarms = [Alarm(f"{known.ppa}: {reason}")] if reason != known.uncreated else []
    return replace(known, make=False, uncreated=reason, not_before=now.boot + FORBIDDEN.cap), [*alarms]


def take_in(known: WorkerState, reason: WriteReason, now: Now, command: Command | None = None) -> Step:
    """Write the first record of a PPA: dirty without an owner, and proved clean like any other."""
    record = Record(
        serial=0, nonce="", state=State.DIRTY, since=now.date, touched=now.date, pool=known.pool,
        cleaner=known.daemon.cleaner,
    )  # fmt: skip
    return write_record(known, reason, record, now, command)


def on_past(known: WorkerState, answer: Deleted | Unavailable, now: Now) -> Step:
    """The deleted PPAs of the name of an empty PPA are known: take it in, unless the name may not be used again †."""
    if isinstance(answer, Unavailable):
        return back_off(known, now), []
    if (why := rollback.why_never_again(known, answer)) is not None:
        return replace(known, untaken=NOT_TAKEN_IN.format(why=why), not_before=now.boot + UNMANAGED_S), []
    return take_in(replace(known, untaken=None), WriteReason.TAKE_IN, now)


def on_survey(known: WorkerState, answer: SurveyAnswer, now: Now) -> Step:
    """The content of a PPA without a record: take it in if it is empty; else leave it alone until an operator adopts
    it.
    """
    if known.pending is not None:
        return write.on_survey(known, answer, now)
    match answer:
        case Content(empty=True):
            return rollback.read_deleted(replace(known, occupied=False), DeletedReason.TAKE_IN)
        case Content():
            return replace(known, occupied=True, not_before=now.boot + UNMANAGED_S), []
    return write.back_off(known, now), []
